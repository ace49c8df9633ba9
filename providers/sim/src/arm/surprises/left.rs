//! What a refusal leaves behind: a wish, or half of what was asked for.

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Ticket;
use stampctl_contract::Verb;

use super::super::face::Face;
use super::super::json;
use super::super::wire::Refusal;
use super::super::wire::Request;

/// Notes what became of a write to a reservation: the wish where there is none of it. Gives what
/// began, and whether the reservation is now as it was asked for.
pub(crate) fn wished(
    face: &Face,
    at: &Address,
    id: &str,
    body: &Json,
    existed: bool,
    done: Result<Outcome, Refusal>,
) -> Result<(Outcome, bool), Refusal> {
    let key = id.to_ascii_lowercase();
    match done {
        Err(refused) if face.options.surprises.leaves && existed && is_short(&refused) => {
            let wish = json::int(body, "/sku/capacity").unwrap_or(0);
            let mut beside = face.beside();
            beside.surprises.wishes.insert(key, wish);
            drop(beside);
            Ok((fail(face, at, refused), false))
        }
        Err(refused) => Err(refused),
        Ok(outcome) => {
            face.beside().surprises.wishes.remove(&key);
            Ok((outcome, true))
        }
    }
}

/// What a reservation was refused last.
pub(crate) fn wish(face: &Face, id: &str) -> Option<i64> {
    let beside = face.beside();
    let wishes = &beside.surprises.wishes;
    wishes.get(&id.to_ascii_lowercase()).copied()
}

/// Makes as many machines as there are where not all are there. Gives the operation that says so.
pub(crate) fn partly(
    face: &Face,
    request: &Request,
    at: &Address,
    settings: &Settings,
    refused: Refusal,
) -> Result<Outcome, Refusal> {
    let asked = settings.get("instances").and_then(|count| count.as_int());
    let is_capacity = refused.code == "AllocationFailed";
    let Some(asked) = asked.filter(|_| face.options.surprises.leaves && is_capacity) else {
        return Err(refused);
    };
    for fewer in (0..asked).rev() {
        let mut settings = settings.clone();
        settings.insert("instances".to_owned(), fewer.into());
        let verb = Verb::Put { settings };
        if face.perform(at, verb, Precondition::Any, request).is_ok() {
            return Ok(fail(face, at, refused));
        }
    }
    Err(refused)
}

/// How an operation failed, if it is one of those.
pub(crate) fn failed(face: &Face, operation: &str) -> Option<Refusal> {
    face.beside().surprises.failed.get(operation).cloned()
}

/// An operation that ends with this refusal.
fn fail(face: &Face, at: &Address, refused: Refusal) -> Outcome {
    let mut beside = face.beside();
    let id = format!("refused-{}", beside.number());
    beside.surprises.failed.insert(id.clone(), refused);
    Outcome::Accepted(Ticket {
        id,
        address: at.clone(),
        retry_after_seconds: 0,
    })
}

fn is_short(refused: &Refusal) -> bool {
    let short = [
        "AllocationFailed",
        "OperationNotAllowed",
        "InsufficientQuota",
    ];
    short.contains(&refused.code.as_str())
}
