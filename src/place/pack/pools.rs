//! Which pool takes whom when a tenant may choose, and how many stamps each pool opens. Pure.
//!
//! Who has no choice fixes what each pool needs at least. The others come by increasing choice
//! and decreasing size, to the pool where the potential `Σ (load / capacity)^8` grows least and
//! that stays under [`FULL`]; where none does, the cheapest pool opens one stamp more. Small
//! fleets are then squeezed: the slackest pool loses a stamp, and the flexible find a balance
//! without it, or it gets the stamp back.

use std::cmp::Reverse;

use super::bound::Sums;
use super::fixed;
use super::fixed::SHARE;
use super::state::State;

/// Thousandths of a pool's capacity that the planner fills.
const FULL: u64 = 997;

/// The same for a squeezed pool: its few stamps are filled with more care.
const SQUEEZED: u64 = 1000;

/// Items up to which pools are squeezed.
const SMALL: usize = 20_000;

/// Stamps from which a pool's potential may be taken for linear in one item.
const EXACT: u64 = 20;

/// Doublings of the potential's exponent while a squeezed pool finds its balance.
const DOUBLINGS: [u32; 12] = [3, 4, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6];

/// What the planner decides.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Stamps of each pool.
    pub(super) stamps: Vec<u32>,
    /// The pool of each item.
    pub(super) of: Vec<u32>,
}

/// What a pool carries while the planner works.
#[derive(Clone, Debug)]
struct Filling<const D: usize> {
    stamps: u32,
    load: [u64; D],
    /// The load in shares of one stamp.
    shares: [u64; D],
}

/// The plan for all items.
pub(super) fn plan<const D: usize>(state: &State<D>) -> Plan {
    let sums = Sums::new(state.items, state.pools);
    let mut planner = Planner::new(state, &sums);
    planner.spread();
    if state.items.len() <= SMALL {
        planner.squeeze();
    }
    Plan {
        stamps: planner.fillings.iter().map(|f| f.stamps).collect(),
        of: planner.of,
    }
}

struct Planner<'s, 'a, const D: usize> {
    state: &'s State<'a, D>,
    fillings: Vec<Filling<D>>,
    /// What the confined items of each pool need.
    least: Vec<u32>,
    of: Vec<u32>,
    /// Who may choose, in the order in which they do.
    flexible: Vec<u32>,
}

impl<'s, 'a, const D: usize> Planner<'s, 'a, D> {
    fn new(state: &'s State<'a, D>, sums: &Sums<D>) -> Self {
        let pools = state.pools.len();
        let least: Vec<u32> = (0..pools).map(|pool| sums.of(1 << pool).stamps).collect();
        let fillings = least
            .iter()
            .map(|&stamps| Filling {
                stamps,
                load: [0; D],
                shares: [0; D],
            })
            .collect();
        let mut planner = Self {
            state,
            fillings,
            least,
            of: vec![super::NONE; state.items.len()],
            flexible: Vec::new(),
        };
        let mut flexible = Vec::new();
        for (item, at) in state.items.iter().zip(0..) {
            if item.mask.is_power_of_two() {
                planner.add(at, item.mask.trailing_zeros());
            } else if item.mask != 0 {
                let size = state.pools[0].scale.size(&item.demand);
                flexible.push((item.mask.count_ones(), item.mask, Reverse(size), at));
            }
        }
        flexible.sort_unstable();
        planner.flexible = flexible.into_iter().map(|key| key.3).collect();
        planner
    }

    fn spread(&mut self) {
        for at in 0..self.flexible.len() {
            let item = self.flexible[at];
            let pool = self
                .cheapest_rise(item, 3, true)
                .or_else(|| self.opened(item));
            if let Some(pool) = pool.or_else(|| self.cheapest_rise(item, 3, false)) {
                self.add(item, pool);
            }
        }
    }

    /// One stamp more in the cheapest pool that may take the item.
    fn opened(&mut self, item: u32) -> Option<u32> {
        let mask = self.state.items[item as usize].mask;
        let pools = (0..super::state::index(self.fillings.len())).filter(|p| mask >> p & 1 == 1);
        let cheapest = pools
            .filter(|&p| self.fillings[p as usize].stamps < self.state.pools[p as usize].most)
            .min_by_key(|&p| (self.state.pools[p as usize].cost, p))?;
        self.fillings[cheapest as usize].stamps += 1;
        Some(cheapest)
    }

    /// The pool whose potential the item raises least.
    fn cheapest_rise(&self, item: u32, doublings: u32, only_with_room: bool) -> Option<u32> {
        let mask = self.state.items[item as usize].mask;
        let mut best: Option<(u64, u32)> = None;
        let mut rest = mask;
        while rest != 0 {
            let pool = rest.trailing_zeros();
            rest &= rest - 1;
            let Some(filling) = self.fillings.get(pool as usize) else {
                break;
            };
            if filling.stamps == 0 || (only_with_room && !self.has_room(pool, item)) {
                continue;
            }
            let rise = self.rise(pool, item, doublings);
            if best.is_none_or(|b| (rise, pool) < b) {
                best = Some((rise, pool));
            }
        }
        best.map(|(_, pool)| pool)
    }

