//! The instances that placement is measured on: the same bits for the same seed, everywhere.
//!
//! Every division floors and every number is an integer, so that a second implementation gives
//! the same fleets. [`checksums`] proves it before anything is measured.

/// Resources of a tenant: CPU, memory, storage, DTU, requests.
pub(crate) const RESOURCES: usize = 5;

/// Regions; each has a pool without and one with zones.
pub(crate) const REGIONS: usize = 8;

/// What a stamp has of each resource: mCPU, MiB, GiB, hundredths of a DTU, thousands a day.
pub(crate) const CAPACITY: [u64; RESOURCES] = [64_000, 262_144, 8_192, 300_000, 16_000];

/// Tenants that a stamp takes.
pub(crate) const TENANTS: u64 = 100;

/// What a stamp costs without and with zones.
pub(crate) const COSTS: [u64; 2] = [100, 115];

/// No stamp, no customer.
pub(crate) const NONE: u32 = u32::MAX;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const WHOLE: u128 = 1 << 32;

/// (weight in thousandths, geography) of each region.
const REGION: [(u64, u8); REGIONS] = [
    (220, 0),
    (200, 1),
    (130, 0),
    (120, 1),
    (110, 0),
    (90, 2),
    (70, 1),
    (60, 2),
];

const BASE: [u64; RESOURCES] = [280, 1_120, 60, 1_310, 40];
const PER_USER: [u64; RESOURCES] = [15_300, 61_000, 1_330, 71_500, 2_450];

/// (weight in thousandths, thousandths of each resource).
const ARCHETYPES: [(u64, [u64; RESOURCES]); 5] = [
    (300, [1_000, 1_000, 1_000, 1_000, 1_000]),
    (200, [1_900, 700, 450, 700, 1_500]),
    (150, [800, 2_100, 600, 600, 900]),
    (150, [450, 600, 2_400, 800, 400]),
    (200, [700, 900, 1_000, 1_900, 800]),
];

const USERS: [(u64, u64); 11] = [
    (0, 1),
    (100_000, 3),
    (250_000, 8),
    (500_000, 20),
    (750_000, 52),
    (900_000, 120),
    (970_000, 250),
    (990_000, 470),
    (997_000, 1_100),
    (999_500, 4_000),
    (1_000_000, 20_000),
];
const ACTIVITY: [(u64, u64); 7] = [
    (0, 150),
    (250_000, 520),
    (500_000, 850),
    (750_000, 1_350),
    (950_000, 2_700),
    (990_000, 5_000),
    (1_000_000, 12_000),
];
const GROWTH: [(u64, u64); 5] = [
    (0, 0),
    (300_000, 0),
    (700_000, 60),
    (900_000, 150),
    (1_000_000, 600),
];

/// The pair of resources that a blocky tenant uses up, by archetype.
const HOT: [(usize, usize); 5] = [(1, 3), (1, 1), (3, 3), (0, 1), (0, 3)];

/// What kind of tenants an instance has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Mixed = 0,
    CpuBound = 1,
    Tiny = 2,
    Lumpy = 3,
    Complementary = 4,
    Blocky = 5,
    Affinity = 7,
}

/// A tenant of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: u32,
    /// Tenants of one customer never share a stamp. The index of its first tenant.
    pub(crate) customer: u32,
    pub(crate) users: u64,
    /// 0 enterprise, 1 standard, 2 basic.
    pub(crate) tier: u8,
    /// The pools that may take it, as bits.
    pub(crate) mask: u32,
    pub(crate) demand: [u64; RESOURCES],
    /// Thousandths in 90 days.
    pub(crate) growth: u64,
    /// The rule that gives it a stamp of its own; 0: it shares.
    pub(crate) rule: u8,
}

/// The random numbers of one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// 64 random bits for the tenant `i` and the purpose `field`.
    pub(crate) fn roll(self, i: u64, field: u64) -> u64 {
        let step = i.wrapping_mul(64).wrapping_add(field + 1);
        let mut z = self.0.wrapping_add(GOLDEN.wrapping_mul(step));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(self, i: u64, field: u64, n: u64) -> u64 {
        ((self.roll(i, field) >> 32) * n) >> 32
    }

    fn quantile(self, table: &[(u64, u64)], i: u64, field: u64) -> u64 {
        let x = u128::from(self.roll(i, field) >> 32) * 1_000_000;
        for pair in table.windows(2) {
            let [(p0, v0), (p1, v1)] = [pair[0], pair[1]];
            if x < u128::from(p1) * WHOLE {
                let along = x - u128::from(p0) * WHOLE;
                let rise = u128::from(v1 - v0) * along / (u128::from(p1 - p0) * WHOLE);
                return v0 + rise as u64;
            }
        }
        table[table.len() - 1].1
    }
}

