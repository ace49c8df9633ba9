//! How stamps stand by, when they are healthy, and when load asks for more or fewer.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Seconds;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

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
