//! What all resource types within a resource group have in common: GET, list, PUT, PATCH, DELETE,
//! versions, locks, and operations in progress.

use serde_json::Value as Json;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::beside::Next;
use super::face::Face;
use super::face::address;
use super::face::type_of;
use super::json;
use super::locks;
use super::operations;
use super::operations::Started;
use super::path::Target;
use super::types;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use crate::hex::hex;

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

/// The world's address of a resource.
pub(crate) fn locate(face: &Face, target: &Target, of: &Type) -> Result<Option<Address>, Refusal> {
    let Some(kind) = of.kind else {
        return Ok(None);
    };
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    let mut parts = vec![name.as_str(), group.name()];
    parts.extend(
        of.pick
            .iter()
            .filter_map(|at| target.names.get(*at).map(String::as_str)),
    );
    let exact = address(kind, &parts)?;
    // Names are compared without regard to case; what is there decides the spelling.
    let above = parts[..parts.len() - 1].join("/");
    face.look(|world| {
        if world.resources.contains_key(&exact) {
            return exact;
        }
        let mut all = world.beneath(kind, &above);
        let alike = all.find(|(one, _)| one.path().eq_ignore_ascii_case(exact.path()));
        alike.map_or(exact, |(one, _)| one.clone())
    })
    .map(Some)
}

/// The body of a resource, as GET shows it.
pub(crate) fn show(face: &Face, target: &Target) -> Result<Json, Refusal> {
    let of = type_of(&target.type_key())?;
    look(face, target, of)?.ok_or_else(|| Refusal::not_found(&target.id(of.name)))
}

fn get(face: &Face, target: &Target) -> Answer {
    let body = show(face, target)?;
    let etag = etag(&body);
    Ok(Reply::json(200, body).with("ETag", etag))
}

fn list(face: &Face, target: &Target, of: &Type) -> Answer {
    Ok(Reply::collection(members(face, target, of)?))
}

/// All members of a collection, ordered by id.
pub(crate) fn members(face: &Face, target: &Target, of: &Type) -> Result<Vec<Json>, Refusal> {
    let mut names: Vec<Vec<String>> = Vec::new();
    if let Some(kind) = of.kind {
        let name = face.subscription_name(&target.subscription)?;
        let group = face.group_address(&name, &target.group)?;
        for resource in face.list(kind, group.path())? {
            let own: Vec<&str> = resource.address.parts().skip(2).collect();
            let mut whole = target.names.clone();
            whole.push(resource.address.name().to_owned());
            let mut picked = of.pick.iter().map(|at| whole.get(*at).map(String::as_str));
            if of.pick.len() == own.len()
                && own.iter().all(|one| {
                    picked
                        .next()
                        .flatten()
                        .is_some_and(|name| name.eq_ignore_ascii_case(one))
                })
            {
                names.push(whole);
            }
        }
    }
    let above = target.id(of.name);
    let word = of.name.rsplit('/').next().unwrap_or_default();
    let stored: Vec<String> = face
        .beside()
        .beneath(&format!("{above}/{word}"))
        .filter(|stored| stored.type_name == of.name)
        .filter_map(|stored| stored.id.rsplit('/').next().map(str::to_owned))
        .collect();
    for name in stored {
        let mut whole = target.names.clone();
        whole.push(name);
        if !names.iter().any(|one| same(one, &whole)) {
            names.push(whole);
        }
    }
    let mut found = Vec::new();
    for names in names {
        let one = Target {
            names,
            ..target.clone()
        };
        found.extend(look(face, &one, of)?);
    }
    Ok(found)
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// The body of a resource, where there is one.
pub(crate) fn look(face: &Face, target: &Target, of: &Type) -> Result<Option<Json>, Refusal> {
    let id = target.id(of.name);
    let stored = face.stored(&id);
    let Some(at) = locate(face, target, of)? else {
        return Ok(match stored {
            Some(stored) => Some(dressed(stored.body, target, of, "Succeeded")),
            None if implied(face, target, of)? => Some(dressed(
                json!({ "properties": {} }),
                target,
                of,
                "Succeeded",
            )),
            None => None,
        });
    };
    let busy = face.look(|world| world.index.busy.contains_key(&at))?;
    let Some(resource) = face.read(&at)? else {
        let stored = stored.filter(|_| busy);
        return Ok(stored.map(|stored| dressed(stored.body, target, of, "Creating")));
    };
    let under = stored.map_or_else(|| json!({}), |stored| stored.body);
    let state = if busy { "Updating" } else { "Succeeded" };
    Ok(Some(view(face, target, of, &resource, under, state)))
}

/// A resource as it was seen, for lists that are older than the world.
pub(crate) fn view_of(face: &Face, target: &Target, of: &Type, resource: &Resource) -> Json {
    let stored = face.stored(&target.id(of.name));
    let under = stored.map_or_else(|| json!({}), |stored| stored.body);
    view(face, target, of, resource, under, "Succeeded")
}

/// A resource of the world laid over what was put.
fn view(
    face: &Face,
    target: &Target,
    of: &Type,
    resource: &Resource,
    under: Json,
    state: &str,
) -> Json {
    let mut body = under;
    if let Some(tags) = resource.get("tags")
        && let Json::Object(map) = &mut body
    {
        let hidden = map.get("tags").and_then(Json::as_object).cloned();
        let hidden = hidden.into_iter().flatten();
        let hidden = hidden.filter(|(name, _)| json::is_hidden(name));
        let mut shown = json::from_value(tags);
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(hidden);
        }
        map.insert("tags".to_owned(), shown);
    }
    if let Some(region) = resource.text("region")
        && let Json::Object(map) = &mut body
    {
        map.entry("location").or_insert_with(|| region.into());
    }
    let seen = Seen {
        resource,
        face,
        target,
    };
    (of.write)(&seen, &mut body);
    dressed(body, target, of, state)
}

