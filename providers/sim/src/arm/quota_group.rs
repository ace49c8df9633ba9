//! `Microsoft.Quota` on a management group: quota groups, their members, limits and allocations.
//!
//! ARM states an allocation as the member's whole new limit, the world as the cores that came
//! from the group; the difference is what the member has of its own.

mod limits;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::face::Face;
use super::face::address;
use super::json;
use super::operations;
use super::operations::Started;
use super::quota::FLOW;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Answers a call beneath `/providers/Microsoft.Management/managementGroups`.
pub(crate) fn answer(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let parts = &request.parts;
    let Some(mg) = parts.get(3) else {
        return Err(Refusal::not_found(&request.path));
    };
    let mg = known(face, mg)?;
    let place = format!(
        "/providers/Microsoft.Management/managementGroups/{mg}/providers/Microsoft.Quota/groupQuotas"
    );
    match &lower[4..] {
        ["providers", "microsoft.quota", "groupquotas"] => {
            let all = face.list(Kind::QuotaGroup, &mg)?;
            let all = all.iter().map(|one| show(face, &place, one.address.name()));
            Ok(Reply::collection(all.collect()))
        }
        ["providers", "microsoft.quota", "groupquotas", _, rest @ ..] => {
            of_one(face, request, &place, &mg, rest)
        }
        [
            "subscriptions",
            _,
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            rest @ ..,
        ] => of_member(face, request, &mg, rest),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

/// What lies beneath one group.
fn of_one(face: &Face, request: &Request, place: &str, mg: &str, rest: &[&str]) -> Answer {
    let parts = &request.parts;
    let name = parts[7].as_str();
    match rest {
        [] => of_group(face, request, place, &[mg, name]),
        ["subscriptions", ..] => members(face, request, place, &[mg, name]),
        ["resourceproviders", _, "groupquotalimits", _] => {
            limits::limits(face, request, place, &[mg, name, &parts[11]])
        }
        ["resourceproviders", _, "locationusages", _] => {
            limits::usages(face, request, &[mg, name, &parts[11]])
        }
        ["resourceproviders", _, "groupquotarequests"] | ["groupquotarequests", _] => {
            let place = format!("{place}/{name}");
            limits::requests(face, request, "/groupquotarequests/", &place)
        }
        _ => Err(Refusal::not_found(&request.path)),
    }
}

/// What lies beneath one member of one group.
fn of_member(face: &Face, request: &Request, mg: &str, rest: &[&str]) -> Answer {
    let parts = &request.parts;
    let (subscription, name) = (parts[5].as_str(), parts[9].as_str());
    let place = format!(
        "/providers/Microsoft.Management/managementGroups/{mg}/subscriptions/{subscription}\
         /providers/Microsoft.Quota/groupQuotas/{name}"
    );
    match rest {
        ["resourceproviders", _, "quotaallocations", _] => {
            limits::allocations(face, request, &place, &[mg, name, subscription, &parts[13]])
        }
        ["resourceproviders", _, "quotaallocationrequests", ..] => {
            limits::requests(face, request, "/quotaallocationrequests/", &place)
        }
        _ => Err(Refusal::not_found(&request.path)),
    }
}

/// The management group as the world spells it. ARM does not say which ones there are not.
fn known(face: &Face, mg: &str) -> Result<String, Refusal> {
    let found = face.look(|world| {
        let mut all = world.beneath(Kind::QuotaGroup, "");
        all.find_map(|(at, _)| {
            let one = at.part("management_group")?;
            one.eq_ignore_ascii_case(mg).then(|| one.to_owned())
        })
    })?;
    Ok(found.unwrap_or_else(|| mg.to_owned()))
}

fn group(face: &Face, path: &[&str]) -> Result<Resource, Refusal> {
    let at = address(Kind::QuotaGroup, &path[..2])?;
    face.read(&at)?.ok_or_else(|| Refusal::not_found(path[1]))
}

fn show(face: &Face, place: &str, name: &str) -> Json {
    let id = format!("{place}/{name}");
    let mut body = face
        .stored(&id)
        .map_or_else(|| json!({}), |stored| stored.body);
    body["id"] = id.into();
    body["name"] = name.into();
    body["type"] = "Microsoft.Quota/groupQuotas".into();
    json::object(&mut body, "properties")
        .entry("displayName")
        .or_insert_with(|| name.into());
    json::set(&mut body, "provisioningState", "Succeeded");
    json::set(&mut body, "groupType", "AllocationGroup");
    body
}

/// Leads to an operation beneath the quota group.
fn led(face: &Face, request: &Request, at: &Address, id: &str, place: &str, reply: Reply) -> Reply {
    let started = Started {
        place: format!("{place}/groupQuotaOperationsStatus"),
        id: id.to_owned(),
        address: Some(at),
        resource: &request.path,
    };
    operations::lead(face, request, reply, &FLOW, &started)
}

fn of_group(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
    let at = address(Kind::QuotaGroup, path)?;
    let id = format!("{place}/{}", path[1]);
    let existed = face.read(&at)?.is_some();
    match request.method.as_str() {
        "GET" => {
            group(face, path)?;
            Ok(Reply::json(200, show(face, place, path[1])))
        }
        "PATCH" if !existed => Err(Refusal::not_found(&id)),
        "PUT" | "PATCH" => {
            let mut outcome = Outcome::Done(None);
            if !existed {
                let settings = json::settings([("subscriptions", Value::List(Vec::new()))]);
                outcome = face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
            }
            face.beside()
                .put(&id, "Microsoft.Quota/groupQuotas", request.body.clone());
            let mut body = show(face, place, path[1]);
            json::set(&mut body, "provisioningState", "Accepted");
            let status = if existed { 200 } else { 201 };
            let op = operations::id_of(face, &outcome);
            Ok(led(face, request, &at, &op, &id, Reply::json(status, body)))
        }
        "DELETE" => {
            let members = group(face, path).map(|group| names(&group));
            if members.is_ok_and(|members| !members.is_empty()) {
                let why = "remove all subscriptions from the group quota first";
                return Err(Refusal::new(409, "GroupQuotaHasSubscriptions", why));
            }
            face.perform(&at, Verb::Delete, Precondition::Any, request)?;
            face.beside().forget(&id);
            Ok(Reply::empty(204))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

fn names(group: &Resource) -> Vec<String> {
    let list = group.get("subscriptions").and_then(Value::as_list);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn members(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
    let group = group(face, path)?;
    let mut known = names(&group);
    let place = format!("{place}/{}", path[1]);
    let shown = |id: &str| {
        json!({
            "id": format!("{place}/subscriptions/{id}"),
            "name": id,
            "type": "Microsoft.Quota/groupQuotas/subscriptions",
            "properties": { "subscriptionId": id, "provisioningState": "Succeeded" },
        })
    };
    let Some(id) = request.parts.get(9) else {
        let all = known.iter().map(|name| face.subscription_id(name));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        return Ok(Reply::collection(all.iter().map(|id| shown(id)).collect()));
    };
    let name = face.subscription_name(id)?;
    let member = known.contains(&name);
    match request.method.as_str() {
        "GET" if member => Ok(Reply::json(200, shown(id))),
        "GET" => Err(Refusal::not_found(id)),
        "DELETE" if !member => Ok(Reply::empty(204)),
        "PUT" | "PATCH" | "DELETE" => {
            let removes = request.method == "DELETE";
            if removes {
                known.retain(|one| *one != name);
            } else if !member {
                alone(face, &group.address, &name)?;
                known.push(name);
                known.sort();
            }
            let settings = json::settings([("subscriptions", known.into())]);
            let outcome = face.perform(
                &group.address,
                Verb::Patch { settings },
                Precondition::Any,
                request,
            )?;
            if removes {
                return Ok(Reply::empty(204));
            }
            let op = operations::id_of(face, &outcome);
            let status = if member { 200 } else { 201 };
            Ok(led(
                face,
                request,
                &group.address,
                &op,
                &place,
                Reply::json(status, shown(id)),
            ))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// A subscription is a member of one group at most.
fn alone(face: &Face, own: &Address, name: &str) -> Result<(), Refusal> {
    let other = face.list(Kind::QuotaGroup, "")?;
    let other = other
        .iter()
        .find(|one| one.address != *own && names(one).iter().any(|one| one == name));
    match other {
        None => Ok(()),
        Some(other) => {
            let why = format!("the subscription is a member of '{}'", other.address.name());
            Err(Refusal::new(409, "SubscriptionAlreadyInGroupQuota", why))
        }
    }
}
