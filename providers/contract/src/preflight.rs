//! What is asked before a plan is made: would its calls be let in?
//!
//! Only what a cloud says beforehand is here. That it has no machines left, only the allocation
//! itself tells.

use serde::Deserialize;
use serde::Serialize;

use crate::Address;
use crate::Kind;

/// What a fleet may need of a cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The subscriptions that it may change something in.
    pub subscriptions: Vec<String>,
    /// The machines that it may want.
    pub machines: Vec<Machines>,
}

/// Machines of one size at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Machines {
    /// The subscription.
    pub subscription: String,
    /// The region.
    pub region: String,
    /// The zone.
    pub zone: String,
    /// The size.
    pub sku: String,
}

/// Something that would make calls fail, or could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obstacle {
    /// What it is.
    pub cause: Cause,
    /// The subscription in which it is.
    pub subscription: String,
    /// The kinds of resources whose calls it stops.
    pub kinds: Vec<Kind>,
    /// Which of their calls.
    pub stops: Stops,
    /// What the cloud said, in one line.
    pub why: String,
    /// What would take it away.
    pub help: String,
}

/// Why calls would fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// This subscription cannot have machines of this size there.
    NotOffered,
    /// The subscription is not registered for the service.
    NotRegistered,
    /// The caller may not do it.
    NotPermitted,
    /// It could not be looked at: UNKNOWN.
    Unseen,
}

/// Which calls are stopped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stops {
    /// Those that make or change something.
    Writes,
    /// Those that delete something.
    Deletes,
    /// Those that want more machines of a size.
    Machines {
        /// The region.
        region: String,
        /// The zone.
        zone: String,
        /// The size.
        sku: String,
    },
}

impl Obstacle {
    /// Whether it lies where the resource is.
    pub fn is_at(&self, address: &Address) -> bool {
        address.part("subscription") == Some(&self.subscription)
            && self.kinds.contains(&address.kind())
    }
}
