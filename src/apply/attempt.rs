//! One attempt at a step that changes the cloud: look, write down, call, write down.

use std::cell::Cell;

use jiff::SignedDuration;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Operation;
use stampctl_contract::Ticket;

use super::call;
use super::call::Following;
use super::call::Made;
use super::checks;
use super::conditions::Look;
use super::context::Context;
use super::context::End;
use super::event::What;
use super::footing;
use super::footing::Doubt;
use super::footing::Footing;
use super::retry;
use super::retry::Next;
use super::timers::Woken;
use crate::journal::Baseline;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::StepProgress;
use crate::journal::StepStatus;
use crate::journal::event::cut_all;
use crate::plan::format::Act;
use crate::plan::format::Step;

/// Attempts a step.
pub(super) async fn attempt(context: &Context<'_>, step: &Step) -> End {
    match &step.act {
        Act::Check {
            conditions,
            patience,
        } => checks::check(context, step, conditions, *patience).await,
        Act::Call { operations } => {
            let attempt = Attempt {
                context,
                step,
                operations,
                known: context.log.with(|progress| progress.step(&step.id)),
                begun: Cell::new(false),
            };
            attempt.run().await.unwrap_or_else(|end| end)
        }
    }
}

struct Attempt<'c, 'a> {
    context: &'c Context<'a>,
    step: &'c Step,
    operations: &'c [Operation],
    /// How far the step was when the attempt began.
    known: StepProgress,
    /// Whether the journal knows of this attempt.
    begun: Cell<bool>,
}

impl Attempt<'_, '_> {
    async fn run(&self) -> Result<End, End> {
        let mut next = 0;
        let mut doubt = Doubt::default();
        if let Some(last) = &self.known.call {
            next = usize::try_from(last.operation).unwrap_or(usize::MAX);
            doubt.begun = true;
            let open = matches!(self.known.status, StepStatus::Started | StepStatus::Unknown);
            if open && self.was_done(next, last.ticket.clone()).await? {
                next += 1;
                doubt.begun = false;
            }
        }
        if self.operations.is_empty() {
            self.commit(0, Vec::new(), Vec::new(), None).await?;
        }
        for at in next..self.operations.len() {
            self.perform(at, std::mem::take(&mut doubt)).await?;
        }
        Ok(self.context.succeed(self.step, &[]))
    }

    /// Finds out what became of a call whose outcome an earlier run did not write down.
    async fn was_done(&self, at: usize, ticket: Option<Ticket>) -> Result<bool, End> {
        let Some(operation) = self.operations.get(at) else {
            return Ok(true);
        };
        if let Some(ticket) = ticket
            && call::follow(self.context, ticket, &self.following()).await == Made::Done
        {
            return Ok(true);
        }
        self.proof(operation).await
    }

    /// Makes a call until it is done, or says why it is not.
    async fn perform(&self, at: usize, mut doubt: Doubt) -> Result<(), End> {
        let operation = &self.operations[at];
        let mut tries = 0;
        let mut blind = 0;
        loop {
            if self.context.is_stopping() {
                return Err(self.interrupted(doubt));
            }
            let look = Look::new(self.context.provider);
            let mut footing = footing::footing(self.context, self.step, at, doubt, &look).await;
            let mut baseline = Vec::new();
            if self.is_first(at)
                && let Footing::Firm(_) = footing
            {
                match footing::baseline(self.context, self.step, &look).await {
                    Ok(values) => baseline = values,
                    Err(unseen) => footing = unseen,
                }
            }
            let saw = match footing {
                Footing::Firm(saw) => saw,
                Footing::Moved(evidence) => {
                    return Err(self.context.fail(self.step, Cause::Moved, None, &evidence));
                }
                Footing::Unseen(evidence, fault) => {
                    self.wait_for_sight(evidence, fault, blind, doubt).await?;
                    blind += 1;
                    continue;
                }
            };
            self.check_time()?;
            let conditional = match call::conditional(operation, &look).await {
                Ok(conditional) => conditional,
                Err(fault) => {
                    let evidence = vec![format!("{} was not seen", operation.address)];
                    self.wait_for_sight(evidence, Some(fault), blind, doubt)
                        .await?;
                    blind += 1;
                    continue;
                }
            };
            self.commit(at, baseline, saw, Some(at)).await?;
            let (key, following) = (self.key(at), self.following());
            let accepted = |ticket: &Ticket| self.accepted(at, ticket);
            let made = call::make(self.context, &conditional, &key, &following, accepted);
            match made.await.map_err(End::from)? {
                Made::Done => return Ok(()),
                Made::Endless => return self.endless(operation).await,
                Made::Failed { fault, accepted } => {
                    doubt.begun |= accepted || fault.ambiguous;
                    doubt.done |= fault.ambiguous;
                    if self.after(operation, &fault, tries, doubt).await? {
                        return Ok(());
                    }
                    tries += 1;
                }
            }
        }
    }

