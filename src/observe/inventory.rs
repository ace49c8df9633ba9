//! The world as it was seen: typed, dated, with gaps. Absent and unknown are different.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Obstacle;
use stampctl_contract::Resource;

use crate::model::Load;
use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::TenantState;

/// What was seen of a fleet. This is the file that `observe --out` writes and `plan --observed`
/// reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The file's format: [`Inventory::FORMAT`].
    pub format: String,
    /// The fleet that was looked at.
    pub fleet: String,
    /// The cloud's time when the look began.
    pub observed_at: Timestamp,
    /// Stamps by their registry entries, tombstones included.
    pub stamps: BTreeMap<StampId, SeenStamp>,
    /// Tenants by their registry entries, terminal ones included.
    #[serde(deserialize_with = "super::file::tenants")]
    pub tenants: BTreeMap<TenantId, SeenTenant>,
    /// The fleet's own registry entry, if it has one.
    pub fleet_item: Option<Resource>,
    /// All resources that are not folded into the maps above: infrastructure, metrics of stamps,
    /// data of tenants. By address.
    pub resources: BTreeMap<Address, SeenResource>,
    /// What was not seen.
    pub gaps: Vec<Gap>,
    /// What would stop calls of this fleet, as the cloud says beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<Obstacle>,
}

/// A resource's settings and version, under its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenResource {
    /// What it holds.
    pub settings: stampctl_contract::Settings,
    /// Its version, where the kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Etag>,
}

/// A stamp's registry entry, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenStamp {
    /// Where it is in its life.
    pub state: StampState,
    /// Shared or dedicated.
    pub kind: StampKind,
    /// Its region.
    pub region: RegionName,
    /// Which physical generation the id stands for (design §11.7).
    pub generation: u32,
    /// Whether it takes tenants.
    pub accepting: bool,
    /// Whether a block with `protect: true` was ever applied to it.
    pub protected: bool,
    /// The subscription that it lives in, by the manifest's name for it.
    pub subscription: String,
    /// When its state last changed.
    pub since: Option<Timestamp>,
    /// The entry's version.
    pub etag: Option<Etag>,
}

/// A tenant's registry entry, read, with what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenTenant {
    /// Where it is in its life.
    pub state: TenantState,
    /// The stamp that it is routed to: its one home (I-2).
    pub stamp: StampId,
    /// Whether requests are routed.
    pub routed: bool,
    /// Another stamp that still holds data of it, from a move that has not settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<StampId>,
    /// Whether it is on legal hold; `None` where the entry could not say, which counts as held.
    pub held: Option<bool>,
    /// What was measured; `None` where nothing reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Load>,
    /// Requests a day; `None` where nothing reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// The entry's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Etag>,
}

impl Inventory {
    /// The format written by this program.
    pub const FORMAT: &'static str = "stampctl.inventory/1";

    /// The resource's settings: `Ok(None)` where it certainly is not there, `Err` with the gap
    /// where it was not looked at.
    pub fn look(&self, address: &Address) -> Result<Option<&SeenResource>, &Gap> {
        if let Some(seen) = self.resources.get(address) {
            return Ok(Some(seen));
        }
        match self.gaps.iter().find(|gap| gap.hides(address)) {
            Some(gap) => Err(gap),
            None => Ok(None),
        }
    }

    /// All resources of one kind, ordered by address.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Address, &SeenResource)> {
        self.resources
            .iter()
            .filter(move |(address, _)| address.kind() == kind)
    }
}

impl SeenResource {
    /// The setting's number, if it was reported and is one.
    pub fn int(&self, setting: &str) -> Option<i64> {
        self.settings
            .get(setting)
            .and_then(stampctl_contract::Value::as_int)
    }

    /// The setting's text, if it was reported and is text.
    pub fn text(&self, setting: &str) -> Option<&str> {
        self.settings
            .get(setting)
            .and_then(stampctl_contract::Value::as_str)
    }

    /// The setting's truth value, if it was reported and is one.
    pub fn truth(&self, setting: &str) -> Option<bool> {
        self.settings
            .get(setting)
            .and_then(stampctl_contract::Value::as_bool)
    }
}
