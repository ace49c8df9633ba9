//! Draws the opening world of what a plan's steps touch.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Context;
use super::format::Opening;
use super::format::Step;
use super::format::StepKind;
use super::format::Subject;
use super::format::opening::OpeningAccount;
use super::format::opening::OpeningReservation;
use super::format::opening::OpeningStamp;
use super::format::opening::OpeningSubscription;
use super::format::opening::OpeningTenant;
use super::format::opening::Serving;
use super::format::opening::StampAccount;
use super::quota::QuotaPlan;
use crate::blueprint::StampBlueprint;
use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::load::Load;
use crate::place::home::Home;

/// Draws it: everything that a step names, and who serves where.
pub(super) fn draw(context: &Context<'_>, quota: &QuotaPlan, steps: &[Step]) -> Opening {
    let mut stamps: BTreeSet<&StampId> = BTreeSet::new();
    let mut tenants: BTreeSet<&TenantId> = BTreeSet::new();
    // Steps of one subject stand together.
    let mut last: Option<&Step> = None;
    for step in steps {
        let known = last.is_some_and(|last| last.stamps == step.stamps);
        if !known {
            stamps.extend(&step.stamps);
        }
        if let Subject::Tenant(tenant) = &step.subject
            && last.is_none_or(|last| last.subject != step.subject)
        {
            tenants.insert(tenant);
        }
        last = Some(step);
    }
    let drawn = |id: &StampId| {
        context
            .blueprint
            .stamps
            .get(id)
            .map(|s| (id.clone(), stamp(context, quota, s)))
    };
    Opening {
        stamps: stamps.iter().copied().filter_map(drawn).collect(),
        tenants: tenants
            .into_iter()
            .map(|id| (id.clone(), tenant(context, id)))
            .collect(),
        accounts: if steps.is_empty() {
            Vec::new()
        } else {
            accounts(context, quota, steps, &stamps)
        },
        reservations: reservations(context, steps, &stamps),
        serving: if steps.is_empty() {
            Vec::new()
        } else {
            serving(context)
        },
    }
}

fn stamp(context: &Context<'_>, quota: &QuotaPlan, drawn: &StampBlueprint) -> OpeningStamp {
    let seen = context
        .inventory
        .stamps
        .get(&drawn.id)
        .filter(|s| s.state != StampState::Deleted);
    let placed = context.placement.stamps.get(&drawn.id);
    let returned = quota.returns.get(&drawn.id);
    let machines = context.capacity.machines.get(&drawn.id);
    let account = drawn.account.clone().map(|key| StampAccount {
        key,
        subscription: drawn.shape.subscription.clone(),
        cores: returned.map_or_else(
            || machines.map_or(0, |m| u64::from(m.now) * u64::from(m.vcpus)),
            |returned| returned.cores,
        ),
        retained: returned.map_or(0, |returned| returned.cores - returned.returned),
    });
    OpeningStamp {
        state: seen.map(|seen| seen.state),
        kind: drawn.shape.kind,
        region: drawn.shape.region.clone(),
        accepting: seen.is_some_and(|seen| seen.accepting),
        generation: drawn.generation,
        resource_group: drawn.group.0.clone(),
        capacity: drawn.shape.capacity,
        load: placed.map(|placed| placed.load_before).unwrap_or_default(),
        tenants: placed.map_or(0, |placed| placed.tenants_before),
        account,
        reservation: drawn.shape.capacity_reservation.clone(),
        origin: drawn.origin.as_ref().map(|(address, _)| address.clone()),
        protected: seen.is_some_and(|seen| seen.protected),
    }
}

