//! Return before delete: O-1, O-2, O-4, O-5 and I-1. Pure.

use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;

use super::checks::at_stake;
use crate::model::Cores;
use crate::model::StampId;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::calls::How;
use crate::verify::case::Case;
use crate::verify::ledger::written;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;

const DELETES: &[K] = &[K::IngressDelete, K::DataDelete, K::StampDelete];

fn holds_cores(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at);
    stamp.is_some_and(|(id, _)| case.cores_at_stake(id) > 0)
}

/// Quota goes back before anything is deleted.
pub const O_1: Rule = Rule {
    id: "O-1",
    title: "Quota is returned before anything of the stamp is deleted",
    level: Level::H,
    source: "S0-94, S0-95, S0-96, S0-101, S0-104",
    why: "What is deleted first takes its cores with it. They are lost for good; the way back is \
          a request for more that takes weeks.",
    help: "add the return and its verification before the delete, or plan again",
    orders: &[Order {
        then: DELETES,
        first: &[K::QuotaReturn],
        needed: holds_cores,
    }],
    each: None,
    check: orders_only,
};

/// The return is seen on both sides.
pub const O_2: Rule = Rule {
    id: "O-2",
    title: "The return is verified on both sides before anything is deleted",
    level: Level::H,
    source: "S0-99; X-37",
    why: "A return can fail without an error. Only the group's gain and the subscription's loss, \
          each of exactly the stamp's cores, prove it.",
    help: "add quota.verify after quota.return and before the delete, or plan again",
    orders: &[Order {
        then: DELETES,
        first: &[K::QuotaVerify],
        needed: holds_cores,
    }],
    each: None,
    check: unverified,
};

fn unverified(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::QuotaReturn) {
        if case.graph.siblings(at, &[K::QuotaVerify]).next().is_none() {
            sink.step(step, "nothing verifies the return");
        }
    }
}

/// Compute first, and seen.
pub const O_4: Rule = Rule {
    id: "O-4",
    title: "Compute is released, and usage seen to fall, before quota is returned",
    level: Level::H,
    source: "S0-95; X-70",
    why: "A limit cannot go below what is used. Whether a deallocated machine counts as used is \
          disputed, so the usage is looked at.",
    help: "add compute.release and usage.verify before quota.return, or plan again",
    orders: &[
        Order {
            then: &[K::QuotaReturn],
            first: &[K::UsageVerify],
            needed: always,
        },
        Order {
            then: &[K::QuotaReturn, K::UsageVerify, K::ReservationReduce],
            first: &[K::ComputeRelease, K::StampUpdate],
            needed: always,
        },
        Order {
            then: DELETES,
            first: &[K::ComputeRelease],
            needed: if_there,
        },
    ],
    each: None,
    check: released,
};

/// Machines that are only stopped, or only taken out of the count, are not released.
fn released(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (_, step) in case.of_kind(K::ComputeRelease) {
        let sets = |done: fn(&Operation) -> bool| -> BTreeSet<&Address> {
            let calls = step.act.operations().iter();
            let calls = calls.filter(|call| call.address.kind() == Kind::ScaleSet && done(call));
            calls.map(|call| &call.address).collect()
        };
        let stopped = sets(|call| text(call, "power") == Some("deallocated"));
        let emptied = sets(|call| written(call, "instances") == Some(0));
        for half in stopped.symmetric_difference(&emptied) {
            let half = half.to_string();
            let half = half.escape_debug();
            sink.step(
                step,
                format!("`{half}` is not both deallocated and scaled to 0"),
            );
        }
    }
}

/// A text that a call writes.
fn text<'c>(call: &'c Operation, setting: &str) -> Option<&'c str> {
    match &call.verb {
        Verb::Put { settings } | Verb::Patch { settings } => settings.get(setting)?.as_str(),
        Verb::Delete | Verb::Copy { .. } => None,
    }
}

fn is_reserved(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at);
    stamp.is_some_and(|(_, stamp)| stamp.reservation.is_some())
}

