//! What placement decides, and why. Nothing later chooses again. Pure.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Dimension;
use crate::model::Load;
use crate::model::PoolName;
use crate::model::RegionName;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::TenantId;
use crate::model::policy::Band;

/// A stamp of the fleet as placement leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedStamp {
    /// What it should be. A pool's shape is filled in; its `{stamp}` placeholders are replaced.
    pub stamp: Stamp,
    /// Where it comes from.
    pub origin: StampOrigin,
    /// Its load in the world, as placement counted it; `None` in a dimension means UNKNOWN.
    pub load_before: SeenLoad,
    /// Its load when the plan is done.
    pub load_after: SeenLoad,
    /// Its tenants in the world, those that only leave data behind included.
    pub tenants_before: u32,
    /// Its tenants when the plan is done.
    pub tenants_after: u32,
    /// Its band in the world.
    pub band: Band,
    /// Whether it is too young to be judged by what was measured, so that its tenants' demands
    /// were summed (design §11.13).
    pub young: bool,
}

impl PlacedStamp {
    /// Its region, where it has a shape.
    pub fn region(&self) -> Option<&RegionName> {
        self.stamp.shape.as_ref().map(|shape| &shape.region)
    }
}

/// Where a stamp comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampOrigin {
    /// The manifest names it.
    Declared,
    /// A pool made it earlier.
    Pool(PoolName),
    /// A pool makes it in this plan: why.
    Opened {
        /// The pool.
        pool: PoolName,
        /// Why it is needed.
        why: OpenReason,
    },
}

/// Why a pool opens a stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenReason {
    /// The pool has fewer stamps than its minimum.
    Minimum,
    /// Tenants that no open stamp can take; the first of them.
    Demand(TenantId),
    /// One tenant needs a stamp of its own.
    Dedicated(TenantId),
    /// An existing stamp is in the provision band or above (S0-39).
    Band(StampId),
}

/// A load of which each dimension may be UNKNOWN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct SeenLoad {
    /// Millicores.
    pub cpu: Option<u64>,
    /// MiB of memory.
    pub memory: Option<u64>,
    /// MiB of storage.
    pub storage: Option<u64>,
    /// Hundredths of a DTU.
    pub dtu: Option<u64>,
}

impl SeenLoad {
    /// The load, if every dimension is known.
    pub fn known(&self) -> Option<Load> {
        Some(Load {
            cpu: self.cpu?,
            memory: self.memory?,
            storage: self.storage?,
            dtu: self.dtu?,
        })
    }

    /// The first dimension that is UNKNOWN.
    pub fn first_unknown(&self) -> Option<Dimension> {
        let amounts = [self.cpu, self.memory, self.storage, self.dtu];
        Dimension::ALL
            .into_iter()
            .zip(amounts)
            .find(|(_, amount)| amount.is_none())
            .map(|(d, _)| d)
    }
}

impl From<Load> for SeenLoad {
    fn from(load: Load) -> Self {
        Self {
            cpu: Some(load.cpu),
            memory: Some(load.memory),
            storage: Some(load.storage),
            dtu: Some(load.dtu),
        }
    }
}

/// Where one tenant lives when the plan is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Decision {
    /// The stamp.
    pub stamp: StampId,
    /// The stamp that it lives on now; `None`: it is new.
    pub was: Option<StampId>,
    /// The row of decision table DT-1 that fired.
    pub row: u8,
    /// Why.
    pub why: Why,
    /// What the tenant needs, as placement counted it.
    pub demand: Load,
    /// Stamps that were passed over: how many for each reason, and the first few by name.
    /// Empty for a tenant that stays.
    pub passed_over: Vec<PassedOver>,
}

impl Decision {
    /// Whether the tenant changes its stamp.
    pub fn is_move(&self) -> bool {
        self.was.as_ref().is_some_and(|was| *was != self.stamp)
    }
}

/// Why a tenant lives where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Why {
    /// It lives there already, and nothing forces it away.
    Stays,
    /// The manifest pins it there.
    Pinned,
    /// It needs a stamp of its own: the class rule that says so.
    Dedicated(ClassRule),
    /// It is the best shared stamp that can take it.
    BestFit,
    /// The plan opens this stamp for it or for others.
    OpenedStamp,
    /// It had to leave its stamp: why. It was then placed like a new tenant.
    Left(LeaveReason),
    /// A voluntary move that empties a stamp.
    Consolidated(StampId),
}

