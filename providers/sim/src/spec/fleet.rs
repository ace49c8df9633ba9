//! Stamps and tenants as a world file writes them. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Settings;

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
