//! How far a run is: the fold of its events. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Ticket;

use super::Baseline;
use super::Cause;
use super::Event;
use super::FailedWith;
use super::JournalError;
use super::Opened;
use super::Record;
use super::Signal;
use super::StepStatus;
use crate::plan::format::StepId;

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What the run is about; absent before its first record.
    pub opened: Option<Opened>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// Who approved.
    pub approved: Option<Vec<String>>,
    /// Whether the fleet's registry entry may carry the mark of this run.
    pub burning: bool,
    /// Whether it certainly does.
    pub burnt: bool,
    /// Whether a call has been begun, and by when.
    pub first_call: Option<Timestamp>,
    /// What stopped it last; cleared when it goes on.
    pub stopped: Option<Signal>,
    /// Whether every step has succeeded.
    pub completed: bool,
    /// When anything was written last.
    pub last_at: Option<Timestamp>,
    steps: BTreeMap<StepId, StepProgress>,
    last_seq: u64,
}

/// How far a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepProgress {
    /// Where it is.
    pub status: StepStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// How often what it did was taken back or declared void. Part of the idempotency key, since
    /// a call after that is another call.
    pub round: u32,
    /// The last call that was begun in this round; those before it are done.
    pub call: Option<Call>,
    /// The values before its first call.
    pub baseline: Vec<Baseline>,
    /// When its first attempt of this round was begun.
    pub started_at: Option<Timestamp>,
    /// When it succeeded.
    pub succeeded_at: Option<Timestamp>,
    /// Until when it waits.
    pub until: Option<Timestamp>,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
    /// Why it has failed.
    pub cause: Option<Cause>,
    /// What the cloud said to it.
    pub fault: Option<FailedWith>,
    /// What was seen last.
    pub evidence: Vec<String>,
}

/// A call that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation's place in its step.
    pub operation: u32,
    /// What to ask after, where the cloud accepted it.
    pub ticket: Option<Ticket>,
}

impl StepProgress {
    /// The value of a setting before the step's first call.
    pub fn before(&self, address: &Address, setting: &str) -> Option<i64> {
        self.baseline
            .iter()
            .find(|b| b.address == *address && b.setting == setting)
            .map(|b| b.value)
    }
}

impl Progress {
    /// The fold of all records of a journal.
    pub fn of(records: &[Record]) -> Result<Self, JournalError> {
        let mut progress = Self::default();
        for record in records {
            progress.push(record)?;
        }
        Ok(progress)
    }

    /// How far a step is; one that no record names has not been begun.
    pub fn step(&self, step: &StepId) -> StepProgress {
        self.steps.get(step).cloned().unwrap_or_default()
    }

    /// Where a step is.
    pub fn status(&self, step: &StepId) -> StepStatus {
        self.steps
            .get(step)
            .map_or(StepStatus::Planned, |s| s.status)
    }

    /// How far a step is, if a record names it.
    pub fn get(&self, step: &StepId) -> Option<&StepProgress> {
        self.steps.get(step)
    }

    /// The steps that a record names.
    pub fn steps(&self) -> impl Iterator<Item = (&StepId, &StepProgress)> {
        self.steps.iter()
    }

    /// Until when the run may go on; `None` where it cannot: it is done, or the world has moved
    /// under it, and the fleet has to be planned anew.
    pub fn resumable_until(&self) -> Option<Timestamp> {
        let opened = self.opened.as_ref()?;
        let lost = self.steps.values().any(|step| {
            step.status == StepStatus::Failed
                && matches!(step.cause, Some(Cause::Moved | Cause::Expired))
        });
        if self.completed || lost {
            return None;
        }
        Some(match self.first_call {
            Some(_) => opened.resume_until,
            None => opened.expires_at,
        })
    }

    /// Takes one more record in. Fails where it cannot follow what is already there.
    pub fn push(&mut self, record: &Record) -> Result<(), JournalError> {
        let damaged = |why: String| JournalError::Damaged {
            record: record.seq,
            why,
        };
        if record.seq != self.last_seq + 1 {
            let expected = self.last_seq + 1;
            return Err(damaged(format!("record {expected} was to come")));
        }
        if self.completed {
            return Err(damaged("it follows the end of the run".to_owned()));
        }
        if self.opened.is_none() != matches!(record.event, Event::Opened(_)) {
            let why = "a run is opened once, by its first record";
            return Err(damaged(why.to_owned()));
        }
        match record.event.step() {
            Some(step) => self.push_step(step, record).map_err(damaged)?,
            None => self.push_run(record).map_err(damaged)?,
        }
        self.last_seq = record.seq;
        self.last_at = Some(record.at);
        Ok(())
    }

