//! What any plan would need at least: stamps for each region and kind, moves for each cause.
//! Pure.

use std::collections::BTreeMap;

use crate::model::Dimension;
use crate::model::Load;
use crate::model::StampKind;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;

use super::board::Board;
use super::exact::Fine;
use super::placement::Bounds;
use super::placement::LeaveReason;
use super::placement::MoveBound;
use super::placement::StampBound;
use super::placement::Why;
use super::resident::Fate;
use super::site::Site;
use super::sticky::Overload;

/// The causes in the order in which they are told.
const CAUSES: [&str; 8] = [
    "retired",
    "missing",
    "region",
    "dedicated",
    "pinned",
    "overload",
    "group",
    "consolidation",
];

/// The bounds of the finished placement.
pub(super) fn of(board: &Board, overloads: &[Overload]) -> Bounds {
    Bounds {
        stamps: stamps(board),
        moves: moves(board, overloads),
    }
}

/// What a region's stamps of one kind carry.
#[derive(Default)]
struct Sum {
    stamps: u32,
    tenants: u64,
    load: [u128; Dimension::ALL.len()],
    largest: Load,
    frozen: bool,
    groups: BTreeMap<u32, u64>,
}

/// Fewest stamps: the demand of those who live there over what the largest stamp may carry.
///
/// A stamp that takes nobody may stay above the band at which it stops taking tenants, up to
/// the one that makes it shed (H4). Where there is such a stamp, that limit is the honest one.
fn stamps(board: &Board) -> Vec<StampBound> {
    let bands = &board.fleet.policy.placement.bands;
    let mut sums: BTreeMap<(usize, StampKind), Sum> = BTreeMap::new();
    let serves =
        |site: &Site| site.stamp.desired == DesiredStamp::Active && site.stamp.role == Role::Pool;
    for site in &board.sites {
        if serves(site) && site.region < board.regions.len() {
            let sum = sums.entry((site.region, site.kind)).or_default();
            sum.stamps += 1;
            sum.largest = sum.largest.max(&site.capacity);
            let limit = Fine::ceiling(&site.capacity, bands.provision.0);
            sum.frozen |= site.load.has_reached(limit).is_some();
        }
    }
    for resident in &board.residents {
        let site = match resident.fate {
            Fate::Placed(site, ..) => Some(site),
            Fate::Undecided if resident.meant.is_some() => None,
            _ => resident.home,
        };
        let Some(site) = site.map(|site| &board.sites[site]).filter(|s| serves(s)) else {
            continue;
        };
        if let Some(sum) = sums.get_mut(&(site.region, site.kind)) {
            sum.tenants += 1;
            for (total, amount) in sum.load.iter_mut().zip(resident.fine().0) {
                *total += u128::from(amount);
            }
            if let Some(group) = resident.group {
                *sum.groups.entry(group).or_default() += 1;
            }
        }
    }
    sums.into_iter()
        .map(|((region, kind), sum)| {
            let (at_least, binding) = fewest(board, kind, &sum);
            StampBound {
                region: board.regions[region].clone(),
                kind,
                stamps: sum.stamps,
                at_least,
                binding,
            }
        })
        .collect()
}

/// The fewest stamps for the sum, and the dimension that asks for them.
fn fewest(board: &Board, kind: StampKind, sum: &Sum) -> (u32, Option<Dimension>) {
    let placement = &board.fleet.policy.placement;
    let whole = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    if kind == StampKind::Dedicated {
        return (whole(u128::from(sum.tenants)), None);
    }
    let percent = if sum.frozen {
        placement.bands.deny.0
    } else {
        placement.bands.provision.0
    };
    let most = u128::from(placement.max_tenants_per_shared.max(1));
    let group = sum.groups.values().max().copied().unwrap_or(0);
    let by_count = u128::from(sum.tenants).div_ceil(most);
    let mut fewest = (whole(by_count.max(u128::from(group))), None);
    let ceiling = Fine::ceiling(&sum.largest, percent);
    for ((total, ceiling), dimension) in sum.load.iter().zip(ceiling.0).zip(Dimension::ALL) {
        let usable = u128::from(ceiling.saturating_sub(1).max(1));
        let needed = whole(total.div_ceil(usable));
        if needed > fewest.0 {
            fewest = (needed, Some(dimension));
        }
    }
    fewest
}

/// Moves by cause. Each cause but overload names its tenants one by one, so the bound is what
/// was moved for it. Tenants that must leave and find no place are no moves: they are refused.
fn moves(board: &Board, overloads: &[Overload]) -> Vec<MoveBound> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for resident in &board.residents {
        if let Fate::Placed(site, _, why) = &resident.fate
            && let Some(cause) = cause(why)
            && resident
                .was()
                .is_some_and(|was| *was != board.sites[*site].stamp.id)
        {
            *counts.entry(cause).or_default() += 1;
        }
    }
    let (shed, proved) = overload(board, overloads);
    let bound = |cause: &str| {
        let moves = counts.get(cause).copied()?;
        let (at_least, exact) = match cause {
            "overload" => (shed, proved),
            "consolidation" => (0, true),
            _ => (moves, true),
        };
        Some(MoveBound {
            cause: cause.to_owned(),
            moves,
            at_least,
            exact,
        })
    };
    CAUSES.into_iter().filter_map(bound).collect()
}

/// The fewest moves that the overloaded stamps need, less those that found no place, and
/// whether it is proved that no fewer would do.
fn overload(board: &Board, overloads: &[Overload]) -> (u32, bool) {
    let mut fewest = 0;
    let mut proved = true;
    for overload in overloads {
        let moved = |&&tenant: &&usize| matches!(board.residents[tenant].fate, Fate::Placed(..));
        let stuck = overload.tenants.len() - overload.tenants.iter().filter(moved).count();
        fewest += overload.at_least.saturating_sub(stuck);
        proved &= overload.at_least == overload.tenants.len();
    }
    (u32::try_from(fewest).unwrap_or(u32::MAX), proved)
}

fn cause(why: &Why) -> Option<&'static str> {
    match why {
        Why::Left(reason) => Some(match reason {
            LeaveReason::StampRetired => "retired",
            LeaveReason::StampMissing => "missing",
            LeaveReason::Region => "region",
            LeaveReason::Dedicated(_) => "dedicated",
            LeaveReason::Pinned => "pinned",
            LeaveReason::Overload(_) => "overload",
            LeaveReason::AntiAffinity(_) => "group",
        }),
        Why::Consolidated(_) => Some("consolidation"),
        Why::Stays | Why::Pinned | Why::Dedicated(_) | Why::BestFit | Why::OpenedStamp => None,
    }
}
