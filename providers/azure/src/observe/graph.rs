//! What Resource Graph tells: subscriptions, resource groups, and resources beneath them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;

use super::Seen;
use crate::azure::Azure;
use crate::fault;
use crate::fault::permanent;
use crate::map::graph;
use crate::map::groups;
use crate::map::json;
use crate::map::kubernetes;
use crate::map::path;
use crate::map::reservation;
use crate::map::scale_set;
use crate::map::sku::Catalogue;
use crate::reads::read_plain;
use crate::text::fold;
use crate::text::region;
use crate::throttle::Class;
use crate::wire::Body;
use crate::wire::Method;

/// A store of rows that never ends is stopped here.
const MOST_PAGES: usize = 10_000;
const RESERVATIONS: &str = "microsoft.compute/capacityreservationgroups/capacityreservations";

impl Azure {
    /// All rows that answer a query, each once.
    pub(crate) async fn rows(
        &self,
        subscriptions: &[String],
        query: &str,
    ) -> Result<Vec<Json>, Fault> {
        let mut rows = BTreeMap::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let path = "/providers/Microsoft.ResourceGraph/resources";
            let mut ask = self
                .client
                .manager(Method::Post, &self.url(path, path::GRAPH), "graph");
            ask.class = Class::Graph;
            ask.asks = true;
            ask.body = Body::Json(graph::body(subscriptions, query, token.as_deref()));
            let answer = self.client.send(&ask).await?;
            if !answer.ok() {
                return Err(fault::of_response(Method::Get, &answer));
            }
            if answer.header("x-ms-tenant-subscription-limit-hit") == Some("true") {
                return Err(permanent(
                    "SubscriptionLimit",
                    "Resource Graph cut subscriptions off",
                ));
            }
            let body = answer.json().unwrap_or(Json::Null);
            let (page, next) = graph::page(&body);
            for row in page {
                if let Some(id) = json::text(row, &["id"]) {
                    rows.insert(fold(id), row.clone());
                }
            }
            match next {
                None => return Ok(rows.into_values().collect()),
                Some(next) => token = Some(next.to_owned()),
            }
        }
        Err(permanent(
            "EndlessList",
            "Resource Graph's pages do not end",
        ))
    }

    pub(super) async fn see_graph(&self, subscriptions: &[String], seen: &mut Seen) {
        for chunk in subscriptions.chunks(graph::MOST_SUBSCRIPTIONS) {
            let ids: Vec<String> = chunk
                .iter()
                .map(|name| self.places.subscription(name).to_owned())
                .collect();
            let found = self.rows(&ids, graph::CONTAINERS).await;
            let found = match found {
                Ok(containers) => self
                    .rows(&ids, graph::RESOURCES)
                    .await
                    .map(|resources| (containers, resources)),
                Err(fault) => Err(fault),
            };
            match found {
                Err(fault) => {
                    for name in chunk {
                        seen.gap(None, name.as_str(), &fault);
                    }
                }
                Ok((containers, resources)) => {
                    let groups = self.see_places(chunk, &containers, seen);
                    self.see_resources(chunk, &ids, &resources, &groups, seen)
                        .await;
                }
            }
        }
    }

    /// Subscriptions and groups. Gives the groups' own spelling, because ids shout (S60). A
    /// subscription that is asked for and not answered is not readable: a gap.
    fn see_places(
        &self,
        asked: &[String],
        rows: &[Json],
        seen: &mut Seen,
    ) -> BTreeMap<String, String> {
        let mut groups = BTreeMap::new();
        let mut known = Vec::new();
        for row in rows {
            let id = json::text(row, &["id"]).unwrap_or_default();
            let Some(address) = path::address(id, &self.places) else {
                continue;
            };
            match address.kind() {
                Kind::Subscription => {
                    known.push(address.name().to_owned());
                    seen.add(address, groups::read_subscription(row));
                }
                Kind::ResourceGroup => {
                    let name = json::text(row, &["name"]).unwrap_or(address.name());
                    groups.insert(fold(id), name.to_owned());
                    let subscription = address.part("subscription").unwrap_or_default();
                    let Ok(address) = Address::new(Kind::ResourceGroup, &[subscription, name])
                    else {
                        continue;
                    };
                    if let Some(settings) = groups::read_group(row) {
                        let at = json::text(row, &["location"]).map(region);
                        let regions = seen.regions.entry(subscription.to_owned()).or_default();
                        regions.extend(at);
                        seen.add(address, settings);
                    }
                }
                _ => {}
            }
        }
        for name in asked.iter().filter(|name| !known.contains(name)) {
            let why = "Resource Graph does not show it; it is absent, or not readable";
            let fault = Fault::new(FaultClass::Denied, "SubscriptionNotSeen", why);
            seen.gap(None, name.as_str(), &fault);
        }
        groups
    }

    async fn see_resources(
        &self,
        names: &[String],
        ids: &[String],
        rows: &[Json],
        groups: &BTreeMap<String, String>,
        seen: &mut Seen,
    ) {
        let sets = rows
            .iter()
            .any(|row| graph::is(row, "microsoft.compute/virtualmachinescalesets"));
        let views = if sets {
            match self.rows(ids, graph::MACHINES).await {
                Ok(machines) => graph::views(&machines),
                Err(fault) => {
                    for name in names {
                        seen.gap(Some(Kind::Health), name.as_str(), &fault);
                    }
                    BTreeMap::new()
                }
            }
        } else {
            BTreeMap::new()
        };
        let attached = self.see_attached(rows, seen).await;
        let mut machines: BTreeMap<Address, (i64, i64)> = BTreeMap::new();
        let held: Vec<Json> = rows.iter().flat_map(graph::within).collect();
        for row in rows.iter().chain(&held) {
            let id = json::text(row, &["id"]).unwrap_or_default();
            let Some(address) = self.spelled(id, groups) else {
                continue;
            };
            let settings = match address.kind() {
                Kind::CapacityReservation => {
                    let group = attached.get(&fold(id)).unwrap_or(row).clone();
                    let found = reservation::Found {
                        reservations: members(rows, id),
                        group,
                    };
                    let unknown = reservation::unknown_size(&found).is_some();
                    let sizes = self.sizes_of(unknown, &address, row, seen).await;
                    reservation::read(&found, &sizes)
                }
                Kind::ScaleSet => {
                    let view = views.get(&fold(id)).cloned().unwrap_or(Json::Null);
                    let (running, all) = scale_set::counts(&view);
                    if let Some(group) = group_of(&address) {
                        let sum = machines.entry(group).or_default();
                        *sum = (sum.0 + running, sum.1 + all);
                    }
                    let unknown = scale_set::unknown_size(row).is_some();
                    let sizes = self.sizes_of(unknown, &address, row, seen).await;
                    let found = scale_set::Found {
                        model: row.clone(),
                        view,
                    };
                    Some(scale_set::read(&found, &sizes, &self.places))
                }
                Kind::NodePool => {
                    let unknown = kubernetes::unknown_size(row).is_some();
                    let sizes = self.sizes_of(unknown, &address, row, seen).await;
                    let location = json::text(row, &["location"]).map(str::to_owned);
                    let found = kubernetes::Found {
                        pool: row.clone(),
                        location,
                    };
                    Some(kubernetes::read_pool(&found, &sizes, &self.places))
                }
                Kind::SqlDatabase if address.name() == "master" => None,
                kind => read_plain(kind, row),
            };
            if let Some(settings) = settings {
                seen.add(address, settings);
            }
        }
        Self::derive_health(seen, &machines);
    }

    /// The groups of reservations with the machines that use them: a list for each subscription
    /// that has any, because Resource Graph does not tell.
    async fn see_attached(&self, rows: &[Json], seen: &mut Seen) -> BTreeMap<String, Json> {
        let mut attached = BTreeMap::new();
        let mut subscriptions: Vec<String> = rows
            .iter()
            .filter(|row| graph::is(row, "microsoft.compute/capacityreservationgroups"))
            .filter_map(|row| path::address(json::text(row, &["id"])?, &self.places))
            .filter_map(|address| address.part("subscription").map(str::to_owned))
            .collect();
        subscriptions.sort();
        subscriptions.dedup();
        for name in subscriptions {
            let id = path::subscription(&name, &self.places);
            let path = format!(
                "{id}/providers/Microsoft.Compute/capacityReservationGroups\
                 ?$expand=virtualMachineScaleSetVMs/$ref"
            );
            match self.client.list(&self.url(&path, path::COMPUTE)).await {
                Err(fault) => seen.gap(Some(Kind::CapacityReservation), name, &fault),
                Ok(groups) => {
                    for mut group in groups {
                        let Some(id) = json::text(&group, &["id"]).map(fold) else {
                            continue;
                        };
                        // Asked for and not there: nothing uses it.
                        if json::at(&group, &["properties", "virtualMachinesAssociated"]).is_none()
                        {
                            let none = serde_json::json!({"properties":
                                {"virtualMachinesAssociated": []}});
                            group = json::over(group, none);
                        }
                        attached.insert(id, group);
                    }
                }
            }
        }
        attached
    }

    async fn sizes_of(
        &self,
        unknown: bool,
        address: &Address,
        row: &Json,
        seen: &mut Seen,
    ) -> Arc<Catalogue> {
        let region = json::text(row, &["location"]).map(region);
        let subscription = address.part("subscription").unwrap_or_default();
        let Some(region) = region.filter(|_| unknown) else {
            return Arc::default();
        };
        match self.sizes(subscription, &region).await {
            Ok(sizes) => sizes,
            Err(fault) => {
                seen.gap(Some(address.kind()), address.path(), &fault);
                Arc::default()
            }
        }
    }

    /// The address of an id, its resource group spelled as the group itself is.
    fn spelled(&self, id: &str, groups: &BTreeMap<String, String>) -> Option<Address> {
        let address = path::address(id, &self.places)?;
        let prefix: Vec<&str> = id.split('/').take(5).collect();
        let Some(own) = groups.get(&fold(&prefix.join("/"))) else {
            return Some(address);
        };
        let mut parts: Vec<&str> = address.parts().collect();
        *parts.get_mut(1)? = own;
        Address::new(address.kind(), &parts).ok()
    }
}

/// The reservations of a group.
fn members(rows: &[Json], group: &str) -> Vec<Json> {
    let prefix = format!("{}/", fold(group));
    let inside = rows.iter().filter(|row| {
        graph::is(row, RESERVATIONS)
            && json::text(row, &["id"]).is_some_and(|id| fold(id).starts_with(&prefix))
    });
    inside.cloned().collect()
}

fn group_of(address: &Address) -> Option<Address> {
    let parts: Vec<&str> = address.parts().take(2).collect();
    Address::new(Kind::ResourceGroup, &parts).ok()
}
