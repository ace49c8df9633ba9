//! The rules and numbers of a fleet. Every default is from requirements C1 or design §11.

use serde::Deserialize;
use serde::Serialize;

use super::load::Load;
use super::quantity::Percent;
use super::quantity::Seconds;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Everything a fleet's owner may decide. Carried whole in every plan, so that a plan can be
/// judged without its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Policy {
    /// Who may live where.
    pub placement: PlacementPolicy,
    /// How many stamps there may and must be.
    pub capacity: CapacityPolicy,
    /// How much one plan may do.
    pub limits: Limits,
    /// What a user needs where nothing else is known.
    pub demand_per_user: DemandPerUser,
    /// What a stamp carries where it does not say so itself.
    pub stamp_capacity: StampCapacity,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How tenants move.
    pub migration: MigrationPolicy,
    /// How stamps stand by.
    pub standby: StandbyPolicy,
    /// How health is judged.
    pub health: HealthPolicy,
    /// When load should change the number of stamps; reported, never acted on by itself.
    pub autoscale: AutoscalePolicy,
    /// How many must approve.
    pub approvals: ApprovalPolicy,
    /// How long a plan may be used.
    pub plan: PlanPolicy,
    /// What becomes of a stamp or tenant that exists and is not in the manifest.
    pub on_removed: OnRemoved,
}

/// The four bands of a stamp's fullest dimension, in percent:
/// below `plan` open, then plan, provision, pause, and from `deny` closed without exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Bands {
    /// From here on, plan a new stamp (S0-38).
    pub plan: Percent,
    /// From here on, provision one; no automatic placement (S0-39).
    pub provision: Percent,
    /// From here on, pause onboarding (S0-55).
    pub pause: Percent,
    /// From here on, deny (S0-40).
    pub deny: Percent,
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            plan: Percent(70),
            provision: Percent(85),
            pause: Percent(90),
            deny: Percent(95),
        }
    }
}

/// A stamp's band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Band {
    /// Below every threshold.
    Open,
    /// Takes tenants; a new stamp should be planned.
    Plan,
    /// No candidate; a new stamp is due.
    Provision,
    /// No placement, not even a pin.
    Pause,
    /// Closed, without exception.
    Deny,
    /// A dimension was not reported: treated as `Pause`.
    Unknown,
}

impl Band {
    /// The word for the band.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Plan => "plan",
            Self::Provision => "provision",
            Self::Pause => "pause",
            Self::Deny => "deny",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl Bands {
    /// The band of a load given in basis points of capacity.
    pub fn of(&self, basis_points: u64) -> Band {
        let reaches = |percent: Percent| basis_points >= u64::from(percent.0) * 100;
        if reaches(self.deny) {
            Band::Deny
        } else if reaches(self.pause) {
            Band::Pause
        } else if reaches(self.provision) {
            Band::Provision
        } else if reaches(self.plan) {
            Band::Plan
        } else {
            Band::Open
        }
    }
}

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

/// What one user needs (design §11.14). DTU in hundredths, storage in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct DemandPerUser {
    /// Millicores, MiB, MiB, hundredths of a DTU.
    pub load: Load,
    /// Requests a day.
    pub requests_per_day: u64,
}

impl Default for DemandPerUser {
    fn default() -> Self {
        Self {
            load: Load {
                cpu: 10,
                memory: 40,
                storage: 300,
                dtu: 50,
            },
            requests_per_day: 200,
        }
    }
}

/// What a stamp carries beside its cores (S0-33, S0-34, design §11.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct StampCapacity {
    /// GiB of memory for each VM.
    pub memory_gib_per_vm: u64,
    /// GiB of storage for each stamp.
    pub storage_gib: u64,
    /// DTU for each stamp.
    pub dtu: u64,
}

impl Default for StampCapacity {
    fn default() -> Self {
        Self {
            memory_gib_per_vm: 32,
            storage_gib: 2_048,
            dtu: 4_000,
        }
    }
}

