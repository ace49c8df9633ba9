//! Tenants: who comes, moves, goes, or has a registry entry that says something else.

use std::collections::BTreeMap;

use crate::blueprint::Blueprint;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::left_join;
use crate::model::policy::OnRemoved;
use crate::model::tenant::DesiredTenant;
use crate::observe::Inventory;
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
pub(super) fn diff(
    blueprint: &Blueprint<'_>,
    inventory: &Inventory,
) -> BTreeMap<TenantId, TenantDifference> {
    let mut differences = BTreeMap::new();
    for (id, decision, seen) in left_join(&blueprint.placement.decisions, &inventory.tenants) {
        let seen = seen.filter(|seen| !seen.state.is_terminal());
        let difference = match seen {
            None => Some(TenantDifference::Onboard {
                to: decision.stamp.clone(),
            }),
            Some(seen) if seen.stamp != decision.stamp => Some(TenantDifference::Move {
                from: seen.stamp.clone(),
                to: decision.stamp.clone(),
            }),
            Some(seen) => at_home(blueprint, id, seen),
        };
        if let Some(difference) = difference {
            differences.insert(id.clone(), difference);
        }
    }
    for (id, seen, meant) in left_join(&inventory.tenants, &blueprint.fleet.tenants) {
        if seen.state.is_terminal() {
            continue;
        }
        let difference = match meant.map(|tenant| tenant.desired) {
            Some(DesiredTenant::Offboarded) => Some(offboard(seen)),
            Some(DesiredTenant::Erased) => Some(TenantDifference::Erase),
            None if blueprint.fleet.policy.on_removed == OnRemoved::Retire => Some(offboard(seen)),
            None | Some(DesiredTenant::Active) => None,
        };
        if let Some(difference) = difference {
            differences.insert(id.clone(), difference);
        }
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
fn at_home(
    blueprint: &Blueprint<'_>,
    id: &TenantId,
    seen: &SeenTenant,
) -> Option<TenantDifference> {
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
    let holds = blueprint
        .fleet
        .tenants
        .get(id)
        .is_some_and(|tenant| tenant.legal_hold);
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
