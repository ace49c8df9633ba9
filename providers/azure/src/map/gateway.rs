//! API Management: products, users, subscriptions, and a policy for each subscription. Pure.
//!
//! API Management has no policy of a subscription. What a subscription's policy does on the way
//! in is kept as a policy fragment of the same name, which the policy of the API or the product
//! includes for that subscription (docs/azure.md). Only the way in can differ.

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

/// What stands before and after what a policy does on the way in.
const HEAD: &str = "<policies><inbound><base/>";
const TAIL: &str = "</inbound><backend><base/></backend><outbound><base/></outbound>\
                    <on-error><base/></on-error></policies>";

/// Creates a product, or makes it what `settings` say; its texts and limits stay.
pub fn put_product(id: &str, settings: &Settings, now: Option<&Json>) -> Step {
    let kept = now.and_then(|found| found.get("properties")).cloned();
    let approval = settings.get("approval").and_then(Value::as_bool);
    let own = json!({
        "displayName": schema::text(settings, "title"),
        "state": schema::text(settings, "state"),
        "approvalRequired": approval.unwrap_or(false),
    });
    let base = json!({"subscriptionRequired": true});
    let inner = json::over(json::over(base, kept.unwrap_or(Json::Null)), own);
    Step::put(id, path::GATEWAY, json!({"properties": inner}))
}

/// A product.
pub fn read_product(product: &Json) -> Settings {
    let mut settings = Settings::new();
    let inner = |name: &str| json::text(product, &["properties", name]);
    json::set(&mut settings, "title", inner("displayName"));
    json::set(&mut settings, "state", inner("state"));
    let approval = json::at(product, &["properties", "approvalRequired"]);
    json::set(&mut settings, "approval", approval.and_then(Json::as_bool));
    settings
}

/// Creates or replaces a user. Its names, which the service wants, are its own name.
pub fn put_user(id: &str, name: &str, settings: &Settings) -> Step {
    let mut inner = json!({
        "email": schema::text(settings, "email"),
        "firstName": name,
        "lastName": "tenant",
    });
    if let Some(state) = state(settings) {
        inner["state"] = state;
    }
    Step::put(id, path::GATEWAY, json!({"properties": inner}))
}

/// A user.
pub fn read_user(user: &Json) -> Settings {
    let mut settings = Settings::new();
    for name in ["email", "state"] {
        json::set(&mut settings, name, json::text(user, &["properties", name]));
    }
    settings
}

/// Creates or replaces a user's subscription to a product.
pub fn put_subscription(id: &str, name: &str, settings: &Settings) -> Step {
    let user = schema::text(settings, "user");
    let mut inner = json!({
        "scope": format!("/products/{}", schema::text(settings, "product")),
        "ownerId": format!("/users/{}", user.rsplit('/').next().unwrap_or(user)),
        "displayName": name,
    });
    if let Some(state) = state(settings) {
        inner["state"] = state;
    }
    Step::put(id, path::GATEWAY, json!({"properties": inner}))
}

/// A subscription. Its keys are never asked for and never answered here.
pub fn read_subscription(subscription: &Json) -> Settings {
    let mut settings = Settings::new();
    let last = |name: &str| {
        let id = json::text(subscription, &["properties", name])?;
        id.rsplit('/').next().map(str::to_owned)
    };
    json::set(&mut settings, "product", last("scope"));
    json::set(&mut settings, "user", last("ownerId"));
    let state = json::text(subscription, &["properties", "state"]);
    json::set(&mut settings, "state", state);
    settings
}

/// Creates or replaces the fragment that is a subscription's policy.
pub fn put_policy(id: &str, settings: &Settings) -> Mapped<Step> {
    let xml = schema::text(settings, "xml");
    let inner = xml
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_suffix(TAIL));
    let inner = inner.ok_or_else(|| {
        permanent(
            "InvalidPolicy",
            "only what comes after the base of `inbound` can differ",
        )
    })?;
    let body = json!({"properties": {
        "format": "rawxml",
        "value": format!("<fragment>{inner}</fragment>"),
    }});
    Ok(Step::put(id, path::GATEWAY, body))
}

/// A policy, from its fragment.
pub fn read_policy(fragment: &Json) -> Settings {
    let mut settings = Settings::new();
    let inner = json::text(fragment, &["properties", "value"]).and_then(|value| {
        let rest = value.trim().strip_prefix("<fragment>")?;
        rest.strip_suffix("</fragment>")
    });
    let xml = inner.map(|inner| format!("{HEAD}{inner}{TAIL}"));
    json::set(&mut settings, "xml", xml);
    settings
}

/// Removes; the service wants a condition, and any version will do (S56).
pub fn delete(id: &str) -> Step {
    Step::delete(id, path::GATEWAY).when(Condition::IfMatch, "*")
}

fn state(settings: &Settings) -> Option<Json> {
    let state = schema::text(settings, "state");
    (!state.is_empty()).then(|| Json::from(state))
}