/// The reservation is reduced first.
pub const O_5: Rule = Rule {
    id: "O-5",
    title: "The reservation is reduced before quota is returned",
    level: Level::H,
    source: "S0-100; X-69",
    why: "A reservation that nobody uses still uses quota. The return would fail, or leave the \
          reservation without cover.",
    help: "add reservation.reduce before usage.verify and quota.return, or plan again",
    orders: &[Order {
        then: &[K::QuotaReturn, K::UsageVerify],
        first: &[K::ReservationReduce],
        needed: is_reserved,
    }],
    each: None,
    check: dissociated,
};

/// A machine that keeps its place in a reservation keeps the reservation from shrinking.
fn dissociated(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::ReservationReduce) {
        let released = case.graph.siblings(at, &[K::ComputeRelease]);
        let sets = released.flat_map(|release| case.graph.step(release).act.operations());
        let sets = sets.filter(|call| call.address.kind() == Kind::ScaleSet);
        let calls = step.act.operations();
        let kept = sets.filter(|set| calls.iter().all(|call| call.address != set.address));
        if kept.count() > 0 {
            sink.step(step, "it leaves machines in the reservation");
        }
    }
}

/// No delete without a full, verified return.
pub const I_1: Rule = Rule {
    id: "I-1",
    title: "Nothing of a stamp is deleted while it holds cores of a quota group",
    level: Level::H,
    source: "S0-96, S0-104; X-39; requirements G",
    why: "Whatever a delete is called and whichever way leads to it, the cores of the stamp must \
          be back first: all of them, and no more.",
    help: "return exactly what the stamp holds, less what is kept back on purpose",
    orders: &[],
    each: None,
    check: every_delete,
};

fn every_delete(case: &Case<'_>, sink: &mut Sink<'_>) {
    for &at in case.graph.order() {
        let deletes = case.calls(at).iter();
        let deletes = deletes.filter(|call| call.how == How::Delete && takes_quota(call.kind));
        let mut stamps: Vec<&StampId> = deletes.filter_map(|call| case.reached(call)).collect();
        stamps.sort_unstable();
        stamps.dedup();
        for stamp in stamps {
            let cores = at_stake(case, stamp);
            if cores > 0 && !returned_in_full(case, at, stamp, cores) {
                let cores = Cores(case.cores_at_stake(stamp));
                sink.step(
                    case.graph.step(at),
                    format!(
                        "it deletes what is {stamp}'s before {cores} are returned and verified"
                    ),
                );
            }
        }
    }
    for (at, step) in case.of_kind(K::QuotaReturn) {
        let Subject::Stamp(stamp) = &step.subject else {
            continue;
        };
        let Some((_, moved)) = case.moved(at) else {
            continue;
        };
        let held = case.known(stamp).and_then(|s| s.account.as_ref());
        let held = held.map_or(0, |account| account.cores);
        let retires = case.graph.siblings(at, DELETES).next().is_some();
        let right = if retires {
            moved.gain == at_stake(case, stamp)
        } else {
            moved.gain > 0 && moved.gain.unsigned_abs() <= held
        };
        if !right {
            let message = format!(
                "it returns {} of the {held} cores that {stamp} holds",
                moved.gain
            );
            sink.step(step, message);
        }
    }
}

/// Kinds whose delete takes a stamp's machines or data with it. A tenant's own data, an alert or
/// a lock holds no cores.
fn takes_quota(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ResourceGroup
            | Kind::ScaleSet
            | Kind::SqlServer
            | Kind::StorageAccount
            | Kind::CapacityReservation
    )
}

fn returned_in_full(case: &Case<'_>, at: usize, stamp: &StampId, cores: i64) -> bool {
    let put = case.graph.stamp_step(stamp, K::QuotaReturn);
    let seen = case.graph.stamp_step(stamp, K::QuotaVerify);
    let (Some(put), Some(seen)) = (put, seen) else {
        return false;
    };
    let gain = case.moved(put).map(|(_, moved)| moved.gain);
    gain == Some(cores)
        && case.graph.is_before(put, seen)
        && case.graph.is_before(put, at)
        && case.graph.is_before(seen, at)
}
