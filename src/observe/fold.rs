//! Folds what a provider found into an [`Inventory`]: registry entries become typed, and the
//! data of tenants that are where their entry says is dropped, because it says nothing new.
//!
//! Pure. An entry that cannot be read is a gap: it hides what it cannot say.

use std::collections::BTreeMap;

use stampctl_contract::FaultClass;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Resource;

use super::Inventory;
use super::SeenResource;
use super::SeenStamp;
use super::SeenTenant;
use crate::model::Load;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::names;

/// Builds the inventory of `fleet` from what was found.
pub(super) fn fold(fleet: &str, observation: Observation) -> Inventory {
    let mut inventory = Inventory {
        format: Inventory::FORMAT.to_owned(),
        fleet: fleet.to_owned(),
        observed_at: observation.observed_at,
        stamps: BTreeMap::new(),
        tenants: BTreeMap::new(),
        fleet_item: None,
        resources: BTreeMap::new(),
        gaps: observation.gaps,
        obstacles: Vec::new(),
    };
    let mut measured = Vec::new();
    let mut data = Vec::new();
    for resource in observation.resources {
        match resource.address.kind() {
            Kind::RegistryItem => registry_item(&mut inventory, fleet, &resource),
            Kind::TenantMetrics => measured.push(resource),
            Kind::TenantSchema | Kind::BlobContainer | Kind::SqlDatabase => data.push(resource),
            _ => keep(&mut inventory, resource),
        }
    }
    for resource in measured {
        measure(&mut inventory, &resource);
    }
    for resource in data {
        if !is_where_it_should_be(&inventory, &resource) {
            keep(&mut inventory, resource);
        }
    }
    inventory
}

fn keep(inventory: &mut Inventory, resource: Resource) {
    let seen = SeenResource {
        settings: resource.settings,
        etag: resource.etag,
    };
    inventory.resources.insert(resource.address, seen);
}

fn registry_item(inventory: &mut Inventory, fleet: &str, resource: &Resource) {
    let id = resource.address.name().to_owned();
    let read = match resource.address.part("collection") {
        Some("stamps") => id.parse::<StampId>().ok().and_then(|id| {
            inventory.stamps.insert(id, stamp(resource)?);
            Some(())
        }),
        Some("tenants") => id.parse::<TenantId>().ok().and_then(|id| {
            inventory.tenants.insert(id, tenant(resource)?);
            Some(())
        }),
        Some("fleets") => {
            if id == fleet {
                inventory.fleet_item = Some(resource.clone());
            }
            Some(())
        }
        _ => Some(()),
    };
    if read.is_none() {
        inventory.gaps.push(Gap {
            kind: Some(Kind::RegistryItem),
            beneath: resource.address.path().to_owned(),
            class: FaultClass::Permanent,
            reason: "the registry entry cannot be read".to_owned(),
        });
    }
}

fn stamp(item: &Resource) -> Option<SeenStamp> {
    let kind = match item.text("kind")? {
        "shared" => StampKind::Shared,
        "dedicated" => StampKind::Dedicated,
        _ => return None,
    };
    Some(SeenStamp {
        state: StampState::from_word(item.text("state")?)?,
        kind,
        region: item.text("region")?.parse().ok()?,
        generation: u32::try_from(item.int("generation").unwrap_or(1)).ok()?,
        accepting: item.truth("accepting").unwrap_or(true),
        protected: item.truth("protected").unwrap_or(false),
        subscription: item.text("subscription")?.to_owned(),
        since: item.text("since").and_then(|since| since.parse().ok()),
        etag: item.etag.clone(),
    })
}

fn tenant(item: &Resource) -> Option<SeenTenant> {
    let moved_from = match item.text("moved_from") {
        None | Some("") => None,
        Some(stamp) => Some(stamp.parse().ok()?),
    };
    Some(SeenTenant {
        state: TenantState::from_word(item.text("state")?)?,
        stamp: item.text("stamp")?.parse().ok()?,
        routed: item.truth("routed").unwrap_or(false),
        moved_from,
        held: item.truth("held"),
        measured: None,
        requests_per_day: None,
        etag: item.etag.clone(),
    })
}

fn measure(inventory: &mut Inventory, metrics: &Resource) {
    let Ok(id) = metrics.address.name().parse::<TenantId>() else {
        return;
    };
    let Some(tenant) = inventory.tenants.get_mut(&id) else {
        return;
    };
    let amount = |name: &str| {
        metrics
            .int(name)
            .and_then(|amount| u64::try_from(amount).ok())
    };
    let dimensions = [
        amount("cpu_millicores"),
        amount("memory_mib"),
        amount("storage_mib"),
        amount("dtu_centi"),
    ];
    tenant.measured = match dimensions {
        [Some(cpu), Some(memory), Some(storage), Some(dtu)] => Some(Load {
            cpu,
            memory,
            storage,
            dtu,
        }),
        _ => None,
    };
    tenant.requests_per_day = amount("requests_per_day");
}

/// Whether a tenant's data lies on a stamp that the tenant's entry names, under its usual name.
/// A shared database is infrastructure and is kept.
fn is_where_it_should_be(inventory: &Inventory, resource: &Resource) -> bool {
    let name = resource.address.name();
    let tenant = match resource.address.kind() {
        Kind::TenantSchema => name,
        Kind::BlobContainer => name.strip_prefix("tenant-").unwrap_or_default(),
        _ if name == names::SHARED_DATABASE => return false,
        _ => name.strip_prefix("db-").unwrap_or_default(),
    };
    let Ok(id) = tenant.parse::<TenantId>() else {
        return false;
    };
    let Some(seen) = inventory.tenants.get(&id) else {
        return false;
    };
    let group = resource.address.part("resource_group").unwrap_or_default();
    [Some(&seen.stamp), seen.moved_from.as_ref()]
        .into_iter()
        .flatten()
        .any(|stamp| {
            let generation = inventory
                .stamps
                .get(stamp)
                .map_or(1, |seen| seen.generation);
            names::resource_group(&names::generation(stamp, generation)) == group
        })
}
