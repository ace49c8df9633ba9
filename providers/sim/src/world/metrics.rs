//! What is measured: metrics of stamps and tenants, and health. Scripted by the world file,
//! else derived from what runs. Where nothing reports, the setting is absent. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Entry;
use super::World;
use crate::names;

/// The measures that a stamp reports as a share of its capacity.
const SHARES: [&str; 4] = ["cpu", "memory", "storage", "dtu"];

/// What the world file says will be measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scripts {
    /// By the address of the measuring resource.
    by_address: BTreeMap<Address, Vec<Scripted>>,
}

/// What is measured from one time on, until the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scripted {
    /// Seconds since 1970.
    pub(crate) from: i64,
    pub(crate) values: Settings,
}

impl Scripts {
    pub(crate) fn insert(&mut self, address: Address, mut script: Vec<Scripted>) {
        script.sort_by_key(|one| one.from);
        self.by_address.insert(address, script);
    }

    /// Forgets what a resource group would have measured.
    pub(crate) fn forget(&mut self, parts: &[&str]) {
        for kind in [Kind::StampMetrics, Kind::Health] {
            if let Ok(address) = Address::new(kind, parts) {
                self.by_address.remove(&address);
            }
        }
    }

    fn at(&self, address: &Address, now: i64) -> Option<&Settings> {
        let script = self.by_address.get(address)?;
        let upto = script.iter().rev().find(|one| one.from <= now);
        upto.map(|one| &one.values)
    }
}

impl World {
    /// What is measured at `address`, if there is anything to measure.
    pub(crate) fn measure(&self, address: &Address) -> Option<Resource> {
        let settings = match address.kind() {
            Kind::StampMetrics => self.stamp_metrics(address)?,
            Kind::TenantMetrics => self.tenant_metrics(address)?,
            Kind::Health => self.health(address)?,
            _ => return None,
        };
        Some(Resource {
            address: address.clone(),
            settings,
            etag: None,
        })
    }

    /// Where things are measured, beneath `prefix`.
    pub(crate) fn measured(&self, kind: Kind, prefix: &str) -> Vec<Resource> {
        let addresses: Vec<Address> = match kind {
            Kind::StampMetrics | Kind::Health => self
                .beneath(Kind::ResourceGroup, prefix)
                .filter_map(|(group, _)| {
                    Address::new(kind, &group.parts().collect::<Vec<_>>()).ok()
                })
                .collect(),
            Kind::TenantMetrics => self
                .beneath(Kind::RegistryItem, &tenants_beneath(prefix))
                .filter(|(item, _)| item.part("collection") == Some("tenants"))
                .filter_map(|(item, _)| {
                    Address::new(kind, &[item.part("registry")?, item.name()]).ok()
                })
                .filter(|address| address.is_beneath(prefix))
                .collect(),
            _ => Vec::new(),
        };
        let found = addresses.iter().filter_map(|address| self.measure(address));
        found.collect()
    }

    fn stamp_metrics(&self, address: &Address) -> Option<Settings> {
        let group = Address::new(Kind::ResourceGroup, &address.parts().collect::<Vec<_>>()).ok()?;
        let entry = self.resources.get(&group)?;
        let script = self.scripts.at(address, self.now);
        let sets: Vec<&Entry> = self
            .beneath(Kind::ScaleSet, address.path())
            .map(|(_, entry)| entry)
            .collect();
        if sets.is_empty() && script.is_none() {
            return None;
        }
        let mut settings = script.cloned().unwrap_or_default();
        if script.is_none() {
            let hours = (self.now - entry.created) / 3600;
            settings.insert("samples".to_owned(), Value::Int(hours));
            if self.switches.derive_metrics && hours > 0 {
                for share in SHARES {
                    settings.insert(share.to_owned(), Value::Int(0));
                    settings.insert(format!("latest_{share}"), Value::Int(0));
                }
            }
        }
        let runs = sets.iter().any(|set| set.on);
        let default = self.switches.connections;
        for (name, default) in [("connections", default), ("jobs", default / 10)] {
            let full = settings
                .get(name)
                .and_then(Value::as_int)
                .unwrap_or(default);
            let open = if runs {
                self.open(address.name(), full)
            } else {
                0
            };
            settings.insert(name.to_owned(), Value::Int(open));
        }
        Some(settings)
    }

