//! A request and a reply, apart from the sockets: what handlers see. Pure.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::HeaderMap;
use hyper::Response;
use hyper::body::Bytes;
use serde_json::Value as Json;
use serde_json::json;

/// One request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it came.
    pub(crate) path: String,
    /// The path's parts, decoded.
    pub(crate) parts: Vec<String>,
    /// The query by lower-cased name, decoded.
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Vec<u8>,
    /// `null` where there is none.
    pub(crate) body: Json,
    /// `http://host:port`, as the caller spells it.
    pub(crate) base: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(crate) fn api_version(&self) -> &str {
        self.asked("api-version").unwrap_or_default()
    }
}

/// What a reply carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    None,
    Json(Json),
    Text(&'static str, String),
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::None,
        }
    }

    pub(crate) fn json(status: u16, body: Json) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Json(body),
        }
    }

    pub(crate) fn text(status: u16, kind: &'static str, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Text(kind, body),
        }
    }

    /// A whole collection on one page.
    pub(crate) fn collection(items: Vec<Json>) -> Self {
        let body = [("value".to_owned(), Json::Array(items))];
        Self::json(200, Json::Object(body.into_iter().collect()))
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A refusal in ARM's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u32>,
    /// Whether the connection breaks in place of an answer.
    pub(crate) drops: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
            drops: false,
        }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let message = format!("The Resource '{what}' was not found.");
        Self::new(404, "ResourceNotFound", message)
    }

    pub(crate) fn error(&self) -> Json {
        json!({ "code": self.code, "message": self.message })
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut reply = Reply::json(self.status, json!({ "error": self.error() }));
        if let Some(seconds) = self.retry_after {
            reply = reply.with("Retry-After", seconds.to_string());
        }
        reply
    }
}

pub(crate) type Answer = Result<Reply, Refusal>;

/// Turns `%41` into `A`; what is no escape stays.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |byte: Option<&u8>| {
            byte.and_then(|byte| char::from(*byte).to_digit(16))
                .and_then(|digit| u8::try_from(digit).ok())
        };
        match (bytes[at], hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (b'+', _, _) if plus => {
                out.push(b' ');
                at += 1;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Escapes all but what may stand anywhere in a URL.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `a=1&b=2` by lower-cased name.
pub(crate) fn pairs(text: &str, plus: bool) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, plus).to_ascii_lowercase();
            (name, decode(value, plus))
        })
        .collect()
}

/// A reply as HTTP carries it; to a HEAD without its body.
pub(crate) fn respond(reply: Reply, head: bool) -> Response<Full<Bytes>> {
    let (kind, bytes) = match reply.body {
        Body::None => (None, Vec::new()),
        Body::Json(json) => (
            Some("application/json; charset=utf-8"),
            json.to_string().into_bytes(),
        ),
        Body::Text(kind, text) => (Some(kind), text.into_bytes()),
    };
    let mut response = Response::builder().status(reply.status);
    if let Some(kind) = kind {
        response = response.header("Content-Type", kind);
    }
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if head { Vec::new() } else { bytes };
    // A header that HTTP cannot carry is a name from a world file; the caller learns no more.
    response
        .body(Full::new(Bytes::from(body)))
        .unwrap_or_else(|_| {
            let mut failed = Response::new(Full::default());
            *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
            failed
        })
}
