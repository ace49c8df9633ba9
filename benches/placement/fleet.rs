//! Fleets that have grown: filled first fit, a month old, with arrivals and departures.

use super::generator;
use super::generator::Dice;
use super::generator::Family;
use super::generator::Hash;
use super::generator::NONE;
use super::generator::REGIONS;
use super::generator::RESOURCES;
use super::generator::TENANTS;
use super::generator::Tenant;

/// Misses after which the oldest stamp of a pool is not looked at any more.
const MISSES: u32 = 200;

/// How a fleet came to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) tenants: u32,
    pub(crate) seed: u64,
    pub(crate) one_pool: bool,
    /// Arrivals, in thousandths.
    pub(crate) arrivals: u32,
    /// 3000 for a month of growth, 1000 for a quarter.
    pub(crate) growth: u64,
    /// Thousandths that leave stamps in the regions 3 and 4; 15 leave everywhere.
    pub(crate) contraction: u64,
}

/// A fleet and whom it must place now.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) tenants: Vec<Tenant>,
    /// The stamp of each tenant, or [`NONE`].
    pub(crate) homes: Vec<u32>,
    /// The pool of each stamp.
    pub(crate) stamps: Vec<u8>,
}

/// A stamp while the fleet is filled.
struct Open {
    load: [u64; RESOURCES],
    customers: Vec<u32>,
    misses: u32,
}

/// The history of the recorded fleets.
pub(crate) fn usual(tenants: u32, seed: u64) -> History {
    History {
        tenants,
        seed,
        one_pool: false,
        arrivals: 15,
        growth: 3_000,
        contraction: 15,
    }
}

/// The fleet after that history.
pub(crate) fn grown(history: History) -> Fleet {
    let n = history.tenants;
    let all = n + n * history.arrivals / 1_000;
    let mut tenants = generator::tenants(all, history.seed, Family::Mixed, history.one_pool);
    let (homes, stamps) = first_fit(history, &tenants);
    let dice = Dice(history.seed);
    let mut kept = Vec::with_capacity(tenants.len());
    let mut kept_homes = Vec::with_capacity(tenants.len());
    for (tenant, home) in tenants.drain(..).zip(homes) {
        let pool = stamps.get(home as usize).copied();
        if tenant.id >= n {
            kept.push(tenant);
            kept_homes.push(NONE);
        } else if let Some(tenant) = aged(history, dice, tenant, pool) {
            kept.push(tenant);
            kept_homes.push(home);
        }
    }
    Fleet {
        tenants: kept,
        homes: kept_homes,
        stamps,
    }
}

/// What a month does to a tenant; `None`: it leaves.
fn aged(history: History, dice: Dice, mut tenant: Tenant, pool: Option<u8>) -> Option<Tenant> {
    let i = u64::from(tenant.id);
    let shrinks = pool.is_some_and(|pool| matches!(pool / 2, 3 | 4));
    let leaving = if shrinks { history.contraction } else { 15 };
    if dice.below(i, 12, 1_000) < leaving {
        return None;
    }
    if dice.below(i, 13, 1_000) < 10 {
        tenant.demand = tenant.demand.map(|d| d * 2);
    }
    if dice.below(i, 15, 10_000) < 10 {
        tenant.tier = 0;
    }
    if dice.below(i, 16, 10_000) < 5 && !history.one_pool {
        tenant.mask = 0b11 << (2 * dice.below(i, 17, REGIONS as u64));
    }
    tenant.rule = generator::rule(Family::Mixed, tenant.tier, tenant.users, &tenant.demand);
    Some(tenant)
}

/// The pools that may take a tenant, in the order in which it tries them.
fn preference(dice: Dice, tenant: &Tenant) -> Vec<u8> {
    let cost = |pool: &u8| generator::COSTS[usize::from(pool & 1)];
    let mut pools: Vec<u8> = (0..32).filter(|p| tenant.mask >> p & 1 == 1).collect();
    pools.sort_by_key(cost);
    let turn = dice.below(u64::from(tenant.id), 14, pools.len() as u64);
    pools.rotate_left(turn as usize);
    pools.sort_by_key(cost);
    pools
}

