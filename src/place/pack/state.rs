//! Who is where, with running loads and a log that takes every step back. Pure.

use super::Item;
use super::NONE;
use super::Pool;
use super::fixed::SHARE;

/// A stamp.
#[derive(Clone, Debug)]
pub struct Bin<const D: usize> {
    /// Its pool.
    pub pool: u32,
    /// What it carries.
    pub load: [u64; D],
    /// Who is there, in no lasting order.
    pub members: Vec<u32>,
    /// How many of those have another home or none.
    pub guests: u32,
    /// Whether it takes tenants: not one that is retired.
    pub open: bool,
}

/// Items, pools, stamps, and who is where.
#[derive(Clone, Debug)]
pub struct State<'a, const D: usize> {
    /// What is packed.
    pub items: &'a [Item<D>],
    /// Where it may be packed.
    pub pools: &'a [Pool<D>],
    /// The stamps.
    pub bins: Vec<Bin<D>>,
    /// The stamp of each item, or [`NONE`].
    pub of: Vec<u32>,
    /// The stamps of each pool, in the order in which they were opened.
    pub(super) of_pool: Vec<Vec<u32>>,
    /// What a stamp may carry that takes someone, for each pool.
    pub(super) admit: Vec<[u64; D]>,
    at: Vec<u32>,
    log: Vec<(u32, u32)>,
    /// Pairs looked at so far: what searches are bounded by.
    pub(super) evaluations: u64,
}

impl<'a, const D: usize> State<'a, D> {
    /// Stamps of these pools; nobody is anywhere yet.
    pub fn new(items: &'a [Item<D>], pools: &'a [Pool<D>], bins: &[u32]) -> Self {
        let mut state = Self {
            items,
            pools,
            bins: Vec::with_capacity(bins.len()),
            of: vec![NONE; items.len()],
            of_pool: vec![Vec::new(); pools.len()],
            admit: pools.iter().map(|pool| pool.admit).collect(),
            at: vec![0; items.len()],
            log: Vec::new(),
            evaluations: 0,
        };
        for &pool in bins {
            state.open(pool);
        }
        state
    }

    /// Another stamp. Gives its index.
    pub fn open(&mut self, pool: u32) -> u32 {
        self.bins.push(Bin {
            pool,
            load: [0; D],
            members: Vec::new(),
            guests: 0,
            open: true,
        });
        let bin = index(self.bins.len() - 1);
        self.of_pool[pool as usize].push(bin);
        bin
    }

    /// Takes back the stamp that was opened last; nobody may be on it.
    pub(super) fn unopen(&mut self) {
        if let Some(bin) = self.bins.pop() {
            self.of_pool[bin.pool as usize].pop();
        }
    }

    /// The open stamps of all pools that may take the item.
    pub(super) fn reach(&self, item: u32) -> impl Iterator<Item = u32> {
        let mask = self.items[item as usize].mask;
        let pools = self.of_pool.iter().zip(0..);
        pools
            .filter(move |(_, pool)| mask >> pool & 1 == 1)
            .flat_map(|(bins, _)| bins.iter().copied())
            .filter(|&bin| self.bins[bin as usize].open)
    }

    /// Lowers what stamps that take someone may carry; an empty list lifts it again.
    pub(super) fn lower(&mut self, fill: &[[u64; D]]) {
        self.admit = self.pools.iter().map(|pool| pool.admit).collect();
        for (admit, fill) in self.admit.iter_mut().zip(fill) {
            (0..D).for_each(|k| admit[k] = admit[k].min(fill[k]));
        }
    }

    /// Whether the item left a home for where it is.
    pub fn is_moved(&self, item: u32) -> bool {
        let home = self.items[item as usize].home;
        home != NONE && self.of[item as usize] != home
    }

