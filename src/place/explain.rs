//! Why a stamp was passed over: for every tenant in numbers, for any pair on demand. Pure.
//!
//! Judged against the finished plan, the tenant itself left out. Each stamp is counted under the
//! first reason that rules it out; a stamp that could have taken the tenant and lost to a better
//! one is counted under none. So for a tenant that nothing takes, the counts add up to all
//! stamps.

use std::collections::BTreeMap;

use crate::model::Fleet;
use crate::model::StampId;
use crate::model::TenantId;
use crate::observe::Inventory;

use super::board::Board;
use super::home::Home;
use super::home::Placement;
use super::placement::Ineligible;
use super::placement::PassedOver;
use super::placement::PlacedStamp;
use super::site::Entry;
use super::site::Life;
use super::site::Site;
use super::sticky;

/// Stamps that are named for each reason.
const NAMED: usize = 3;

/// Stamps that are judged one by one, all placed tenants together. A larger plan says for them
/// only what whole regions have in common; [`why_not`] still answers for each pair.
const JUDGED: usize = 20_000_000;

/// How many stamps each reason ruled out, and the first of them.
type Counts = BTreeMap<Ineligible, (u32, Vec<usize>)>;

/// What all tenants of a region have in common, counted once.
pub(super) struct Funnel {
    regions: Vec<Common>,
    judged: usize,
}

/// One region, seen by a tenant of it.
#[derive(Clone, Default)]
struct Common {
    /// Stamps of other regions.
    elsewhere: (u32, Vec<usize>),
    /// Stamps of the region, by id.
    here: Vec<usize>,
    /// Stamps of the region that no shared tenant may come to.
    closed: Counts,
    /// The others, by id.
    open: Vec<usize>,
}

impl Funnel {
    /// Counts what is common.
    pub(super) fn new(board: &Board) -> Self {
        let mut regions = vec![Common::default(); board.regions.len()];
        let policy = &board.fleet.policy;
        // Opened stamps stand after the others.
        let mut by_id: Vec<usize> = (0..board.sites.len()).collect();
        by_id.sort_by_key(|&index| &board.sites[index].stamp.id);
        for &index in &by_id {
            let site = &board.sites[index];
            let Some(common) = regions.get_mut(site.region) else {
                continue;
            };
            common.here.push(index);
            match site.refuses_entry(Entry::Shared, policy) {
                Some(why) => count(&mut common.closed, why, index),
                None => common.open.push(index),
            }
        }
        for (region, common) in regions.iter_mut().enumerate() {
            let others = by_id
                .iter()
                .filter(|&&index| board.sites[index].region != region);
            let first = others.take(NAMED).copied().collect();
            let number = board.sites.len() - common.here.len();
            common.elsewhere = (u32::try_from(number).unwrap_or(u32::MAX), first);
        }
        Self { regions, judged: 0 }
    }

    /// The stamps that the tenant was not given, by reason.
    pub(super) fn passed_over(
        &mut self,
        board: &Board,
        tenant: usize,
        chosen: Option<usize>,
    ) -> Vec<PassedOver> {
        let resident = &board.residents[tenant];
        if let Some(stamp) = sticky::pin(board, tenant) {
            return match chosen {
                Some(_) => Vec::new(),
                None => vec![pinned(board, tenant, stamp)],
            };
        }
        let Some(common) = self.regions.get(resident.region) else {
            return Vec::new();
        };
        let mut counts = if resident.class.is_some() {
            own(board, tenant, common, chosen)
        } else {
            let mut counts = common.closed.clone();
            if chosen.is_none() || self.judged < JUDGED {
                self.judged += common.open.len();
                let ask = board.ask(tenant, Entry::Shared);
                for &index in common.open.iter().filter(|index| Some(**index) != chosen) {
                    let site = &board.sites[index];
                    if let Some(why) = site.refuses_now(&ask, &board.fleet.policy) {
                        count(&mut counts, why, index);
                    }
                }
            }
            counts
        };
        if common.elsewhere.0 > 0 {
            counts.insert(Ineligible::Region, common.elsewhere.clone());
        }
        told(board, counts)
    }
}

