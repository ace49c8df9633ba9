//! The fleet: everything the manifest means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::CapacityReservation;
use super::EnvironmentName;
use super::FleetName;
use super::Policy;
use super::Pool;
use super::PoolName;
use super::QuotaGroup;
use super::QuotaGroupName;
use super::ReservationName;
use super::Stamp;
use super::StampId;
use super::Subscription;
use super::SubscriptionName;
use super::Tenant;
use super::TenantId;

/// The cloud that a fleet lives in. Endpoints and credentials are never here (design §11.27).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderRef {
    /// The simulated cloud, with the file that says how it starts, relative to the fleet's root.
    Sim {
        /// The file; `None`: the declared subscriptions and quota groups and nothing else.
        world: Option<String>,
    },
    /// Microsoft Azure.
    Azure {
        /// The management group above the fleet's subscriptions.
        management_group: String,
    },
}

/// The API gateway in which tenants get a user, a subscription and a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiGateway {
    /// The subscription that it lives in.
    pub subscription: SubscriptionName,
    /// Its resource group.
    pub resource_group: String,
    /// Its name.
    pub service: String,
}

/// A fleet as it is meant: no `Option` here means "the default".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// Its name.
    pub name: FleetName,
    /// Which environment of it.
    pub environment: Option<EnvironmentName>,
    /// The cloud that it lives in.
    pub provider: ProviderRef,
    /// The tenant registry's name: its first part in addresses.
    pub registry: String,
    /// The rules and numbers.
    pub policy: Policy,
    /// The API gateway, if tenants are to be known there.
    pub api: Option<ApiGateway>,
    /// The backup vault's name.
    pub vault: String,
    /// Subscriptions by name.
    pub subscriptions: BTreeMap<SubscriptionName, Subscription>,
    /// Quota groups by name.
    pub quota_groups: BTreeMap<QuotaGroupName, QuotaGroup>,
    /// Capacity reservation groups by name.
    pub capacity_reservations: BTreeMap<ReservationName, CapacityReservation>,
    /// Stamps by id.
    pub stamps: BTreeMap<StampId, Stamp>,
    /// Pools by name.
    pub pools: BTreeMap<PoolName, Pool>,
    /// Tenants by id.
    pub tenants: BTreeMap<TenantId, Tenant>,
}
