//! Tenants: who comes, moves, goes, or has a registry entry that says something else.

use std::collections::BTreeMap;

use crate::blueprint::Blueprint;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::policy::OnRemoved;
use crate::model::tenant::DesiredTenant;
use crate::observe::SeenTenant;

/// How a tenant differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantDifference {
    /// It is new.
    Onboard {
        /// Its stamp.
        to: StampId,
    },
    /// It lives elsewhere.
    Move {
        /// Where it lives.
        from: StampId,
        /// Where it should live.
        to: StampId,
    },
    /// It has moved, and its source still has its data.
    Settle {
        /// The source.
        from: StampId,
        /// Its home.
        to: StampId,
    },
    /// It goes.
    Offboard {
        /// Where it lives.
        from: StampId,
        /// Another stamp that still has data of it.
        also: Option<StampId>,
    },
    /// Its data must be verifiably gone, with a certificate.
    Erase,
    /// Its registry entry should say something else.
    Entry(Vec<EntryChange>),
}

/// What a tenant's registry entry should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// It is active, and its requests are routed.
    Route,
    /// It is not frozen any more: a move was given up.
    Thaw,
    /// It is on hold.
    Hold,
}

/// Compares every tenant of the fleet, and those that only the registry knows.
pub(super) fn diff(blueprint: &Blueprint<'_>) -> BTreeMap<TenantId, TenantDifference> {
    let placement = blueprint.placement;
    let homes = placement.homes.iter().filter_map(|home| {
        let difference = match (home.seen, home.goes()) {
            (None, to) => to.map(|to| TenantDifference::Onboard {
                to: to.stamp.clone(),
            }),
            (Some(seen), Some(to)) if seen.stamp != to.stamp => Some(TenantDifference::Move {
                from: seen.stamp.clone(),
                to: to.stamp.clone(),
            }),
            (Some(seen), _) => at_home(home.meant, seen),
        };
        Some((home.id.clone(), difference?))
    });
    let mut differences: BTreeMap<_, _> = homes.collect();
    let unmanaged = blueprint.fleet.policy.on_removed;
    for other in &placement.others {
        let difference = match other.meant.map(|tenant| tenant.desired) {
            Some(DesiredTenant::Offboarded) => offboard(other.seen),
            Some(DesiredTenant::Erased) => TenantDifference::Erase,
            None if unmanaged == OnRemoved::Retire => offboard(other.seen),
            None | Some(DesiredTenant::Active) => continue,
        };
        differences.insert(other.id.clone(), difference);
    }
    differences
}

fn offboard(seen: &SeenTenant) -> TenantDifference {
    TenantDifference::Offboard {
        from: seen.stamp.clone(),
        also: seen.moved_from.clone(),
    }
}

/// A tenant that lives where it should.
fn at_home(meant: Option<&Tenant>, seen: &SeenTenant) -> Option<TenantDifference> {
    if let Some(from) = &seen.moved_from {
        return Some(TenantDifference::Settle {
            from: from.clone(),
            to: seen.stamp.clone(),
        });
    }
    let mut changes = Vec::new();
    if seen.state == TenantState::Migrating {
        changes.push(EntryChange::Thaw);
    } else if seen.state != TenantState::Active || !seen.routed {
        changes.push(EntryChange::Route);
    }
    let holds = meant.is_some_and(|tenant| tenant.legal_hold);
    if holds && seen.held != Some(true) {
        changes.push(EntryChange::Hold);
    }
    if changes.is_empty() {
        None
    } else {
        Some(TenantDifference::Entry(changes))
    }
}

/// Dedicated stamps that their last tenant leaves in this plan.
pub(super) fn emptied(
    blueprint: &Blueprint<'_>,
    tenants: &BTreeMap<TenantId, TenantDifference>,
) -> BTreeMap<StampId, TenantId> {
    let mut emptied = BTreeMap::new();
    for (tenant, difference) in tenants {
        let (TenantDifference::Offboard { from, .. } | TenantDifference::Move { from, .. }) =
            difference
        else {
            continue;
        };
        let Some(placed) = blueprint.placement.stamps.get(from) else {
            continue;
        };
        let shape = placed.stamp.shape.as_ref();
        let dedicated = shape.is_some_and(|shape| shape.kind == StampKind::Dedicated);
        if dedicated && !placed.stamp.keep_empty && placed.tenants_after == 0 {
            emptied.insert(from.clone(), tenant.clone());
        }
    }
    emptied
}
