//! What a resource looks like: where it is in the world, its body, its version, and lists.

use super::super::face::Face;
use super::super::face::address;
use super::super::face::type_of;
use super::super::json;
use super::super::network;
use super::super::path::Target;
use super::super::types::Seen;
use super::super::types::Type;
use super::super::wire::Answer;
use super::super::wire::Refusal;
use super::super::wire::Reply;
use super::super::wire::Request;
use crate::hex::hex;
use serde_json::Value as Json;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Resource;

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

pub(super) fn get(face: &Face, target: &Target) -> Answer {
    let body = show(face, target)?;
    let etag = etag(&body);
    Ok(Reply::json(200, body).with("ETag", etag))
}

pub(super) fn list(face: &Face, target: &Target, of: &Type) -> Answer {
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
        let mut body = match stored {
            Some(stored) => stored.body,
            None if implied(face, target, of)? => json!({ "properties": {} }),
            None => return Ok(None),
        };
        network::fill(face, target, of, &mut body)?;
        return Ok(Some(dressed(body, target, of, "Succeeded")));
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

pub(super) fn dressed(mut body: Json, target: &Target, of: &Type, state: &str) -> Json {
    stamp(&mut body, target, of);
    json::object(&mut body, "properties");
    if !NO_STATE.contains(&of.name) {
        json::set(&mut body, "provisioningState", state);
    }
    if of.kind == Some(Kind::ScaleSet) || of.name == network::GATEWAY {
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
pub(super) fn implied(face: &Face, target: &Target, of: &Type) -> Result<bool, Refusal> {
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
