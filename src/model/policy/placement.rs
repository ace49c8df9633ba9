//! The rules of placement.

use serde::Deserialize;
use serde::Serialize;

use super::Bands;
use crate::model::Percent;

/// Whether the class rules R3 to R5 of placement move tenants or only say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum ClassRules {
    /// They are reported.
    #[default]
    Advisory,
    /// They force a dedicated stamp.
    Enforce,
}

/// A budget for voluntary moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Consolidate {
    /// The most voluntary moves in one plan.
    pub max_moves: u32,
    /// How full a stamp may be made by them.
    pub fill: Percent,
}

/// Who may live where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct PlacementPolicy {
    /// More users than this need a dedicated stamp (S0-4).
    pub dedicated_users_gt: u64,
    /// A shared stamp takes a tenant while it has fewer than this (S0-10).
    pub max_tenants_per_shared: u32,
    /// The bands.
    pub bands: Bands,
    /// Whether R3 to R5 force a dedicated stamp.
    pub class_rules: ClassRules,
    /// A tenant with more than this share of a shared stamp's CPU is noisy (R3, S0-44).
    pub noisy_cpu: Percent,
    /// A tenant with more requests a day than this is noisy (R4, S0-45).
    pub noisy_requests_per_day: u64,
    /// A tenant with a larger database than this, in GiB, is noisy (R5, S0-46).
    pub noisy_storage_gib: u64,
    /// Fewer hours of samples than this, and a stamp is too young to be judged by what was
    /// measured (design §11.13).
    pub min_samples_hours: u32,
    /// Voluntary moves; `None`: none.
    pub consolidate: Option<Consolidate>,
}

impl Default for PlacementPolicy {
    fn default() -> Self {
        Self {
            dedicated_users_gt: 500,
            max_tenants_per_shared: 100,
            bands: Bands::default(),
            class_rules: ClassRules::default(),
            noisy_cpu: Percent(20),
            noisy_requests_per_day: 1_000_000,
            noisy_storage_gib: 500,
            min_samples_hours: 24,
            consolidate: None,
        }
    }
}
