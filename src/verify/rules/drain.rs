//! How a stamp leaves service: O-6, O-8 to O-14, O-28, O-85 and O-88. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
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

/// The stamp's state was written after the steps that lead to it, in an earlier plan.
fn is_releasing(case: &Case<'_>, at: usize) -> bool {
    use StampState as S;
    let state = case.state(at);
    matches!(state, Some(S::Releasing | S::QuotaReturned | S::Deleting))
}

/// No work can be left: it is warm and idle, never served, or was released already.
fn is_at_rest(case: &Case<'_>, at: usize) -> bool {
    let state = case.state(at);
    is_releasing(case, at) || matches!(state, Some(StampState::Ready | StampState::Creating))
}

fn works(case: &Case<'_>, at: usize) -> bool {
    !is_at_rest(case, at)
}

fn may_have_tenants(case: &Case<'_>, at: usize) -> bool {
    let Some((_, stamp)) = case.stamp(at) else {
        return true;
    };
    let drained = matches!(stamp.state, Some(StampState::Draining | StampState::Ready));
    let empty = drained && stamp.tenants == 0 && !stamp.accepting;
    !empty && !is_releasing(case, at)
}

/// Empty, then out of service.
pub const O_6: Rule = Rule {
    id: "O-6",
    title: "A stamp has no tenant, in registry and data plane, before it is drained or released",
    level: Level::H,
    source: "S0-94; X-36, X-107",
    why: "A tenant that is still there loses its service and then its data.",
    help: "move or offboard every tenant of the stamp in the same plan, before tenants.zero",
    orders: &[
        Order {
            then: &[K::StampDrain],
            first: &[K::TenantsZero],
            needed: always,
        },
        Order {
            then: &[K::ComputeRelease, K::StampStandby],
            first: &[K::TenantsZero],
            needed: may_have_tenants,
        },
    ],
    each: None,
    check: everybody_leaves,
};

/// Tenants that leave a stamp by the plan, with the step after which nothing of them is there.
fn leavers<'p>(case: &Case<'p>) -> BTreeMap<&'p StampId, BTreeMap<&'p TenantId, usize>> {
    let mut leavers: BTreeMap<&StampId, BTreeMap<&TenantId, usize>> = BTreeMap::new();
    let asks = |kind| !case.graph.of_kind(kind).is_empty();
    if !asks(K::TenantsZero) && !asks(K::ComputeRelease) {
        return leavers;
    }
    for kind in [K::TenantSettle, K::TenantTombstone] {
        for (at, _) in case.of_kind(kind) {
            let Some((id, tenant)) = case.tenant(at) else {
                continue;
            };
            let left = match kind {
                K::TenantSettle => tenant.moved_from.as_ref().or(tenant.stamp.as_ref()),
                _ => tenant.stamp.as_ref(),
            };
            if let Some(left) = left {
                leavers.entry(left).or_default().insert(id, at);
            }
        }
    }
    leavers
}

fn everybody_leaves(case: &Case<'_>, sink: &mut Sink<'_>) {
    let leavers = leavers(case);
    for (at, step) in case.of_kind(K::TenantsZero) {
        let Some((id, stamp)) = case.stamp(at) else {
            continue;
        };
        let leaving = leavers.get(id).map_or(0, BTreeMap::len);
        let there = usize::try_from(stamp.tenants).unwrap_or(usize::MAX);
        if leaving < there {
            let message =
                format!("{there} tenants are on {id} and {leaving} leave it by this plan");
            sink.step(step, message);
        }
    }
}

fn accepts(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at);
    stamp.is_some_and(|(_, stamp)| stamp.accepting && stamp.state.is_some())
}

/// Closed, then counted.
pub const O_8: Rule = Rule {
    id: "O-8",
    title: "A stamp is closed for new tenants before its tenants are counted, and stays closed",
    level: Level::H,
    source: "X-5, X-122",
    why: "Otherwise a tenant can arrive between the count and the delete.",
    help: "let tenants.zero wait for placement.close; place no tenant on a stamp that closes",
    orders: &[Order {
        then: &[K::TenantsZero],
        first: &[K::PlacementClose],
        needed: accepts,
    }],
    each: None,
    check: stays_closed,
};

