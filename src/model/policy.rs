//! The rules and numbers of a fleet. Every default is from requirements C1 or design §11.

mod bands;
mod limits;
mod placement;
mod size;
mod time;
mod watch;

use serde::Deserialize;
use serde::Serialize;

pub use bands::Band;
pub use bands::Bands;
pub use limits::CapacityPolicy;
pub use limits::Limits;
pub use placement::ClassRules;
pub use placement::Consolidate;
pub use placement::PlacementPolicy;
pub use size::DemandPerUser;
pub use size::StampCapacity;
pub use time::MigrationPolicy;
pub use time::PlanPolicy;
pub use time::Timeouts;
pub use watch::AutoscalePolicy;
pub use watch::HealthPolicy;
pub use watch::StandbyPolicy;
pub use watch::Trigger;

/// Everything a fleet's owner may decide. Carried whole in every plan, so that a plan can be
/// judged without its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Policy {
    /// Who may live where.
    pub placement: PlacementPolicy,
    /// How many stamps there may and must be.
    pub capacity: CapacityPolicy,
    /// How much one plan may do.
    pub limits: Limits,
    /// What a user needs where nothing else is known.
    pub demand_per_user: DemandPerUser,
    /// What a stamp carries where it does not say so itself.
    pub stamp_capacity: StampCapacity,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How tenants move.
    pub migration: MigrationPolicy,
    /// How stamps stand by.
    pub standby: StandbyPolicy,
    /// How health is judged.
    pub health: HealthPolicy,
    /// When load should change the number of stamps; reported, never acted on by itself.
    pub autoscale: AutoscalePolicy,
    /// How many must approve.
    pub approvals: ApprovalPolicy,
    /// How long a plan may be used.
    pub plan: PlanPolicy,
    /// What becomes of a stamp or tenant that exists and is not in the manifest.
    pub on_removed: OnRemoved,
}

/// How many must approve. The operator's trust file can ask for more; it is never overruled by
/// what is being approved (design §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct ApprovalPolicy {
    /// The fewest approvals of any plan.
    pub minimum: u32,
    /// The fewest approvals of a plan that deletes a stamp or a tenant's data.
    pub minimum_irreversible: u32,
}

/// What becomes of a stamp or tenant that exists and is not in the manifest (design §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum OnRemoved {
    /// It is reported and left alone.
    #[default]
    Report,
    /// The plan is refused.
    Refuse,
    /// It is retired or offboarded, within the limits.
    Retire,
}
