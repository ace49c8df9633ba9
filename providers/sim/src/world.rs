//! The simulated cloud as a plain state machine: what is where, what time it is, and what every
//! call does. Deterministic: the same calls give the same world. No files, no threads, no clock
//! but its own, which moves only when it is told to.
//!
//! Faces (the in-process provider, later an HTTP one) and durability stand outside and see only
//! [`World::apply`], the reads, and that the world can be written and read back.

pub(crate) mod compute;
pub(crate) mod data;
pub(crate) mod event;
pub(crate) mod inside;
pub(crate) mod metrics;
pub(crate) mod quota;
pub(crate) mod removal;
pub(crate) mod running;
pub(crate) mod schema;
pub(crate) mod sight;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::faults::Faults;
use crate::spec::Latency;
use crate::spec::Switches;
use compute::Attached;
use data::Content;
use data::Snapshot;
use metrics::Scripts;
use running::Running;

pub use event::Answer;
pub use event::Event;

/// The simulated cloud.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct World {
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) sequence: u64,
    pub(crate) switches: Switches,
    pub(crate) latency: Latency,
    /// Machines that a `region/sku` has; without an entry there is no bound.
    pub(crate) capacity: BTreeMap<String, i64>,
    pub(crate) scripts: Scripts,
    pub(crate) resources: BTreeMap<Address, Entry>,
    pub(crate) running: BTreeMap<String, Running>,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) lost: Vec<LostQuota>,
    pub(crate) owed: BTreeMap<Address, Owed>,
    pub(crate) recent: VecDeque<Past>,
    /// Times at which something that callers wait for changes by itself.
    pub(crate) wakeups: BTreeSet<i64>,
    #[serde(skip)]
    pub(crate) index: Index,
}

/// How often the cloud was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls of `perform`, failed ones included.
    pub mutating: u64,
    /// Calls of `observe`, `read`, `list` and `poll`.
    pub reads: u64,
}

/// Cores that are gone for good, because what held them was deleted before they were returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostQuota {
    /// The allocation that they were part of.
    pub allocation: Address,
    /// How many.
    pub cores: i64,
    /// What was deleted.
    pub cause: Address,
    /// When.
    pub at: Timestamp,
}

/// One resource as the cloud keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The writable settings, and the numbers that quota rules keep beside them.
    pub(crate) settings: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<Etag>,
    pub(crate) created: i64,
    /// Whether it runs, is enabled, or is routed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) on: bool,
    /// When `on` last changed; 0 where it never was on.
    #[serde(default)]
    pub(crate) since: i64,
    /// Cores of a scale set when it last had instances.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) held: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<Snapshot>,
}

/// Of one quota: cores of scale sets that stand at 0 instances, and how much of that was returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) released: i64,
    pub(crate) returned: i64,
}

/// What stood at an address before a change that `observe` may not show yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) at: i64,
    pub(crate) address: Address,
    pub(crate) before: Option<Entry>,
}

/// Sums and inverted maps over the resources, so that no call needs to walk them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Cores in use by quota.
    pub(crate) usage: BTreeMap<Address, i64>,
    /// Machines in use by `region/sku`.
    pub(crate) machines: BTreeMap<String, i64>,
    /// Scale sets by reservation.
    pub(crate) attached: BTreeMap<Address, Attached>,
    /// Registry items whose tenant writes, by data resource.
    pub(crate) writers: BTreeMap<Address, Address>,
    /// Origins by name.
    pub(crate) origins: BTreeMap<String, BTreeSet<Address>>,
    /// API subscriptions by user.
    pub(crate) api_users: BTreeMap<Address, u32>,
    /// Operations in progress by address.
    pub(crate) busy: BTreeMap<Address, String>,
    /// When operations in progress are due.
    pub(crate) due: BTreeSet<(i64, u64, String)>,
}

impl World {
    /// The cloud's time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// How often it was called.
    pub fn calls(&self) -> Calls {
        self.calls
    }

    /// Quota that was lost for good.
    pub fn lost_quota(&self) -> &[LostQuota] {
        &self.lost
    }

