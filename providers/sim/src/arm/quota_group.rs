//! `Microsoft.Quota` on a management group: quota groups, their members, limits and allocations.
//!
//! ARM states an allocation as the member's whole new limit, the world as the cores that came
//! from the group; the difference is what the member has of its own.

use std::collections::BTreeMap;

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
        ["providers", "microsoft.quota", "groupquotas", _] => {
            of_group(face, request, &place, &[&mg, &parts[7]])
        }
        [
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "subscriptions",
            ..,
        ] => members(face, request, &place, &[&mg, &parts[7]]),
        [
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "resourceproviders",
            _,
            "groupquotalimits",
            _,
        ] => limits(face, request, &place, &[&mg, &parts[7], &parts[11]]),
        [
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "resourceproviders",
            _,
            "locationusages",
            _,
        ] => usages(face, request, &[&mg, &parts[7], &parts[11]]),
        [
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "resourceproviders",
            _,
            "groupquotarequests",
        ]
        | [
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "groupquotarequests",
            _,
        ] => requests(
            face,
            request,
            "/groupquotarequests/",
            &format!("{place}/{}", parts[7]),
        ),
        [
            "subscriptions",
            _,
            "providers",
            "microsoft.quota",
            "groupquotas",
            _,
            "resourceproviders",
            _,
            what,
            ..,
        ] => {
            let place = format!(
                "/providers/Microsoft.Management/managementGroups/{mg}/subscriptions/{}/providers/Microsoft.Quota/groupQuotas/{}",
                parts[5], parts[9]
            );
            match *what {
                "quotaallocations" if parts.len() == 14 => allocations(
                    face,
                    request,
                    &place,
                    &[&mg, &parts[9], &parts[5], &parts[13]],
                ),
                "quotaallocationrequests" => {
                    requests(face, request, "/quotaallocationrequests/", &place)
                }
                _ => Err(Refusal::not_found(&request.path)),
            }
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

/// The families named by `$filter=resourceName eq family`; all where nothing is said.
fn filtered(request: &Request, family: &str) -> bool {
    let filter = request.asked("$filter").unwrap_or_default();
    let wanted = filter.rsplit(" eq ").next().unwrap_or_default();
    let wanted = wanted.trim_matches(|c| c == '\'' || c == ' ');
    wanted.is_empty() || wanted.eq_ignore_ascii_case(family)
}

/// The items of a request for limits: family and number.
fn asked(body: &Json) -> Result<Vec<(String, i64)>, Refusal> {
    let items = body.pointer("/properties/value").and_then(Json::as_array);
    let read = |item: &Json| {
        let family = json::text(item, "/properties/resourceName");
        let limit = json::int(item, "/properties/limit");
        limit
            .filter(|_| !family.is_empty())
            .map(|limit| (family.to_owned(), limit))
    };
    let items: Option<Vec<_>> = items.into_iter().flatten().map(read).collect();
    items.filter(|items| !items.is_empty()).ok_or_else(|| {
        Refusal::bad(
            "InvalidRequestContent",
            "properties.value names no resource with a limit",
        )
    })
}

fn limits(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
    group(face, path)?;
    let region = json::region(path[2]);
    let id = format!(
        "{place}/{}/resourceProviders/Microsoft.Compute/groupQuotaLimits/{}",
        path[1], path[2]
    );
    let beneath = format!("{}/{}/{region}", path[0], path[1]);
    let all = face.list(Kind::GroupQuota, &beneath)?;
    match request.method.as_str() {
        "GET" => {
            let allocated =
                face.list(Kind::QuotaAllocation, &format!("{}/{}", path[0], path[1]))?;
            let mut items = Vec::new();
            for one in all
                .iter()
                .filter(|one| filtered(request, one.address.name()))
            {
                items.push(limit_item(face, one, &allocated, &region)?);
            }
            if items.is_empty() {
                return Ok(Reply::json(200, json!({})));
            }
            Ok(Reply::json(
                200,
                json!({
                    "id": id,
                    "name": path[2],
                    "type": "Microsoft.Quota/groupQuotas/groupQuotaLimits",
                    "properties": { "nextLink": "", "provisioningState": "Succeeded", "value": items },
                }),
            ))
        }
        "PATCH" => {
            let asked = asked(&request.body)?;
            let [(family, limit)] = asked.as_slice() else {
                let why = "only one resource quota can be requested at a time";
                return Err(Refusal::bad("InvalidRequestContent", why));
            };
            let family = spelled(&all, family);
            let at = address(Kind::GroupQuota, &[path[0], path[1], &region, &family])?;
            // What is asked for is what the group is to hold unallocated.
            let now = all.iter().find(|one| one.address == at);
            let number = |name| now.and_then(|one| one.int(name)).unwrap_or(0);
            let whole = number("limit") + limit - number("available");
            let settings = json::settings([("limit", whole.into())]);
            let outcome = face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
            let op = operations::id_of(face, &outcome);
            let place = format!("{place}/{}", path[1]);
            note(
                face,
                &format!("{place}/groupQuotaRequests/{op}"),
                &op,
                &family,
                *limit,
                &region,
            );
            Ok(led(face, request, &at, &op, &place, Reply::empty(202)))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// The family as the world spells it.
fn spelled(known: &[Resource], family: &str) -> String {
    let alike = known
        .iter()
        .find(|one| one.address.name().eq_ignore_ascii_case(family));
    alike.map_or(family, |one| one.address.name()).to_owned()
}

fn limit_item(
    face: &Face,
    one: &Resource,
    allocated: &[Resource],
    region: &str,
) -> Result<Json, Refusal> {
    let family = one.address.name();
    let mut shares = Vec::new();
    for share in allocated {
        if share.address.part("region") == Some(region) && share.address.name() == family {
            let name = share.address.part("subscription").unwrap_or_default();
            shares.push(json!({
                "subscriptionId": face.subscription_id(name)?,
                "quotaAllocated": share.int("cores"),
            }));
        }
    }
    Ok(json!({ "properties": {
        "resourceName": family,
        "limit": one.int("limit"),
        "availableLimit": one.int("available"),
        "unit": "Count",
        "allocatedToSubscriptions": { "value": shares },
        "name": { "value": family, "localizedValue": family },
    } }))
}

fn usages(face: &Face, request: &Request, path: &[&str]) -> Answer {
    let group = group(face, path)?;
    let region = json::region(path[2]);
    let mut items = Vec::new();
    for one in face.list(
        Kind::GroupQuota,
        &format!("{}/{}/{region}", path[0], path[1]),
    )? {
        let family = one.address.name();
        if !filtered(request, family) {
            continue;
        }
        let mut used = 0;
        for name in names(&group) {
            let at = address(Kind::Quota, &[&name, &region, family])?;
            used += face.look(|world| world.usage(&at))?;
        }
        items.push(json!({
            "id": request.path,
            "name": family,
            "type": "Microsoft.Quota/groupQuotas/locationUsages",
            "properties": {
                "name": { "value": family, "localizedValue": family },
                "limit": one.int("limit"),
                "usages": used,
                "unit": "Count",
            },
        }));
    }
    Ok(Reply::collection(items))
}

fn allocations(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
    let group = group(face, path)?;
    let name = face.subscription_name(path[2])?;
    let region = json::region(path[3]);
    let id = format!(
        "{place}/resourceProviders/Microsoft.Compute/quotaAllocations/{}",
        path[3]
    );
    let quotas = face.list(Kind::Quota, &format!("{name}/{region}"))?;
    match request.method.as_str() {
        "GET" => {
            if !names(&group).contains(&name) {
                return Err(Refusal::not_found(path[2]));
            }
            let beneath = format!("{}/{}/{region}", path[0], path[1]);
            let groups = face.list(Kind::GroupQuota, &beneath)?;
            let mut families: BTreeMap<&str, i64> = BTreeMap::new();
            families.extend(groups.iter().map(|one| (one.address.name(), 0)));
            let own = quotas.iter();
            families.extend(own.map(|one| (one.address.name(), one.int("limit").unwrap_or(0))));
            let asked = families
                .iter()
                .filter(|(family, _)| filtered(request, family));
            let items = asked.map(|(family, limit)| {
                json!({ "properties": {
                    "resourceName": family,
                    "limit": limit,
                    "shareableQuota": 0,
                    "name": { "value": family, "localizedValue": family },
                } })
            });
            Ok(Reply::json(
                200,
                json!({
                    "id": id,
                    "name": path[3],
                    "type": "Microsoft.Quota/groupQuotas/quotaAllocations",
                    "provisioningState": "Succeeded",
                    "value": items.collect::<Vec<_>>(),
                }),
            ))
        }
        "PATCH" => {
            let mut ids = Vec::new();
            let mut last = None;
            for (family, limit) in asked(&request.body)? {
                let groups = face.list(
                    Kind::GroupQuota,
                    &format!("{}/{}/{region}", path[0], path[1]),
                )?;
                let family = spelled(&groups, &family);
                let at = address(
                    Kind::QuotaAllocation,
                    &[path[0], path[1], &name, &region, &family],
                )?;
                let quota = address(Kind::Quota, &[&name, &region, &family])?;
                let cores =
                    face.look(|world| world.allocated(&at) + limit - world.limit(&quota))?;
                let settings = json::settings([("cores", cores.into())]);
                let outcome =
                    face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
                let op = operations::id_of(face, &outcome);
                note(
                    face,
                    &format!(
                        "{place}/resourceProviders/Microsoft.Compute/quotaAllocationRequests/{op}"
                    ),
                    &op,
                    &family,
                    limit,
                    &region,
                );
                ids.push(op);
                last = Some(at);
            }
            let Some(at) = last else {
                return Err(Refusal::bad(
                    "InvalidRequestContent",
                    "nothing is asked for",
                ));
            };
            Ok(led(
                face,
                request,
                &at,
                &ids.join("+"),
                place,
                Reply::empty(202),
            ))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

fn note(face: &Face, id: &str, name: &str, family: &str, limit: i64, region: &str) {
    let now = operations::time(face.now().unwrap_or_default());
    face.beside().requests.push(json!({
        "id": id,
        "name": name,
        "type": "Microsoft.Quota/groupQuotas/groupQuotaRequests",
        "properties": {
            "provisioningState": "Succeeded",
            "requestSubmitTime": now,
            "requestedResource": { "properties": {
                "limit": limit,
                "name": { "value": family, "localizedValue": family },
                "provisioningState": "Succeeded",
                "region": region,
            } },
        },
    }));
}

fn requests(face: &Face, request: &Request, word: &str, place: &str) -> Answer {
    let place = place.to_ascii_lowercase();
    let mine = |id: &str| {
        let id = id.to_ascii_lowercase();
        id.starts_with(&place) && id.contains(word)
    };
    let found: Vec<Json> = {
        let beside = face.beside();
        let all = beside
            .requests
            .iter()
            .filter(|one| mine(json::text(one, "/id")));
        all.cloned().collect()
    };
    let named = request.path.to_ascii_lowercase();
    let Some((_, name)) = named.rsplit_once(word) else {
        return Ok(Reply::collection(found));
    };
    let one = found
        .into_iter()
        .find(|one| json::text(one, "/name") == name);
    one.map_or_else(
        || Err(Refusal::not_found(name)),
        |one| Ok(Reply::json(200, one)),
    )
}
