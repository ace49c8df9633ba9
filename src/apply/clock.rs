//! Time, as an argument: one that flows by itself, or one that is moved when everything waits.

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Whatever says what time it is.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Comes back at that time or later.
    async fn sleep_until(&self, at: Timestamp);

    /// Whether time passes by itself. A clock that has to be moved is moved only when nothing
    /// else can happen.
    fn flows(&self) -> bool;
}

/// A clock that is somebody else's: the simulated cloud's. Sleeping moves it.
pub struct DrivenClock<N, A> {
    now: N,
    advance: A,
}

impl<N, A> DrivenClock<N, A>
where
    N: Fn() -> Timestamp + Send + Sync,
    A: Fn(Timestamp) + Send + Sync,
{
    /// A clock that reads `now` and is moved to a later time by `advance`.
    pub fn new(now: N, advance: A) -> Self {
        Self { now, advance }
    }
}

#[async_trait]
impl<N, A> Clock for DrivenClock<N, A>
where
    N: Fn() -> Timestamp + Send + Sync,
    A: Fn(Timestamp) + Send + Sync,
{
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    async fn sleep_until(&self, at: Timestamp) {
        if at > self.now() {
            (self.advance)(at);
        }
    }

    fn flows(&self) -> bool {
        false
    }
}

/// The time so many seconds after another.
pub(super) fn later(at: Timestamp, seconds: u64) -> Timestamp {
    after(
        at,
        SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)),
    )
}

/// The time so long after another.
pub(super) fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
