//! The best stamp for a tenant (rows 4 and 5 of DT-1). Pure.
//!
//! The order is X-2's: the lowest projected utilisation of the fullest dimension, then the
//! fewest tenants, then the id. Stamps that serve come before stamps that are yet to be built.
//! The stamps of a region are kept in order of their present utilisation, which the projected
//! one never undercuts; so the search ends as soon as no later stamp can win. It also ends after
//! [`WINDOW`] stamps that could take the tenant, which bounds the work in regions of thousands
//! of equally full stamps.

use std::collections::BTreeSet;

use super::board::Board;
use super::exact::Fine;
use super::site::Entry;
use super::site::Life;

/// Stamps that could take a tenant and are compared.
const WINDOW: usize = 64;

/// Demands that nothing could take, remembered for each region.
const REMEMBERED: usize = 8;

/// The stamps that shared tenants may come to, in order.
pub(super) struct Chooser {
    regions: Vec<Region>,
}

/// One region: stamps as (basis points, tenants, index).
#[derive(Clone, Default)]
struct Region {
    serving: BTreeSet<(u64, u32, usize)>,
    coming: BTreeSet<(u64, u32, usize)>,
    too_much: Vec<Fine>,
}

impl Chooser {
    /// All stamps of the board that shared tenants may come to at all.
    pub(super) fn new(board: &Board) -> Self {
        let mut chooser = Self {
            regions: vec![Region::default(); board.regions.len()],
        };
        for site in 0..board.sites.len() {
            chooser.add(board, site);
        }
        chooser
    }

    /// A stamp joins.
    pub(super) fn add(&mut self, board: &Board, index: usize) {
        let site = &board.sites[index];
        let policy = &board.fleet.policy;
        let Some(region) = self.regions.get_mut(site.region) else {
            return;
        };
        let closed = site.refuses_entry(Entry::Shared, policy).is_some();
        if closed || site.tenants >= policy.placement.max_tenants_per_shared {
            return;
        }
        let key = (site.load.fullest(&site.capacity).1, site.tenants, index);
        region.too_much.clear();
        region.of(site.life).insert(key);
    }

    /// The tenant takes its place there; the order follows.
    pub(super) fn put(
        &mut self,
        board: &mut Board,
        tenant: usize,
        index: usize,
        row: u8,
        why: super::placement::Why,
    ) {
        let site = &board.sites[index];
        let (region, life) = (site.region, site.life);
        let key = (site.load.fullest(&site.capacity).1, site.tenants, index);
        board.put(tenant, index, row, why);
        let Some(region) = self.regions.get_mut(region) else {
            return;
        };
        let stamps = region.of(life);
        let site = &board.sites[index];
        let most = board.fleet.policy.placement.max_tenants_per_shared;
        if stamps.remove(&key) && site.tenants < most {
            let key = (site.load.fullest(&site.capacity).1, site.tenants, index);
            stamps.insert(key);
        }
    }

    /// The best stamp and the row that it comes from.
    pub(super) fn best(&mut self, board: &Board, tenant: usize) -> Option<(usize, u8)> {
        let resident = &board.residents[tenant];
        let demand = resident.fine();
        let region = self.regions.get_mut(resident.region)?;
        if region.too_much.iter().any(|known| demand.covers(*known)) {
            return None;
        }
        let found = search(board, &region.serving, tenant)
            .map(|site| (site, 4))
            .or_else(|| search(board, &region.coming, tenant).map(|site| (site, 5)));
        // Loads only grow: what was too much once is too much for good. A group's tenant may
        // have been kept out by its group alone.
        if found.is_none() && resident.group.is_none() && region.too_much.len() < REMEMBERED {
            region.too_much.push(demand);
        }
        found
    }
}

impl Region {
    fn of(&mut self, life: Life) -> &mut BTreeSet<(u64, u32, usize)> {
        if life == Life::Active {
            &mut self.serving
        } else {
            &mut self.coming
        }
    }
}

fn search(board: &Board, stamps: &BTreeSet<(u64, u32, usize)>, tenant: usize) -> Option<usize> {
    let policy = &board.fleet.policy;
    let ask = board.ask(tenant, Entry::Shared);
    let mut best: Option<(u64, u32, usize)> = None;
    let mut compared = 0;
    for &(points, tenants, index) in stamps {
        if best.is_some_and(|(projected, ..)| points > projected) || compared == WINDOW {
            break;
        }
        let site = &board.sites[index];
        if site.refuses_now(&ask, policy).is_some() {
            continue;
        }
        compared += 1;
        let projected = site.load.plus(ask.demand).fullest(&site.capacity).1;
        let candidate = (projected, tenants, index);
        if best.is_none_or(|best| candidate < best) {
            best = Some(candidate);
        }
    }
    best.map(|(_, _, index)| index)
}