    /// After a fault: waits and goes on, or gives up. Gives whether the call turned out to be
    /// done.
    async fn after(
        &self,
        operation: &Operation,
        fault: &Fault,
        tries: u32,
        doubt: Doubt,
    ) -> Result<bool, End> {
        let next = retry::next(fault, tries, &self.step.id.0);
        if let Next::After(wait) = next {
            self.wait(fault, wait, doubt).await?;
        }
        // A call may reach the cloud twice, and only the second answer be heard: a conflict with
        // what the first arrival did.
        let may_be_done = doubt.done || fault.class == FaultClass::Conflict;
        if may_be_done && self.proof(operation).await? {
            return Ok(true);
        }
        match next {
            Next::After(_) => Ok(false),
            Next::GiveUp if doubt.done => {
                let why = format!("whether it was done is not known: {fault}");
                Err(self.context.doubt(self.step, &why))
            }
            Next::GiveUp => {
                let advice = retry::advice(fault.class).to_owned();
                let fault = Some(fault.into());
                let end = self
                    .context
                    .fail(self.step, Cause::Refused, fault, &[advice]);
                Err(end)
            }
        }
    }

    async fn endless(&self, operation: &Operation) -> Result<(), End> {
        if self.proof(operation).await? {
            return Ok(());
        }
        let within = self.following().within;
        let why = format!("the cloud was still at it after {within}");
        Err(self.context.doubt(self.step, &why))
    }

    /// Whether the world is as the call would leave it; looks again while nothing can be seen.
    async fn proof(&self, operation: &Operation) -> Result<bool, End> {
        let mut blind = 0;
        loop {
            let look = Look::new(self.context.provider);
            let fault = match call::is_proved(operation, &look).await {
                Ok(proved) => return Ok(proved),
                Err(fault) => fault,
            };
            match retry::next(&fault, blind, &self.step.id.0) {
                Next::After(wait) if self.context.pause(wait).await == Woken::Due => blind += 1,
                _ => {
                    let why = format!("whether it was done was not seen: {fault}");
                    return Err(self.context.doubt(self.step, &why));
                }
            }
        }
    }

    /// Whether this call is the step's first.
    fn is_first(&self, at: usize) -> bool {
        at == 0 && self.known.call.is_none() && !self.begun.get()
    }

    /// The plan's time: its first call has until it expires, later ones longer (design §11.20).
    fn check_time(&self) -> Result<(), End> {
        let seal = &self.context.plan.seal;
        let first = self
            .context
            .log
            .with(|progress| progress.first_call.is_none());
        let until = if first {
            seal.expires_at
        } else {
            seal.resume_until
        };
        if self.context.now() <= until {
            return Ok(());
        }
        let evidence = vec![format!("it might start until {until}")];
        let end = self
            .context
            .fail(self.step, Cause::Expired, None, &evidence);
        Err(end)
    }

    /// What could not be seen may be seen later; if not, the step is not begun.
    async fn wait_for_sight(
        &self,
        evidence: Vec<String>,
        fault: Option<Fault>,
        blind: u32,
        doubt: Doubt,
    ) -> Result<(), End> {
        if let Some(fault) = &fault
            && let Next::After(wait) = retry::next(fault, blind, &self.step.id.0)
        {
            return self.wait(fault, wait, doubt).await;
        }
        if doubt.done {
            let why = evidence.first().map_or("", String::as_str);
            return Err(self.context.doubt(self.step, why));
        }
        let fault = fault.as_ref().map(Into::into);
        Err(self
            .context
            .fail(self.step, Cause::Unseen, fault, &evidence))
    }

    async fn wait(&self, fault: &Fault, wait: SignedDuration, doubt: Doubt) -> Result<(), End> {
        self.context.tell(What::Retrying {
            step: self.step.id.clone(),
            fault: fault.into(),
            until: super::clock::after(self.context.now(), wait),
        });
        match self.context.pause(wait).await {
            Woken::Due => Ok(()),
            Woken::Stopped => Err(self.interrupted(doubt)),
        }
    }

    fn interrupted(&self, doubt: Doubt) -> End {
        if doubt.done && self.begun.get() {
            self.context
                .doubt(self.step, "the run was stopped before it was known");
        }
        End::Interrupted
    }

    /// Writes down, durably, that the attempt and a call of it begin.
    async fn commit(
        &self,
        at: usize,
        baseline: Vec<Baseline>,
        saw: Vec<String>,
        call: Option<usize>,
    ) -> Result<(), End> {
        let mut events = Vec::new();
        if !self.begun.replace(true) {
            let attempt = self.known.attempts + 1;
            events.push(Event::Started {
                step: self.step.id.clone(),
                attempt,
                baseline,
                saw: cut_all(&saw),
            });
            self.context.tell(What::Started {
                step: self.step.id.clone(),
                attempt,
            });
        }
        if call.is_some() {
            events.push(Event::CallStarted {
                step: self.step.id.clone(),
                operation: u32::try_from(at).unwrap_or(u32::MAX),
            });
        }
        self.context.log.commit(&events).await.map_err(End::from)
    }

    fn accepted(&self, at: usize, ticket: &Ticket) -> Result<(), super::log::Broken> {
        self.context.log.note(Event::Accepted {
            step: self.step.id.clone(),
            operation: u32::try_from(at).unwrap_or(u32::MAX),
            ticket: ticket.clone(),
        })
    }

    fn following(&self) -> Following<'_> {
        Following {
            step: &self.step.id,
            within: call::patience(self.step.kind, &self.context.plan.body.policy),
        }
    }

    /// A call after an undo is another call, so it has another key.
    fn key(&self, at: usize) -> String {
        let key = self.context.plan.key(&self.step.id, at);
        match self.known.round {
            0 => key,
            round => format!("{key}/{round}"),
        }
    }
}
