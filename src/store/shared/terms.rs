//! How long a lock is held and when it may be taken over. Pure.

use std::time::Duration;

/// Blobs carry whole seconds, so that an age is known to one second only.
const RESOLUTION: Duration = Duration::from_secs(1);

/// How long a lock is held without a renewal, and what follows from it (reliability R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    lease: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
        }
    }
}

impl Terms {
    /// The shortest lease: an age is known to a second only.
    pub const SHORTEST: Duration = Duration::from_secs(2);

    /// The longest: a lock that a dead holder keeps for longer stops work that could go on.
    pub const LONGEST: Duration = Duration::from_hours(1);

    /// Terms with this lease, within [`Self::SHORTEST`] and [`Self::LONGEST`].
    pub fn of(lease: Duration) -> Self {
        Self {
            lease: lease.clamp(Self::SHORTEST, Self::LONGEST),
        }
    }

    /// How long the lock is held without a renewal: 60 s.
    pub fn lease(self) -> Duration {
        self.lease
    }

    /// After how long it is renewed: 15 s of 60.
    pub fn renew_every(self) -> Duration {
        self.lease / 4
    }

    /// How long a call may still take that was begun under the lock: 30 s of 60.
    pub fn longest_call(self) -> Duration {
        self.lease / 2
    }

    /// Up to which age of the last renewal something may be begun: what is left of the lease is
    /// then longer than the longest call, by 7.5 s of 60.
    pub fn may_begin_within(self) -> Duration {
        // What is left is a call's half of the lease, and an eighth.
        self.lease * 3 / 8
    }

    /// After which age of the last renewal somebody else may have the lock: 60 s, 30 s for a call
    /// that is still under way, 15 s to be sure, and 1 s because blobs carry whole seconds.
    pub fn lapses_after(self) -> Duration {
        self.lease + self.longest_call() + self.lease / 4 + RESOLUTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lapsed_lock_has_no_call_under_way() {
        for seconds in [2, 4, 60, 3_600] {
            let terms = Terms::of(Duration::from_secs(seconds));
            assert!(terms.renew_every() < terms.may_begin_within());
            let last_call_ends = terms.may_begin_within() + terms.longest_call();
            assert!(last_call_ends < terms.lease());
            assert!(last_call_ends + terms.lease() / 2 < terms.lapses_after());
        }
        assert_eq!(Terms::default().renew_every(), Duration::from_secs(15));
        assert_eq!(Terms::default().lapses_after(), Duration::from_secs(106));
        assert_eq!(Terms::of(Duration::ZERO).lease(), Terms::SHORTEST);
    }
}
