//! What a run tells while it goes on. The library prints nothing; who listens does.

use std::cell::Cell;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::Cause;
use crate::journal::FailedWith;
use crate::journal::RunId;
use crate::journal::Signal;
use crate::plan::format::StepId;

/// Something that a run tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplyEvent {
    /// Its number, from 1 without a gap.
    pub sequence: u64,
    /// When, by the run's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What a run tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum What {
    /// The run begins, or goes on.
    Opened {
        /// The run.
        run: RunId,
        /// Whether it goes on.
        resumed: bool,
        /// Steps in all.
        steps: usize,
        /// Steps that have succeeded already.
        done: usize,
    },
    /// A step is attempted.
    Started {
        /// The step.
        step: StepId,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// A call failed and is made again.
    Retrying {
        /// The step.
        step: StepId,
        /// What the cloud said.
        fault: FailedWith,
        /// When it is made again.
        until: Timestamp,
    },
    /// A step waits, for a condition or a running operation, and looks again at a time.
    Looking {
        /// The step.
        step: StepId,
        /// What it waits for.
        evidence: Vec<String>,
        /// When it looks again.
        again: Timestamp,
        /// When it gives up.
        until: Timestamp,
    },
    /// A gate is not due; the run goes on without it.
    Waiting {
        /// The step.
        step: StepId,
        /// When it will be due, where only time is missing.
        until: Option<Timestamp>,
        /// What it waits for.
        evidence: Vec<String>,
    },
    /// A step is done.
    Succeeded {
        /// The step.
        step: StepId,
    },
    /// A step has failed.
    Failed {
        /// The step.
        step: StepId,
        /// Why.
        cause: Cause,
        /// What the cloud said.
        fault: Option<FailedWith>,
        /// What was seen.
        evidence: Vec<String>,
    },
    /// Whether a step is done is not known.
    Unknown {
        /// The step.
        step: StepId,
        /// Why not.
        why: String,
    },
    /// A step is taken back.
    UndoStarted {
        /// The step.
        step: StepId,
    },
    /// A step is taken back.
    UndoFinished {
        /// The step.
        step: StepId,
    },
    /// A step could not be taken back.
    UndoFailed {
        /// The step.
        step: StepId,
        /// What the cloud said.
        fault: Option<FailedWith>,
    },
    /// The run was asked to stop.
    Stopping {
        /// By what.
        signal: Signal,
        /// Whether at once.
        now: bool,
    },
}

/// Numbers what a run tells and hands it to who listens.
pub(super) struct Teller<'a> {
    listener: &'a dyn Fn(&ApplyEvent),
    count: Cell<u64>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(listener: &'a dyn Fn(&ApplyEvent)) -> Self {
        Self {
            listener,
            count: Cell::new(0),
        }
    }

    pub(super) fn tell(&self, at: Timestamp, what: What) {
        self.count.set(self.count.get() + 1);
        (self.listener)(&ApplyEvent {
            sequence: self.count.get(),
            at,
            what,
        });
    }
}
