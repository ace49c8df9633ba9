//! How a tenant comes to a stamp: O-31 to O-37 and I-8. Pure.

use crate::model::Load;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::plan::format::opening::OpeningStamp;
use crate::verify::arrivals::Arrival;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;

/// Looked at again, then built.
pub const O_31: Rule = Rule {
    id: "O-31",
    title: "A stamp is seen to have room right before anything is made on it for a tenant",
    level: Level::H,
    source: "S0-20, S0-28",
    why: "Between plan and apply a stamp may have filled up.",
    help: "let the tenant's first steps on a stamp wait for the stamp's capacity.recheck",
    orders: &[],
    each: None,
    check: rechecked,
};

fn rechecked(case: &Case<'_>, sink: &mut Sink<'_>) {
    for kind in [K::TenantData, K::TenantBlob] {
        for (at, step) in case.of_kind(kind) {
            for call in case.calls(at) {
                let Some(stamp) = case.reached(call) else {
                    continue;
                };
                let check = case.graph.stamp_step(stamp, K::CapacityRecheck);
                if check.is_none_or(|check| !case.graph.is_before(check, at)) {
                    sink.step(step, format!("nothing checks that {stamp} has room"));
                }
            }
        }
    }
    for kind in [K::TenantSnapshot, K::ApiUser] {
        for (at, step) in case.of_kind(kind) {
            let route = case
                .graph
                .siblings(at, &[K::RouteRegister, K::TenantSwitch])
                .next();
            let home = route.and_then(|route| case.new_home(route));
            let home: Option<StampId> = home.and_then(|home| home.parse().ok());
            let check = home.and_then(|home| case.graph.stamp_step(&home, K::CapacityRecheck));
            if check.is_none_or(|check| !case.graph.is_before(check, at)) {
                sink.step(step, "nothing checks that the tenant's new stamp has room");
            }
        }
    }
    for (at, step) in case.of_kind(K::CapacityRecheck) {
        for activate in case
            .graph
            .siblings(at, &[K::StampActivate, K::PlacementOpen])
        {
            if !case.graph.is_before(activate, at) {
                let activate = case.graph.step(activate);
                sink.step(step, format!("it does not wait for `{}`", activate.id));
            }
        }
    }
}

