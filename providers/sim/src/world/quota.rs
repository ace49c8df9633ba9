//! Quota: limits of subscriptions, limits of groups, and what groups allocate. Pure.
//!
//! A group's available cores and its allocations always sum to its limit. A plain change of a
//! subscription's limit never credits a group; only a lower allocation does.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::World;
use super::schema::conflict;
use super::schema::int;
use super::schema::no_quota;
use super::schema::permanent;

/// The most cores that any setting may speak of; sums stay far inside 64 bits.
const MOST_CORES: i64 = 1_000_000_000;

/// The three accounts that one allocation moves.
pub(crate) struct Accounts {
    /// The group's limit in this region and family.
    pub(crate) group: Address,
    /// The subscription's limit.
    pub(crate) quota: Address,
}

/// The accounts behind an allocation.
pub(crate) fn accounts(allocation: &Address) -> Option<Accounts> {
    let part = |name| allocation.part(name);
    let (region, family) = (part("region")?, part("family")?);
    let group = [part("management_group")?, part("group")?, region, family];
    let quota = [part("subscription")?, region, family];
    Some(Accounts {
        group: Address::new(Kind::GroupQuota, &group).ok()?,
        quota: Address::new(Kind::Quota, &quota).ok()?,
    })
}

impl World {
    /// Refuses a limit below what is in use.
    pub(crate) fn judge_limit(&self, quota: &Address, new: &Settings) -> Result<(), Fault> {
        let limit = cores(new, "limit")?;
        let used = self.usage(quota);
        if limit < used {
            let why = format!("{quota}: {used} cores in use, limit {limit} asked for");
            return Err(no_quota("QuotaLimitBelowUsage", why));
        }
        Ok(())
    }

    /// Refuses a group limit below what the group has allocated.
    pub(crate) fn judge_group_limit(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let limit = cores(new, "limit")?;
        let path = address.path().split('/').take(2).collect::<Vec<_>>();
        let group = Address::new(Kind::QuotaGroup, &path)
            .map_err(|error| permanent("InvalidParameter", error.to_string()))?;
        if !self.resources.contains_key(&group) {
            return Err(permanent(
                "GroupQuotaNotFound",
                format!("{group} does not exist"),
            ));
        }
        let allocated = self.group_limit(address) - self.available(address);
        if limit < allocated {
            let why =
                format!("{address}: {allocated} cores are allocated, limit {limit} asked for");
            return Err(no_quota("GroupLimitBelowAllocations", why));
        }
        Ok(())
    }

    /// Refuses an allocation that group, membership or usage do not allow.
    pub(crate) fn judge_allocation(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let wanted = int(new, "cores");
        let least = if self.switches.subscriptions_may_give {
            -MOST_CORES
        } else {
            0
        };
        if !(least..=MOST_CORES).contains(&wanted) {
            let why = format!("{address}: {wanted} cores; a subscription gives only what it got");
            return Err(permanent("InvalidAllocation", why));
        }
        let Some(Accounts { group, quota }) = accounts(address) else {
            return Err(permanent(
                "InvalidParameter",
                format!("{address} is no allocation"),
            ));
        };
        let more = wanted - self.allocated(address);
        if more > 0 && !self.is_member(address) {
            let why = format!("{address}: the subscription is no member of the group");
            return Err(permanent("SubscriptionNotInGroupQuota", why));
        }
        let available = self.available(&group);
        if more > available {
            let why = format!("{group}: {available} cores available, {more} more asked for");
            return Err(no_quota("GroupQuotaExceeded", why));
        }
        let (limit, used) = (self.limit(&quota), self.usage(&quota));
        if more < 0 && limit + more < used {
            let why = format!(
                "{quota}: {used} cores in use, limit would be {}",
                limit + more
            );
            return Err(no_quota("QuotaLimitBelowUsage", why));
        }
        Ok(())
    }

    /// Refuses to leave a subscription out of a group while the group has allocated to it.
    pub(crate) fn judge_group(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let stays = |subscription: &str| {
            new.get("subscriptions")
                .and_then(Value::as_list)
                .is_some_and(|list| list.iter().any(|one| one.as_str() == Some(subscription)))
        };
        for (allocation, entry) in self.beneath(Kind::QuotaAllocation, address.path()) {
            let subscription = allocation.part("subscription").unwrap_or_default();
            if int(&entry.settings, "cores") != 0 && !stays(subscription) {
                let why = format!("{allocation} is not returned");
                return Err(conflict("SubscriptionHasAllocations", why));
            }
        }
        Ok(())
    }

