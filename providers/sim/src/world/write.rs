//! Puts and patches: what each kind refuses, and what a write does. Pure.

use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::World;
use super::compute::Shift;
use super::compute::is_machines;
use super::compute::quota_of;
use super::compute::reservation_of;
use super::compute::runs;
use super::compute::takes_quota;
use super::data::Content;
use super::data_of;
use super::inside::judge_endpoint;
use super::inside::judge_members;
use super::inside::judge_pool;
use super::inside::judge_probe;
use super::inside::judge_product;
use super::inside::parent_of;
use super::schema::conflict;
use super::schema::int;
use super::schema::permanent;
use super::schema::text;
use super::schema::truth;

impl World {
    /// Refuses a write that the cloud would refuse.
    pub(crate) fn judge_write(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        self.judge_parent(address)?;
        match address.kind() {
            Kind::Quota => self.judge_limit(address, new),
            Kind::GroupQuota => self.judge_group_limit(address, new),
            Kind::QuotaAllocation => self.judge_allocation(address, new),
            Kind::QuotaGroup => self.judge_group(address, new),
            Kind::CapacityReservation => self.judge_reservation(address, new),
            Kind::ScaleSet => self.judge_scale_set(address, new),
            Kind::Cluster => self.judge_cluster(address, new),
            Kind::NodePool => self.judge_node_pool(address, new),
            Kind::ElasticPool => judge_pool(address, new),
            Kind::SqlDatabase => {
                self.judge_pooled(address, new)?;
                self.judge_holder(address, new)
            }
            Kind::BlobContainer => self.judge_holder(address, new),
            Kind::Backup => self.judge_backup(new),
            Kind::IngressProfile => self.judge_profile(address, new),
            Kind::OriginGroup => judge_probe(address, new),
            Kind::Origin => match int(new, "weight") {
                0..=1000 => Ok(()),
                weight => Err(permanent("InvalidWeight", format!("weight {weight}"))),
            },
            Kind::TrafficEndpoint => judge_endpoint(address, new),
            Kind::GatewayPool => judge_members(address, new),
            Kind::ApiProduct => judge_product(address, new),
            Kind::RegistryContainer => self.judge_container(address, new),
            Kind::ApiSubscription => match user_of(address, text(new, "user")) {
                Some(user) if self.resources.contains_key(&user) => Ok(()),
                _ => Err(permanent(
                    "UserNotFound",
                    format!("{address}: no such user"),
                )),
            },
            Kind::Subscription
            | Kind::ResourceGroup
            | Kind::SqlServer
            | Kind::TenantSchema
            | Kind::StorageAccount
            | Kind::IngressEndpoint
            | Kind::Alert
            | Kind::Lock
            | Kind::ApiUser
            | Kind::ApiPolicy
            | Kind::RegistryItem
            | Kind::StampMetrics
            | Kind::TenantMetrics
            | Kind::Health => Ok(()),
        }
    }

    /// Refuses a resource whose place does not exist.
    fn judge_parent(&self, address: &Address) -> Result<(), Fault> {
        if let Some(subscription) = address.part("subscription")
            && address.kind() != Kind::Subscription
        {
            let parent = Address::new(Kind::Subscription, &[subscription]).ok();
            let entry = parent
                .as_ref()
                .and_then(|parent| self.resources.get(parent));
            let Some(entry) = entry else {
                let why = format!("subscription `{subscription}` does not exist");
                return Err(permanent("SubscriptionNotFound", why));
            };
            if matches!(text(&entry.settings, "state"), "cancelled" | "canceled") {
                let why = format!("subscription `{subscription}` is cancelled");
                return Err(Fault::new(FaultClass::Denied, "SubscriptionDisabled", why));
            }
        }
        let Some(parent) = parent_of(address) else {
            return Ok(());
        };
        if self.resources.contains_key(&parent) {
            return Ok(());
        }
        Err(permanent(
            "ParentResourceNotFound",
            format!("{parent} does not exist"),
        ))
    }

    /// Carries a judged write out.
    pub(crate) fn write(&mut self, address: &Address, new: &Settings, key: &str) {
        match address.kind() {
            Kind::QuotaAllocation => return self.allocate(address, int(new, "cores")),
            Kind::GroupQuota => return self.set_group_limit(address, int(new, "limit")),
            _ => {}
        }
        self.remember(address);
        let old = self
            .resources
            .get(address)
            .map(|entry| entry.settings.clone());
        if takes_quota(address.kind()) {
            let shift = self.shift(address, old.as_ref(), Some(new));
            self.index_compute(address, old.as_ref(), Some(new), &shift);
            self.account_release(address, old.as_ref(), Some(new));
        }
        let etag = (address.kind() == Kind::RegistryItem).then(|| self.next_etag());
        let now = self.now;
        let entry = self.resources.entry(address.clone()).or_default();
        if old.is_none() {
            entry.created = now;
        }
        entry.etag = etag;
        entry.settings = new.clone();
        self.switch(address, new);
        self.hold(address, new);
        if address.kind() == Kind::Backup {
            self.take_backup(address, new, old.as_ref(), key);
        }
        self.index_names(address, old.as_ref(), Some(new));
        if address.kind() == Kind::RegistryItem {
            self.move_writers(address, old.as_ref(), Some(new));
        }
        if address.kind() == Kind::Subscription
            && matches!(text(new, "state"), "cancelled" | "canceled")
        {
            self.lose_all_of(address);
        }
    }

    /// A new version.
    fn next_etag(&mut self) -> Etag {
        Etag(format!("v{}", self.next_number()).into())
    }

