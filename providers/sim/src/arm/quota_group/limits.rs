//! A quota group's limits and use, what it allocates, and the requests for both.

use super::super::face::Face;
use super::super::face::address;
use super::super::json;
use super::super::operations;
use super::super::wire::Answer;
use super::super::wire::Refusal;
use super::super::wire::Reply;
use super::super::wire::Request;
use super::group;
use super::led;
use super::names;
use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;
use std::collections::BTreeMap;

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

pub(super) fn limits(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
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

pub(super) fn usages(face: &Face, request: &Request, path: &[&str]) -> Answer {
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

pub(super) fn allocations(face: &Face, request: &Request, place: &str, path: &[&str]) -> Answer {
    let group = group(face, path)?;
    let name = face.subscription_name(path[2])?;
    match request.method.as_str() {
        "GET" if names(&group).contains(&name) => {
            let place = format!("{place}/resourceProviders/Microsoft.Compute/quotaAllocations");
            shares(face, request, &place, path, &name)
        }
        "GET" => Err(Refusal::not_found(path[2])),
        "PATCH" => allocate(face, request, place, path, &name),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// A member's limit of each family that it or the group has.
fn shares(face: &Face, request: &Request, place: &str, path: &[&str], name: &str) -> Answer {
    let region = json::region(path[3]);
    let quotas = face.list(Kind::Quota, &format!("{name}/{region}"))?;
    let beneath = format!("{}/{}/{region}", path[0], path[1]);
    let groups = face.list(Kind::GroupQuota, &beneath)?;
    let mut families: BTreeMap<&str, i64> = BTreeMap::new();
    families.extend(groups.iter().map(|one| (one.address.name(), 0)));
    let own = quotas.iter();
    families.extend(own.map(|one| (one.address.name(), one.int("limit").unwrap_or(0))));
    let asked = families.iter();
    let asked = asked.filter(|(family, _)| filtered(request, family));
    let items = asked.map(|(family, limit)| {
        json!({ "properties": {
            "resourceName": family,
            "limit": limit,
            "shareableQuota": 0,
            "name": { "value": family, "localizedValue": family },
        } })
    });
    let body = json!({
        "id": format!("{place}/{}", path[3]),
        "name": path[3],
        "type": "Microsoft.Quota/groupQuotas/quotaAllocations",
        "provisioningState": "Succeeded",
        "value": items.collect::<Vec<_>>(),
    });
    Ok(Reply::json(200, body))
}

/// Brings a member's limits to what is asked for, with cores of the group.
fn allocate(face: &Face, request: &Request, place: &str, path: &[&str], name: &str) -> Answer {
    let region = json::region(path[3]);
    let beneath = format!("{}/{}/{region}", path[0], path[1]);
    let groups = face.list(Kind::GroupQuota, &beneath)?;
    let requests = format!("{place}/resourceProviders/Microsoft.Compute/quotaAllocationRequests");
    let mut ids = Vec::new();
    let mut last = None;
    for (family, limit) in asked(&request.body)? {
        let family = spelled(&groups, &family);
        let parts = [path[0], path[1], name, &region, &family];
        let at = address(Kind::QuotaAllocation, &parts)?;
        let quota = address(Kind::Quota, &parts[2..])?;
        let cores = face.look(|world| world.allocated(&at) + limit - world.limit(&quota))?;
        let settings = json::settings([("cores", cores.into())]);
        let outcome = face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
        let op = operations::id_of(face, &outcome);
        note(
            face,
            &format!("{requests}/{op}"),
            &op,
            &family,
            limit,
            &region,
        );
        ids.push(op);
        last = Some(at);
    }
    let at = last.ok_or_else(|| Refusal::bad("InvalidRequestContent", "nothing is asked for"))?;
    let reply = Reply::empty(202);
    Ok(led(face, request, &at, &ids.join("+"), place, reply))
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

pub(super) fn requests(face: &Face, request: &Request, word: &str, place: &str) -> Answer {
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
