//! What differs between the manifest and the world, as a reader is told it.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Value;

use super::Subject;

/// One difference that the plan removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What happens to the subject.
    pub action: Action,
    /// Whom it happens to.
    pub subject: Subject,
    /// Why, in one line.
    pub why: String,
    /// The settings that change, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingChange>,
}

/// What happens to a subject. The order is the order in which a reader is told: what is lost
/// first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A stamp is retired, its quota returned, its resources deleted.
    Retire,
    /// A tenant's service ends and its data is deleted.
    Offboard,
    /// A tenant changes its stamp.
    Move,
    /// A stamp leaves service and stays.
    Drain,
    /// A stamp is taken out for an incident.
    Isolate,
    /// It is made.
    Create,
    /// A tenant is taken in.
    Onboard,
    /// A stamp on standby or in isolation serves again.
    Activate,
    /// Settings change in place.
    Update,
    /// What was changed behind the fleet's back is set right.
    Repair,
}

impl Action {
    /// Every action, in the order in which a reader is told.
    pub const ALL: &'static [Action] = &[
        Self::Retire,
        Self::Offboard,
        Self::Move,
        Self::Drain,
        Self::Isolate,
        Self::Create,
        Self::Onboard,
        Self::Activate,
        Self::Update,
        Self::Repair,
    ];

    /// The sign before a change in text.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Retire | Self::Offboard => "-",
            Self::Move => ">",
            Self::Drain | Self::Isolate => "v",
            Self::Create | Self::Onboard => "+",
            Self::Activate => "^",
            Self::Update => "~",
            Self::Repair => "!",
        }
    }

    /// The verb for the change.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::Offboard => "offboard",
            Self::Move => "move",
            Self::Drain => "drain",
            Self::Isolate => "isolate",
            Self::Create => "create",
            Self::Onboard => "onboard",
            Self::Activate => "activate",
            Self::Update => "update",
            Self::Repair => "repair",
        }
    }
}

/// One setting before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// The setting.
    pub name: String,
    /// Its value now; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::value")]
    pub before: Option<Value>,
    /// Its value when the plan is done; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::value")]
    pub after: Option<Value>,
}
