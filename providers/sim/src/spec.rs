//! How a world starts: the `world.yaml` file. As written; [`expand`] makes resources of it. Pure.
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

mod expand;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use crate::faults::FaultPlan;

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
    /// Further resources, or other settings for those above.
    pub resources: Vec<ResourceSpec>,
    /// Planned faults.
    pub faults: FaultPlan,
}

/// How the cloud behaves where clouds differ, or where it is not known how they do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Whether deallocated instances count towards quota until scaled to 0 (X-70).
    pub deallocated_counts: bool,
    /// Whether a subscription may give a group cores that it never got from it (design §11.3).
    pub subscriptions_may_give: bool,
    /// Whether stamps without scripted metrics report zeros; else they report nothing.
    pub derive_metrics: bool,
    /// How old `observe` is, in seconds.
    pub observe_lag_seconds: u32,
    /// How long a stamp's machines run before its probes answer.
    pub health_delay_seconds: u32,
    /// How long connections stay after an origin is disabled.
    pub drain_seconds: u32,
    /// How long a tenant's requests go on after it is unrouted.
    pub request_drain_seconds: u32,
    /// Records an hour that each served tenant writes to each of its data resources.
    pub writes_per_hour: u32,
    /// Connections of a stamp that takes traffic, where nothing is scripted.
    pub connections: i64,
    /// Stamps, by physical name, whose connections never end.
    pub stuck_connections: Vec<String>,
    /// How long a group's limit takes to be raised.
    pub group_increase_seconds: u32,
    /// Whether each change waits for the disk.
    pub fsync: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            deallocated_counts: true,
            subscriptions_may_give: false,
            derive_metrics: true,
            observe_lag_seconds: 0,
            health_delay_seconds: 60,
            drain_seconds: 120,
            request_drain_seconds: 30,
            writes_per_hour: 60,
            connections: 25,
            stuck_connections: Vec::new(),
            group_increase_seconds: 3600,
            fsync: true,
        }
    }
}

/// How long operations take, in seconds of the virtual clock; 0 is at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// Changes of quota allocations.
    pub quota_allocation: u32,
    /// Changes of resource groups.
    pub resource_group: u32,
    /// Changes of capacity reservations.
    pub capacity_reservation: u32,
    /// Changes of scale sets.
    pub scale_set: u32,
    /// Changes of SQL servers.
    pub sql_server: u32,
    /// Changes of SQL databases.
    pub sql_database: u32,
    /// Backups and exports.
    pub backup: u32,
    /// Copies of a tenant's content.
    pub copy: u32,
}

impl Latency {
    /// About as slow as the real cloud.
    pub fn realistic() -> Self {
        Self {
            quota_allocation: 30,
            resource_group: 60,
            capacity_reservation: 20,
            scale_set: 120,
            sql_server: 60,
            sql_database: 45,
            backup: 120,
            copy: 300,
        }
    }

    pub(crate) fn of(&self, kind: Kind) -> u32 {
        match kind {
            Kind::QuotaAllocation => self.quota_allocation,
            Kind::ResourceGroup => self.resource_group,
            Kind::CapacityReservation => self.capacity_reservation,
            Kind::ScaleSet => self.scale_set,
            Kind::SqlServer => self.sql_server,
            Kind::SqlDatabase => self.sql_database,
            Kind::Backup => self.backup,
            _ => 0,
        }
    }
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

/// A stamp, with all that it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampSpec {
    /// Its id.
    pub id: String,
    /// `shared` or `dedicated`; `shared` where nothing is said.
    #[serde(default = "shared")]
    pub kind: String,
    /// Its physical generation.
    #[serde(default = "one")]
    pub generation: u32,
    /// The region.
    pub region: String,
    /// The zones.
    #[serde(default = "first_zone")]
    pub zones: Vec<String>,
    /// The subscription.
    pub subscription: String,
    /// The VM size, as in `Standard_D8s_v5`.
    pub sku: String,
    /// The quota family, where it does not follow from the size's name.
    #[serde(default)]
    pub family: Option<String>,
    /// vCPUs of an instance, where they do not follow from the size's name.
    #[serde(default)]
    pub vcpus: Option<u32>,
    /// Instances, all zones together.
    pub instances: u32,
    /// `running` or `deallocated`; `running` where nothing is said.
    #[serde(default)]
    pub power: Option<String>,
    /// The quota group that its cores come from.
    #[serde(default)]
    pub quota_group: Option<String>,
    /// The reservation that guarantees its machines.
    #[serde(default)]
    pub reservation: Option<String>,
    /// `database`, `schema` or `rows`; `schema` where nothing is said.
    #[serde(default)]
    pub isolation: IsolationSpec,
    /// The size of the shared database, or of each tenant's.
    #[serde(default)]
    pub sql_sku: Option<String>,
    /// The kind of the storage account.
    #[serde(default)]
    pub storage_sku: Option<String>,
    /// Where it is in its life, as in `active`.
    #[serde(default = "active")]
    pub state: String,
    /// Whether it takes tenants.
    #[serde(default = "yes")]
    pub accepting: bool,
    /// Whether it is locked.
    #[serde(default)]
    pub protected: bool,
    /// How traffic reaches it.
    #[serde(default)]
    pub ingress: Option<IngressSpec>,
    /// What is measured of it. Left out, zeros; `{}`, nothing.
    #[serde(default)]
    pub metrics: Option<MetricsSpec>,
    /// What is measured later, by hours after the start.
    #[serde(default)]
    pub metrics_after_hours: BTreeMap<u32, MetricsSpec>,
    /// Answers of probes that differ from what follows from the machines, as in `{ready: false}`.
    #[serde(default)]
    pub health: BTreeMap<String, bool>,
    /// Further tags of its resource group.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further settings of its registry item.
    #[serde(default)]
    pub registry: Settings,
}

