//! What a stamp of a world file is made of. Pure.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Draft;
use super::address;
use super::size;
use crate::names;
use crate::spec::IsolationSpec;
use crate::spec::MetricsSpec;
use crate::spec::SpecError;
use crate::spec::StampSpec;
use crate::world::metrics::Scripted;

/// The sizes that a stamp has where the file is silent.
pub(super) const SQL_SKU: &str = "S2";
const STORAGE_SKU: &str = "Standard_LRS";

impl Draft<'_> {
    pub(super) fn stamps(&mut self) -> Result<(), SpecError> {
        for stamp in &self.spec.stamps {
            self.stamp_item(stamp)?;
            if stamp.state != "deleted" {
                self.group(stamp)?;
                self.compute(stamp)?;
                self.data(stamp)?;
                self.edge(stamp)?;
                self.measures(stamp)?;
            }
        }
        Ok(())
    }

    fn stamp_item(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let at = address(Kind::RegistryItem, &[&self.registry, "stamps", &stamp.id])?;
        let since = self.born_text();
        let settings = [
            ("state", stamp.state.as_str().into()),
            ("kind", stamp.kind.as_str().into()),
            ("region", stamp.region.as_str().into()),
            ("generation", stamp.generation.into()),
            ("accepting", stamp.accepting.into()),
            ("protected", stamp.protected.into()),
            ("held", false.into()),
            ("subscription", stamp.subscription.as_str().into()),
            ("physical", physical(stamp).into()),
            ("since", since),
        ];
        self.put(at.clone(), settings);
        self.also(&at, &stamp.registry);
        Ok(())
    }

    fn group(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let tenants = self.tenants.get(stamp.id.as_str()).copied().unwrap_or(0);
        let mut tags = self.own_tags(stamp);
        let mut tag = |name: &str, value: &str| tags.insert(name.to_owned(), value.into());
        let kind = match stamp.kind.as_str() {
            "dedicated" => "Dedicated",
            _ => "Shared",
        };
        tag("StampType", kind);
        tag("Status", status(&stamp.state));
        tag("TenantCount", &tenants.to_string());
        for (name, value) in &stamp.tags {
            tag(name, value);
        }
        let at = within(stamp, Kind::ResourceGroup, &[])?;
        let settings = [
            ("region", stamp.region.as_str().into()),
            ("tags", Value::Map(tags)),
        ];
        self.put(at, settings);
        if stamp.protected {
            let at = within(stamp, Kind::Lock, &[&names::lock(&physical(stamp))])?;
            self.put(at, [("level", "CanNotDelete".into())]);
        }
        Ok(())
    }

    /// The tags of everything that is the stamp's.
    fn own_tags(&self, stamp: &StampSpec) -> BTreeMap<String, Value> {
        let fleet = self.spec.fleet.iter();
        let fleet = fleet.map(|fleet| ("stampctl-fleet".to_owned(), fleet.as_str().into()));
        let own = [("StampId".to_owned(), stamp.id.as_str().into())];
        own.into_iter().chain(fleet).collect()
    }

    fn compute(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let own = self.own_tags(stamp);
        let (family, vcpus) = match (&stamp.family, stamp.vcpus) {
            (Some(family), Some(vcpus)) => (family.clone(), vcpus),
            (family, vcpus) => {
                let (known, count) = size(&stamp.sku)?;
                (family.clone().unwrap_or(known), vcpus.unwrap_or(count))
            }
        };
        let reservation = match &stamp.reservation {
            Some(name) => Some(self.reservation(stamp, name)?),
            None => None,
        };
        if let Some(name) = &stamp.quota_group {
            let group = self
                .spec
                .quota_groups
                .iter()
                .find(|group| group.name == *name);
            let Some(group) = group else {
                return Err(SpecError::Name(format!(
                    "no quota group `{name}` in `quota_groups`"
                )));
            };
            let (subscription, region) = (&*stamp.subscription, &*stamp.region);
            let parts = [
                &*group.management_group,
                name,
                subscription,
                region,
                &*family,
            ];
            let at = address(Kind::QuotaAllocation, &parts)?;
            let cores = i64::from(vcpus).saturating_mul(i64::from(stamp.instances));
            let sum = self.allocations.entry(at).or_default();
            *sum = sum.saturating_add(cores);
        }
        if let Some(reservation) = &reservation {
            let sum = self.reserved.entry(reservation.clone()).or_default();
            *sum += i64::from(stamp.instances);
        }
        let zones = u32::try_from(stamp.zones.len().max(1)).unwrap_or(u32::MAX);
        for (place, zone) in (0_u32..).zip(&stamp.zones) {
            let instances = stamp.instances / zones + u32::from(place < stamp.instances % zones);
            let name = names::scale_set(&physical(stamp), zone);
            let at = within(stamp, Kind::ScaleSet, &[&name])?;
            let uses = reservation.as_ref().map(ToString::to_string);
            let settings = [
                ("region", stamp.region.as_str().into()),
                ("zone", zone.as_str().into()),
                ("sku", stamp.sku.as_str().into()),
                ("family", family.as_str().into()),
                ("vcpus", vcpus.into()),
                ("instances", instances.into()),
                ("power", stamp.power.as_deref().unwrap_or("running").into()),
                ("reservation", uses.unwrap_or_default().into()),
                ("tags", Value::Map(own.clone())),
            ];
            self.put(at, settings);
        }
        Ok(())
    }

    fn reservation(&self, stamp: &StampSpec, name: &str) -> Result<Address, SpecError> {
        let mut known = self.spec.reservations.iter();
        let found = known.find(|one| one.name == name && one.subscription == stamp.subscription);
        let Some(found) = found else {
            let place = format!("`{name}` of subscription `{}`", stamp.subscription);
            return Err(SpecError::Name(format!(
                "no reservation {place} in `reservations`"
            )));
        };
        let parts = [&*found.subscription, &*found.resource_group, name];
        address(Kind::CapacityReservation, &parts)
    }

    fn data(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let own = self.own_tags(stamp);
        let tags = || Value::Map(own.clone());
        let name = physical(stamp);
        let region = stamp.region.as_str();
        let server = names::sql_server(&name);
        let at = within(stamp, Kind::SqlServer, &[&server])?;
        self.put(at, [("region", region.into()), ("tags", tags())]);
        if stamp.isolation != IsolationSpec::Database {
            let at = within(stamp, Kind::SqlDatabase, &[&server, names::SHARED_DATABASE])?;
            let sku = stamp.sql_sku.as_deref().unwrap_or(SQL_SKU);
            self.put(at, [("sku", sku.into()), ("tags", tags())]);
        }
        let at = within(
            stamp,
            Kind::StorageAccount,
            &[&names::storage_account(&name)],
        )?;
        let sku = stamp.storage_sku.as_deref().unwrap_or(STORAGE_SKU);
        self.put(
            at,
            [
                ("region", region.into()),
                ("sku", sku.into()),
                ("tags", tags()),
            ],
        );
        Ok(())
    }

    fn edge(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let name = physical(stamp);
        let at = within(stamp, Kind::Alert, &[&names::health_alert(&name)])?;
        let settings = [
            ("enabled", true.into()),
            ("target", stamp.id.as_str().into()),
            ("tags", Value::Map(self.own_tags(stamp))),
        ];
        self.put(at, settings);
        let Some(ingress) = &stamp.ingress else {
            return Ok(());
        };
        let (subscription, place) = (&*ingress.subscription, &*ingress.resource_group);
        let origin = names::origin(&name);
        let parts = [
            subscription,
            place,
            &*ingress.profile,
            &*ingress.group,
            &*origin,
        ];
        let enabled = ingress.enabled.unwrap_or(stamp.state == "active");
        // An origin has no tags: Front Door keeps none.
        let settings = [
            ("host", ingress.host.as_str().into()),
            ("weight", ingress.weight.into()),
            ("enabled", enabled.into()),
        ];
        self.put(address(Kind::Origin, &parts)?, settings);
        Ok(())
    }

    fn measures(&mut self, stamp: &StampSpec) -> Result<(), SpecError> {
        let samples = u32::from(self.spec.age_days.unwrap_or(30)) * 24;
        let mut script = Vec::new();
        let first = stamp.metrics.iter().map(|metrics| (0, metrics));
        let later = stamp
            .metrics_after_hours
            .iter()
            .map(|(hours, it)| (*hours, it));
        for (hours, metrics) in first.chain(later) {
            script.push(Scripted {
                from: self.start + i64::from(hours) * 3600,
                values: measured(metrics, samples)?,
            });
        }
        if !script.is_empty() {
            self.scripts
                .insert(within(stamp, Kind::StampMetrics, &[])?, script);
        }
        if !stamp.health.is_empty() {
            let values = stamp.health.iter();
            let values = values.map(|(probe, answer)| (probe.clone(), (*answer).into()));
            let script = Scripted {
                from: self.start,
                values: values.collect(),
            };
            self.scripts
                .insert(within(stamp, Kind::Health, &[])?, vec![script]);
        }
        Ok(())
    }

    /// Adds settings to a resource of the draft.
    pub(super) fn also(&mut self, at: &Address, more: &Settings) {
        if let Some(settings) = self.resources.get_mut(at) {
            settings.extend(more.clone());
        }
    }
}

