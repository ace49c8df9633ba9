//! How many cores are free for new stamps (rows 6 and 7 of DT-1, H7 of placement). Pure.
//!
//! A stamp takes from its reservation's spare machines first, then from what its subscription
//! was allocated and does not need, then from its group. Cores of stamps that retire in the same
//! plan are not free: they come back after everything else. What was not seen is UNKNOWN, and
//! then nothing is opened.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;

use crate::model::Increase;
use crate::model::QuotaKey;
use crate::model::RegionName;
use crate::model::ReservationName;
use crate::model::SubscriptionName;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Shape;

use super::board::Board;
use super::placement::PoolIneligible;
use super::site::Life;
use super::universe;

/// A number of cores that may be UNKNOWN.
type Seen = Option<u64>;

/// A subscription's cores of one family in one region.
type Account = (SubscriptionName, RegionName, String);

/// What is free, read when it is first asked for, and less with every stamp that is promised.
pub(super) struct Quota {
    groups: BTreeMap<QuotaKey, Seen>,
    accounts: BTreeMap<Account, Seen>,
    reservations: BTreeMap<ReservationName, Seen>,
    held: BTreeMap<Account, Seen>,
}

impl Quota {
    /// What is free once every declared stamp that is yet to be built has its cores.
    pub(super) fn new(board: &Board) -> Self {
        let mut quota = Self {
            groups: BTreeMap::new(),
            accounts: BTreeMap::new(),
            reservations: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        if board.fleet.pools.is_empty() {
            return quota;
        }
        quota.held = reserved_cores(board);
        for site in &board.sites {
            let Some(shape) = &site.stamp.shape else {
                continue;
            };
            let coming = matches!(site.life, Life::Absent | Life::Creating | Life::Deleted);
            let wanted = matches!(
                site.stamp.desired,
                DesiredStamp::Active | DesiredStamp::Standby
            );
            if coming && wanted {
                let id = &site.stamp.id;
                let seen = board.inventory.stamps.get(id);
                let has = seen.map_or(0, |s| universe::instances(board.inventory, s, id, shape));
                let needed = shape.compute.instances.saturating_sub(has);
                let cores = u64::from(shape.compute.sku.vcpus) * u64::from(needed);
                quota.spend(board, shape, cores);
            }
        }
        quota
    }

    /// Promises a stamp of this shape its cores.
    pub(super) fn take(&mut self, board: &Board, shape: &Shape) -> Result<(), PoolIneligible> {
        let needed = shape.compute.cores();
        let free = self.free(board, shape);
        match free {
            None => Err(PoolIneligible::QuotaUnknown),
            Some(free) if free < needed => Err(PoolIneligible::Quota { needed, free }),
            Some(_) => {
                self.spend(board, shape, needed);
                Ok(())
            }
        }
    }

    /// Cores that a stamp of this shape could have.
    pub(super) fn free(&mut self, board: &Board, shape: &Shape) -> Seen {
        let parts = self.parts(board, shape);
        parts.into_iter().flatten().try_fold(0_u64, |sum, part| {
            part.as_ref().map(|cores| sum.saturating_add(*cores))
        })
    }

    fn spend(&mut self, board: &Board, shape: &Shape, cores: u64) {
        let mut rest = cores;
        let parts = self.parts(board, shape).into_iter().flatten();
        for free in parts.flatten() {
            let taken = rest.min(*free);
            *free -= taken;
            rest -= taken;
        }
    }

    /// The places that the shape's cores come from, in the order in which they are used up.
    fn parts(&mut self, board: &Board, shape: &Shape) -> [Option<&mut Seen>; 3] {
        let family = &shape.compute.sku.family;
        let reservation = shape.capacity_reservation.as_ref().map(|name| {
            let spare = self.reservations.entry(name.clone());
            spare.or_insert_with(|| spare_cores(board, name))
        });
        let account = (
            shape.subscription.clone(),
            shape.region.clone(),
            family.clone(),
        );
        let held = self.held.get(&account).copied().unwrap_or(Some(0));
        let account = self.accounts.entry(account);
        let account = account.or_insert_with(|| unused_cores(board, shape, held));
        let group = shape.quota_group.as_ref().map(|group| {
            let key = QuotaKey {
                group: group.clone(),
                region: shape.region.clone(),
                family: family.clone(),
            };
            let free = self.groups.entry(key.clone());
            free.or_insert_with(|| group_cores(board, &key))
        });
        [reservation, Some(account), group]
    }
}

/// A number of a resource: `Some(0)` where the resource certainly is not there.
fn number(board: &Board, kind: Kind, parts: &[&str], setting: &str) -> Seen {
    let address = Address::new(kind, parts).ok()?;
    match board.inventory.look(&address) {
        Err(_) => None,
        Ok(None) => Some(0),
        Ok(Some(seen)) => seen.int(setting).and_then(|n| u64::try_from(n).ok()),
    }
}

/// Cores of machines that the reservation holds and no stamp uses.
fn spare_cores(board: &Board, name: &ReservationName) -> Seen {
    let Some(meant) = board.fleet.capacity_reservations.get(name) else {
        return Some(0);
    };
    let parts = [
        meant.subscription.as_str(),
        meant.resource_group.as_str(),
        name.as_str(),
    ];
    let held = number(board, Kind::CapacityReservation, &parts, "instances")?;
    let used = number(board, Kind::CapacityReservation, &parts, "attached")?;
    Some(held.saturating_sub(used) * u64::from(meant.sku.vcpus))
}

/// Cores that the subscription was given and that neither its reservations nor its machines need.
fn unused_cores(board: &Board, shape: &Shape, held: Seen) -> Seen {
    let family = shape.compute.sku.family.as_str();
    let place = [shape.subscription.as_str(), shape.region.as_str(), family];
    let used = number(board, Kind::Quota, &place, "usage")?;
    if hides_reservations(board, &shape.subscription) {
        return None;
    }
    let held = held?;
    let given = match &shape.quota_group {
        None => number(board, Kind::Quota, &place, "limit")?,
        Some(name) => {
            let group = board.fleet.quota_groups.get(name)?;
            let [subscription, region, family] = place;
            let parts = [
                group.management_group.as_str(),
                name.as_str(),
                subscription,
                region,
                family,
            ];
            number(board, Kind::QuotaAllocation, &parts, "cores")?
        }
    };
    Some(given.saturating_sub(used.max(held)))
}

/// What reservations hold, for each account; `None` where a number was not seen.
fn reserved_cores(board: &Board) -> BTreeMap<Account, Seen> {
    let mut held: BTreeMap<Account, Seen> = BTreeMap::new();
    for (address, seen) in board.inventory.of_kind(Kind::CapacityReservation) {
        let subscription = address.part("subscription").and_then(|s| s.parse().ok());
        let region = seen.text("region").and_then(|region| region.parse().ok());
        let (Some(subscription), Some(region), Some(family)) =
            (subscription, region, seen.text("family"))
        else {
            continue;
        };
        let number = |setting| seen.int(setting).and_then(|n| u64::try_from(n).ok());
        let cores = number("instances")
            .zip(number("vcpus"))
            .map(|(instances, each)| instances.saturating_mul(each));
        let account = (subscription, region, family.to_owned());
        let sum = held.entry(account).or_insert(Some(0));
        *sum = sum.zip(cores).map(|(a, b)| a.saturating_add(b));
    }
    held
}

/// Whether the subscription's reservations were not all seen.
fn hides_reservations(board: &Board, subscription: &SubscriptionName) -> bool {
    board.inventory.gaps.iter().any(|gap| {
        let first = gap.beneath.split('/').next().unwrap_or_default();
        let kind = gap
            .kind
            .is_none_or(|kind| kind == Kind::CapacityReservation);
        kind && (first.is_empty() || first == subscription.as_str())
    })
}

/// Cores that the group can still allocate, and those that the plan will ask for.
fn group_cores(board: &Board, key: &QuotaKey) -> Seen {
    let group = board.fleet.quota_groups.get(&key.group)?;
    let parts = [
        group.management_group.as_str(),
        key.group.as_str(),
        key.region.as_str(),
        key.family.as_str(),
    ];
    let available = number(board, Kind::GroupQuota, &parts, "available")?;
    let meant = group
        .limits
        .iter()
        .find(|limit| limit.region == key.region && limit.family == key.family);
    match (group.increase, meant) {
        (Increase::Request, Some(meant)) => {
            let limit = number(board, Kind::GroupQuota, &parts, "limit")?;
            Some(available.saturating_add(meant.cores.0.saturating_sub(limit)))
        }
        _ => Some(available),
    }
}