    /// The next time at which something changes without a call: an operation ends, a stamp becomes
    /// healthy, the last connection goes.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let due = self.index.due.first().map(|(at, _, _)| *at);
        let wake = self.wakeups.first().copied();
        let next = [due, wake].into_iter().flatten().min()?;
        Timestamp::from_second(next).ok()
    }

    /// Builds what is not written to disk again from what is.
    pub(crate) fn reindex(&mut self) {
        self.index = Index::default();
        let addresses: Vec<Address> = self.resources.keys().cloned().collect();
        for kind in [Kind::CapacityReservation, Kind::ScaleSet, Kind::NodePool] {
            for address in addresses.iter().filter(|address| address.kind() == kind) {
                let settings = self.resources[address].settings.clone();
                let shift = self.shift(address, None, Some(&settings));
                self.index_compute(address, None, Some(&settings), &shift);
            }
        }
        for address in &addresses {
            let settings = match address.kind() {
                Kind::Origin | Kind::ApiSubscription | Kind::RegistryItem => {
                    self.resources[address].settings.clone()
                }
                _ => continue,
            };
            self.index_names(address, None, Some(&settings));
        }
        for running in self.running.values().filter(|running| running.is_open()) {
            let id = running.ticket.id.clone();
            if running.blocks() {
                let address = running.ticket.address.clone();
                self.index.busy.insert(address, id.clone());
            }
            self.index.due.insert((running.due, running.number, id));
        }
    }

    /// All resources of one kind whose path is `prefix` or lies beneath it.
    pub(crate) fn beneath(
        &self,
        kind: Kind,
        prefix: &str,
    ) -> impl Iterator<Item = (&Address, &Entry)> {
        under(&self.resources, kind, prefix)
    }

    /// Remembers what stood at an address, where `observe` lags behind.
    pub(crate) fn remember(&mut self, address: &Address) {
        if self.switches.observe_lag_seconds == 0 {
            return;
        }
        self.recent.push_back(Past {
            at: self.now,
            address: address.clone(),
            before: self.resources.get(address).cloned(),
        });
    }

    pub(crate) fn wake_after(&mut self, seconds: u32) {
        if seconds > 0 {
            self.wakeups.insert(self.now + i64::from(seconds));
        }
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The settings that an operation asks for, patches merged with what is there.
    pub(crate) fn intended(
        &self,
        address: &Address,
        settings: &Settings,
        patch: bool,
    ) -> Result<Settings, Fault> {
        if !patch {
            return Ok(settings.clone());
        }
        let Some(entry) = self.resources.get(address) else {
            let why = format!("{address} does not exist");
            return Err(schema::permanent("ResourceNotFound", why));
        };
        let mut merged = entry.settings.clone();
        merged.remove("available");
        merged.extend(settings.clone());
        Ok(merged)
    }
}

/// All entries of one kind at or beneath `prefix`, in time proportional to their number.
pub(crate) fn under<'a, T>(
    map: &'a BTreeMap<Address, T>,
    kind: Kind,
    prefix: &str,
) -> impl Iterator<Item = (&'a Address, &'a T)> + use<'a, T> {
    let mut parts: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
    let (given, wanted) = (parts.len(), kind.parts().len());
    // A space is the least character that a name may begin with.
    parts.resize(wanted.max(given), " ");
    let first = Address::new(kind, &parts).ok();
    let inside = match given {
        0 => String::new(),
        _ if given < wanted => format!("{prefix}/"),
        _ => prefix.to_owned(),
    };
    let whole = given == wanted;
    first
        .map(|first| map.range(first..))
        .into_iter()
        .flatten()
        .take_while(move |(address, _)| {
            let path = address.path();
            address.kind() == kind && path.starts_with(&inside) && (!whole || path == inside)
        })
}

/// The addresses in a registry item's `data`.
pub(crate) fn data_of(settings: &Settings) -> Vec<Address> {
    let list = settings.get("data").and_then(Value::as_list).unwrap_or(&[]);
    list.iter()
        .filter_map(|item| item.as_str()?.parse().ok())
        .collect()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(truth: &bool) -> bool {
    !truth
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
