//! How the simulated cloud behaves: its switches, and how long things take. Pure.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Kind;

/// How the cloud behaves where clouds differ, or where it is not known how they do.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of one file"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Whether deallocated instances count towards quota until scaled to 0.
    pub deallocated_counts: bool,
    /// Whether a subscription may give a group cores that it never got from it (design §11.3).
    pub subscriptions_may_give: bool,
    /// Whether stamps without scripted metrics report zeros; else they report nothing.
    pub derive_metrics: bool,
    /// How old `observe` is, in seconds.
    pub observe_lag_seconds: u32,
    /// How long a stamp's machines run before its probes answer.
    pub health_delay_seconds: u32,
    /// How long connections stay after an origin is disabled.
    pub drain_seconds: u32,
    /// How long a tenant's requests go on after it is unrouted.
    pub request_drain_seconds: u32,
    /// Records an hour that each served tenant writes to each of its data resources.
    pub writes_per_hour: u32,
    /// Connections of a stamp that takes traffic, where nothing is scripted.
    pub connections: i64,
    /// Stamps, by physical name, whose connections never end.
    pub stuck_connections: Vec<String>,
    /// How long a group's limit takes to be raised.
    pub group_increase_seconds: u32,
    /// Whether each change waits for the disk.
    pub fsync: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            deallocated_counts: true,
            subscriptions_may_give: false,
            derive_metrics: true,
            observe_lag_seconds: 0,
            health_delay_seconds: 60,
            drain_seconds: 120,
            request_drain_seconds: 30,
            writes_per_hour: 60,
            connections: 25,
            stuck_connections: Vec::new(),
            group_increase_seconds: 3600,
            fsync: true,
        }
    }
}

/// How long operations take, in seconds of the virtual clock; 0 is at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// Changes of quota allocations.
    pub quota_allocation: u32,
    /// Changes of resource groups.
    pub resource_group: u32,
    /// Changes of capacity reservations.
    pub capacity_reservation: u32,
    /// Changes of scale sets.
    pub scale_set: u32,
    /// Changes of SQL servers.
    pub sql_server: u32,
    /// Changes of SQL databases.
    pub sql_database: u32,
    /// Backups and exports.
    pub backup: u32,
    /// Copies of a tenant's content.
    pub copy: u32,
}

impl Latency {
    /// About as slow as the real cloud.
    pub fn realistic() -> Self {
        Self {
            quota_allocation: 30,
            resource_group: 60,
            capacity_reservation: 20,
            scale_set: 120,
            sql_server: 60,
            sql_database: 45,
            backup: 120,
            copy: 300,
        }
    }

    pub(crate) fn of(&self, kind: Kind) -> u32 {
        match kind {
            Kind::QuotaAllocation => self.quota_allocation,
            Kind::ResourceGroup => self.resource_group,
            Kind::CapacityReservation => self.capacity_reservation,
            Kind::ScaleSet => self.scale_set,
            Kind::SqlServer => self.sql_server,
            Kind::SqlDatabase => self.sql_database,
            Kind::Backup => self.backup,
            _ => 0,
        }
    }
}
