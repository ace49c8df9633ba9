//! Which stamps there are: declared ones and those that pools made. Pure.
//!
//! Stamps that exist and belong to neither are not the fleet's: they are no candidates and
//! nothing is decided about them.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;

use crate::model::Dimension;
use crate::model::Fleet;
use crate::model::Pool;
use crate::model::RegionName;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::names;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Shape;
use crate::observe::Inventory;
use crate::observe::SeenResource;
use crate::observe::SeenStamp;

use super::naming;
use super::placement::StampOrigin;
use super::resident;
use super::site::Life;
use super::site::NOWHERE;
use super::site::Site;
use super::size;

/// What each dimension of a stamp's metrics is called: the policy's statistic and the last hour.
const METRICS: [(&str, &str); 4] = [
    ("cpu", "latest_cpu"),
    ("memory", "latest_memory"),
    ("storage", "latest_storage"),
    ("dtu", "latest_dtu"),
];

/// What was measured of a stamp.
pub(super) enum Measured {
    /// Too little for a judgement.
    Young,
    /// Ten-thousandths of units; `None` where nothing reports.
    Seen([Option<u64>; 4]),
}

/// Every stamp of the fleet, ordered by id, without its tenants.
pub(super) fn sites(fleet: &Fleet, inventory: &Inventory, regions: &[RegionName]) -> Vec<Site> {
    let mut sites: BTreeMap<&StampId, Site> = BTreeMap::new();
    for (id, stamp) in &fleet.stamps {
        let seen = inventory.stamps.get(id);
        let mut stamp = stamp.clone();
        if stamp.shape.is_none() {
            stamp.shape = pool_of(fleet, id, seen).map(|pool| naming::shape(pool, id));
        }
        let mut site = place_in(stamp, StampOrigin::Declared, seen, regions);
        if seen.is_none() && is_hidden(fleet, inventory, "stamps", id.as_str()) {
            site.life = Life::Aside;
        }
        sites.insert(id, site);
    }
    for (id, seen) in &inventory.stamps {
        if seen.state == StampState::Deleted || fleet.stamps.contains_key(id) {
            continue;
        }
        if let Some(pool) = pool_of(fleet, id, Some(seen)) {
            let stamp = pool_made(fleet, inventory, pool, id, seen);
            let origin = StampOrigin::Pool(pool.name.clone());
            sites.insert(id, place_in(stamp, origin, Some(seen), regions));
        }
    }
    sites.into_values().collect()
}

/// Whether the registry's entry of `collection`/`id` lies in what was not seen. What was not seen
/// is not absent: nobody moves because of it, and nobody is taken for new.
pub(super) fn is_hidden(fleet: &Fleet, inventory: &Inventory, collection: &str, id: &str) -> bool {
    if inventory.gaps.is_empty() {
        return false;
    }
    let parts = [fleet.registry.as_str(), collection, id];
    Address::new(Kind::RegistryItem, &parts)
        .is_ok_and(|address| inventory.gaps.iter().any(|gap| gap.hides(&address)))
}

/// What was measured of the stamp `id`.
pub(super) fn measured(inventory: &Inventory, fleet: &Fleet, site: &Site) -> Measured {
    let unknown = Measured::Seen([None; 4]);
    if matches!(site.life, Life::Absent | Life::Creating | Life::Deleted) {
        return Measured::Young;
    }
    let Some(seen) = inventory.stamps.get(&site.stamp.id) else {
        return unknown;
    };
    let physical = names::generation(&site.stamp.id, seen.generation);
    let group = names::resource_group(&physical);
    let Ok(address) = Address::new(Kind::StampMetrics, &[&seen.subscription, &group]) else {
        return unknown;
    };
    let hours = fleet.policy.placement.min_samples_hours;
    let new = seen.since.is_some_and(|since| {
        let age = inventory.observed_at.as_second() - since.as_second();
        age < i64::from(hours) * 3_600
    });
    match inventory.look(&address) {
        // Nothing has reported yet; the registry says that the stamp was not there long.
        Ok(None) if new => Measured::Young,
        Ok(None) | Err(_) => unknown,
        Ok(Some(metrics)) => {
            let samples = metrics.int("samples");
            if samples.map_or(new, |samples| samples < i64::from(hours)) {
                Measured::Young
            } else {
                Measured::Seen(dimensions(metrics, site))
            }
        }
    }
}

