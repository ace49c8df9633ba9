//! I-2: every tenant has one home at all times. Pure.

use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::plan::format::StepKind as K;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// One home.
pub const I_2: Rule = Rule {
    id: "I-2",
    title: "A tenant is routed to exactly one stamp, and changes it only by a switch",
    level: Level::H,
    source: "requirements G; reliability INV-T1, INV-T2",
    why: "Two homes mean two truths; none means that nobody is served. The home that a tenant has \
          is never deleted from under it.",
    help: "route a new tenant once; move another with all the steps of a move",
    orders: &[],
    each: None,
    check,
};

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::RouteRegister) {
        let Some((id, tenant)) = case.tenant(at) else {
            continue;
        };
        let home = case.new_home(at);
        let elsewhere = tenant
            .stamp
            .as_ref()
            .is_some_and(|now| Some(now.as_str()) != home);
        if elsewhere || tenant.moved_from.is_some() {
            sink.step(
                step,
                format!("{id} lives on another stamp, and this is no switch"),
            );
        }
        if case.graph.siblings(at, &[K::TenantSwitch]).next().is_some() {
            sink.step(step, format!("{id} is routed twice"));
        }
        if tenant
            .state
            .is_some_and(crate::model::TenantState::is_terminal)
        {
            sink.step(step, format!("{id} is gone for good; its id stays taken"));
        }
    }
    for (at, step) in case.of_kind(K::TenantSwitch) {
        switch(case, at, step, sink);
    }
    for kind in [K::TenantSettle, K::TenantTombstone] {
        for (at, step) in case.of_kind(kind) {
            let Some((id, tenant)) = case.tenant(at) else {
                continue;
            };
            let switched = case.graph.siblings(at, &[K::TenantSwitch]).next();
            let now = match switched {
                Some(switch) => case.new_home(switch),
                None => tenant.stamp.as_ref().map(crate::model::id::StampId::as_str),
            };
            let written = case.new_home(at);
            if written.is_some() && written != now {
                sink.step(step, format!("it writes another home for {id} than it has"));
            }
        }
    }
    deletes(case, sink);
}

fn switch(case: &Case<'_>, at: usize, step: &crate::plan::format::Step, sink: &mut Sink<'_>) {
    let Some((id, tenant)) = case.tenant(at) else {
        return;
    };
    let home = case.new_home(at);
    let now = tenant.stamp.as_ref().map(crate::model::id::StampId::as_str);
    let source = step
        .act
        .operations()
        .iter()
        .find_map(|call| match &call.verb {
            Verb::Put { settings } | Verb::Patch { settings } => {
                settings.get("moved_from").and_then(Value::as_str)
            }
            Verb::Delete | Verb::Copy { .. } => None,
        });
    let again = tenant
        .moved_from
        .as_ref()
        .map(crate::model::id::StampId::as_str);
    let right = match again {
        // Settled but for its source: the entry is written once more as it is.
        Some(left) => home == now && source == Some(left),
        None => home.is_some() && home != now && now.is_some() && source == now,
    };
    if !right {
        sink.step(
            step,
            format!("it does not take {id} from its home to one other stamp"),
        );
    }
    if again.is_none() {
        let mut calls = case.sibling_calls(at, &[K::TenantCopy]);
        let astray =
            calls.any(|call| case.reached(call).map(crate::model::id::StampId::as_str) != home);
        if astray {
            sink.step(
                step,
                format!("the data of {id} was copied to another stamp"),
            );
        }
        for copy in case.graph.siblings(at, &[K::TenantCopy]) {
            let done = case.calls(copy).iter();
            let done: Vec<_> = done.map(|call| &call.operation.address).collect();
            let mut made = case.sibling_calls(at, &[K::TenantData, K::TenantBlob]);
            if made.any(|call| !done.contains(&&call.operation.address)) {
                sink.step(step, format!("not all of what {id} has is copied"));
            }
        }
    }
}

/// A source is deleted where the tenant no longer lives, an offboarded tenant's data where it
/// lived.
fn deletes(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::SourceDelete) {
        let Some((id, tenant)) = case.tenant(at) else {
            continue;
        };
        let switch = case.graph.siblings(at, &[K::TenantSwitch]).next();
        let home = switch.and_then(|switch| case.new_home(switch));
        let left = tenant.moved_from.as_ref().or(tenant.stamp.as_ref());
        for call in case.calls(at) {
            let on = case.reached(call);
            let lives = on.map(crate::model::id::StampId::as_str) == home;
            if on.is_none() || on != left || lives {
                let address = call.operation.address.to_string();
                let address = address.escape_debug();
                sink.step(step, format!("`{address}` is not what {id} leaves behind"));
            }
        }
    }
    for (at, step) in case.of_kind(K::TenantDelete) {
        let moving = case
            .graph
            .siblings(at, &[K::TenantSwitch, K::RouteRegister])
            .next();
        if moving.is_some() {
            sink.step(step, "the tenant is routed and deleted in one plan");
        }
    }
}
