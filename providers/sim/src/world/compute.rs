//! What reservations, scale sets and pools of nodes take of quota and of a region's machines. Pure.
//! A pool of nodes is to quota what a scale set is, and is meant where a scale set is spoken of.
//!
//! A reservation takes what it reserves, used or not; a scale set attached to it takes from the
//! reservation, and only what is above it counts again (S0-100, X-69, X-70).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::World;
use super::schema::conflict;
use super::schema::int;
use super::schema::no_quota;
use super::schema::permanent;
use super::schema::text;

/// The scale sets that use one reservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attached {
    /// Scale sets, empty ones included.
    pub(crate) sets: i64,
    /// Instances, whatever their power.
    pub(crate) instances: i64,
    /// Instances that run.
    pub(crate) running: i64,
    /// Instances that count towards quota.
    pub(crate) counted: i64,
}

/// How a change moves the use of quota and of machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Cores by quota.
    pub(crate) cores: BTreeMap<Address, i64>,
    /// Machines by `region/sku`.
    pub(crate) machines: BTreeMap<String, i64>,
}

impl Shift {
    fn add(&mut self, sign: i64, owner: &Address, shape: &Settings, counted: i64, running: i64) {
        if let Some(quota) = quota_of(owner, shape) {
            *self.cores.entry(quota).or_default() += sign * counted * int(shape, "vcpus");
        }
        let pool = format!("{}/{}", text(shape, "region"), text(shape, "sku"));
        *self.machines.entry(pool).or_default() += sign * running;
    }
}

/// Whether resources of a kind are machines that may draw on a reservation.
pub(crate) fn is_machines(kind: Kind) -> bool {
    matches!(kind, Kind::ScaleSet | Kind::NodePool)
}

/// Whether resources of a kind take of quota.
pub(crate) fn takes_quota(kind: Kind) -> bool {
    is_machines(kind) || kind == Kind::CapacityReservation
}

/// The quota that compute of this shape draws on.
pub(crate) fn quota_of(owner: &Address, shape: &Settings) -> Option<Address> {
    let subscription = owner.part("subscription")?;
    let parts = [subscription, text(shape, "region"), text(shape, "family")];
    Address::new(Kind::Quota, &parts).ok()
}

/// The reservation that a scale set of these settings uses.
pub(crate) fn reservation_of(settings: &Settings) -> Option<Address> {
    let address: Address = text(settings, "reservation").parse().ok()?;
    (address.kind() == Kind::CapacityReservation).then_some(address)
}

/// Whether a scale set of these settings runs.
pub(crate) fn runs(settings: &Settings) -> bool {
    text(settings, "power") != "deallocated" && int(settings, "instances") > 0
}

impl World {
    /// What a scale set adds to those that use its reservation.
    pub(crate) fn attachment(&self, settings: &Settings) -> Attached {
        let instances = int(settings, "instances");
        let running = if runs(settings) { instances } else { 0 };
        let counts = running > 0 || self.switches.deallocated_counts;
        Attached {
            sets: 1,
            instances,
            running,
            counted: if counts { instances } else { 0 },
        }
    }

    /// How use moves when the compute at `address` becomes `new`; `None` where it goes or was not.
    pub(crate) fn shift(
        &self,
        address: &Address,
        old: Option<&Settings>,
        new: Option<&Settings>,
    ) -> Shift {
        let mut shift = Shift::default();
        if address.kind() == Kind::CapacityReservation {
            let used = self
                .index
                .attached
                .get(address)
                .copied()
                .unwrap_or_default();
            for (sign, settings) in [(-1, old), (1, new)] {
                if let Some(settings) = settings {
                    let reserved = int(settings, "instances");
                    let counted = reserved.max(used.counted);
                    shift.add(sign, address, settings, counted, reserved.max(used.running));
                }
            }
            return shift;
        }
        let mut after: BTreeMap<Address, Attached> = BTreeMap::new();
        for (sign, settings) in [(-1, old), (1, new)] {
            let Some(settings) = settings else { continue };
            let part = self.attachment(settings);
            match reservation_of(settings) {
                None => shift.add(sign, address, settings, part.counted, part.running),
                Some(reservation) => {
                    let now = self.index.attached.get(&reservation).copied();
                    let sum = after.entry(reservation).or_insert(now.unwrap_or_default());
                    sum.counted += sign * part.counted;
                    sum.running += sign * part.running;
                }
            }
        }
        for (reservation, sum) in after {
            let Some(entry) = self.resources.get(&reservation) else {
                continue;
            };
            let now = self.index.attached.get(&reservation).copied();
            let reserved = int(&entry.settings, "instances");
            for (sign, used) in [(-1, now.unwrap_or_default()), (1, sum)] {
                let counted = reserved.max(used.counted);
                let running = reserved.max(used.running);
                shift.add(sign, &reservation, &entry.settings, counted, running);
            }
        }
        shift
    }

