//! Deletes: what goes with what, what refuses to go, and the quota that goes for good. Pure.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;

use super::World;
use super::compute::is_machines;
use super::compute::quota_of;
use super::compute::reservation_of;
use super::compute::takes_quota;
use super::inside::goes_with;
use super::schema::conflict;
use super::schema::int;
use super::schema::permanent;

impl World {
    /// Refuses a delete that the cloud would refuse. What is not there can always be deleted.
    pub(crate) fn judge_delete(&self, address: &Address) -> Result<(), Fault> {
        if super::schema::writable(address.kind()).is_empty()
            && address.kind() != Kind::RegistryItem
        {
            let why = format!("`{}` is measured", address.kind());
            return Err(permanent("ReadOnly", why));
        }
        if !self.resources.contains_key(address) {
            return Ok(());
        }
        match address.kind() {
            Kind::Quota => Err(permanent("QuotaCannotBeDeleted", format!("{address}"))),
            Kind::ResourceGroup | Kind::Subscription => {
                if let Some((lock, _)) = self.beneath(Kind::Lock, address.path()).next() {
                    let why = format!("{address} is locked by {lock}");
                    return Err(Fault::new(FaultClass::Denied, "ScopeLocked", why));
                }
                self.judge_reservations_within(address)
            }
            Kind::CapacityReservation => {
                let used = self
                    .index
                    .attached
                    .get(address)
                    .copied()
                    .unwrap_or_default();
                if used.sets > 0 {
                    let why = format!("{address}: {} scale sets are attached", used.sets);
                    return Err(conflict("CapacityReservationInUse", why));
                }
                Ok(())
            }
            Kind::QuotaAllocation => {
                self.judge_allocation(address, &[("cores".to_owned(), 0_i64.into())].into())
            }
            Kind::QuotaGroup | Kind::GroupQuota => {
                let group: Vec<&str> = address.parts().take(2).collect();
                let account: Vec<&str> = address.parts().skip(2).collect();
                let group = group.join("/");
                let mut allocations = self.beneath(Kind::QuotaAllocation, &group);
                let open = allocations.find(|(allocation, entry)| {
                    let same = account.is_empty() || allocation.parts().skip(3).eq(account.clone());
                    same && int(&entry.settings, "cores") != 0
                });
                match open {
                    Some((allocation, _)) => {
                        let why = format!("{allocation} is not returned");
                        Err(conflict("GroupQuotaInUse", why))
                    }
                    None => Ok(()),
                }
            }
            Kind::ElasticPool => self.judge_pool_goes(address),
            Kind::ApiProduct => self.judge_product_goes(address),
            Kind::ApiUser if self.index.api_users.get(address).is_some_and(|n| *n > 0) => {
                Err(conflict("UserHasSubscriptions", format!("{address}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to take away a reservation that scale sets outside of `place` use.
    fn judge_reservations_within(&self, place: &Address) -> Result<(), Fault> {
        let mut inside: BTreeMap<Address, i64> = BTreeMap::new();
        let sets = self.beneath(Kind::ScaleSet, place.path());
        let pools = self.beneath(Kind::NodePool, place.path());
        for (_, entry) in sets.chain(pools) {
            if let Some(reservation) = reservation_of(&entry.settings) {
                *inside.entry(reservation).or_default() += 1;
            }
        }
        for (reservation, _) in self.beneath(Kind::CapacityReservation, place.path()) {
            let all = self
                .index
                .attached
                .get(reservation)
                .copied()
                .unwrap_or_default();
            let own = inside.get(reservation).copied().unwrap_or(0);
            if all.sets > own {
                let why = format!("{reservation} is used from outside of {place}");
                return Err(conflict("CapacityReservationInUse", why));
            }
        }
        Ok(())
    }

    /// Carries a judged delete out.
    pub(crate) fn delete(&mut self, address: &Address) {
        if !self.resources.contains_key(address) {
            return;
        }
        if address.kind() == Kind::QuotaAllocation {
            self.allocate(address, 0);
            self.remember(address);
            self.resources.remove(address);
            return;
        }
        let doomed = self.doomed(address);
        let mut held = self.held_by(&doomed);
        let used = self.usage_of(&doomed);
        for one in &doomed {
            self.remove_one(one);
        }
        if address.kind() == Kind::Subscription {
            self.lose_all_of(address);
            self.leave_groups(address.name());
            return;
        }
        if address.kind() == Kind::CapacityReservation {
            // To delete a reservation is to release compute; its cores can still be returned.
            return;
        }
        for (quota, before) in used {
            let fell = before - self.usage(&quota);
            *held.entry(quota).or_default() += fell;
        }
        for (quota, cores) in held {
            self.lose_excess(&quota, cores, address);
        }
    }

    /// The resource and all that goes with it: compute first, so that sums stay right.
    fn doomed(&self, address: &Address) -> Vec<Address> {
        let inside = |kind: Kind| goes_with(kind, address.kind());
        let first = [Kind::ScaleSet, Kind::NodePool, Kind::CapacityReservation];
        let rest = Kind::ALL.iter().filter(|kind| !first.contains(kind));
        let kinds = first.iter().chain(rest);
        let mut doomed: Vec<Address> = kinds
            .filter(|kind| inside(**kind) && **kind != address.kind())
            .flat_map(|kind| self.beneath(*kind, address.path()))
            .map(|(one, _)| one.clone())
            .collect();
        doomed.push(address.clone());
        let containers = doomed.iter();
        let containers = containers.filter(|one| one.kind() == Kind::RegistryContainer);
        let items: Vec<Address> = containers.flat_map(|one| self.items_of(one)).collect();
        doomed.extend(items);
        doomed
    }

    /// Cores, by quota, that these resources held without using them, and that nobody returned:
    /// those of scale sets at 0 instances, and of stopped machines that do not count.
    fn held_by(&mut self, doomed: &[Address]) -> BTreeMap<Address, i64> {
        let mut held: BTreeMap<Address, i64> = BTreeMap::new();
        for address in doomed.iter().filter(|one| is_machines(one.kind())) {
            let Some(entry) = self.resources.get(address) else {
                continue;
            };
            let Some(quota) = quota_of(address, &entry.settings) else {
                continue;
            };
            let idle = self.attachment(&entry.settings).counted == 0;
            let covered = reservation_of(&entry.settings).is_some();
            let size = int(&entry.settings, "instances") * int(&entry.settings, "vcpus");
            let released = entry.held;
            let sum = held.entry(quota.clone()).or_default();
            if size > 0 && idle && !covered {
                *sum += size;
            } else if size == 0 {
                let owed = self.owed.entry(quota).or_default();
                let returned = owed.returned.min(released);
                owed.returned -= returned;
                owed.released = (owed.released - released).max(0);
                *sum += released - returned;
            }
        }
        held
    }

    /// What is in use of each quota that these resources use.
    fn usage_of(&self, doomed: &[Address]) -> BTreeMap<Address, i64> {
        let quotas = doomed.iter().filter_map(|address| {
            let entry = self.resources.get(address)?;
            quota_of(address, &entry.settings)
        });
        quotas
            .map(|quota| (quota.clone(), self.usage(&quota)))
            .collect()
    }

    fn remove_one(&mut self, address: &Address) {
        self.remember(address);
        let Some(entry) = self.resources.get(address) else {
            return;
        };
        let old = entry.settings.clone();
        if takes_quota(address.kind()) {
            let shift = self.shift(address, Some(&old), None);
            self.index_compute(address, Some(&old), None, &shift);
        }
        if address.kind() == Kind::RegistryItem {
            self.move_writers(address, Some(&old), None);
        }
        self.index_names(address, Some(&old), None);
        self.resources.remove(address);
        if address.kind() == Kind::ResourceGroup {
            self.scripts.forget(&address.parts().collect::<Vec<_>>());
        }
    }

    /// A subscription that goes takes along whatever groups had allocated to it (S0-106).
    pub(crate) fn lose_all_of(&mut self, subscription: &Address) {
        let groups: Vec<String> = self
            .beneath(Kind::QuotaGroup, "")
            .map(|(group, _)| format!("{}/{}", group.path(), subscription.name()))
            .collect();
        for prefix in groups {
            let allocations: Vec<(Address, i64)> = self
                .beneath(Kind::QuotaAllocation, &prefix)
                .map(|(address, entry)| (address.clone(), int(&entry.settings, "cores")))
                .collect();
            for (allocation, cores) in allocations {
                if cores > 0 {
                    self.lose(&allocation, cores, subscription);
                }
            }
        }
    }

    /// A subscription that is gone is in no group.
    fn leave_groups(&mut self, subscription: &str) {
        let groups: Vec<Address> = self
            .beneath(Kind::QuotaGroup, "")
            .map(|(group, _)| group.clone())
            .collect();
        for group in groups {
            let prefix = format!("{}/{subscription}", group.path());
            let gone: Vec<Address> = self
                .beneath(Kind::QuotaAllocation, &prefix)
                .map(|(address, _)| address.clone())
                .collect();
            for allocation in gone {
                // What the subscription gave and never took back stays with the group.
                let given = -self.allocated(&allocation);
                if given > 0
                    && let Some(accounts) = super::quota::accounts(&allocation)
                {
                    let limit = self.group_limit(&accounts.group) + given;
                    self.store_int(&accounts.group, "limit", limit);
                }
                self.remember(&allocation);
                self.resources.remove(&allocation);
            }
            self.remember(&group);
            if let Some(entry) = self.resources.get_mut(&group)
                && let Some(stampctl_contract::Value::List(members)) =
                    entry.settings.get_mut("subscriptions")
            {
                members.retain(|member| member.as_str() != Some(subscription));
            }
        }
    }
}