/// Why a tenant must leave the stamp that it lives on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum LeaveReason {
    /// The stamp is retired.
    StampRetired,
    /// The stamp is gone or is none of the fleet's.
    StampMissing,
    /// Its region is another now.
    Region,
    /// It needs a stamp of its own now.
    Dedicated(ClassRule),
    /// A pin says so.
    Pinned,
    /// The stamp is over the deny band in this dimension.
    Overload(Dimension),
    /// It shares the stamp with one of its own group.
    AntiAffinity(String),
}

/// The rules that force a dedicated stamp (S0-4, S0-5, placement R1..R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum ClassRule {
    /// Tier enterprise.
    Tier,
    /// An enterprise contract.
    Contract,
    /// More users than the policy's limit.
    Users,
    /// More than the noisy share of a shared stamp's CPU (R3).
    Cpu,
    /// More requests a day than the noisy limit (R4).
    Requests,
    /// A larger database than the noisy limit (R5).
    Storage,
    /// 85 % or more of the largest shared stamp in one dimension (R6).
    Size,
}

/// A reason why stamps could not take a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct PassedOver {
    /// The reason.
    pub why: Ineligible,
    /// How many stamps it ruled out.
    pub count: u32,
    /// The first few of them, in order of id.
    pub first: Vec<StampId>,
}

/// Every hard reason why a stamp cannot take a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Ineligible {
    /// Another region (S0-13).
    Region,
    /// Dedicated to another tenant, or shared where a dedicated stamp is needed.
    Kind,
    /// Not active and not about to be.
    State,
    /// `accepting: false`, or being retired.
    Closed,
    /// A disaster recovery stamp.
    Dr,
    /// A dimension is UNKNOWN.
    Unknown(Dimension),
    /// At or above the provision band in this dimension now.
    Band(Dimension),
    /// It would reach the provision band in this dimension.
    WouldReach(Dimension),
    /// It has as many tenants as policy allows.
    Full,
    /// A tenant of the same group lives there.
    AntiAffinity,
}

/// A tenant that nothing can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplaceable {
    /// The stamp that it lives on now and that it cannot leave; `None`: it is new.
    pub was: Option<StampId>,
    /// Why it must leave, if it has a home.
    pub leaves: Option<LeaveReason>,
    /// Why the stamps could not take it.
    pub passed_over: Vec<PassedOver>,
    /// Why no pool could open a stamp for it; empty where no pool fits its region and kind.
    pub pools: Vec<PoolRefusal>,
}

/// Why a pool opened no stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRefusal {
    /// The pool.
    pub pool: PoolName,
    /// Why.
    pub why: PoolIneligible,
}

/// Why a pool can open no further stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolIneligible {
    /// Its maximum, or the policy's, is reached.
    Maximum(u32),
    /// The quota group has too few cores: what is needed and what is free.
    Quota {
        /// Cores that a stamp needs.
        needed: u64,
        /// Cores that are free.
        free: u64,
    },
    /// How many cores are free is UNKNOWN.
    QuotaUnknown,
    /// The tenant is too large even for a new stamp, in this dimension.
    TooLarge(Dimension),
}

/// What any plan would need at least.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Bounds {
    /// Stamps, for each region and kind.
    pub stamps: Vec<StampBound>,
    /// Moves, for each cause.
    pub moves: Vec<MoveBound>,
}

/// The fewest stamps that a region's tenants of one kind need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct StampBound {
    /// The region.
    pub region: RegionName,
    /// The kind.
    pub kind: StampKind,
    /// Stamps that serve when the plan is done.
    pub stamps: u32,
    /// The fewest that could.
    pub at_least: u32,
    /// What binds; `None` where the tenants' number does.
    pub binding: Option<Dimension>,
}

/// The fewest moves that one cause forces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct MoveBound {
    /// The cause, in a word: `retired`, `region`, `dedicated`, `pinned`, `overload`, `group`,
    /// `consolidation`.
    pub cause: String,
    /// Moves in this plan.
    pub moves: u32,
    /// The fewest that any plan needs.
    pub at_least: u32,
    /// Whether `at_least` is exact.
    pub exact: bool,
}
