//! The way of a call through the server: planned faults, throttling, token, api-version, and then
//! the namespace that answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;

use super::Options;
use super::auth;
use super::beside::Beside;
use super::beside::Logged;
use super::beside::Stored;
use super::control;
use super::error::refusal;
use super::identity;
use super::operations;
use super::strike::Hit;
use super::throttle;
use super::types;
use super::versions;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use super::wire::decode;
use super::wire::pairs;
use super::wire::respond;
use crate::Sim;
use crate::world::World;

/// The largest body that is read, in bytes: ARM's own bound is 4 MiB.
const LARGEST_BODY: usize = 4 << 20;

/// The connection breaks in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped, as planned")]
pub(crate) struct Dropped;

/// The server's state.
pub(crate) struct Face {
    pub(crate) sim: Arc<Sim>,
    pub(crate) options: Options,
    pub(crate) local: SocketAddr,
    beside: Mutex<Beside>,
}

impl Face {
    pub(crate) fn new(sim: Arc<Sim>, options: Options, local: SocketAddr) -> Self {
        Self {
            sim,
            options,
            local,
            beside: Mutex::default(),
        }
    }

    pub(crate) fn beside(&self) -> MutexGuard<'_, Beside> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world.
    pub(crate) fn look<T>(&self, work: impl FnOnce(&World) -> T) -> Result<T, Refusal> {
        let seen = self.sim.look(work);
        seen.map_err(|error| Refusal::new(500, "InternalServerError", error.to_string()))
    }

    /// Seconds since 1970, by the world's clock.
    pub(crate) fn now(&self) -> Result<i64, Refusal> {
        self.look(|world| world.now)
    }

    pub(crate) fn read(&self, address: &Address) -> Result<Option<Resource>, Refusal> {
        self.sim.read_now(address).map_err(|fault| refusal(&fault))
    }

    /// All of a kind, as they are, ordered by address.
    pub(crate) fn list(&self, kind: Kind, beneath: &str) -> Result<Vec<Resource>, Refusal> {
        let query = stampctl_contract::Query {
            kind: Some(kind),
            beneath: beneath.to_owned(),
            equals: None,
        };
        self.sim.list_now(&query).map_err(|fault| refusal(&fault))
    }

    pub(crate) fn perform(
        &self,
        address: &Address,
        verb: Verb,
        precondition: Precondition,
        request: &Request,
    ) -> Result<Outcome, Refusal> {
        let operation = Operation {
            address: address.clone(),
            verb,
            precondition,
        };
        let key = request.header("x-ms-client-request-id").unwrap_or_default();
        let done = self.sim.perform_now(&operation, key);
        done.map_err(|fault| refusal(&fault))
    }

    /// A body that was put beside the world.
    pub(crate) fn stored(&self, id: &str) -> Option<Stored> {
        self.beside().stored.get(&id.to_ascii_lowercase()).cloned()
    }

    /// The manifest's name of a subscription, by its id.
    pub(crate) fn subscription_name(&self, id: &str) -> Result<String, Refusal> {
        let found = self.look(|world| {
            let mut all = world.beneath(Kind::Subscription, "");
            let found = all.find(|(address, entry)| {
                let known = crate::world::schema::text(&entry.settings, "id");
                known.eq_ignore_ascii_case(id) || (known.is_empty() && address.name() == id)
            });
            found.map(|(address, _)| address.name().to_owned())
        })?;
        found.ok_or_else(|| {
            let why = format!("The subscription '{id}' could not be found.");
            Refusal::new(404, "SubscriptionNotFound", why)
        })
    }

    /// The id of a subscription, by the manifest's name.
    pub(crate) fn subscription_id(&self, name: &str) -> Result<String, Refusal> {
        self.look(|world| {
            let address = Address::new(Kind::Subscription, &[name]).ok();
            let entry = address.and_then(|address| world.resources.get(&address));
            let id = entry.map(|entry| crate::world::schema::text(&entry.settings, "id"));
            id.filter(|id| !id.is_empty()).unwrap_or(name).to_owned()
        })
    }