impl StampCapacity {
    /// The capacity of a stamp with these machines.
    pub fn of(&self, vcpus: u32, instances: u32) -> Load {
        Load {
            cpu: u64::from(vcpus) * u64::from(instances) * 1_000,
            memory: u64::from(instances) * self.memory_gib_per_vm * 1_024,
            storage: self.storage_gib * 1_024,
            dtu: self.dtu * 100,
        }
    }
}

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

/// How stamps stand by (S2-17..S2-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct StandbyPolicy {
    /// After this a pool stamp on standby is reported as due for retirement.
    pub max_age: Seconds,
    /// Instances that a stamp on standby keeps in all; at least one, so that it stays warm.
    pub instances: u32,
    /// More stamps than this on standby are reported (S2-63).
    pub max_ready: u32,
}

impl Default for StandbyPolicy {
    fn default() -> Self {
        Self {
            max_age: Seconds(72 * HOUR),
            instances: 3,
            max_ready: 5,
        }
    }
}

/// How health is judged (S2-50..S2-53).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct HealthPolicy {
    /// Seconds between two looks.
    pub interval: Seconds,
    /// Good looks in a row that make healthy.
    pub healthy: u32,
    /// Bad looks in a row that make unhealthy.
    pub unhealthy: u32,
    /// Attempts at recovery.
    pub max_retries: u32,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            interval: Seconds(30),
            healthy: 2,
            unhealthy: 3,
            max_retries: 3,
        }
    }
}

/// A condition on a metric that has held for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Trigger {
    /// The metric, as in `cpu_utilization`.
    pub metric: String,
    /// The threshold, in the metric's own unit (percent, milliseconds, connections).
    pub threshold: u64,
    /// How long it must hold.
    pub duration: Seconds,
}

/// When load should change the number of stamps (S2-45..S2-48, X-47).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct AutoscalePolicy {
    /// Any of these above its threshold asks for a stamp.
    pub scale_out: Vec<Trigger>,
    /// The pause after a scale-out.
    pub scale_out_cooldown: Seconds,
    /// All of these below their thresholds offer a stamp.
    pub scale_in: Vec<Trigger>,
    /// The pause after a scale-in.
    pub scale_in_cooldown: Seconds,
}

impl Default for AutoscalePolicy {
    fn default() -> Self {
        let trigger = |metric: &str, threshold, minutes| Trigger {
            metric: metric.to_owned(),
            threshold,
            duration: Seconds(minutes * MINUTE),
        };
        Self {
            scale_out: vec![
                trigger("cpu_utilization", 70, 5),
                trigger("memory_utilization", 80, 5),
                trigger("request_latency_p99", 500, 3),
            ],
            scale_out_cooldown: Seconds(10 * MINUTE),
            scale_in: vec![
                trigger("cpu_utilization", 30, 15),
                trigger("active_connections", 10, 10),
            ],
            scale_in_cooldown: Seconds(30 * MINUTE),
        }
    }
}

/// How many must approve. The operator's trust file can ask for more; it is never overruled by
/// what is being approved (design §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct ApprovalPolicy {
    /// The fewest approvals of any plan.
    pub minimum: u32,
    /// The fewest approvals of a plan that deletes a stamp or a tenant's data.
    pub minimum_irreversible: u32,
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

/// What becomes of a stamp or tenant that exists and is not in the manifest (design §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum OnRemoved {
    /// It is reported and left alone.
    #[default]
    Report,
    /// The plan is refused.
    Refuse,
    /// It is retired or offboarded, within the limits.
    Retire,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_begins_at_its_threshold() {
        let bands = Bands::default();
        let told =
            [6_999, 7_000, 8_499, 8_500, 8_999, 9_000, 9_499, 9_500].map(|p| bands.of(p).word());
        let meant = [
            "open",
            "plan",
            "plan",
            "provision",
            "provision",
            "pause",
            "pause",
            "deny",
        ];
        assert_eq!(told, meant);
    }
}
