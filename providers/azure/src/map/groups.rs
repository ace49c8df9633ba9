//! Resource groups, locks and subscriptions. Pure.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;

use super::json;
use super::path;
use super::schema;
use super::tags;
use crate::step::Step;
use crate::text::region;

/// Creates or replaces a resource group.
pub fn put_group(id: &str, settings: &Settings) -> Step {
    let body = json!({
        "location": schema::text(settings, "region"),
        "tags": tags::write(settings, &[]),
    });
    Step::put(id, path::RESOURCES, body)
}

/// A resource group that is there; `None` while it goes.
pub fn read_group(group: &Json) -> Option<Settings> {
    let state = json::text(group, &["properties", "provisioningState"]);
    if state.is_some_and(|state| state.eq_ignore_ascii_case("Deleted")) {
        return None;
    }
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "region",
        json::text(group, &["location"]).map(region),
    );
    settings.insert("tags".to_owned(), tags::read(group));
    Some(settings)
}

/// Creates or replaces a lock.
pub fn put_lock(id: &str, settings: &Settings) -> Step {
    let body = json!({"properties": {
        "level": schema::text(settings, "level"),
        "notes": "Set by stampctl: the fleet's manifest protects what is in here.",
    }});
    Step::put(id, path::LOCKS, body)
}

/// A lock.
pub fn read_lock(lock: &Json) -> Settings {
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "level",
        json::text(lock, &["properties", "level"]),
    );
    settings
}

/// Cancels a subscription, the only change of one that a fleet asks for.
pub fn cancel(id: &str) -> Step {
    Step::post(
        format!("{id}/providers/Microsoft.Subscription/cancel"),
        "2021-10-01",
        None,
    )
}

/// A subscription. A disabled or deleted one is `cancelled`, other states are Azure's.
pub fn read_subscription(subscription: &Json) -> Settings {
    let mut settings = Settings::new();
    let id = json::text(subscription, &["subscriptionId"]);
    json::set(&mut settings, "id", id);
    let state = json::text(subscription, &["state"])
        .or_else(|| json::text(subscription, &["properties", "state"]))
        .map(|state| match state.to_ascii_lowercase().as_str() {
            "disabled" | "deleted" => "cancelled".to_owned(),
            other => other.to_owned(),
        });
    json::set(&mut settings, "state", state);
    settings
}
