//! Resource groups, what lies in them, and tags.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;

use super::engine;
use super::face::Face;
use super::json;
use super::locks;
use super::operations;
use super::operations::Started;
use super::path::Target;
use super::path::group_id;
use super::path::parse_id;
use super::reservation;
use super::scale_set;
use super::types;
use super::types::Flow;
use super::types::Lead;
use super::types::SLOW;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// How the deletion of a group is led to.
const FLOW: Flow = Flow {
    lead: Lead::Location,
    retry_after: Some(15),
    ..SLOW
};

/// Answers a call on groups, on one, or on what is in one.
pub(crate) fn answer(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let parts = &request.parts;
    let name = face.subscription_name(&parts[1])?;
    match &lower[2..] {
        ["resourcegroups"] => {
            let all = face.list(Kind::ResourceGroup, &name)?;
            let tag = tag_filter(request.asked("$filter").unwrap_or_default());
            let all = all.iter().filter(|one| admits(one, tag.as_ref()));
            Ok(Reply::collection(
                all.map(|one| show(face, &parts[1], one)).collect(),
            ))
        }
        ["resources"] => {
            let mut found = Vec::new();
            let tag = tag_filter(request.asked("$filter").unwrap_or_default());
            for group in face.list(Kind::ResourceGroup, &name)? {
                found.extend(contents(face, &parts[1], group.address.name())?);
            }
            found.retain(|one| {
                tag.as_ref().is_none_or(|(name, value)| {
                    json::text(&one["tags"], &format!("/{name}")) == value
                })
            });
            Ok(Reply::collection(found))
        }
        ["resourcegroups", _] => of_group(face, request, &name),
        ["resourcegroups", _, "resources"] => {
            let group = face.group_address(&name, &parts[3])?;
            face.read(&group)?
                .ok_or_else(|| engine::no_group(&parts[3]))?;
            Ok(Reply::collection(contents(face, &parts[1], &parts[3])?))
        }
        ["resourcegroups", _, "providers", _, _, ..] => {
            let target = Target::new(&parts[1], &parts[3], &parts[5], &parts[6..]);
            if lower[5] == "microsoft.compute" && lower[6] == "capacityreservationgroups" {
                return reservation::answer(face, request, &target);
            }
            scale_set::action(face, request, &target)
                .unwrap_or_else(|| engine::answer(face, request, &target))
        }
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn show(face: &Face, subscription: &str, resource: &Resource) -> Json {
    let busy = face.look(|world| world.index.busy.contains_key(&resource.address));
    let id = group_id(subscription, resource.address.name());
    let mut body = face
        .stored(&id)
        .map_or_else(|| json!({}), |stored| stored.body);
    body["id"] = id.into();
    body["name"] = resource.address.name().into();
    body["type"] = "Microsoft.Resources/resourceGroups".into();
    body["location"] = resource.text("region").into();
    let mut tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let (Some(tags), Some(known)) = (tags.as_object_mut(), resource.get("tags")) {
        tags.retain(|name, _| json::is_hidden(name));
        if let Json::Object(known) = json::from_value(known) {
            tags.extend(known);
        }
    }
    body["tags"] = tags;
    let state = if busy.unwrap_or(false) {
        "Updating"
    } else {
        "Succeeded"
    };
    json::set(&mut body, "provisioningState", state);
    body
}

/// `tagName eq 'x' and tagValue eq 'y'`.
fn tag_filter(filter: &str) -> Option<(String, String)> {
    let mut quoted = filter.split('\'').skip(1).step_by(2);
    let is_tag = filter.to_ascii_lowercase().starts_with("tagname");
    is_tag.then(|| {
        let mut next = || quoted.next().unwrap_or_default().to_owned();
        (next(), next())
    })
}

fn admits(resource: &Resource, tag: Option<&(String, String)>) -> bool {
    tag.is_none_or(|(name, value)| {
        let found = resource.tag(name);
        found == Some(value) || (value.is_empty() && found.is_some())
    })
}

fn of_group(face: &Face, request: &Request, name: &str) -> Answer {
    let (subscription, group) = (&request.parts[1], &request.parts[3]);
    let at = face.group_address(name, group)?;
    let found = face.read(&at)?;
    match (request.method.as_str(), &found) {
        ("HEAD", Some(_)) => Ok(Reply::empty(204)),
        ("HEAD", None) => Ok(Reply::empty(404)),
        ("GET", Some(found)) => Ok(Reply::json(200, show(face, subscription, found))),
        ("GET" | "PATCH" | "DELETE", None) => Err(engine::no_group(group)),
        ("PUT", _) => put(face, request, &at, found.as_ref()),
        ("PATCH", Some(_)) => {
            let mut settings = stampctl_contract::Settings::new();
            if request.body.get("tags").is_some() {
                settings.insert("tags".to_owned(), json::tags(&request.body));
            }
            face.perform(&at, Verb::Patch { settings }, Precondition::Any, request)?;
            let found = face.read(&at)?.ok_or_else(|| engine::no_group(group))?;
            Ok(Reply::json(200, show(face, subscription, &found)))
        }
        ("DELETE", Some(_)) => {
            let id = group_id(subscription, at.name());
            locks::check(face, &id)?;
            let outcome = face.perform(&at, Verb::Delete, Precondition::Any, request)?;
            if matches!(outcome, Outcome::Done(_)) {
                face.beside().forget(&id);
            }
            let started = Started {
                place: format!("/subscriptions/{subscription}/operationresults"),
                id: operations::id_of(face, &outcome),
                address: Some(&at),
                resource: &id,
            };
            Ok(operations::lead(
                face,
                request,
                Reply::empty(202),
                &FLOW,
                &started,
            ))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

fn put(face: &Face, request: &Request, at: &Address, found: Option<&Resource>) -> Answer {
    let (subscription, group) = (&request.parts[1], &request.parts[3]);
    let location = json::region(json::text(&request.body, "/location"));
    if location.is_empty() {
        let why = "The location property is required for this definition.";
        return Err(Refusal::bad("LocationRequired", why));
    }
    let id = group_id(subscription, group);
    match found.and_then(|found| found.text("region")) {
        Some(region) if json::region(region) != location => {
            let why = format!(
                "Invalid resource group location '{location}'. The Resource group already exists \
                 in location '{region}'."
            );
            return Err(Refusal::new(409, "InvalidResourceGroupLocation", why));
        }
        Some(_) => {}
        // What an earlier group of this name held beside the world is gone with it.
        None => face.beside().forget(&id),
    }
    let settings = json::settings([
        ("region", location.clone().into()),
        ("tags", json::tags(&request.body)),
    ]);
    let outcome = face.perform(at, Verb::Put { settings }, Precondition::Any, request)?;
    let mut kept = request.body.clone();
    for name in ["id", "name", "type", "location"] {
        if let Some(kept) = kept.as_object_mut() {
            kept.remove(name);
        }
    }
    face.beside()
        .put(&id, "Microsoft.Resources/resourceGroups", kept);
    let status = if found.is_some() { 200 } else { 201 };
    let shown = match face.read(at)? {
        Some(found) => show(face, subscription, &found),
        None => json!({
            "id": id,
            "name": group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "tags": request.body.get("tags").cloned().unwrap_or_else(|| json!({})),
            "properties": { "provisioningState": "Creating" },
        }),
    };
    let reply = Reply::json(status, shown);
    if matches!(outcome, Outcome::Done(_)) {
        return Ok(reply);
    }
    // ARM makes groups at once; a world that takes its time shows it as an operation.
    let started = Started {
        place: operations::place(subscription, "Microsoft.Resources"),
        id: operations::id_of(face, &outcome),
        address: Some(at),
        resource: &id,
    };
    let flow = Flow {
        lead: Lead::Status,
        ..FLOW
    };
    Ok(operations::lead(face, request, reply, &flow, &started))
}

/// All resources of a group, as lists show them.
pub(crate) fn contents(face: &Face, subscription: &str, group: &str) -> Result<Vec<Json>, Refusal> {
    let mut found = Vec::new();
    for of in types::all() {
        let words: Vec<&str> = of.name.split('/').collect();
        if words.len() != 2 {
            continue;
        }
        let target = Target::new(subscription, group, words[0], &[words[1].to_owned()]);
        found.extend(engine::members(face, &target, of)?);
    }
    found.extend(reservation::groups(face, subscription, Some(group))?);
    for one in &mut found {
        if let Some(map) = one.as_object_mut() {
            map.retain(|name, _| {
                [
                    "id", "name", "type", "location", "tags", "sku", "kind", "zones",
                ]
                .contains(&name.as_str())
            });
            map.retain(|name, value| name != "sku" || !value["capacity"].is_null());
        }
    }
    Ok(found)
}

/// Answers `/{scope}/providers/Microsoft.Resources/tags/default`.
pub(crate) fn tags(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let scope = &request.parts[..request.parts.len() - 4];
    let scope_id = format!("/{}", scope.join("/"));
    let shown = |tags: &Json| {
        Reply::json(
            200,
            json!({
                "id": format!("{scope_id}/providers/Microsoft.Resources/tags/default"),
                "name": "default",
                "type": "Microsoft.Resources/tags",
                "properties": { "tags": tags },
            }),
        )
    };
    let now = tags_of(face, &scope_id, lower)?;
    let sent = request
        .body
        .pointer("/properties/tags")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let next = match (
        request.method.as_str(),
        json::text(&request.body, "/operation"),
    ) {
        ("GET", _) => return Ok(shown(&now)),
        ("PUT", _) | ("PATCH", "Replace") => sent,
        ("PATCH", "Merge") => {
            let mut next = now;
            json::merge(&mut next, &sent);
            next
        }
        ("PATCH", "Delete") => {
            let mut next = now;
            if let (Some(next), Some(sent)) = (next.as_object_mut(), sent.as_object()) {
                next.retain(|name, _| !sent.contains_key(name));
            }
            next
        }
        ("DELETE", _) => json!({}),
        _ => {
            return Err(Refusal::bad(
                "InvalidTagOperation",
                "operation is Merge, Replace or Delete",
            ));
        }
    };
    if next.as_object().is_some_and(|tags| tags.len() > 50) {
        return Err(Refusal::bad(
            "TooManyTags",
            "a resource has at most 50 tags",
        ));
    }
    set_tags(face, request, &scope_id, lower, &next)?;
    if request.method == "DELETE" {
        return Ok(Reply::empty(200));
    }
    Ok(shown(&next))
}

fn owner(face: &Face, scope: &str, lower: &[&str]) -> Result<Option<Address>, Refusal> {
    let parts: Vec<&str> = scope.trim_matches('/').split('/').collect();
    if lower.len() == 8 {
        let name = face.subscription_name(parts[1])?;
        return Ok(Some(face.group_address(&name, parts[3])?));
    }
    let Some(target) = parse_id(scope) else {
        return Ok(None);
    };
    if target.type_key() == reservation::GROUP.to_ascii_lowercase() {
        let name = face.subscription_name(&target.subscription)?;
        let group = face.group_address(&name, &target.group)?;
        let at = super::face::address(
            Kind::CapacityReservation,
            &[&name, group.name(), target.name()],
        )?;
        return Ok(Some(at));
    }
    match types::find(&target.type_key()) {
        Some(of) => engine::locate(face, &target, of),
        None => Ok(None),
    }
}

fn tags_of(face: &Face, scope: &str, lower: &[&str]) -> Result<Json, Refusal> {
    if let Some(at) = owner(face, scope, lower)?
        && let Some(found) = face.read(&at)?
    {
        return Ok(found
            .get("tags")
            .map_or_else(|| json!({}), json::from_value));
    }
    let key = scope.to_ascii_lowercase();
    if let Some(stored) = face.stored(&key) {
        return Ok(stored
            .body
            .get("tags")
            .cloned()
            .unwrap_or_else(|| json!({})));
    }
    if lower.len() == 6 {
        let tags = face.beside().subscription_tags.get(&key).cloned();
        return Ok(tags.unwrap_or_else(|| json!({})));
    }
    Err(Refusal::not_found(scope))
}

fn set_tags(
    face: &Face,
    request: &Request,
    scope: &str,
    lower: &[&str],
    tags: &Json,
) -> Result<(), Refusal> {
    let at = owner(face, scope, lower)?;
    if let Some(at) = at.filter(|at| {
        face.look(|world| world.resources.contains_key(at))
            .unwrap_or(false)
    }) {
        let settings = json::settings([("tags", json::tags(&json!({ "tags": tags })))]);
        face.perform(&at, Verb::Patch { settings }, Precondition::Any, request)?;
        return Ok(());
    }
    let key = scope.to_ascii_lowercase();
    let mut beside = face.beside();
    match beside.stored.get_mut(&key) {
        Some(stored) => stored.body["tags"] = tags.clone(),
        None => {
            beside.subscription_tags.insert(key, tags.clone());
        }
    }
    Ok(())
}