    /// How many of `full` connections are still open, from what ingress does.
    fn open(&self, resource_group: &str, full: i64) -> i64 {
        let Some(physical) = names::physical_of(resource_group) else {
            return 0;
        };
        let stuck = self
            .switches
            .stuck_connections
            .iter()
            .any(|it| it == physical);
        let fading = i64::from(self.switches.drain_seconds);
        let each = self.origins(physical).map(|origin| {
            if origin.on {
                return full;
            }
            if origin.since == 0 {
                return 0;
            }
            if stuck {
                return full;
            }
            let left = (origin.since + fading - self.now).max(0);
            let (open, rest) = (full.saturating_mul(left), fading.max(1));
            // Rounded up: one connection stays until the last second.
            open / rest + i64::from(open % rest > 0)
        });
        each.max().unwrap_or(0)
    }

    fn tenant_metrics(&self, address: &Address) -> Option<Settings> {
        let (registry, tenant) = (address.part("registry")?, address.name());
        let item = Address::new(Kind::RegistryItem, &[registry, "tenants", tenant]).ok()?;
        let entry = self.resources.get(&item)?;
        let script = self.scripts.at(address, self.now);
        let mut settings = script.cloned().unwrap_or_default();
        let scripted = settings.get("active_requests").and_then(Value::as_int);
        let busy = entry.on
            || (entry.since > 0
                && self.now - entry.since < i64::from(self.switches.request_drain_seconds));
        let requests = if busy { scripted.unwrap_or(3) } else { 0 };
        settings.insert("active_requests".to_owned(), Value::Int(requests));
        Some(settings)
    }

    fn health(&self, address: &Address) -> Option<Settings> {
        let group = Address::new(Kind::ResourceGroup, &address.parts().collect::<Vec<_>>()).ok()?;
        self.resources.get(&group)?;
        let script = self.scripts.at(address, self.now);
        let delay = i64::from(self.switches.health_delay_seconds);
        let mut sets = self.beneath(Kind::ScaleSet, address.path()).peekable();
        if sets.peek().is_none() && script.is_none() {
            return None;
        }
        // A zone that was given no instances answers no probe and fails none.
        let mut any = false;
        let mut ready = true;
        for (_, set) in sets {
            let empty = super::schema::int(&set.settings, "instances") == 0;
            any |= set.on;
            ready &= empty || (set.on && self.now - set.since >= delay);
        }
        let ready = any && ready;
        let mut settings = Settings::new();
        for probe in ["live", "ready", "smoke"] {
            let said = script.and_then(|script| script.get(probe));
            let answer = said.cloned().unwrap_or(Value::Bool(ready));
            settings.insert(probe.to_owned(), answer);
        }
        let healthy = settings.values().all(|it| *it == Value::Bool(true));
        let physical = names::physical_of(address.name()).unwrap_or_default();
        let served = healthy && self.origins(physical).any(|origin| origin.on);
        let said = script.and_then(|script| script.get("traffic"));
        let traffic = said.cloned().unwrap_or(Value::Bool(served));
        settings.insert("traffic".to_owned(), traffic);
        Some(settings)
    }

    /// The origins of one stamp, found by the name that the naming rule gives them.
    fn origins(&self, physical: &str) -> impl Iterator<Item = &Entry> {
        let found = self.index.origins.get(&names::origin(physical));
        found
            .into_iter()
            .flatten()
            .filter_map(|address| self.resources.get(address))
    }
}

/// The registry path beneath which the tenants of a metrics path are.
fn tenants_beneath(prefix: &str) -> String {
    match prefix.split_once('/') {
        Some((registry, tenant)) => format!("{registry}/tenants/{tenant}"),
        None if prefix.is_empty() => String::new(),
        None => format!("{prefix}/tenants"),
    }
}
