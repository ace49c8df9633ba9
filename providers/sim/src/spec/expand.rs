//! From a world file to a world: every resource is placed as a caller would place it, in the
//! order in which they depend on each other, and refused where the cloud would refuse it. Pure.

mod stamp;
mod tenant;

use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::SpecError;
use super::WorldSpec;
use crate::faults::Faults;
use crate::world::World;
use crate::world::data::Content;
use crate::world::metrics::Scripted;
use crate::world::schema;

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// What stands between a file and a world.
struct Draft<'a> {
    spec: &'a WorldSpec,
    start: i64,
    registry: String,
    /// In the order of kinds, which is the order of dependence.
    resources: BTreeMap<Address, Settings>,
    records: BTreeMap<Address, u32>,
    scripts: BTreeMap<Address, Vec<Scripted>>,
    /// Cores that stamps take from groups, by allocation.
    allocations: BTreeMap<Address, i64>,
    /// Instances of stamps by reservation.
    reserved: BTreeMap<Address, i64>,
    /// Tenants by stamp.
    tenants: BTreeMap<&'a str, u32>,
}

impl TryFrom<&WorldSpec> for World {
    type Error = SpecError;

    fn try_from(spec: &WorldSpec) -> Result<Self, SpecError> {
        let start = spec.now.map_or(START, Timestamp::as_second);
        let fleet = spec.fleet.clone();
        let registry = spec.registry.clone().or(fleet).unwrap_or("registry".into());
        let mut draft = Draft {
            spec,
            start,
            registry,
            resources: BTreeMap::new(),
            records: BTreeMap::new(),
            scripts: BTreeMap::new(),
            allocations: BTreeMap::new(),
            reserved: BTreeMap::new(),
            tenants: BTreeMap::new(),
        };
        for tenant in spec
            .tenants
            .iter()
            .filter(|tenant| !tenant::is_gone(tenant))
        {
            *draft.tenants.entry(tenant.stamp.as_str()).or_default() += 1;
        }
        draft.subscriptions()?;
        draft.stamps()?;
        draft.groups()?;
        draft.reservations()?;
        draft.tenants()?;
        draft.build()
    }
}

