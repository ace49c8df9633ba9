//! One request and one answer, and the trait that carries them. No sockets here.

use async_trait::async_trait;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

/// What a request does to what its URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Acts or asks.
    Post,
    /// Removes.
    Delete,
}

impl Method {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request as it goes out. It has no `Debug`, because its headers hold a token.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL, query included.
    pub url: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    None,
    /// JSON. The media type is a header of the request, or else `application/json`.
    Json(Json),
    /// A form, already encoded.
    Form(String),
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body as text; a byte order mark is gone.
    pub text: String,
}

impl Response {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<Json> {
        serde_json::from_str(&self.text).ok()
    }

    /// Whether the status says that it went well.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Seconds that the answer asks to wait, from `Retry-After` or the millisecond forms.
    pub fn retry_after(&self) -> Option<u32> {
        let millis = ["x-ms-retry-after-ms", "retry-after-ms"]
            .iter()
            .find_map(|name| self.header(name)?.trim().parse::<u64>().ok());
        let seconds = self
            .header("retry-after")
            .and_then(|value| value.trim().parse::<u64>().ok());
        let wait = seconds.or_else(|| millis.map(|millis| millis.div_ceil(1000)))?;
        Some(u32::try_from(wait).unwrap_or(u32::MAX))
    }
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whether the request may have reached the cloud.
    pub sent: bool,
    /// Whether the same request would be lost again: whoever answered is not trusted.
    pub lasting: bool,
    /// Why, in the transport's words.
    pub reason: String,
}

/// Carries requests.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends once. Any status is an answer.
    async fn send(&self, request: Request) -> Result<Response, Lost>;
}
