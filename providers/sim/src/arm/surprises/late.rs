//! What becomes known late: requests for quota that wait for people or are refused after their
//! operation, operations that are not found yet, namespaces that take time to be registered.

use serde_json::json;

use super::super::face::Face;
use super::super::json;
use super::super::operations;
use super::super::wire::Refusal;
use super::super::wire::Reply;
use super::super::wire::Request;

/// The answer to a request for quota that will not be granted.
pub(super) fn request(face: &Face, request: &Request, lower: &[&str]) -> Option<Reply> {
    let told = &face.options.surprises;
    if told.escalates.is_empty() && told.refuses_late.is_empty() {
        return None;
    }
    if !["PUT", "PATCH"].contains(&request.method.as_str()) {
        return None;
    }
    let (place, family) = asked(request, lower)?;
    let named = |all: &[String]| all.iter().any(|one| one.eq_ignore_ascii_case(&family));
    let (word, state, fault) = if named(&told.escalates) {
        ("escalates", "Escalated", "")
    } else if named(&told.refuses_late) {
        ("done", "Failed", "QuotaNotAvailableForResource")
    } else {
        return None;
    };
    let id = format!("{word}-{}", face.beside().number());
    let mut noted = json!({
        "id": format!("{place}/{id}"),
        "name": id,
        "type": "Microsoft.Quota/groupQuotas/groupQuotaRequests",
        "properties": {
            "provisioningState": state,
            "requestSubmitTime": operations::time(face.now().unwrap_or_default()),
        },
    });
    if !fault.is_empty() {
        noted["properties"]["faultCode"] = fault.into();
        noted["properties"]["error"] = json!({ "code": fault, "message": "It is not available." });
    }
    face.beside().requests.push(noted);
    Some(operations::pretend(face, request, &id))
}

/// Where requests for quota of this kind are kept, and the family that is asked for.
fn asked(request: &Request, lower: &[&str]) -> Option<(String, String)> {
    let parts = &request.parts;
    let first = |name: &str| json::text(&request.body, name).to_owned();
    let listed = "/properties/value/0/properties/resourceName";
    match lower {
        [.., "providers", "microsoft.quota", "quotas", _] => {
            let place = parts[..parts.len() - 2].join("/");
            Some((format!("/{place}/quotaRequests"), parts.last()?.clone()))
        }
        [
            ..,
            "groupquotas",
            _,
            "resourceproviders",
            _,
            "groupquotalimits",
            _,
        ] => {
            let place = parts[..parts.len() - 4].join("/");
            Some((format!("/{place}/groupQuotaRequests"), first(listed)))
        }
        [
            ..,
            "groupquotas",
            _,
            "resourceproviders",
            _,
            "quotaallocations",
            _,
        ] => {
            let place = parts[..parts.len() - 4].join("/");
            Some((format!("/{place}/quotaAllocationRequests"), first(listed)))
        }
        _ => None,
    }
}

/// Refuses to know an operation that has just begun.
pub(crate) fn unknown_yet(face: &Face, request: &Request) -> Result<(), Refusal> {
    let seconds = i64::from(face.options.surprises.unknown_operation_seconds);
    let begun: i64 = request.asked("t").and_then(|t| t.parse().ok()).unwrap_or(0);
    if face.now()? < begun + seconds {
        return Err(Refusal::new(
            404,
            "NotFound",
            "The operation was not found.",
        ));
    }
    Ok(())
}

/// How far a namespace is on its way to be registered: whether it still is on it.
pub(crate) fn registering(face: &Face, key: &str) -> bool {
    let seconds = face.options.surprises.registering_seconds;
    let now = face.now().unwrap_or_default();
    super::recent(face.beside().surprises.asked.get(key), now, seconds)
}

/// Refuses a call again that was refused for a lack of registration, by its client request id.
pub(super) fn replay(face: &Face, request: &Request) -> Result<(), Refusal> {
    let id = request.header("x-ms-client-request-id").unwrap_or_default();
    let known = face.beside().surprises.unregistered.get(id).cloned();
    known.map_or(Ok(()), Err)
}

/// Notes a refusal for a lack of registration.
pub(super) fn note_refusal(face: &Face, request: &Request, refused: &Refusal) {
    let plans = face.options.surprises.registering_seconds > 0;
    if plans
        && refused.code == "MissingSubscriptionRegistration"
        && let Some(id) = request.header("x-ms-client-request-id")
    {
        let mut beside = face.beside();
        let known = &mut beside.surprises.unregistered;
        known.insert(id.to_owned(), refused.clone());
    }
}
