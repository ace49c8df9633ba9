//! P-5: registry entries follow what is true. Pure.

use stampctl_contract::Kind;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::StampState;
use crate::model::TenantState;
use crate::plan::format::StepKind as K;
use crate::verify::calls::Call;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;

/// Entries follow what is true.
pub const P_5: Rule = Rule {
    id: "P-5",
    title: "A registry entry says a state only after the steps that bring it about, and they end",
    level: Level::H,
    source: "docs/workflows.md; requirements F1, F2",
    why: "Placement, routing and the next plan believe the registry. What begins must also end: \
          a tenant that is frozen and never switched is down.",
    help: "plan again; a step that begins something needs the one that ends it",
    orders: &[
        Order {
            then: &[K::StampDeploy],
            first: &[K::StampRegister],
            needed: if_there,
        },
        Order {
            then: &[K::IngressRemove, K::ConnectionsWait],
            first: &[K::StampDrain],
            needed: if_there,
        },
        Order {
            then: &[K::StampIsolate],
            first: &[K::IngressRemove],
            needed: had_traffic,
        },
        Order {
            then: &[K::StampReleased],
            first: &[K::ComputeRelease],
            needed: if_there,
        },
        Order {
            then: &[K::StampReleased],
            first: &[K::QuotaVerify],
            needed: holds_cores,
        },
        Order {
            then: &[K::TenantSettle],
            first: &[K::SourceAbsence],
            needed: always,
        },
        Order {
            then: &[K::RouteRemove, K::ApiRevoke],
            first: &[K::TenantLeave],
            needed: is_served,
        },
        Order {
            then: &[K::TenantTombstone],
            first: &[K::TenantAbsence],
            needed: always,
        },
    ],
    each: None,
    check,
};

fn holds_cores(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at);
    stamp.is_some_and(|(id, _)| case.cores_at_stake(id) > 0)
}

fn is_served(case: &Case<'_>, at: usize) -> bool {
    let tenant = case.tenant(at);
    tenant.is_none_or(|(_, tenant)| tenant.state != Some(TenantState::Offboarding))
}

fn had_traffic(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at).map(|(_, stamp)| stamp);
    stamp.is_some_and(|s| s.origin.is_some() && s.state == Some(StampState::Active))
}

/// What begins, and what must end it: any one of the later kinds.
const ENDS: &[(K, &[K])] = &[
    (K::StampRegister, &[K::StampActivate]),
    (K::StampDeploy, &[K::StampActivate]),
    (K::IngressAdd, &[K::StampActivate]),
    (K::ComputeStart, &[K::StampActivate]),
    (
        K::IngressRemove,
        &[K::StampIsolate, K::StampStandby, K::ComputeRelease],
    ),
    (K::StampDrain, &[K::StampStandby, K::ComputeRelease]),
    (K::ComputeRelease, &[K::StampReleased]),
    (K::ReservationEnsure, &[K::ReservationVerify]),
    (K::QuotaIncrease, &[K::QuotaGranted]),
    (K::IngressDelete, &[K::StampTombstone]),
    (K::DataDelete, &[K::StampDelete]),
    (K::StampDelete, &[K::StampTombstone]),
    (K::TenantData, &[K::RouteRegister, K::TenantSwitch]),
    (K::TenantFreeze, &[K::TenantSwitch]),
    (K::TenantSwitch, &[K::TenantSettle]),
    (K::SourceDelete, &[K::TenantSettle]),
    (K::TenantLeave, &[K::TenantTombstone]),
    (K::RouteRemove, &[K::TenantTombstone]),
    (K::TenantDelete, &[K::TenantTombstone]),
];

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (begin, ends) in ENDS {
        for (at, step) in case.of_kind(*begin) {
            let mut later = case.graph.siblings(at, ends);
            if !later.any(|end| case.graph.is_before(at, end)) {
                let words: Vec<_> = ends.iter().map(|kind| kind.word()).collect();
                sink.step(step, format!("no {} follows it", words.join(" or ")));
            }
        }
    }
    leftovers(case, sink);
    // By stamp, in the order of their ids.
    let mut families: Vec<(usize, usize)> = (0..case.graph.families())
        .filter_map(|family| Some((case.index.stamp_of(family)?, family)))
        .collect();
    families.sort_unstable();
    for (stamp, family) in families {
        let opening = case.index.stamps()[stamp].1;
        let mut state = opening.state;
        for &at in case.graph.family(family) {
            for next in states(case.calls(at)) {
                if !may_follow(state, next, opening.generation) {
                    let now = state.map_or("absent", StampState::word);
                    sink.step(
                        case.graph.step(at),
                        format!("a stamp that is {now} does not become {}", next.word()),
                    );
                }
                state = Some(next);
            }
        }
    }
}

/// A tenant has a database part and a container; gone means both.
fn leftovers(case: &Case<'_>, sink: &mut Sink<'_>) {
    for kind in [K::SourceDelete, K::TenantDelete] {
        for (at, step) in case.of_kind(kind) {
            let calls = case.calls(at);
            let has = |kind| calls.iter().any(|call| call.kind == kind);
            let whole =
                has(Kind::BlobContainer) && (has(Kind::TenantSchema) || has(Kind::SqlDatabase));
            let mut copies = case.sibling_calls(at, &[K::TenantCopy]);
            let left = copies.any(|copy| match &copy.operation.verb {
                Verb::Copy { from, .. } => calls.iter().all(|call| call.operation.address != *from),
                Verb::Put { .. } | Verb::Patch { .. } | Verb::Delete => false,
            });
            if !whole || left {
                sink.step(step, "it leaves data of its tenant behind");
            }
        }
    }
}

/// The states that a step writes to its stamp's entry. Writes of one entry are totally ordered
/// (I-5), so that one order of them is every order.
fn states(calls: &[Call<'_>]) -> impl Iterator<Item = StampState> {
    let entries = calls.iter().filter(|call| call.kind == Kind::RegistryItem);
    entries.filter_map(|call| match &call.operation.verb {
        Verb::Put { settings } | Verb::Patch { settings } => {
            StampState::from_word(settings.get("state").and_then(Value::as_str)?)
        }
        Verb::Delete | Verb::Copy { .. } => None,
    })
}

/// Requirements F1. Writing a state again changes nothing.
fn may_follow(now: Option<StampState>, next: StampState, generation: u32) -> bool {
    use StampState as S;
    let Some(now) = now else {
        return next == S::Creating;
    };
    let after: &[S] = match now {
        S::Creating => &[S::Active, S::Failed, S::Releasing],
        S::Active => &[S::Draining, S::Isolated, S::Failed],
        S::Draining => &[S::Active, S::Ready, S::Releasing],
        S::Ready => &[S::Active, S::Releasing],
        S::Isolated => &[S::Active, S::Draining],
        S::Failed => &[S::Creating, S::Releasing],
        S::Releasing => &[S::QuotaReturned],
        S::QuotaReturned => &[S::Deleting, S::Deleted, S::Creating],
        S::Deleting => &[S::Deleted],
        S::Deleted if generation > 1 => &[S::Creating],
        S::Deleted => &[],
    };
    now == next || after.contains(&next)
}