fn dressed(mut body: Json, target: &Target, of: &Type, state: &str) -> Json {
    stamp(&mut body, target, of);
    json::object(&mut body, "properties");
    if !NO_STATE.contains(&of.name) {
        json::set(&mut body, "provisioningState", state);
    }
    if of.kind == Some(Kind::ScaleSet) {
        body["etag"] = Json::Null;
        body["etag"] = etag(&body).into();
    }
    body
}

/// Types whose schema has no `provisioningState`.
const NO_STATE: &[&str] = &[
    "Microsoft.Sql/servers",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Sql/servers/elasticPools",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.ApiManagement/service/users",
    "Microsoft.ApiManagement/service/subscriptions",
    "Microsoft.ApiManagement/service/policies",
    "Microsoft.ApiManagement/service/products",
    "Microsoft.Network/trafficmanagerprofiles",
    "Microsoft.Network/trafficmanagerprofiles/externalEndpoints",
    "Microsoft.Network/trafficmanagerprofiles/azureEndpoints",
    "Microsoft.Network/trafficmanagerprofiles/nestedEndpoints",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
];

/// Writes id, name and type into a body.
pub(crate) fn stamp(body: &mut Json, target: &Target, of: &Type) {
    if !body.is_object() {
        *body = json!({});
    }
    body["id"] = target.id(of.name).into();
    body["name"] = target.name().into();
    body["type"] = of.name.into();
}

/// Whether a resource that nobody made is there for what the world has beneath it.
fn implied(face: &Face, target: &Target, of: &Type) -> Result<bool, Refusal> {
    let Some(kind) = of.implied else {
        return Ok(false);
    };
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    let depth = kind.parts().len() - 2;
    let names = target.names.iter().take(depth).map(String::as_str);
    let prefix = [group.path()].into_iter().chain(names).collect::<Vec<_>>();
    let prefix = prefix.join("/");
    face.look(|world| world.beneath(kind, &prefix).next().is_some())
}

/// The version of a body.
pub(crate) fn etag(body: &Json) -> String {
    if let Some(own) = body.get("etag").and_then(Json::as_str) {
        return own.to_owned();
    }
    let sum = hex(&Sha256::digest(body.to_string()), 8);
    format!("\"{sum}\"")
}

/// Refuses what `If-Match` and `If-None-Match` forbid.
pub(crate) fn conditions(request: &Request, now: Option<&Json>) -> Result<(), Refusal> {
    let failed = || {
        Err(Refusal::new(
            412,
            "PreconditionFailed",
            "The precondition supplied by the If-Match or If-None-Match header is not satisfied.",
        ))
    };
    if request.header("if-none-match") == Some("*") && now.is_some() {
        return failed();
    }
    match (request.header("if-match"), now) {
        (None, _) | (Some("*"), Some(_)) => Ok(()),
        (Some(wanted), Some(body)) if wanted == etag(body) => Ok(()),
        (Some(_), None) if request.method == "DELETE" => Ok(()),
        (Some(_), _) => failed(),
    }
}

fn write(face: &Face, request: &Request, target: &Target, of: &Type, patch: bool) -> Answer {
    let now = look(face, target, of)?;
    conditions(request, now.as_ref())?;
    let id = target.id(of.name);
    if patch && now.is_none() {
        return Err(Refusal::not_found(&id));
    }
    parent(face, target)?;
    let mut body = request.body.clone();
    if let (true, Some(now)) = (patch, &now) {
        body = now.clone();
        json::patch(&mut body, &request.body);
    }
    json::without_nulls(&mut body);
    let existed = now.is_some();
    let Some(at) = locate(face, target, of)? else {
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
    let settings = (of.read)(&wanted)?;
    let copy = super::sql::copied_from(face, &body).map(|copy| copy.filter(|_| !patch))?;
    let verb = if patch {
        let changed = changes(old.as_ref(), settings);
        Verb::Patch { settings: changed }
    } else {
        Verb::Put { settings }
    };
    let mut outcome = face.perform(&at, verb, Precondition::Any, request)?;
    if let Some(verb) = copy {
        outcome = fill(face, request, &at, outcome, verb)?;
    }
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
    match work {
        Some((at, outcome)) if flow.always || matches!(outcome, Outcome::Accepted(_)) => {
            let started = Started {
                place: operations::place(&target.subscription, &target.namespace),
                id: operations::id_of(face, outcome),
                address: Some(at),
                resource: &target.id(of.name),
            };
            operations::lead(face, request, reply, flow, &started)
        }
        _ => reply,
    }
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
    let Some(at) = locate(face, target, of)? else {
        face.beside().forget(&id);
        return Ok(Reply::empty(of.flow.delete));
    };
    let outcome = face.perform(&at, Verb::Delete, Precondition::Any, request)?;
    if matches!(outcome, Outcome::Done(_)) {
        face.beside().forget(&id);
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

/// Refuses a child whose parent, where the world or a caller should have made it, is not there.
fn parent(face: &Face, target: &Target) -> Result<(), Refusal> {
    if target.names.len() < 2 {
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
