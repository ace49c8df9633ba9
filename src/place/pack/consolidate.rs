//! Voluntary moves: empties stamps where that saves a stamp and stays within a budget, and takes
//! back every move that turns out needless. Pure.

use super::Cause;
use super::NONE;
use super::repair;
use super::revision;
use super::revision::Retired;
use super::revision::Revision;
use super::state;
use super::state::State;
use super::state::index;

/// Stamps up to which several candidates are tried for each stamp that is retired.
const FEW: usize = 300;

/// Candidates that are tried then.
const CANDIDATES: usize = 16;

/// Evaluations that an item of an emptied stamp may cost.
const REPAIR: u64 = 1_000_000;

/// What may be spent on retiring stamps.
#[derive(Clone, Debug)]
pub struct Budget<const D: usize> {
    /// Moves beyond those that are forced.
    pub moves: u32,
    /// Stamps.
    pub stamps: u32,
    /// The most that a stamp may carry that such moves fill, for each pool.
    pub fill: Vec<[u64; D]>,
    /// Thousandths of a pool's room that must stay free in every dimension without the stamp:
    /// what the forecast fills until the move has paid back.
    pub reserve: u64,
    /// The pools that lose no stamp, as bits: they opened one within the payback time.
    pub keep: u64,
}

impl<const D: usize> Budget<D> {
    /// Nothing is moved by choice.
    pub fn none() -> Self {
        Self {
            moves: 0,
            stamps: 0,
            fill: Vec::new(),
            reserve: 0,
            keep: 0,
        }
    }
}

/// Tries to do without each stamp that the plan opened: without a move more, else within the
/// budget, as a stamp that is never opened is the cheapest to retire. Gives the moves spent.
pub(super) fn empty_opened<const D: usize>(
    revision: &mut Revision<D>,
    budget: &Budget<D>,
    first_new: u32,
) -> u32 {
    let mut spent = 0;
    for most in [0, budget.moves] {
        for bin in (first_new..index(revision.state.bins.len())).rev() {
            if !revision.state.bins[bin as usize].open {
                continue;
            }
            let most = most.saturating_sub(spent);
            if let Some(trial) = emptied(&mut revision.state, bin, most) {
                spent += trial.moves;
                trial.keep(revision, bin);
            }
        }
    }
    spent
}

/// Empties stamps, those with the fewest at home first, as long as the budget lasts.
pub(super) fn within<const D: usize>(
    revision: &mut Revision<D>,
    budget: &Budget<D>,
    first_new: u32,
    spent: u32,
) {
    if budget.moves <= spent || budget.stamps == 0 {
        return;
    }
    revision.state.lower(&budget.fill);
    let mut left = budget.clone();
    left.moves -= spent;
    let mut tried = restless(&revision.state, budget.keep, first_new);
    loop {
        let candidates = candidates(&revision.state, &tried, left.moves);
        if candidates.is_empty() || left.stamps == 0 {
            break;
        }
        let mut best: Option<(u32, u64, u32, Trial)> = None;
        for bin in candidates {
            let state = &mut revision.state;
            let mark = state.mark();
            let trial = emptied(state, bin, left.moves);
            state.roll_back(mark);
            state.bins[bin as usize].open = true;
            let pays = |trial: &Trial| state.pool(bin).cost >= trial.copy;
            match trial.filter(|trial| pays(trial) && spares(state, bin, budget.reserve)) {
                Some(trial) => {
                    let key = (trial.moves, trial.copy, bin);
                    if best.as_ref().is_none_or(|b| key < (b.0, b.1, b.2)) {
                        best = Some((key.0, key.1, key.2, trial));
                    }
                }
                None => tried[bin as usize] = true,
            }
        }
        let Some((moves, copy, bin, trial)) = best else {
            continue;
        };
        left.moves -= moves;
        left.stamps -= 1;
        revision.retired.push(Retired { bin, moves, copy });
        tried[bin as usize] = true;
        revision.state.bins[bin as usize].open = false;
        for &(item, to) in &trial.places {
            revision.state.put(item, to);
        }
        trial.keep(revision, bin);
    }
    revision.state.lower(&[]);
}

/// Sends everyone home who left for nothing, until nobody can return alone.
pub(super) fn send_home<const D: usize>(revision: &mut Revision<D>) {
    let moved: Vec<u32> = (0..index(revision.state.items.len()))
        .filter(|&item| revision.state.is_moved(item))
        .collect();
    go_home(&mut revision.state, &moved);
    for item in moved {
        if !revision.state.is_moved(item) {
            revision.causes[item as usize] = None;
        }
    }
    revision.state.settle();
}

/// For each stamp whether its pool keeps all it has, or opens one in this plan: opening and retiring at once would
/// only be moving.
fn restless<const D: usize>(state: &State<D>, keep: u64, first_new: u32) -> Vec<bool> {
    let mut opens: Vec<bool> = (0..state.pools.len())
        .map(|pool| keep >> pool & 1 == 1)
        .collect();
    for bin in state.bins.iter().skip(first_new as usize) {
        opens[bin.pool as usize] |= bin.open;
    }
    state
        .bins
        .iter()
        .map(|bin| opens[bin.pool as usize])
        .collect()
}

