//! The small suite: 110 instances of one pool, nine of them with a planted optimum.

use super::generator;
use super::generator::Dice;
use super::generator::Family;
use super::generator::RESOURCES;
use super::generator::TENANTS;
use super::generator::Tenant;

/// One instance of the suite.
#[derive(Clone, Debug)]
pub(crate) struct Small {
    #[expect(dead_code, reason = "shown when an instance is printed for debugging")]
    pub(crate) name: String,
    pub(crate) planted: bool,
    pub(crate) tenants: Vec<Tenant>,
}

/// All of them.
pub(crate) fn all() -> Vec<Small> {
    let mut suite = Vec::new();
    for family in [
        Family::Mixed,
        Family::Lumpy,
        Family::Complementary,
        Family::Affinity,
    ] {
        plain(&mut suite, family, &[200, 500, 1_000]);
    }
    plain(&mut suite, Family::Blocky, &[40, 80, 150, 300]);
    for family in [Family::Mixed, Family::Lumpy, Family::Complementary] {
        for n in [200, 500, 1_000] {
            for seed in [101, 102] {
                critical(&mut suite, family, n, seed);
            }
        }
    }
    for (stamps, each) in [(20, 10), (20, 25), (10, 50)] {
        for fill in [970, 990, 1_000] {
            suite.push(Small {
                name: format!("planted {stamps}x{each} {fill}"),
                planted: true,
                tenants: planted(stamps, each, fill, 7),
            });
        }
    }
    suite
}

fn plain(suite: &mut Vec<Small>, family: Family, sizes: &[u32]) {
    for &n in sizes {
        for seed in 1..=3 {
            suite.push(Small {
                name: format!("{family:?} {n} {seed}"),
                planted: false,
                tenants: generator::tenants(n, seed, family, true),
            });
        }
    }
}

/// Prefixes whose lower bound is nearly full.
fn critical(suite: &mut Vec<Small>, family: Family, n: u32, seed: u64) {
    let tenants = generator::tenants(n, seed, family, true);
    let fills = fills(&tenants);
    for (low, high) in [(975, 985), (985, 992), (992, 997)] {
        let longest = (n as usize / 2..=n as usize)
            .rev()
            .find(|&length| (low..high).contains(&fills[length]));
        if let Some(length) = longest {
            suite.push(Small {
                name: format!("critical {family:?} {n} {seed} {low}"),
                planted: false,
                tenants: tenants[..length].to_vec(),
            });
        }
    }
}

/// For each prefix, how full its lower bound of stamps is, in thousandths.
fn fills(tenants: &[Tenant]) -> Vec<u64> {
    let limits = generator::admission();
    let mut sums = [0; RESOURCES];
    let mut count = 0;
    let mut fills = vec![0];
    for tenant in tenants {
        if tenant.rule == 0 {
            count += 1;
            for (sum, amount) in sums.iter_mut().zip(tenant.demand) {
                *sum += amount;
            }
        }
        let shares = (0..RESOURCES).map(|k| 1_000 * sums[k] / limits[k]);
        let most = shares.fold(1_000 * count / TENANTS, u64::max);
        fills.push(most / most.div_ceil(1_000).max(1));
    }
    fills
}

/// Tenants that fill `stamps` stamps to `fill` thousandths in every resource.
pub(crate) fn planted(stamps: u64, each: u64, fill: u64, seed: u64) -> Vec<Tenant> {
    let dice = Dice(seed);
    let targets = generator::admission().map(|u| u * fill / 1_000);
    let mut demands = Vec::new();
    for b in 0..stamps {
        let weight = |j: u64, k: usize| {
            let q = 1_000 * b + j;
            let v = dice.below(q, 50, 1_000);
            20 + 2 * (v * v * v / 1_000_000) + dice.below(q, 40 + k as u64, 1_000) / 2
        };
        let sums: [u64; RESOURCES] = std::array::from_fn(|k| (0..each).map(|j| weight(j, k)).sum());
        let mut rest = targets;
        for j in 0..each {
            let demand: [u64; RESOURCES] = std::array::from_fn(|k| {
                let share = if j + 1 == each {
                    rest[k]
                } else {
                    targets[k] * weight(j, k) / sums[k]
                };
                share.max(1)
            });
            for (left, amount) in rest.iter_mut().zip(demand) {
                *left = left.saturating_sub(amount);
            }
            demands.push(demand);
        }
    }
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|&index| (dice.roll(index as u64, 60), index));
    order
        .into_iter()
        .zip(0..)
        .map(|(index, id)| Tenant {
            id,
            customer: id,
            users: 1,
            tier: 2,
            mask: 1,
            demand: demands[index],
            growth: 0,
            rule: 0,
        })
        .collect()
}
