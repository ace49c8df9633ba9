//! How many cores and reserved machines the fleet holds, needs at its peak, and needs at its end.
//!
//! The numbers only; the steps are made of them in [`super::quota`]. A reservation's instances
//! are the sum of its stamps, never below its floor; an allocation covers, for each subscription,
//! region and family, the larger of reserved and used cores less what the subscription has of
//! its own (design §11.1). Usage that no stamp of the fleet explains is someone else's and stays
//! covered.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;

use super::Context;
use super::format::Subject;
use crate::blueprint::Blueprint;
use crate::blueprint::StampBlueprint;
use crate::diff::Goal;
use crate::model::QuotaKey;
use crate::model::ReservationName;
use crate::model::StampId;
use crate::model::StampState;
use crate::model::SubscriptionName;
use crate::model::stamp::DesiredStamp;
use crate::observe::Inventory;

/// What becomes of one stamp's machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machines {
    /// Instances that run or are deallocated now.
    pub(super) now: u32,
    /// Instances that it holds at the plan's peak.
    pub(super) peak: u32,
    /// Instances when the plan is done.
    pub(super) end: u32,
    /// Instances that its reservation keeps for it when the plan is done.
    pub(super) kept: u32,
    /// vCPUs of one instance.
    pub(super) vcpus: u32,
    /// Instances that were ever guaranteed to it and that it gives up.
    pub(super) given_up: u32,
}

/// One reservation from now to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) address: Address,
    pub(super) vcpus: u32,
    pub(super) now: Option<u32>,
    pub(super) peak: u32,
    pub(super) end: u32,
    /// The account that its cores come from.
    pub(super) account: Option<(QuotaKey, SubscriptionName)>,
}

/// What one subscription has and needs of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// The subscription's limit; `None`: UNKNOWN.
    pub(super) limit: Option<u64>,
    /// Its usage; `None`: UNKNOWN.
    pub(super) usage: Option<u64>,
    /// What the group has allocated to it; `None`: UNKNOWN.
    pub(super) allocated: Option<u64>,
    /// Cores that the fleet's own stamps and reservations use now.
    pub(super) known: u64,
    /// Cores that they need at the peak.
    pub(super) peak: u64,
    /// Cores that they need at the end.
    pub(super) end: u64,
}

impl Share {
    /// Cores used by what is none of the fleet's.
    pub(super) fn others(&self) -> u64 {
        self.usage.unwrap_or(0).saturating_sub(self.known)
    }

    /// Cores that the subscription has of its own.
    pub(super) fn own(&self) -> u64 {
        self.limit
            .unwrap_or(0)
            .saturating_sub(self.allocated.unwrap_or(0))
    }

    /// What the group must have allocated so that `cores` of the fleet fit.
    pub(super) fn allocation_for(&self, cores: u64) -> u64 {
        (cores + self.others()).saturating_sub(self.own())
    }

    /// Whether all of it was seen.
    pub(super) fn is_known(&self) -> bool {
        self.limit.is_some() && self.usage.is_some() && self.allocated.is_some()
    }
}

/// One quota account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) management_group: String,
    /// Cores of the group in all; `None`: UNKNOWN.
    pub(super) limit: Option<u64>,
    /// Cores that it can allocate; `None`: UNKNOWN.
    pub(super) available: Option<u64>,
    pub(super) shares: BTreeMap<SubscriptionName, Share>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) machines: BTreeMap<StampId, Machines>,
    pub(super) reservations: BTreeMap<ReservationName, Reserved>,
    pub(super) accounts: BTreeMap<QuotaKey, Held>,
}

/// Counts everything.
pub(super) fn count(context: &Context<'_>) -> Result<Capacity, AddressError> {
    let (blueprint, inventory) = (context.blueprint, context.inventory);
    let mut capacity = Capacity::default();
    for (id, drawn) in &blueprint.stamps {
        capacity
            .machines
            .insert(id.clone(), machines(context, id, drawn));
    }
    reservations(&mut capacity, blueprint, inventory)?;
    accounts(&mut capacity, blueprint, inventory)?;
    Ok(capacity)
}