fn stays_closed(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, zero) in case.of_kind(K::TenantsZero) {
        for open in case
            .graph
            .siblings(at, &[K::PlacementOpen, K::StampActivate])
        {
            let step = case.graph.step(open);
            sink.step(
                step,
                format!("it opens the stamp that `{}` empties", zero.id),
            );
        }
    }
}

fn had_traffic(case: &Case<'_>, at: usize) -> bool {
    let Some((_, stamp)) = case.stamp(at) else {
        return true;
    };
    let isolated = stamp.state == Some(StampState::Isolated);
    stamp.origin.is_some() && works(case, at) && !isolated
}

/// No new work, then wait.
pub const O_9: Rule = Rule {
    id: "O-9",
    title: "Traffic is stopped before connections are waited for",
    level: Level::H,
    source: "S2-12",
    why: "Otherwise new connections come as fast as old ones close.",
    help: "let connections.wait wait for ingress.remove",
    orders: &[
        Order {
            then: &[K::ConnectionsWait],
            first: &[K::IngressRemove],
            needed: had_traffic,
        },
        Order {
            then: &[
                K::JobsWait,
                K::IngressDelete,
                K::ComputeRelease,
                K::StampStandby,
            ],
            first: &[K::IngressRemove],
            needed: had_traffic,
        },
        Order {
            then: &[
                K::JobsWait,
                K::IngressDelete,
                K::ComputeRelease,
                K::StampStandby,
            ],
            first: &[K::ConnectionsWait],
            needed: had_traffic,
        },
    ],
    each: None,
    check: orders_only,
};

/// Connections, then jobs.
pub const O_10: Rule = Rule {
    id: "O-10",
    title: "Connections are waited for before jobs",
    level: Level::P,
    source: "S2-12",
    why: "A connection can still start a job.",
    help: "let jobs.wait wait for connections.wait",
    orders: &[Order {
        then: &[K::JobsWait],
        first: &[K::ConnectionsWait],
        needed: if_there,
    }],
    each: None,
    check: orders_only,
};

/// Jobs, then machines.
pub const O_11: Rule = Rule {
    id: "O-11",
    title: "Jobs have finished before machines are taken away",
    level: Level::H,
    source: "S2-12; X-44",
    why: "A job that is killed half way leaves half its work.",
    help: "let compute.release or stamp.standby wait for jobs.wait",
    orders: &[Order {
        then: &[K::ComputeRelease, K::StampStandby],
        first: &[K::JobsWait],
        needed: works,
    }],
    each: None,
    check: orders_only,
};

fn serves(case: &Case<'_>, at: usize) -> bool {
    use StampState as S;
    matches!(case.state(at), Some(S::Active | S::Isolated))
}

/// Drained, then released.
pub const O_12: Rule = Rule {
    id: "O-12",
    title: "A stamp is drained before it stands by or is released",
    level: Level::H,
    source: "S2-1",
    why: "The state tells every other program to send nothing more.",
    help: "let compute.release or stamp.standby wait for stamp.drain",
    orders: &[Order {
        then: &[K::ComputeRelease, K::StampStandby],
        first: &[K::StampDrain],
        needed: serves,
    }],
    each: None,
    check: orders_only,
};

fn has_data(case: &Case<'_>, at: usize) -> bool {
    !is_releasing(case, at) && case.state(at) != Some(StampState::Creating)
}

/// A way back first.
pub const O_13: Rule = Rule {
    id: "O-13",
    title: "A stamp is backed up, and the backup verified, before compute or data goes",
    level: Level::H,
    source: "S2-22, S2-33",
    why: "Without it nothing brings the data back.",
    help: "add stamp.backup and backup.verify before compute.release",
    orders: &[
        Order {
            then: &[K::ComputeRelease, K::DataDelete, K::StampDelete],
            first: &[K::BackupVerify],
            needed: has_data,
        },
        Order {
            then: &[K::BackupVerify],
            first: &[K::StampBackup],
            needed: has_data,
        },
        Order {
            then: &[K::StampBackup],
            first: &[K::JobsWait],
            needed: works,
        },
    ],
    each: None,
    check: orders_only,
};