/// Tables, then files.
pub const O_32: Rule = Rule {
    id: "O-32",
    title: "A tenant's database part is made before its container",
    level: Level::H,
    source: "S0-17",
    why: "The container is found through the database.",
    help: "let tenant.blob wait for tenant.data",
    orders: &[Order {
        then: &[K::TenantBlob],
        first: &[K::TenantData],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Routed last.
pub const O_33: Rule = Rule {
    id: "O-33",
    title: "A tenant is routed only after everything of it is there",
    level: Level::H,
    source: "S0-17",
    why: "Nobody may reach a tenant that is half ready.",
    help: "let route.register wait for tenant.data, tenant.blob and tenant.health",
    orders: &[
        Order {
            then: &[K::RouteRegister],
            first: &[K::TenantData],
            needed: always,
        },
        Order {
            then: &[K::RouteRegister],
            first: &[K::TenantBlob],
            needed: always,
        },
        Order {
            then: &[K::RouteRegister],
            first: &[K::TenantHealth],
            needed: always,
        },
        Order {
            then: &[K::TenantHealth],
            first: &[K::TenantData],
            needed: if_there,
        },
        Order {
            then: &[K::TenantHealth],
            first: &[K::TenantBlob],
            needed: if_there,
        },
    ],
    each: None,
    check: there,
};

/// What was made is on the stamp that the tenant is routed to.
fn there(case: &Case<'_>, sink: &mut Sink<'_>) {
    for arrival in case.arrivals().flatten() {
        let mut made = case.sibling_calls(arrival.at, &[K::TenantData, K::TenantBlob]);
        if made.any(|call| case.reached(call) != Some(arrival.stamp)) {
            let message = format!(
                "what was made for {} is not on {}",
                arrival.id, arrival.stamp
            );
            sink.step(case.graph.step(arrival.at), message);
        }
    }
}

/// A user, then a subscription.
pub const O_34: Rule = Rule {
    id: "O-34",
    title: "The API gateway knows a tenant's user before its subscription",
    level: Level::H,
    source: "S1-43",
    why: "A subscription belongs to a user.",
    help: "let api.subscribe wait for api.user",
    orders: &[Order {
        then: &[K::ApiSubscribe],
        first: &[K::ApiUser],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// A subscription, then its policy.
pub const O_35: Rule = Rule {
    id: "O-35",
    title: "The API gateway knows a tenant's subscription before its policy",
    level: Level::H,
    source: "S1-43",
    why: "A policy is attached to a subscription.",
    help: "let api.policy wait for api.subscribe",
    orders: &[Order {
        then: &[K::ApiPolicy],
        first: &[K::ApiSubscribe],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

fn has_access(case: &Case<'_>, at: usize) -> bool {
    let mut access = case.graph.siblings(at, &[K::ApiUser, K::ApiSubscribe]);
    access.next().is_some()
}

/// Limited, then open.
pub const O_36: Rule = Rule {
    id: "O-36",
    title: "A tenant's limits are attached at the API gateway before it is routed",
    level: Level::H,
    source: "S1-41",
    why: "Without them its requests are unlimited.",
    help: "let route.register wait for api.policy",
    orders: &[
        Order {
            then: &[K::RouteRegister],
            first: &[K::ApiPolicy],
            needed: has_access,
        },
        Order {
            then: &[K::TenantHealth],
            first: &[K::ApiPolicy],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// What is derived comes last.
pub const O_37: Rule = Rule {
    id: "O-37",
    title: "Counts and tags are written after the tenants that they count have come or gone",
    level: Level::P,
    source: "S0-17; X-5",
    why: "A count from before is wrong from the start.",
    help: "let projection.sync wait for every step that changes who lives on the stamp",
    orders: &[],
    each: None,
    check: counted,
};

fn counted(case: &Case<'_>, sink: &mut Sink<'_>) {
    for arrivals in case.arrivals() {
        let stamp = arrivals[0].stamp;
        let Some(sync) = case.graph.stamp_step(stamp, K::ProjectionSync) else {
            continue;
        };
        let direct: std::collections::BTreeSet<usize> = case.graph.crossings(sync).collect();
        for arrival in arrivals {
            if !direct.contains(&arrival.at) && !case.graph.is_before(arrival.at, sync) {
                let message = format!("it does not wait until tenant {} is routed", arrival.id);
                sink.step(case.graph.step(sync), message);
            }
        }
    }
}

/// Nobody comes to a full stamp.
pub const I_8: Rule = Rule {
    id: "I-8",
    title: "No tenant comes to a stamp that is full, closed, not active, or becomes full by it",
    level: Level::H,
    source: "S0-10, S0-39, S0-40; X-4, X-6; requirements G",
    why: "The tenants that are there pay for the one that comes. A load that is UNKNOWN may be a \
          full one.",
    help: "place the tenant elsewhere, or let capacity.recheck wait for those who leave",
    orders: &[],
    each: None,
    check: room,
};

fn room(case: &Case<'_>, sink: &mut Sink<'_>) {
    for arrivals in case.arrivals() {
        let stamp = arrivals[0].stamp;
        let first = case.graph.step(arrivals[0].at);
        let Some(opening) = case.known(stamp) else {
            sink.step(first, format!("{stamp} is not in the opening world"));
            continue;
        };
        opens(case, stamp, opening, arrivals, sink);
        let (mut load, mut tenants) = match opening.state {
            None => (Load::default(), 0),
            Some(_) => {
                if let Some(load) = opening.load.known() {
                    (load, opening.tenants)
                } else {
                    sink.step(first, format!("the load of {stamp} is UNKNOWN"));
                    continue;
                }
            }
        };
        // Those who leave make room only if everybody who comes waits until they are gone.
        let recheck = case.graph.stamp_step(stamp, K::CapacityRecheck);
        for (demand, gone) in recheck
            .map(|at| leavers(case, stamp, at))
            .unwrap_or_default()
        {
            load = load.minus(&demand);
            tenants = tenants.saturating_sub(gone);
        }
        let placement = &case.body.policy.placement;
        let most = match opening.kind {
            StampKind::Shared => placement.max_tenants_per_shared,
            StampKind::Dedicated => 1,
        };
        for arrival in arrivals {
            load = load.plus(&arrival.tenant.demand);
            tenants = tenants.saturating_add(1);
            let step = case.graph.step(arrival.at);
            if tenants > most {
                sink.step(
                    step,
                    format!("{stamp} may have {most} tenants, this is number {tenants}"),
                );
            }
            if !load.is_below(&opening.capacity, placement.bands.provision.0) {
                let (dimension, points) = load.fullest(&opening.capacity);
                let full = format!("{}.{:02} %", points / 100, points % 100);
                let word = dimension.word();
                sink.step(step, format!("{stamp} would be at {full} of its {word}"));
            }
        }
    }
}

/// Whether the stamp takes tenants when they arrive.
fn opens(
    case: &Case<'_>,
    stamp: &StampId,
    opening: &OpeningStamp,
    arrivals: &[Arrival<'_>],
    sink: &mut Sink<'_>,
) {
    let steps = case.graph.of_subject(&Subject::Stamp(stamp.clone()));
    let first = |kind| steps.iter().find(|&&at| case.graph.kind(at) == kind);
    let (activate, reopen) = (first(K::StampActivate), first(K::PlacementOpen));
    let leaves = steps.iter().any(|&at| {
        matches!(
            case.graph.kind(at),
            K::PlacementClose | K::StampDrain | K::StampIsolate | K::ComputeRelease
        )
    });
    for arrival in arrivals {
        let before =
            |found: Option<&usize>| found.is_some_and(|&at| case.graph.is_before(at, arrival.at));
        let (step, id) = (case.graph.step(arrival.at), arrival.id);
        let woken = before(activate);
        if opening.state != Some(StampState::Active) && !woken {
            sink.step(step, format!("{stamp} is not active when {id} comes"));
        }
        let accepts = opening.accepting || woken || before(reopen);
        if !accepts || leaves {
            let message = format!("{stamp} is closed for new tenants when {id} comes");
            sink.step(step, message);
        }
    }
}

/// What those need who are certainly gone before the recheck.
fn leavers(case: &Case<'_>, stamp: &StampId, recheck: usize) -> Vec<(Load, u32)> {
    let steps = case.graph.crossings(recheck);
    let mut gone: Vec<(&Subject, Load)> = steps
        .filter(|&at| matches!(case.graph.kind(at), K::TenantSettle | K::TenantTombstone))
        .filter_map(|at| {
            let (_, tenant) = case.tenant(at)?;
            let left = match case.graph.kind(at) {
                K::TenantSettle => tenant.moved_from.as_ref().or(tenant.stamp.as_ref()),
                _ => tenant.stamp.as_ref(),
            };
            (left == Some(stamp)).then(|| (&case.graph.step(at).subject, tenant.demand))
        })
        .collect();
    gone.sort_by_key(|(subject, _)| *subject);
    gone.dedup_by_key(|(subject, _)| *subject);
    gone.into_iter().map(|(_, demand)| (demand, 1)).collect()
}
