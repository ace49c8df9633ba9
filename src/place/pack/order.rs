//! The order of moves: after each of them every stamp keeps its limits. Pure.
//!
//! A stamp is opened before anyone comes and retired after everyone has left. A move waits until
//! its destination has room; moves that wait for each other in a circle are opened up by a stop
//! on a stamp with room to spare.

use super::NONE;
use super::state::State;
use super::state::index;

/// One move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Who.
    pub item: u32,
    /// From where; [`NONE`]: from outside.
    pub from: u32,
    /// Where to.
    pub to: u32,
}

/// The moves that lead from everyone at home to `goal`. Stops in between are moves of their own.
/// `None` where a circle has no stamp with room to spare.
pub fn moves<const D: usize>(goal: &State<D>) -> Option<Vec<Move>> {
    let pools: Vec<u32> = goal.bins.iter().map(|bin| bin.pool).collect();
    let mut now = State::new(goal.items, goal.pools, &pools);
    for (item, at) in goal.items.iter().zip(0..) {
        if item.home != NONE {
            now.put(at, item.home);
        }
    }
    let mut order = Vec::new();
    let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); goal.bins.len()];
    let mut ready: Vec<u32> = (0..index(goal.items.len()))
        .rev()
        .filter(|&item| goal.of[item as usize] != NONE)
        .filter(|&item| goal.of[item as usize] != now.of[item as usize])
        .collect();
    let mut stuck = 0_usize;
    loop {
        while let Some(item) = ready.pop() {
            let (from, to) = (now.of[item as usize], goal.of[item as usize]);
            if !now.takes(to, item) {
                waiting[to as usize].push(item);
                stuck += 1;
                continue;
            }
            now.put(item, to);
            order.push(Move { item, from, to });
            if let Some(others) = waiting.get_mut(from as usize) {
                stuck -= others.len();
                ready.append(others);
            }
        }
        if stuck == 0 {
            return Some(order);
        }
        let Move { item, from, to } = stop(&now, goal, &waiting)?;
        now.put(item, to);
        order.push(Move { item, from, to });
        stuck -= waiting[from as usize].len();
        ready.append(&mut waiting[from as usize]);
    }
}

/// The smallest move that opens a circle: someone in it steps aside.
fn stop<const D: usize>(now: &State<D>, goal: &State<D>, waiting: &[Vec<u32>]) -> Option<Move> {
    let mut candidates: Vec<(u64, u32)> = waiting
        .iter()
        .flatten()
        .copied()
        .filter(|&item| {
            let from = now.of[item as usize];
            // Someone waits for the place, and the item has not stepped aside already.
            from != NONE
                && from == goal.items[item as usize].home
                && !waiting[from as usize].is_empty()
        })
        .map(|item| (goal.items[item as usize].copy, item))
        .collect();
    candidates.sort_unstable();
    candidates.into_iter().find_map(|(_, item)| {
        let from = now.of[item as usize];
        let to = now
            .reach(item)
            .find(|&bin| bin != from && now.takes(bin, item))?;
        Some(Move { item, from, to })
    })
}
