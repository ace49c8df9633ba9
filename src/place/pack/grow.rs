//! Packs a new fleet, or places who waits in one that is there. Pure.

use super::Budget;
use super::Cause;
use super::Item;
use super::NONE;
use super::Pool;
use super::consolidate;
use super::fill;
use super::pools;
use super::repair;
use super::revision;
use super::revision::Revision;
use super::shed;
use super::shed::Movable;
use super::state::State;
use super::state::index;

/// Evaluations that an item may cost when all its pools are searched.
const ACROSS: u64 = 300_000;

/// Packs all items into new stamps of the pools, as few as it finds. Items that fit nowhere, and
/// those with no pool, are on no stamp.
pub fn anew<'a, const D: usize>(items: &'a [Item<D>], pools: &'a [Pool<D>]) -> State<'a, D> {
    let mut state = State::new(items, pools, &[]);
    let plan = pools::plan(&state);
    let mut wanted: Vec<Vec<u32>> = vec![Vec::new(); pools.len()];
    for (&pool, item) in plan.of.iter().zip(0..) {
        if pool != NONE {
            wanted[pool as usize].push(item);
        }
    }
    let mut left = Vec::new();
    for (items, pool) in wanted.into_iter().zip(0..) {
        left.extend(fill::into_pool(
            &mut state,
            pool,
            plan.stamps[pool as usize],
            items,
        ));
        state.settle();
    }
    let mut stuck: Vec<Vec<u32>> = vec![Vec::new(); pools.len()];
    for item in left {
        let bins: Vec<u32> = state.reach(item).collect();
        if !repair::insert(&mut state, item, &bins, ACROSS) {
            stuck[plan.of[item as usize] as usize].push(item);
        }
    }
    for (items, pool) in stuck.into_iter().zip(0..) {
        let bins = state.of_pool[pool as usize].clone();
        fill::one_by_one(&mut state, pool, bins, items);
    }
    state.settle();
    state
}

/// Places who waits in a fleet whose stamps have these pools, moves whom it must, and then
/// empties stamps within the budget.
pub fn revise<'a, const D: usize>(
    items: &'a [Item<D>],
    pools: &'a [Pool<D>],
    bins: &[u32],
    budget: &Budget<D>,
) -> Revision<'a, D> {
    let mut revision = at_home(items, pools, bins);
    overloads(&mut revision);
    let first_new = index(bins.len());
    let left = place_waiting(&mut revision.state);
    open_for(&mut revision.state, &left);
    revision.state.settle();
    let spent = consolidate::empty_opened(&mut revision, budget, first_new);
    consolidate::within(&mut revision, budget, first_new, spent);
    consolidate::send_home(&mut revision);
    revision
}

/// Everyone at home who may stay there.
fn at_home<'a, const D: usize>(
    items: &'a [Item<D>],
    pools: &'a [Pool<D>],
    bins: &[u32],
) -> Revision<'a, D> {
    let mut state = State::new(items, pools, bins);
    let mut causes = vec![None; items.len()];
    let mut forced = 0;
    for (item, at) in items.iter().zip(0..) {
        if item.home == NONE {
            causes[at as usize] = Some(Cause::Arrival);
        } else if item.mask >> bins[item.home as usize] & 1 == 1 {
            state.put(at, item.home);
        } else {
            causes[at as usize] = Some(Cause::Residency);
            forced += 1;
        }
    }
    state.settle();
    Revision {
        state,
        causes,
        forced,
        exact: true,
        retired: Vec::new(),
    }
}

/// Stamps above what a stamp may carry that takes nobody shed the fewest that help.
fn overloads<const D: usize>(revision: &mut Revision<D>) {
    let state = &mut revision.state;
    for bin in 0..index(state.bins.len()) {
        let deny = state.pool(bin).deny;
        let there = &state.bins[bin as usize];
        let excess: [u64; D] = std::array::from_fn(|k| there.load[k].saturating_sub(deny[k]));
        if excess == [0; D] {
            continue;
        }
        let mut members: Vec<u32> = there.members.clone();
        members.retain(|&item| !state.items[item as usize].pinned);
        members.sort_unstable();
        let movable: Vec<Movable<D>> = members
            .iter()
            .map(|&item| Movable {
                tenant: item as usize,
                demand: state.items[item as usize].demand,
                copy: state.items[item as usize].copy,
            })
            .collect();
        let Some(shed) = shed::fewest(&movable, excess) else {
            continue;
        };
        revision.forced += index(shed.at_least);
        revision.exact &= shed.at_least == shed.tenants.len();
        for tenant in shed.tenants {
            state.put(index(tenant), NONE);
            revision.causes[tenant] = Some(Cause::Overload);
        }
    }
}

/// Puts everyone who waits on the stamp that they fill best, the largest first. Gives who fits
/// nowhere.
fn place_waiting<const D: usize>(state: &mut State<D>) -> Vec<u32> {
    let mut waiting: Vec<u32> = (0..index(state.of.len()))
        .filter(|&item| state.of[item as usize] == NONE)
        .collect();
    if !state.pools.is_empty() {
        fill::by_size(state, 0, &mut waiting);
    }
    waiting.retain(|&item| match revision::best_fit(state, item) {
        Some(bin) => {
            state.put(item, bin);
            false
        }
        None => true,
    });
    waiting
}

/// Opens stamps for who is left, packed as a fleet of their own.
fn open_for<const D: usize>(state: &mut State<D>, left: &[u32]) {
    if left.is_empty() {
        return;
    }
    let alone: Vec<Item<D>> = left
        .iter()
        .map(|&item| Item {
            home: NONE,
            ..state.items[item as usize]
        })
        .collect();
    let mut pools = state.pools.to_vec();
    for (pool, bins) in pools.iter_mut().zip(&state.of_pool) {
        pool.most = pool.most.saturating_sub(index(bins.len()));
    }
    let packed = anew(&alone, &pools);
    let opened: Vec<u32> = packed.bins.iter().map(|bin| state.open(bin.pool)).collect();
    for (&bin, &item) in packed.of.iter().zip(left) {
        if let Some(&bin) = opened.get(bin as usize) {
            state.put(item, bin);
        }
    }
}
