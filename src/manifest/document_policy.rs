//! The `policy` part of the manifest as it is written. Pure.

use super::declare::document;
use super::decode::Spanned;
use super::scalar::Duration;
use super::scalar::Hundredths;
use super::scalar::MOST;
use super::scalar::Text;
use super::scalar::Whole;
use super::scalar::Word;
use super::scalar::words;
use super::written::Threshold;
use crate::model::policy::ClassRules;
use crate::model::policy::OnRemoved;

/// A count.
pub(crate) type Count = Whole<100_000_000>;
/// An amount for one user or one machine.
pub(crate) type PerUnit = Whole<1_000_000>;
/// A percentage.
pub(crate) type PercentDoc = Whole<100>;

document! {
    /// The rules and numbers of a fleet.
    PolicyDoc {
        /// Who may live where.
        placement: PlacementPolicyDoc,
        /// How many stamps there may and must be.
        capacity: CapacityPolicyDoc,
        /// How much one plan may do before it is refused.
        limits: LimitsDoc,
        /// What a user needs where nothing else is known.
        demand_per_user: DemandPerUserDoc,
        /// What a stamp carries where it does not say so itself.
        stamp_capacity: StampCapacityDoc,
        /// How long things may take.
        timeouts: TimeoutsDoc,
        /// How tenants move.
        migration: MigrationDoc,
        /// How stamps stand by.
        standby: StandbyDoc,
        /// How health is judged.
        health: HealthDoc,
        /// When load should change the number of stamps.
        autoscale: AutoscaleDoc,
        /// How many must approve.
        approvals: ApprovalsDoc,
        /// How long a plan may be used.
        plan: PlanDoc,
        /// What becomes of a stamp or tenant that exists and is not in the manifest:
        /// `report` (default), `refuse` or `retire`.
        on_removed: Word<OnRemoved>,
    }
}

document! {
    /// Who may live where.
    PlacementPolicyDoc {
        /// More users than this need a dedicated stamp. Default: 500.
        dedicated_users_gt: Count,
        /// A shared stamp takes a tenant while it has fewer than this. Default: 100.
        max_tenants_per_shared: Count,
        /// The four bands of a stamp's fullest dimension, in percent.
        bands: BandsDoc,
        /// Whether class rules move tenants: `advisory` (default) or `enforce`.
        class_rules: Word<ClassRules>,
        /// A tenant with more than this share of a shared stamp's CPU is noisy, in percent. Default: 20.
        noisy_cpu: PercentDoc,
        /// A tenant with more requests a day than this is noisy. Default: 1,000,000.
        noisy_requests_per_day: Whole<MOST>,
        /// A tenant with a larger database than this, in GiB, is noisy. Default: 500.
        noisy_storage_gib: Whole<MOST>,
        /// Fewer hours of samples than this, and a stamp is too young to be judged by what was measured. Default: 24.
        min_samples_hours: Count,
        /// A budget for voluntary moves. Default: none.
        consolidate: ConsolidateDoc,
    }
}

document! {
    /// The bands, in percent: plan < provision <= pause < deny.
    BandsDoc {
        /// From here on, plan a new stamp. Default: 70.
        plan: PercentDoc,
        /// From here on, provision one; no automatic placement. Default: 85.
        provision: PercentDoc,
        /// From here on, pause onboarding. Default: 90.
        pause: PercentDoc,
        /// From here on, deny. Default: 95.
        deny: PercentDoc,
    }
}

document! {
    /// A budget for voluntary moves.
    ConsolidateDoc {
        /// The most voluntary moves in one plan.
        max_moves: Count,
        /// How full a stamp may be made by them, in percent.
        fill: PercentDoc,
    }
}

document! {
    /// How many stamps there may and must be, per region and kind.
    CapacityPolicyDoc {
        /// The fewest active shared stamps of a region. Default: 2.
        min_active_stamps: Count,
        /// The most stamps of a region and kind. Default: 10.
        max_stamps: Count,
    }
}

document! {
    /// How much one plan may do before it is refused.
    LimitsDoc {
        /// The most stamps that one plan retires. Default: 1.
        stamps_retired: Count,
        /// The most tenants that one plan moves. Default: the larger of 20 and 0.5 %.
        tenants_moved: Count,
        /// The most tenants that one plan offboards. Default: the larger of 20 and 0.5 %.
        tenants_offboarded: Count,
    }
}