/// The largest amounts that a stamp may carry and stay below 85 %.
pub(crate) fn admission() -> [u64; RESOURCES] {
    CAPACITY.map(|c| (85 * c).div_ceil(100) - 1)
}

/// The largest amounts that a stamp may carry and stay below 95 %.
pub(crate) fn deny() -> [u64; RESOURCES] {
    CAPACITY.map(|c| (95 * c).div_ceil(100) - 1)
}

/// Whether tenants of the family come as they are, without R1 and R2.
fn is_synthetic(family: Family) -> bool {
    matches!(
        family,
        Family::Lumpy | Family::Complementary | Family::Blocky
    )
}

/// The rule that gives a tenant a stamp of its own.
pub(crate) fn rule(family: Family, tier: u8, users: u64, demand: &[u64; RESOURCES]) -> u8 {
    let limits = admission();
    if !is_synthetic(family) {
        if tier == 0 {
            return 1;
        }
        if users > 500 {
            return 2;
        }
    }
    if demand[0] * 100 > CAPACITY[0] * 20 {
        3
    } else if demand[4] > 1_000 {
        4
    } else if demand[2] > 500 {
        5
    } else if (0..RESOURCES).any(|k| demand[k] > limits[k]) {
        6
    } else {
        0
    }
}

/// `n` tenants of the family over all pools, or over a single one.
pub(crate) fn tenants(n: u32, seed: u64, family: Family, one_pool: bool) -> Vec<Tenant> {
    let dice = Dice(seed);
    let mut tenants: Vec<Tenant> = (0..n).map(|i| tenant(dice, i, family, one_pool)).collect();
    customers(dice, &mut tenants, family);
    tenants
}

fn tenant(dice: Dice, id: u32, family: Family, one_pool: bool) -> Tenant {
    let i = u64::from(id);
    let users = dice.quantile(&USERS, i, 0);
    let activity = dice.quantile(&ACTIVITY, i, 1);
    let tier = match dice.below(i, 2, 1_000_000) {
        t if t < 5_000 || users > 2_000 => 0,
        t if t < 300_000 => 1,
        _ => 2,
    };
    let archetype = weighted(dice.below(i, 3, 1_000), ARCHETYPES.map(|a| a.0));
    let demand = demand(dice, i, family, users, activity, archetype);
    let mask = if one_pool { 1 } else { mask(dice, i, tier) };
    Tenant {
        id,
        customer: id,
        users,
        tier,
        mask,
        demand,
        growth: dice.quantile(&GROWTH, i, 7),
        rule: rule(family, tier, users, &demand),
    }
}

fn weighted<const N: usize>(x: u64, weights: [u64; N]) -> usize {
    let mut sum = 0;
    for (at, weight) in weights.into_iter().enumerate() {
        sum += weight;
        if x < sum {
            return at;
        }
    }
    N - 1
}

fn mask(dice: Dice, i: u64, tier: u8) -> u32 {
    let region = weighted(dice.below(i, 4, 1_000), REGION.map(|r| r.0));
    let reach = dice.below(i, 5, 1_000);
    let zones_only = tier == 0 || dice.below(i, 6, 1_000) < 300;
    let pools = if zones_only { 0b10 } else { 0b11 };
    (0..REGIONS)
        .filter(|&r| match reach {
            0..750 => r == region,
            750..930 => REGION[r].1 == REGION[region].1,
            _ => true,
        })
        .fold(0, |mask, r| mask | pools << (2 * r))
}

