//! How much there may be, and how much one plan may do.

use serde::Deserialize;
use serde::Serialize;

/// How many stamps there may and must be, per region and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct CapacityPolicy {
    /// The fewest active shared stamps of a region (S2-48).
    pub min_active_stamps: u32,
    /// The most stamps of a region and kind (S2-46).
    pub max_stamps: u32,
}

impl Default for CapacityPolicy {
    fn default() -> Self {
        Self {
            min_active_stamps: 2,
            max_stamps: 10,
        }
    }
}

/// How much one plan may do before it is refused (R7, design §11.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Limits {
    /// The most stamps that one plan retires.
    pub stamps_retired: u32,
    /// The most tenants that one plan moves; `None`: the larger of 20 and 0.5 % of the tenants.
    pub tenants_moved: Option<u32>,
    /// The most tenants that one plan offboards; `None`: the larger of 20 and 0.5 % of the tenants.
    pub tenants_offboarded: Option<u32>,
}

impl Limits {
    /// The most tenants that one plan moves in a fleet of `tenants`.
    pub fn moves(&self, tenants: usize) -> u32 {
        self.tenants_moved.unwrap_or_else(|| Self::share(tenants))
    }

    /// The most tenants that one plan offboards in a fleet of `tenants`.
    pub fn offboardings(&self, tenants: usize) -> u32 {
        self.tenants_offboarded
            .unwrap_or_else(|| Self::share(tenants))
    }

    /// The larger of 20 and 0.5 %.
    fn share(tenants: usize) -> u32 {
        u32::try_from(tenants / 200).unwrap_or(u32::MAX).max(20)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stamps_retired: 1,
            tenants_moved: None,
            tenants_offboarded: None,
        }
    }
}
