//! Who stays and who must leave (row 1 of DT-1). A valid placement is never touched. Pure.

use std::collections::BTreeSet;

use crate::model::StampId;
use crate::model::StampKind;
use crate::model::policy::Band;
use crate::model::tenant::Wish;

use super::board::Board;
use super::exact::Fine;
use super::pack;
use super::pack::Movable;
use super::placement::LeaveReason;
use super::resident::Fate;
use super::site::Life;
use super::site::Site;
use super::universe;

/// Storage among the dimensions: what a move copies.
const STORAGE: usize = 2;

/// What one overloaded stamp sheds.
pub(super) struct Overload {
    /// Who is asked to leave.
    pub(super) tenants: Vec<usize>,
    /// The fewest that any choice needs.
    pub(super) at_least: usize,
}

/// Decides for every tenant of the manifest whether it stays or needs a place.
pub(super) fn sort_out(board: &mut Board) -> Vec<Overload> {
    let mut groups: BTreeSet<(usize, u32)> = BTreeSet::new();
    let glances: Vec<Glance> = board.sites.iter().map(Glance::of).collect();
    for tenant in 0..board.residents.len() {
        let resident = &board.residents[tenant];
        if !resident.is_served() {
            // Its service ends; nobody else's does.
            if let (Some(home), Some(_)) = (resident.home, resident.meant) {
                let demand = resident.fine();
                board.sites[home].release(demand);
            }
            continue;
        }
        if is_hidden(board, tenant) {
            let home = board.residents[tenant].was();
            let reason = home.map(|_| LeaveReason::StampMissing);
            board.residents[tenant].fate = Fate::Refused(reason, Vec::new());
            continue;
        }
        let reason = leaves(board, tenant, &glances);
        let resident = &mut board.residents[tenant];
        resident.fate = if resident.was().is_none() {
            Fate::Pending(None)
        } else if reason.is_some() {
            Fate::Pending(reason)
        } else if let (Some(home), Some(group)) = (resident.home, resident.group)
            && !groups.insert((home, group))
            && !resident.in_flight
        {
            // Of those who may not share the stamp, the first by id stays.
            let named = resident.meant.and_then(|t| t.anti_affinity.clone());
            Fate::Pending(Some(LeaveReason::AntiAffinity(named.unwrap_or_default())))
        } else {
            Fate::Stays
        };
    }
    overloads(board)
}

/// Whether it was not seen where the tenant lives, or whether its stamp is there.
fn is_hidden(board: &Board, tenant: usize) -> bool {
    let resident = &board.residents[tenant];
    let hidden = |collection, id| universe::is_hidden(board.fleet, board.inventory, collection, id);
    match resident.was() {
        None => hidden("tenants", resident.id.as_str()),
        Some(stamp) => {
            let seen = resident.home.is_some() || board.inventory.stamps.contains_key(stamp);
            !seen && hidden("stamps", stamp.as_str())
        }
    }
}

/// What every tenant asks of its home, close together: a million of them come in no order that
/// the stamps have.
struct Glance {
    remains: bool,
    ends: bool,
    region: usize,
    kind: StampKind,
}

impl Glance {
    fn of(site: &Site) -> Self {
        Self {
            remains: site.remains(),
            ends: site.life == Life::Ending,
            region: site.region,
            kind: site.kind,
        }
    }
}

/// The first lasting reason why the tenant must leave its home.
fn leaves(board: &Board, tenant: usize, glances: &[Glance]) -> Option<LeaveReason> {
    let resident = &board.residents[tenant];
    resident.was()?;
    let Some(home) = resident.home else {
        return Some(LeaveReason::StampMissing);
    };
    if resident.in_flight {
        // Its last move has not settled; another one waits for that.
        return None;
    }
    let site = &glances[home];
    if !site.remains {
        return Some(LeaveReason::StampRetired);
    }
    if site.ends {
        return Some(LeaveReason::StampMissing);
    }
    if site.region != resident.region {
        return Some(LeaveReason::Region);
    }
    if pin(board, tenant).is_some_and(|stamp| *stamp != board.sites[home].stamp.id) {
        return Some(LeaveReason::Pinned);
    }
    let rule = resident
        .class
        .filter(|_| site.kind != StampKind::Dedicated)?;
    Some(LeaveReason::Dedicated(rule))
}

/// The stamp that the manifest names for the tenant.
pub(super) fn pin<'b>(board: &'b Board, tenant: usize) -> Option<&'b StampId> {
    match board.residents[tenant].meant.map(|meant| &meant.placement) {
        Some(Wish::Stamp(stamp)) => Some(stamp),
        Some(Wish::Auto) | None => None,
    }
}

/// Shared stamps in the deny band shed the fewest tenants that bring them below it. What leaves
/// for another reason, or leaves service, is counted first.
fn overloads(board: &mut Board) -> Vec<Overload> {
    let deny = board.fleet.policy.placement.bands.deny.0;
    let over: Vec<bool> = board
        .sites
        .iter()
        .map(|site| {
            let shared = site.kind == StampKind::Shared && site.exists() && site.remains();
            shared && site.band(&board.fleet.policy) == Band::Deny
        })
        .collect();
    if !over.contains(&true) {
        return Vec::new();
    }
    let mut leaving = vec![Fine::default(); board.sites.len()];
    let mut movable: Vec<Vec<Movable<4>>> = vec![Vec::new(); board.sites.len()];
    for (tenant, resident) in board.residents.iter().enumerate() {
        let Some(home) = resident.home.filter(|&home| over[home]) else {
            continue;
        };
        let demand = resident.fine();
        match resident.fate {
            Fate::Stays if !resident.in_flight && pin(board, tenant).is_none() => {
                movable[home].push(Movable {
                    tenant,
                    demand: demand.0,
                    copy: demand.0[STORAGE],
                });
            }
            Fate::Pending(_) => leaving[home] = leaving[home].plus(demand),
            Fate::Undecided if resident.meant.is_some() => {
                leaving[home] = leaving[home].plus(demand);
            }
            _ => {}
        }
    }
    let mut overloads = Vec::new();
    for home in (0..board.sites.len()).filter(|&home| over[home]) {
        let site = &board.sites[home];
        let rest = site.seen().minus(leaving[home]);
        let limit = Fine::ceiling(&site.capacity, deny);
        let Some(dimension) = rest.has_reached(limit) else {
            continue;
        };
        // Strictly below the limit: one part more than the difference.
        let excess = Fine(std::array::from_fn(|k| match rest.0[k] {
            0 => 0,
            used => used.saturating_add(1).saturating_sub(limit.0[k]),
        }));
        let Some(shed) = pack::fewest_to_shed(&movable[home], excess.0) else {
            continue;
        };
        for &tenant in &shed.tenants {
            board.residents[tenant].fate = Fate::Pending(Some(LeaveReason::Overload(dimension)));
        }
        overloads.push(Overload {
            tenants: shed.tenants,
            at_least: shed.at_least,
        });
    }
    overloads
}
