//! What every step of a run works with.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Provider;

use super::clock::Clock;
use super::clock::after;
use super::event::Teller;
use super::event::What;
use super::log::Broken;
use super::log::Log;
use super::stop::Stop;
use super::stop::StopWatch;
use super::timers::Timers;
use super::timers::Woken;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::FailedWith;
use crate::journal::event::cut_all;
use crate::plan::format::Condition;
use crate::plan::format::Plan;
use crate::plan::format::Step;
use crate::plan::format::StepId;

/// What every step of a run works with.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan,
    pub(super) provider: &'a dyn Provider,
    pub(super) clock: &'a dyn Clock,
    pub(super) log: Log<'a>,
    pub(super) timers: Timers,
    pub(super) stop: StopWatch,
    pub(super) teller: Teller<'a>,
    /// The settings whose value before a step other steps compare with.
    pub(super) compared: BTreeMap<&'a StepId, Vec<(&'a Address, &'a str)>>,
}

/// How an attempt at a step ended. Everything but `Interrupted` and `Broken` is in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is done.
    Succeeded,
    /// It has failed.
    Failed(Cause),
    /// Whether it is done is not known.
    Unknown,
    /// It is a gate that is not due until then.
    Waiting(Option<Timestamp>),
    /// The run was to stop before it was done.
    Interrupted,
    /// The journal cannot be written.
    Broken,
}

impl From<Broken> for End {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl<'a> Context<'a> {
    /// The settings that some later condition compares with their value before a step.
    pub(super) fn compared(plan: &'a Plan) -> BTreeMap<&'a StepId, Vec<(&'a Address, &'a str)>> {
        let mut compared: BTreeMap<&StepId, Vec<(&Address, &str)>> = BTreeMap::new();
        for step in &plan.body.steps {
            let expected = step.expects.iter().map(|expect| &expect.condition);
            for condition in expected.chain(step.act.conditions()) {
                if let Condition::ChangedBy {
                    address,
                    setting,
                    since,
                    ..
                } = condition
                {
                    let settings = compared.entry(since).or_default();
                    if !settings.contains(&(address, setting.as_str())) {
                        settings.push((address, setting));
                    }
                }
            }
        }
        compared
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the run is to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.get() != Stop::No
    }

    /// Tells who listens.
    pub(super) fn tell(&self, what: What) {
        self.teller.tell(self.now(), what);
    }

    /// Waits for so long, unless the run is to stop.
    pub(super) async fn pause(&self, wait: SignedDuration) -> Woken {
        self.timers.until(after(self.now(), wait), true).await
    }

    /// A step is done.
    pub(super) fn succeed(&self, step: &Step, evidence: &[String]) -> End {
        let event = Event::Succeeded {
            step: step.id.clone(),
            evidence: cut_all(evidence),
        };
        if self.log.note(event).is_err() {
            return End::Broken;
        }
        self.tell(What::Succeeded {
            step: step.id.clone(),
        });
        End::Succeeded
    }

    /// A step has failed.
    pub(super) fn fail(
        &self,
        step: &Step,
        cause: Cause,
        fault: Option<FailedWith>,
        evidence: &[String],
    ) -> End {
        let evidence = cut_all(evidence);
        let event = Event::Failed {
            step: step.id.clone(),
            cause,
            fault: fault.clone(),
            evidence: evidence.clone(),
        };
        if self.log.note(event).is_err() {
            return End::Broken;
        }
        self.tell(What::Failed {
            step: step.id.clone(),
            cause,
            fault,
            evidence,
        });
        End::Failed(cause)
    }

    /// Whether a step is done is not known.
    pub(super) fn doubt(&self, step: &Step, why: &str) -> End {
        let why = crate::journal::event::cut(why);
        let event = Event::Unknown {
            step: step.id.clone(),
            why: why.clone(),
        };
        if self.log.note(event).is_err() {
            return End::Broken;
        }
        self.tell(What::Unknown {
            step: step.id.clone(),
            why,
        });
        End::Unknown
    }
}
