//! A dated, partial look at the cloud, in which "not there" and "not looked at" differ.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::Address;
use crate::FaultClass;
use crate::Kind;
use crate::Resource;
use crate::Value;

/// What to look at: the places whose whole content is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Subscriptions, with everything in them.
    pub subscriptions: Vec<String>,
    /// Quota groups as (management group, group), with limits and allocations.
    pub quota_groups: Vec<(String, String)>,
    /// The tenant registry, with its items and what is measured of its tenants.
    pub registry: String,
}

/// A question about one kind of resource beneath one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The kind asked for; `None` asks for every kind.
    pub kind: Option<Kind>,
    /// A path prefix, part by part; empty for all.
    pub beneath: String,
    /// Only those with this value of this setting.
    pub equals: Option<(String, Value)>,
}

impl Query {
    /// Whether `resource` answers the question.
    pub fn admits(&self, resource: &Resource) -> bool {
        self.kind.is_none_or(|kind| resource.address.kind() == kind)
            && resource.address.is_beneath(&self.beneath)
            && self
                .equals
                .as_ref()
                .is_none_or(|(name, value)| resource.get(name) == Some(value))
    }
}

/// A place that was asked about and not answered: what is beneath it is UNKNOWN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The kind that was not seen; absent where no kind was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The path beneath which nothing was seen.
    pub beneath: String,
    /// The class of the fault that hid it.
    pub class: FaultClass,
    /// What the cloud said.
    pub reason: String,
}

impl Gap {
    /// Whether `address` lies in what was not seen.
    pub fn hides(&self, address: &Address) -> bool {
        self.kind.is_none_or(|kind| kind == address.kind()) && address.is_beneath(&self.beneath)
    }
}

/// The answer to a [`Scope`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The cloud's time when the look began.
    pub observed_at: Timestamp,
    /// What was found, ordered by address, each address once.
    pub resources: Vec<Resource>,
    /// What was not seen.
    pub gaps: Vec<Gap>,
}
