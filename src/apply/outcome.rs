//! What came of it all, and the exit code that says so.

use jiff::Timestamp;
use serde::Serialize;

use crate::approve::Unapproved;
use crate::journal::Cause;
use crate::journal::FailedWith;
use crate::journal::Progress;
use crate::journal::RunId;
use crate::journal::Signal;
use crate::journal::StepStatus;
use crate::plan::format::Plan;
use crate::plan::format::StepId;
use crate::store::Holder;
use crate::store::StoreError;

/// What came of an apply.
#[derive(Debug)]
pub enum ApplyOutcome {
    /// The plan has no steps.
    NothingToDo,
    /// An earlier run did all of it.
    AlreadyDone(RunId),
    /// Every step has succeeded.
    Done(Report),
    /// A rule refuses the plan; nothing was done.
    Refused(Vec<String>),
    /// The plan is not approved, or its approval was used up elsewhere; nothing was done.
    Unapproved(Denied),
    /// The world is not as the plan says. Nothing was done by this run, or only what its report
    /// says.
    Moved(Vec<Moved>, Option<Report>),
    /// The plan's time is up; nothing was done by this run.
    Expired {
        /// Until when it might have been used.
        until: Timestamp,
    },
    /// Only gates that are not due are left.
    Paused(Report),
    /// Some steps have failed; the rest can be resumed.
    Failed(Report),
    /// Somebody else holds the lock.
    Locked(Option<Box<Holder>>),
    /// The lock was taken from this run; who holds it now goes on.
    Fenced(String),
    /// A plan or journal is not what was written.
    Damaged(String),
    /// The run was stopped; it can be resumed.
    Stopped(Signal, Report),
    /// Something of our own did not work: a disk, a provider. It can be resumed.
    Broken(String),
}

/// Why a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Too few approvals.
    Missing(Unapproved),
    /// The plan was applied by a run that this store does not know.
    Used {
        /// The run, as the fleet's registry entry names it.
        run: String,
    },
}

/// A fact that no longer holds, and the step that it matters to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The step.
    pub step: StepId,
    /// What is there now.
    pub evidence: String,
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Steps in all.
    pub steps: usize,
    /// Steps that have succeeded.
    pub succeeded: usize,
    /// Steps that have not been begun.
    pub not_started: usize,
    /// Steps that are neither, in the plan's order.
    pub open: Vec<OpenStep>,
}

/// A step that was begun and is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenStep {
    /// The step.
    pub step: StepId,
    /// Where it is.
    pub status: StepStatus,
    /// Why it has failed.
    pub cause: Option<Cause>,
    /// What the cloud said.
    pub fault: Option<FailedWith>,
    /// Until when it waits.
    pub until: Option<Timestamp>,
    /// What was seen.
    pub evidence: Vec<String>,
}

impl ApplyOutcome {
    /// The exit code (design §4).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NothingToDo | Self::AlreadyDone(_) | Self::Done(_) => 0,
            Self::Broken(_) => 1,
            Self::Refused(_) => 3,
            Self::Unapproved(_) => 4,
            Self::Moved(..) | Self::Expired { .. } => 5,
            Self::Paused(_) => 6,
            Self::Failed(_) => 7,
            Self::Locked(_) | Self::Fenced(_) => 8,
            Self::Damaged(_) => 9,
            Self::Stopped(signal, _) => signal.exit_code(),
        }
    }

    /// How far the run came, if there was one.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Done(report)
            | Self::Paused(report)
            | Self::Failed(report)
            | Self::Stopped(_, report)
            | Self::Moved(_, Some(report)) => Some(report),
            _ => None,
        }
    }
}

impl From<StoreError> for ApplyOutcome {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Locked(holder) | StoreError::OtherRun(holder) => Self::Locked(holder),
            StoreError::Fenced { .. } => Self::Fenced(error.to_string()),
            StoreError::Journal(_) | StoreError::Damaged { .. } => Self::Damaged(error.to_string()),
            StoreError::NotLocked
            | StoreError::NoRun(_)
            | StoreError::NotNow(_)
            | StoreError::Io { .. }
            | StoreError::Poisoned => Self::Broken(error.to_string()),
        }
    }
}

impl Report {
    /// How far a run of a plan is.
    pub fn of(run: &RunId, plan: &Plan, progress: &Progress) -> Self {
        let mut report = Self {
            run: run.clone(),
            steps: plan.body.steps.len(),
            succeeded: 0,
            not_started: 0,
            open: Vec::new(),
        };
        for step in &plan.body.steps {
            let known = progress.step(&step.id);
            match known.status {
                StepStatus::Succeeded => report.succeeded += 1,
                StepStatus::Planned => report.not_started += 1,
                status => report.open.push(OpenStep {
                    step: step.id.clone(),
                    status,
                    cause: known.cause,
                    fault: known.fault,
                    until: known.until,
                    evidence: known.evidence,
                }),
            }
        }
        report
    }

    /// The steps with this status.
    pub fn with(&self, status: StepStatus) -> impl Iterator<Item = &OpenStep> {
        self.open.iter().filter(move |step| step.status == status)
    }

    /// The time at which the first of the waiting gates is due, where only time is missing.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.with(StepStatus::Waiting).filter_map(|s| s.until).min()
    }
}
