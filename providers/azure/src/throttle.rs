//! How many calls may go out: a token bucket per place and class, and how long a batch takes. Pure.
//!
//! Resource Manager counts per subscription, principal and class, refills while one waits, and
//! prolongs the penalty of a caller that tries again too early. So the bucket is kept on this side,
//! a 429 stops its whole bucket, and nobody else finds out by failing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::wire::Method;

/// The classes that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// GET, and questions asked by POST.
    Reads,
    /// PUT, PATCH, POST.
    Writes,
    /// DELETE.
    Deletes,
    /// Resource Graph: 15 queries in 5 s for each user, wherever they look.
    Graph,
    /// Log Analytics: 200 in 30 s.
    Logs,
    /// The registry and blobs: their own account's limits.
    Data,
}

impl Class {
    /// The class of a call to Resource Manager.
    pub const fn of(method: Method) -> Self {
        match method {
            Method::Get => Self::Reads,
            Method::Put | Method::Patch | Method::Post => Self::Writes,
            Method::Delete => Self::Deletes,
        }
    }
}

/// How much may go out at once, and how fast it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls at once.
    pub burst: u32,
    /// Thousandths of a call per second.
    pub per_kilosecond: u32,
}

/// The rate of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates(BTreeMap<Class, Rate>);

impl Default for Rates {
    /// What Microsoft documents for one principal, subscription and region (azure.md 4.5).
    fn default() -> Self {
        let rate = |burst, per_second: u32| Rate {
            burst,
            per_kilosecond: per_second * 1000,
        };
        Self(BTreeMap::from([
            (Class::Reads, rate(250, 25)),
            (Class::Writes, rate(200, 10)),
            (Class::Deletes, rate(200, 10)),
            (Class::Graph, rate(15, 3)),
            (Class::Logs, rate(40, 6)),
            (Class::Data, rate(400, 200)),
        ]))
    }
}

impl Rates {
    /// The same rates with this one instead.
    #[must_use]
    pub fn with(mut self, class: Class, rate: Rate) -> Self {
        self.0.insert(class, rate);
        self
    }

    /// The rate of `class`.
    pub fn of(&self, class: Class) -> Rate {
        self.0.get(&class).copied().unwrap_or(Rate {
            burst: 1,
            per_kilosecond: 1000,
        })
    }

    /// The shortest time in which so many calls of one class in one place can go out.
    pub fn eta(&self, class: Class, calls: u64) -> Duration {
        let rate = self.of(class);
        let waiting = calls.saturating_sub(u64::from(rate.burst));
        Duration::from_millis(
            waiting
                .saturating_mul(1_000_000)
                .div_ceil(u64::from(rate.per_kilosecond.max(1))),
        )
    }
}

/// One call is so many of a bucket's units, which are thousandths of thousandths.
const CALL: i128 = 1_000_000;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What is left; negative while calls wait in line.
    level: i128,
    at: Timestamp,
    /// Nothing goes out before.
    closed_until: Option<Timestamp>,
}

/// The buckets of one process.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    rates: Rates,
    buckets: BTreeMap<(String, Class), Bucket>,
    refused: u64,
    let_out: u64,
}

