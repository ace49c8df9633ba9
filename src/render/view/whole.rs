//! The parts of a view that are about the plan as a whole: which it is, what it reaches, how much
//! of everything there is. Pure.

use serde::Serialize;

use crate::plan::format::Action;

/// What the caller says should be typed next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    /// The command.
    pub command: String,
    /// What it does.
    pub what: String,
}

/// Which plan it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The fleet.
    pub fleet: String,
    /// The environment.
    pub environment: Option<String>,
    /// The cloud.
    pub provider: String,
    /// The tenant registry.
    pub registry: String,
    /// The plan's identity.
    pub digest: String,
    /// Its first digits.
    pub short: String,
    /// Digest of the lowered fleet.
    pub manifest: String,
    /// The program that made it.
    pub tool: String,
    /// When the world was observed.
    pub observed_at: String,
    /// Until when the first change may start.
    pub expires_at: String,
    /// Until when later steps may start.
    pub resume_until: String,
    /// What it takes of a cloud that limits its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<String>,
    /// Tenants of the fleet when the plan is done.
    pub tenants: u64,
}

/// What the plan reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blast {
    /// Stamps whose resources are deleted.
    pub stamps_deleted: Vec<String>,
    /// Stamps that are built.
    pub stamps_created: Vec<String>,
    /// Tenants that change their stamp.
    pub tenants_moved: u64,
    /// Tenants whose service ends.
    pub tenants_offboarded: u64,
    /// Tenants that are taken in.
    pub tenants_onboarded: u64,
    /// Cores given back to groups.
    pub cores_returned: u64,
    /// Cores taken from groups.
    pub cores_allocated: u64,
    /// Regions of stamps and accounts that are touched.
    pub regions: Vec<String>,
    /// Steps that cannot be undone.
    pub irreversible: u64,
}

/// A number or word of the policy that is not the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differs {
    /// Its name, as in `limits.stamps_retired`.
    pub name: String,
    /// What it is.
    pub value: String,
    /// What it would be.
    pub default: String,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The name, part by part with dots.
    pub name: String,
    /// The value.
    pub value: String,
}

/// How much of everything there is. Nothing is left out because it is zero or dull.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Changes of each kind, all kinds.
    pub changes: Vec<(Action, u64)>,
    /// Steps.
    pub steps: u64,
    /// Steps that change the cloud.
    pub calling: u64,
    /// Calls in all.
    pub calls: u64,
    /// Steps that only look.
    pub checking: u64,
    /// Steps that somebody may notice.
    pub disruptive: u64,
    /// Steps that cannot be undone.
    pub irreversible: u64,
    /// Steps that can pause the run.
    pub pausing: u64,
    /// Findings that refuse the plan.
    pub refusals: u64,
    /// Other findings.
    pub notes: u64,
}
