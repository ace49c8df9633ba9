//! How long things may take.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Seconds;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Timeouts {
    /// One attempt at building a stamp (S2-4).
    pub creating: Seconds,
    /// Attempts after the first (S2-54).
    pub retries: u32,
    /// Waiting for connections to close (S2-12).
    pub drain_connections: Seconds,
    /// Waiting for jobs to finish (S2-12).
    pub drain_jobs: Seconds,
    /// Waking a warm stamp (S2-18).
    pub activate: Seconds,
    /// Releasing compute and seeing usage fall.
    pub release: Seconds,
    /// Seeing a quota return on both sides.
    pub quota: Seconds,
    /// Seeing traffic arrive or leave (S2-26).
    pub traffic: Seconds,
    /// Seeing that something deleted is gone.
    pub absence: Seconds,
    /// Copying one tenant (S3-68).
    pub copy: Seconds,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            creating: Seconds(30 * MINUTE),
            retries: 3,
            drain_connections: Seconds(10 * MINUTE),
            drain_jobs: Seconds(30 * MINUTE),
            activate: Seconds(2 * MINUTE),
            release: Seconds(30 * MINUTE),
            quota: Seconds(30 * MINUTE),
            traffic: Seconds(30),
            absence: Seconds(30 * MINUTE),
            copy: Seconds(8 * HOUR),
        }
    }
}

/// How tenants move (S3-12, X-33).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct MigrationPolicy {
    /// How long the source is kept after the switch; never shorter than the rollback window.
    pub soak: Seconds,
    /// Whether a person confirms before the source is deleted.
    pub confirm: bool,
}

impl Default for MigrationPolicy {
    fn default() -> Self {
        Self {
            soak: Seconds(DAY),
            confirm: true,
        }
    }
}

/// How long a plan may be used (design §11.20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct PlanPolicy {
    /// From observation to the first mutating step.
    pub expires_after: Seconds,
    /// From observation to any later step.
    pub resume_within: Seconds,
}

impl Default for PlanPolicy {
    fn default() -> Self {
        Self {
            expires_after: Seconds(DAY),
            resume_within: Seconds(7 * DAY),
        }
    }
}
