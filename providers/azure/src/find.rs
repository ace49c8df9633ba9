//! Lists: what answers a query, as it is now.
//!
//! A registry is asked itself. Everything else is found by a look at the subscriptions in question
//! and, where it is not much, read again one by one, because lists and Resource Graph are caches
//! (S29). A place that could not be seen is a fault, never a shorter list.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;

use crate::azure::Azure;
use crate::fault::permanent;
use crate::map::container;
use crate::map::groups;
use crate::map::json;
use crate::map::path;
use crate::map::sql;

/// So many resources are read again one by one.
const FEW: usize = 200;

impl Azure {
    pub(crate) async fn find(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        let parts: Vec<&str> = query
            .beneath
            .split('/')
            .filter(|it| !it.is_empty())
            .collect();
        let mut found = match (query.kind, parts.as_slice()) {
            (Some(Kind::RegistryItem), [registry, ..]) => self.items(registry, query).await?,
            (Some(Kind::ResourceGroup), _) => self.groups_of(&parts).await?,
            (Some(Kind::SqlDatabase), [subscription, group, server, ..]) => {
                self.databases(&[subscription, group, server]).await?
            }
            (Some(Kind::BlobContainer), [subscription, group, account, ..]) => {
                self.containers_of(&[subscription, group, account]).await?
            }
            (Some(Kind::RegistryContainer), [subscription, group, account, database, ..]) => {
                let place = [subscription, group, account, database];
                self.registry_containers(&place).await?
            }
            (Some(Kind::RegistryContainer), _) => {
                let why = "name the account and the database; no look finds containers of one";
                return Err(permanent("NotListed", why));
            }
            (Some(Kind::StampMetrics | Kind::TenantMetrics), _) => self.measured().await?,
            _ => return self.search(query, &parts).await,
        };
        found.retain(|it| query.admits(it));
        found.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(found)
    }

    fn subscriptions_of(&self, parts: &[&str]) -> Vec<String> {
        match parts.first() {
            Some(first) => vec![(*first).to_owned()],
            None => self.places.subscriptions.keys().cloned().collect(),
        }
    }

    async fn groups_of(&self, parts: &[&str]) -> Result<Vec<Resource>, Fault> {
        let mut found = Vec::new();
        for name in self.subscriptions_of(parts) {
            let id = path::subscription(&name, &self.places);
            let url = self.url(&format!("{id}/resourcegroups"), path::RESOURCES);
            for group in self.client.list(&url).await? {
                let own = json::text(&group, &["name"]).unwrap_or_default();
                let address = Address::new(Kind::ResourceGroup, &[&name, own]);
                if let (Ok(address), Some(settings)) = (address, groups::read_group(&group)) {
                    found.push(plain(address, settings));
                }
            }
        }
        Ok(found)
    }

    async fn databases(&self, server: &[&str; 3]) -> Result<Vec<Resource>, Fault> {
        let Ok(address) = Address::new(Kind::SqlServer, server) else {
            return Ok(Vec::new());
        };
        let (id, version) = path::id(&address, &self.places)?;
        let url = self.url(&format!("{id}/databases"), version);
        let mut found = Vec::new();
        for database in self.client.list(&url).await? {
            let Some(name) = sql::user_database(&database) else {
                continue;
            };
            let [subscription, group, server] = server;
            let parts = [*subscription, *group, *server, name];
            if let Ok(address) = Address::new(Kind::SqlDatabase, &parts) {
                found.push(plain(address, sql::read_database(&database)));
            }
        }
        Ok(found)
    }

    async fn containers_of(&self, account: &[&str; 3]) -> Result<Vec<Resource>, Fault> {
        let Ok(address) = Address::new(Kind::StorageAccount, account) else {
            return Ok(Vec::new());
        };
        let found = self.containers(&address).await?;
        Ok(found.into_iter().map(|(at, set)| plain(at, set)).collect())
    }

    async fn registry_containers(&self, place: &[&&str; 4]) -> Result<Vec<Resource>, Fault> {
        let at = |name: &str| {
            let parts: Vec<&str> = place.iter().map(|part| **part).chain([name]).collect();
            Address::new(Kind::RegistryContainer, &parts)
        };
        let Ok(any) = at("any") else {
            return Ok(Vec::new());
        };
        let (id, version) = path::id(&any, &self.places)?;
        let list = id.strip_suffix("/any").unwrap_or(&id);
        let found = self.client.list(&self.url(list, version)).await?;
        let read = found.iter().filter_map(|container| {
            let name = json::text(container, &["name"])?;
            Some(plain(at(name).ok()?, container::read(container)))
        });
        Ok(read.collect())
    }

    async fn measured(&self) -> Result<Vec<Resource>, Fault> {
        let all = self.measures(None).await?;
        Ok(all.into_iter().map(|(at, set)| plain(at, set)).collect())
    }

    /// Looks at whole subscriptions, quota groups or registries, and keeps what answers.
    async fn search(&self, query: &Query, parts: &[&str]) -> Result<Vec<Resource>, Fault> {
        let group_kind = matches!(
            query.kind,
            Some(Kind::QuotaGroup | Kind::GroupQuota | Kind::QuotaAllocation)
        );
        let mut scope = Scope::default();
        if group_kind {
            let pair = parts.first().zip(parts.get(1));
            let pair = pair.map(|(one, two)| ((*one).to_owned(), (*two).to_owned()));
            scope.quota_groups.extend(pair);
        } else {
            scope.subscriptions = self.subscriptions_of(parts);
            let all = query.kind.is_none() && parts.is_empty();
            scope.registry = self
                .places
                .registries
                .keys()
                .next()
                .filter(|_| all)
                .cloned()
                .unwrap_or_default();
        }
        let seen = self.look(&scope).await;
        let hidden = seen.gaps.iter().find(|gap| {
            let kind = gap.kind.is_none() || query.kind.is_none() || gap.kind == query.kind;
            let within = |one: &str, other: &str| {
                one.is_empty() || other == one || other.starts_with(&format!("{one}/"))
            };
            kind && (within(&gap.beneath, &query.beneath) || within(&query.beneath, &gap.beneath))
        });
        if let Some(gap) = hidden {
            let why = format!("beneath `{}`: {}", gap.beneath, gap.reason);
            return Err(Fault::new(gap.class, "NotSeen", why));
        }
        let mut found: Vec<Resource> = seen
            .resources
            .into_iter()
            .filter(|resource| query.admits(resource))
            .collect();
        if found.len() <= FEW {
            let mut fresh = Vec::new();
            for resource in found {
                let measured = matches!(
                    resource.address.kind(),
                    Kind::StampMetrics | Kind::TenantMetrics | Kind::RegistryItem
                );
                if measured {
                    fresh.push(resource);
                } else {
                    fresh.extend(self.fetch(&resource.address).await?);
                }
            }
            fresh.retain(|resource| query.admits(resource));
            found = fresh;
        }
        Ok(found)
    }
}

fn plain(address: Address, settings: stampctl_contract::Settings) -> Resource {
    Resource {
        address,
        settings,
        etag: None,
    }
}
