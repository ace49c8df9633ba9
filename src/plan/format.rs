//! What a plan is, as data: the one artefact that is reviewed, approved, verified and applied.
//!
//! Pure. A plan holds no secret, no path and no floating-point number, so equal plans have equal
//! bytes. The verifier knows the planner by these types and by nothing else.

pub mod id;
pub mod kind;
pub mod step;
pub mod condition;
pub mod opening;
pub mod ledger;
pub mod change;
pub mod finding;
pub mod forecast;
pub mod seal;
pub(crate) mod lines;
mod schema;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::model::EnvironmentName;
use crate::model::FleetName;
use crate::model::Policy;
use crate::model::TenantId;

pub use crate::place::placement::Bounds;
pub use crate::place::placement::Decision;
pub use crate::place::placement::SeenLoad;
pub use change::Action;
pub use change::Change;
pub use change::SettingChange;
pub use condition::Condition;
pub use finding::Finding;
pub use finding::FindingCode;
pub use forecast::Forecast;
pub use id::RuleId;
pub use id::StepId;
pub use id::Subject;
pub use kind::Hazard;
pub use kind::StepKind;
pub use ledger::Account;
pub use ledger::Entry;
pub use opening::Opening;
pub use seal::Digest;
pub use seal::PlanError;
pub use seal::Seal;
pub use step::Act;
pub use step::Edge;
pub use step::Expect;
pub use step::OnTimeout;
pub use step::Patience;
pub use step::Step;

/// The format of the plan file that this program reads and writes.
pub const FORMAT: &str = "stampctl.plan/2";

/// A plan file: the body, and the seal over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// What will be done, and why. The digest covers exactly this.
    pub body: Body,
    /// When it was made, until when it holds, and the digest.
    pub seal: Seal,
}

/// What will be done, and why. Complete: nothing that apply or the verifier needs is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The fleet.
    pub fleet: FleetName,
    /// The environment, where the manifest has one.
    pub environment: Option<EnvironmentName>,
    /// The cloud's name: `sim` or `azure`.
    pub provider: String,
    /// The tenant registry's name: its first part in addresses.
    pub registry: String,
    /// Digest of the lowered fleet that this plan brings about.
    pub manifest: Digest,
    /// The rules and numbers that the plan obeys.
    pub policy: Policy,
    /// How many tenants the fleet has when the plan is done; the limits are shares of it.
    pub tenants: u64,
    /// The world of what the plan touches, as it was when observed.
    pub opening: Opening,
    /// What differs between the manifest and the world, deletes first.
    pub changes: Vec<Change>,
    /// The steps in an order that their edges allow.
    pub steps: Vec<Step>,
    /// The reason behind each rule that an edge of this plan cites.
    pub rules: BTreeMap<RuleId, String>,
    /// Every core that moves between a quota group and a subscription, account by account.
    pub ledger: Vec<Account>,
    /// Where each new or moving tenant goes, and why.
    pub decisions: BTreeMap<TenantId, Decision>,
    /// What any plan would need at least.
    pub bounds: Bounds,
    /// What was held back, found or refused. A plan with a refusal among them is not applied.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.body.steps.is_empty()
    }

    /// The findings that refuse the plan.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.body
            .findings
            .iter()
            .filter(|finding| finding.code.refuses())
    }

    /// The idempotency key of one call: the same for every attempt, different in every plan.
    pub fn key(&self, step: &StepId, operation: usize) -> String {
        let digest = self.seal.digest.short();
        format!("{digest}/{step}/{operation}")
    }
}
