//! One call: made with the condition that what was judged is still there, followed until the
//! cloud is done with it, and proved by looking where its answer was lost.

use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Ticket;
use stampctl_contract::Verb;

use super::clock::after;
use super::clock::later;
use super::conditions::Look;
use super::context::Context;
use super::event::What;
use super::log::Broken;
use super::retry;
use super::retry::Next;
use crate::model::Policy;
use crate::model::Seconds;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It is done.
    Done,
    /// It failed; `accepted` says whether the cloud had begun with it.
    Failed {
        /// What the cloud said.
        fault: Fault,
        /// Whether the cloud had begun with it.
        accepted: bool,
    },
    /// The cloud is still at it, for longer than it may be.
    Endless,
}

/// How a call is followed.
pub(super) struct Following<'a> {
    /// The step.
    pub(super) step: &'a StepId,
    /// How long the cloud may be at it.
    pub(super) within: Seconds,
}

/// The operation with the condition that the registry entry is still at the version that this
/// look saw.
///
/// The plan cannot state it: it does not know the versions that its own steps bring about. So
/// every write to the registry without a condition of its own gets one, of what was just judged.
pub(super) async fn conditional(
    operation: &Operation,
    look: &Look<'_>,
) -> Result<Operation, Fault> {
    let mut operation = operation.clone();
    if operation.address.kind() != Kind::RegistryItem || !operation.precondition.is_any() {
        return Ok(operation);
    }
    let seen = look.read(&operation.address).await?;
    operation.precondition = match (seen, &operation.verb) {
        (Some(item), _) => item.etag.map_or(Precondition::Any, Precondition::Version),
        (None, Verb::Put { .. }) => Precondition::Absent,
        // Nothing to change or remove: the cloud says so by itself.
        (None, _) => Precondition::Any,
    };
    Ok(operation)
}

/// Makes a call, and follows it if the cloud goes on by itself.
pub(super) async fn make(
    context: &Context<'_>,
    operation: &Operation,
    key: &str,
    following: &Following<'_>,
    accepted: impl FnOnce(&Ticket) -> Result<(), Broken>,
) -> Result<Made, Broken> {
    match context.provider.perform(operation, key).await {
        Ok(Outcome::Done(_)) => Ok(Made::Done),
        Ok(Outcome::Accepted(ticket)) => {
            accepted(&ticket)?;
            Ok(follow(context, ticket, following).await)
        }
        Err(fault) => Ok(Made::Failed {
            fault,
            accepted: false,
        }),
    }
}

/// Asks after a call until the cloud is done with it.
///
/// A run that is to stop finishes this: the call is made, and its outcome is worth knowing.
pub(super) async fn follow(
    context: &Context<'_>,
    mut ticket: Ticket,
    following: &Following<'_>,
) -> Made {
    let until = later(context.now(), following.within.0);
    let mut lost = 0;
    let mut again = later(context.now(), u64::from(ticket.retry_after_seconds).max(1));
    loop {
        context.tell(What::Looking {
            step: following.step.clone(),
            evidence: vec![format!("the cloud works on {}", ticket.address)],
            again,
            until,
        });
        context.timers.until(again, false).await;
        let fault = match context.provider.poll(&ticket).await {
            Ok(Outcome::Done(_)) => return Made::Done,
            Ok(Outcome::Accepted(next)) => {
                ticket = next;
                lost = 0;
                None
            }
            Err(fault) => Some(fault),
        };
        let now = context.now();
        if now >= until {
            return Made::Endless;
        }
        again = match fault {
            None => later(now, u64::from(ticket.retry_after_seconds).max(1)),
            // The question was lost, not the operation.
            Some(fault) if matches!(fault.class, FaultClass::Transient | FaultClass::Throttled) => {
                match retry::next(&fault, lost, &ticket.id) {
                    Next::After(wait) => {
                        lost += 1;
                        after(now, wait)
                    }
                    Next::GiveUp => {
                        let fault = fault.ambiguous();
                        return Made::Failed {
                            fault,
                            accepted: true,
                        };
                    }
                }
            }
            Some(fault) => {
                return Made::Failed {
                    fault,
                    accepted: true,
                };
            }
        };
    }
}

/// Whether the world is as the call would leave it.
///
/// A copy cannot be proved by looking at settings; it is made again, which is the same as making
/// it once.
pub(super) async fn is_proved(operation: &Operation, look: &Look<'_>) -> Result<bool, Fault> {
    let wanted: &Settings = match &operation.verb {
        Verb::Put { settings } | Verb::Patch { settings } => settings,
        Verb::Delete => return Ok(look.read(&operation.address).await?.is_none()),
        Verb::Copy { .. } => return Ok(false),
    };
    let Some(seen) = look.read(&operation.address).await? else {
        return Ok(false);
    };
    Ok(wanted
        .iter()
        .all(|(name, value)| seen.get(name) == Some(value)))
}

/// How long the cloud may be at one call of a step of this kind.
pub(super) fn patience(kind: StepKind, policy: &Policy) -> Seconds {
    let timeouts = &policy.timeouts;
    match kind {
        StepKind::TenantCopy
        | StepKind::TenantSnapshot
        | StepKind::TenantExport
        | StepKind::StampBackup => timeouts.copy,
        StepKind::StampDelete
        | StepKind::DataDelete
        | StepKind::IngressDelete
        | StepKind::SourceDelete
        | StepKind::TenantDelete => timeouts.absence,
        StepKind::ComputeRelease | StepKind::ReservationReduce => timeouts.release,
        StepKind::QuotaAllocate | StepKind::QuotaReturn | StepKind::QuotaIncrease => timeouts.quota,
        _ => timeouts.creating,
    }
}
