//! Looks at the cloud and dates the answer. The only stage before `apply` that does I/O, and all
//! of it goes through a [`Provider`].

pub mod inventory;
mod file;
mod fold;

use std::collections::BTreeSet;

use stampctl_contract::Needs;
use stampctl_contract::Provider;
use stampctl_contract::Scope;
use stampctl_contract::preflight::Machines;

use crate::model::Fleet;

pub use inventory::Inventory;
pub use inventory::SeenResource;
pub use inventory::SeenStamp;
pub use inventory::SeenTenant;

/// Looks at everything that the fleet declares: its subscriptions, quota groups and registry.
/// What could not be seen is a gap in the answer, never an error and never an absence.
pub async fn observe(fleet: &Fleet, provider: &dyn Provider) -> Inventory {
    let observation = provider.observe(&scope(fleet)).await;
    let mut inventory = fold::fold(fleet.name.as_str(), observation);
    inventory.obstacles = provider.preflight(&needs(fleet)).await;
    inventory
}

/// What plans of the fleet may need of the cloud: the machines of all that is declared, and changes
/// in all of its subscriptions. A plan judges by it only what it does.
fn needs(fleet: &Fleet) -> Needs {
    let stamps = fleet.stamps.values().filter_map(|it| it.shape.as_ref());
    let shapes = stamps.chain(fleet.pools.values().map(|pool| &pool.shape));
    let mut machines = BTreeSet::new();
    for shape in shapes {
        for zone in &shape.zones {
            machines.insert(Machines {
                subscription: shape.subscription.to_string(),
                region: shape.region.to_string(),
                zone: zone.clone(),
                sku: shape.compute.sku.name.clone(),
            });
        }
    }
    for reservation in fleet.capacity_reservations.values() {
        for zone in &reservation.zones {
            machines.insert(Machines {
                subscription: reservation.subscription.to_string(),
                region: reservation.region.to_string(),
                zone: zone.clone(),
                sku: reservation.sku.name.clone(),
            });
        }
    }
    Needs {
        subscriptions: scope(fleet).subscriptions,
        machines: machines.into_iter().collect(),
    }
}

/// The places that hold the fleet.
fn scope(fleet: &Fleet) -> Scope {
    let groups = fleet.quota_groups.values();
    Scope {
        subscriptions: fleet
            .subscriptions
            .keys()
            .map(ToString::to_string)
            .collect(),
        quota_groups: groups
            .map(|g| (g.management_group.clone(), g.name.to_string()))
            .collect(),
        registry: fleet.registry.clone(),
    }
}
