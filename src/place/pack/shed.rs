//! The fewest tenants that must leave an overloaded stamp. Pure.
//!
//! With one dimension over the limit, taking the largest first is exact. With several, a small
//! covering search proves the number where its budget of evaluations suffices; the budget is
//! counted, never timed, so that the answer is the same everywhere.

/// Evaluations of the covering search.
const BUDGET: u32 = 200_000;

/// A tenant that could leave.
#[derive(Clone, Copy, Debug)]
pub struct Movable<const D: usize> {
    /// Its index.
    pub tenant: usize,
    /// What leaves with it.
    pub demand: [u64; D],
    /// What it costs to copy it.
    pub copy: u64,
}

/// Who leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shed {
    /// The tenants, in order of index.
    pub tenants: Vec<usize>,
    /// The fewest that any choice needs.
    pub at_least: usize,
}

/// A smallest set of `movable` whose demands cover `excess` in every dimension. `None` where
/// all of them together do not: moving tenants would not help.
pub fn fewest<const D: usize>(movable: &[Movable<D>], excess: [u64; D]) -> Option<Shed> {
    let all = movable
        .iter()
        .fold([0; D], |sum, one| plus(sum, &one.demand));
    if !covers(&all, &excess) {
        return None;
    }
    let bound = (0..D)
        .map(|k| fewest_in(movable, excess, k))
        .max()
        .unwrap_or(0);
    let mut order = movable.to_vec();
    order.sort_by_key(|one| (std::cmp::Reverse(weight(one.demand, excess)), one.tenant));
    let greedy = greedy(&order, excess);
    let mut best = greedy;
    let mut proved = bound;
    let mut budget = BUDGET;
    for size in bound..best.len() {
        let mut chosen = Vec::with_capacity(size);
        match search(&order, excess, size, &mut chosen, &mut budget) {
            Some(true) => {
                best = chosen;
                break;
            }
            Some(false) => proved = size + 1,
            None => break,
        }
    }
    cheapen(&mut best, &order, excess);
    let at_least = proved.min(best.len());
    let mut tenants: Vec<usize> = best.iter().map(|one| one.tenant).collect();
    tenants.sort_unstable();
    Some(Shed { tenants, at_least })
}

/// The fewest that cover one dimension: the largest first.
fn fewest_in<const D: usize>(movable: &[Movable<D>], excess: [u64; D], k: usize) -> usize {
    let mut sizes: Vec<u64> = movable.iter().map(|one| one.demand[k]).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let mut rest = excess[k];
    let mut count = 0;
    for size in sizes {
        if rest == 0 {
            break;
        }
        rest = rest.saturating_sub(size);
        count += 1;
    }
    count
}

/// How much of the excess a demand takes away, in millionths, all dimensions together.
fn weight<const D: usize>(demand: [u64; D], excess: [u64; D]) -> u64 {
    (0..D)
        .filter(|&k| excess[k] > 0)
        .map(|k| {
            let useful = u128::from(demand[k].min(excess[k]));
            u64::try_from(useful * 1_000_000 / u128::from(excess[k])).unwrap_or(u64::MAX)
        })
        .sum()
}

/// The most useful first, then without those that turn out needless.
fn greedy<const D: usize>(order: &[Movable<D>], excess: [u64; D]) -> Vec<Movable<D>> {
    let mut left = order.to_vec();
    let mut chosen: Vec<Movable<D>> = Vec::new();
    let mut rest = excess;
    while rest != [0; D] {
        let usefulness =
            |one: &Movable<D>| (weight(one.demand, rest), std::cmp::Reverse(one.tenant));
        let best = (0..left.len()).max_by_key(|&at| usefulness(&left[at]));
        let Some(best) = best else { break };
        let one = left.swap_remove(best);
        rest = minus(rest, &one.demand);
        chosen.push(one);
    }
    let mut at = 0;
    while at < chosen.len() {
        let without = (0..chosen.len()).filter(|&other| other != at);
        let sum = without.fold([0; D], |sum, i| plus(sum, &chosen[i].demand));
        if covers(&sum, &excess) {
            chosen.remove(at);
        } else {
            at += 1;
        }
    }
    chosen
}

/// Whether `size` of `order` cover the excess; `None` where the budget ran out.
fn search<const D: usize>(
    order: &[Movable<D>],
    rest: [u64; D],
    size: usize,
    chosen: &mut Vec<Movable<D>>,
    budget: &mut u32,
) -> Option<bool> {
    if rest == [0; D] {
        return Some(true);
    }
    if size == 0 {
        return Some(false);
    }
    for at in 0..order.len() {
        *budget = budget.checked_sub(1)?;
        chosen.push(order[at]);
        let rest = minus(rest, &order[at].demand);
        if search(&order[at + 1..], rest, size - 1, chosen, budget)? {
            return Some(true);
        }
        chosen.pop();
    }
    Some(false)
}

/// Exchanges members for those with less data to copy, as long as the set still covers.
fn cheapen<const D: usize>(chosen: &mut [Movable<D>], order: &[Movable<D>], excess: [u64; D]) {
    for at in 0..chosen.len() {
        let others = chosen
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .fold([0; D], |sum, (_, one)| plus(sum, &one.demand));
        let taken: Vec<usize> = chosen.iter().map(|one| one.tenant).collect();
        let cheaper = order
            .iter()
            .filter(|one| !taken.contains(&one.tenant))
            .filter(|one| covers(&plus(others, &one.demand), &excess))
            .min_by_key(|one| (one.copy, one.tenant));
        if let Some(cheaper) = cheaper
            && cheaper.copy < chosen[at].copy
        {
            chosen[at] = *cheaper;
        }
    }
}

fn plus<const D: usize>(mut sum: [u64; D], more: &[u64; D]) -> [u64; D] {
    (0..D).for_each(|k| sum[k] = sum[k].saturating_add(more[k]));
    sum
}

fn minus<const D: usize>(mut rest: [u64; D], less: &[u64; D]) -> [u64; D] {
    (0..D).for_each(|k| rest[k] = rest[k].saturating_sub(less[k]));
    rest
}

fn covers<const D: usize>(sum: &[u64; D], excess: &[u64; D]) -> bool {
    (0..D).all(|k| sum[k] >= excess[k])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against every subset.
        #[test]
        fn no_smaller_set_covers(
            demands in proptest::collection::vec(proptest::array::uniform4(0_u64..20), 1..9),
            excess in proptest::array::uniform4(0_u64..30),
        ) {
            let movable: Vec<Movable<4>> = demands
                .iter()
                .enumerate()
                .map(|(tenant, demand)| Movable { tenant, demand: *demand, copy: demand[2] })
                .collect();
            let covering = (0_u32..1 << movable.len())
                .filter(|set| {
                    let sum = movable
                        .iter()
                        .filter(|one| set >> one.tenant & 1 == 1)
                        .fold([0; 4], |sum, one| plus(sum, &one.demand));
                    covers(&sum, &excess)
                })
                .map(u32::count_ones)
                .min();
            let shed = fewest(&movable, excess);
            let sizes = shed.map(|shed| (shed.tenants.len(), shed.at_least));
            let fewest = covering.map(|count| count as usize);
            prop_assert_eq!(sizes, fewest.map(|count| (count, count)));
        }
    }
}
