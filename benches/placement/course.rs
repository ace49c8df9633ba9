//! A year of monthly plans (A10), and that the same input gives the same plan (A11).

use std::collections::BTreeMap;

use super::fleet;
use super::fleet::Trajectory;
use super::generator;
use super::generator::Dice;
use super::generator::Family;
use super::generator::Hash;
use super::generator::NONE;
use super::pack::Budget;
use super::pack::grow;
use super::pack::state::State;
use super::problem;
use super::problem::D;

/// Thousandths of a pool that a forecast of one payback time fills.
const RESERVE: u64 = 60;

/// Plans until a retired stamp has paid back.
const PAYBACK: u32 = 3;

/// What a year brought.
pub(crate) struct Year {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) least: u32,
    pub(crate) moves: u32,
    pub(crate) forced: u32,
    pub(crate) opened: usize,
    pub(crate) retired: usize,
    /// Stamps opened in a pool that retired one in the plan before or in the same.
    pub(crate) flaps: usize,
}

/// Twelve plans for 10,000 tenants, with a budget of 0.5 % of moves and stamps filled to
/// `percent`.
pub(crate) fn year(percent: u64) -> Year {
    let (start, months) = (10_000, 12);
    let course = Trajectory::new(start, 42, months);
    let (homes, mut stamps) = fleet::settled(start, 42);
    let mut homes: BTreeMap<u32, u32> =
        (0..).zip(homes).filter(|(_, home)| *home != NONE).collect();
    let pools = problem::pools();
    let mut year = Year {
        start: stamps.len(),
        end: 0,
        least: 0,
        moves: 0,
        forced: 0,
        opened: 0,
        retired: 0,
        flaps: 0,
    };
    let (mut keep, mut opened_at) = (0_u64, vec![None; pools.len()]);
    let mut shrunk = vec![false; pools.len()];
    for month in 1..=months {
        let tenants = course.month(month);
        let home = |id: &u32| homes.get(id).copied().unwrap_or(NONE);
        let places: Vec<u32> = tenants.iter().map(|tenant| home(&tenant.id)).collect();
        let items = problem::living(&tenants, &places);
        let ids: Vec<u32> = tenants
            .iter()
            .filter(|t| t.rule == 0)
            .map(|t| t.id)
            .collect();
        let class = tenants
            .iter()
            .zip(&places)
            .filter(|(t, p)| t.rule != 0 && **p != NONE);
        let class = class.count() as u32;
        let bins: Vec<u32> = stamps.iter().map(|&pool| u32::from(pool)).collect();
        let budget = Budget {
            moves: start / 200,
            stamps: u32::MAX,
            fill: problem::fill(&pools, percent),
            reserve: RESERVE,
            keep,
        };
        let revision = grow::revise(&items, &pools, &bins, &budget);
        year.moves += revision.moves() + class;
        year.forced += revision.forced + class;
        year.least = problem::least(&items, &pools);
        let state = &revision.state;
        let holds = |bin: &usize| !state.bins[*bin].members.is_empty();
        let mut gone = vec![false; pools.len()];
        for bin in (0..stamps.len()).filter(|bin| !holds(bin)) {
            gone[state.bins[bin].pool as usize] = true;
            year.retired += 1;
        }
        for bin in (stamps.len()..state.bins.len()).filter(holds) {
            let pool = state.bins[bin].pool as usize;
            year.opened += 1;
            opened_at[pool] = Some(month);
            year.flaps += usize::from(shrunk[pool] || gone[pool]);
        }
        let recent = |at: &Option<u32>| at.is_some_and(|at| at + PAYBACK > month);
        keep = (0..)
            .zip(&opened_at)
            .filter(|(_, at)| recent(at))
            .fold(0, |keep, (p, _)| keep | 1 << p);
        shrunk = gone;
        let kept: Vec<usize> = (0..state.bins.len()).filter(holds).collect();
        homes = ids
            .iter()
            .zip(&state.of)
            .filter_map(|(id, bin)| Some((*id, kept.binary_search(&(*bin as usize)).ok()? as u32)))
            .collect();
        stamps = kept.iter().map(|&bin| state.bins[bin].pool as u8).collect();
    }
    year.end = stamps.len();
    year
}

/// A digest of who is where.
pub(crate) fn digest(state: &State<D>) -> u64 {
    let mut hash = Hash::new();
    state.of.iter().for_each(|&bin| hash.add(u64::from(bin)));
    state
        .bins
        .iter()
        .for_each(|bin| hash.add(u64::from(bin.pool)));
    hash.value()
}

/// The digest of a plan from nothing and of a revised one.
pub(crate) fn plans() -> [u64; 2] {
    let tenants = generator::tenants(2_000, 42, Family::Mixed, false);
    let (items, pools) = (problem::items(&tenants), problem::pools());
    let grown = fleet::grown(fleet::usual(2_000, 42));
    let living = problem::living(&grown.tenants, &grown.homes);
    let bins: Vec<u32> = grown.stamps.iter().map(|&pool| u32::from(pool)).collect();
    let budget = Budget {
        moves: 40,
        stamps: u32::MAX,
        fill: problem::fill(&pools, 83),
        reserve: RESERVE,
        keep: 0,
    };
    [
        digest(&grow::anew(&items, &pools)),
        digest(&grow::revise(&living, &pools, &bins, &budget).state),
    ]
}

/// Whether tenants that come in any order, sorted by id again, give the same plan.
pub(crate) fn ignores_order() -> bool {
    let tenants = generator::tenants(2_000, 42, Family::Mixed, false);
    let mut shuffled = tenants.clone();
    let dice = Dice(5);
    shuffled.sort_by_key(|tenant| dice.roll(u64::from(tenant.id), 0));
    let moved = shuffled != tenants;
    shuffled.sort_by_key(|tenant| tenant.id);
    let pools = problem::pools();
    let (a, b) = (problem::items(&tenants), problem::items(&shuffled));
    moved && digest(&grow::anew(&a, &pools)) == digest(&grow::anew(&b, &pools))
}

/// Moves of a plan for the fleet as its plan leaves it.
pub(crate) fn moves_again() -> u32 {
    let grown = fleet::grown(fleet::usual(5_000, 42));
    let living = problem::living(&grown.tenants, &grown.homes);
    let pools = problem::pools();
    let bins: Vec<u32> = grown.stamps.iter().map(|&pool| u32::from(pool)).collect();
    let first = grow::revise(&living, &pools, &bins, &Budget::none());
    let settled: Vec<_> = living
        .iter()
        .zip(&first.state.of)
        .map(|(item, &home)| super::pack::Item { home, ..*item })
        .collect();
    let bins: Vec<u32> = first.state.bins.iter().map(|bin| bin.pool).collect();
    grow::revise(&settled, &pools, &bins, &Budget::none()).moves()
}
