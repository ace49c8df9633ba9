//! Tags, and what stampctl keeps in tags of its own because ARM has no property for it. Pure.
//!
//! The prefix `hidden-` keeps a tag out of the portal's lists. Tags of this provider's own are
//! not settings: they are taken off when a resource is read and put on when it is written.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::json;

/// What all tags of the provider's own begin with.
const OWN: &str = "hidden-stampctl-";

/// What a resource of compute is made of: `sku;family;vcpus`.
pub const SIZE: &str = "size";
/// The power that a scale set without instances is meant to have.
pub const POWER: &str = "power";
/// The tenant whose database it is.
pub const TENANT: &str = "tenant";
/// The key of the call that copied a database.
pub const COPY: &str = "copy";
/// The subject of an alert rule.
pub const TARGET: &str = "target";

/// The `tags` of a request body: the setting, and tags of our own.
pub fn write(settings: &Settings, own: &[(&str, &str)]) -> Json {
    let mut tags = Map::new();
    if let Some(set) = settings.get("tags").and_then(Value::as_map) {
        for (name, value) in set {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            tags.insert(name.clone(), Json::String(text));
        }
    }
    for (name, value) in own.iter().filter(|(_, value)| !value.is_empty()) {
        tags.insert(format!("{OWN}{name}"), Json::from(*value));
    }
    Json::Object(tags)
}

/// The `tags` setting of a resource.
pub fn read(resource: &Json) -> Value {
    let mut tags = BTreeMap::new();
    if let Some(Json::Object(found)) = resource.get("tags") {
        for (name, value) in found {
            if let Some(value) = value.as_str()
                && !name.to_ascii_lowercase().starts_with(OWN)
            {
                tags.insert(name.clone(), Value::text(value));
            }
        }
    }
    Value::Map(tags)
}

/// A tag of our own; names of tags are equal whatever their case.
pub fn own<'a>(resource: &'a Json, name: &str) -> Option<&'a str> {
    let wanted = format!("{OWN}{name}");
    let tags = json::at(resource, &["tags"])?.as_object()?;
    let found = tags
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(&wanted));
    found?.1.as_str()
}
