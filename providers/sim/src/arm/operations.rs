//! Operations in progress: the URLs that lead to them, and what they answer. An operation's URL
//! says all that its answer needs and is signed, so that it outlives the server's memory.

use serde_json::Value as Json;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Ticket;

use super::engine;
use super::error::refusal;
use super::face::Face;
use super::path::parse_id;
use super::types;
use super::types::Flow;
use super::types::Lead;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use super::wire::encode;
use crate::hex::hex;

/// The last words but one of a path that asks after an operation.
const WORDS: &[&str] = &[
    "operations",
    "operationresults",
    "groupquotaoperationsstatus",
    "quotaoperationsstatus",
];

/// What an operation's URL must say.
pub(crate) struct Started<'a> {
    /// The path before the operation's name.
    pub(crate) place: String,
    /// Ids of the world's operations, joined by `+`.
    pub(crate) id: String,
    /// The world's address, for planned faults of polls.
    pub(crate) address: Option<&'a Address>,
    /// The resource's path, answered in the end where there is one to show.
    pub(crate) resource: &'a str,
}

/// The place for the operations of a namespace.
pub(crate) fn place(subscription: &str, namespace: &str) -> String {
    format!("/subscriptions/{subscription}/providers/{namespace}/locations/global/operations")
}

pub(crate) fn is_poll(lower: &[&str]) -> bool {
    let at = lower.len().checked_sub(2).and_then(|at| lower.get(at));
    at.is_some_and(|word| WORDS.contains(word))
}

/// The id of an operation: the world's, or one that is done already.
pub(crate) fn id_of(face: &Face, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(ticket) => ticket.id.clone(),
        Outcome::Done(_) => format!("done-{}", face.beside().number()),
    }
}

/// Adds the headers that lead to an operation.
pub(crate) fn lead(
    face: &Face,
    request: &Request,
    reply: Reply,
    flow: &Flow,
    started: &Started<'_>,
) -> Reply {
    let now = face.now().unwrap_or_default();
    let address = started.address.map(ToString::to_string).unwrap_or_default();
    let url = |monitor: bool| {
        let query = format!(
            "api-version={}&m={}&r={}&a={}&t={now}{}",
            encode(request.api_version()),
            request.method,
            encode(started.resource),
            encode(&address),
            if monitor { "&monitor=true" } else { "" },
        );
        let path = format!("{}/{}", started.place, encode(&started.id));
        let seal = seal(&path, &query);
        format!("{}{path}?{query}&s={seal}", request.base)
    };
    let mut reply = reply;
    if matches!(flow.lead, Lead::Status | Lead::Both) {
        reply = reply
            .with("Azure-AsyncOperation", url(false))
            .with("azure-asyncnotification", "Enabled");
    }
    if matches!(flow.lead, Lead::Location | Lead::Both) {
        reply = reply.with("Location", url(true));
    }
    match flow.retry_after {
        Some(seconds) => reply.with("Retry-After", seconds.to_string()),
        None => reply,
    }
}

fn seal(path: &str, query: &str) -> String {
    let mut sha = Sha256::new();
    sha.update(b"operation");
    sha.update(path);
    sha.update(query);
    hex(&sha.finalize(), 16)
}

/// What an operation has come to.
enum State {
    Open(u32),
    /// It waits for people.
    Human,
    Done,
    Failed(Refusal),
}

/// Answers a question after an operation.
pub(crate) fn poll(face: &Face, request: &Request) -> Answer {
    let asked = |name| request.asked(name).unwrap_or_default();
    let (path, query) = (&request.path, raw_query(request));
    if seal(path, &query) != asked("s") {
        return Err(Refusal::new(404, "NotFound", "no such operation"));
    }
    let id = request.parts.last().map_or("", String::as_str);
    let state = state(face, id, asked("a"))?;
    let is_quota = path.to_ascii_lowercase().contains("microsoft.quota");
    if asked("monitor") == "true" && !is_quota {
        return location(face, request, state);
    }
    let from = time(asked("t").parse().unwrap_or_default());
    let mut body = json!({ "id": path, "name": id, "startTime": from });
    let (word, end) = match &state {
        State::Open(_) if is_quota => ("Accepted", false),
        State::Open(_) => ("InProgress", false),
        State::Human => ("Escalated", false),
        State::Done => ("Succeeded", true),
        State::Failed(_) => ("Failed", true),
    };
    body["status"] = word.into();
    if end {
        body["endTime"] = time(face.now()?);
    }
    if let State::Failed(refused) = &state {
        body["error"] = refused.error();
    }
    let mut reply = Reply::json(200, body);
    if let (State::Open(seconds), true) = (&state, is_quota) {
        reply = reply.with("Retry-After", seconds.to_string());
    }
    Ok(reply)
}

/// The query without its seal, as it was when it was sealed.
fn raw_query(request: &Request) -> String {
    let asked = |name| request.asked(name).unwrap_or_default();
    format!(
        "api-version={}&m={}&r={}&a={}&t={}{}",
        encode(asked("api-version")),
        asked("m"),
        encode(asked("r")),
        encode(asked("a")),
        asked("t"),
        if asked("monitor") == "true" {
            "&monitor=true"
        } else {
            ""
        },
    )
}

