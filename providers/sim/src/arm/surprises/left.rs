//! What a refusal leaves behind: a wish, or half of what was asked for.

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Ticket;
use stampctl_contract::Value;
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

/// Performs a write. A new scale set that does not find all its machines is made with those that
/// there are, and its operation fails.
pub(crate) fn perform(
    face: &Face,
    request: &Request,
    at: &Address,
    verb: Verb,
) -> Result<Outcome, Refusal> {
    super::check_region(face, at, &verb)?;
    let done = face.perform(at, verb.clone(), Precondition::Any, request);
    let (Err(refused), Verb::Put { mut settings }) = (done.clone(), verb) else {
        return done;
    };
    let leaves = face.options.surprises.leaves && at.kind() == Kind::ScaleSet;
    let asked = settings.get("instances").and_then(Value::as_int);
    let Some(asked) = asked.filter(|_| leaves && refused.code == "AllocationFailed") else {
        return done;
    };
    for fewer in (0..asked).rev() {
        settings.insert("instances".to_owned(), fewer.into());
        let verb = Verb::Put {
            settings: settings.clone(),
        };
        if face.perform(at, verb, Precondition::Any, request).is_ok() {
            return Ok(fail(face, at, refused));
        }
    }
    done
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
