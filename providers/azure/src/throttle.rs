//! How many calls may go out: a token bucket per place and class, and how long a batch takes. Pure.
//!
//! Resource Manager counts per subscription, principal and class, refills while one waits, and
//! prolongs the penalty of a caller that tries again too early. So the bucket is kept on this side,
//! a 429 stops its whole bucket, and nobody else finds out by failing.
//!
//! Others share the cloud's bucket. What an answer says is left of it corrects this side's, and
//! each refusal slows it down; it speeds up again with every call that is let in.

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
    /// Calls that were let out and have no answer yet.
    out: u32,
    /// How much of the rate is used, in thousandths.
    pace: u32,
}

/// The whole of a rate.
const FULL_PACE: u32 = 1000;
/// The slowest that refusals make a bucket.
const SLOWEST_PACE: u32 = 100;

impl Bucket {
    fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            level: i128::from(rate.burst) * CALL,
            at: now,
            closed_until: None,
            out: 0,
            pace: FULL_PACE,
        }
    }

    /// Units that come back in a millisecond.
    fn speed(&self, rate: Rate) -> i128 {
        let whole = i128::from(rate.per_kilosecond) * i128::from(self.pace);
        (whole / i128::from(FULL_PACE)).max(1)
    }

    /// Counts what came back until `to`.
    fn refill(&mut self, rate: Rate, to: Timestamp) {
        let passed = to.as_millisecond() - self.at.as_millisecond();
        if passed > 0 {
            let full = i128::from(rate.burst) * CALL;
            self.level = full.min(self.level + i128::from(passed) * self.speed(rate));
            self.at = to;
        }
    }
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

    fn bucket(&mut self, place: &str, class: Class, now: Timestamp) -> (&mut Bucket, Rate) {
        let rate = self.rates.of(class);
        let key = (place.to_owned(), class);
        let bucket = self.buckets.entry(key);
        (bucket.or_insert_with(|| Bucket::full(rate, now)), rate)
    }

    /// Takes a place in line for one call; how long to wait before it goes out. [`Self::landed`]
    /// is told when it is over.
    pub fn take(&mut self, place: &str, class: Class, now: Timestamp) -> Duration {
        let (bucket, rate) = self.bucket(place, class, now);
        let start = bucket.closed_until.map_or(now, |until| until.max(now));
        bucket.refill(rate, start);
        bucket.level -= CALL;
        bucket.out += 1;
        let speed = bucket.speed(rate);
        let missing = (-bucket.level).max(0);
        let line = u64::try_from((missing + speed - 1) / speed).unwrap_or(u64::MAX);
        let closed = start.as_millisecond() - now.as_millisecond();
        self.let_out += 1;
        Duration::from_millis(line.saturating_add(u64::try_from(closed).unwrap_or(0)))
    }

    /// A call that was let out has its answer, or was given up.
    pub fn landed(&mut self, place: &str, class: Class, now: Timestamp) {
        let (bucket, _) = self.bucket(place, class, now);
        bucket.out = bucket.out.saturating_sub(1);
    }

    /// The cloud let a call in, and where it said so, with `left` calls left in its own bucket. Of
    /// these, the calls that are under way or in line here will take theirs.
    pub fn let_in(&mut self, place: &str, class: Class, now: Timestamp, left: Option<u32>) {
        let (bucket, rate) = self.bucket(place, class, now);
        bucket.pace = FULL_PACE.min(bucket.pace + 1);
        if let Some(left) = left {
            bucket.refill(rate, now);
            let free = i128::from(left) - i128::from(bucket.out);
            bucket.level = bucket.level.min(free * CALL);
        }
    }

    /// The cloud refused a call for `wait` seconds: nothing of this bucket goes out before, what
    /// it holds afterwards is one call, so that those who waited do not come at once, and it comes
    /// back more slowly, because somebody else takes a part. Refusals of calls that were under way
    /// together count as one.
    pub fn refused(&mut self, place: &str, class: Class, now: Timestamp, wait: u32) {
        self.refused += 1;
        let until = now + jiff::SignedDuration::from_secs(i64::from(wait));
        let (bucket, _) = self.bucket(place, class, now);
        if bucket.closed_until.is_none_or(|it| it <= now) {
            bucket.pace = SLOWEST_PACE.max(bucket.pace * 3 / 4);
        }
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
        // Ten more at three quarters of the rate.
        assert_eq!(waits[10], Duration::from_millis(16_000 + 1_334));
        assert_eq!(throttle.counts(), (12, 1));
    }

    #[test]
    fn what_the_cloud_says_is_left_is_all_there_is() {
        let mut throttle = Throttle::new(writes(200, 10));
        for _ in 0..3 {
            throttle.take("sub", Class::Writes, at(0));
        }
        throttle.landed("sub", Class::Writes, at(0));
        // Somebody else has taken nearly all. Two of the four are for the calls under way.
        throttle.let_in("sub", Class::Writes, at(0), Some(4));
        let waits: Vec<Duration> = (0..4)
            .map(|_| throttle.take("sub", Class::Writes, at(0)))
            .collect();
        let millis = [0, 0, 100, 200].map(Duration::from_millis);
        assert_eq!(waits, millis);
    }

    #[test]
    fn refusals_slow_a_bucket_down_and_success_speeds_it_up() {
        let mut throttle = Throttle::new(writes(1, 10));
        let gap = |throttle: &mut Throttle, now: i64| {
            let first = throttle.take("sub", Class::Writes, at(now));
            throttle
                .take("sub", Class::Writes, at(now))
                .saturating_sub(first)
        };
        assert_eq!(gap(&mut throttle, 0), Duration::from_millis(100));
        // Refused together: once.
        throttle.refused("sub", Class::Writes, at(1_000), 1);
        throttle.refused("sub", Class::Writes, at(1_000), 1);
        assert_eq!(gap(&mut throttle, 60_000).as_millis(), 134);
        for _ in 0..250 {
            throttle.let_in("sub", Class::Writes, at(120_000), None);
        }
        assert_eq!(gap(&mut throttle, 120_000), Duration::from_millis(100));
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
