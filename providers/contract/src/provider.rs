//! The trait that every cloud implements.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Address;
use crate::Fault;
use crate::Forecast;
use crate::Needs;
use crate::Observation;
use crate::Obstacle;
use crate::Operation;
use crate::Outcome;
use crate::Query;
use crate::Resource;
use crate::Scope;
use crate::Ticket;
use crate::Work;

/// A cloud, real or simulated.
///
/// Reads never change anything. `perform` is called with a key that is derived from the plan and
/// the step, the same for every attempt at the same call.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The cloud's name in plans and messages: `sim` or `azure`.
    fn name(&self) -> &'static str;

    /// The cloud's time.
    fn now(&self) -> Timestamp;

    /// Looks at everything in `scope`. What could not be seen is a gap, never an absence.
    /// The answer may be a little old.
    async fn observe(&self, scope: &Scope) -> Observation;

    /// The resource at `address` as it is now, or `None` where there certainly is none.
    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault>;

    /// All that answers `query`, as it is now, ordered by address.
    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault>;

    /// Starts a change. `key` is the idempotency key.
    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault>;

    /// Asks after a change that was [`Outcome::Accepted`].
    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault>;

    /// What stands in the way of what a fleet may need, as far as the cloud says so beforehand;
    /// what could not be looked at is among it. Empty where nothing is known to.
    async fn preflight(&self, needs: &Needs) -> Vec<Obstacle> {
        let _ = needs;
        Vec::new()
    }

    /// What this work takes of a cloud that limits its calls; `None` where nothing is limited.
    /// Asks nobody.
    fn forecast(&self, work: &Work<'_>) -> Option<Forecast> {
        let _ = work;
        None
    }
}
