//! The balanced fill: all stamps end nearly equally full in every dimension, so that none is
//! stranded. Pure.
//!
//! Items go from the largest to the smallest to the stamp where `Σ x_k · g(load_k)` is least,
//! `g(l) = l^7`: the slope of the potential `Σ l^8`. Small items come last and level the rest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Item;
use super::NONE;
use super::Pool;
use super::bound;
use super::fixed;
use super::repair;
use super::state::State;
use super::state::index;

/// Pairs of items and stamps up to which every stamp is looked at for every item.
const EXACT: usize = 1_500_000;

/// Stamps of a heap that are tried before an item counts as left over.
const PROBES: usize = 32;

/// Evaluations that one leftover item may cost.
const REPAIR: u64 = 400_000;

/// Who goes where when as few stamps as possible of one pool are opened for the items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Stamps opened.
    pub stamps: u32,
    /// The fewest that any choice would need.
    pub at_least: u32,
    /// The stamp of each item, from zero; `None`: it did not fit in the number allowed.
    pub of: Vec<Option<u32>>,
}

/// Packs the items into stamps of one new pool, at most [`Pool::most`] of them. The homes and
/// masks of the items do not count.
pub fn batch<const D: usize>(items: &[Item<D>], pool: &Pool<D>) -> Batch {
    let fresh: Vec<Item<D>> = items
        .iter()
        .map(|item| Item {
            mask: 1,
            home: NONE,
            ..*item
        })
        .collect();
    let pools = [pool.clone()];
    let at_least = bound::of_set(&fresh, &pools, 1).stamps;
    let mut state = State::new(&fresh, &pools, &[]);
    let wanted: Vec<u32> = (0..index(items.len())).collect();
    let left = into_pool(&mut state, 0, at_least, wanted);
    let bins = (0..index(state.bins.len())).collect();
    one_by_one(&mut state, 0, bins, left);
    Batch {
        stamps: index(state.bins.len()),
        at_least,
        of: state
            .of
            .iter()
            .map(|&bin| (bin != NONE).then_some(bin))
            .collect(),
    }
}

/// Opens `stamps` of the pool, fills them with the items and repairs. Gives who is left.
pub(super) fn into_pool<const D: usize>(
    state: &mut State<D>,
    pool: u32,
    stamps: u32,
    mut items: Vec<u32>,
) -> Vec<u32> {
    let most = state.pools[pool as usize].most;
    let bins: Vec<u32> = (0..stamps.min(most)).map(|_| state.open(pool)).collect();
    by_size(state, pool, &mut items);
    let mut left = balanced(state, pool, &bins, &items);
    left.retain(|&item| !repair::insert(state, item, &bins, REPAIR));
    left
}

/// Opens one stamp of the pool at a time until nobody is left, beside the stamps `bins` that it
/// has. Gives who is left when the pool may open no further one.
pub(super) fn one_by_one<const D: usize>(
    state: &mut State<D>,
    pool: u32,
    mut bins: Vec<u32>,
    mut left: Vec<u32>,
) -> Vec<u32> {
    let most = state.pools[pool as usize].most;
    while !left.is_empty() && index(bins.len()) < most {
        let bin = state.open(pool);
        bins.push(bin);
        left.retain(|&item| {
            let fits = state.takes(bin, item);
            if fits {
                state.put(item, bin);
            }
            !fits
        });
        if state.bins[bin as usize].members.is_empty() {
            // Nothing of what is left fits even an empty stamp.
            state.unopen();
            break;
        }
        left.retain(|&item| !repair::insert(state, item, &bins, REPAIR));
    }
    left
}

/// From the largest to the smallest, by the largest share; then by index.
pub(super) fn by_size<const D: usize>(state: &State<D>, pool: u32, items: &mut [u32]) {
    let scale = &state.pools[pool as usize].scale;
    items.sort_by_cached_key(|&item| {
        (
            Reverse(scale.size(&state.items[item as usize].demand)),
            item,
        )
    });
}

