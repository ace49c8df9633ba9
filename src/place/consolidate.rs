//! Voluntary moves that empty a stamp, within a budget (P5 of placement). Off unless policy
//! gives them one. Pure.
//!
//! Only stamps that a pool made are emptied: what the manifest declares, it keeps. A stamp is
//! emptied whole or not at all, and only where the region opens nothing in the same plan and
//! nobody waits for a place. Stamps are filled to the budget's own limit, below the one at which
//! they stop taking tenants, so that the next arrival does not open again what was just retired.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::StampKind;
use crate::model::policy::Consolidate;
use crate::model::stamp::DesiredStamp;

use super::board::Board;
use super::exact::Fine;
use super::placement::StampOrigin;
use super::placement::Why;
use super::resident::Fate;
use super::site::Ask;
use super::site::Entry;
use super::site::Life;
use super::site::Site;
use super::sticky;

/// Stamps of a region that are tried in one plan.
const TRIED: usize = 16;

/// Empties stamps as far as the budget and the plan's limits go.
pub(super) fn within_budget(board: &mut Board) {
    let Some(budget) = board.fleet.policy.placement.consolidate else {
        return;
    };
    let mut left = Left::of(board, budget);
    let restless = restless(board);
    let mut living: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (tenant, resident) in board.residents.iter().enumerate() {
        if let (Some(home), Fate::Stays) = (resident.home, &resident.fate) {
            living.entry(home).or_default().push(tenant);
        }
    }
    for region in (0..board.regions.len()).filter(|region| !restless.contains(region)) {
        for home in candidates(board, region, &living) {
            if left.stamps == 0 {
                return;
            }
            let tenants = living.get(&home).map_or(&[][..], Vec::as_slice);
            // A stamp that an earlier one was emptied onto is full of guests now.
            let guests = board.sites[home].tenants as usize != tenants.len();
            if guests || tenants.len() > left.moves || !is_spare(board, home) {
                continue;
            }
            if let Some(moves) = emptied(board, home, tenants, budget) {
                left.moves -= moves.len();
                left.stamps -= 1;
                let stamp = board.sites[home].stamp.id.clone();
                for (tenant, site) in moves {
                    board.put(tenant, site, 4, Why::Consolidated(stamp.clone()));
                }
                board.sites[home].stamp.desired = DesiredStamp::Retired;
            }
        }
    }
}

/// What the budget still allows.
struct Left {
    moves: usize,
    stamps: usize,
}

impl Left {
    /// The budget, and never more than the limits over which the plan would be refused.
    fn of(board: &Board, budget: Consolidate) -> Self {
        let limits = &board.fleet.policy.limits;
        let moved = |fate: &Fate| matches!(fate, Fate::Placed(_, _, Why::Left(_)));
        let forced = board.residents.iter().filter(|r| moved(&r.fate)).count();
        let most = limits.moves(board.fleet.tenants.len()) as usize;
        let retired = |site: &&Site| site.exists() && !site.remains();
        let stamps = board.sites.iter().filter(retired).count();
        Self {
            moves: most.saturating_sub(forced).min(budget.max_moves as usize),
            stamps: (limits.stamps_retired as usize).saturating_sub(stamps),
        }
    }
}

/// Regions that open a stamp or have someone waiting.
fn restless(board: &Board) -> BTreeSet<usize> {
    let opened = board
        .sites
        .iter()
        .filter(|site| matches!(site.origin, StampOrigin::Opened { .. }))
        .map(|site| site.region);
    let waiting = board
        .residents
        .iter()
        .filter(|resident| matches!(resident.fate, Fate::Refused(..)))
        .map(|resident| resident.region);
    opened.chain(waiting).collect()
}

/// Stamps that could be emptied, those with the fewest tenants first, then the least utilised,
/// then by id.
fn candidates(board: &Board, region: usize, living: &BTreeMap<usize, Vec<usize>>) -> Vec<usize> {
    let settled = |tenant: &usize| {
        let resident = &board.residents[*tenant];
        !resident.in_flight && sticky::pin(board, *tenant).is_none()
    };
    let mut candidates: Vec<(u32, u64, usize)> = board
        .sites
        .iter()
        .enumerate()
        .filter(|(index, site)| {
            let tenants = living.get(index).map_or(&[][..], Vec::as_slice);
            site.region == region
                && site.kind == StampKind::Shared
                && matches!(site.origin, StampOrigin::Pool(_))
                && site.life == Life::Active
                && site.stamp.desired == DesiredStamp::Active
                && !site.young
                && site.unknown().is_none()
                // Nobody comes, nobody else is there, and nobody leaves for another reason.
                && site.tenants as usize == tenants.len()
                && site.left == 0
                && tenants.iter().all(settled)
        })
        .map(|(index, site)| (site.tenants, site.load.fullest(&site.capacity).1, index))
        .collect();
    candidates.sort_unstable();
    candidates.truncate(TRIED);
    candidates.into_iter().map(|(.., index)| index).collect()
}

/// Whether the region keeps its minimum without the stamp.
fn is_spare(board: &Board, home: usize) -> bool {
    let region = board.sites[home].region;
    let name = &board.regions[region];
    let owed = board
        .fleet
        .pools
        .values()
        .filter(|pool| pool.shape.kind == StampKind::Shared && pool.shape.region == *name)
        .map(|pool| pool.min);
    let minimum = owed
        .max()
        .unwrap_or(0)
        .max(board.fleet.policy.capacity.min_active_stamps);
    let serving = board.sites.iter().filter(|site| {
        site.region == region
            && site.kind == StampKind::Shared
            && site.life == Life::Active
            && site.stamp.desired == DesiredStamp::Active
    });
    serving.count() > minimum as usize
}

/// Where each of the stamp's tenants would go; `None` where one of them has nowhere to go.
/// The largest is placed first, on the fullest stamp that can take it.
fn emptied(
    board: &Board,
    home: usize,
    tenants: &[usize],
    budget: Consolidate,
) -> Option<Vec<(usize, usize)>> {
    let policy = &board.fleet.policy;
    let percent = budget.fill.0.min(policy.placement.bands.provision.0);
    let mut open: Vec<(usize, Site)> = board
        .sites
        .iter()
        .enumerate()
        .filter(|(index, site)| {
            *index != home
                && site.region == board.sites[home].region
                && site.life == Life::Active
                && site.refuses_entry(Entry::Shared, policy).is_none()
                && site.load.is_below(Fine::ceiling(&site.capacity, percent))
        })
        .map(|(index, site)| (index, site.clone()))
        .collect();
    if open.is_empty() {
        return None;
    }
    let mut order = tenants.to_vec();
    let capacity = board.sites[home].capacity;
    order.sort_by_key(|&tenant| {
        let size = board.residents[tenant].fine().fullest(&capacity).1;
        (std::cmp::Reverse(size), tenant)
    });
    let mut moves = Vec::with_capacity(order.len());
    for tenant in order {
        let ask: Ask = board.ask(tenant, Entry::Shared);
        let fits = |site: &Site| {
            let limit = Fine::ceiling(&site.capacity, percent);
            site.refuses(&ask, policy).is_none() && site.load.plus(ask.demand).is_below(limit)
        };
        let best = open
            .iter_mut()
            .filter(|(_, site)| fits(site))
            .max_by_key(|(index, site)| {
                let projected = site.load.plus(ask.demand).fullest(&site.capacity).1;
                (projected, std::cmp::Reverse(*index))
            })?;
        best.1.admit(ask.demand, ask.group);
        moves.push((tenant, best.0));
    }
    Some(moves)
}
