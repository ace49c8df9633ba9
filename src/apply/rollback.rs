//! Takes back what a subject's steps did, when a later step of it failed before its point of no
//! return: the operations that the plan gives for it, in reverse order, and nothing else.

use stampctl_contract::Operation;

use super::call;
use super::call::Following;
use super::call::Made;
use super::conditions::Look;
use super::context::Context;
use super::event::What;
use super::log::Broken;
use super::retry;
use super::retry::Next;
use super::timers::Woken;
use crate::journal::Event;
use crate::journal::FailedWith;
use crate::journal::StepStatus;
use crate::plan::format::Step;
use crate::plan::format::StepId;

/// A step to be taken back, with the steps that stand on it.
pub(super) struct Undo<'a> {
    pub(super) step: &'a Step,
    pub(super) descendants: Vec<&'a StepId>,
}

/// Takes steps back, one after the other; stops at the first that cannot be. Gives whether all
/// were.
pub(super) async fn roll_back(context: &Context<'_>, steps: Vec<Undo<'_>>) -> Result<bool, Broken> {
    for undo in steps {
        if !take_back(context, &undo).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn take_back(context: &Context<'_>, undo: &Undo<'_>) -> Result<bool, Broken> {
    let step = &undo.step.id;
    let mut events: Vec<Event> = context.log.with(|progress| {
        let stands = |id: &&&StepId| progress.status(id) == StepStatus::Succeeded;
        let standing = undo.descendants.iter().filter(stands);
        standing
            .map(|id| Event::Reset {
                step: (*id).clone(),
                because: step.clone(),
            })
            .collect()
    });
    events.push(Event::UndoStarted { step: step.clone() });
    context.log.commit(&events).await?;
    context.tell(What::UndoStarted { step: step.clone() });
    let round = context.log.with(|progress| progress.step(step).round);
    for (at, operation) in undo.step.undo.iter().enumerate() {
        let key = format!("{}/undo/{round}", context.plan.key(step, at));
        if let Err(fault) = perform(context, undo.step, operation, &key).await? {
            context.log.note(Event::UndoFailed {
                step: step.clone(),
                fault: fault.clone(),
            })?;
            context.tell(What::UndoFailed {
                step: step.clone(),
                fault,
            });
            return Ok(false);
        }
    }
    context
        .log
        .note(Event::UndoFinished { step: step.clone() })?;
    context.tell(What::UndoFinished { step: step.clone() });
    Ok(true)
}

/// Makes a call of an undo until it is done; says what stood in its way.
async fn perform(
    context: &Context<'_>,
    step: &Step,
    operation: &Operation,
    key: &str,
) -> Result<Result<(), Option<FailedWith>>, Broken> {
    let following = Following {
        step: &step.id,
        within: call::patience(step.kind, &context.plan.body.policy),
    };
    let mut tries = 0;
    loop {
        let look = Look::new(context.provider);
        let fault = match call::conditional(operation, &look).await {
            Err(fault) => fault,
            Ok(conditional) => {
                let made = call::make(context, &conditional, key, &following, |_| Ok(()));
                match made.await? {
                    Made::Done => return Ok(Ok(())),
                    Made::Endless => return Ok(Err(None)),
                    Made::Failed { fault, .. } => fault,
                }
            }
        };
        let wait = match retry::next(&fault, tries, key) {
            Next::After(wait) => wait,
            Next::GiveUp => return Ok(Err(Some((&fault).into()))),
        };
        tries += 1;
        if context.pause(wait).await == Woken::Stopped {
            return Ok(Err(Some((&fault).into())));
        }
    }
}