impl Throttle {
    /// Full buckets of these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            ..Self::default()
        }
    }

    /// Takes a place in line for one call; how long to wait before it goes out.
    pub fn take(&mut self, place: &str, class: Class, now: Timestamp) -> Duration {
        let rate = self.rates.of(class);
        let full = i128::from(rate.burst) * CALL;
        let bucket = self
            .buckets
            .entry((place.to_owned(), class))
            .or_insert(Bucket {
                level: full,
                at: now,
                closed_until: None,
            });
        let speed = i128::from(rate.per_kilosecond.max(1));
        let start = bucket.closed_until.map_or(now, |until| until.max(now));
        let passed = start.as_millisecond() - bucket.at.as_millisecond();
        if passed > 0 {
            bucket.level = full.min(bucket.level + i128::from(passed) * speed);
            bucket.at = start;
        }
        bucket.level -= CALL;
        self.let_out += 1;
        let missing = (-bucket.level).max(0);
        let line = u64::try_from((missing + speed - 1) / speed).unwrap_or(u64::MAX);
        let closed = start.as_millisecond() - now.as_millisecond();
        Duration::from_millis(line.saturating_add(u64::try_from(closed).unwrap_or(0)))
    }

    /// The cloud refused a call for `wait` seconds: nothing of this bucket goes out before, and
    /// what it holds afterwards is one call, so that those who waited do not come at once.
    pub fn refused(&mut self, place: &str, class: Class, now: Timestamp, wait: u32) {
        self.refused += 1;
        let until = now + jiff::SignedDuration::from_secs(i64::from(wait));
        let key = (place.to_owned(), class);
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            level: CALL,
            at: now,
            closed_until: None,
        });
        bucket.level = bucket.level.min(CALL);
        bucket.at = bucket.at.max(until);
        bucket.closed_until = Some(bucket.closed_until.map_or(until, |it| it.max(until)));
    }

    /// How many calls went out, and how many of them the cloud refused.
    pub fn counts(&self) -> (u64, u64) {
        (self.let_out, self.refused)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn writes(burst: u32, per_second: u32) -> Rates {
        Rates::default().with(
            Class::Writes,
            Rate {
                burst,
                per_kilosecond: per_second * 1000,
            },
        )
    }

    #[test]
    fn five_hundred_steps_at_twelve_a_second() {
        let rates = writes(200, 12);
        let mut throttle = Throttle::new(rates.clone());
        let waits = (0..500).map(|_| throttle.take("sub", Class::Writes, at(0)));
        let last = waits.max().unwrap();
        assert_eq!(last, rates.eta(Class::Writes, 500));
        let ideal = Duration::from_secs(300 / 12);
        assert!(last <= ideal + ideal / 10, "{last:?}");
        assert!(last >= ideal, "{last:?}");
    }

    #[test]
    fn places_and_classes_are_counted_apart() {
        let mut throttle = Throttle::new(writes(1, 1));
        assert_eq!(throttle.take("a", Class::Writes, at(0)), Duration::ZERO);
        assert_eq!(throttle.take("b", Class::Writes, at(0)), Duration::ZERO);
        assert_eq!(throttle.take("a", Class::Reads, at(0)), Duration::ZERO);
        assert_eq!(
            throttle.take("a", Class::Writes, at(0)),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn after_a_refusal_nothing_goes_out_early_and_nothing_storms() {
        let mut throttle = Throttle::new(writes(200, 10));
        throttle.take("sub", Class::Writes, at(0));
        throttle.refused("sub", Class::Writes, at(1000), 17);
        let waits: Vec<Duration> = (0..11)
            .map(|_| throttle.take("sub", Class::Writes, at(2000)))
            .collect();
        assert_eq!(waits[0], Duration::from_secs(16));
        assert!(waits.iter().all(|wait| *wait >= Duration::from_secs(16)));
        assert_eq!(waits[10], Duration::from_secs(17));
        assert_eq!(throttle.counts(), (12, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// In no window does more go out than the burst and what the window brings back.
        #[test]
        fn never_more_than_the_rate(
            steps in prop::collection::vec(0_i64..400, 1..200),
            burst in 1_u32..20,
            rate in 1_u32..20,
        ) {
            let mut throttle = Throttle::new(writes(burst, rate));
            let mut now = 0;
            let mut out = Vec::new();
            for step in steps {
                now += step;
                let wait = throttle.take("sub", Class::Writes, at(now));
                out.push(now + i64::try_from(wait.as_millis()).unwrap());
            }
            for (i, from) in out.iter().enumerate() {
                for (j, to) in out.iter().enumerate().skip(i) {
                    let window = f64::from(u32::try_from(to - from).unwrap()) / 1000.0;
                    let most = f64::from(burst) + window * f64::from(rate) + 1.0;
                    prop_assert!(f64::from(u32::try_from(j - i).unwrap()) <= most);
                }
            }
        }
    }
}