    fn has_room(&self, pool: u32, item: u32) -> bool {
        let filling = &self.fillings[pool as usize];
        let admit = &self.state.pools[pool as usize].admit;
        let demand = &self.state.items[item as usize].demand;
        let stamps = u128::from(filling.stamps);
        (0..D).all(|k| {
            let after = u128::from(filling.load[k]) + u128::from(demand[k]);
            after * 1_000 <= u128::from(admit[k]) * stamps * u128::from(FULL)
        })
    }

    fn rise(&self, pool: u32, item: u32, doublings: u32) -> u64 {
        let filling = &self.fillings[pool as usize];
        let scale = &self.state.pools[pool as usize].scale;
        let demand = &self.state.items[item as usize].demand;
        let stamps = u64::from(filling.stamps.max(1));
        let level = |shares: u64| shares / stamps;
        (0..D)
            .map(|k| {
                let more = scale.share(k, demand[k]);
                let before = level(filling.shares[k]);
                if stamps < EXACT {
                    let after = fixed::power(level(filling.shares[k] + more), doublings);
                    // The capacity weighs the potential, so that large pools count as such.
                    (after - fixed::power(before, doublings)).saturating_mul(stamps)
                } else {
                    let slope = if doublings == 3 {
                        fixed::seventh(before)
                    } else {
                        fixed::power(before, doublings)
                    };
                    (slope.saturating_mul(more) >> SHARE) << doublings
                }
            })
            .fold(0, u64::saturating_add)
    }

    fn add(&mut self, item: u32, pool: u32) {
        let demand = &self.state.items[item as usize].demand;
        let scale = &self.state.pools[pool as usize].scale;
        let filling = &mut self.fillings[pool as usize];
        for (k, &amount) in demand.iter().enumerate() {
            filling.load[k] += amount;
            filling.shares[k] += scale.share(k, amount);
        }
        self.of[item as usize] = pool;
    }

    fn remove(&mut self, item: u32) {
        let pool = self.of[item as usize] as usize;
        let demand = &self.state.items[item as usize].demand;
        let scale = &self.state.pools[pool].scale;
        let filling = &mut self.fillings[pool];
        for (k, &amount) in demand.iter().enumerate() {
            filling.load[k] -= amount;
            filling.shares[k] -= scale.share(k, amount);
        }
    }

    /// Takes stamps away as long as the others can take the load.
    fn squeeze(&mut self) {
        loop {
            let mut pools: Vec<usize> = (0..self.fillings.len())
                .filter(|&p| self.fillings[p].stamps > self.least[p])
                .collect();
            pools.sort_by_key(|&p| (Reverse(self.slack(p)), p));
            let shrunk = pools.into_iter().any(|pool| {
                let before = (self.fillings.clone(), self.of.clone());
                self.fillings[pool].stamps -= 1;
                let fits = self.rebalance();
                if !fits {
                    (self.fillings, self.of) = before;
                }
                fits
            });
            if !shrunk {
                return;
            }
        }
    }

    /// What is free in the fullest dimension, in shares of one stamp.
    fn slack(&self, pool: usize) -> u64 {
        let filling = &self.fillings[pool];
        let fullest = filling.shares.iter().copied().max().unwrap_or(0);
        (u64::from(filling.stamps) << SHARE).saturating_sub(fullest)
    }

    /// Lets the flexible choose again under a steeper and steeper potential. Gives whether
    /// every pool ends within what it may be filled to.
    fn rebalance(&mut self) -> bool {
        let mut before = u64::MAX;
        for doublings in DOUBLINGS {
            for at in 0..self.flexible.len() {
                let item = self.flexible[at];
                let from = self.of[item as usize];
                self.remove(item);
                let to = self.cheapest_rise(item, doublings, false).unwrap_or(from);
                self.add(item, to);
            }
            let over = self.overflow();
            if over == 0 {
                return true;
            }
            if over > before.saturating_mul(2) {
                return false;
            }
            before = over;
        }
        false
    }

    /// What is over the limits of squeezed pools, in shares of a stamp.
    fn overflow(&self) -> u64 {
        let fillings = self.fillings.iter().zip(self.state.pools);
        fillings
            .map(|(filling, pool)| {
                let stamps = u128::from(filling.stamps) * u128::from(SQUEEZED);
                (0..D)
                    .map(|k| {
                        let limit = u128::from(pool.admit[k]) * stamps / 1_000;
                        let over = u128::from(filling.load[k]).saturating_sub(limit);
                        let over = u64::try_from(over).unwrap_or(u64::MAX);
                        if over == 0 {
                            0
                        } else {
                            pool.scale.share(k, over).max(1)
                        }
                    })
                    .fold(0, u64::saturating_add)
            })
            .sum()
    }
}
