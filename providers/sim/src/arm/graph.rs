//! Resource Graph: pages of rows over many subscriptions, as old as the world lets `observe` be.
//!
//! Of the query language this knows the table's name, `where type =~ 'x'`, `where type in~ (...)`,
//! `project` of columns (`subscriptionId` among them) and, of machines, the count by power.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Resource;
use stampctl_contract::Scope;

use super::engine;
use super::face::Face;
use super::ids;
use super::json;
use super::network;
use super::path::group_id;
use super::reservation;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// The most rows of one page.
const PAGE: u64 = 1000;

/// A query, as far as it is understood.
struct Query {
    table: String,
    /// Lower-cased; empty is all.
    types: Vec<String>,
    columns: Vec<String>,
}

/// Answers `POST /providers/Microsoft.ResourceGraph/resources`.
pub(crate) fn answer(face: &Face, request: &Request) -> Answer {
    if request.method != "POST" {
        return Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        ));
    }
    let query = parse(json::text(&request.body, "/query"));
    let mut names = Vec::new();
    for id in json::texts(&request.body, "/subscriptions") {
        // A subscription that is not there has no rows.
        names.extend(face.subscription_name(&id));
    }
    if request.body.get("subscriptions").is_none() {
        let all = face.list(Kind::Subscription, "")?;
        names.extend(all.iter().map(|one| one.address.name().to_owned()));
    }
    let scope = Scope {
        subscriptions: names,
        ..Scope::default()
    };
    let seen = face.look(|world| world.observe(&scope, Vec::new()))?;
    let mut rows = rows(face, &query, &seen.resources)?;
    rows.sort_by_cached_key(|row| json::text(row, "/id").to_ascii_lowercase());
    page(request, &rows)
}

fn page(request: &Request, rows: &[Json]) -> Answer {
    let options = request
        .body
        .get("options")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let top = options
        .get("$top")
        .and_then(Json::as_u64)
        .unwrap_or(100)
        .clamp(1, PAGE);
    let token = json::text(&options, "/$skipToken");
    let from: usize = if token.is_empty() {
        0
    } else {
        let read = token
            .strip_prefix("skip-")
            .and_then(|from| from.parse().ok());
        read.ok_or_else(|| Refusal::bad("BadRequest", "the $skipToken is invalid"))?
    };
    let size = usize::try_from(top).unwrap_or(1);
    let data: Vec<Json> = rows.iter().skip(from).take(size).cloned().collect();
    let until = from + data.len();
    let more = until < rows.len();
    let mut body = json!({
        "totalRecords": rows.len(),
        "count": data.len(),
        "resultTruncated": if more { "true" } else { "false" },
        "data": data,
        "facets": [],
    });
    if more {
        body["$skipToken"] = format!("skip-{until}").into();
    }
    Ok(Reply::json(200, body)
        .with("x-ms-user-quota-remaining", "14")
        .with("x-ms-user-quota-resets-after", "00:00:05"))
}

fn parse(text: &str) -> Query {
    let mut stages = text.split('|').map(str::trim);
    let table = stages.next().unwrap_or_default().to_ascii_lowercase();
    let mut query = Query {
        table,
        types: Vec::new(),
        columns: Vec::new(),
    };
    for stage in stages {
        if let Some(condition) = stage.strip_prefix("where type") {
            let quoted = condition.split('\'').skip(1).step_by(2);
            query.types = quoted.map(str::to_ascii_lowercase).collect();
        }
        if let Some(columns) = stage.strip_prefix("project ") {
            query.columns = columns
                .split(',')
                .map(|column| column.trim().to_owned())
                .collect();
        }
    }
    query
}

fn rows(face: &Face, query: &Query, seen: &[Resource]) -> Result<Vec<Json>, Refusal> {
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let mut rows = Vec::new();
    for resource in seen {
        let name = resource.address.part("subscription").unwrap_or_default();
        if !ids.contains_key(name) {
            ids.insert(name, face.subscription_id(name)?);
        }
        let id = &ids[name];
        match query.table.as_str() {
            "resourcecontainers" => rows.extend(container(resource, id)),
            "resources" => rows.extend(shown(face, resource, id)?),
            "computeresources" => rows.extend(machines(resource, id)),
            other => {
                let why = format!("the table '{other}' is not known");
                return Err(Refusal::bad("InvalidQuery", why));
            }
        }
    }
    if query.table == "computeresources" {
        return Ok(rows);
    }
    if query.table == "resources" {
        rows.extend(network::rows(face, seen)?);
    }
    rows.retain(|row| {
        let of = json::text(row, "/type").to_ascii_lowercase();
        query.types.is_empty() || query.types.contains(&of)
    });
    for row in &mut rows {
        if let Some(row) = row.as_object_mut().filter(|_| !query.columns.is_empty()) {
            row.retain(|name, _| query.columns.iter().any(|column| column == name));
        }
    }
    Ok(rows)
}

fn container(resource: &Resource, subscription: &str) -> Option<Json> {
    match resource.address.kind() {
        Kind::Subscription => {
            let state = match resource.text("state") {
                Some("cancelled" | "deleted" | "disabled") => "Disabled",
                _ => "Enabled",
            };
            Some(json!({
                "id": format!("/subscriptions/{subscription}"),
                "name": resource.address.name(),
                "type": "microsoft.resources/subscriptions",
                "subscriptionId": subscription,
                "tags": {},
                "properties": { "state": state, "subscriptionId": subscription },
            }))
        }
        Kind::ResourceGroup => Some(json!({
            "id": group_id(subscription, resource.address.name()),
            "name": resource.address.name(),
            "type": "microsoft.resources/subscriptions/resourcegroups",
            "location": resource.text("region"),
            "tags": resource.get("tags").map(json::from_value),
            "subscriptionId": subscription,
            "properties": { "provisioningState": "Succeeded" },
        })),
        _ => None,
    }
}

fn shown(face: &Face, resource: &Resource, subscription: &str) -> Result<Vec<Json>, Refusal> {
    let at = &resource.address;
    // What Resource Graph does not index: children of API Management, containers, locks.
    if !matches!(
        at.kind(),
        Kind::CapacityReservation
            | Kind::ScaleSet
            | Kind::Cluster
            | Kind::SqlServer
            | Kind::ElasticPool
            | Kind::SqlDatabase
            | Kind::StorageAccount
            | Kind::IngressProfile
            | Kind::IngressEndpoint
            | Kind::Alert
    ) {
        return Ok(Vec::new());
    }
    let mut rows = if at.kind() == Kind::CapacityReservation {
        reservation::rows(face, resource, subscription)?
    } else {
        let found = ids::target_of(at, subscription);
        found
            .map(|(of, target)| engine::view_of(face, &target, of, resource))
            .into_iter()
            .collect()
    };
    for row in &mut rows {
        row["subscriptionId"] = subscription.into();
        row["type"] = json::text(row, "/type").to_ascii_lowercase().into();
    }
    Ok(rows)
}

/// The machines of a scale set, counted by their power.
fn machines(resource: &Resource, subscription: &str) -> Option<Json> {
    if resource.address.kind() != Kind::ScaleSet {
        return None;
    }
    let count = resource.int("instances").filter(|count| *count > 0)?;
    let group = group_id(subscription, resource.address.part("resource_group")?);
    let set = format!(
        "{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{}",
        resource.address.name()
    );
    let set = set.to_ascii_lowercase();
    let power = match resource.text("power") {
        Some("deallocated") => "PowerState/deallocated",
        _ => "PowerState/running",
    };
    Some(json!({ "id": format!("{set}/{power}"), "set": set, "power": power, "count": count }))
}
