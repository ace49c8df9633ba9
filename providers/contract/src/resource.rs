//! What is at an address.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::Address;
use crate::Value;

/// A resource's settings by name. Which names a kind has stands in [`crate::Kind`].
pub type Settings = BTreeMap<String, Value>;

/// The version of a registry item, opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Etag(pub Arc<str>);

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A resource as it was found. A setting that is absent was not reported, which is not zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Where it is.
    pub address: Address,
    /// What it holds.
    pub settings: Settings,
    /// Its version, where the kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Etag>,
}

impl Resource {
    /// The setting's value, if it was reported.
    pub fn get(&self, setting: &str) -> Option<&Value> {
        self.settings.get(setting)
    }

    /// The setting's number, if it was reported and is one.
    pub fn int(&self, setting: &str) -> Option<i64> {
        self.get(setting).and_then(Value::as_int)
    }

    /// The setting's text, if it was reported and is text.
    pub fn text(&self, setting: &str) -> Option<&str> {
        self.get(setting).and_then(Value::as_str)
    }

    /// The setting's truth value, if it was reported and is one.
    pub fn truth(&self, setting: &str) -> Option<bool> {
        self.get(setting).and_then(Value::as_bool)
    }

    /// The tag's value, if the resource has tags and this one among them.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.get("tags")
            .and_then(Value::as_map)
            .and_then(|tags| tags.get(name))
            .and_then(Value::as_str)
    }
}