    /// Moves cores between a group and a subscription. Judged before.
    pub(crate) fn allocate(&mut self, address: &Address, wanted: i64) {
        let Some(Accounts { group, quota }) = accounts(address) else {
            return;
        };
        let more = wanted - self.allocated(address);
        let limit = self.limit(&quota) + more;
        let available = self.available(&group) - more;
        self.store_int(address, "cores", wanted);
        if more != 0 {
            self.store_int(&quota, "limit", limit);
            self.store_int(&group, "available", available);
        }
        if more < 0
            && let Some(owed) = self.owed.get_mut(&quota)
        {
            owed.returned = owed.released.min(owed.returned - more);
        }
    }

    /// Sets a group's limit and moves the difference to what is available. Judged before.
    pub(crate) fn set_group_limit(&mut self, address: &Address, limit: i64) {
        let available = self.available(address) + limit - self.group_limit(address);
        self.store_int(address, "limit", limit);
        self.store_int(address, "available", available);
    }

    /// What a group has allocated to a subscription.
    pub(crate) fn allocated(&self, address: &Address) -> i64 {
        let entry = self.resources.get(address);
        entry.map_or(0, |entry| int(&entry.settings, "cores"))
    }

    fn available(&self, group: &Address) -> i64 {
        let entry = self.resources.get(group);
        entry.map_or(0, |entry| int(&entry.settings, "available"))
    }

    pub(crate) fn group_limit(&self, group: &Address) -> i64 {
        let entry = self.resources.get(group);
        entry.map_or(0, |entry| int(&entry.settings, "limit"))
    }

    fn is_member(&self, allocation: &Address) -> bool {
        let path: Vec<&str> = allocation.parts().take(2).collect();
        let Ok(group) = Address::new(Kind::QuotaGroup, &path) else {
            return false;
        };
        let subscription = allocation.part("subscription");
        self.resources.get(&group).is_some_and(|entry| {
            let members = entry.settings.get("subscriptions").and_then(Value::as_list);
            members.is_some_and(|list| list.iter().any(|one| one.as_str() == subscription))
        })
    }

    pub(crate) fn store_int(&mut self, address: &Address, name: &str, number: i64) {
        self.remember(address);
        let entry = self.resources.entry(address.clone()).or_default();
        entry.settings.insert(name.to_owned(), Value::Int(number));
    }

    /// Takes `cores` out of an allocation for good: the group never sees them again (S0-104).
    pub(crate) fn lose(&mut self, allocation: &Address, cores: i64, cause: &Address) {
        let Some(Accounts { group, quota }) = accounts(allocation) else {
            return;
        };
        self.store_int(allocation, "cores", self.allocated(allocation) - cores);
        self.store_int(&group, "limit", self.group_limit(&group) - cores);
        if self.resources.contains_key(&quota) {
            // A limit that was lowered by hand had part of these cores taken out before.
            let limit = (self.limit(&quota) - cores).max(self.usage(&quota));
            self.store_int(&quota, "limit", limit);
        }
        self.lost.push(super::LostQuota {
            allocation: allocation.clone(),
            cores,
            cause: cause.clone(),
            at: self.now(),
        });
    }

    /// Loses what `subscription` still holds of `quota` beyond its need, up to `cores`.
    pub(crate) fn lose_excess(&mut self, quota: &Address, cores: i64, cause: &Address) {
        let mut left = cores;
        for allocation in self.allocations_of(quota) {
            let excess = self.allocated(&allocation) - self.usage(quota);
            let lost = left.min(excess);
            if lost > 0 {
                self.lose(&allocation, lost, cause);
                left -= lost;
            }
        }
    }

    /// The allocations behind one quota, one for each group that made one.
    fn allocations_of(&self, quota: &Address) -> Vec<Address> {
        let tail: Vec<&str> = quota.parts().collect();
        self.beneath(Kind::QuotaGroup, "")
            .filter_map(|(group, _)| {
                let parts: Vec<&str> = group.parts().chain(tail.iter().copied()).collect();
                Address::new(Kind::QuotaAllocation, &parts).ok()
            })
            .filter(|address| self.resources.contains_key(address))
            .collect()
    }
}

fn cores(settings: &Settings, name: &str) -> Result<i64, Fault> {
    let number = int(settings, name);
    if settings.contains_key(name) && (0..=MOST_CORES).contains(&number) {
        return Ok(number);
    }
    Err(permanent(
        "InvalidParameter",
        format!("`{name}` is no number of cores"),
    ))
}
