//! What can be asked of the world. Every answer is PASS, FAIL or UNKNOWN, and UNKNOWN never
//! lets a step through.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Value;

use super::StepId;
use crate::model::Seconds;

/// A condition on the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// There certainly is no such resource.
    Absent {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
    },
    /// There is such a resource.
    Present {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
    },
    /// The setting has this value. UNKNOWN where it is not reported; FAIL where the resource is
    /// not there.
    Is {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
        /// The setting.
        setting: String,
        /// Its value.
        #[schemars(schema_with = "super::schema::value")]
        value: Value,
    },
    /// The setting is at most this. UNKNOWN where it is not reported.
    AtMost {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
        /// The setting.
        setting: String,
        /// The most.
        limit: i64,
    },
    /// The setting is at least this. UNKNOWN where it is not reported.
    AtLeast {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
        /// The setting.
        setting: String,
        /// The least.
        limit: i64,
    },
    /// The setting has changed by exactly this since just before the first call of that step;
    /// the value then stands in the journal.
    ChangedBy {
        /// The resource.
        #[schemars(with = "String")]
        address: Address,
        /// The setting.
        setting: String,
        /// The step whose start is the baseline.
        since: StepId,
        /// The difference.
        by: i64,
    },
    /// Fewer than this many resources answer.
    FewerThan {
        /// What is counted.
        matching: Matching,
        /// The bound.
        count: u32,
    },
    /// Every resource of the group carries the tag with this value, so that deleting the group
    /// takes nothing of anyone else (O-18).
    OnlyOwned {
        /// The resource group.
        #[schemars(with = "String")]
        group: Address,
        /// The tag.
        tag: String,
        /// Its value.
        owner: String,
    },
    /// Both hold the same content of one tenant: as many records, the same digest. UNKNOWN where
    /// either is not reported.
    SameContent {
        /// The one.
        #[schemars(with = "String")]
        source: Address,
        /// The other.
        #[schemars(with = "String")]
        destination: Address,
    },
    /// This much time has passed since that step succeeded.
    Elapsed {
        /// The step.
        since: StepId,
        /// The time.
        seconds: Seconds,
    },
    /// A person has said so with `stampctl confirm`.
    Confirmed {
        /// What is asked.
        question: String,
    },
}

/// Which resources are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// The kind; absent for every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kind: Option<Kind>,
    /// The path beneath which they are.
    pub beneath: String,
    /// A setting that they have with a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<(String, serde_json::Value)>")]
    pub equals: Option<(String, Value)>,
    /// Registry entries in one of these states are not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_states: Vec<String>,
}

impl Condition {
    /// The one resource that the condition is about, if it is about one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Absent { address }
            | Self::Present { address }
            | Self::Is { address, .. }
            | Self::AtMost { address, .. }
            | Self::AtLeast { address, .. }
            | Self::ChangedBy { address, .. } => Some(address),
            Self::FewerThan { .. }
            | Self::OnlyOwned { .. }
            | Self::SameContent { .. }
            | Self::Elapsed { .. }
            | Self::Confirmed { .. } => None,
        }
    }
}
