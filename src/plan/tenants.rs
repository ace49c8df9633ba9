//! The steps of every tenant that differs, between the steps of the stamps that they live on.
//!
//! Steps about a stamp exclude every other step on it (I-5): what changes the stamp comes first,
//! then one look whether it can take its new tenants, then the tenants, then the tags that count
//! them.

use std::collections::BTreeMap;

use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::patch;
use super::format::Condition;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::format::condition::Matching;
use super::tenant_in;
use super::tenant_move;
use super::tenant_out;
use crate::blueprint::StampBlueprint;
use crate::diff::Goal;
use crate::diff::TenantDifference;
use crate::model::Dimension;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;

/// The traffic of tenants on one stamp.
#[derive(Debug, Default)]
struct Traffic {
    /// Tenants that come.
    arrivals: u32,
    /// The first step of each tenant that leaves or changes there.
    first: Vec<StepId>,
    /// The last step of each tenant that comes or goes.
    last: Vec<StepId>,
}

/// Adds the steps of all tenants and, for each stamp that they touch, what comes before and after.
pub(super) fn plan(context: &Context<'_>, draft: &mut Draft) -> Result<(), AddressError> {
    let mut traffic: BTreeMap<StampId, Traffic> = BTreeMap::new();
    let open = context
        .differences
        .tenants
        .iter()
        .filter(|(tenant, _)| !context.is_blocked(&Subject::Tenant((*tenant).clone())));
    for (tenant, difference) in open {
        register(&mut traffic, tenant, difference);
        match difference {
            TenantDifference::Onboard { to } => tenant_in::onboard(context, draft, tenant, to)?,
            TenantDifference::Move { from, to } => {
                tenant_move::relocate(context, draft, tenant, from, to)?;
            }
            TenantDifference::Settle { from, to } => {
                tenant_move::settle(context, draft, tenant, from, to)?;
            }
            TenantDifference::Offboard { from, also } => {
                tenant_out::offboard(context, draft, tenant, from, also.as_ref())?;
            }
            TenantDifference::Entry(changes) => {
                tenant_in::amend(context, draft, tenant, changes)?;
                if let Some(seen) = context.inventory.tenants.get(tenant) {
                    let step = step(tenant, StepKind::TenantUpdate);
                    let on = traffic.entry(seen.stamp.clone()).or_default();
                    on.first.push(step.clone());
                    on.last.push(step);
                }
            }
            TenantDifference::Erase => {}
        }
    }
    for (stamp, traffic) in &traffic {
        frame(context, draft, stamp, traffic);
    }
    Ok(())
}

fn step(tenant: &TenantId, kind: StepKind) -> StepId {
    StepId::of(&Subject::Tenant(tenant.clone()), kind)
}

/// Notes the first and last steps of a tenant on each stamp that it touches.
fn register(
    traffic: &mut BTreeMap<StampId, Traffic>,
    tenant: &TenantId,
    difference: &TenantDifference,
) {
    let mut note = |stamp: &StampId, first: Option<StepKind>, last: StepKind, arrives: bool| {
        let on = traffic.entry(stamp.clone()).or_default();
        on.arrivals += u32::from(arrives);
        on.first.extend(first.map(|kind| step(tenant, kind)));
        on.last.push(step(tenant, last));
    };
    match difference {
        TenantDifference::Onboard { to } => note(to, None, StepKind::RouteRegister, true),
        TenantDifference::Move { from, to } => {
            note(
                from,
                Some(StepKind::TenantSnapshot),
                StepKind::TenantSettle,
                false,
            );
            note(to, None, StepKind::TenantSwitch, true);
        }
        TenantDifference::Settle { from, to } => {
            note(
                from,
                Some(StepKind::TenantSwitch),
                StepKind::TenantSettle,
                false,
            );
            note(
                to,
                Some(StepKind::TenantSwitch),
                StepKind::TenantSwitch,
                false,
            );
        }
        TenantDifference::Offboard { from, also } => {
            for stamp in std::iter::once(from).chain(also) {
                note(
                    stamp,
                    Some(StepKind::HoldCheck),
                    StepKind::TenantTombstone,
                    false,
                );
            }
        }
        TenantDifference::Entry(_) | TenantDifference::Erase => {}
    }
}

