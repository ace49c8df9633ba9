//! Generated tenants as the packing core takes them, and a judge that adds everything up again.

use super::generator;
use super::generator::REGIONS;
use super::generator::RESOURCES;
use super::generator::TENANTS;
use super::generator::Tenant;
use super::pack::Item;
use super::pack::NONE;
use super::pack::Pool;
use super::pack::bound::Nest;
use super::pack::bound::Sums;
use super::pack::state::State;

/// The resources and the number of tenants.
pub(crate) const D: usize = RESOURCES + 1;

/// GiB that one unit of a stamp's cost over the payback time is worth copying.
const PAYS: u64 = 100;

/// Regions of each geography.
const GEOGRAPHIES: [&[u64]; 3] = [&[0, 2, 4], &[1, 3, 6], &[5, 7]];

/// The tenants that share, without homes.
pub(crate) fn items(tenants: &[Tenant]) -> Vec<Item<D>> {
    let homes = vec![NONE; tenants.len()];
    living(tenants, &homes)
}

/// The tenants that share, with their homes.
pub(crate) fn living(tenants: &[Tenant], homes: &[u32]) -> Vec<Item<D>> {
    let alone = |at: usize| {
        let customer = tenants[at].customer;
        let same = |other: Option<&Tenant>| other.is_some_and(|o| o.customer == customer);
        !same(at.checked_sub(1).and_then(|at| tenants.get(at))) && !same(tenants.get(at + 1))
    };
    tenants
        .iter()
        .enumerate()
        .filter(|(_, tenant)| tenant.rule == 0)
        .map(|(at, tenant)| Item {
            demand: std::array::from_fn(|k| tenant.demand.get(k).copied().unwrap_or(1)),
            mask: u64::from(tenant.mask),
            group: if alone(at) { NONE } else { tenant.customer },
            home: homes[at],
            copy: tenant.demand[2],
            pinned: false,
        })
        .collect()
}

/// A pool without zones and one with, for each region.
pub(crate) fn pools() -> Vec<Pool<D>> {
    let of = |at: usize| pool(generator::COSTS[at % 2]);
    (0..2 * REGIONS).map(of).collect()
}

/// A single pool.
pub(crate) fn one_pool() -> Vec<Pool<D>> {
    vec![pool(generator::COSTS[0])]
}

fn pool(cost: u64) -> Pool<D> {
    let with_count = |limits: [u64; RESOURCES]| {
        std::array::from_fn(|k| limits.get(k).copied().unwrap_or(TENANTS))
    };
    let (admit, deny) = (generator::admission(), generator::deny());
    Pool::new(cost * PAYS, with_count(admit), with_count(deny), u32::MAX)
}

/// The most that stamps may carry which voluntary moves fill to `percent`, strictly below.
pub(crate) fn fill(pools: &[Pool<D>], percent: u64) -> Vec<[u64; D]> {
    let limit = |k: usize| match generator::CAPACITY.get(k) {
        Some(capacity) => (percent * capacity).div_ceil(100) - 1,
        None => TENANTS,
    };
    vec![std::array::from_fn(limit); pools.len()]
}

/// The lower bound over regions, geographies and everything, with zones and in all.
pub(crate) fn least(items: &[Item<D>], pools: &[Pool<D>]) -> u32 {
    Sums::new(items, pools).nested(&nest())
}

fn nest() -> Nest {
    let region = |r: &u64, bits: u64| Nest {
        mask: bits << (2 * r),
        ..Nest::default()
    };
    let both = |r: &u64| Nest {
        within: vec![region(r, 0b10)],
        ..region(r, 0b11)
    };
    let union = |parts: Vec<Nest>, within: Vec<Nest>| Nest {
        mask: parts.iter().fold(0, |mask, part| mask | part.mask),
        parts,
        within,
    };
    let zones = |regions: &[u64]| {
        let parts = regions.iter().map(|r| region(r, 0b10)).collect();
        union(parts, Vec::new())
    };
    let geography = |regions: &&[u64]| {
        let parts = regions.iter().map(both).collect();
        union(parts, vec![zones(regions)])
    };
    let all_zones = GEOGRAPHIES.iter().map(|regions| zones(regions)).collect();
    let all_zones = union(all_zones, Vec::new());
    union(GEOGRAPHIES.iter().map(geography).collect(), vec![all_zones])
}

/// Hard rules that the packing breaks, everything added up anew.
pub(crate) fn violations(state: &State<D>) -> usize {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); state.bins.len()];
    let mut broken = 0;
    for (item, &bin) in state.of.iter().enumerate() {
        match members.get_mut(bin as usize) {
            Some(there) => there.push(item),
            None => broken += 1,
        }
    }
    for (bin, there) in members.iter().enumerate() {
        let pool = state.bins[bin].pool;
        let guests = there
            .iter()
            .any(|&item| state.items[item].home as usize != bin);
        let pools = &state.pools[pool as usize];
        let limits = if guests { &pools.admit } else { &pools.deny };
        for k in 0..D {
            let sum: u64 = there.iter().map(|&item| state.items[item].demand[k]).sum();
            broken += usize::from(sum > limits[k]);
        }
        let astray = |&&item: &&usize| state.items[item].mask >> pool & 1 == 0;
        broken += there.iter().filter(astray).count();
        let mut groups: Vec<u32> = there.iter().map(|&item| state.items[item].group).collect();
        groups.retain(|&group| group != NONE);
        groups.sort_unstable();
        broken += groups.windows(2).filter(|pair| pair[0] == pair[1]).count();
    }
    broken
}
