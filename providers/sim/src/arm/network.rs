//! `Microsoft.Network`: Traffic Manager with its endpoints, and Application Gateways, whose backend
//! pools are parts of the gateway's own body. What else they have is kept as it is put.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::engine;
use super::face::Face;
use super::face::address;
use super::json;
use super::path::Target;
use super::path::group_id;
use super::types::AT_ONCE;
use super::types::SLOW;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Refusal;
use super::wire::Request;

/// The type whose body holds pools.
pub(crate) const GATEWAY: &str = "Microsoft.Network/applicationGateways";
const PROFILE: &str = "Microsoft.Network/trafficmanagerprofiles";

const ENDPOINT: Type = Type {
    name: "Microsoft.Network/trafficmanagerprofiles/externalEndpoints",
    kind: Some(Kind::TrafficEndpoint),
    pick: &[0, 1],
    flow: AT_ONCE,
    implied: None,
    read: endpoint,
    write: show_endpoint,
};

pub(crate) const TYPES: &[Type] = &[
    opaque(PROFILE, AT_ONCE, Some(Kind::TrafficEndpoint)),
    ENDPOINT,
    opaque(
        "Microsoft.Network/trafficmanagerprofiles/azureEndpoints",
        AT_ONCE,
        None,
    ),
    opaque(
        "Microsoft.Network/trafficmanagerprofiles/nestedEndpoints",
        AT_ONCE,
        None,
    ),
    opaque(GATEWAY, SLOW, Some(Kind::GatewayPool)),
    opaque("Microsoft.Network/virtualNetworks", AT_ONCE, None),
];

fn endpoint(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let host = json::text(body, "/properties/target");
    let weight = json::int(body, "/properties/weight").unwrap_or(1);
    if host.is_empty() || !(1..=1000).contains(&weight) {
        let why = "An external endpoint has a target, and a weight within 1 and 1000.";
        return Err(Refusal::bad("BadRequest", why));
    }
    let state = json::text(body, "/properties/endpointStatus");
    Ok(json::settings([
        ("host", host.into()),
        ("weight", weight.into()),
        ("enabled", (!state.eq_ignore_ascii_case("Disabled")).into()),
    ]))
}

fn show_endpoint(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let enabled = resource.truth("enabled").unwrap_or(true);
    json::set(body, "target", resource.text("host"));
    json::set(body, "weight", resource.int("weight").unwrap_or(1));
    let (status, monitor) = if enabled {
        ("Enabled", "CheckingEndpoint")
    } else {
        ("Disabled", "Disabled")
    };
    json::set(body, "endpointStatus", status);
    json::set(body, "endpointMonitorStatus", monitor);
    json::object(body, "properties")
        .entry("priority")
        .or_insert_with(|| 1.into());
}

/// Lays what the world has within a profile or a gateway into its body.
pub(crate) fn fill(
    face: &Face,
    target: &Target,
    of: &Type,
    body: &mut Json,
) -> Result<(), Refusal> {
    match of.name {
        PROFILE => {
            let mut inner = Target::clone(target);
            inner.types.push("externalEndpoints".to_owned());
            let endpoints = engine::members(face, &inner, &ENDPOINT)?;
            if !endpoints.is_empty() {
                json::set(body, "endpoints", endpoints);
            }
            body["location"] = "global".into();
        }
        GATEWAY => {
            let pools = face.list(Kind::GatewayPool, &prefix(face, target)?)?;
            let known = body.pointer("/properties/backendAddressPools").cloned();
            let known = known.unwrap_or_else(|| json!([]));
            let pools = pools.iter().map(|pool| {
                let under = known.as_array().into_iter().flatten();
                let name = pool.address.name();
                let mut under = under.filter(|one| is_called(one, name));
                show_pool(&target.id(GATEWAY), pool, under.next())
            });
            let pools: Vec<Json> = pools.collect();
            json::set(body, "backendAddressPools", pools);
            if body.get("location").is_none() {
                body["location"] = face.location_of(target).into();
            }
        }
        _ => {}
    }
    Ok(())
}

/// Makes the world's pools those of a gateway's body: the whole resource is written at once.
pub(crate) fn absorb(
    face: &Face,
    request: &Request,
    target: &Target,
    of: &Type,
    body: &Json,
) -> Result<(), Refusal> {
    if of.name != GATEWAY {
        return Ok(());
    }
    let above = prefix(face, target)?;
    let pools = body.pointer("/properties/backendAddressPools");
    let pools = pools.and_then(Json::as_array).into_iter().flatten();
    let mut wanted: BTreeMap<Address, Settings> = BTreeMap::new();
    for pool in pools {
        let mut parts: Vec<&str> = above.split('/').collect();
        parts.push(json::text(pool, "/name"));
        let at = address(Kind::GatewayPool, &parts)?;
        wanted.insert(at, json::settings([("members", members(pool))]));
    }
    let names: Vec<&str> = wanted.keys().map(Address::name).collect();
    if let Some(id) = dangling(body, &names) {
        let why = format!(
            "Resource {id} referenced by resource {} was not found.",
            target.id(GATEWAY)
        );
        return Err(Refusal::bad("InvalidResourceReference", why));
    }
    let there = face.list(Kind::GatewayPool, &above)?;
    for gone in there
        .iter()
        .filter(|one| !wanted.contains_key(&one.address))
    {
        face.perform(&gone.address, Verb::Delete, Precondition::Any, request)?;
    }
    for (at, settings) in wanted {
        let same = |one: &&Resource| one.address == at && one.settings == settings;
        if there.iter().find(same).is_none() {
            face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
        }
    }
    Ok(())
}