fn demand(
    dice: Dice,
    i: u64,
    family: Family,
    users: u64,
    activity: u64,
    archetype: usize,
) -> [u64; RESOURCES] {
    let shape = ARCHETYPES[archetype].1;
    let noise = |k: usize| 600 + dice.below(i, 8 + k as u64, 801);
    std::array::from_fn(|k| {
        let capped = |v: u64| match k {
            0 => v.min(12_800),
            2 => v.min(500),
            4 => v.min(1_000),
            _ => v,
        };
        let plain = || {
            let per_user = PER_USER[k] * users * activity / 1_000_000;
            (BASE[k] + per_user) * shape[k] / 1_000 * noise(k) / 1_000
        };
        let amount = match family {
            Family::Mixed | Family::Affinity => plain(),
            Family::CpuBound if k == 0 => plain(),
            Family::CpuBound => plain() * 6 / 10,
            Family::Tiny => plain() / 4,
            Family::Lumpy => {
                let share = 30 + dice.below(i, 20, 171);
                let v = CAPACITY[k] * share / 1_000 * shape[k] / 2_400;
                capped(v * noise(k) / 1_400)
            }
            Family::Complementary => {
                let share = 20 + dice.below(i, 20, 161);
                let hot = archetype % 2;
                let weight = match k {
                    _ if k == hot => 1_000,
                    0 | 1 => 150,
                    _ => 100,
                };
                let v = CAPACITY[k] * share / 1_000 * weight / 1_000;
                capped(v * noise(k) / 1_400)
            }
            Family::Blocky => {
                let share = 120 + dice.below(i, 20, 331);
                let (first, second) = HOT[archetype];
                let weight = if k == first {
                    1_000
                } else if k == second {
                    400 + dice.below(i, 21, 601)
                } else {
                    60 + dice.below(i, 22 + k as u64, 140)
                };
                capped(CAPACITY[k] * share / 1_000 * weight / 1_000)
            }
        };
        amount.max(1)
    })
}

/// Gives neighbours to the same customer.
fn customers(dice: Dice, tenants: &mut [Tenant], family: Family) {
    let (a, b) = match family {
        Family::Affinity => (700, 850),
        _ => (950, 985),
    };
    let mut first = 0;
    while first < tenants.len() {
        let i = first as u64;
        let q = dice.below(i, 30, 1_000);
        let run = if q < a {
            1
        } else if q < b {
            2
        } else if q < (b + 1_000) / 2 {
            3 + dice.below(i, 31, 2)
        } else {
            5 + dice.below(i, 31, 4)
        };
        let end = tenants.len().min(first + run as usize);
        for tenant in &mut tenants[first..end] {
            tenant.customer = first as u32;
        }
        first = end;
    }
}

/// Fowler, Noll and Vo's hash over whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    pub(crate) fn add(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0100_0000_01B3);
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }
}

/// The checksum of an instance.
pub(crate) fn checksum(tenants: &[Tenant]) -> u64 {
    let mut hash = Hash::new();
    for tenant in tenants {
        hash.add(u64::from(tenant.id));
        hash.add(u64::from(tenant.customer));
        hash.add(tenant.users);
        hash.add(u64::from(tenant.tier));
        hash.add(u64::from(tenant.mask));
        tenant.demand.iter().for_each(|&d| hash.add(d));
        hash.add(tenant.growth);
        hash.add(u64::from(tenant.rule));
    }
    hash.value()
}

/// (tenants, family, one pool, checksum) at seed 42.
const INSTANCES: [(u32, Family, bool, u64); 11] = [
    (1_000, Family::Mixed, false, 0x7bcf_aaf4_999a_e1f9),
    (10_000, Family::Mixed, false, 0x5e49_74bf_964c_df01),
    (100_000, Family::Mixed, false, 0x3e2d_42f7_c83c_a737),
    (1_000_000, Family::Mixed, false, 0xd14e_85c1_44e6_38f2),
    (100_000, Family::CpuBound, false, 0x67f1_1c00_9d29_1790),
    (100_000, Family::Tiny, false, 0xe3d8_068f_68c0_dde5),
    (100_000, Family::Affinity, false, 0x2394_2352_9da5_80b6),
    (1_000, Family::Mixed, true, 0x6af4_38af_eecc_9ec8),
    (1_000, Family::Lumpy, true, 0x8f76_64d0_0c17_fdec),
    (1_000, Family::Complementary, true, 0x4ae8_bbe1_81d6_9070),
    (300, Family::Blocky, true, 0x580c_9ea3_d3ab_4d5c),
];

/// What differs from the recorded checksums; empty where nothing does.
pub(crate) fn checksums() -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, family, one_pool, expected) in INSTANCES {
        let found = checksum(&tenants(n, 42, family, one_pool));
        if found != expected {
            wrong.push(format!("{n} {family:?}: {found:016x}, not {expected:016x}"));
        }
    }
    wrong
}
