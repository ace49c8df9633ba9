//! A fleet that is being changed: who is where, why, and the stamp that fits best. Pure.

use super::Cause;
use super::state::State;
use super::state::index;
use super::state::room;

/// A fleet with everyone where the plan wants them.
#[derive(Clone, Debug)]
pub struct Revision<'a, const D: usize> {
    /// Who is where when the plan is done.
    pub state: State<'a, D>,
    /// Why each item is not at home; `None`: it is.
    pub causes: Vec<Option<Cause>>,
    /// The fewest moves that any plan needs.
    pub forced: u32,
    /// Whether that number is proved to be the fewest, not only a bound.
    pub exact: bool,
    /// Stamps that are emptied by choice.
    pub retired: Vec<Retired>,
}

/// A stamp that is emptied by choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The stamp.
    pub bin: u32,
    /// Moves more than without.
    pub moves: u32,
    /// What copying them costs.
    pub copy: u64,
}

impl<const D: usize> Revision<'_, D> {
    /// Items that leave a home.
    pub fn moves(&self) -> u32 {
        let moved = (0..index(self.state.items.len())).filter(|&item| self.state.is_moved(item));
        index(moved.count())
    }
}

/// The stamp that the item leaves least room on.
pub(super) fn best_fit<const D: usize>(state: &State<D>, item: u32) -> Option<u32> {
    let one = &state.items[item as usize];
    let mut best: Option<(u64, u32)> = None;
    for (bins, pool) in state.of_pool.iter().zip(0..) {
        if one.mask >> pool & 1 == 0 {
            continue;
        }
        let shape = &state.pools[pool];
        let room_for: [Option<u64>; D] =
            std::array::from_fn(|k| state.admit[pool][k].checked_sub(one.demand[k]));
        let below = room_for.map(Option::unwrap_or_default);
        let possible = room_for.iter().all(Option::is_some);
        for &bin in bins {
            let there = &state.bins[bin as usize];
            let fits = possible && (0..D).all(|k| there.load[k] <= below[k]);
            // Only a home may hold more than the admission limit.
            if (fits || bin == one.home) && state.takes(bin, item) {
                let key = (room(shape, &there.load, &one.demand), bin);
                if best.is_none_or(|best| key < best) {
                    best = Some(key);
                }
            }
        }
    }
    best.map(|(_, bin)| bin)
}
