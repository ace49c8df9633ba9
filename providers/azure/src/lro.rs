//! Long-running operations: what an answer started, and how far it is. Pure.
//!
//! Decided by headers and bodies, never by a list of operations, because the documents are wrong
//! about which ones are synchronous (S01). The state is small, serialisable and holds the URLs
//! verbatim, so another process can go on asking (S03).

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

use crate::fault;
use crate::wire::Method;
use crate::wire::Response;

/// Seconds to wait where the cloud does not say (compute never does, S04).
const FIRST_WAIT: u32 = 2;
/// The longest wait of our own choice.
const LONGEST_WAIT: u32 = 30;
/// How often an operation may be not found before the resource itself is asked (S06).
const MISSES: u8 = 4;

/// The words that end an operation well, in lower case.
const GOOD: [&str; 4] = ["succeeded", "completed", "ready", "ok"];
/// The words that end it badly.
const BAD: [&str; 5] = ["failed", "canceled", "cancelled", "invalid", "rejected"];
/// The word for a request that waits for people at Microsoft and never ends by itself (S11).
const HUMAN: &str = "escalated";

/// How an operation is asked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The `Azure-AsyncOperation` URL: always 200, with a `status`.
    Operation,
    /// The `Location` URL: 202 until done.
    Location,
    /// The resource itself: `properties.provisioningState`.
    Resource,
}

/// An operation under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    via: Via,
    /// The newest URL.
    url: String,
    /// The URL of the resource, to fall back on.
    resource: String,
    /// What was asked of it, because a delete ends with the resource's absence.
    method: Method,
    misses: u8,
    wait: u32,
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Ask again, not before so many seconds.
    Running(u32),
    /// It went well; what the cloud said of the resource, if it did.
    Done(Option<Json>),
    /// It did not.
    Failed(Fault),
}

/// What an answer to a change started.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It is done.
    Done(Option<Json>),
    /// It goes on.
    Running(Running),
    /// It is refused.
    Failed(Fault),
}

/// What a 2xx answer to `method` on `resource` (the URL that was sent) started.
pub fn begin(method: Method, resource: &str, response: &Response) -> Begun {
    if !response.ok() {
        return Begun::Failed(fault::of_response(method, response));
    }
    let body = response.json();
    let state = body.as_ref().and_then(provisioning_state);
    if let Some(bad) = state.filter(|state| ends(state, &BAD)) {
        return Begun::Failed(fault::of_operation(bad, body.as_ref().and_then(reason)));
    }
    let running = |via, url: &str| {
        Begun::Running(Running {
            via,
            url: url.to_owned(),
            resource: resource.to_owned(),
            method,
            misses: 0,
            wait: response.retry_after().unwrap_or(FIRST_WAIT),
        })
    };
    if let Some(url) = response.header("azure-asyncoperation") {
        return running(Via::Operation, url);
    }
    if let Some(url) = response.header("location")
        && (response.status == 202 || state.is_some_and(|state| !ends(state, &GOOD)))
    {
        return running(Via::Location, url);
    }
    let unfinished = state.is_some_and(|state| !ends(state, &GOOD));
    let written = matches!(method, Method::Put | Method::Patch);
    if (written && unfinished) || (response.status == 202 && method != Method::Post) {
        return running(Via::Resource, resource);
    }
    Begun::Done(body)
}

impl Running {
    /// The URL to GET next.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Seconds to wait before it.
    pub fn wait(&self) -> u32 {
        self.wait
    }

    /// What the answer to that GET says.
    pub fn advance(&mut self, response: &Response) -> Progress {
        let body = response.json();
        match self.via {
            _ if matches!(response.status, 408 | 429 | 500..=599) => self.later(response),
            Via::Operation | Via::Location if matches!(response.status, 403 | 404) => {
                self.missed(response)
            }
            Via::Resource if response.status == 404 && self.method == Method::Delete => {
                Progress::Done(None)
            }
            Via::Resource if response.status == 404 && self.misses < MISSES => {
                self.misses += 1;
                self.later(response)
            }
            _ if !response.ok() => Progress::Failed(fault::of_response(Method::Get, response)),
            Via::Operation => self.by_operation(response, body),
            Via::Location => self.by_location(response, body),
            Via::Resource => self.by_resource(response, body),
        }
    }

    fn by_operation(&mut self, response: &Response, body: Option<Json>) -> Progress {
        let status = body.as_ref().and_then(|body| body.get("status"));
        let Some(status) = status.and_then(Json::as_str) else {
            // 200 with an empty body is how some providers end.
            return if response.status == 202 || body.is_some() {
                self.later(response)
            } else {
                Progress::Done(None)
            };
        };
        self.judge(status.to_owned(), response, body)
    }

    fn by_location(&mut self, response: &Response, body: Option<Json>) -> Progress {
        if response.status == 202 {
            return self.later(response);
        }
        // Quota answers 200 on a `Location` while it is still at it (S02).
        let status = body.as_ref().and_then(|body| {
            let top = body.get("status").and_then(Json::as_str);
            top.or_else(|| provisioning_state(body)).map(str::to_owned)
        });
        match status {
            Some(status) => self.judge(status, response, body),
            None => Progress::Done(body),
        }
    }

    fn by_resource(&mut self, response: &Response, body: Option<Json>) -> Progress {
        if self.method == Method::Delete {
            return self.later(response);
        }
        let state = body.as_ref().and_then(provisioning_state);
        match state.map(str::to_owned) {
            Some(state) => self.judge(state, response, body),
            None => Progress::Done(body),
        }
    }

    fn judge(&mut self, status: String, response: &Response, body: Option<Json>) -> Progress {
        let low = status.to_ascii_lowercase();
        if ends(&low, &GOOD) {
            return Progress::Done(body);
        }
        if ends(&low, &BAD) {
            return Progress::Failed(fault::of_operation(&status, body.as_ref().and_then(reason)));
        }
        if low == HUMAN {
            let why = "the request waits for Microsoft's support; it is not undone, and can be \
                       asked after again";
            return Progress::Failed(Fault::new(FaultClass::Quota, status, why));
        }
        self.later(response)
    }

    fn later(&mut self, response: &Response) -> Progress {
        if response.ok() {
            let newer = match self.via {
                Via::Operation => response.header("azure-asyncoperation"),
                Via::Location => response.header("location"),
                Via::Resource => None,
            };
            if let Some(url) = newer {
                url.clone_into(&mut self.url);
            }
        }
        let own = self.wait.saturating_mul(2).clamp(FIRST_WAIT, LONGEST_WAIT);
        self.wait = response.retry_after().unwrap_or(own);
        Progress::Running(self.wait)
    }

    /// The operation is not known, yet or to us: after a few times the resource tells.
    fn missed(&mut self, response: &Response) -> Progress {
        self.misses += 1;
        if response.status == 403 || self.misses >= MISSES {
            self.via = Via::Resource;
            self.url.clone_from(&self.resource);
            self.misses = 0;
        }
        self.later(response)
    }
}

fn ends(state: &str, words: &[&str]) -> bool {
    words.iter().any(|word| state.eq_ignore_ascii_case(word))
}

fn provisioning_state(body: &Json) -> Option<&str> {
    let inner = body.get("properties")?;
    inner.get("provisioningState")?.as_str()
}

fn reason(body: &Json) -> Option<&Json> {
    let inner = || body.get("properties")?.get("error");
    let error = body.get("error").filter(|error| error.is_object());
    let fault = || {
        body.get("properties")
            .filter(|it| it.get("faultCode").is_some())
    };
    error.or_else(inner).or_else(fault)
}

#[cfg(test)]
mod tests;
