//! Tenants: who lives on the stamps.

use serde::Deserialize;
use serde::Serialize;

use super::RegionName;
use super::StampId;
use super::TenantId;
use super::load::Load;

/// The commercial tier (requirements E).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The smallest.
    Basic,
    /// The usual.
    #[default]
    Standard,
    /// Shared with the highest service level.
    Premium,
    /// Always dedicated.
    Enterprise,
}

impl Tier {
    /// The word for the tier.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
            Self::Enterprise => "enterprise",
        }
    }
}

/// What the manifest wants of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredTenant {
    /// Served.
    #[default]
    Active,
    /// Service ended.
    Offboarded,
    /// Data verifiably gone, with a certificate.
    Erased,
}

/// Where a tenant is in its life, as its registry entry says (requirements F2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum TenantState {
    /// Served.
    Active,
    /// Not routed; data kept.
    Suspended,
    /// Between two stamps: frozen, copied or soaking.
    Migrating,
    /// Leaving.
    Offboarding,
    /// Service ended; terminal.
    Offboarded,
    /// Data verifiably gone; terminal.
    Erased,
}

impl TenantState {
    /// Every state.
    pub const ALL: &'static [TenantState] = &[
        Self::Active,
        Self::Suspended,
        Self::Migrating,
        Self::Offboarding,
        Self::Offboarded,
        Self::Erased,
    ];

    /// The word for the state in registry entries and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Migrating => "migrating",
            Self::Offboarding => "offboarding",
            Self::Offboarded => "offboarded",
            Self::Erased => "erased",
        }
    }

    /// The state that `word` stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.word() == word)
    }

    /// Whether the tenant is gone for good and counts on no stamp.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Offboarded | Self::Erased)
    }
}

/// Where a tenant should live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Where the planner finds best.
    #[default]
    Auto,
    /// On this stamp (a pin).
    Stamp(StampId),
}

/// What becomes of a tenant's data when it leaves (X-12, design §11.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Export {
    /// Exported and verified before anything is deleted.
    #[default]
    Required,
    /// Not exported; the reason stands in the manifest.
    Waived(String),
}

/// A tenant as the manifest wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its region: a hard bound of placement (S0-13).
    pub region: RegionName,
    /// Its commercial tier.
    pub tier: Tier,
    /// How many users it has.
    pub users: u64,
    /// Whether an enterprise contract forces a dedicated stamp whatever its size (S0-5).
    pub enterprise_contract: bool,
    /// What it needs, as the manifest says; `None`: users × policy.
    pub demand: Option<Load>,
    /// Requests a day, as the manifest says.
    pub requests_per_day: Option<u64>,
    /// Where it should live.
    pub placement: Wish,
    /// What it should be.
    pub desired: DesiredTenant,
    /// Whether the manifest puts it on hold. It can add a hold and never lift one.
    pub legal_hold: bool,
    /// Whether its data is exported before it is deleted.
    pub export: Export,
    /// Tenants of one group never share a stamp.
    pub anti_affinity: Option<String>,
    /// The e-mail address of its contact, for the API gateway's user.
    pub contact: Option<String>,
}