    /// The pool of a stamp.
    pub fn pool(&self, bin: u32) -> &'a Pool<D> {
        &self.pools[self.bins[bin as usize].pool as usize]
    }

    /// Puts the item there, wherever it was; [`NONE`] takes it out.
    pub fn put(&mut self, item: u32, bin: u32) {
        self.log.push((item, self.of[item as usize]));
        self.shift(item, bin);
    }

    /// Where the log stands: [`State::roll_back`] takes back what comes after.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Takes back everything since the mark.
    pub fn roll_back(&mut self, mark: usize) {
        while self.log.len() > mark {
            if let Some((item, bin)) = self.log.pop() {
                self.shift(item, bin);
            }
        }
    }

    /// What was moved since the mark, each item once.
    pub fn touched(&self, mark: usize) -> Vec<u32> {
        let mut items: Vec<u32> = self.log[mark..].iter().map(|(item, _)| *item).collect();
        items.sort_unstable();
        items.dedup();
        items
    }

    /// What was moved since the mark, in order, with where it was.
    pub(super) fn log_since(&self, mark: usize) -> &[(u32, u32)] {
        &self.log[mark..]
    }

    /// Forgets the log.
    pub fn settle(&mut self) {
        self.log.clear();
    }

    /// Whether the stamp may take the item as it is now: pool, group and admission limits.
    pub fn takes(&self, bin: u32, item: u32) -> bool {
        let one = &self.items[item as usize];
        let there = &self.bins[bin as usize];
        if !there.open || one.mask >> there.pool & 1 == 0 {
            return false;
        }
        let limits = self.limits_with(bin, item);
        (0..D).all(|k| there.load[k] + one.demand[k] <= limits[k]) && !self.conflicts(bin, item)
    }

    /// Whether one of the item's group is there.
    pub fn conflicts(&self, bin: u32, item: u32) -> bool {
        let group = self.items[item as usize].group;
        group != NONE
            && self.bins[bin as usize]
                .members
                .iter()
                .any(|&other| other != item && self.items[other as usize].group == group)
    }

    /// What the stamp may carry as it is: more where nobody has come.
    pub fn limits(&self, bin: u32) -> &[u64; D] {
        self.limits_for(bin, self.bins[bin as usize].guests)
    }

    /// What it may carry with the item: who returns home brings no new limit.
    fn limits_with(&self, bin: u32, item: u32) -> &[u64; D] {
        let guest = self.items[item as usize].home != bin;
        self.limits_for(bin, self.bins[bin as usize].guests + u32::from(guest))
    }

    fn limits_for(&self, bin: u32, guests: u32) -> &[u64; D] {
        let pool = self.bins[bin as usize].pool as usize;
        if guests > 0 {
            &self.admit[pool]
        } else {
            &self.pools[pool].deny
        }
    }

    /// How far the stamp is over its limits, all dimensions together, in shares.
    pub(super) fn excess(&self, bin: u32) -> u64 {
        let there = &self.bins[bin as usize];
        over(self.pool(bin), &there.load, self.limits(bin))
    }

    /// The same with one item in and another out.
    pub(super) fn excess_if(&self, bin: u32, comes: u32, goes: u32) -> u64 {
        let there = &self.bins[bin as usize];
        let mut load = there.load;
        let mut guests = there.guests;
        if comes != NONE {
            let one = &self.items[comes as usize];
            guests += u32::from(one.home != bin);
            (0..D).for_each(|k| load[k] += one.demand[k]);
        }
        if goes != NONE {
            let one = &self.items[goes as usize];
            guests -= u32::from(one.home != bin);
            (0..D).for_each(|k| load[k] -= one.demand[k]);
        }
        over(self.pool(bin), &load, self.limits_for(bin, guests))
    }

    fn shift(&mut self, item: u32, bin: u32) {
        let one = &self.items[item as usize];
        let from = self.of[item as usize];
        if from != NONE {
            let at = self.at[item as usize] as usize;
            let there = &mut self.bins[from as usize];
            there.members.swap_remove(at);
            if let Some(&moved) = there.members.get(at) {
                self.at[moved as usize] = index(at);
            }
            there.guests -= u32::from(one.home != from);
            (0..D).for_each(|k| there.load[k] -= one.demand[k]);
        }
        self.of[item as usize] = bin;
        if bin != NONE {
            let there = &mut self.bins[bin as usize];
            self.at[item as usize] = index(there.members.len());
            there.members.push(item);
            there.guests += u32::from(one.home != bin);
            (0..D).for_each(|k| there.load[k] += one.demand[k]);
        }
    }
}

/// Items and stamps are counted in 32 bits.
pub(super) fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

fn over<const D: usize>(pool: &Pool<D>, load: &[u64; D], limits: &[u64; D]) -> u64 {
    let mut sum = 0;
    for k in 0..D {
        if load[k] > limits[k] {
            // Never nothing: what does not fit does not fit.
            sum += pool.scale.share(k, load[k] - limits[k]).max(1);
        }
    }
    sum
}

/// How full the fullest dimension is, in shares of the admission limit.
pub(super) fn fullness<const D: usize>(pool: &Pool<D>, load: &[u64; D]) -> u64 {
    pool.scale.size(load)
}

/// The room that is left in each dimension squared and summed: small where the stamp is full.
pub(super) fn room<const D: usize>(pool: &Pool<D>, load: &[u64; D], more: &[u64; D]) -> u64 {
    (0..D)
        .map(|k| {
            let share = pool.scale.share(k, load[k] + more[k]);
            let left = (1_u64 << SHARE).saturating_sub(share);
            (left * left) >> SHARE
        })
        .sum()
}