/// Whether the stamp's pool keeps the reserve without it.
fn spares<const D: usize>(state: &State<D>, bin: u32, reserve: u64) -> bool {
    let pool = state.bins[bin as usize].pool as usize;
    let open = state.of_pool[pool]
        .iter()
        .map(|&bin| &state.bins[bin as usize])
        .filter(|there| there.open);
    let (mut stamps, mut sums) = (0_u128, [0_u128; D]);
    for there in open {
        stamps += 1;
        (0..D).for_each(|k| sums[k] += u128::from(there.load[k]));
    }
    let usable = u128::from(1_000 - reserve.min(1_000)) * stamps.saturating_sub(1);
    (0..D).all(|k| sums[k] * 1_000 <= u128::from(state.pools[pool].admit[k]) * usable)
}

/// A stamp that was emptied, and what it took.
struct Trial {
    moves: u32,
    copy: u64,
    drained: Vec<u32>,
    /// Where everyone is then who was moved on the way.
    places: Vec<(u32, u32)>,
}

impl Trial {
    fn keep<const D: usize>(self, revision: &mut Revision<D>, bin: u32) {
        for (item, _) in self.places {
            let cause = &mut revision.causes[item as usize];
            if revision.state.is_moved(item) {
                cause.get_or_insert(if self.drained.contains(&item) {
                    Cause::Drain(bin)
                } else {
                    Cause::Assist
                });
            } else if revision.state.items[item as usize].home != NONE {
                *cause = None;
            }
        }
        revision.state.settle();
    }
}

/// The stamps that are cheapest to empty: fewest at home, then least full.
fn candidates<const D: usize>(state: &State<D>, tried: &[bool], moves: u32) -> Vec<u32> {
    let mut keyed: Vec<(u32, u64, u32)> = state
        .bins
        .iter()
        .zip(0..)
        .filter(|(there, bin)| there.open && !tried[*bin as usize])
        .map(|(there, bin)| {
            let at_home = index(there.members.len()) - there.guests;
            let full = state::fullness(state.pool(bin), &there.load);
            (at_home, full, bin)
        })
        .filter(|key| key.0 <= moves)
        .collect();
    let count = if state.bins.len() < FEW {
        CANDIDATES
    } else {
        1
    };
    if keyed.len() > count {
        keyed.select_nth_unstable(count);
        keyed.truncate(count);
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(.., bin)| bin).collect()
}

/// Empties the stamp and closes it. `None`, and nothing is changed, where it takes more than
/// `most` moves more.
fn emptied<const D: usize>(state: &mut State<D>, bin: u32, most: u32) -> Option<Trial> {
    let mark = state.mark();
    let mut drained = state.bins[bin as usize].members.clone();
    if drained
        .iter()
        .any(|&item| state.items[item as usize].pinned)
    {
        return None;
    }
    state.bins[bin as usize].open = false;
    super::fill::by_size(state, state.bins[bin as usize].pool, &mut drained);
    let fits = drained.iter().all(|&item| {
        if let Some(to) = revision::best_fit(state, item) {
            state.put(item, to);
            return true;
        }
        let bins: Vec<u32> = state.reach(item).collect();
        repair::insert(state, item, &bins, REPAIR)
    });
    let touched = state.touched(mark);
    if fits {
        go_home(state, &touched);
        let (moves, copy) = spent(state, mark, &touched);
        if let Ok(moves) = u32::try_from(moves.max(0))
            && moves <= most
        {
            return Some(Trial {
                moves,
                copy: u64::try_from(copy).unwrap_or(0),
                drained,
                places: touched
                    .iter()
                    .map(|&item| (item, state.of[item as usize]))
                    .collect(),
            });
        }
    }
    state.roll_back(mark);
    state.bins[bin as usize].open = true;
    None
}

/// Moves and copying more than at the mark.
fn spent<const D: usize>(state: &State<D>, mark: usize, touched: &[u32]) -> (i64, i64) {
    let mut before: std::collections::BTreeMap<u32, u32> = std::collections::BTreeMap::new();
    for &(item, from) in state.log_since(mark) {
        before.entry(item).or_insert(from);
    }
    let (mut moves, mut copy) = (0, 0);
    for &item in touched {
        let one = &state.items[item as usize];
        if one.home == NONE {
            continue;
        }
        let was = i64::from(before.get(&item).is_some_and(|&from| from != one.home));
        let is = i64::from(state.of[item as usize] != one.home);
        moves += is - was;
        copy += (is - was) * i64::try_from(one.copy).unwrap_or(i64::MAX / 4);
    }
    (moves, copy)
}

/// Sends those home whose homes can take them as they are, until none can.
fn go_home<const D: usize>(state: &mut State<D>, items: &[u32]) {
    loop {
        let mut returned = false;
        for &item in items {
            let home = state.items[item as usize].home;
            if state.is_moved(item) && state.takes(home, item) {
                state.put(item, home);
                returned = true;
            }
        }
        if !returned {
            return;
        }
    }
}
