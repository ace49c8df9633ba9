//! `Microsoft.Cdn` (Front Door): profiles, endpoints, origin groups, routes, and origins with
//! their weights. Pure.

use serde_json::Value as Json;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::json;
use super::types::AT_ONCE;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Refusal;

pub(crate) const TYPES: &[Type] = &[
    opaque("Microsoft.Cdn/profiles", AT_ONCE, Some(Kind::Origin)),
    opaque("Microsoft.Cdn/profiles/afdEndpoints", AT_ONCE, None),
    opaque("Microsoft.Cdn/profiles/afdEndpoints/routes", AT_ONCE, None),
    opaque(
        "Microsoft.Cdn/profiles/originGroups",
        AT_ONCE,
        Some(Kind::Origin),
    ),
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

/// Origins have no tags: the world's are kept from what was there.
pub(crate) fn origin(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let enabled = json::text(body, "/properties/enabledState");
    let mut settings = json::settings([
        ("host", json::text(body, "/properties/hostName").into()),
        (
            "weight",
            json::int(body, "/properties/weight").unwrap_or(1000).into(),
        ),
        (
            "enabled",
            (!enabled.eq_ignore_ascii_case("Disabled")).into(),
        ),
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
    json::object(body, "properties")
        .entry("priority")
        .or_insert_with(|| 1.into());
    json::set(body, "weight", resource.int("weight"));
    let enabled = resource.truth("enabled").unwrap_or(true);
    json::set(
        body,
        "enabledState",
        if enabled { "Enabled" } else { "Disabled" },
    );
    json::set(body, "deploymentStatus", "NotStarted");
    if let Some(body) = body.as_object_mut() {
        body.remove("tags");
    }
}
