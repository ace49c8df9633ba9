//! Why an item is on its stamp and on no other, judged against the finished plan. Pure.

use super::NONE;
use super::bound::Bound;
use super::bound::Sums;
use super::state::State;
use super::state::index;

/// The first hard reason why a stamp cannot take an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its pool may not have the item.
    Pool,
    /// It is retired.
    Retired,
    /// It is over what a stamp may carry that takes someone, without the item.
    Full(usize),
    /// It would be, with the item.
    WouldExceed(usize),
    /// One of the item's group is there.
    Group,
}

/// How many stamps each reason rules out. The counts and `feasible` add up to all stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Stamps of pools that may not have the item.
    pub pool: u32,
    /// Retired stamps.
    pub retired: u32,
    /// Stamps over the admission limit.
    pub full: u32,
    /// Stamps that would be over it with the item, by the first dimension.
    pub would_exceed: Vec<u32>,
    /// Stamps with one of the item's group.
    pub group: u32,
    /// Stamps that could take it, its own included.
    pub feasible: u32,
}

impl Funnel {
    /// All stamps.
    pub fn total(&self) -> u32 {
        let rest = self.pool + self.retired + self.full + self.group + self.feasible;
        rest + self.would_exceed.iter().sum::<u32>()
    }
}

/// What a plan claims for one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Stamps that are open.
    pub stamps: u32,
    /// What the items need that may live nowhere else.
    pub confined: Bound,
}

/// Why the stamp cannot take the item; `None`: it could, or has it.
pub fn why_not<const D: usize>(state: &State<D>, item: u32, bin: u32) -> Option<Refusal> {
    let one = &state.items[item as usize];
    let there = &state.bins[bin as usize];
    if one.mask >> there.pool & 1 == 0 {
        return Some(Refusal::Pool);
    }
    if !there.open {
        return Some(Refusal::Retired);
    }
    if state.of[item as usize] == bin {
        return None;
    }
    let pool = state.pool(bin);
    let returns = one.home == bin && there.guests == 0;
    let limits = if returns { &pool.deny } else { &pool.admit };
    if let Some(k) = (0..D).find(|&k| there.load[k] > limits[k]) {
        return Some(Refusal::Full(k));
    }
    if let Some(k) = (0..D).find(|&k| there.load[k] + one.demand[k] > limits[k]) {
        return Some(Refusal::WouldExceed(k));
    }
    state.conflicts(bin, item).then_some(Refusal::Group)
}

/// Every stamp, counted under the first reason that rules it out for the item.
pub fn funnel<const D: usize>(state: &State<D>, item: u32) -> Funnel {
    let mask = state.items[item as usize].mask;
    let mut funnel = Funnel {
        would_exceed: vec![0; D],
        ..Funnel::default()
    };
    for (bins, pool) in state.of_pool.iter().zip(0..) {
        if mask >> pool & 1 == 0 {
            funnel.pool += index(bins.len());
            continue;
        }
        for &bin in bins {
            match why_not(state, item, bin) {
                Some(Refusal::Pool) => funnel.pool += 1,
                Some(Refusal::Retired) => funnel.retired += 1,
                Some(Refusal::Full(_)) => funnel.full += 1,
                Some(Refusal::WouldExceed(k)) => funnel.would_exceed[k] += 1,
                Some(Refusal::Group) => funnel.group += 1,
                None => funnel.feasible += 1,
            }
        }
    }
    funnel
}

/// Stamps against their lower bound, for each pool.
pub fn certificates<const D: usize>(state: &State<D>) -> Vec<Certificate> {
    let sums = Sums::new(state.items, state.pools);
    let open = |bins: &Vec<u32>| {
        bins.iter()
            .filter(|&&bin| state.bins[bin as usize].open)
            .count()
    };
    state
        .of_pool
        .iter()
        .enumerate()
        .map(|(pool, bins)| Certificate {
            stamps: index(open(bins)),
            confined: sums.of(1 << pool),
        })
        .collect()
}

/// Moved items that could return home alone: none, where the plan is minimal.
pub fn needless<const D: usize>(state: &State<D>) -> Vec<u32> {
    (0..index(state.items.len()))
        .filter(|&item| state.is_moved(item))
        .filter(|&item| {
            let home = state.items[item as usize].home;
            home != NONE && why_not(state, item, home).is_none()
        })
        .collect()
}