fn state(face: &Face, id: &str, address: &str) -> Result<State, Refusal> {
    let mut wait = None;
    for one in id.split('+') {
        if one.starts_with("done-") {
            continue;
        }
        if one.starts_with("escalates-") {
            return Ok(State::Human);
        }
        if let Some(refused) = super::surprises::failed(face, one) {
            return Ok(State::Failed(refused));
        }
        if one.starts_with("never-") {
            wait = Some(10);
            continue;
        }
        if one.starts_with("fails-") {
            let why = "The operation failed, as planned.";
            return Ok(State::Failed(Refusal::new(
                500,
                "InternalExecutionError",
                why,
            )));
        }
        let address: Address = address
            .parse()
            .map_err(|_| Refusal::new(404, "NotFound", "no such operation"))?;
        let ticket = Ticket {
            id: one.to_owned(),
            address,
            retry_after_seconds: 0,
        };
        match face.sim.poll_now(&ticket) {
            Ok(Outcome::Done(_)) => match follow(face, one)? {
                None => {}
                Some(State::Open(seconds)) => wait = Some(seconds),
                Some(ended) => return Ok(ended),
            },
            Ok(Outcome::Accepted(ticket)) => wait = Some(ticket.retry_after_seconds),
            Err(fault) if is_own(face, &ticket) => return Ok(State::Failed(refusal(&fault))),
            // The question failed, not the operation.
            Err(fault) => return Err(refusal(&fault)),
        }
    }
    Ok(wait.map_or(State::Done, State::Open))
}

/// What follows an operation that is done: begun here, where it was not yet.
fn follow(face: &Face, id: &str) -> Result<Option<State>, Refusal> {
    let next = face.beside().next.get(id).cloned();
    let Some(next) = next else {
        return Ok(None);
    };
    let begun = if let Some(id) = next.id {
        id
    } else {
        let operation = Operation {
            address: next.address.clone(),
            verb: next.verb,
            precondition: Precondition::Any,
        };
        let outcome = match face.sim.perform_now(&operation, &next.key) {
            Ok(outcome) => outcome,
            Err(fault) => return Ok(Some(State::Failed(refusal(&fault)))),
        };
        let begun = id_of(face, &outcome);
        if let Some(next) = face.beside().next.get_mut(id) {
            next.id = Some(begun.clone());
        }
        begun
    };
    state(face, &begun, &next.address.to_string()).map(Some)
}

/// Whether the operation itself has ended with a fault.
fn is_own(face: &Face, ticket: &Ticket) -> bool {
    face.look(|world| world.poll(ticket).is_err())
        .unwrap_or(false)
}

fn location(face: &Face, request: &Request, state: State) -> Answer {
    match state {
        State::Human => Ok(Reply::empty(202)),
        State::Open(seconds) => {
            let query = raw_query(request);
            let seal = seal(&request.path, &query);
            let url = format!("{}{}?{query}&s={seal}", request.base, request.path);
            Ok(Reply::empty(202)
                .with("Location", url)
                .with("Retry-After", seconds.to_string()))
        }
        State::Failed(refused) => Err(refused),
        State::Done if request.asked("m") == Some("DELETE") => Ok(Reply::empty(200)),
        State::Done => {
            let target = parse_id(request.asked("r").unwrap_or_default());
            match target.and_then(|target| engine::show(face, &target).ok()) {
                Some(body) => Ok(Reply::json(200, body)),
                None => Ok(Reply::empty(200)),
            }
        }
    }
}

/// Answers as if an operation had begun, and begins none: a planned fault.
pub(crate) fn pretend(face: &Face, request: &Request, id: &str) -> Reply {
    let target = parse_id(&request.path);
    let known = target
        .as_ref()
        .and_then(|target| types::find(&target.type_key()));
    let flow = known.map_or(&types::SLOW, |known| &known.flow);
    let reply = match (request.method.as_str(), &target, known) {
        ("PUT" | "PATCH", Some(target), Some(known)) if flow.create != 202 => {
            let mut body = request.body.clone();
            engine::stamp(&mut body, target, known);
            super::json::set(&mut body, "provisioningState", "Updating");
            let status = if request.method == "PUT" {
                flow.create
            } else {
                flow.patch
            };
            Reply::json(status, body)
        }
        _ => Reply::empty(202),
    };
    let place = if request
        .path
        .to_ascii_lowercase()
        .contains("microsoft.quota")
    {
        "/providers/Microsoft.Quota/operations".to_owned()
    } else {
        "/providers/Microsoft.Resources/operations".to_owned()
    };
    let started = Started {
        place,
        id: id.to_owned(),
        address: None,
        resource: &request.path,
    };
    let both = Flow {
        lead: Lead::Both,
        ..*flow
    };
    lead(face, request, reply, &both, &started)
}

/// A time as ARM writes it.
pub(crate) fn time(seconds: i64) -> Json {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
        .to_string()
        .into()
}
