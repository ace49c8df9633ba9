//! Requests to Azure: budget, token, ids, retries of reads, pages.
//!
//! Only reads are tried again here. Changes are tried again by whoever keeps the journal, so an
//! answer to a change goes back as it came, and a lost one as an ambiguous fault.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

use crate::clock::Clock;
use crate::credential::Tokens;
use crate::endpoints::Audience;
use crate::endpoints::Endpoints;
use crate::endpoints::same_service;
use crate::fault;
use crate::text::fold;
use crate::text::request_id;
use crate::throttle::Class;
use crate::throttle::Throttle;
use crate::wire::Body;
use crate::wire::Method;
use crate::wire::Request;
use crate::wire::Response;
use crate::wire::Transport;

/// Tries at one read.
const TRIES: u32 = 5;
/// A read does not wait longer than this for one more try.
const PATIENCE_SECONDS: u32 = 300;
/// A server that never ends a list is stopped here.
const MOST_PAGES: usize = 10_000;

/// One request to be sent, without token and ids.
#[derive(Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// For whom the token is.
    pub audience: Audience,
    /// The account of the registry or of the storage, where it is one of those.
    pub account: String,
    /// The counted class.
    pub class: Class,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// Whether it only asks, and may be sent again.
    pub asks: bool,
    /// The idempotency key, or what else the request belongs to.
    pub key: String,
}

/// The client of one cloud.
pub struct Client {
    endpoints: Endpoints,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    throttle: Mutex<Throttle>,
    sent: Mutex<BTreeMap<Class, u64>>,
}

impl Client {
    /// A client that has sent nothing.
    pub fn new(
        endpoints: Endpoints,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        tokens: Tokens,
        throttle: Throttle,
    ) -> Self {
        Self {
            endpoints,
            transport,
            clock,
            tokens,
            throttle: Mutex::new(throttle),
            sent: Mutex::default(),
        }
    }

    /// The addresses of the cloud.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many requests went out, by class.
    pub fn calls(&self) -> BTreeMap<Class, u64> {
        lock(&self.sent).clone()
    }

    /// How many calls went out, and how many were refused as too many.
    pub fn throttled(&self) -> (u64, u64) {
        lock(&self.throttle).counts()
    }

    /// Sends. A read is tried again until it has an answer that is not a passing trouble; the
    /// answer may still be a refusal. A change is sent once.
    pub async fn send(&self, outgoing: &Outgoing) -> Result<Response, Fault> {
        let most = if outgoing.asks { TRIES } else { 1 };
        let mut renewed = false;
        let mut tried = 0;
        loop {
            let sent = self.once(outgoing, tried).await?;
            tried += 1;
            if let Ok(answer) = &sent
                && answer.status == 401
                && !renewed
            {
                renewed = true;
                tried -= 1;
                self.tokens.forget(&self.scope(outgoing)).await;
                continue;
            }
            let (again, wait) = match &sent {
                Ok(answer) => {
                    let trouble = matches!(answer.status, 408 | 429 | 500 | 502..=504);
                    (trouble, answer.retry_after())
                }
                Err(lost) => (!lost.lasting, None),
            };
            let asked = wait.filter(|_| again);
            if !again || tried >= most || asked.is_some_and(|wait| wait > PATIENCE_SECONDS) {
                return sent.map_err(|lost| {
                    let method = if outgoing.asks {
                        Method::Get
                    } else {
                        outgoing.method
                    };
                    fault::of_lost(method, &lost)
                });
            }
            // A 429 already closed the bucket for as long as it asks.
            if !matches!(&sent, Ok(answer) if answer.status == 429) {
                let wait = u64::from(asked.unwrap_or(1 << tried.min(5)));
                self.clock.sleep(Duration::from_secs(wait)).await;
            }
        }
    }

    /// GETs JSON; `None` where there is nothing.
    pub async fn get(&self, url: &str) -> Result<Option<Json>, Fault> {
        let answer = self.send(&self.manager(Method::Get, url, "read")).await?;
        json_or_absent(&answer)
    }

    /// GETs all pages of a list: the items of `value`, as they come.
    pub async fn list(&self, url: &str) -> Result<Vec<Json>, Fault> {
        let mut items = Vec::new();
        let mut next = url.to_owned();
        for _ in 0..MOST_PAGES {
            let answer = self.send(&self.manager(Method::Get, &next, "list")).await?;
            if !answer.ok() {
                return Err(fault::of_response(Method::Get, &answer));
            }
            let mut page = answer.json().unwrap_or(Json::Null);
            if let Some(Json::Array(value)) = page.get_mut("value").map(Json::take) {
                items.extend(value);
            }
            match page.get("nextLink").and_then(Json::as_str) {
                None | Some("") => return Ok(items),
                Some(link) => link.clone_into(&mut next),
            }
        }
        Err(fault::permanent(
            "EndlessList",
            format!("more than {MOST_PAGES} pages"),
        ))
    }

    /// A request to Resource Manager.
    pub fn manager(&self, method: Method, url: &str, key: &str) -> Outgoing {
        Outgoing {
            method,
            url: url.to_owned(),
            audience: Audience::Manager,
            account: String::new(),
            class: Class::of(method),
            headers: Vec::new(),
            body: Body::None,
            asks: method == Method::Get,
            key: key.to_owned(),
        }
    }