impl Draft<'_> {
    fn subscriptions(&mut self) -> Result<(), SpecError> {
        for (name, id) in &self.spec.subscriptions {
            let settings = [("id", id.as_str().into()), ("state", "enabled".into())];
            self.put(address(Kind::Subscription, &[name])?, settings);
        }
        for quota in &self.spec.quota {
            let parts = [&*quota.subscription, &*quota.region, &*quota.family];
            let at = address(Kind::Quota, &parts)?;
            self.put(at, [("limit", quota.cores.into())]);
        }
        if let Some(fleet) = &self.spec.fleet {
            let at = address(Kind::RegistryItem, &[&self.registry, "fleets", fleet])?;
            self.put(at, []);
        }
        Ok(())
    }

    fn groups(&mut self) -> Result<(), SpecError> {
        for group in &self.spec.quota_groups {
            let path = [&*group.management_group, &*group.name];
            let members: Vec<&str> = group.subscriptions.iter().map(String::as_str).collect();
            let at = address(Kind::QuotaGroup, &path)?;
            self.put(at, [("subscriptions", members.into())]);
            for limit in &group.limits {
                let parts = [path[0], path[1], &*limit.region, &*limit.family];
                let at = address(Kind::GroupQuota, &parts)?;
                self.put(at, [("limit", limit.cores.into())]);
            }
            for cores in &group.allocations {
                let (region, family) = (&*cores.region, &*cores.family);
                let parts = [path[0], path[1], &*cores.subscription, region, family];
                let at = address(Kind::QuotaAllocation, &parts)?;
                self.allocations.insert(at, cores.cores.into());
            }
        }
        for (at, cores) in std::mem::take(&mut self.allocations) {
            self.put(at, [("cores", cores.into())]);
        }
        Ok(())
    }

    fn reservations(&mut self) -> Result<(), SpecError> {
        for reservation in &self.spec.reservations {
            let (subscription, group) = (&*reservation.subscription, &*reservation.resource_group);
            let at = address(Kind::ResourceGroup, &[subscription, group])?;
            let region = &*reservation.region;
            if !self.resources.contains_key(&at) {
                self.put(at, [("region", region.into()), ("tags", no_tags())]);
            }
            let parts = [subscription, group, &*reservation.name];
            let at = address(Kind::CapacityReservation, &parts)?;
            let (family, vcpus) = size(&reservation.sku)?;
            let auto = self.reserved.get(&at).copied().unwrap_or(0);
            let instances = reservation.instances.map_or(auto, i64::from);
            let zones: Vec<&str> = reservation.zones.iter().map(String::as_str).collect();
            let settings = [
                ("region", region.into()),
                ("zones", zones.into()),
                ("sku", reservation.sku.as_str().into()),
                ("family", family.into()),
                ("vcpus", vcpus.into()),
                ("instances", instances.into()),
                ("tags", no_tags()),
            ];
            self.put(at, settings);
        }
        Ok(())
    }

    fn put<const N: usize>(&mut self, address: Address, settings: [(&str, Value); N]) {
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        self.resources.insert(address, settings.into());
    }

    /// The time of birth of what the file calls into being.
    fn born(&self) -> i64 {
        self.start - i64::from(self.spec.age_days.unwrap_or(30)) * 86_400
    }

    fn born_text(&self) -> Value {
        let born = Timestamp::from_second(self.born()).unwrap_or_default();
        born.to_string().into()
    }

    fn build(mut self) -> Result<World, SpecError> {
        for resource in &self.spec.resources {
            let known = self.resources.entry(resource.address.clone()).or_default();
            for (name, value) in &resource.settings {
                merge(
                    known.entry(name.clone()).or_insert_with(|| value.clone()),
                    value,
                );
            }
        }
        let mut world = World {
            now: self.born(),
            switches: self.spec.switches.clone(),
            latency: self.spec.latency,
            faults: Faults::from(&self.spec.faults),
            ..World::default()
        };
        let capacity = self.spec.capacity.iter();
        world.capacity = capacity
            .map(|(pool, room)| (pool.clone(), i64::from(*room)))
            .collect();
        for (at, script) in std::mem::take(&mut self.scripts) {
            world.scripts.insert(at, script);
        }
        for (at, settings) in std::mem::take(&mut self.resources) {
            // Tenants begin to write now, not when they were born.
            if at.kind() == Kind::RegistryItem {
                world.now = self.start;
            }
            let judged = schema::check(at.kind(), &settings)
                .and_then(|()| world.judge_write(&at, &settings));
            judged.map_err(|fault| SpecError::Refused {
                address: at.clone(),
                fault,
            })?;
            world.write(&at, &settings, "seed");
            if let Some(records) = self.records.get(&at) {
                world.fill(&at, |content| {
                    *content = Content::seeded(&content.tenant, &at, u64::from(*records));
                });
            }
        }
        world.now = self.start;
        world.wakeups = world.wakeups.split_off(&(self.start + 1));
        world.recent.clear();
        Ok(world)
    }
}

fn address(kind: Kind, parts: &[&str]) -> Result<Address, SpecError> {
    Address::new(kind, parts).map_err(|error| SpecError::Name(error.to_string()))
}

fn no_tags() -> Value {
    Value::Map(BTreeMap::new())
}

/// Quota family and vCPUs from a size's name: `Standard_{series}{vcpus}{features}_{version}`.
fn size(sku: &str) -> Result<(String, u32), SpecError> {
    let read = || {
        let rest = sku.strip_prefix("Standard_")?;
        let (size, version) = rest.split_once('_').unwrap_or((rest, ""));
        let (series, size) = size.split_at(size.find(|c: char| c.is_ascii_digit())?);
        let end = size
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(size.len());
        let (vcpus, features) = size.split_at(end);
        let series = format!("{series}{features}").to_ascii_uppercase();
        Some((
            format!("standard{series}{version}Family"),
            vcpus.parse().ok()?,
        ))
    };
    read().ok_or_else(|| SpecError::Name(format!("`{sku}` is no VM size")))
}

/// Lays what a file says of a resource over what it is anyway; maps are laid over key by key.
fn merge(known: &mut Value, said: &Value) {
    match (known, said) {
        (Value::Map(known), Value::Map(said)) => {
            for (name, value) in said {
                merge(
                    known.entry(name.clone()).or_insert_with(|| value.clone()),
                    value,
                );
            }
        }
        (known, said) => *known = said.clone(),
    }
}
