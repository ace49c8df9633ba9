//! What Azure does that a caller does not expect: names that stay taken, locks that outlive their
//! removal, groups that are not found yet, old views, refusals that come late. Each is off unless
//! asked for; all count by the world's clock. Around the namespaces, so that these know nothing of
//! it.

mod last;
mod late;
mod left;
mod names;
mod region;
mod style;

use std::collections::BTreeMap;

use super::face::Face;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

pub use style::ErrorStyle;

pub(crate) use late::registering;
pub(crate) use late::unknown_yet;
pub(crate) use left::failed;
pub(crate) use left::perform;
pub(crate) use left::wish;
pub(crate) use left::wished;
pub(crate) use region::check_region;
pub(crate) use region::regional_limit;
pub(crate) use style::styled;

/// Which surprises there are, and for how many seconds they last; 0 and nothing is never.
#[derive(Clone, Debug, Default)]
pub struct Surprises {
    /// A container that was deleted cannot be made again.
    pub container_seconds: u32,
    /// Names of storage accounts, SQL servers and API services that somebody else has.
    pub taken: Vec<String>,
    /// The name of a storage account or API service that was deleted stays taken.
    pub name_seconds: u32,
    /// A lock that was removed still holds.
    pub lock_seconds: u32,
    /// A reservation that is gone still keeps its group from going.
    pub reservation_seconds: u32,
    /// A resource group that was just made is not found.
    pub hidden_group_seconds: u32,
    /// Nothing can be made in a resource group that was just made.
    pub early_child_seconds: u32,
    /// A resource that was just changed is shown as it was.
    pub old_view_seconds: u32,
    /// An operation that has just begun is not found.
    pub unknown_operation_seconds: u32,
    /// A namespace takes this long to be registered, and a refusal for its lack is repeated for
    /// the same client request id.
    pub registering_seconds: u32,
    /// Families whose requests for quota wait for people, for ever.
    pub escalates: Vec<String>,
    /// Families whose requests for quota succeed as operations and are refused as requests.
    pub refuses_late: Vec<String>,
    /// A reservation whose increase is refused is left with the wish, and a scale set that finds
    /// no machines with those that there were; both are refused as operations.
    pub leaves: bool,
    /// All cores of a subscription in a region, beside each family's limit.
    pub regional_cores: Option<u32>,
    /// How refusals look.
    pub errors: ErrorStyle,
}

/// What the surprises remember, by lower-cased id and time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    made: BTreeMap<String, i64>,
    gone: BTreeMap<String, i64>,
    unlocked: BTreeMap<String, i64>,
    old: BTreeMap<String, (i64, Reply)>,
    /// What a reservation was refused, by its id.
    wishes: BTreeMap<String, i64>,
    /// Operations that ended badly, by their id.
    failed: BTreeMap<String, Refusal>,
    /// Refusals for a lack of registration, by client request id.
    pub(super) unregistered: BTreeMap<String, Refusal>,
    /// When a namespace was asked to be registered, as `subscription/namespace`.
    pub(super) asked: BTreeMap<String, i64>,
}

/// A call on a resource group or on a resource in one.
struct Call<'a> {
    request: &'a Request,
    /// The id, lower-cased.
    id: String,
    /// The type, lower-cased: `microsoft.storage/storageaccounts`, or empty for the group itself.
    of: String,
    now: i64,
}

impl<'a> Call<'a> {
    fn of(request: &'a Request, lower: &[&str], now: i64) -> Option<Self> {
        let of = match lower {
            ["subscriptions", _, "resourcegroups", _] => String::new(),
            [
                "subscriptions",
                _,
                "resourcegroups",
                _,
                "providers",
                namespace,
                rest @ ..,
            ] if !rest.is_empty() => {
                let types: Vec<&str> = rest.iter().step_by(2).copied().collect();
                format!("{namespace}/{}", types.join("/"))
            }
            _ => return None,
        };
        Some(Self {
            request,
            id: format!("/{}", lower.join("/")),
            of,
            now,
        })
    }

    fn group(&self) -> String {
        let words: Vec<&str> = self.id.split('/').take(5).collect();
        words.join("/")
    }

    fn is(&self, methods: &[&str]) -> bool {
        methods.contains(&self.request.method.as_str())
    }
}