fn first_fit(history: History, tenants: &[Tenant]) -> (Vec<u32>, Vec<u8>) {
    let dice = Dice(history.seed);
    let limits = generator::admission();
    let mut order: Vec<u32> = (0..history.tenants).collect();
    order.sort_by_key(|&i| (dice.roll(u64::from(i), 11), i));
    let mut homes = vec![NONE; tenants.len()];
    let mut stamps: Vec<Open> = Vec::new();
    let mut of_pool: Vec<Vec<usize>> = vec![Vec::new(); 2 * REGIONS];
    let mut heads = vec![0; 2 * REGIONS];
    let mut pools = Vec::new();
    for i in order {
        let tenant = &tenants[i as usize];
        let young = |d: u64| (d * history.growth / (history.growth + tenant.growth)).max(1);
        let demand = tenant.demand.map(young);
        if generator::rule(Family::Mixed, tenant.tier, tenant.users, &demand) != 0 {
            continue;
        }
        let preference = preference(dice, tenant);
        let mut found = None;
        'search: for &pool in &preference {
            let pool = usize::from(pool);
            for at in heads[pool]..of_pool[pool].len() {
                let index = of_pool[pool][at];
                let stamp = &mut stamps[index];
                let room = (0..RESOURCES).all(|k| stamp.load[k] + demand[k] <= limits[k]);
                let crowded = stamp.customers.len() as u64 >= TENANTS;
                if room && !crowded && !stamp.customers.contains(&tenant.customer) {
                    found = Some(index);
                    break 'search;
                }
                stamp.misses += 1;
                if at == heads[pool] && stamp.misses > MISSES {
                    heads[pool] += 1;
                }
            }
        }
        let index = found.unwrap_or_else(|| {
            of_pool[usize::from(preference[0])].push(stamps.len());
            pools.push(preference[0]);
            stamps.push(Open {
                load: [0; RESOURCES],
                customers: Vec::new(),
                misses: 0,
            });
            stamps.len() - 1
        });
        let stamp = &mut stamps[index];
        for (load, amount) in stamp.load.iter_mut().zip(demand) {
            *load += amount;
        }
        stamp.customers.push(tenant.customer);
        homes[i as usize] = index as u32;
    }
    (homes, pools)
}

/// (history, stamps, checksum) at seed 42.
fn recorded() -> [(History, usize, u64); 4] {
    let one_pool = History {
        one_pool: true,
        ..usual(1_000, 42)
    };
    let contraction = History {
        contraction: 400,
        ..usual(10_000, 42)
    };
    [
        (one_pool, 18, 0xb500_6d26_21ab_cb0a),
        (usual(10_000, 42), 180, 0xc78a_83af_b259_0708),
        (contraction, 180, 0x0a93_9490_bb37_af86),
        (usual(100_000, 42), 1_726, 0x24ca_19d9_fa54_3019),
    ]
}

/// What differs from the recorded fleets; empty where nothing does.
pub(crate) fn checksums() -> Vec<String> {
    let mut wrong = Vec::new();
    for (history, stamps, expected) in recorded() {
        let fleet = grown(history);
        let mut hash = Hash::new();
        for (tenant, &home) in fleet.tenants.iter().zip(&fleet.homes) {
            hash.add(u64::from(tenant.id));
            hash.add(u64::from(home));
            tenant.demand.iter().for_each(|&d| hash.add(d));
            hash.add(u64::from(tenant.mask));
            hash.add(u64::from(tenant.rule));
        }
        if (fleet.stamps.len(), hash.value()) != (stamps, expected) {
            let found = hash.value();
            wrong.push(format!("{history:?}: {found:016x}, not {expected:016x}"));
        }
    }
    wrong
}

/// A fleet over months: churn of 1.5 % each way, and growth; no spikes.
pub(crate) struct Trajectory {
    dice: Dice,
    start: u32,
    each: u32,
    tenants: Vec<Tenant>,
}

impl Trajectory {
    /// The fleet of `start` tenants and what `months` bring.
    pub(crate) fn new(start: u32, seed: u64, months: u32) -> Self {
        let each = start * 15 / 1_000;
        Self {
            dice: Dice(seed),
            start,
            each,
            tenants: generator::tenants(start + months * each, seed, Family::Mixed, false),
        }
    }

    /// Who is there in the month, zero first. Month `m` grows a tenant's demand by what is left
    /// of its quarter's growth since it came.
    pub(crate) fn month(&self, month: u32) -> Vec<Tenant> {
        let arrives = |id: u32| match id.checked_sub(self.start) {
            Some(late) => late / self.each + 1,
            None => 0,
        };
        let stays = |id: u32| {
            let leaves = |m: u32| {
                let dice = Dice(self.dice.0 ^ (u64::from(m) << 32));
                dice.below(u64::from(id), 12, 1_000) < 15
            };
            !(arrives(id) + 1..=month).any(leaves)
        };
        self.tenants
            .iter()
            .filter(|tenant| arrives(tenant.id) <= month && stays(tenant.id))
            .map(|tenant| {
                let age = u64::from(month - arrives(tenant.id));
                let grown = |d: u64| d * (3_000 + age * tenant.growth) / (3_000 + tenant.growth);
                let demand = tenant.demand.map(|d| grown(d).max(1));
                Tenant {
                    demand,
                    rule: generator::rule(Family::Mixed, tenant.tier, tenant.users, &demand),
                    ..tenant.clone()
                }
            })
            .collect()
    }
}

/// Where the tenants of month zero live: first fit, as the recorded fleets are filled.
pub(crate) fn settled(tenants: u32, seed: u64) -> (Vec<u32>, Vec<u8>) {
    let all = generator::tenants(tenants, seed, Family::Mixed, false);
    first_fit(usual(tenants, seed), &all)
}