/// The name of the stamp's current generation.
pub(super) fn physical(stamp: &StampSpec) -> String {
    names::generation(&stamp.id, stamp.generation)
}

/// The address of something in the stamp's resource group.
pub(super) fn within(stamp: &StampSpec, kind: Kind, rest: &[&str]) -> Result<Address, SpecError> {
    let group = names::resource_group(&physical(stamp));
    let mut parts = vec![stamp.subscription.as_str(), &group];
    parts.extend(rest);
    address(kind, &parts)
}

/// The `Status` tag of a state.
fn status(state: &str) -> &str {
    match state {
        "creating" => "Creating",
        "active" => "Active",
        "draining" => "Draining",
        "ready" => "Standby",
        "isolated" => "Isolated",
        "failed" => "Failed",
        "releasing" | "quota_returned" => "Releasing",
        "deleting" | "deleted" => "Retired",
        other => other,
    }
}

fn measured(metrics: &MetricsSpec, samples: u32) -> Result<Settings, SpecError> {
    let mut values = Settings::new();
    let shares = [
        ("cpu", metrics.cpu, metrics.latest_cpu),
        ("memory", metrics.memory, metrics.latest_memory),
        ("storage", metrics.storage, metrics.latest_storage),
        ("dtu", metrics.dtu, metrics.latest_dtu),
    ];
    for (name, usual, latest) in shares {
        if let Some(usual) = usual {
            values.insert(name.to_owned(), basis_points(name, usual)?);
        }
        if let Some(latest) = latest.or(usual) {
            values.insert(format!("latest_{name}"), basis_points(name, latest)?);
        }
    }
    let samples = metrics.samples.or((!values.is_empty()).then_some(samples));
    let counts = [
        ("samples", samples),
        ("connections", metrics.connections),
        ("jobs", metrics.jobs),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            values.insert(name.to_owned(), count.into());
        }
    }
    Ok(values)
}

fn basis_points(name: &str, percent: f64) -> Result<Value, SpecError> {
    if !(0.0..=1_000.0).contains(&percent) {
        return Err(SpecError::Name(format!(
            "`{name}: {percent}` is no percentage"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 100,000, as checked"
    )]
    let points = (percent * 100.0).round() as i64;
    Ok(points.into())
}
