//! Stamps and the pools that the planner may take them from.

use serde::Deserialize;
use serde::Serialize;

use super::PoolName;
use super::QuotaGroupName;
use super::RegionName;
use super::ReservationName;
use super::StampId;
use super::SubscriptionName;
use super::load::Load;
use super::sku::Sku;

/// Whether a stamp is for many tenants or for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum StampKind {
    /// Many tenants.
    Shared,
    /// One tenant.
    Dedicated,
}

impl StampKind {
    /// The word for the kind.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        }
    }
}

/// Where a stamp is in its life (requirements F1), as its registry entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum StampState {
    /// Being built; no traffic.
    Creating,
    /// Serves traffic.
    Active,
    /// Finishes what it has; takes nothing new.
    Draining,
    /// Idle and warm; no traffic. Shown as "standby".
    Ready,
    /// Taken out of ingress for an incident.
    Isolated,
    /// Could not be built or recovered.
    Failed,
    /// Compute is being released and quota returned.
    Releasing,
    /// Quota is returned and verified; nothing is deleted yet.
    QuotaReturned,
    /// Being deleted.
    Deleting,
    /// Gone. The id stays taken.
    Deleted,
}

impl StampState {
    /// Every state.
    pub const ALL: &'static [StampState] = &[
        Self::Creating,
        Self::Active,
        Self::Draining,
        Self::Ready,
        Self::Isolated,
        Self::Failed,
        Self::Releasing,
        Self::QuotaReturned,
        Self::Deleting,
        Self::Deleted,
    ];

    /// The word for the state in registry entries and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Ready => "ready",
            Self::Isolated => "isolated",
            Self::Failed => "failed",
            Self::Releasing => "releasing",
            Self::QuotaReturned => "quota_returned",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// The state that `word` stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.word() == word)
    }
}

/// What the manifest wants a stamp to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredStamp {
    /// Serving traffic.
    #[default]
    Active,
    /// Idle and warm.
    Standby,
    /// Out of ingress.
    Isolated,
    /// Gone, with its quota returned.
    Retired,
}

/// Whether a stamp is in the pool of serving stamps or stands by for a disaster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An ordinary stamp.
    #[default]
    Pool,
    /// A disaster recovery stamp: never aged out, never a placement candidate.
    Dr,
}

/// How tenants' data is kept apart on a stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A database per tenant.
    Database,
    /// A schema per tenant in `db-tenants`.
    #[default]
    Schema,
    /// Rows in shared tables of `db-tenants`.
    Rows,
}

/// A stamp's virtual machines. `instances` is the total across all zones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// The VM size.
    pub sku: Sku,
    /// Instances, all zones together.
    pub instances: u32,
}

impl Compute {
    /// vCPUs, all instances together.
    pub fn cores(&self) -> u64 {
        u64::from(self.sku.vcpus) * u64::from(self.instances)
    }

    /// Instances in each of `zones` zones: even, the first zones taking the remainder.
    pub fn split(&self, zones: usize) -> Vec<u32> {
        let zones = u32::try_from(zones.max(1)).unwrap_or(u32::MAX);
        (0..zones)
            .map(|zone| self.instances / zones + u32::from(zone < self.instances % zones))
            .collect()
    }
}

/// How traffic reaches a stamp: its origin in a Front Door profile's origin group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// The subscription of the profile.
    pub subscription: SubscriptionName,
    /// The profile's resource group.
    pub resource_group: String,
    /// The profile.
    pub profile: String,
    /// The origin group.
    pub group: String,
    /// The host that traffic goes to.
    pub host: String,
    /// The origin's weight while the stamp is active, 1 to 1000.
    pub weight: u32,
}

/// What a stamp is made of; the part that a pool's stamps have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Shared or dedicated.
    pub kind: StampKind,
    /// The region.
    pub region: RegionName,
    /// The availability zones, in order; never empty.
    pub zones: Vec<String>,
    /// The subscription that it lives in.
    pub subscription: SubscriptionName,
    /// The quota group that its quota comes from; `None`: the subscription's own quota.
    pub quota_group: Option<QuotaGroupName>,
    /// The capacity reservation that guarantees its machines.
    pub capacity_reservation: Option<ReservationName>,
    /// The machines.
    pub compute: Compute,
    /// How tenants' data is kept apart.
    pub isolation: Isolation,
    /// The size of the stamp's SQL database.
    pub sql_sku: String,
    /// The kind of the stamp's storage account.
    pub storage_sku: String,
    /// How traffic reaches it; `None`: nothing to add to or remove from.
    pub ingress: Option<Ingress>,
    /// What it can carry: from compute and data shape, or as the manifest says.
    pub capacity: Load,
}

/// A stamp as the manifest wants it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent answers of the manifest"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// Its id.
    pub id: StampId,
    /// Its shape; `None` only where the manifest retires a pool-made stamp by id alone.
    pub shape: Option<Shape>,
    /// What it should be.
    pub desired: DesiredStamp,
    /// Whether it takes tenants.
    pub accepting: bool,
    /// Ordinary, or for disasters.
    pub role: Role,
    /// Whether the cloud must refuse to delete it.
    pub protect: bool,
    /// Whether the reservation's cores are kept on retirement, so that fewer are returned (H7).
    pub keep_reservation: bool,
    /// Whether a dedicated stamp stays when its last tenant leaves.
    pub keep_empty: bool,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Further tags.
    pub tags: std::collections::BTreeMap<String, String>,
}

/// A shape and bounds: stamps that the planner may make by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name.
    pub name: PoolName,
    /// The shape of its stamps. The shape's ingress host may hold `{stamp}`.
    pub shape: Shape,
    /// The fewest stamps of this region and kind.
    pub min: u32,
    /// The most stamps of this region and kind.
    pub max: u32,
}