/// A stamp that is held back keeps what it has and needs no more.
fn machines(context: &Context<'_>, id: &StampId, drawn: &StampBlueprint) -> Machines {
    let (blueprint, inventory) = (context.blueprint, context.inventory);
    let differences = context.differences;
    let sets = drawn
        .scale_sets
        .iter()
        .filter_map(|set| inventory.resources.get(&set.0));
    let now: i64 = sets.filter_map(|set| set.int("instances")).sum();
    let now = u32::try_from(now).unwrap_or(0);
    let wanted = drawn.shape.compute.instances;
    let stamp = blueprint
        .placement
        .stamps
        .get(id)
        .map(|placed| &placed.stamp);
    let keeps = stamp.is_some_and(|stamp| stamp.keep_reservation);
    let retired = stamp.is_some_and(|stamp| stamp.desired == DesiredStamp::Retired);
    let state = inventory.stamps.get(id).map(|seen| seen.state);
    let blocked = context.is_blocked(&Subject::Stamp(id.clone()));
    let goal = differences.stamps.get(id).map(|d| &d.goal);
    let leaving = !blocked && matches!(goal, Some(Goal::Retire(_)));
    let returned = matches!(
        state,
        Some(StampState::QuotaReturned | StampState::Deleting)
    );
    let (peak, end, kept, given_up) = if leaving {
        let held = if returned { now } else { now.max(wanted) };
        (held, 0, if keeps { held } else { 0 }, held)
    } else if retired || blocked || (wanted < now && !settles(goal)) {
        (now, now, now, 0)
    } else {
        (now.max(wanted), wanted, wanted, now.saturating_sub(wanted))
    };
    // A stamp on standby runs few machines and keeps the guarantee for all of them (L10).
    Machines {
        now,
        peak,
        end,
        kept,
        vcpus: drawn.shape.compute.sku.vcpus,
        given_up,
    }
}

/// Whether a stamp on this way gives back what it has too much: one that leaves service, or comes
/// back, does only that, and what is left over is told once it is there.
fn settles(goal: Option<&Goal>) -> bool {
    matches!(goal, None | Some(Goal::Stay))
}

fn reservations(
    capacity: &mut Capacity,
    blueprint: &Blueprint<'_>,
    inventory: &Inventory,
) -> Result<(), AddressError> {
    let mut sums: BTreeMap<&ReservationName, (u32, u32, u32)> = BTreeMap::new();
    let mut accounts: BTreeMap<&ReservationName, QuotaKey> = BTreeMap::new();
    for (id, drawn) in &blueprint.stamps {
        let (Some(name), Some(machines)) =
            (&drawn.shape.capacity_reservation, capacity.machines.get(id))
        else {
            continue;
        };
        let sum = sums.entry(name).or_default();
        sum.0 += machines.now;
        sum.1 += machines.peak.max(machines.kept);
        sum.2 += machines.end.max(machines.kept);
        if let Some(account) = &drawn.account {
            accounts.insert(name, account.clone());
        }
    }
    for (name, reservation) in &blueprint.fleet.capacity_reservations {
        let Some(address) = blueprint.reservation(name)? else {
            continue;
        };
        let seen = inventory.resources.get(&address);
        let int = |setting| {
            seen.and_then(|s| s.int(setting))
                .and_then(|n| u32::try_from(n).ok())
        };
        let now = int("instances");
        let (attached_now, peak, end) = sums.get(name).copied().unwrap_or_default();
        let others = int("attached").unwrap_or(0).saturating_sub(attached_now);
        capacity.reservations.insert(
            name.clone(),
            Reserved {
                address,
                vcpus: reservation.sku.vcpus,
                now,
                peak: (peak + others).max(reservation.floor).max(now.unwrap_or(0)),
                end: (end + others).max(reservation.floor),
                account: accounts
                    .get(name)
                    .map(|account| (account.clone(), reservation.subscription.clone())),
            },
        );
    }
    Ok(())
}