/// No false alarms.
pub const O_14: Rule = Rule {
    id: "O-14",
    title: "Alerts are taken away after the drain and before compute is released",
    level: Level::P,
    source: "S2-22",
    why: "An alert on a stamp that goes on purpose wakes somebody for nothing; without alerts the \
          drain goes unwatched.",
    help: "let monitoring.remove wait for jobs.wait, and compute.release for monitoring.remove",
    orders: &[
        Order {
            then: &[K::ComputeRelease],
            first: &[K::MonitoringRemove],
            needed: if_there,
        },
        Order {
            then: &[K::MonitoringRemove],
            first: &[K::JobsWait],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// New ones first.
pub const O_28: Rule = Rule {
    id: "O-28",
    title: "New stamps are active before others of their region and kind are drained",
    level: Level::H,
    source: "S2-10; X-46",
    why: "Capacity goes up before it comes down.",
    help: "let stamp.drain wait for every stamp.activate of a new stamp of its region and kind",
    orders: &[],
    each: None,
    check: replaced,
};

fn replaced(case: &Case<'_>, sink: &mut Sink<'_>) {
    let mut new: BTreeMap<(&RegionName, StampKind), Vec<usize>> = BTreeMap::new();
    for (at, _) in case.of_kind(K::StampActivate) {
        if let Some((_, stamp)) = case.stamp(at)
            && stamp.state.is_none()
        {
            new.entry((&stamp.region, stamp.kind)).or_default().push(at);
        }
    }
    for (at, step) in case.of_kind(K::StampDrain) {
        let Some((_, stamp)) = case.stamp(at) else {
            continue;
        };
        let Some(activations) = new.get(&(&stamp.region, stamp.kind)) else {
            continue;
        };
        let direct: BTreeSet<usize> = case.graph.crossings(at).collect();
        for activate in activations {
            if !direct.contains(activate) && !case.graph.is_before(*activate, at) {
                let activate = case.graph.step(*activate);
                sink.step(step, format!("it does not wait for `{}`", activate.id));
            }
        }
    }
}

/// Out of ingress, then asleep.
pub const O_85: Rule = Rule {
    id: "O-85",
    title: "Traffic is stopped before a stamp is reduced to its warm minimum",
    level: Level::H,
    source: "S2-29",
    why: "A stamp with few machines cannot carry the traffic of an active one.",
    help: "let stamp.standby wait for ingress.remove",
    orders: &[Order {
        then: &[K::StampStandby],
        first: &[K::IngressRemove],
        needed: had_traffic,
    }],
    each: None,
    check: orders_only,
};

/// Moved means moved.
pub const O_88: Rule = Rule {
    id: "O-88",
    title: "Every tenant has settled elsewhere or is offboarded before a stamp counts as empty",
    level: Level::H,
    source: "S0-105",
    why: "Until its source is deleted a tenant still has data on the stamp.",
    help: "let tenants.zero wait for tenant.settle or tenant.tombstone of each tenant that leaves",
    orders: &[],
    each: None,
    check: settled,
};

fn settled(case: &Case<'_>, sink: &mut Sink<'_>) {
    let leavers = leavers(case);
    for kind in [K::TenantsZero, K::ComputeRelease] {
        for (at, step) in case.of_kind(kind) {
            let Subject::Stamp(id) = &step.subject else {
                continue;
            };
            let Some(leaving) = leavers.get(id) else {
                continue;
            };
            let direct: BTreeSet<usize> = case.graph.crossings(at).collect();
            for (tenant, last) in leaving {
                if !direct.contains(last) && !case.graph.is_before(*last, at) {
                    sink.step(
                        step,
                        format!("it does not wait until tenant {tenant} is gone"),
                    );
                }
            }
        }
    }
}
