//! `Microsoft.ApiManagement`: users, products, subscriptions and policies. Pure.

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::json;
use super::types::AT_ONCE;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Refusal;

pub(crate) const TYPES: &[Type] = &[
    opaque(
        "Microsoft.ApiManagement/service",
        AT_ONCE,
        Some(Kind::ApiUser),
    ),
    Type {
        name: "Microsoft.ApiManagement/service/products",
        kind: Some(Kind::ApiProduct),
        pick: &[0, 1],
        flow: AT_ONCE,
        implied: None,
        read: product,
        write: show_product,
    },
    Type {
        name: "Microsoft.ApiManagement/service/users",
        kind: Some(Kind::ApiUser),
        pick: &[0, 1],
        flow: AT_ONCE,
        implied: None,
        read: user,
        write: show_user,
    },
    Type {
        name: "Microsoft.ApiManagement/service/subscriptions",
        kind: Some(Kind::ApiSubscription),
        pick: &[0, 1],
        flow: AT_ONCE,
        implied: None,
        read: subscription,
        write: show_subscription,
    },
    policy("Microsoft.ApiManagement/service/policies", &[0, 1]),
    policy("Microsoft.ApiManagement/service/policyFragments", &[0, 1]),
    policy("Microsoft.ApiManagement/service/products/policies", &[0, 1]),
    policy(
        "Microsoft.ApiManagement/service/subscriptions/policies",
        &[0, 1],
    ),
];

/// A policy: of the service under its own name, else under that of what it is the policy of.
const fn policy(name: &'static str, pick: &'static [usize]) -> Type {
    Type {
        name,
        kind: Some(Kind::ApiPolicy),
        pick,
        flow: AT_ONCE,
        implied: None,
        read: |wanted| {
            let xml = json::text(wanted.body, "/properties/value");
            Ok(json::settings([("xml", xml.into())]))
        },
        write: |seen, body| {
            let xml = seen.resource.text("xml").unwrap_or_default();
            json::set(body, "value", xml);
        },
    }
}

/// The last word of an id, or the text itself.
fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn product(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let inner = &wanted.body["properties"];
    let title = json::text(inner, "/displayName");
    if title.is_empty() {
        let why = "Validation Failed: 'displayName' is required.";
        return Err(Refusal::bad("ValidationError", why));
    }
    let state = json::text(inner, "/state");
    let state = if state.is_empty() {
        "notPublished"
    } else {
        state
    };
    let approval = inner.get("approvalRequired").and_then(Json::as_bool);
    Ok(json::settings([
        ("title", title.into()),
        ("state", state.into()),
        ("approval", approval.unwrap_or(false).into()),
    ]))
}

fn show_product(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    json::set(body, "displayName", resource.text("title"));
    json::set(body, "state", resource.text("state"));
    let approval = resource.truth("approval").unwrap_or(false);
    json::set(body, "approvalRequired", approval);
    json::object(body, "properties")
        .entry("subscriptionRequired")
        .or_insert_with(|| true.into());
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn user(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let state = json::text(body, "/properties/state");
    let state = if state.is_empty() { "active" } else { state };
    Ok(json::settings([
        ("email", json::text(body, "/properties/email").into()),
        ("state", state.into()),
    ]))
}

fn show_user(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    json::set(body, "email", resource.text("email"));
    json::set(body, "state", resource.text("state").unwrap_or("active"));
    for name in ["firstName", "lastName"] {
        json::object(body, "properties")
            .entry(name)
            .or_insert_with(|| resource.address.name().into());
    }
    json::object(body, "properties").remove("password");
}

/// The owner and the product are said as ids; the world may name them by address or by name.
#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn subscription(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let old = |name: &str| wanted.old.and_then(|old| old.get(name)).cloned();
    let known = |name: &str, given: &str| {
        let same = old(name).filter(|old| old.as_str().is_some_and(|old| last(old) == last(given)));
        same.unwrap_or_else(|| last(given).into())
    };
    let state = json::text(body, "/properties/state");
    let state = if state.is_empty() { "active" } else { state };
    Ok(json::settings([
        (
            "product",
            known("product", json::text(body, "/properties/scope")),
        ),
        (
            "user",
            known("user", json::text(body, "/properties/ownerId")),
        ),
        ("state", state.into()),
    ]))
}

fn show_subscription(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let above = seen
        .target
        .id("Microsoft.ApiManagement/service/subscriptions");
    let service = above.rsplitn(3, '/').nth(2).unwrap_or_default();
    let user = resource.text("user").unwrap_or_default();
    let user = user
        .parse::<Address>()
        .map_or_else(|_| user.to_owned(), |at| at.name().to_owned());
    json::set(body, "ownerId", format!("{service}/users/{}", last(&user)));
    let product = resource.text("product").unwrap_or_default();
    json::set(
        body,
        "scope",
        format!("{service}/products/{}", last(product)),
    );
    json::set(body, "state", resource.text("state").unwrap_or("active"));
    json::object(body, "properties")
        .entry("displayName")
        .or_insert_with(|| resource.address.name().into());
}
