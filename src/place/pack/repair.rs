//! Finds room for an item where none is: puts it where it hurts least, then moves and swaps
//! items off overloaded stamps until nothing is over. Pure.
//!
//! Every step must lower the sum of what is over. A step that sends an item home counts four
//! times, one that moves nobody who is at home twice, one that moves two of those half. The
//! search is bounded by evaluations and takes everything back when it fails.

use super::NONE;
use super::state::State;

/// Stamps with the most room that are tried against an overloaded one.
const ROOMY: usize = 64;

/// A move, or a swap where `back` is an item.
#[derive(Clone, Copy, Debug)]
struct Step {
    item: u32,
    to: u32,
    back: u32,
}

/// Puts the item on one of the stamps, which must all keep their limits. Gives `false`, and
/// changes nothing, where no way was found within `budget` evaluations.
pub(super) fn insert<const D: usize>(
    state: &mut State<D>,
    item: u32,
    bins: &[u32],
    budget: u64,
) -> bool {
    let mark = state.mark();
    let end = state.evaluations + budget;
    let Some(start) = least_harm(state, item, bins) else {
        return false;
    };
    state.put(item, start);
    let mut over = vec![start];
    loop {
        over.retain(|&bin| state.excess(bin) > 0);
        let Some(&worst) = over.iter().max_by_key(|&&bin| (state.excess(bin), bin)) else {
            return true;
        };
        let step = best_step(state, worst, bins, end);
        let Some(step) = step.filter(|_| state.evaluations < end) else {
            state.roll_back(mark);
            return false;
        };
        state.put(step.item, step.to);
        if step.back != NONE {
            state.put(step.back, worst);
        }
        if !over.contains(&step.to) {
            over.push(step.to);
        }
    }
}

/// The stamp that is least over with the item.
fn least_harm<const D: usize>(state: &mut State<D>, item: u32, bins: &[u32]) -> Option<u32> {
    state.evaluations += bins.len() as u64;
    let mask = state.items[item as usize].mask;
    bins.iter()
        .copied()
        .filter(|&bin| {
            let there = &state.bins[bin as usize];
            there.open && mask >> there.pool & 1 == 1 && !state.conflicts(bin, item)
        })
        .min_by_key(|&bin| (state.excess_if(bin, item, NONE), bin))
}

/// The step that lowers the excess of the stamp and its partner most, weighed by what it costs.
fn best_step<const D: usize>(
    state: &mut State<D>,
    worst: u32,
    bins: &[u32],
    end: u64,
) -> Option<Step> {
    let before = state.excess(worst);
    let dimension = heaviest(state, worst);
    let partners = roomy(state, worst, bins, dimension);
    let members = state.bins[worst as usize].members.clone();
    let mut best: Option<(u64, u32, u32, u32)> = None;
    let mut pairs = 0;
    'search: for &to in &partners {
        let total = before + state.excess(to);
        let there = &state.bins[to as usize];
        for &item in members.iter().filter(|&&item| may_go(state, item, to)) {
            let gives = state.items[item as usize].demand[dimension];
            pairs += 1;
            let after = state.excess_if(worst, NONE, item) + state.excess_if(to, item, NONE);
            let worth = worth(
                state,
                Step {
                    item,
                    to,
                    back: NONE,
                },
                worst,
                total,
                after,
            );
            if worth > 0 && best.is_none_or(|b| (worth, to, item, NONE) > b) {
                best = Some((worth, to, item, NONE));
                if worth >= 4 * total {
                    break 'search;
                }
            }
            for &back in &there.members {
                pairs += 1;
                let takes = state.items[back as usize].demand[dimension];
                if takes >= gives || !may_go(state, back, worst) {
                    continue;
                }
                let after = state.excess_if(worst, back, item) + state.excess_if(to, item, back);
                let worth = self::worth(state, Step { item, to, back }, worst, total, after);
                if worth > 0 && best.is_none_or(|b| (worth, to, item, back) > b) {
                    best = Some((worth, to, item, back));
                    if worth >= 4 * total {
                        // All is well again, and nobody leaves home for it.
                        break 'search;
                    }
                }
            }
        }
        if state.evaluations + pairs > end {
            break;
        }
    }
    state.evaluations += pairs;
    let (_, to, item, back) = best?;
    Some(Step { item, to, back })
}

/// How much less is over, weighed.
fn worth<const D: usize>(state: &State<D>, step: Step, worst: u32, before: u64, after: u64) -> u64 {
    let gain = before.saturating_sub(after);
    if gain == 0 {
        return 0;
    }
    let costs = |item: u32, from: u32, to: u32| {
        let home = state.items[item as usize].home;
        if home == to {
            -1
        } else {
            i32::from(home == from)
        }
    };
    let mut cost = costs(step.item, worst, step.to);
    if step.back != NONE {
        cost += costs(step.back, step.to, worst);
    }
    match cost {
        ..0 => gain * 8,
        0 => gain * 4,
        1 => gain * 2,
        _ => gain,
    }
}

/// Whether the item may go to the stamp at all.
fn may_go<const D: usize>(state: &State<D>, item: u32, to: u32) -> bool {
    let one = &state.items[item as usize];
    let there = &state.bins[to as usize];
    one.mask >> there.pool & 1 == 1
        && !(one.pinned && one.home != to)
        && (one.group == NONE || !state.conflicts(to, item))
}

/// The dimension in which the stamp is furthest over.
fn heaviest<const D: usize>(state: &State<D>, bin: u32) -> usize {
    let (pool, limits) = (state.pool(bin), state.limits(bin));
    let load = &state.bins[bin as usize].load;
    (0..D)
        .max_by_key(|&k| {
            let over = load[k].saturating_sub(limits[k]);
            (pool.scale.share(k, over), std::cmp::Reverse(k))
        })
        .unwrap_or(0)
}

/// The stamps with the most room in the dimension.
fn roomy<const D: usize>(
    state: &mut State<D>,
    worst: u32,
    bins: &[u32],
    dimension: usize,
) -> Vec<u32> {
    state.evaluations += bins.len() as u64;
    let mut keyed: Vec<(u64, u32)> = bins
        .iter()
        .copied()
        .filter(|&bin| bin != worst && state.bins[bin as usize].open)
        .map(|bin| {
            let pool = state.pool(bin);
            let load = state.bins[bin as usize].load[dimension];
            (pool.scale.share(dimension, load), bin)
        })
        .collect();
    if keyed.len() > ROOMY {
        keyed.select_nth_unstable(ROOMY);
        keyed.truncate(ROOMY);
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, bin)| bin).collect()
}
