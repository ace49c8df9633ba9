//! The lock of a fleet: who holds it, and the hold itself.

use std::any::Any;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::journal::Epoch;
use crate::journal::RunId;

/// A process that does something to a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The account.
    pub user: String,
}

/// Who holds a fleet's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The run that it is held for.
    pub run: RunId,
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The account.
    pub user: String,
    /// What for: `apply`, `confirm`, `unlock`.
    pub purpose: String,
    /// Since when.
    pub since: Timestamp,
    /// The epoch; set by the store.
    pub epoch: Epoch,
}

impl Holder {
    /// Somebody who wants the lock for a run.
    pub fn new(who: &Who, run: &RunId, purpose: &str, since: Timestamp) -> Self {
        Self {
            run: run.clone(),
            pid: who.pid,
            host: who.host.clone(),
            user: who.user.clone(),
            purpose: purpose.to_owned(),
            since,
            epoch: Epoch(0),
        }
    }

    /// The holder's name in a journal: `user@host pid 17`.
    pub fn name(&self) -> String {
        format!("{}@{} pid {}", self.user, self.host, self.pid)
    }
}

/// A hold on a fleet's lock. Where the lock is tied to the process, dropping it gives it back.
pub struct Lease {
    /// The epoch of everything that is written under it.
    pub epoch: Epoch,
    hold: Option<Box<dyn Any + Send + Sync>>,
}

impl Lease {
    /// A hold that lasts as long as `hold` is not dropped.
    pub fn tied_to(epoch: Epoch, hold: impl Any + Send + Sync) -> Self {
        Self {
            epoch,
            hold: Some(Box::new(hold)),
        }
    }

    /// A hold that lasts until it is released or lapses.
    pub fn remote(epoch: Epoch) -> Self {
        Self { epoch, hold: None }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("epoch", &self.epoch)
            .field("tied", &self.hold.is_some())
            .finish()
    }
}