/// Answers a call, with what is surprising about it.
pub(crate) fn around(
    face: &Face,
    request: &Request,
    lower: &[&str],
    answer: impl Fn(&Request) -> Answer,
) -> Answer {
    late::replay(face, request)?;
    if let Some(reply) = late::request(face, request, lower) {
        return Ok(reply);
    }
    let answered = among(face, request, lower, answer);
    if let Err(refused) = &answered {
        late::note_refusal(face, request, refused);
    }
    answered
}

/// Answers a call with what earlier calls have to do with it.
fn among(
    face: &Face,
    request: &Request,
    lower: &[&str],
    answer: impl Fn(&Request) -> Answer,
) -> Answer {
    let Some(call) = Call::of(request, lower, face.now()?) else {
        return answer(request);
    };
    let asked = Request {
        method: "GET".to_owned(),
        ..request.clone()
    };
    let view = || answer(&asked).ok().filter(|seen| seen.status == 200);
    lags(face, &call)?;
    names::check(face, &call, &view)?;
    last::check(face, &call, &answer)?;
    if let Some(old) = old_view(face, &call) {
        return Ok(old);
    }
    let shows_old = face.options.surprises.old_view_seconds > 0 && call.is(&["PUT", "PATCH"]);
    let before = if shows_old { view() } else { None };
    let doomed = names::doomed(face, &call);
    let existed = call.of.is_empty() && call.is(&["PUT"]) && view().is_some();
    let reply = answer(request)?;
    let mut beside = face.beside();
    let memory = &mut beside.surprises;
    if let Some(before) = before {
        memory.old.insert(call.id.clone(), (call.now, before));
    }
    if call.of.is_empty() && call.is(&["PUT"]) && !existed {
        memory.made.insert(call.id.clone(), call.now);
    }
    if call.is(&["DELETE"]) && reply.status != 204 {
        if let Some((scope, _)) = call
            .id
            .split_once("/providers/microsoft.authorization/locks/")
        {
            memory.unlocked.insert(scope.to_owned(), call.now);
        }
        for id in doomed {
            memory.old.remove(&id);
            memory.gone.insert(id, call.now);
        }
    }
    Ok(reply)
}

/// Whether something happened less than so many seconds ago.
fn recent(at: Option<&i64>, now: i64, seconds: u32) -> bool {
    at.is_some_and(|at| now < at + i64::from(seconds))
}

/// Refuses what an earlier call has not reached everywhere yet.
fn lags(face: &Face, call: &Call<'_>) -> Result<(), Refusal> {
    let told = &face.options.surprises;
    let beside = face.beside();
    let memory = &beside.surprises;
    let group = call.group();
    let hides = if call.is(&["PUT"]) && !call.of.is_empty() {
        told.early_child_seconds
    } else if call.is(&["PUT"]) {
        0
    } else {
        told.hidden_group_seconds
    };
    if recent(memory.made.get(&group), call.now, hides) {
        let name = call.request.parts.get(3).map_or("", String::as_str);
        return Err(super::engine::no_group(name));
    }
    if !call.is(&["DELETE"]) || call.id.contains("/microsoft.authorization/") {
        return Ok(());
    }
    let above = |one: &str, other: &str| other == one || other.starts_with(&format!("{one}/"));
    let held = memory.unlocked.iter().find(|(scope, at)| {
        (above(scope, &call.id) || above(&call.id, scope))
            && recent(Some(at), call.now, told.lock_seconds)
    });
    if let Some((scope, _)) = held {
        return Err(super::locks::locked(&call.id, scope));
    }
    let beneath = format!("{}/capacityreservations/", call.id);
    let mut gone = memory
        .gone
        .iter()
        .filter(|(id, _)| id.starts_with(&beneath));
    if gone.any(|(_, at)| recent(Some(at), call.now, told.reservation_seconds)) {
        return Err(Refusal::new(
            409,
            "CannotDeleteResource",
            "Can not delete resource before nested resources are deleted.",
        ));
    }
    Ok(())
}

fn old_view(face: &Face, call: &Call<'_>) -> Option<Reply> {
    let seconds = face.options.surprises.old_view_seconds;
    let beside = face.beside();
    let (at, reply) = beside.surprises.old.get(&call.id)?;
    let shows = call.is(&["GET"]) && recent(Some(at), call.now, seconds);
    shows.then(|| reply.clone())
}
