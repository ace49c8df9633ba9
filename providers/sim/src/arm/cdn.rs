//! `Microsoft.Cdn` (Front Door): profiles, endpoints, origin groups, routes, and origins with
//! their weights. Pure.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::face::Face;
use super::json;
use super::path::Target;
use super::types::AT_ONCE;
use super::types::SLOW;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Refusal;

pub(crate) const TYPES: &[Type] = &[
    Type {
        name: "Microsoft.Cdn/profiles",
        kind: Some(Kind::IngressProfile),
        pick: &[0],
        flow: SLOW,
        implied: None,
        read: profile,
        write: show_profile,
    },
    Type {
        name: "Microsoft.Cdn/profiles/afdEndpoints",
        kind: Some(Kind::IngressEndpoint),
        pick: &[0, 1],
        flow: SLOW,
        implied: None,
        read: endpoint,
        write: show_endpoint,
    },
    opaque("Microsoft.Cdn/profiles/afdEndpoints/routes", AT_ONCE, None),
    Type {
        name: "Microsoft.Cdn/profiles/originGroups",
        kind: Some(Kind::OriginGroup),
        pick: &[0, 1],
        flow: SLOW,
        implied: None,
        read: origin_group,
        write: show_origin_group,
    },
    Type {
        name: "Microsoft.Cdn/profiles/originGroups/origins",
        kind: Some(Kind::Origin),
        pick: &[0, 1, 2],
        flow: AT_ONCE,
        implied: None,
        read: origin,
        write: show_origin,
    },
];

/// Front Door has no weight of 0: a disabled origin of one of these priorities stands for it, as
/// the provider writes it.
const OFF: i64 = 4;
const NO_WEIGHT: i64 = 5;

fn profile(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let sku = json::text(wanted.body, "/sku/name");
    if sku.is_empty() {
        return Err(Refusal::bad("BadRequest", "The sku is required."));
    }
    Ok(json::settings([
        ("sku", sku.into()),
        ("tags", json::tags(wanted.body)),
    ]))
}

fn show_profile(seen: &Seen<'_>, body: &mut Json) {
    body["location"] = "Global".into();
    body["sku"] = json!({ "name": seen.resource.text("sku") });
    json::set(body, "resourceState", "Active");
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn endpoint(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let state = json::text(wanted.body, "/properties/enabledState");
    let enabled = !state.eq_ignore_ascii_case("Disabled");
    Ok(json::settings([
        ("enabled", enabled.into()),
        ("tags", json::tags(wanted.body)),
    ]))
}

fn show_endpoint(seen: &Seen<'_>, body: &mut Json) {
    body["location"] = "Global".into();
    json::set(body, "hostName", seen.resource.text("host"));
    let enabled = seen.resource.truth("enabled").unwrap_or(true);
    let state = if enabled { "Enabled" } else { "Disabled" };
    json::set(body, "enabledState", state);
    json::set(body, "deploymentStatus", "NotStarted");
}

fn origin_group(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    if body.pointer("/properties/loadBalancingSettings").is_none() {
        let why = "The property 'loadBalancingSettings' is required.";
        return Err(Refusal::bad("BadRequest", why));
    }
    let Some(probe) = body.pointer("/properties/healthProbeSettings") else {
        return Ok(json::settings([("probe", "".into())]));
    };
    let path = json::text(probe, "/probePath");
    let interval = json::int(probe, "/probeIntervalInSeconds").unwrap_or(100);
    Ok(json::settings([
        ("probe", if path.is_empty() { "/" } else { path }.into()),
        ("interval", interval.into()),
    ]))
}

fn show_origin_group(seen: &Seen<'_>, body: &mut Json) {
    let inner = json::object(body, "properties");
    inner.entry("loadBalancingSettings").or_insert_with(|| {
        json!({
            "sampleSize": 4,
            "successfulSamplesRequired": 3,
            "additionalLatencyInMilliseconds": 50,
        })
    });
    let path = seen.resource.text("probe").unwrap_or_default();
    if path.is_empty() {
        inner.remove("healthProbeSettings");
    } else {
        let probe = json!({ "properties": { "healthProbeSettings": {
            "probePath": path, "probeIntervalInSeconds": seen.resource.int("interval") } } });
        json::merge(body, &probe);
    }
    json::set(body, "deploymentStatus", "NotStarted");
}

/// Refuses to take away a group of origins that a route leads to.
pub(crate) fn keep_routed(face: &Face, target: &Target, of: &Type) -> Result<(), Refusal> {
    if of.kind != Some(Kind::OriginGroup) {
        return Ok(());
    }
    let own = target.id(of.name);
    let (profile, _) = own.split_once("/originGroups/").unwrap_or((&own, ""));
    let beside = face.beside();
    let mut routes = beside.beneath(&format!("{profile}/afdEndpoints"));
    let leads = routes
        .find(|one| json::text(&one.body, "/properties/originGroup/id").eq_ignore_ascii_case(&own));
    match leads {
        Some(route) => {
            let why = format!("The origin group is used by the route '{}'.", route.id);
            Err(Refusal::new(409, "Conflict", why))
        }
        None => Ok(()),
    }
}

/// Origins have no tags: the world's are kept from what was there.
pub(crate) fn origin(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let disabled = json::text(body, "/properties/enabledState").eq_ignore_ascii_case("Disabled");
    let priority = json::int(body, "/properties/priority");
    let weight = json::int(body, "/properties/weight").unwrap_or(1000);
    if !(1..=1000).contains(&weight) || !(1..=5).contains(&priority.unwrap_or(1)) {
        let why = "Weight is within 1 and 1000, priority within 1 and 5.";
        return Err(Refusal::bad("BadRequest", why));
    }
    let (weight, enabled) = match (disabled, priority) {
        (true, Some(OFF)) => (0, false),
        (true, Some(NO_WEIGHT)) => (0, true),
        (disabled, _) => (weight, !disabled),
    };
    let mut settings = json::settings([
        ("host", json::text(body, "/properties/hostName").into()),
        ("weight", weight.into()),
        ("enabled", enabled.into()),
    ]);
    let tags = match wanted.old.and_then(|old| old.get("tags")) {
        Some(tags) => tags.clone(),
        None => Value::Map(std::collections::BTreeMap::new()),
    };
    settings.insert("tags".to_owned(), tags);
    Ok(settings)
}

fn show_origin(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let host = resource.text("host").unwrap_or_default();
    json::set(body, "hostName", host);
    json::object(body, "properties")
        .entry("originHostHeader")
        .or_insert_with(|| host.into());
    let weight = resource.int("weight").unwrap_or(1000);
    let enabled = resource.truth("enabled").unwrap_or(true);
    let priority = match (weight, enabled) {
        (0, false) => Some(OFF),
        (0, true) => Some(NO_WEIGHT),
        _ => None,
    };
    let kept = json::int(body, "/properties/priority").unwrap_or(1);
    json::set(body, "priority", priority.unwrap_or(kept));
    json::set(body, "weight", weight.max(1));
    let serves = enabled && weight > 0;
    json::set(
        body,
        "enabledState",
        if serves { "Enabled" } else { "Disabled" },
    );
    json::set(body, "deploymentStatus", "NotStarted");
    if let Some(body) = body.as_object_mut() {
        body.remove("tags");
    }
}