fn tenant(context: &Context<'_>, id: &TenantId) -> OpeningTenant {
    let seen = context
        .inventory
        .tenants
        .get(id)
        .filter(|seen| !seen.state.is_terminal());
    let meant = context.blueprint.fleet.tenants.get(id);
    let demand = context.home(id).map_or_else(Load::default, Home::demand);
    let wish = meant.is_some_and(|tenant| tenant.legal_hold);
    OpeningTenant {
        state: seen.map(|seen| seen.state),
        stamp: seen.map(|seen| seen.stamp.clone()),
        moved_from: seen.and_then(|seen| seen.moved_from.clone()),
        held: match seen {
            None => Some(wish),
            Some(seen) => seen.held.map(|held| held || wish),
        },
        demand,
        export: context.export(id),
    }
}

fn accounts(
    context: &Context<'_>,
    quota: &QuotaPlan,
    steps: &[Step],
    stamps: &BTreeSet<&StampId>,
) -> Vec<OpeningAccount> {
    let mut touched: BTreeSet<_> = quota.ledger.iter().map(|account| &account.key).collect();
    touched.extend(steps.iter().filter_map(|step| match &step.subject {
        Subject::Quota(key) => Some(key),
        Subject::Fleet | Subject::Reservation(_) | Subject::Stamp(_) | Subject::Tenant(_) => None,
    }));
    let of_stamp = |id| context.blueprint.stamps.get(id)?.account.as_ref();
    touched.extend(stamps.iter().filter_map(|id| of_stamp(*id)));
    // Of a group that is made, or gets a member, all there is: the step names the group alone.
    let made = steps
        .iter()
        .filter(|step| step.kind == StepKind::QuotaGroupCreate);
    let made: BTreeSet<&str> = made
        .flat_map(|step| step.act.operations())
        .map(|operation| operation.address.name())
        .collect();
    let all = context.capacity.accounts.keys();
    touched.extend(all.filter(|key| made.contains(key.group.as_str())));
    let accounts = touched.into_iter().filter_map(|key| {
        let held = context.capacity.accounts.get(key)?;
        Some(OpeningAccount {
            key: key.clone(),
            management_group: held.management_group.clone(),
            limit: held.limit,
            available: held.available,
            subscriptions: held
                .shares
                .iter()
                .map(|(name, share)| {
                    let seen = OpeningSubscription {
                        limit: share.limit,
                        usage: share.usage,
                        allocated: share.allocated,
                    };
                    (name.clone(), seen)
                })
                .collect(),
        })
    });
    accounts.collect()
}

fn reservations(
    context: &Context<'_>,
    steps: &[Step],
    stamps: &BTreeSet<&StampId>,
) -> BTreeMap<crate::model::ReservationName, OpeningReservation> {
    let mut touched: BTreeSet<_> = stamps
        .iter()
        .filter_map(|id| context.blueprint.stamps.get(*id))
        .filter_map(|stamp| stamp.shape.capacity_reservation.as_ref())
        .collect();
    touched.extend(steps.iter().filter_map(|step| match &step.subject {
        Subject::Reservation(name) => Some(name),
        Subject::Fleet | Subject::Quota(_) | Subject::Stamp(_) | Subject::Tenant(_) => None,
    }));
    let reservations = touched.into_iter().filter_map(|name| {
        let reserved = context.capacity.reservations.get(name)?;
        let opening = OpeningReservation {
            address: reserved.address.clone(),
            instances: reserved.now,
            vcpus: reserved.vcpus,
            account: reserved.account.clone(),
        };
        Some((name.clone(), opening))
    });
    reservations.collect()
}

/// Active stamps by region and kind, those that the manifest does not know included.
pub(super) fn active(context: &Context<'_>) -> BTreeMap<(RegionName, StampKind), u32> {
    let mut active = BTreeMap::new();
    for seen in context.inventory.stamps.values() {
        if seen.state == StampState::Active {
            *active.entry((seen.region.clone(), seen.kind)).or_insert(0) += 1;
        }
    }
    active
}

fn serving(context: &Context<'_>) -> Vec<Serving> {
    let serving = active(context).into_iter();
    serving
        .map(|((region, kind), active)| Serving {
            region,
            kind,
            active,
        })
        .collect()
}
