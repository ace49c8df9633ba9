//! What a provider can be asked to change. Every operation states absolute values, so that doing
//! it twice is doing it once.

use serde::Deserialize;
use serde::Serialize;

use crate::Address;
use crate::Etag;
use crate::Resource;
use crate::Settings;

/// One mutating call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What is changed.
    pub address: Address,
    /// How.
    pub verb: Verb,
    /// What must hold of the resource at the moment of the change, checked by the cloud.
    #[serde(default, skip_serializing_if = "Precondition::is_any")]
    pub precondition: Precondition,
}

/// The ways to change a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    /// Creates the resource, or sets all its writable settings to these.
    Put {
        /// Every writable setting.
        settings: Settings,
    },
    /// Sets these settings and leaves the others. The resource must exist.
    Patch {
        /// The settings to set.
        settings: Settings,
    },
    /// Removes the resource and everything inside it. Removing what is not there succeeds.
    Delete,
    /// Makes the content of this resource equal to that of another, for one tenant only.
    Copy {
        /// The resource whose content is read.
        from: Address,
        /// The one tenant whose content is copied (I-7).
        tenant: String,
    },
}

/// A condition that the cloud itself checks with the change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Precondition {
    /// None.
    #[default]
    Any,
    /// The resource must not exist.
    Absent,
    /// The resource must be at this version.
    Version(Etag),
}

impl Precondition {
    /// Whether there is no condition.
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

/// What a mutating call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done. The resource as it is now; `None` after a delete.
    Done(Option<Resource>),
    /// It goes on; ask again with [`crate::Provider::poll`].
    Accepted(Ticket),
}

/// A long-running operation that can be asked after, also by another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The provider's name for the running operation.
    pub id: String,
    /// What is being changed.
    pub address: Address,
    /// Seconds to wait before asking.
    pub retry_after_seconds: u32,
}
