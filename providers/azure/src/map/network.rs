//! Traffic Manager endpoints, and backend pools of Application Gateways. Pure.
//!
//! A pool is a part of its gateway's document, and the service takes the document only as a whole.
//! So a pool is written by reading the gateway, changing the one pool and putting all of it back
//! with the `etag` that was read. Whoever else wrote meanwhile is not undone (S50).

use std::net::IpAddr;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use crate::fault::permanent;
use crate::step::Condition;
use crate::step::Step;

/// What only the service writes, wherever it stands in a gateway's properties.
const READ_ONLY: [&str; 5] = [
    "provisioningState",
    "operationalState",
    "resourceGuid",
    "backendIPConfigurations",
    "privateEndpointConnections",
];

/// Creates an external endpoint, or makes it what `settings` say.
pub fn put_endpoint(id: &str, settings: &Settings, now: Option<&Json>) -> Mapped<Step> {
    let (host, weight) = (
        schema::text(settings, "host"),
        schema::int(settings, "weight"),
    );
    if host.is_empty() || !(1..=1000).contains(&weight) {
        let why = format!("weight {weight} is not within 1..1000, or there is no `host`");
        return Err(permanent("InvalidWeight", why));
    }
    let enabled = settings.get("enabled").and_then(Value::as_bool);
    let status = if enabled.unwrap_or(true) {
        "Enabled"
    } else {
        "Disabled"
    };
    let body = json!({"properties": {
        "target": host, "weight": weight, "endpointStatus": status,
    }});
    Ok(match now {
        Some(_) => Step::patch(id, path::TRAFFIC, body),
        None => Step::put(id, path::TRAFFIC, body),
    })
}

/// An external endpoint.
pub fn read_endpoint(endpoint: &Json) -> Settings {
    let mut settings = Settings::new();
    let inner = |name: &str| json::text(endpoint, &["properties", name]);
    json::set(&mut settings, "host", inner("target"));
    let weight = json::int(endpoint, &["properties", "weight"]);
    json::set(&mut settings, "weight", weight);
    let enabled = inner("endpointStatus").map(|it| it.eq_ignore_ascii_case("Enabled"));
    json::set(&mut settings, "enabled", enabled);
    settings
}

/// The id of a pool's gateway.
pub fn gateway_of(pool: &str) -> &str {
    pool.split("/backendAddressPools/").next().unwrap_or(pool)
}

/// Writes a pool of these members into its gateway.
pub fn put_pool(id: &str, name: &str, settings: &Settings, gateway: &Json) -> Mapped<Step> {
    let members = settings.get("members").and_then(Value::as_list);
    let mut list = Vec::new();
    for member in members.unwrap_or(&[]) {
        let member = member.as_str().filter(|member| !member.is_empty());
        let member = member.ok_or_else(|| {
            permanent(
                "InvalidParameter",
                "a member of a pool is a host name or an address",
            )
        })?;
        list.push(match member.parse::<IpAddr>() {
            Ok(_) => json!({"ipAddress": member}),
            Err(_) => json!({"fqdn": member}),
        });
    }
    let mut body = writable(gateway);
    let pools = pools_of(&mut body);
    match pools.iter_mut().find(|pool| is_called(pool, name)) {
        Some(pool) => pool["properties"]["backendAddresses"] = list.into(),
        None => pools.push(json!({"name": name, "properties": {"backendAddresses": list}})),
    }
    Ok(whole(id, body, gateway))
}

/// Takes a pool out of its gateway; nothing where it is not in it.
pub fn delete_pool(id: &str, name: &str, gateway: &Json) -> Option<Step> {
    let mut body = writable(gateway);
    let pools = pools_of(&mut body);
    let before = pools.len();
    pools.retain(|pool| !is_called(pool, name));
    (pools.len() < before).then(|| whole(id, body, gateway))
}

/// A pool of a gateway's document.
pub fn pool<'a>(gateway: &'a Json, name: &str) -> Option<&'a Json> {
    let pools = json::list(gateway, &["properties", "backendAddressPools"]);
    pools.iter().find(|pool| is_called(pool, name))
}

/// A pool.
pub fn read_pool(pool: &Json) -> Settings {
    let members = json::list(pool, &["properties", "backendAddresses"]).iter();
    let members = members
        .filter_map(|it| json::text(it, &["fqdn"]).or_else(|| json::text(it, &["ipAddress"])));
    let members = Value::List(members.map(Value::text).collect());
    Settings::from([("members".to_owned(), members)])
}

fn is_called(pool: &Json, name: &str) -> bool {
    json::text(pool, &["name"]).is_some_and(|it| it.eq_ignore_ascii_case(name))
}

fn whole(id: &str, body: Json, gateway: &Json) -> Step {
    let put = Step::put(gateway_of(id), path::NETWORK, body);
    match json::text(gateway, &["etag"]) {
        Some(etag) => put.when(Condition::IfMatch, etag),
        None => put,
    }
}

/// The pools of a body, to be changed.
fn pools_of(body: &mut Json) -> &mut Vec<Json> {
    let pools = &mut body["properties"]["backendAddressPools"];
    if !pools.is_array() {
        *pools = Json::Array(Vec::new());
    }
    match pools {
        Json::Array(pools) => pools,
        _ => unreachable!("it was made a list above"),
    }
}

/// A gateway without what only the service writes.
fn writable(gateway: &Json) -> Json {
    let keys = ["location", "zones", "identity", "properties", "tags"];
    let top = keys.iter().filter_map(|key| {
        let value = gateway.get(*key).filter(|value| !value.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    let mut body = Json::Object(top.collect());
    if let Some(inner) = body.get_mut("properties") {
        strip(inner);
    }
    if !body["properties"].is_object() {
        body["properties"] = json!({});
    }
    body
}

/// Takes away, at every depth, what only the service writes: of each part its version and type.
fn strip(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(strip),
        Json::Object(fields) => {
            fields.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
            if fields.contains_key("properties") {
                fields.retain(|name, _| !["etag", "type"].contains(&name.as_str()));
            }
            fields.values_mut().for_each(strip);
        }
        _ => {}
    }
}
