//! I-6: nothing irreversible rests on what was not seen. Pure.

use crate::plan::format::Hazard;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// Unknown is not zero.
pub const I_6: Rule = Rule {
    id: "I-6",
    title: "No step that cannot be undone rests on something UNKNOWN",
    level: Level::H,
    source: "X-36; requirements G",
    why: "A value that was not seen may be any value: a hold, a tenant, a core in use.",
    help: "observe what was not seen, and plan again",
    orders: &[],
    each: None,
    check,
};

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    for &at in case.graph.order() {
        if case.graph.kind(at).hazard() != Hazard::Irreversible {
            continue;
        }
        let step = case.graph.step(at);
        match &step.subject {
            Subject::Tenant(id) => {
                let tenant = case.tenant(at);
                if tenant.is_some_and(|(_, tenant)| tenant.held.is_none()) {
                    sink.step(step, format!("whether {id} is on hold is UNKNOWN"));
                }
            }
            Subject::Stamp(id) => {
                for put in case.graph.siblings(at, &[K::QuotaReturn]) {
                    if let Some(what) = unseen(case, put) {
                        sink.step(step, format!("{what} of the account of {id} is UNKNOWN"));
                    }
                }
            }
            Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) => {}
        }
    }
}

/// What was not seen of the account that a return is about.
fn unseen(case: &Case<'_>, put: usize) -> Option<&'static str> {
    let (replay, moved) = case.moved(put)?;
    let opening = replay.opening;
    let name = moved.subscription?;
    let mut subscriptions = opening.subscriptions.iter();
    let subscription = subscriptions.find(|(known, _)| known.as_str() == name);
    let Some((_, subscription)) = subscription else {
        return Some("the subscription");
    };
    let seen = [
        (opening.available.is_some(), "what the group has available"),
        (subscription.allocated.is_some(), "the allocation"),
        (subscription.limit.is_some(), "the limit"),
        (subscription.usage.is_some(), "the usage"),
    ];
    seen.iter().find(|(seen, _)| !seen).map(|(_, what)| *what)
}
