//! What all resource types within a resource group have in common: GET, list, PUT, PATCH, DELETE,
//! versions, locks, and operations in progress.

mod shown;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::beside::Next;
use super::cdn;
use super::face::Face;
use super::face::type_of;
use super::json;
use super::kubernetes;
use super::locks;
use super::network;
use super::operations;
use super::operations::Started;
use super::path::Target;
use super::types;
use super::types::Type;
use super::types::Wanted;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

pub(crate) use shown::conditions;
pub(crate) use shown::etag;
pub(crate) use shown::locate;
pub(crate) use shown::look;
pub(crate) use shown::members;
pub(crate) use shown::show;
pub(crate) use shown::stamp;
pub(crate) use shown::view_of;

use shown::dressed;
use shown::get;
use shown::list;

/// Answers a call on a resource or a collection.
pub(crate) fn answer(face: &Face, request: &Request, target: &Target) -> Answer {
    let of = type_of(&target.type_key())?;
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    face.look(|world| world.resources.contains_key(&group))?
        .then_some(())
        .ok_or_else(|| no_group(&target.group))?;
    super::subscriptions::registered(face, &target.subscription, &target.namespace)?;
    match (request.method.as_str(), target.is_collection()) {
        ("GET", true) => list(face, target, of),
        ("GET" | "HEAD", false) => get(face, target),
        ("PUT", false) => write(face, request, target, of, false),
        ("PATCH", false) => write(face, request, target, of, true),
        ("DELETE", false) => delete(face, request, target, of),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// Lists a type over a whole subscription.
pub(crate) fn of_subscription(face: &Face, request: &Request) -> Answer {
    let parts = &request.parts;
    let (Some(subscription), Some(namespace)) = (parts.get(1), parts.get(3)) else {
        return Err(Refusal::not_found(&request.path));
    };
    let of = type_of(&format!("{namespace}/{}", parts[4..].join("/")))?;
    let name = face.subscription_name(subscription)?;
    let mut found = Vec::new();
    for group in face.list(Kind::ResourceGroup, &name)? {
        let group = group.address.name().to_owned();
        let target = Target::new(subscription, &group, namespace, &parts[4..]);
        found.extend(members(face, &target, of)?);
    }
    Ok(Reply::collection(found))
}

pub(crate) fn no_group(group: &str) -> Refusal {
    let why = format!("Resource group '{group}' could not be found.");
    Refusal::new(404, "ResourceGroupNotFound", why)
}

fn write(face: &Face, request: &Request, target: &Target, of: &Type, patch: bool) -> Answer {
    let now = look(face, target, of)?;
    conditions(request, now.as_ref())?;
    let id = target.id(of.name);
    if patch && now.is_none() {
        return Err(Refusal::not_found(&id));
    }
    parent(face, target, of)?;
    let mut body = request.body.clone();
    if let (true, Some(now)) = (patch, &now) {
        body = now.clone();
        json::patch(&mut body, &request.body);
    }
    json::without_nulls(&mut body);
    let existed = now.is_some();
    let Some(at) = locate(face, target, of)? else {
        network::absorb(face, request, target, of, &body)?;
        face.beside().put(&id, of.name, body);
        let body = show(face, target)?;
        return Ok(settled(
            face,
            request,
            target,
            of,
            None,
            body,
            (existed, patch),
        ));
    };
    let old = face.look(|world| world.resources.get(&at).map(|entry| entry.settings.clone()))?;
    let wanted = Wanted {
        body: &body,
        old: old.as_ref(),
        face,
        target,
    };
    let mut settings = (of.read)(&wanted)?;
    let copy = super::sql::copied_from(face, &body).map(|copy| copy.filter(|_| !patch))?;
    if let Some(Verb::Copy { tenant, .. }) = &copy {
        // A copy holds what its source held, whoever it says that it is of.
        settings.insert("tenant".to_owned(), tenant.as_str().into());
    }
    let verb = if patch {
        let changed = changes(old.as_ref(), settings);
        Verb::Patch { settings: changed }
    } else {
        Verb::Put { settings }
    };
    let outcome = super::surprises::perform(face, request, &at, verb);
    let mut outcome = outcome.map_err(|refusal| kubernetes::worded(of, refusal))?;
    if let Some(verb) = copy {
        outcome = fill(face, request, &at, outcome, verb)?;
    }
    kubernetes::absorb(face, request, target, of, &body)?;
    face.beside().put(&id, of.name, body.clone());
    let body = match &outcome {
        Outcome::Done(_) => show(face, target)?,
        Outcome::Accepted(_) => {
            let state = if existed { "Updating" } else { "Creating" };
            dressed(body, target, of, state)
        }
    };
    let work = Some((&at, &outcome));
    Ok(settled(
        face,
        request,
        target,
        of,
        work,
        body,
        (existed, patch),
    ))
}

/// Fills what was made with the content of another: now, or when it is made.
fn fill(
    face: &Face,
    request: &Request,
    at: &Address,
    made: Outcome,
    verb: Verb,
) -> Result<Outcome, Refusal> {
    let Outcome::Accepted(ticket) = &made else {
        return face.perform(at, verb, Precondition::Any, request);
    };
    let next = Next {
        address: at.clone(),
        verb,
        key: request
            .header("x-ms-client-request-id")
            .unwrap_or_default()
            .to_owned(),
        id: None,
    };
    face.beside().next.insert(ticket.id.clone(), next);
    Ok(made)
}

/// What a PATCH changes, and nothing else.
fn changes(old: Option<&Settings>, wanted: Settings) -> Settings {
    let same = |name: &str, value: &Value| old.and_then(|old| old.get(name)) == Some(value);
    let wanted = wanted.into_iter();
    wanted.filter(|(name, value)| !same(name, value)).collect()
}

/// The answer to a write that was taken.
pub(crate) fn settled(
    face: &Face,
    request: &Request,
    target: &Target,
    of: &Type,
    work: Option<(&Address, &Outcome)>,
    body: Json,
    (existed, patch): (bool, bool),
) -> Reply {
    let flow = &of.flow;
    let status = match (patch, existed) {
        (true, _) => flow.patch,
        (false, true) => flow.update,
        (false, false) => flow.create,
    };
    let etag = etag(&body);
    let reply = if status == 202 {
        Reply::empty(202)
    } else {
        Reply::json(status, body).with("ETag", etag)
    };
    let (id, address) = match work {
        Some((at, outcome)) if flow.always || matches!(outcome, Outcome::Accepted(_)) => {
            (operations::id_of(face, outcome), Some(at))
        }
        // What is kept beside the world is done at once.
        None if flow.always => (operations::id_of(face, &Outcome::Done(None)), None),
        _ => return reply,
    };
    let started = Started {
        place: operations::place(&target.subscription, &target.namespace),
        id,
        address,
        resource: &target.id(of.name),
    };
    operations::lead(face, request, reply, flow, &started)
}

fn delete(face: &Face, request: &Request, target: &Target, of: &Type) -> Answer {
    let now = look(face, target, of)?;
    if of.name.starts_with("Microsoft.ApiManagement/service/")
        && request.header("if-match").is_none()
    {
        let why = "The If-Match header is required.";
        return Err(Refusal::bad("MissingIfMatchHeader", why));
    }
    conditions(request, now.as_ref())?;
    let id = target.id(of.name);
    if now.is_none() {
        return Ok(Reply::empty(204));
    }
    locks::check(face, &id)?;
    kubernetes::keep_system(face, target, of)?;
    cdn::keep_routed(face, target, of)?;
    let Some(at) = locate(face, target, of)? else {
        network::dissolve(face, request, target, of)?;
        face.beside().forget(&id);
        return Ok(Reply::empty(of.flow.delete));
    };
    let outcome = face.perform(&at, Verb::Delete, Precondition::Any, request)?;
    if matches!(outcome, Outcome::Done(_)) {
        face.beside().forget(&id);
        if of.kind == Some(Kind::TrafficEndpoint) {
            return Ok(Reply::json(200, json!({ "boolean": true })));
        }
        if !of.flow.always {
            return Ok(Reply::empty(of.flow.delete));
        }
    }
    let started = Started {
        place: operations::place(&target.subscription, &target.namespace),
        id: operations::id_of(face, &outcome),
        address: Some(&at),
        resource: &id,
    };
    Ok(operations::lead(
        face,
        request,
        Reply::empty(202),
        &of.flow,
        &started,
    ))
}

/// Refuses a child whose parent is not there, where the world does not judge that itself.
fn parent(face: &Face, target: &Target, child: &Type) -> Result<(), Refusal> {
    if target.names.len() < 2 || child.kind.is_some() {
        return Ok(());
    }
    let mut above = target.clone();
    above.types.pop();
    above.names.pop();
    let Some(of) = types::find(&above.type_key()) else {
        return Ok(());
    };
    if of.kind.is_none() || look(face, &above, of)?.is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform 'write' on resource(s) of type '{}', because the parent \
             resource '{}' could not be found.",
            target.types.join("/"),
            above.id(of.name)
        ),
    ))
}
