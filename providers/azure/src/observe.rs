//! A look at a whole fleet in few calls: Resource Graph for what it knows, one list for each
//! subscription, region, group or registry for what it does not, one log query.
//!
//! The look is dated with the time before its first call. Resource Graph may be older than that
//! by a minute or more (S32), so nothing dangerous rests on it: `read` asks the resource itself.
//! What was asked and not answered is a gap.

mod edge;
mod graph;
mod quotas;

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Fault;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::azure::Azure;
use crate::map::backup::Record;
use crate::map::json;
use crate::map::path;
use crate::map::storage;

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) resources: BTreeMap<Address, (Settings, Option<Etag>)>,
    pub(crate) gaps: Vec<Gap>,
    /// Regions in which something was found, by subscription.
    pub(crate) regions: BTreeMap<String, Vec<String>>,
}

impl Seen {
    pub(crate) fn add(&mut self, address: Address, settings: Settings) {
        self.resources.insert(address, (settings, None));
    }

    pub(crate) fn gap(&mut self, kind: Option<Kind>, beneath: impl Into<String>, fault: &Fault) {
        self.gaps.push(Gap {
            kind,
            beneath: beneath.into(),
            class: fault.class,
            reason: format!("{}: {}", fault.code, fault.message),
        });
    }

    fn into_resources(self) -> Vec<Resource> {
        let resources = self.resources.into_iter();
        resources
            .map(|(address, (settings, etag))| Resource {
                address,
                settings,
                etag,
            })
            .collect()
    }
}

impl Azure {
    pub(crate) async fn look(&self, scope: &Scope) -> Observation {
        let observed_at = self.client.now();
        let mut seen = Seen::default();
        self.see_graph(&scope.subscriptions, &mut seen).await;
        self.see_quotas(scope, &mut seen).await;
        self.see_edge(&scope.subscriptions, &mut seen).await;
        self.see_containers(&scope.subscriptions, &mut seen).await;
        self.see_backups(&mut seen).await;
        self.see_registry(&scope.registry, &mut seen).await;
        self.see_measures(scope, &mut seen).await;
        let gaps = std::mem::take(&mut seen.gaps);
        Observation {
            observed_at,
            resources: seen.into_resources(),
            gaps,
        }
    }

    async fn see_registry(&self, registry: &str, seen: &mut Seen) {
        if registry.is_empty() {
            return;
        }
        let all = Query {
            kind: Some(Kind::RegistryItem),
            beneath: registry.to_owned(),
            equals: None,
        };
        match self.items(registry, &all).await {
            Ok(items) => {
                for item in items {
                    seen.resources
                        .insert(item.address, (item.settings, item.etag));
                }
            }
            Err(fault) => seen.gap(Some(Kind::RegistryItem), registry, &fault),
        }
    }

    /// Rows of the logs: of resources that were found, and of what is only measured.
    async fn see_measures(&self, scope: &Scope, seen: &mut Seen) {
        let measures = match self.measures(None).await {
            Ok(measures) => measures,
            Err(fault) => {
                let kinds = [Kind::StampMetrics, Kind::TenantMetrics, Kind::Health];
                // The machines' own word on health stands where no workspace is asked.
                let asked = if self.places.workspaces.is_empty() {
                    2
                } else {
                    3
                };
                for kind in kinds.into_iter().take(asked) {
                    seen.gap(Some(kind), "", &fault);
                }
                return;
            }
        };
        for (address, settings) in measures {
            let first = address.parts().next().unwrap_or_default();
            let wanted = match address.kind() {
                Kind::TenantMetrics => first == scope.registry,
                _ => scope.subscriptions.iter().any(|it| it == first),
            };
            let only_measured = matches!(
                address.kind(),
                Kind::StampMetrics | Kind::TenantMetrics | Kind::Health
            );
            if let Some((known, _)) = seen.resources.get_mut(&address) {
                known.extend(settings);
            } else if wanted && only_measured {
                seen.add(address, settings);
            }
        }
    }

    /// Containers take a call for each storage account, so they are listed only where that stays
    /// a small part of the look; elsewhere they are a gap.
    async fn see_containers(&self, subscriptions: &[String], seen: &mut Seen) {
        let accounts: Vec<Address> = seen
            .resources
            .keys()
            .filter(|address| address.kind() == Kind::StorageAccount)
            .cloned()
            .collect();
        if accounts.len() > 16 && accounts.len() * 200 > seen.resources.len() {
            let why = format!(
                "{} storage accounts would take a call each; read a container to see it",
                accounts.len()
            );
            let fault = Fault::new(stampctl_contract::FaultClass::Throttled, "NotListed", why);
            for subscription in subscriptions {
                seen.gap(Some(Kind::BlobContainer), subscription.as_str(), &fault);
            }
            return;
        }
        for account in accounts {
            match self.containers(&account).await {
                Ok(found) => {
                    for (address, settings) in found {
                        seen.add(address, settings);
                    }
                }
                Err(fault) => seen.gap(Some(Kind::BlobContainer), account.path(), &fault),
            }
        }
    }

    /// The containers of an account.
    pub(crate) async fn containers(
        &self,
        account: &Address,
    ) -> Result<Vec<(Address, Settings)>, Fault> {
        let found = self.raw_containers(account).await?;
        let read = found.iter().filter_map(|container| {
            let name = json::text(container, &["name"])?;
            let mut parts: Vec<&str> = account.parts().collect();
            parts.push(name);
            let address = Address::new(Kind::BlobContainer, &parts).ok()?;
            Some((address, storage::read_container(container)))
        });
        Ok(read.collect())
    }

    async fn raw_containers(&self, account: &Address) -> Result<Vec<serde_json::Value>, Fault> {
        let (id, version) = path::id(account, &self.places)?;
        let path = format!("{id}/blobServices/default/containers");
        self.client.list(&self.url(&path, version)).await
    }

    async fn see_backups(&self, seen: &mut Seen) {
        for (name, vault) in &self.places.vaults {
            let parts = [&*vault.subscription, &vault.resource_group, &vault.account];
            let Ok(account) = Address::new(Kind::StorageAccount, &parts) else {
                continue;
            };
            let found = match self.raw_containers(&account).await {
                Ok(found) => found,
                Err(fault) => {
                    seen.gap(Some(Kind::Backup), "", &fault);
                    continue;
                }
            };
            for record in found.iter().filter_map(Record::read).filter(|it| it.whole) {
                let parts = [&*record.home.0, name, &record.home.1];
                if let Ok(address) = Address::new(Kind::Backup, &parts) {
                    seen.add(address, record.settings());
                }
            }
        }
    }

    /// Health of each resource group that has machines, as far as the machines tell.
    pub(crate) fn derive_health(seen: &mut Seen, machines: &BTreeMap<Address, (i64, i64)>) {
        for (group, (running, all)) in machines {
            let parts: Vec<&str> = group.parts().collect();
            if let Ok(address) = Address::new(Kind::Health, &parts)
                && *all > 0
            {
                let live = Value::Bool(running == all);
                seen.add(address, Settings::from([("live".to_owned(), live)]));
            }
        }
    }
}
