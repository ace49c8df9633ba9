//! One change at Resource Manager, as data: what a mapping gives and a ticket remembers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use crate::wire::Method;

/// One request that changes something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The method.
    pub method: Method,
    /// The path, from `/` on.
    pub path: String,
    /// The version of the API.
    pub version: String,
    /// The body; requests without one are sent without a content type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// Conditions, by header name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<Condition, String>,
    /// A refusal with this code passes by itself within minutes (S15): ask again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<String>,
}

/// A conditional header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// `If-Match`.
    IfMatch,
    /// `If-None-Match`.
    IfNoneMatch,
}

impl Condition {
    /// The header.
    pub const fn header(self) -> &'static str {
        match self {
            Self::IfMatch => "if-match",
            Self::IfNoneMatch => "if-none-match",
        }
    }
}

impl Step {
    fn new(method: Method, path: impl Into<String>, version: &str, body: Option<Json>) -> Self {
        Self {
            method,
            path: path.into(),
            version: version.to_owned(),
            body,
            conditions: BTreeMap::new(),
            settles: None,
        }
    }

    /// Creates or replaces.
    pub fn put(path: impl Into<String>, version: &str, body: Json) -> Self {
        Self::new(Method::Put, path, version, Some(body))
    }

    /// Creates what has no body.
    pub fn put_empty(path: impl Into<String>, version: &str) -> Self {
        Self::new(Method::Put, path, version, None)
    }

    /// Changes in part.
    pub fn patch(path: impl Into<String>, version: &str, body: Json) -> Self {
        Self::new(Method::Patch, path, version, Some(body))
    }

    /// Acts.
    pub fn post(path: impl Into<String>, version: &str, body: Option<Json>) -> Self {
        Self::new(Method::Post, path, version, body)
    }

    /// Removes. What is not there is removed.
    pub fn delete(path: impl Into<String>, version: &str) -> Self {
        Self::new(Method::Delete, path, version, None)
    }

    /// The same, on a condition.
    #[must_use]
    pub fn when(mut self, condition: Condition, value: impl Into<String>) -> Self {
        self.conditions.insert(condition, value.into());
        self
    }

    /// The same, asked again while it is refused with `code`.
    #[must_use]
    pub fn settling(mut self, code: &str) -> Self {
        self.settles = Some(code.to_owned());
        self
    }

    /// The URL beneath `manager`.
    pub fn url(&self, manager: &str) -> String {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        format!("{manager}{}{joint}api-version={}", self.path, self.version)
    }
}
