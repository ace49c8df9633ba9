//! Time as an argument: what it is now, and waiting for it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// A clock. The command line has a real one, tests have one that they move.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, time: Duration);
}
