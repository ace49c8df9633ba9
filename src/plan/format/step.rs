//! Steps, and the edges between them.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Operation;

use super::Condition;
use super::Hazard;
use super::RuleId;
use super::StepId;
use super::StepKind;
use super::Subject;
use crate::model::Seconds;
use crate::model::StampId;

/// One thing that is done or waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What kind of step it is. The rules are about kinds.
    pub kind: StepKind,
    /// Whom it is about.
    pub subject: Subject,
    /// The stamps that it touches: the subject's own, or those a tenant's step works on.
    /// A step about a stamp excludes all others on it; steps about tenants share it (I-5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<StampId>,
    /// Why it is done, in one line.
    pub why: String,
    /// What is done.
    pub act: Act,
    /// What must hold when it starts, re-read from the cloud immediately before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expects: Vec<Expect>,
    /// The steps that must have succeeded before it, each with the rule that says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Edge>,
    /// What takes it back if a later step of the same subject fails before the point of no
    /// return; empty where nothing needs to be or can be taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::operations")]
    pub undo: Vec<Operation>,
    /// What it may break.
    pub hazard: Hazard,
}

/// A condition on a step's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What must hold.
    pub condition: Condition,
    /// Whether it held already when the world was observed. Such a condition is a fact that the
    /// plan was made from: apply checks it once more before the first step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fact: bool,
}

/// One step waits for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Edge {
    /// The step that comes first.
    pub step: StepId,
    /// The rule that says so; its reason stands in [`super::Body::rules`].
    pub rule: RuleId,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Changes the cloud: these calls, one after the other.
    Call {
        /// The calls.
        #[schemars(schema_with = "super::schema::operations")]
        operations: Vec<Operation>,
    },
    /// Looks, and goes on only when everything holds.
    Check {
        /// What must hold, all of it.
        conditions: Vec<Condition>,
        /// How long to wait for it.
        patience: Patience,
    },
}

impl Act {
    /// The calls, if it changes anything.
    pub fn operations(&self) -> &[Operation] {
        match self {
            Self::Call { operations } => operations,
            Self::Check { .. } => &[],
        }
    }

    /// The conditions, if it is a check.
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Call { .. } => &[],
            Self::Check { conditions, .. } => conditions,
        }
    }
}

/// How long a check waits for what does not hold yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    /// Seconds between two looks.
    pub every: Seconds,
    /// Seconds from the first look after which it is given up.
    pub within: Seconds,
    /// Good looks in a row that are needed.
    pub good: u32,
    /// What giving up means.
    pub then: OnTimeout,
}

impl Patience {
    /// One look: it holds now or it fails.
    pub const NONE: Self = Self {
        every: Seconds(0),
        within: Seconds(0),
        good: 1,
        then: OnTimeout::Fail,
    };

    /// Looks until it holds, and fails after `within`.
    pub const fn fail_after(every: Seconds, within: Seconds) -> Self {
        Self {
            every,
            within,
            good: 1,
            then: OnTimeout::Fail,
        }
    }

    /// One look: it holds now, or the run pauses and the same command goes on later.
    pub const PAUSE: Self = Self {
        every: Seconds(0),
        within: Seconds(0),
        good: 1,
        then: OnTimeout::Pause,
    };
}

/// What giving up on a check means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The step has failed.
    Fail,
    /// Nothing has failed; it is not due yet. The run ends with exit code 6.
    Pause,
}
