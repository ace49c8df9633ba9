//! How a world starts: the `world.yaml` file, as written. Its `TryFrom` makes a world of it. Pure.
//!
//! Everything may be left out. `quota` is what a subscription has of its own; what a quota group
//! allocates comes on top: as the group's `allocations` say, else what the stamps that name the
//! group need. A stamp in `stamps` expands to its registry item, resource group,
//! scale sets, SQL server and storage account (and, with `isolation: schema | rows`, the shared
//! database), origin, alert and lock; a tenant to its registry item, data and metrics. Stamps and
//! tenants are as old as `age_days`. Shares are percentages: `cpu: 42.5`.
//!
//! ```
//! # use stampctl_sim::{Sim, WorldSpec};
//! let text = r#"
//! now: 2026-01-01T00:00:00Z
//! fleet: contoso
//! registry: contoso
//! switches: { drain_seconds: 60 }
//! latency: { scale_set: 120 }
//! capacity: { eastus2/Standard_D8s_v5: 100 }        # machines; without it no bound
//! subscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }
//! quota:
//!   - { subscription: shared-eastus2, region: eastus2, family: standardDSv5Family, cores: 16 }
//! quota_groups:
//!   - name: qg-shared-stamps
//!     management_group: mg-platform
//!     subscriptions: [shared-eastus2]
//!     limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }]
//! reservations:
//!   - { name: crg-shared-eastus2, subscription: shared-eastus2, resource_group: rg-capacity,
//!       region: eastus2, zones: ["1", "2"], sku: Standard_D8s_v5 }
//! stamps:
//!   - id: shared-eastus2-001
//!     subscription: shared-eastus2
//!     region: eastus2
//!     zones: ["1", "2"]
//!     sku: Standard_D8s_v5
//!     instances: 8
//!     quota_group: qg-shared-stamps
//!     reservation: crg-shared-eastus2
//!     ingress: { subscription: shared-eastus2, resource_group: rg-ingress, profile: fd, group: stamps,
//!                host: a.example.com }
//!     metrics: { cpu: 42.5, memory: 30, storage: 20, dtu: 10 }     # left out: zeros
//! tenants:
//!   - { id: contoso, stamp: shared-eastus2-001, users: 150, measured: { cpu_millicores: 900 } }
//! resources:
//!   - address: resource_group/shared-eastus2/rg-ingress
//!     settings: { region: eastus2, tags: {} }
//! faults:
//!   seed: 7
//!   rules:
//!     - { fault: fail_after, verb: put, kind: scale_set, nth: 1, class: transient }
//! "#;
//! let spec = WorldSpec::from_yaml(text)?;
//! let sim = Sim::in_memory(&spec)?;
//! assert_eq!(sim.show()?.lost_quota, []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behaviour;
mod expand;
mod fleet;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Settings;

use crate::faults::FaultPlan;

pub use behaviour::Latency;
pub use behaviour::Switches;
pub use fleet::IngressSpec;
pub use fleet::IsolationSpec;
pub use fleet::MetricsSpec;
pub use fleet::StampSpec;
pub use fleet::TenantSpec;

/// A world file that makes no sense: why.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// It is no YAML of this form.
    #[error("the world file: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// A name cannot stand in an address, or names nothing.
    #[error("the world file: {0}")]
    Name(String),
    /// The cloud would refuse it.
    #[error("the world file: {address}: {fault}")]
    Refused {
        /// What it speaks of.
        address: Address,
        /// Why not.
        fault: Fault,
    },
}

/// How a world starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSpec {
    /// The cloud's time; 2026-01-01 where nothing is said.
    pub now: Option<Timestamp>,
    /// How old stamps and tenants of this file are; 30 where nothing is said.
    pub age_days: Option<u16>,
    /// The fleet's name, for the registry's `fleets` item and for tags.
    pub fleet: Option<String>,
    /// The tenant registry's name; the fleet's where nothing is said.
    pub registry: Option<String>,
    /// How the cloud behaves where clouds differ.
    pub switches: Switches,
    /// How long operations take.
    pub latency: Latency,
    /// Machines by `region/sku`; without an entry there is no bound.
    pub capacity: BTreeMap<String, u32>,
    /// Subscriptions by name, with their ids.
    pub subscriptions: BTreeMap<String, String>,
    /// What subscriptions have of their own.
    pub quota: Vec<CoresSpec>,
    /// Quota groups.
    pub quota_groups: Vec<GroupSpec>,
    /// Capacity reservation groups.
    pub reservations: Vec<ReservationSpec>,
    /// Stamps.
    pub stamps: Vec<StampSpec>,
    /// Tenants.
    pub tenants: Vec<TenantSpec>,
    /// Further resources; for those above, settings that are laid over theirs.
    pub resources: Vec<ResourceSpec>,
    /// Planned faults.
    pub faults: FaultPlan,
}

/// Cores of a subscription, in one region and family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoresSpec {
    /// The subscription.
    pub subscription: String,
    /// The region.
    pub region: String,
    /// The quota family.
    pub family: String,
    /// The cores.
    pub cores: u32,
}

/// A group's limit in one region and family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// The region.
    pub region: String,
    /// The quota family.
    pub family: String,
    /// The cores.
    pub cores: u32,
}

/// A quota group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Its name.
    pub name: String,
    /// The management group above it.
    pub management_group: String,
    /// Its member subscriptions.
    #[serde(default)]
    pub subscriptions: Vec<String>,
    /// Its limits.
    #[serde(default)]
    pub limits: Vec<LimitSpec>,
    /// What it has allocated. For a subscription, region and family that is named here, the
    /// stamps' own allocations are not added.
    #[serde(default)]
    pub allocations: Vec<CoresSpec>,
}

/// A capacity reservation group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationSpec {
    /// Its name.
    pub name: String,
    /// The subscription.
    pub subscription: String,
    /// The resource group, made where it is not in `resources`.
    pub resource_group: String,
    /// The region.
    pub region: String,
    /// The zones.
    #[serde(default)]
    pub zones: Vec<String>,
    /// The VM size.
    pub sku: String,
    /// Instances; the sum of the stamps that use it where nothing is said.
    #[serde(default)]
    pub instances: Option<u32>,
}

/// A resource as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSpec {
    /// Where it is.
    pub address: Address,
    /// What it holds.
    #[serde(default)]
    pub settings: Settings,
}

impl WorldSpec {
    /// Reads a world file.
    pub fn from_yaml(text: &str) -> Result<Self, SpecError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        Ok(serde_yaml::from_str(text)?)
    }

    /// The world of a fleet that names no file: its subscriptions (name, id) and quota groups at
    /// their limits, and nothing else.
    pub fn declared(
        subscriptions: impl IntoIterator<Item = (String, String)>,
        quota_groups: impl IntoIterator<Item = GroupSpec>,
    ) -> Self {
        Self {
            subscriptions: subscriptions.into_iter().collect(),
            quota_groups: quota_groups.into_iter().collect(),
            ..Self::default()
        }
    }
}
