//! Management locks. Those of resource groups are the world's; those of other scopes stand beside
//! it and hold all the same.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;

use super::beside::Stored;
use super::face::Face;
use super::face::address;
use super::json;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

const TYPE: &str = "Microsoft.Authorization/locks";

/// Answers `/{scope}/providers/Microsoft.Authorization/locks[/{name}]`.
pub(crate) fn answer(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let at = lower.len() - if lower.last() == Some(&"locks") { 3 } else { 4 };
    let parts = &request.parts;
    let scope = format!("/{}", parts[..at].join("/"));
    let Some(name) = parts.get(at + 3) else {
        return Ok(Reply::collection(all(face, &scope, &lower[..at], parts)?));
    };
    let id = format!("{scope}/providers/{TYPE}/{name}");
    let level = json::text(&request.body, "/properties/level");
    if request.method == "PUT" && !["CanNotDelete", "ReadOnly"].contains(&level) {
        let why = "properties.level is CanNotDelete or ReadOnly";
        return Err(Refusal::bad("InvalidRequestContent", why));
    }
    if let ["subscriptions", _, "resourcegroups", _] = &lower[..at] {
        return of_group(face, request, &scope, name);
    }
    let key = id.to_ascii_lowercase();
    let existed = face.beside().locks.contains_key(&key);
    match request.method.as_str() {
        "GET" => {
            let found = face.beside().locks.get(&key).cloned();
            found.map_or_else(|| Err(no_lock(name)), |one| Ok(Reply::json(200, one.body)))
        }
        "PUT" => {
            let body = shown(
                &scope,
                name,
                level,
                json::text(&request.body, "/properties/notes"),
            );
            let stored = Stored {
                id,
                type_name: TYPE,
                body: body.clone(),
            };
            face.beside().locks.insert(key, stored);
            Ok(Reply::json(if existed { 200 } else { 201 }, body))
        }
        "DELETE" => {
            face.beside().locks.remove(&key);
            Ok(Reply::empty(if existed { 200 } else { 204 }))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

fn no_lock(name: &str) -> Refusal {
    Refusal::new(
        404,
        "LockNotFound",
        format!("The lock '{name}' could not be found."),
    )
}

fn shown(scope: &str, name: &str, level: &str, notes: &str) -> Json {
    let mut body = json!({
        "id": format!("{scope}/providers/{TYPE}/{name}"),
        "name": name,
        "type": TYPE,
        "properties": { "level": level },
    });
    if !notes.is_empty() {
        json::set(&mut body, "notes", notes);
    }
    body
}

fn of_group(face: &Face, request: &Request, scope: &str, name: &str) -> Answer {
    let subscription = face.subscription_name(&request.parts[1])?;
    let group = face.group_address(&subscription, &request.parts[3])?;
    let at = address(Kind::Lock, &[&subscription, group.name(), name])?;
    let found = face.read(&at)?;
    let notes_id = format!("{scope}/providers/{TYPE}/{name}");
    let show = |resource: &Resource| {
        let notes = face.stored(&notes_id).map(|stored| stored.body);
        let notes = notes.as_ref().map_or("", |body| json::text(body, "/notes"));
        shown(
            scope,
            name,
            resource.text("level").unwrap_or("CanNotDelete"),
            notes,
        )
    };
    match (request.method.as_str(), found) {
        ("GET", Some(found)) => Ok(Reply::json(200, show(&found))),
        ("GET", None) => Err(no_lock(name)),
        ("PUT", found) => {
            let level = json::text(&request.body, "/properties/level");
            let notes = json!({ "notes": json::text(&request.body, "/properties/notes") });
            let settings = json::settings([("level", level.into())]);
            face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
            face.beside().put(&notes_id, TYPE, notes);
            let now = face.read(&at)?.ok_or_else(|| no_lock(name))?;
            Ok(Reply::json(
                if found.is_some() { 200 } else { 201 },
                show(&now),
            ))
        }
        ("DELETE", found) => {
            face.perform(&at, Verb::Delete, Precondition::Any, request)?;
            Ok(Reply::empty(if found.is_some() { 200 } else { 204 }))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// All locks at or beneath a scope.
fn all(face: &Face, scope: &str, lower: &[&str], parts: &[String]) -> Result<Vec<Json>, Refusal> {
    let mut found = Vec::new();
    if let ["subscriptions", _, ..] = lower {
        let name = face.subscription_name(&parts[1])?;
        let beneath = match lower {
            ["subscriptions", _, "resourcegroups", _] => {
                Some(face.group_address(&name, &parts[3])?.path().to_owned())
            }
            ["subscriptions", _] => Some(name),
            _ => None,
        };
        for lock in beneath.map_or(Ok(Vec::new()), |beneath| face.list(Kind::Lock, &beneath))? {
            let group = lock.address.part("resource_group").unwrap_or_default();
            let scope = super::path::group_id(&parts[1], group);
            let level = lock.text("level").unwrap_or("CanNotDelete");
            found.push(shown(&scope, lock.address.name(), level, ""));
        }
    }
    let prefix = format!("{}/", scope.to_ascii_lowercase());
    let beside = face.beside();
    let other = beside
        .locks
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix));
    found.extend(other.map(|(_, one)| one.body.clone()));
    Ok(found)
}

/// Refuses to delete what a lock holds: at the resource, above it, or beneath it.
pub(crate) fn check(face: &Face, id: &str) -> Result<(), Refusal> {
    let id = id.to_ascii_lowercase();
    let beneath = format!("{id}/");
    let beside = face.beside();
    let held = beside.locks.iter().find(|(key, _)| {
        let scope = key
            .split("/providers/microsoft.authorization/")
            .next()
            .unwrap_or_default();
        key.starts_with(&beneath) || id == scope || id.starts_with(&format!("{scope}/"))
    });
    if let Some((_, lock)) = held {
        return Err(locked(&id, &lock.id));
    }
    drop(beside);
    above(face, &id)
}

/// A lock of the resource group holds what is in it.
fn above(face: &Face, id: &str) -> Result<(), Refusal> {
    let Some(target) = super::path::parse_id(id) else {
        return Ok(());
    };
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    match face.look(|world| {
        world
            .beneath(Kind::Lock, group.path())
            .next()
            .map(|(at, _)| at.clone())
    })? {
        Some(lock) => Err(locked(id, lock.name())),
        None => Ok(()),
    }
}

/// The refusal to delete what a lock holds.
pub(crate) fn locked(id: &str, lock: &str) -> Refusal {
    let why = format!(
        "The scope '{id}' cannot perform delete operation because following scope(s) are locked: \
         '{lock}'. Please remove the lock and try again."
    );
    Refusal::new(409, "ScopeLocked", why)
}
