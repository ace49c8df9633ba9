//! The world that a plan starts from: of what it touches, what the verifier needs to re-play it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;

use super::SeenLoad;
use crate::model::Load;
use crate::model::QuotaKey;
use crate::model::RegionName;
use crate::model::ReservationName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::SubscriptionName;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::tenant::Export;

/// The opening world. What is not in it is not touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Opening {
    /// Every stamp that a step touches.
    pub stamps: BTreeMap<StampId, OpeningStamp>,
    /// Every tenant that a step touches.
    pub tenants: BTreeMap<TenantId, OpeningTenant>,
    /// Every account of quota that a step touches.
    pub accounts: Vec<OpeningAccount>,
    /// Every reservation that a step touches.
    pub reservations: BTreeMap<ReservationName, OpeningReservation>,
    /// How many active stamps each region and kind has, touched or not (I-4).
    pub serving: Vec<Serving>,
}

/// A stamp before the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct OpeningStamp {
    /// Where it is in its life; absent: it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StampState>,
    /// Shared or dedicated.
    pub kind: StampKind,
    /// Its region.
    pub region: RegionName,
    /// Whether it takes tenants.
    pub accepting: bool,
    /// Which generation of its id the plan works on.
    pub generation: u32,
    /// Its own resource group.
    #[schemars(with = "String")]
    pub resource_group: Address,
    /// What it can carry.
    pub capacity: Load,
    /// Its load; absent dimensions are UNKNOWN.
    pub load: SeenLoad,
    /// Its tenants, in any state but gone, those that only leave data behind included.
    pub tenants: u32,
    /// The account that its cores come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<StampAccount>,
    /// Its reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationName>,
    /// Where ingress sends traffic to it; absent: it has no ingress. The origin lies outside the
    /// stamp's resource group, so that nothing else says whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub origin: Option<Address>,
    /// Whether it is protected from deletion.
    pub protected: bool,
}

/// What a stamp holds of a quota account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct StampAccount {
    /// The account.
    pub key: QuotaKey,
    /// The subscription.
    pub subscription: SubscriptionName,
    /// Cores that are attributable to the stamp: returned when it is retired, less what a
    /// reservation's floor keeps (design §11.1).
    pub cores: u64,
    /// Cores that a floor or `keep_reservation` keeps back on retirement.
    pub retained: u64,
}

/// A tenant before the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct OpeningTenant {
    /// Where it is in its life; absent: it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TenantState>,
    /// Its home; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<StampId>,
    /// Another stamp that still holds its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<StampId>,
    /// Whether it is on hold; absent: UNKNOWN, which counts as held.
    pub held: Option<bool>,
    /// What it needs.
    pub demand: Load,
    /// Whether its data is exported before it goes, or why not.
    pub export: Export,
}

/// An account of quota before the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct OpeningAccount {
    /// The account.
    pub key: QuotaKey,
    /// The group's management group.
    pub management_group: String,
    /// Cores that the group has in all; absent: UNKNOWN.
    pub limit: Option<u64>,
    /// Cores that the group can still allocate; absent: UNKNOWN.
    pub available: Option<u64>,
    /// What each subscription has of it.
    pub subscriptions: BTreeMap<SubscriptionName, OpeningSubscription>,
}

/// What a subscription has of an account before the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct OpeningSubscription {
    /// Its limit in cores; absent: UNKNOWN.
    pub limit: Option<u64>,
    /// Its usage in cores; absent: UNKNOWN.
    pub usage: Option<u64>,
    /// Cores that the group has allocated to it; absent: UNKNOWN.
    pub allocated: Option<u64>,
}

/// A reservation before the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct OpeningReservation {
    /// Where it is.
    #[schemars(with = "String")]
    pub address: Address,
    /// Its instances; absent: it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
    /// vCPUs of one instance.
    pub vcpus: u32,
    /// The account that its cores come from, and the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<(QuotaKey, SubscriptionName)>,
}

/// How many stamps of a region and kind serve before the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Serving {
    /// The region.
    pub region: RegionName,
    /// The kind.
    pub kind: StampKind,
    /// Active stamps.
    pub active: u32,
}
