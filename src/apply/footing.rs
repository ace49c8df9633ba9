//! What a call stands on: all that its step expects, judged immediately before it, and the values
//! that later steps compare with.

use stampctl_contract::Fault;
use stampctl_contract::Kind;

use super::conditions::Asked;
use super::conditions::Look;
use super::conditions::Verdict;
use super::context::Context;
use super::reach::Reach;
use crate::journal::Baseline;
use crate::plan::format::Step;

/// What is known of the call that is to be made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubt {
    /// The cloud may have begun with it, so what it reaches need not be as the plan expects.
    pub(super) begun: bool,
    /// It may be done.
    pub(super) done: bool,
}

/// Whether what a step expects holds.
pub(super) enum Footing {
    /// It does; what was seen.
    Firm(Vec<String>),
    /// It does not; what was seen.
    Moved(Vec<String>),
    /// That was not seen; why not.
    Unseen(Vec<String>, Option<Fault>),
}

/// Whether all that the step expects holds, but for what its own calls have changed.
pub(super) async fn footing(
    context: &Context<'_>,
    step: &Step,
    at: usize,
    doubt: Doubt,
    look: &Look<'_>,
) -> Footing {
    let operations = step.act.operations();
    let mut own = Reach::of(operations.iter().take(at));
    let operation = &operations[at];
    // A registry entry changes as a whole or not at all, so there is no half-way to excuse.
    if doubt.begun && operation.address.kind() != Kind::RegistryItem {
        own.add(operation);
    }
    let asked = Asked {
        step: &step.id,
        now: context.now(),
        memory: &context.log,
    };
    let mut saw = Vec::new();
    let mut unseen = None;
    for expect in &step.expects {
        if own.touches(&expect.condition) {
            continue;
        }
        let judged = look.judge(&expect.condition, &asked).await;
        match judged.verdict {
            Verdict::Pass => saw.push(judged.evidence),
            Verdict::Fail => return Footing::Moved(vec![judged.evidence]),
            Verdict::Unknown => {
                unseen = Some(Footing::Unseen(vec![judged.evidence], judged.fault));
            }
        }
    }
    unseen.unwrap_or(Footing::Firm(saw))
}

/// The values that later steps compare with, as they are before the step's first call.
pub(super) async fn baseline(
    context: &Context<'_>,
    step: &Step,
    look: &Look<'_>,
) -> Result<Vec<Baseline>, Footing> {
    let compared = context.compared.get(&step.id);
    let mut values = Vec::new();
    for (address, setting) in compared.into_iter().flatten() {
        let seen = look.read(address).await;
        let unseen = |fault| {
            let what = format!("{address} {setting} has to be known before, and is not");
            Footing::Unseen(vec![what], fault)
        };
        let value = match seen {
            Ok(Some(resource)) => resource.int(setting).ok_or_else(|| unseen(None))?,
            Ok(None) => return Err(unseen(None)),
            Err(fault) => return Err(unseen(Some(fault))),
        };
        values.push(Baseline {
            address: (*address).clone(),
            setting: (*setting).to_owned(),
            value,
        });
    }
    Ok(values)
}