/// The instances that the stamp's scale sets have, as far as they were seen.
pub(super) fn instances(inventory: &Inventory, seen: &SeenStamp, id: &StampId, of: &Shape) -> u32 {
    let physical = names::generation(id, seen.generation);
    let group = names::resource_group(&physical);
    let one = |zone: &String| {
        let name = names::scale_set(&physical, zone);
        let address = Address::new(Kind::ScaleSet, &[&seen.subscription, &group, &name]).ok()?;
        let set = inventory.resources.get(&address)?;
        u32::try_from(set.int("instances")?).ok()
    };
    of.zones.iter().filter_map(one).fold(0, u32::saturating_add)
}

/// The larger of statistic and last hour. The statistic must be there; the last hour may lack.
fn dimensions(metrics: &SeenResource, site: &Site) -> [Option<u64>; 4] {
    std::array::from_fn(|k| {
        let (statistic, latest) = METRICS[k];
        let points = metrics.int(statistic)?;
        let points = metrics.int(latest).map_or(points, |l| l.max(points));
        let points = u64::try_from(points).ok()?;
        Some(points.saturating_mul(site.capacity[Dimension::ALL[k]]))
    })
}

/// The first pool, by name, that makes such stamps.
fn pool_of<'a>(fleet: &'a Fleet, id: &StampId, seen: Option<&SeenStamp>) -> Option<&'a Pool> {
    fleet.pools.values().find(|pool| {
        let shape = &pool.shape;
        let same = seen.is_none_or(|s| s.kind == shape.kind && s.region == shape.region);
        same && naming::follows_rule(id, shape.kind, &shape.region)
    })
}

/// A stamp that a pool made: the pool's shape, and what the registry says it is for.
fn pool_made(
    fleet: &Fleet,
    inventory: &Inventory,
    pool: &Pool,
    id: &StampId,
    seen: &SeenStamp,
) -> Stamp {
    let desired = match seen.state {
        StampState::Ready => DesiredStamp::Standby,
        StampState::Isolated => DesiredStamp::Isolated,
        // Quota is on its way back: there is no way but on.
        StampState::Releasing
        | StampState::QuotaReturned
        | StampState::Deleting
        | StampState::Deleted => DesiredStamp::Retired,
        StampState::Creating | StampState::Active | StampState::Draining | StampState::Failed => {
            DesiredStamp::Active
        }
    };
    let mut shape = naming::shape(pool, id);
    if shape.kind == StampKind::Dedicated {
        shape = sized_for_its_tenant(fleet, inventory, shape, id, seen);
    }
    naming::stamp(id.clone(), shape, desired, seen.protected)
}

/// A dedicated stamp keeps the size that it was given: it is sized for what the manifest says
/// of its tenant, never below what it has. What is measured goes up and down by the hour, and
/// a size that follows it would make every plan resize something.
fn sized_for_its_tenant(
    fleet: &Fleet,
    inventory: &Inventory,
    shape: Shape,
    id: &StampId,
    seen: &SeenStamp,
) -> Shape {
    let percent = fleet.policy.placement.bands.provision.0;
    let tenant = naming::tenant_of(id, &shape.region).and_then(|t| fleet.tenants.get(&t));
    let sized = tenant
        .map(|tenant| resident::declared_demand(&fleet.policy, tenant))
        .and_then(|demand| size::fitted(&shape, &demand, percent).ok())
        .unwrap_or(shape);
    let has = instances(inventory, seen, id, &sized);
    if has > sized.compute.instances && seen.state == StampState::Active {
        size::with_instances(&sized, has)
    } else {
        sized
    }
}

fn place_in(
    stamp: Stamp,
    origin: StampOrigin,
    seen: Option<&SeenStamp>,
    regions: &[RegionName],
) -> Site {
    let life = seen.map_or(Life::Absent, |seen| match seen.state {
        StampState::Creating => Life::Creating,
        StampState::Active => Life::Active,
        StampState::Draining | StampState::Ready | StampState::Isolated | StampState::Failed => {
            Life::Aside
        }
        StampState::Releasing | StampState::QuotaReturned | StampState::Deleting => Life::Ending,
        StampState::Deleted => Life::Deleted,
    });
    let region = stamp.shape.as_ref().map(|shape| &shape.region);
    let region = region.or(seen.map(|seen| &seen.region));
    let index = region.and_then(|region| regions.binary_search(region).ok());
    let mut site = Site::empty(stamp, origin, life, index.unwrap_or(NOWHERE));
    if let (None, Some(seen)) = (&site.stamp.shape, seen) {
        site.kind = seen.kind;
    }
    site.admits = seen.is_none_or(|seen| seen.accepting);
    site
}