document! {
    /// What one user needs.
    DemandPerUserDoc {
        /// Millicores. Default: 10.
        cpu_millicores: PerUnit,
        /// MiB of memory. Default: 40.
        memory_mib: PerUnit,
        /// MiB of storage. Default: 300.
        storage_mib: PerUnit,
        /// DTU. Default: 0.5.
        dtu: Hundredths,
        /// Requests a day. Default: 200.
        requests_per_day: PerUnit,
    }
}

document! {
    /// What a stamp carries beside its cores.
    StampCapacityDoc {
        /// GiB of memory for each machine. Default: 32.
        memory_gib_per_vm: PerUnit,
        /// GiB of storage for each stamp. Default: 2048.
        storage_gib: Whole<MOST>,
        /// DTU for each stamp. Default: 4000.
        dtu: Whole<MOST>,
    }
}

document! {
    /// How long things may take.
    TimeoutsDoc {
        /// One attempt at building a stamp. Default: 30m.
        creating: Duration,
        /// Attempts after the first. Default: 3.
        retries: Count,
        /// Waiting for connections to close. Default: 10m.
        drain_connections: Duration,
        /// Waiting for jobs to finish. Default: 30m.
        drain_jobs: Duration,
        /// Waking a warm stamp. Default: 2m.
        activate: Duration,
        /// Releasing compute and seeing usage fall. Default: 30m.
        release: Duration,
        /// Seeing a quota return on both sides. Default: 30m.
        quota: Duration,
        /// Seeing traffic arrive or leave. Default: 30s.
        traffic: Duration,
        /// Seeing that something deleted is gone. Default: 30m.
        absence: Duration,
        /// Copying one tenant. Default: 8h.
        copy: Duration,
    }
}

document! {
    /// How tenants move.
    MigrationDoc {
        /// How long the source is kept after the switch. Default: 1d.
        soak: Duration,
        /// Whether a person confirms before the source is deleted. Default: true.
        confirm: bool,
    }
}

document! {
    /// How stamps stand by.
    StandbyDoc {
        /// After this a stamp on standby is reported as due for retirement. Default: 72h.
        max_age: Duration,
        /// Machines that a stamp on standby keeps, at least one. Default: 3.
        instances: Whole<100_000>,
        /// More stamps than this on standby are reported. Default: 5.
        max_ready: Count,
    }
}

document! {
    /// How health is judged.
    HealthDoc {
        /// The time between two looks. Default: 30s.
        interval: Duration,
        /// Good looks in a row that make healthy. Default: 2.
        healthy: Count,
        /// Bad looks in a row that make unhealthy. Default: 3.
        unhealthy: Count,
        /// Attempts at recovery. Default: 3.
        max_retries: Count,
    }
}

document! {
    /// When load should change the number of stamps.
    AutoscaleDoc {
        /// Any of these above its threshold asks for a stamp.
        scale_out: Vec<Spanned<TriggerDoc>>,
        /// The pause after a scale-out. Default: 10m.
        scale_out_cooldown: Duration,
        /// All of these below their thresholds offer a stamp.
        scale_in: Vec<Spanned<TriggerDoc>>,
        /// The pause after a scale-in. Default: 30m.
        scale_in_cooldown: Duration,
    }
}

document! {
    /// A condition on a metric that has held for a while.
    TriggerDoc {
        /// The metric, as in `cpu_utilization`.
        metric: Text,
        /// The threshold in the metric's own unit: percent, milliseconds, connections.
        threshold: Threshold,
        /// How long it must hold.
        duration: Duration,
    }
}

document! {
    /// How many must approve. The operator's trust file can ask for more.
    ApprovalsDoc {
        /// The fewest approvals of any plan. Default: 0.
        minimum: Count,
        /// The fewest approvals of a plan that deletes a stamp or a tenant's data. Default: 0.
        minimum_irreversible: Count,
    }
}

document! {
    /// How long a plan may be used.
    PlanDoc {
        /// From observation to the first mutating step. Default: 1d.
        expires_after: Duration,
        /// From observation to any later step. Default: 7d.
        resume_within: Duration,
    }
}

words!(
    ClassRules,
    "answer of class rules",
    "advisory" = Advisory,
    "enforce" = Enforce
);
words!(
    OnRemoved,
    "answer to a removal",
    "report" = Report,
    "refuse" = Refuse,
    "retire" = Retire
);