    /// The resource group as the world spells it.
    pub(crate) fn group_address(&self, name: &str, group: &str) -> Result<Address, Refusal> {
        let exact = address(Kind::ResourceGroup, &[name, group])?;
        self.look(|world| {
            if world.resources.contains_key(&exact) {
                return exact;
            }
            let mut all = world.beneath(Kind::ResourceGroup, name);
            let alike = all.find(|(one, _)| one.name().eq_ignore_ascii_case(group));
            alike.map_or(exact, |(one, _)| one.clone())
        })
    }

    pub(crate) async fn serve(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Dropped> {
        let request = match self.take(request).await {
            Ok(request) => request,
            Err(refusal) => return Ok(respond(refusal.reply(), false)),
        };
        let head = request.method == "HEAD";
        let reply = self.answer(&request).ok_or(Dropped)?;
        Ok(respond(reply, head))
    }

    async fn take(&self, request: hyper::Request<Incoming>) -> Result<Request, Refusal> {
        let (head, body) = request.into_parts();
        let read = Limited::new(body, LARGEST_BODY).collect().await;
        let raw = read
            .map_err(|_| Refusal::new(413, "RequestContentTooLarge", "the body is too large"))?
            .to_bytes()
            .to_vec();
        let path = head.uri.path().to_owned();
        let parts = path.split('/').filter(|part| !part.is_empty());
        let parts = parts.map(|part| decode(part, false)).collect();
        let host = head.headers.get("host").and_then(|host| host.to_str().ok());
        let base = host.map_or_else(|| self.local.to_string(), str::to_owned);
        let kind = head.headers.get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind.contains("form-urlencoded") || kind.contains("xml");
        let body = if raw.is_empty() || is_form {
            Json::Null
        } else {
            serde_json::from_slice(&raw).map_err(|error| {
                Refusal::bad(
                    "InvalidRequestContent",
                    format!(
                        "The request content was invalid and could not be deserialized: '{error}'."
                    ),
                )
            })?
        };
        Ok(Request {
            method: head.method.as_str().to_owned(),
            path,
            parts,
            query: pairs(head.uri.query().unwrap_or_default(), false),
            headers: head.headers,
            raw,
            body,
            base: format!("http://{base}"),
        })
    }

    /// The answer; `None` where the connection breaks instead.
    fn answer(&self, request: &Request) -> Option<Reply> {
        if request.parts.first().is_some_and(|part| part == "_sim") {
            return Some(control::answer(self, request).unwrap_or_else(|no| no.reply()));
        }
        if let Some(answer) = identity::answer(self, request) {
            return Some(answer.unwrap_or_else(|no| no.reply()));
        }
        let reply = self.strike(request);
        let mut beside = self.beside();
        beside.log.push(Logged {
            method: request.method.clone(),
            path: request.path.clone(),
            api_version: request.api_version().to_owned(),
            body: request.body.clone(),
            status: reply.as_ref().map_or(0, |reply| reply.status),
        });
        drop(beside);
        reply.map(|reply| self.dress(request, reply))
    }

    fn strike(&self, request: &Request) -> Option<Reply> {
        let now = self.now().unwrap_or_default();
        if let Some(refused) = throttle::refused(self, request, now) {
            return Some(refused.reply());
        }
        let hit = self.beside().strikes.strike(&request.method, &request.path);
        match hit {
            None => self.dispatch(request),
            Some(Hit::DropBefore) => None,
            Some(Hit::DropAfter) => {
                self.dispatch(request);
                None
            }
            Some(Hit::Refuse(refused)) => Some(refused.reply()),
            Some(Hit::Operation(id)) => Some(operations::pretend(self, request, &id)),
        }
    }

    fn dispatch(&self, request: &Request) -> Option<Reply> {
        match self.route(request) {
            Ok(reply) => Some(reply),
            Err(refused) if refused.drops => None,
            Err(refused) => {
                let style = self.options.surprises.errors;
                Some(super::surprises::styled(style, &refused))
            }
        }
    }

    fn route(&self, request: &Request) -> Answer {
        if let Some(answer) = super::blob::answer(self, request)
            .or_else(|| super::cosmos::answer(self, request))
            .or_else(|| super::logs::answer(self, request))
        {
            return answer;
        }
        auth::check(self, request)?;
        let lower: Vec<String> = request
            .parts
            .iter()
            .map(|part| part.to_ascii_lowercase())
            .collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        if operations::is_poll(&lower) {
            super::surprises::unknown_yet(self, request)?;
            return operations::poll(self, request);
        }
        versions::check(
            &versions::namespace_of(&lower),
            request.asked("api-version"),
        )?;
        super::surprises::around(self, request, &lower, |request| {
            self.to_namespace(request, &lower)
        })
    }

    fn to_namespace(&self, request: &Request, lower: &[&str]) -> Answer {
        match lower {
            ["providers", "microsoft.management", "managementgroups", ..] => {
                super::quota_group::answer(self, request, lower)
            }
            ["providers", "microsoft.resourcegraph", "resources"] => {
                super::graph::answer(self, request)
            }
            [.., "providers", "microsoft.resources", "tags", "default"] => {
                super::groups::tags(self, request, lower)
            }
            [.., "providers", "microsoft.authorization", "locks"]
            | [.., "providers", "microsoft.authorization", "locks", _] => {
                super::locks::answer(self, request, lower)
            }
            [.., "providers", "microsoft.authorization", "permissions"] => {
                Ok(auth::permissions(self))
            }
            [.., "providers", "microsoft.insights", "metrics"] => {
                super::insights::metrics(self, request)
            }
            ["subscriptions"]
            | ["subscriptions", _]
            | ["subscriptions", _, "locations" | "providers"]
            | ["subscriptions", _, "providers", _]
            | [
                "subscriptions",
                _,
                "providers",
                _,
                "register" | "checkzonepeers",
            ]
            | ["subscriptions", _, "providers", "microsoft.subscription", _] => {
                super::subscriptions::answer(self, request, lower)
            }
            [
                "subscriptions",
                _,
                "providers",
                "microsoft.compute",
                "locations",
                _,
                "providers",
                "microsoft.quota",
                ..,
            ] => super::quota::answer(self, request, lower),
            ["subscriptions", _, "providers", "microsoft.compute", ..] => {
                super::compute::of_subscription(self, request, lower)
            }
            ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", ..] => {
                super::groups::answer(self, request, lower)
            }
            ["subscriptions", _, "providers", ..] => super::engine::of_subscription(self, request),
            _ => Err(Refusal::new(
                404,
                "InvalidResourceType",
                format!("nothing answers at '{}'", request.path),
            )),
        }
    }