/// A pool that a body points at and does not have.
fn dangling<'a>(body: &'a Json, names: &[&str]) -> Option<&'a str> {
    match body {
        Json::String(id) => {
            let (_, name) = id.rsplit_once("/backendAddressPools/")?;
            let known = names.iter().any(|it| it.eq_ignore_ascii_case(name));
            (!known).then_some(id)
        }
        Json::Array(items) => items.iter().find_map(|item| dangling(item, names)),
        Json::Object(fields) => fields.values().find_map(|field| dangling(field, names)),
        _ => None,
    }
}

/// Deletes from the world what goes with what is only kept beside it.
pub(crate) fn dissolve(
    face: &Face,
    request: &Request,
    target: &Target,
    of: &Type,
) -> Result<(), Refusal> {
    let kind = match of.name {
        PROFILE => Kind::TrafficEndpoint,
        GATEWAY => Kind::GatewayPool,
        "Microsoft.DocumentDB/databaseAccounts"
        | "Microsoft.DocumentDB/databaseAccounts/sqlDatabases" => Kind::RegistryContainer,
        _ => return Ok(()),
    };
    for one in face.list(kind, &prefix(face, target)?)? {
        face.perform(&one.address, Verb::Delete, Precondition::Any, request)?;
    }
    Ok(())
}

/// Where in the world the parts are of what is kept beside it.
fn prefix(face: &Face, target: &Target) -> Result<String, Refusal> {
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    Ok(format!("{}/{}", group.path(), target.names.join("/")))
}

fn is_called(one: &Json, name: &str) -> bool {
    json::text(one, "/name").eq_ignore_ascii_case(name)
}

/// The members of a pool's body: names, and addresses.
fn members(pool: &Json) -> Value {
    let list = pool.pointer("/properties/backendAddresses");
    let list = list.and_then(Json::as_array).into_iter().flatten();
    let named = list.map(|one| match json::text(one, "/fqdn") {
        "" => json::text(one, "/ipAddress").into(),
        name => name.into(),
    });
    Value::List(named.collect())
}

fn show_pool(gateway: &str, pool: &Resource, under: Option<&Json>) -> Json {
    let name = pool.address.name();
    let mut body = under.cloned().unwrap_or_else(|| json!({}));
    body["id"] = format!("{gateway}/backendAddressPools/{name}").into();
    body["name"] = name.into();
    let members = pool.get("members").and_then(Value::as_list).unwrap_or(&[]);
    let members = members.iter().filter_map(Value::as_str);
    let members = members.map(|member| match member.parse::<IpAddr>() {
        Ok(_) => json!({ "ipAddress": member }),
        Err(_) => json!({ "fqdn": member }),
    });
    let members: Vec<Json> = members.collect();
    json::set(&mut body, "backendAddresses", members);
    json::set(&mut body, "provisioningState", "Succeeded");
    body
}

/// The rows of Resource Graph of the profiles and gateways that hold these resources.
pub(crate) fn rows(face: &Face, seen: &[Resource]) -> Result<Vec<Json>, Refusal> {
    let mut rows: BTreeMap<String, Json> = BTreeMap::new();
    for resource in seen {
        let at = &resource.address;
        let (of, list) = match at.kind() {
            Kind::TrafficEndpoint => (PROFILE, "endpoints"),
            Kind::GatewayPool => (GATEWAY, "backendAddressPools"),
            _ => continue,
        };
        let parts: Vec<&str> = at.parts().collect();
        let [name, group, owner, own] = parts.as_slice() else {
            continue;
        };
        let subscription = face.subscription_id(name)?;
        let id = format!("{}/providers/{of}/{owner}", group_id(&subscription, group));
        let item = if of == GATEWAY {
            show_pool(&id, resource, None)
        } else {
            let word = ["trafficmanagerprofiles", "externalEndpoints"];
            let rest = [word[0], owner, word[1], own].map(str::to_owned);
            let target = Target::new(&subscription, group, "Microsoft.Network", &rest);
            engine::view_of(face, &target, &ENDPOINT, resource)
        };
        let row = rows.entry(id.clone()).or_insert_with(|| {
            json!({
                "id": id, "name": owner, "type": of.to_ascii_lowercase(),
                "subscriptionId": subscription, "location": "global", "properties": { list: [] },
            })
        });
        if let Some(items) = row["properties"][list].as_array_mut() {
            items.push(item);
        }
    }
    Ok(rows.into_values().collect())
}
