//! The first two layers of capacity: permission (quota groups) and guarantee (reservations).

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::QuotaGroupName;
use super::RegionName;
use super::ReservationName;
use super::SubscriptionName;
use super::quantity::Cores;
use super::sku::Sku;

/// A subscription as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The manifest's name for it; it stands in addresses.
    pub name: SubscriptionName,
    /// Azure's id, a UUID in lower case.
    pub id: String,
}

/// What to do where a group has fewer cores than the fleet expects (design §11.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Increase {
    /// Report what is missing.
    #[default]
    Refuse,
    /// Ask for it as a step that waits.
    Request,
}

/// How many cores the fleet expects a group to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupLimit {
    /// The region.
    pub region: RegionName,
    /// The quota family.
    pub family: String,
    /// The cores.
    pub cores: Cores,
}

/// A quota group: permission to use cores, shared by subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaGroup {
    /// Its name.
    pub name: QuotaGroupName,
    /// The management group that it belongs to.
    pub management_group: String,
    /// The subscriptions that share it, in order of name.
    pub subscriptions: Vec<SubscriptionName>,
    /// What the fleet expects of it, ordered by region and family, each once.
    pub limits: Vec<GroupLimit>,
    /// What to do where it has less.
    pub increase: Increase,
}

/// A capacity reservation group: a guarantee of machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapacityReservation {
    /// Its name.
    pub name: ReservationName,
    /// The subscription that it lives in.
    pub subscription: SubscriptionName,
    /// The resource group that it lives in.
    pub resource_group: String,
    /// The region.
    pub region: RegionName,
    /// The zones.
    pub zones: Vec<String>,
    /// The VM size.
    pub sku: Sku,
    /// The fewest instances to hold; above it, the sum of the attached stamps (design §11.1).
    pub floor: u32,
}

/// One account of the quota ledger: a group's cores of one family in one region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct QuotaKey {
    /// The group.
    pub group: QuotaGroupName,
    /// The region.
    pub region: RegionName,
    /// The quota family.
    pub family: String,
}

impl fmt::Display for QuotaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.group, self.region, self.family)
    }
}
