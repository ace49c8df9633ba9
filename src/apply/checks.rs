//! A step that looks, and goes on only when everything holds.

use jiff::SignedDuration;
use jiff::Timestamp;
use stampctl_contract::Fault;

use super::clock::later;
use super::conditions::Asked;
use super::conditions::Look;
use super::conditions::Verdict;
use super::context::Context;
use super::context::End;
use super::event::What;
use super::retry;
use super::retry::Next;
use super::timers::Woken;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::FailedWith;
use crate::journal::event::cut_all;
use crate::plan::format::Condition;
use crate::plan::format::OnTimeout;
use crate::plan::format::Patience;
use crate::plan::format::Step;

/// What one look at all conditions came to.
struct Seen {
    verdict: Verdict,
    evidence: Vec<String>,
    due: Option<Timestamp>,
    fault: Option<Fault>,
}

/// Attempts a check.
pub(super) async fn check(
    context: &Context<'_>,
    step: &Step,
    conditions: &[Condition],
    patience: Patience,
) -> End {
    let attempt = context.log.with(|p| p.step(&step.id).attempts) + 1;
    let started = Event::Started {
        step: step.id.clone(),
        attempt,
        baseline: Vec::new(),
        saw: Vec::new(),
    };
    if context.log.note(started).is_err() {
        return End::Broken;
    }
    context.tell(What::Started {
        step: step.id.clone(),
        attempt,
    });
    let give_up_at = later(context.now(), patience.within.0);
    let every = patience.every.0.max(1);
    let mut good = 0;
    let mut blind = 0;
    loop {
        let seen = look(context, step, conditions).await;
        let now = context.now();
        if seen.fault.is_none() {
            blind = 0;
        }
        let again = if seen.verdict == Verdict::Pass {
            good += 1;
            if good >= patience.good.max(1) {
                return context.succeed(step, &seen.evidence);
            }
            // It holds; that it goes on holding is seen even when the time is up.
            later(now, every)
        } else {
            good = 0;
            match seen
                .fault
                .as_ref()
                .map(|f| retry::next(f, blind, &step.id.0))
            {
                // That nothing could be seen for a moment is no answer.
                Some(Next::After(wait)) => {
                    blind += 1;
                    super::clock::after(now, wait)
                }
                _ if now < give_up_at => later(now, every).min(give_up_at),
                _ => return give_up(context, step, patience, &seen),
            }
        };
        context.tell(What::Looking {
            step: step.id.clone(),
            evidence: cut_all(&seen.evidence),
            again,
            until: give_up_at.max(again),
        });
        let wait: SignedDuration = again.duration_since(now);
        if context.pause(wait).await == Woken::Stopped {
            return End::Interrupted;
        }
    }
}

async fn look(context: &Context<'_>, step: &Step, conditions: &[Condition]) -> Seen {
    let look = Look::new(context.provider);
    let asked = Asked {
        step: &step.id,
        now: context.now(),
        memory: &context.log,
    };
    let mut seen = Seen {
        verdict: Verdict::Pass,
        evidence: Vec::new(),
        due: None,
        fault: None,
    };
    for condition in conditions {
        let judged = look.judge(condition, &asked).await;
        seen.verdict = seen.verdict.max(judged.verdict);
        if judged.verdict == Verdict::Pass {
            seen.evidence.push(judged.evidence);
        } else {
            // What does not hold is told first: evidence is cut short at its end.
            seen.evidence.insert(0, judged.evidence);
            seen.due = seen.due.max(judged.due);
            seen.fault = seen.fault.or(judged.fault);
        }
    }
    seen
}

fn give_up(context: &Context<'_>, step: &Step, patience: Patience, seen: &Seen) -> End {
    if patience.then == OnTimeout::Fail {
        let cause = match seen.verdict {
            Verdict::Unknown => Cause::Unseen,
            Verdict::Pass | Verdict::Fail => Cause::Check,
        };
        let fault = seen.fault.as_ref().map(FailedWith::from);
        return context.fail(step, cause, fault, &seen.evidence);
    }
    let evidence = cut_all(&seen.evidence);
    let event = Event::Waiting {
        step: step.id.clone(),
        until: seen.due,
        evidence: evidence.clone(),
    };
    if context.log.note(event).is_err() {
        return End::Broken;
    }
    context.tell(What::Waiting {
        step: step.id.clone(),
        until: seen.due,
        evidence,
    });
    End::Waiting(seen.due)
}
