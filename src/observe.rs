//! Looks at the cloud and dates the answer. The only stage before `apply` that does I/O, and all
//! of it goes through a [`Provider`].

pub mod inventory;
mod file;
mod fold;

use stampctl_contract::Provider;
use stampctl_contract::Scope;

use crate::model::Fleet;

pub use inventory::Inventory;
pub use inventory::SeenResource;
pub use inventory::SeenStamp;
pub use inventory::SeenTenant;

/// Looks at everything that the fleet declares: its subscriptions, quota groups and registry.
/// What could not be seen is a gap in the answer, never an error and never an absence.
pub async fn observe(fleet: &Fleet, provider: &dyn Provider) -> Inventory {
    let observation = provider.observe(&scope(fleet)).await;
    fold::fold(fleet.name.as_str(), observation)
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