    /// Adds the headers that every answer has.
    fn dress(&self, request: &Request, mut reply: Reply) -> Reply {
        let number = self.beside().number();
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        reply = reply
            .with("Cache-Control", "no-cache")
            .with("x-ms-request-id", id.clone())
            .with("x-ms-correlation-request-id", id)
            .with("Date", self.date());
        if request.header("x-ms-return-client-request-id") == Some("true")
            && let Some(id) = request.header("x-ms-client-request-id")
        {
            reply = reply.with("x-ms-client-request-id", id);
        }
        throttle::remaining(self, request, reply)
    }

    /// The world's time as HTTP says it.
    fn date(&self) -> String {
        let now = self.now().unwrap_or_default();
        let now = jiff::Timestamp::from_second(now).unwrap_or_default();
        now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

/// An address, or ARM's word for a name that cannot be one.
pub(crate) fn address(kind: Kind, parts: &[&str]) -> Result<Address, Refusal> {
    Address::new(kind, parts).map_err(|error| Refusal::bad("InvalidParameter", error.to_string()))
}

/// Which resource type a path's resource or collection is of.
pub(crate) fn type_of(key: &str) -> Result<&'static types::Type, Refusal> {
    types::find(key).ok_or_else(|| {
        let why = format!("The resource type '{key}' could not be found.");
        Refusal::bad("InvalidResourceType", why)
    })
}