    /// Notes whether the resource is on, and since when.
    fn switch(&mut self, address: &Address, new: &Settings) {
        // What follows a while later: health after a start, quiet after an end.
        let (on, follows_start, after) = match address.kind() {
            Kind::ScaleSet => (runs(new), true, self.switches.health_delay_seconds),
            Kind::Origin => (serves(new), false, self.switches.drain_seconds),
            Kind::RegistryItem => {
                let routed = truth(new, "routed", false);
                (routed, false, self.switches.request_drain_seconds)
            }
            _ => return,
        };
        let now = self.now;
        let Some(entry) = self.resources.get_mut(address) else {
            return;
        };
        if entry.on != on {
            entry.on = on;
            entry.since = now;
            if on == follows_start {
                self.wake_after(after);
            }
        }
    }

    /// Gives a data resource a place for its tenant's content.
    fn hold(&mut self, address: &Address, new: &Settings) {
        let tenant = match address.kind() {
            Kind::SqlDatabase | Kind::BlobContainer => text(new, "tenant").to_owned(),
            Kind::TenantSchema => address.name().to_owned(),
            _ => return,
        };
        let Some(entry) = self.resources.get_mut(address) else {
            return;
        };
        if entry.content.is_none() && !tenant.is_empty() {
            entry.content = Some(Content::empty(&tenant));
            if let Some(item) = self.index.writers.get(address).cloned() {
                self.start_writer(address, &item);
            }
        }
    }

    /// Brings sums over compute up to date.
    pub(crate) fn index_compute(
        &mut self,
        address: &Address,
        old: Option<&Settings>,
        new: Option<&Settings>,
        shift: &Shift,
    ) {
        for (quota, more) in &shift.cores {
            *self.index.usage.entry(quota.clone()).or_default() += more;
        }
        for (pool, more) in &shift.machines {
            *self.index.machines.entry(pool.clone()).or_default() += more;
        }
        if !is_machines(address.kind()) {
            return;
        }
        for (sign, settings) in [(-1, old), (1, new)] {
            let Some(settings) = settings else { continue };
            let Some(reservation) = reservation_of(settings) else {
                continue;
            };
            let part = self.attachment(settings);
            let sum = self.index.attached.entry(reservation).or_default();
            sum.sets += sign * part.sets;
            sum.instances += sign * part.instances;
            sum.running += sign * part.running;
            sum.counted += sign * part.counted;
        }
    }

    /// Keeps account of cores that scale sets gave up and that are not returned yet.
    fn account_release(
        &mut self,
        address: &Address,
        old: Option<&Settings>,
        new: Option<&Settings>,
    ) {
        if !is_machines(address.kind()) {
            return;
        }
        let size = |settings: Option<&Settings>| {
            settings.map_or(0, |it| int(it, "instances") * int(it, "vcpus"))
        };
        let (before, after) = (size(old), size(new));
        let Some(quota) = new.and_then(|new| quota_of(address, new)) else {
            return;
        };
        let held = self.resources.get(address).map_or(0, |entry| entry.held);
        let owed = self.owed.entry(quota).or_default();
        if before > 0 && after == 0 {
            owed.released += before;
        } else if before == 0 && after > 0 && held > 0 {
            owed.released = (owed.released - held).max(0);
            owed.returned = owed.returned.min(owed.released);
        }
        let entry = self.resources.entry(address.clone()).or_default();
        if after > 0 {
            entry.held = after;
        }
    }

    /// Brings inverted maps up to date.
    pub(crate) fn index_names(
        &mut self,
        address: &Address,
        old: Option<&Settings>,
        new: Option<&Settings>,
    ) {
        match address.kind() {
            Kind::Origin => {
                let name = address.name().to_owned();
                let origins = self.index.origins.entry(name).or_default();
                if new.is_some() {
                    origins.insert(address.clone());
                } else {
                    origins.remove(address);
                }
            }
            Kind::ApiSubscription => {
                let user = |settings: Option<&Settings>| user_of(address, text(settings?, "user"));
                if let Some(user) = user(old) {
                    let count = self.index.api_users.entry(user).or_default();
                    *count = count.saturating_sub(1);
                }
                if let Some(user) = user(new) {
                    *self.index.api_users.entry(user).or_default() += 1;
                }
            }
            Kind::RegistryItem => {
                for data in old.map(data_of).unwrap_or_default() {
                    if self.index.writers.get(&data) == Some(address) {
                        self.index.writers.remove(&data);
                    }
                }
                for data in new
                    .filter(|new| writes(new))
                    .map(data_of)
                    .unwrap_or_default()
                {
                    self.index.writers.insert(data, address.clone());
                }
            }
            _ => {}
        }
    }

    /// Refuses to hand a tenant's database or container to another tenant.
    fn judge_holder(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let content = self
            .resources
            .get(address)
            .and_then(|entry| entry.content.as_ref());
        match content {
            Some(content) if content.tenant != text(new, "tenant") => {
                let why = format!("{address} holds the content of `{}`", content.tenant);
                Err(conflict("HoldsAnotherTenant", why))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a tenant of these registry settings is writing: it is routed, not frozen, and its
/// service has not ended.
pub(crate) fn writes(item: &Settings) -> bool {
    let served = matches!(text(item, "state"), "active" | "migrating" | "offboarding");
    served && truth(item, "routed", false) && !truth(item, "frozen", false)
}

/// Whether an origin of these settings takes traffic.
fn serves(origin: &Settings) -> bool {
    truth(origin, "enabled", false) && int(origin, "weight") > 0
}

/// The user that an API subscription names: by name, or by address.
pub(crate) fn user_of(subscription: &Address, user: &str) -> Option<Address> {
    if let Ok(address) = user.parse::<Address>() {
        return (address.kind() == Kind::ApiUser).then_some(address);
    }
    let mut parts: Vec<&str> = subscription.parts().take(3).collect();
    parts.push(user);
    Address::new(Kind::ApiUser, &parts).ok()
}
