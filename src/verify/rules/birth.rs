//! How a stamp comes into service: O-23 to O-27 and O-86. Pure.

use std::collections::BTreeMap;

use crate::model::StampState;
use crate::plan::format::Step;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;

/// Quota, then reservation.
pub const O_23: Rule = Rule {
    id: "O-23",
    title: "Cores are allocated before a reservation is made from them",
    level: Level::H,
    source: "S0-56; X-69",
    why: "A reservation uses quota from the moment it exists.",
    help: "let reservation.ensure wait for the allocations of its account and subscription",
    orders: &[],
    each: None,
    check: covered,
};

fn covered(case: &Case<'_>, sink: &mut Sink<'_>) {
    let mut gains: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, step) in case.of_kind(K::QuotaAllocate) {
        if let (Subject::Quota(key), Some((_, moved))) = (&step.subject, case.moved(at))
            && let Some(subscription) = moved.subscription
        {
            gains.entry((key, subscription)).or_default().push(at);
        }
    }
    for (at, step) in case.of_kind(K::ReservationEnsure) {
        let Subject::Reservation(name) = &step.subject else {
            continue;
        };
        let Some(opening) = case.body.opening.reservations.get(name) else {
            sink.step(step, "its reservation is not in the opening world");
            continue;
        };
        let Some((key, subscription)) = &opening.account else {
            continue;
        };
        for &allocate in gains
            .get(&(key, subscription.as_str()))
            .into_iter()
            .flatten()
        {
            if !case.graph.is_before(allocate, at) {
                let allocate = case.graph.step(allocate);
                sink.step(step, format!("it does not wait for `{}`", allocate.id));
            }
        }
    }
}

/// Guarantee, then stamp.
pub const O_24: Rule = Rule {
    id: "O-24",
    title: "The reservation is verified before machines are made from it",
    level: Level::H,
    source: "S0-76",
    why: "Without the guarantee a deployment can stop half way for want of machines.",
    help: "let stamp.deploy wait for reservation.verify",
    orders: &[Order {
        then: &[K::StampDeploy],
        first: &[K::StampRegister],
        needed: is_new,
    }],
    each: None,
    check: guaranteed,
};

fn is_new(case: &Case<'_>, at: usize) -> bool {
    case.state(at).is_none()
}

fn guaranteed(case: &Case<'_>, sink: &mut Sink<'_>) {
    for kind in [
        K::StampRegister,
        K::StampDeploy,
        K::ComputeStart,
        K::StampUpdate,
    ] {
        for (at, step) in case.of_kind(kind) {
            let Some(name) = case
                .stamp(at)
                .and_then(|(_, stamp)| stamp.reservation.as_ref())
            else {
                continue;
            };
            // A stamp that shrinks frees what a growing one may need: only growth waits.
            let shrinks = case
                .graph
                .siblings(at, &[K::ReservationReduce])
                .next()
                .is_some();
            let of = Subject::Reservation(name.clone());
            for &check in case.graph.of_subject(&of) {
                let verifies = case.graph.step(check).kind == K::ReservationVerify;
                let settings_only = kind == K::StampUpdate && !grows(step);
                if verifies && !shrinks && !settings_only && !case.graph.is_before(check, at) {
                    let check = case.graph.step(check);
                    sink.step(step, format!("it does not wait for `{}`", check.id));
                }
            }
            let ensures = |&&at: &&usize| case.graph.step(at).kind == K::ReservationEnsure;
            let unverified = case
                .graph
                .of_subject(&of)
                .iter()
                .filter(ensures)
                .any(|&ensure| {
                    let mut checks = case.graph.siblings(ensure, &[K::ReservationVerify]);
                    !checks.any(|check| case.graph.is_before(ensure, check))
                });
            if unverified && !shrinks {
                sink.step(step, format!("nothing verifies reservation {name}"));
            }
        }
    }
}

fn grows(step: &Step) -> bool {
    let mut calls = step.act.operations().iter();
    calls.any(|call| crate::verify::ledger::written(call, "instances").is_some())
}

fn must_be_built(case: &Case<'_>, at: usize) -> bool {
    matches!(
        case.state(at),
        None | Some(StampState::Creating | StampState::Failed | StampState::Deleted)
    )
}

/// Built, then judged.
pub const O_25: Rule = Rule {
    id: "O-25",
    title: "A stamp is built before its health is judged",
    level: Level::H,
    source: "S2-3, S2-25",
    why: "A probe of what is not built yet says nothing, or speaks of another stamp.",
    help: "let stamp.health wait for stamp.deploy, and stamp.smoke for stamp.health",
    orders: &[
        Order {
            then: &[K::StampHealth],
            first: &[K::StampDeploy],
            needed: must_be_built,
        },
        Order {
            then: &[K::StampSmoke],
            first: &[K::StampHealth],
            needed: always,
        },
    ],
    each: None,
    check: orders_only,
};

/// Healthy, then traffic.
pub const O_26: Rule = Rule {
    id: "O-26",
    title: "A stamp is healthy and passes its smoke test before it gets traffic",
    level: Level::H,
    source: "S2-3, S2-25",
    why: "Users must not be the first to notice that a stamp does not work.",
    help: "let ingress.add and stamp.activate wait for stamp.health and stamp.smoke",
    orders: &[
        Order {
            then: &[K::IngressAdd, K::StampActivate],
            first: &[K::StampHealth],
            needed: always,
        },
        Order {
            then: &[K::IngressAdd, K::StampActivate],
            first: &[K::StampSmoke],
            needed: always,
        },
    ],
    each: None,
    check: orders_only,
};

fn has_ingress(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at);
    stamp.is_some_and(|(_, stamp)| stamp.origin.is_some())
}

/// Traffic, then active.
pub const O_27: Rule = Rule {
    id: "O-27",
    title: "Traffic is seen to arrive before a stamp is called active",
    level: Level::H,
    source: "S2-25; S0-18",
    why: "An active stamp is given tenants. One that no traffic reaches would take them offline.",
    help: "let stamp.activate wait for ingress.add and ingress.verify",
    orders: &[
        Order {
            then: &[K::StampActivate],
            first: &[K::IngressAdd],
            needed: has_ingress,
        },
        Order {
            then: &[K::StampActivate],
            first: &[K::IngressVerify],
            needed: has_ingress,
        },
    ],
    each: None,
    check: origin_made,
};

fn origin_made(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::StampDeploy) {
        let origin = case.stamp(at).and_then(|(_, stamp)| stamp.origin.as_ref());
        let mut calls = step.act.operations().iter();
        if origin.is_some_and(|origin| calls.all(|call| call.address != *origin)) {
            sink.step(step, "it does not make the stamp's origin");
        }
    }
}

fn slept(case: &Case<'_>, at: usize) -> bool {
    case.state(at) == Some(StampState::Ready)
}

/// Awake, then traffic.
pub const O_86: Rule = Rule {
    id: "O-86",
    title: "A stamp on standby is started and healthy before it gets traffic",
    level: Level::H,
    source: "S2-31",
    why: "A warm stamp has few machines or none; full traffic would be its end.",
    help: "let stamp.health and ingress.add wait for compute.start",
    orders: &[
        Order {
            then: &[K::StampHealth, K::IngressAdd, K::StampActivate],
            first: &[K::ComputeStart],
            needed: slept,
        },
        Order {
            then: &[K::IngressAdd],
            first: &[K::StampHealth],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};