    /// The header that proves the caller to a source that another service reads from.
    pub(crate) async fn bearer(&self, outgoing: &Outgoing) -> Result<String, Fault> {
        let token = self.tokens.get(&self.scope(outgoing)).await?;
        Ok(format!("Bearer {}", token.expose()))
    }

    fn scope(&self, outgoing: &Outgoing) -> String {
        self.endpoints.scope(outgoing.audience, &outgoing.account)
    }

    async fn once(
        &self,
        outgoing: &Outgoing,
        tried: u32,
    ) -> Result<Result<Response, crate::wire::Lost>, Fault> {
        self.may_go(outgoing)?;
        let place = place(&outgoing.url);
        let wait = lock(&self.throttle).take(&place, outgoing.class, self.clock.now());
        let aloft = Aloft {
            client: self,
            place: &place,
            class: outgoing.class,
        };
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        let token = self.tokens.get(&self.scope(outgoing)).await?;
        let mut headers = outgoing.headers.clone();
        headers.push(("accept", "application/json".to_owned()));
        let bearer = match outgoing.audience {
            Audience::Registry => {
                let plain = format!("type=aad&ver=1.0&sig={}", token.expose());
                crate::text::encode(&plain)
            }
            _ => format!("Bearer {}", token.expose()),
        };
        headers.push(("authorization", bearer));
        let now = self.clock.now();
        let attempt = format!("{} {tried} {now}", outgoing.url);
        headers.push((
            "x-ms-client-request-id",
            request_id(&outgoing.key, &attempt),
        ));
        *lock(&self.sent).entry(outgoing.class).or_default() += 1;
        let request = Request {
            method: outgoing.method,
            url: outgoing.url.clone(),
            headers,
            body: outgoing.body.clone(),
        };
        let sent = self.transport.send(request).await;
        drop(aloft);
        if let Ok(answer) = &sent {
            self.learn(outgoing, &place, answer);
        }
        Ok(sent)
    }

    /// Corrects the budget by what an answer says of the cloud's.
    fn learn(&self, outgoing: &Outgoing, place: &str, answer: &Response) {
        let now = self.clock.now();
        let mut throttle = lock(&self.throttle);
        if answer.status == 429 {
            if fault::of_response(outgoing.method, answer).class == FaultClass::Throttled {
                let wait = answer.retry_after().unwrap_or(10);
                throttle.refused(place, outgoing.class, now, wait);
            }
            return;
        }
        let word = match outgoing.class {
            Class::Reads => "reads",
            Class::Writes => "writes",
            Class::Deletes => "deletes",
            Class::Graph | Class::Logs | Class::Data => "",
        };
        let scope = if place == TENANT {
            "tenant"
        } else {
            "subscription"
        };
        let name = format!("x-ms-ratelimit-remaining-{scope}-{word}");
        let left = answer.header(&name).and_then(|it| it.trim().parse().ok());
        throttle.let_in(place, outgoing.class, now, left);
    }

    /// Refuses to send a token anywhere else than to the service that it is for. The cloud's own
    /// links (next pages, operations) come through here too.
    fn may_go(&self, outgoing: &Outgoing) -> Result<(), Fault> {
        let account = |pattern: &str| pattern.replace("{account}", &outgoing.account);
        let endpoint = match outgoing.audience {
            Audience::Manager => self.endpoints.manager.clone(),
            Audience::Logs => self.endpoints.logs.clone(),
            Audience::Registry => account(&self.endpoints.registry),
            Audience::Blobs => account(self.endpoints.blobs.as_deref().unwrap_or_default()),
        };
        if same_service(&outgoing.url, &endpoint) {
            return Ok(());
        }
        let host = outgoing.url.split('/').nth(2).unwrap_or_default();
        Err(fault::permanent(
            "ForeignLink",
            format!("a link to `{host}` is not one of {endpoint}; no token is sent there"),
        ))
    }
}

/// The JSON of an answer, `None` for 404, else the fault.
pub(crate) fn json_or_absent(answer: &Response) -> Result<Option<Json>, Fault> {
    if answer.status == 404 || answer.status == 204 {
        return Ok(None);
    }
    if !answer.ok() {
        return Err(fault::of_response(Method::Get, answer));
    }
    match answer.json() {
        Some(json) => Ok(Some(json)),
        None => Err(Fault::new(
            FaultClass::Transient,
            "NoJson",
            format!("HTTP {} with a body that is not JSON", answer.status),
        )),
    }
}

/// What the cloud counts by: the subscription, else the directory.
fn place(url: &str) -> String {
    let low = fold(url);
    let found = low.split("/subscriptions/").nth(1);
    let name = found.and_then(|rest| rest.split(['/', '?']).next());
    name.unwrap_or(TENANT).to_owned()
}

/// The place of calls that are about no subscription.
const TENANT: &str = "tenant";

/// A call that was let out; it is over when this is dropped, however it ended.
struct Aloft<'a> {
    client: &'a Client,
    place: &'a str,
    class: Class,
}

impl Drop for Aloft<'_> {
    fn drop(&mut self) {
        let now = self.client.clock.now();
        lock(&self.client.throttle).landed(self.place, self.class, now);
    }
}

/// A poisoned lock holds counters only, and they are whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
