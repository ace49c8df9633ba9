//! Generated tenants as the packing core takes them, and a judge that adds everything up again.

use super::generator;
use super::generator::REGIONS;
use super::generator::RESOURCES;
use super::generator::TENANTS;
use super::generator::Tenant;
use super::pack::Batch;
use super::pack::Item;
use super::pack::NONE;
use super::pack::Pool;
use super::pack::bound::Nest;
use super::pack::bound::Sums;
use super::pack::order::Move;
use super::pack::state::State;

/// The resources and the number of tenants.
pub(crate) const D: usize = RESOURCES + 1;

/// GiB that one unit of a stamp's cost over the payback time is worth copying.
const PAYS: u64 = 60;

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

/// Hard rules that some prefix of the moves breaks, replayed on sums of its own.
pub(crate) fn prefix_violations(goal: &State<D>, order: &[Move]) -> usize {
    let mut of: Vec<u32> = goal.items.iter().map(|item| item.home).collect();
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); goal.bins.len()];
    let mut loads = vec![[0_u64; D]; goal.bins.len()];
    for (item, &home) in of.iter().enumerate().filter(|(_, home)| **home != NONE) {
        members[home as usize].push(item as u32);
        (0..D).for_each(|k| loads[home as usize][k] += goal.items[item].demand[k]);
    }
    let mut broken = 0;
    for step in order {
        let item = &goal.items[step.item as usize];
        broken += usize::from(of[step.item as usize] != step.from);
        if let Some(there) = members.get_mut(step.from as usize) {
            there.retain(|&other| other != step.item);
            (0..D).for_each(|k| loads[step.from as usize][k] -= item.demand[k]);
        }
        let to = step.to as usize;
        let group = |other: &&u32| goal.items[**other as usize].group == item.group;
        broken += usize::from(item.group != NONE && members[to].iter().any(|o| group(&o)));
        broken += usize::from(item.mask >> goal.bins[to].pool & 1 == 0);
        members[to].push(step.item);
        (0..D).for_each(|k| loads[to][k] += item.demand[k]);
        of[step.item as usize] = step.to;
        let guests = members[to]
            .iter()
            .any(|&other| goal.items[other as usize].home != step.to);
        let pool = &goal.pools[goal.bins[to].pool as usize];
        let limits = if guests { &pool.admit } else { &pool.deny };
        broken += (0..D).filter(|&k| loads[to][k] > limits[k]).count();
    }
    broken
        + of.iter()
            .zip(&goal.of)
            .filter(|(is, meant)| is != meant)
            .count()
}

/// Whether the item could live on the stamp when the plan is done, from sums of its own.
pub(crate) fn could_live(state: &State<D>, item: u32, bin: u32) -> bool {
    let one = &state.items[item as usize];
    let there = &state.bins[bin as usize];
    if one.mask >> there.pool & 1 == 0 || !there.open {
        return false;
    }
    if state.of[item as usize] == bin {
        return true;
    }
    let live = |at: &usize| state.of[*at] == bin;
    let mut members: Vec<usize> = (0..state.items.len()).filter(live).collect();
    members.push(item as usize);
    let guests = members.iter().any(|&at| state.items[at].home != bin);
    let pool = &state.pools[there.pool as usize];
    let limits = if guests { &pool.admit } else { &pool.deny };
    let fits = |k: usize| {
        members
            .iter()
            .map(|&at| state.items[at].demand[k])
            .sum::<u64>()
            <= limits[k]
    };
    let same = |at: &&usize| state.items[**at].group == one.group;
    let clash = one.group != NONE && members.iter().filter(same).count() > 1;
    (0..D).all(fits) && !clash
}

/// The packing of a batch, as a state that can be judged.
pub(crate) fn unpacked<'a>(
    items: &'a [Item<D>],
    pools: &'a [Pool<D>],
    batch: &Batch,
) -> State<'a, D> {
    let bins = vec![0; batch.stamps as usize];
    let mut state = State::new(items, pools, &bins);
    for (item, bin) in batch.of.iter().enumerate() {
        if let Some(bin) = bin {
            state.put(item as u32, *bin);
        }
    }
    state
}

/// Stamps that hold someone.
pub(crate) fn open(state: &State<D>) -> u32 {
    let holds = |bin: &&super::pack::state::Bin<D>| !bin.members.is_empty();
    state.bins.iter().filter(holds).count() as u32
}

/// Stamps that first fit decreasing needs when every item goes to the pool it has in `packed`.
pub(crate) fn first_fit_decreasing(packed: &State<D>) -> usize {
    let limits = packed.pools[0].admit;
    let size = |item: u32| {
        let demand = &packed.items[item as usize].demand;
        (0..D).map(|k| demand[k] * 1_000_000 / limits[k]).max()
    };
    let mut order: Vec<u32> = (0..packed.items.len() as u32).collect();
    order.sort_by_key(|&item| (std::cmp::Reverse(size(item)), item));
    let mut stamps: Vec<Vec<[u64; D]>> = vec![Vec::new(); packed.pools.len()];
    for item in order {
        let demand = packed.items[item as usize].demand;
        let pool = packed.bins[packed.of[item as usize] as usize].pool as usize;
        let fits = |load: &&mut [u64; D]| (0..D).all(|k| load[k] + demand[k] <= limits[k]);
        match stamps[pool].iter_mut().find(fits) {
            Some(load) => (0..D).for_each(|k| load[k] += demand[k]),
            None => stamps[pool].push(demand),
        }
    }
    stamps.iter().map(Vec::len).sum()
}
