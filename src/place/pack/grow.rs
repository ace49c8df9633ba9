//! Packs a new fleet, or places who waits in one that is there. Pure.

use super::Item;
use super::NONE;
use super::Pool;
use super::fill;
use super::pools;
use super::repair;
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
        left.extend(fill::into_pool(&mut state, pool, plan.stamps[pool as usize], items));
        state.settle();
    }
    let mut of_pool: Vec<Vec<u32>> = vec![Vec::new(); pools.len()];
    for (bin, at) in state.bins.iter().zip(0..) {
        of_pool[bin.pool as usize].push(at);
    }
    let mut stuck: Vec<Vec<u32>> = vec![Vec::new(); pools.len()];
    for item in left {
        let mask = items[item as usize].mask;
        let bins: Vec<u32> = (0..pools.len())
            .filter(|pool| mask >> pool & 1 == 1)
            .flat_map(|pool| of_pool[pool].iter().copied())
            .collect();
        if !repair::insert(&mut state, item, &bins, ACROSS) {
            stuck[plan.of[item as usize] as usize].push(item);
        }
    }
    for (items, pool) in stuck.into_iter().zip(0..) {
        let bins = std::mem::take(&mut of_pool[pool as usize]);
        fill::one_by_one(&mut state, pool, bins, items);
    }
    state.settle();
    let _ = index;
    state
}