/// What comes before and after the tenants of one stamp.
fn frame(context: &Context<'_>, draft: &mut Draft, stamp: &StampId, traffic: &Traffic) {
    let Some(drawn) = context.blueprint.stamps.get(stamp) else {
        return;
    };
    let gate = gate(draft, stamp);
    let mut before = gate.clone();
    if traffic.arrivals > 0 {
        let mut recheck = recheck(context, drawn, traffic.arrivals);
        if let Some((gate, serving)) = &gate {
            recheck = recheck.after(gate, if *serving { "O-27" } else { "O-87" });
        }
        before = Some((draft.add(recheck), false));
    }
    if let Some((before, _)) = &before {
        for first in &traffic.first {
            draft.wait(first, before, "O-87");
        }
    }
    let empties = context
        .differences
        .stamps
        .get(stamp)
        .is_some_and(|d| matches!(d.goal, Goal::Retire(_) | Goal::Rest))
        && !context.is_blocked(&Subject::Stamp(stamp.clone()));
    if empties {
        let zero = StepId::of(&Subject::Stamp(stamp.clone()), StepKind::TenantsZero);
        for last in &traffic.last {
            draft.wait(&zero, last, "O-88");
        }
        return;
    }
    let placed = context.placement.stamps.get(stamp);
    let (now, then) = placed.map_or((0, 0), |p| (p.tenants_before, p.tenants_after));
    if now != then {
        let state = match context.inventory.stamps.get(stamp).map(|seen| seen.state) {
            Some(state) if !context.serves_anew(stamp) => state,
            _ => StampState::Active,
        };
        let tags = context.tags_with(drawn, state, then);
        let sync = StepDraft::call(
            &Subject::Stamp(stamp.clone()),
            StepKind::ProjectionSync,
            vec![patch(&drawn.group.0, [("tags", tags)])],
        )
        .why(format!("{} instead of {now}", tenants(then)))
        .after_all(&traffic.last, "O-37")
        .after_all(before.iter().map(|(step, _)| step), "O-87");
        draft.add(sync);
    }
}

/// The last step that changes the stamp itself before its tenants do, and whether it is the one
/// that makes it serve.
fn gate(draft: &Draft, stamp: &StampId) -> Option<(StepId, bool)> {
    let subject = Subject::Stamp(stamp.clone());
    let of = |kind| StepId::of(&subject, kind);
    let activate = of(StepKind::StampActivate);
    if draft.has(&activate) {
        return Some((activate, true));
    }
    let last_of_change = [
        StepKind::StampIsolate,
        StepKind::QuotaVerify,
        StepKind::ReservationReduce,
        StepKind::StampUpdate,
        StepKind::PlacementOpen,
        StepKind::PlacementClose,
        StepKind::StampProtect,
        StepKind::DriftRepair,
    ];
    let leaving = draft.has(&of(StepKind::TenantsZero));
    if leaving {
        return Some((of(StepKind::PlacementClose), false));
    }
    last_of_change
        .into_iter()
        .map(of)
        .find(|id| draft.has(id))
        .map(|id| (id, false))
}

/// Looks whether the stamp can still take what the plan gives it (S0-20, X-7): its latest load
/// below the provision band in every dimension, its tenants below the maximum.
fn recheck(context: &Context<'_>, stamp: &StampBlueprint, arrivals: u32) -> StepDraft {
    let policy = &context.policy().placement;
    let subject = Subject::Stamp(stamp.id.clone());
    let mut conditions = Vec::new();
    let placed = context.placement.stamps.get(&stamp.id);
    let measured = placed.is_some_and(|placed| !placed.young) && !context.serves_anew(&stamp.id);
    if measured {
        let seen = context.inventory.resources.get(&stamp.metrics);
        let below = i64::from(policy.bands.provision.0) * 100 - 1;
        for dimension in Dimension::ALL {
            let latest = format!("latest_{}", dimension.word());
            let hourly = seen.is_some_and(|seen| seen.settings.contains_key(&latest));
            conditions.push(Condition::AtMost {
                address: stamp.metrics.clone(),
                setting: if hourly {
                    latest
                } else {
                    dimension.word().to_owned()
                },
                limit: below,
            });
        }
    }
    let most = match stamp.shape.kind {
        StampKind::Shared => policy.max_tenants_per_shared,
        StampKind::Dedicated => 1,
    };
    conditions.push(Condition::FewerThan {
        matching: Matching {
            kind: Some(Kind::RegistryItem),
            beneath: format!("{}/tenants", context.blueprint.fleet.registry),
            equals: Some(("stamp".to_owned(), Value::text(stamp.id.shared()))),
            except_states: vec!["offboarded".to_owned(), "erased".to_owned()],
        },
        count: most.saturating_sub(arrivals) + 1,
    });
    StepDraft::check(&subject, StepKind::CapacityRecheck, conditions)
        .why(format!("it must still have room for {}", tenants(arrivals)))
}

fn tenants(number: u32) -> String {
    format!(
        "{number} {}",
        if number == 1 { "tenant" } else { "tenants" }
    )
}
