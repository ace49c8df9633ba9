//! What tests ask of the server itself, beneath `/_sim`: time, faults, and the log of calls.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::json;

use super::face::Face;
use super::strike::Strike;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use crate::faults::FaultRule;

/// Answers a call beneath `/_sim`.
pub(crate) fn answer(face: &Face, request: &Request) -> Answer {
    let word = request.parts.get(1).map_or("", String::as_str);
    match (request.method.as_str(), word) {
        ("POST", "advance") => {
            let seconds = request.body.get("seconds").and_then(Json::as_u64);
            let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            let seconds =
                seconds.ok_or_else(|| Refusal::bad("BadRequest", "`seconds` is a number"))?;
            let now = face.sim.advance(seconds).map_err(|error| broken(&error))?;
            Ok(Reply::json(200, json!({ "now": now })))
        }
        ("POST", "advance_to_next") => {
            let now = face.sim.advance_to_next().map_err(|error| broken(&error))?;
            Ok(Reply::json(200, json!({ "now": now })))
        }
        ("GET", "now") => {
            let now = face.look(crate::World::now)?;
            let next = face.look(crate::World::next_wakeup)?;
            Ok(Reply::json(200, json!({ "now": now, "next_wakeup": next })))
        }
        ("POST", "faults") => {
            let rules: Vec<Strike> = read(&request.body, "rules")?;
            face.beside().strikes.all.extend(rules);
            Ok(Reply::empty(204))
        }
        ("GET", "faults") => Ok(Reply::json(
            200,
            json!({ "rules": face.beside().strikes.all }),
        )),
        ("DELETE", "faults") => {
            face.beside().strikes.all.clear();
            Ok(Reply::empty(204))
        }
        ("POST", "world_faults") => {
            for rule in read::<Vec<FaultRule>>(&request.body, "rules")? {
                face.sim.inject(rule).map_err(|error| broken(&error))?;
            }
            Ok(Reply::empty(204))
        }
        ("GET", "calls") => Ok(Reply::json(200, calls(face))),
        ("DELETE", "calls") => {
            face.beside().log.clear();
            Ok(Reply::empty(204))
        }
        ("GET", "show") => {
            let show = face.sim.show().map_err(|error| broken(&error))?;
            let show = serde_json::to_value(show);
            let show = show.map_err(|error| Refusal::new(500, "Show", error.to_string()))?;
            Ok(Reply::json(200, show))
        }
        _ => Err(Refusal::new(404, "NotFound", request.path.clone())),
    }
}

fn broken(error: &crate::SimError) -> Refusal {
    Refusal::new(500, "SimulatedCloud", error.to_string())
}

fn read<T: serde::de::DeserializeOwned>(body: &Json, name: &str) -> Result<T, Refusal> {
    let named = body.get(name).cloned().unwrap_or(Json::Null);
    serde_json::from_value(named)
        .map_err(|error| Refusal::bad("BadRequest", format!("`{name}`: {error}")))
}

/// Every call so far, and how many there were of each method and of each status.
fn calls(face: &Face) -> Json {
    let beside = face.beside();
    let mut methods: BTreeMap<&str, u64> = BTreeMap::new();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for one in &beside.log {
        *methods.entry(&one.method).or_default() += 1;
        *statuses.entry(one.status.to_string()).or_default() += 1;
    }
    let all = beside.log.iter().map(|one| {
        json!({
            "method": one.method,
            "path": one.path,
            "api_version": one.api_version,
            "status": one.status,
            "body": one.body,
        })
    });
    json!({
        "total": beside.log.len(),
        "throttled": beside.meter.refused,
        "methods": methods,
        "statuses": statuses,
        "calls": all.collect::<Vec<_>>(),
    })
}