    fn push_run(&mut self, record: &Record) -> Result<(), String> {
        match &record.event {
            Event::Opened(opened) => {
                self.opened = Some(opened.clone());
                self.opened_at = Some(record.at);
            }
            Event::Approved { signers, .. } => self.approved = Some(signers.clone()),
            Event::BurnStarted => self.burning = true,
            Event::Burnt if self.burning => self.burnt = true,
            Event::Burnt => return Err("a mark is there that nobody began to set".to_owned()),
            Event::TakenOver { .. } => self.stopped = None,
            Event::Stopped { signal } => self.stopped = Some(*signal),
            Event::Completed => self.complete()?,
            // `Unlocked` changes the epoch, which every record carries by itself; the events
            // about steps do not come here.
            _ => {}
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<(), String> {
        let expected = self.opened.as_ref().map_or(0, |opened| opened.steps);
        let done = |s: &&StepProgress| s.status == StepStatus::Succeeded;
        let count = self.steps.values().filter(done).count() as u64;
        if count != expected {
            return Err(format!("{count} of {expected} steps had succeeded"));
        }
        self.completed = true;
        Ok(())
    }

    fn push_step(&mut self, step: &StepId, record: &Record) -> Result<(), String> {
        if self.approved.is_none() {
            return Err(format!("{step} moves before the plan is approved"));
        }
        let at = record.at;
        let known = self.steps.entry(step.clone()).or_default();
        let event = &record.event;
        let Some(next) = known.status.after(event) else {
            let now = known.status.word();
            return Err(format!("{step} is {now}, and this cannot follow"));
        };
        known.note(event, at)?;
        known.status = next;
        if matches!(event, Event::CallStarted { .. }) {
            if !self.burnt {
                return Err(format!("{step} calls before the plan is marked as used"));
            }
            self.first_call.get_or_insert(at);
        }
        Ok(())
    }
}

impl StepProgress {
    fn note(&mut self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::Started {
                attempt, baseline, ..
            } => {
                if *attempt != self.attempts + 1 {
                    return Err(format!("attempt {attempt} follows {}", self.attempts));
                }
                self.attempts = *attempt;
                self.started_at.get_or_insert(at);
                // What stood there before the first call stays the baseline of every later one.
                if self.call.is_none() {
                    self.baseline.clone_from(baseline);
                }
                self.cause = None;
                self.fault = None;
                self.until = None;
            }
            Event::CallStarted { operation, .. } => self.begin_call(*operation)?,
            Event::Accepted {
                operation, ticket, ..
            } => match &mut self.call {
                Some(call) if call.operation == *operation => {
                    call.ticket = Some(ticket.clone());
                }
                _ => return Err(format!("call {operation} was accepted and never made")),
            },
            Event::Succeeded { evidence, .. } => {
                self.succeeded_at = Some(at);
                self.evidence.clone_from(evidence);
            }
            Event::Failed {
                cause,
                fault,
                evidence,
                ..
            } => {
                self.cause = Some(*cause);
                self.fault.clone_from(fault);
                self.evidence.clone_from(evidence);
            }
            Event::Unknown { why, .. } => self.evidence = vec![why.clone()],
            Event::Waiting {
                until, evidence, ..
            } => {
                self.until = *until;
                self.evidence.clone_from(evidence);
            }
            Event::Confirmed { by, .. } => self.confirmed_by = Some(by.clone()),
            Event::UndoFinished { .. } | Event::Reset { .. } => {
                *self = Self {
                    attempts: self.attempts,
                    round: self.round + 1,
                    ..Self::default()
                };
            }
            Event::UndoFailed { fault, .. } => self.fault.clone_from(fault),
            _ => {}
        }
        Ok(())
    }

    /// Calls are made in order, the same one again after a doubt.
    fn begin_call(&mut self, operation: u32) -> Result<(), String> {
        let (last, next) = match &self.call {
            Some(call) => (call.operation, call.operation + 1),
            None => (0, 0),
        };
        if operation != last && operation != next {
            return Err(format!("call {operation} cannot follow call {last}"));
        }
        self.call = Some(Call {
            operation,
            ticket: None,
        });
        Ok(())
    }
}