/// Fills the stamps with the items, which come from the largest to the smallest. Gives those
/// that fit nowhere.
pub(super) fn balanced<const D: usize>(
    state: &mut State<D>,
    pool: u32,
    bins: &[u32],
    items: &[u32],
) -> Vec<u32> {
    let mut slopes = Slopes::of(state, bins);
    if items.len().saturating_mul(bins.len()) <= EXACT {
        let mut left = Vec::new();
        for &item in items {
            match slopes.best(state, item) {
                Some(at) => slopes.put(state, at, item),
                None => left.push(item),
            }
        }
        return left;
    }
    heaped(state, pool, &mut slopes, items)
}

/// Items of one size and direction rank the stamps alike, so they share one heap.
fn heaped<const D: usize>(
    state: &mut State<D>,
    pool: u32,
    slopes: &mut Slopes<D>,
    items: &[u32],
) -> Vec<u32> {
    let scale = &state.pools[pool as usize].scale;
    let mut keyed: Vec<(Reverse<u32>, u32, u32, u32)> = items
        .iter()
        .zip(0..)
        .map(|(&item, rank)| {
            let shares = scale.shares(&state.items[item as usize].demand);
            let (size, direction) = likeness(&shares);
            (Reverse(size), direction, rank, item)
        })
        .collect();
    keyed.sort_unstable();
    let mut left = Vec::new();
    for alike in keyed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let shares = scale.shares(&state.items[alike[0].3 as usize].demand);
        let mut heap: BinaryHeap<Reverse<(u64, u32)>> = (0..index(slopes.bins.len()))
            .map(|at| Reverse((slopes.score(at as usize, &shares), at)))
            .collect();
        let mut aside = Vec::new();
        for &(.., item) in alike {
            let mut found = None;
            while aside.len() < PROBES {
                let Some(best) = heap.pop() else { break };
                if state.takes(slopes.bins[best.0.1 as usize], item) {
                    found = Some(best.0.1);
                    break;
                }
                aside.push(best);
            }
            heap.extend(aside.drain(..));
            match found {
                Some(at) => {
                    slopes.put(state, at as usize, item);
                    heap.push(Reverse((slopes.score(at as usize, &shares), at)));
                }
                None => left.push(item),
            }
        }
    }
    left
}

/// The half octave of the largest share, and for each dimension whether it is about as large,
/// middling or small.
fn likeness<const D: usize>(shares: &[u64; D]) -> (u32, u32) {
    let largest = shares.iter().copied().max().unwrap_or(0).max(1);
    let octave = largest.ilog2();
    let half = if octave > 0 {
        largest >> (octave - 1) & 1
    } else {
        0
    };
    let direction = shares
        .iter()
        .fold(0, |code, &share| code * 3 + (share * 3 / largest).min(2));
    let direction = u32::try_from(direction).unwrap_or(u32::MAX);
    (octave * 2 + u32::from(half == 1), direction)
}

/// What a bit more of each dimension costs on each stamp.
struct Slopes<const D: usize> {
    bins: Vec<u32>,
    slopes: Vec<[u64; D]>,
}

impl<const D: usize> Slopes<D> {
    fn of(state: &State<D>, bins: &[u32]) -> Self {
        Self {
            bins: bins.to_vec(),
            slopes: bins.iter().map(|&bin| slope(state, bin)).collect(),
        }
    }

    fn score(&self, at: usize, shares: &[u64; D]) -> u64 {
        let slope = &self.slopes[at];
        (0..D)
            .map(|k| shares[k] * slope[k])
            .fold(0, u64::saturating_add)
    }

    fn best(&self, state: &State<D>, item: u32) -> Option<usize> {
        let pool = state.pool(*self.bins.first()?);
        let shares = pool.scale.shares(&state.items[item as usize].demand);
        let mut best = None;
        let mut least = u64::MAX;
        for at in 0..self.bins.len() {
            let score = self.score(at, &shares);
            if (score < least || best.is_none()) && state.takes(self.bins[at], item) {
                best = Some(at);
                least = score;
            }
        }
        best
    }

    fn put(&mut self, state: &mut State<D>, at: usize, item: u32) {
        state.put(item, self.bins[at]);
        self.slopes[at] = slope(state, self.bins[at]);
    }
}

fn slope<const D: usize>(state: &State<D>, bin: u32) -> [u64; D] {
    let shares = state.pool(bin).scale.shares(&state.bins[bin as usize].load);
    shares.map(fixed::seventh)
}