/// How tenants' data is kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IsolationSpec {
    /// A database per tenant.
    Database,
    /// A schema per tenant.
    #[default]
    Schema,
    /// Rows in shared tables.
    Rows,
}

/// A stamp's origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngressSpec {
    /// The subscription of the profile.
    pub subscription: String,
    /// The profile's resource group.
    pub resource_group: String,
    /// The profile.
    pub profile: String,
    /// The origin group.
    pub group: String,
    /// The host that traffic goes to.
    pub host: String,
    /// The origin's weight; 1000 where nothing is said.
    #[serde(default = "full_weight")]
    pub weight: u32,
    /// Whether it is enabled; where nothing is said, it is while the stamp is active.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// What is measured of a stamp. What is left out is not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSpec {
    /// Percent.
    pub cpu: Option<f64>,
    /// Percent.
    pub memory: Option<f64>,
    /// Percent.
    pub storage: Option<f64>,
    /// Percent.
    pub dtu: Option<f64>,
    /// Percent, in the last hour; as the policy's statistic where nothing is said.
    pub latest_cpu: Option<f64>,
    /// Percent, in the last hour; as the policy's statistic where nothing is said.
    pub latest_memory: Option<f64>,
    /// Percent, in the last hour; as the policy's statistic where nothing is said.
    pub latest_storage: Option<f64>,
    /// Percent, in the last hour; as the policy's statistic where nothing is said.
    pub latest_dtu: Option<f64>,
    /// Hours of data; 24 × `age_days` where nothing is said.
    pub samples: Option<u32>,
    /// Open connections while it takes traffic.
    pub connections: Option<u32>,
    /// Running jobs while it takes traffic.
    pub jobs: Option<u32>,
}

/// A tenant, with its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// Its id.
    pub id: String,
    /// The stamp that it lives on.
    pub stamp: String,
    /// Users.
    #[serde(default)]
    pub users: u32,
    /// As in `standard`.
    #[serde(default = "standard")]
    pub tier: String,
    /// Its region; its stamp's where nothing is said.
    #[serde(default)]
    pub region: Option<String>,
    /// Where it is in its life, as in `active`.
    #[serde(default = "active")]
    pub state: String,
    /// Whether requests are routed; where nothing is said, they are while it is active.
    #[serde(default)]
    pub routed: Option<bool>,
    /// Whether it is on legal hold.
    #[serde(default)]
    pub held: bool,
    /// Records in each of its data resources; 1000 where nothing is said.
    #[serde(default)]
    pub records: Option<u32>,
    /// Requests a day, as measured.
    #[serde(default)]
    pub requests: Option<u32>,
    /// What is measured: `cpu_millicores`, `memory_mib`, `storage_mib`, `dtu_centi`.
    #[serde(default)]
    pub measured: BTreeMap<String, u32>,
    /// Further settings of its registry item.
    #[serde(default)]
    pub registry: Settings,
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

fn shared() -> String {
    "shared".to_owned()
}

fn one() -> u32 {
    1
}

fn first_zone() -> Vec<String> {
    vec!["1".to_owned()]
}

fn active() -> String {
    "active".to_owned()
}

fn standard() -> String {
    "standard".to_owned()
}

fn yes() -> bool {
    true
}

fn full_weight() -> u32 {
    1000
}