/// A tenant with a stamp of its own passes over everything but that stamp.
fn own(board: &Board, tenant: usize, common: &Common, chosen: Option<usize>) -> Counts {
    let mut counts = Counts::new();
    let policy = &board.fleet.policy;
    let resident = &board.residents[tenant];
    let name = board.regions.get(resident.region);
    let id = name.and_then(|name| super::naming::dedicated(resident.id, name));
    let own = id.and_then(|id| board.by_id.get(&id).copied());
    let others = common
        .here
        .iter()
        .filter(|index| Some(**index) != own && Some(**index) != chosen);
    let first: Vec<usize> = others.clone().take(NAMED).copied().collect();
    let named = usize::from(own.is_some_and(|own| board.sites[own].region == resident.region));
    let number = common.here.len() - named;
    if number > 0 {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        counts.insert(Ineligible::Kind, (number, first));
    }
    if let (Some(own), None) = (own, chosen) {
        let ask = board.ask(tenant, Entry::Own);
        if let Some(why) = board.sites[own].refuses(&ask, policy) {
            count(&mut counts, why, own);
        }
    }
    counts
}

/// Why the stamp that the manifest names is none for the tenant.
fn pinned(board: &Board, tenant: usize, stamp: &StampId) -> PassedOver {
    let dedicated = board.residents[tenant].class.is_some();
    let ask = board.ask(tenant, Entry::Pinned(dedicated));
    let site = board.by_id.get(stamp).map(|&index| &board.sites[index]);
    let why = site.map_or(Some(Ineligible::State), |site| {
        site.refuses(&ask, &board.fleet.policy)
    });
    PassedOver {
        why: why.unwrap_or(Ineligible::State),
        count: 1,
        first: vec![stamp.clone()],
    }
}

fn count(counts: &mut Counts, why: Ineligible, index: usize) {
    let (number, first) = counts.entry(why).or_default();
    *number += 1;
    if first.len() < NAMED {
        first.push(index);
    }
}

fn told(board: &Board, counts: Counts) -> Vec<PassedOver> {
    let name = |index: &usize| board.sites[*index].stamp.id.clone();
    counts
        .into_iter()
        .map(|(why, (count, first))| PassedOver {
            why,
            count,
            first: first.iter().map(name).collect(),
        })
        .collect()
}

/// Why `tenant` does not live on `stamp` when the plan is done: the first hard reason. `None`
/// where there is none: it lives there, or it could and another stamp is better or pinned; also
/// for a tenant or a stamp that the answer does not know.
pub fn why_not(
    fleet: &Fleet,
    inventory: &Inventory,
    placement: &Placement<'_>,
    tenant: &TenantId,
    stamp: &StampId,
) -> Option<Ineligible> {
    let placed = placement.stamps.get(stamp)?;
    let board = Board::new(fleet, inventory);
    let index = board
        .residents
        .binary_search_by(|resident| resident.id.cmp(tenant))
        .ok()?;
    let resident = &board.residents[index];
    let entry = match (sticky::pin(&board, index), resident.class) {
        (Some(pin), class) if pin == stamp => Entry::Pinned(class.is_some()),
        (_, Some(_)) => Entry::Own,
        (_, None) => Entry::Shared,
    };
    let home = placement.home(tenant).and_then(Home::stamp);
    if home == Some(stamp) {
        return None;
    }
    let name = board.regions.get(resident.region);
    let own = name.and_then(|name| super::naming::dedicated(resident.id, name));
    if entry == Entry::Own && own.as_ref() != Some(stamp) && placed.region() == name {
        return Some(Ineligible::Kind);
    }
    let site = finished(&board, placement, stamp, placed);
    site.refuses(&board.ask(index, entry), &fleet.policy)
}

/// The stamp with everyone who arrives, and with those who are about to leave.
fn finished(
    board: &Board,
    placement: &Placement<'_>,
    stamp: &StampId,
    placed: &PlacedStamp,
) -> Site {
    let home = board.by_id.get(stamp).copied();
    let region = placed
        .region()
        .and_then(|region| board.regions.binary_search(region).ok());
    let opened = || {
        let region = region.unwrap_or(super::site::NOWHERE);
        let (stamp, origin) = (placed.stamp.clone(), placed.origin.clone());
        Site::empty(stamp, origin, Life::Absent, region)
    };
    let mut site = home.map_or_else(opened, |home| board.sites[home].clone());
    site.stamp.desired = placed.stamp.desired;
    for resident in &board.residents {
        let arrives = placement.home(resident.id).and_then(Home::stamp) == Some(stamp);
        if arrives && (home.is_none() || resident.home != home) {
            site.admit(resident.fine(), resident.group);
        }
    }
    site
}
