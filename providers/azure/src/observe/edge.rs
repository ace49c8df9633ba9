//! Ingress and the API gateway, which Resource Graph does not show: the lists of the origin groups
//! and services that the operator named.

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::Seen;
use crate::azure::Azure;
use crate::map::json;
use crate::map::path;
use crate::reads::read_plain;

/// The lists of a service and the kind of their items.
const LISTS: [(&str, Kind); 4] = [
    ("products", Kind::ApiProduct),
    ("users", Kind::ApiUser),
    ("subscriptions", Kind::ApiSubscription),
    ("policyFragments", Kind::ApiPolicy),
];

impl Azure {
    pub(super) async fn see_edge(&self, subscriptions: &[String], seen: &mut Seen) {
        for group in &self.places.origin_groups {
            let parts: Vec<&str> = group.iter().map(String::as_str).collect();
            if subscriptions.contains(&group[0]) {
                self.see_one(Kind::OriginGroup, &parts, seen).await;
                self.see_list(Kind::Origin, &parts, "", seen).await;
            }
        }
        for service in &self.places.gateways {
            let parts: Vec<&str> = service.iter().map(String::as_str).collect();
            if subscriptions.contains(&service[0]) {
                for (_, kind) in LISTS {
                    let format = if kind == Kind::ApiPolicy {
                        "?format=rawxml"
                    } else {
                        ""
                    };
                    self.see_list(kind, &parts, format, seen).await;
                }
            }
        }
    }

    /// The resource of one kind that is at `parts`, where there is one.
    async fn see_one(&self, kind: Kind, parts: &[&str], seen: &mut Seen) {
        let Ok(address) = Address::new(kind, parts) else {
            return;
        };
        match self.raw(&address).await {
            Err(fault) => seen.gap(Some(kind), address.path(), &fault),
            Ok(found) => {
                if let Some(settings) = found.and_then(|found| read_plain(kind, &found)) {
                    seen.add(address, settings);
                }
            }
        }
    }

    /// The resources of one kind that are beneath `parts`: the list that a resource of any name
    /// would be in.
    async fn see_list(&self, kind: Kind, parts: &[&str], query: &str, seen: &mut Seen) {
        let at = |name: &str| {
            let mut parts = parts.to_vec();
            parts.push(name);
            Address::new(kind, &parts)
        };
        let Ok(any) = at("any") else { return };
        let Ok((id, version)) = path::id(&any, &self.places) else {
            return;
        };
        let list = id.strip_suffix("/any").unwrap_or(&id);
        let url = self.url(&format!("{list}{query}"), version);
        match self.client.list(&url).await {
            Err(fault) => seen.gap(Some(kind), parts.join("/"), &fault),
            Ok(items) => {
                for item in &items {
                    let name = json::text(item, &["name"]).unwrap_or_default();
                    let name = name.rsplit('/').next().unwrap_or_default();
                    if let (Ok(address), Some(settings)) = (at(name), read_plain(kind, item)) {
                        seen.add(address, settings);
                    }
                }
            }
        }
    }
}
