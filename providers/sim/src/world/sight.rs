//! What callers see: one resource, a list, or all in a scope. Reads change nothing. Pure.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Value;

use super::Entry;
use super::World;
use super::data::total;

impl World {
    /// The resource at `address`, as it is now.
    pub fn read(&self, address: &Address) -> Option<Resource> {
        if let Some(entry) = self.resources.get(address) {
            return Some(self.view(address, entry));
        }
        self.measure(address)
    }

    /// All that answers `query`, as it is now, ordered by address.
    pub fn list(&self, query: &Query) -> Vec<Resource> {
        let kinds: Vec<Kind> = match query.kind {
            Some(kind) => vec![kind],
            None => Kind::ALL.to_vec(),
        };
        let mut found = Vec::new();
        for kind in kinds {
            let stored = self.beneath(kind, &query.beneath);
            found.extend(stored.map(|(address, entry)| self.view(address, entry)));
            found.extend(self.measured(kind, &query.beneath));
        }
        found.retain(|resource| query.admits(resource));
        found
    }

    /// All in `scope`, as it was a configurable while ago, without what `gaps` hide.
    pub fn observe(&self, scope: &Scope, gaps: Vec<Gap>) -> Observation {
        let mut found: BTreeMap<Address, Resource> = BTreeMap::new();
        let mut wanted: Vec<(Kind, String)> = Vec::new();
        for kind in Kind::ALL.iter().copied() {
            match kind.parts().first() {
                Some(&"subscription") => {
                    let subscriptions = scope.subscriptions.iter();
                    wanted.extend(subscriptions.map(|one| (kind, one.clone())));
                }
                Some(&"management_group") => {
                    let groups = scope.quota_groups.iter();
                    wanted.extend(groups.map(|(mg, group)| (kind, format!("{mg}/{group}"))));
                }
                _ => wanted.push((kind, scope.registry.clone())),
            }
        }
        let past = self.past();
        for (kind, beneath) in wanted {
            if beneath.is_empty() {
                continue;
            }
            for (address, entry) in self.beneath(kind, &beneath) {
                if !past.contains_key(address) {
                    found.insert(address.clone(), self.view(address, entry));
                }
            }
            for measured in self.measured(kind, &beneath) {
                found.insert(measured.address.clone(), measured);
            }
            for (address, before) in super::under(&past, kind, &beneath) {
                if let Some(entry) = before {
                    found.insert(address.clone(), self.view(address, entry));
                }
            }
        }
        found.retain(|address, _| !gaps.iter().any(|gap| gap.hides(address)));
        Observation {
            observed_at: self.now(),
            resources: found.into_values().collect(),
            gaps,
        }
    }

    /// Every resource that is stored, ordered by address.
    pub fn everything(&self) -> Vec<Resource> {
        let stored = self.resources.iter();
        stored
            .map(|(address, entry)| self.view(address, entry))
            .collect()
    }

    /// What `observe` still takes for true of the resources that changed a moment ago.
    fn past(&self) -> BTreeMap<Address, Option<&Entry>> {
        let from = self.now - i64::from(self.switches.observe_lag_seconds);
        let mut past = BTreeMap::new();
        for change in self.recent.iter().filter(|change| change.at > from) {
            past.entry(change.address.clone())
                .or_insert(change.before.as_ref());
        }
        past
    }

    /// A stored resource as callers see it, with what only the cloud knows.
    fn view(&self, address: &Address, entry: &Entry) -> Resource {
        let mut settings = entry.settings.clone();
        let mut set = |name: &str, value: Value| {
            settings.insert(name.to_owned(), value);
        };
        let number = |records: u64| Value::Int(i64::try_from(records).unwrap_or(i64::MAX));
        match address.kind() {
            Kind::Quota => set("usage", self.usage(address).into()),
            Kind::CapacityReservation => {
                let attached = self.index.attached.get(address).copied();
                set("attached", attached.unwrap_or_default().instances.into());
            }
            Kind::SqlDatabase | Kind::TenantSchema | Kind::BlobContainer => {
                let contents = self.contents(address);
                let (records, digest) = total(&contents);
                set("records", number(records));
                set("digest", digest.into());
                if address.kind() == Kind::SqlDatabase {
                    let mut tenants: Vec<&str> = contents
                        .iter()
                        .map(|(_, content)| content.tenant.as_str())
                        .collect();
                    tenants.sort_unstable();
                    tenants.dedup();
                    set("tenants", tenants.into());
                }
            }
            Kind::IngressEndpoint => {
                let profile = address.part("profile").unwrap_or_default();
                let host = format!("{}-{profile}.z01.azurefd.net", address.name());
                set("host", host.into());
            }
            Kind::Backup => {
                if let Some(snapshot) = &entry.snapshot {
                    let (records, digest) = total(&snapshot.parts);
                    set("records", number(records));
                    set("digest", digest.into());
                    set("verified", true.into());
                    let taken = jiff::Timestamp::from_second(snapshot.taken_at);
                    set("taken_at", taken.unwrap_or_default().to_string().into());
                }
            }
            _ => {}
        }
        Resource {
            address: address.clone(),
            settings,
            etag: entry.etag.clone(),
        }
    }
}