fn accounts(
    capacity: &mut Capacity,
    blueprint: &Blueprint<'_>,
    inventory: &Inventory,
) -> Result<(), AddressError> {
    let mut held: BTreeMap<QuotaKey, Held> = BTreeMap::new();
    for (name, group) in &blueprint.fleet.quota_groups {
        for limit in &group.limits {
            let key = QuotaKey {
                group: name.clone(),
                region: limit.region.clone(),
                family: limit.family.clone(),
            };
            let seen = look(blueprint, inventory, &key)?;
            held.insert(key, seen);
        }
    }
    for (id, drawn) in &blueprint.stamps {
        let (Some(key), Some(machines)) = (&drawn.account, capacity.machines.get(id)) else {
            continue;
        };
        if !held.contains_key(key) {
            let seen = look(blueprint, inventory, key)?;
            held.insert(key.clone(), seen);
        }
        if drawn.shape.capacity_reservation.is_none()
            && let Some(held) = held.get_mut(key)
        {
            let share = held
                .shares
                .entry(drawn.shape.subscription.clone())
                .or_default();
            let vcpus = u64::from(machines.vcpus);
            share.known += u64::from(machines.now) * vcpus;
            share.peak += u64::from(machines.peak.max(machines.kept)) * vcpus;
            share.end += u64::from(machines.end.max(machines.kept)) * vcpus;
        }
    }
    for reserved in capacity.reservations.values() {
        let Some((key, subscription)) = &reserved.account else {
            continue;
        };
        let Some(held) = held.get_mut(key) else {
            continue;
        };
        let share = held.shares.entry(subscription.clone()).or_default();
        let vcpus = u64::from(reserved.vcpus);
        share.known += u64::from(reserved.now.unwrap_or(0)) * vcpus;
        share.peak += u64::from(reserved.peak) * vcpus;
        share.end += u64::from(reserved.end) * vcpus;
    }
    capacity.accounts = held;
    Ok(())
}

/// What was seen of an account: the group's side and each member's.
fn look(
    blueprint: &Blueprint<'_>,
    inventory: &Inventory,
    key: &QuotaKey,
) -> Result<Held, AddressError> {
    let Some(group) = blueprint.fleet.quota_groups.get(&key.group) else {
        return Ok(Held {
            management_group: String::new(),
            limit: None,
            available: None,
            shares: BTreeMap::new(),
        });
    };
    let number = |address: &Address, setting: &str| match inventory.look(address) {
        Err(_) => None,
        Ok(None) => Some(0),
        Ok(Some(seen)) => seen.int(setting).and_then(|n| u64::try_from(n).ok()),
    };
    let side = group_quota(&group.management_group, key)?;
    let mut shares = BTreeMap::new();
    for subscription in &group.subscriptions {
        let quota = quota(subscription, key)?;
        let allocation = allocation(&group.management_group, key, subscription)?;
        let share = Share {
            limit: number(&quota, "limit"),
            usage: number(&quota, "usage"),
            allocated: number(&allocation, "cores"),
            ..Share::default()
        };
        shares.insert(subscription.clone(), share);
    }
    Ok(Held {
        management_group: group.management_group.clone(),
        limit: number(&side, "limit"),
        available: number(&side, "available"),
        shares,
    })
}

/// The address of a subscription's quota.
pub(super) fn quota(
    subscription: &SubscriptionName,
    key: &QuotaKey,
) -> Result<Address, AddressError> {
    Address::new(
        Kind::Quota,
        &[subscription.as_str(), key.region.as_str(), &key.family],
    )
}

/// The address of a group's limit.
pub(super) fn group_quota(management_group: &str, key: &QuotaKey) -> Result<Address, AddressError> {
    let parts = [
        management_group,
        key.group.as_str(),
        key.region.as_str(),
        &key.family,
    ];
    Address::new(Kind::GroupQuota, &parts)
}

/// The address of what a group has allocated to a subscription.
pub(super) fn allocation(
    management_group: &str,
    key: &QuotaKey,
    subscription: &SubscriptionName,
) -> Result<Address, AddressError> {
    let parts = [
        management_group,
        key.group.as_str(),
        subscription.as_str(),
        key.region.as_str(),
        &key.family,
    ];
    Address::new(Kind::QuotaAllocation, &parts)
}