    /// Refuses a reservation that there is no quota or no room for, or that is in use.
    pub(crate) fn judge_reservation(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        judge_shape(address, new)?;
        let old = self.resources.get(address).map(|entry| &entry.settings);
        if let Some(old) = old {
            for fixed in ["region", "sku", "family", "vcpus"] {
                if old.get(fixed) != new.get(fixed) {
                    let why = format!("`{fixed}` of a capacity reservation cannot change");
                    return Err(permanent("PropertyChangeNotAllowed", why));
                }
            }
            let used = self
                .index
                .attached
                .get(address)
                .copied()
                .unwrap_or_default();
            let wanted = int(new, "instances");
            if wanted < int(old, "instances") && wanted < used.running {
                let why = format!("{} instances run on it, {wanted} asked for", used.running);
                return Err(conflict("CapacityReservationInUse", why));
            }
        }
        self.judge_shift(&self.shift(address, old, Some(new)))
    }

    /// Refuses a scale set that there is no quota or no room for.
    pub(crate) fn judge_scale_set(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        judge_shape(address, new)?;
        if !matches!(text(new, "power"), "" | "running" | "deallocated") {
            let why = "`power` is `running` or `deallocated`";
            return Err(permanent("InvalidParameter", why));
        }
        let named = text(new, "reservation");
        if !named.is_empty() {
            let Some(reservation) = reservation_of(new) else {
                let why = format!("`{named}` is no capacity reservation");
                return Err(permanent("InvalidParameter", why));
            };
            let Some(entry) = self.resources.get(&reservation) else {
                let why = format!("{reservation} does not exist");
                return Err(permanent("CapacityReservationNotFound", why));
            };
            let fits = ["region", "sku"]
                .iter()
                .all(|name| text(&entry.settings, name) == text(new, name))
                && reservation.part("subscription") == address.part("subscription");
            if !fits {
                let why = format!("{reservation} is of another region, size or subscription");
                return Err(permanent("CapacityReservationMismatch", why));
            }
        }
        let old = self.resources.get(address).map(|entry| &entry.settings);
        self.judge_shift(&self.shift(address, old, Some(new)))
    }

    fn judge_shift(&self, shift: &Shift) -> Result<(), Fault> {
        for (quota, more) in &shift.cores {
            let used = self.usage(quota);
            let limit = self.limit(quota);
            if *more > 0 && used + more > limit {
                let why = format!("{quota}: limit {limit}, in use {used}, {more} more asked for");
                return Err(no_quota("QuotaExceeded", why));
            }
        }
        for (pool, more) in &shift.machines {
            let Some(room) = self.capacity.get(pool) else {
                continue;
            };
            let taken = self.index.machines.get(pool).copied().unwrap_or(0);
            if *more > 0 && taken + more > *room {
                let why = format!("{pool}: {room} machines, {taken} taken, {more} more asked for");
                return Err(Fault::new(FaultClass::Capacity, "AllocationFailed", why));
            }
        }
        Ok(())
    }

    /// Cores of one quota in use.
    pub(crate) fn usage(&self, quota: &Address) -> i64 {
        self.index.usage.get(quota).copied().unwrap_or(0)
    }

    /// The limit of one quota; 0 where the subscription has none.
    pub(crate) fn limit(&self, quota: &Address) -> i64 {
        self.resources
            .get(quota)
            .map_or(0, |entry| int(&entry.settings, "limit"))
    }
}

fn judge_shape(address: &Address, settings: &Settings) -> Result<(), Fault> {
    for name in ["region", "sku", "family"] {
        if text(settings, name).is_empty() {
            return Err(permanent(
                "InvalidParameter",
                format!("{address} has no `{name}`"),
            ));
        }
    }
    // A bound on both keeps every product and sum far inside 64 bits.
    let sane = (1..=10_000).contains(&int(settings, "vcpus"))
        && (0..=1_000_000).contains(&int(settings, "instances"));
    if !sane || quota_of(address, settings).is_none() {
        let why = format!("{address}: `vcpus` or `instances` is out of range");
        return Err(permanent("InvalidParameter", why));
    }
    Ok(())
}
