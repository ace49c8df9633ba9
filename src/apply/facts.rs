//! The facts that a plan was made from, read once more before its first step.
//!
//! A fact holds until the step that changes it (design §11.19). So on resume only those facts
//! are read whose step has not begun and which no call of this run can have changed; every other
//! is read again immediately before its own step.

use futures_util::StreamExt as _;
use futures_util::stream;
use stampctl_contract::Fault;
use stampctl_contract::Operation;
use stampctl_contract::Provider;

use super::clock::Clock;
use super::clock::after;
use super::conditions::Asked;
use super::conditions::Look;
use super::conditions::Verdict;
use super::outcome::Moved;
use super::reach::Reach;
use super::retry;
use super::retry::Next;
use crate::journal::Progress;
use crate::journal::StepStatus;
use crate::plan::format::Condition;
use crate::plan::format::Plan;
use crate::plan::format::Step;

/// How many facts are read at a time.
const TOGETHER: usize = 16;

struct Doubtful {
    moved: Moved,
    fault: Option<Fault>,
}

/// The facts that no longer hold or cannot be seen.
pub(super) async fn moved(
    plan: &Plan,
    progress: &Progress,
    provider: &dyn Provider,
    clock: &dyn Clock,
) -> Vec<Moved> {
    let facts = facts(plan, progress);
    for tries in 0.. {
        let found = look(&facts, progress, provider, clock).await;
        // That something could not be seen for a moment is no answer.
        let wait = found.iter().filter_map(|doubtful| {
            let fault = doubtful.fault.as_ref()?;
            match retry::next(fault, tries, "facts") {
                Next::After(wait) => Some(wait),
                Next::GiveUp => None,
            }
        });
        match wait.max() {
            Some(wait) => clock.sleep_until(after(clock.now(), wait)).await,
            None => return found.into_iter().map(|doubtful| doubtful.moved).collect(),
        }
    }
    Vec::new()
}

/// The facts that still have to hold.
fn facts<'a>(plan: &'a Plan, progress: &Progress) -> Vec<(&'a Step, &'a Condition)> {
    let reach = Reach::of(begun(plan, progress));
    let mut facts = Vec::new();
    for step in &plan.body.steps {
        let known = progress.get(&step.id);
        let untouched = known.is_none_or(|k| k.call.is_none() && k.status != StepStatus::Succeeded);
        if !untouched {
            continue;
        }
        for expect in step.expects.iter().filter(|expect| expect.fact) {
            let condition = &expect.condition;
            let ours =
                reach.touches(condition) || (!reach.is_empty() && Reach::is_derived(condition));
            if !ours {
                facts.push((step, condition));
            }
        }
    }
    facts
}

/// The calls of this run that may have had an effect, those of an undo included.
fn begun<'a>(plan: &'a Plan, progress: &Progress) -> Vec<&'a Operation> {
    let mut begun = Vec::new();
    for step in &plan.body.steps {
        let Some(known) = progress.get(&step.id) else {
            continue;
        };
        let operations = step.act.operations();
        if known.round > 0 || known.status == StepStatus::Succeeded {
            begun.extend(operations);
        } else if let Some(call) = &known.call {
            let count = usize::try_from(call.operation).unwrap_or(usize::MAX);
            begun.extend(operations.iter().take(count.saturating_add(1)));
        }
        if known.round > 0 || known.status == StepStatus::Undoing {
            begun.extend(&step.undo);
        }
    }
    begun
}

async fn look(
    facts: &[(&Step, &Condition)],
    progress: &Progress,
    provider: &dyn Provider,
    clock: &dyn Clock,
) -> Vec<Doubtful> {
    let look = &Look::new(provider);
    let now = clock.now();
    let judged = stream::iter(facts.iter().map(|(step, condition)| async move {
        let asked = Asked {
            step: &step.id,
            now,
            memory: progress,
        };
        let judged = look.judge(condition, &asked).await;
        (judged.verdict != Verdict::Pass).then(|| Doubtful {
            moved: Moved {
                step: step.id.clone(),
                evidence: judged.evidence,
            },
            fault: judged.fault,
        })
    }));
    // In the plan's order, however the answers come.
    let found: Vec<Option<Doubtful>> = judged.buffered(TOGETHER).collect().await;
    found.into_iter().flatten().collect()
}
