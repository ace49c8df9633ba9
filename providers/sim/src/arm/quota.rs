//! `Microsoft.Quota` on a subscription: limits, usage and requests in one region.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Verb;

use super::compute::numbers;
use super::face::Face;
use super::face::address;
use super::json;
use super::operations;
use super::operations::Started;
use super::types::Flow;
use super::types::SLOW;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// How quota operations are led to: both headers, and a look every 30 seconds.
pub(crate) const FLOW: Flow = Flow {
    retry_after: Some(30),
    ..SLOW
};

/// Answers a call on `{compute location}/providers/Microsoft.Quota/...`.
pub(crate) fn answer(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let subscription = &request.parts[1];
    let name = face.subscription_name(subscription)?;
    super::subscriptions::registered(face, subscription, "Microsoft.Quota")?;
    let region = json::region(&request.parts[5]);
    let place = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{}/providers/Microsoft.Quota",
        request.parts[5]
    );
    let all = || face.list(Kind::Quota, &format!("{name}/{region}"));
    match (request.method.as_str(), &lower[8..]) {
        ("GET", ["quotas"]) => {
            let all = all()?;
            let all = all
                .iter()
                .map(|one| limit_of(&place, one.address.name(), numbers(one).0));
            Ok(Reply::collection(all.collect()))
        }
        ("GET", ["usages"]) => {
            let all = all()?;
            let all = all
                .iter()
                .map(|one| usage_of(&place, one.address.name(), numbers(one).1));
            Ok(Reply::collection(all.collect()))
        }
        ("GET", ["quotas", _]) => {
            let (family, (limit, _)) = one(face, &name, &region, &request.parts[9])?;
            Ok(Reply::json(200, limit_of(&place, &family, limit)))
        }
        ("GET", ["usages", _]) => {
            let (family, (_, usage)) = one(face, &name, &region, &request.parts[9])?;
            Ok(Reply::json(200, usage_of(&place, &family, usage)))
        }
        ("PUT" | "PATCH", ["quotas", _]) => {
            let (family, _) = one(face, &name, &region, &request.parts[9])?;
            set(face, request, &place, &[&name, &region, &family])
        }
        ("GET", ["quotarequests"]) => Ok(Reply::collection(requests(face, &place))),
        ("GET", ["quotarequests", id]) => {
            let found = requests(face, &place);
            let found = found
                .into_iter()
                .find(|one| json::text(one, "/name") == *id);
            found.map_or_else(
                || Err(Refusal::not_found(id)),
                |one| Ok(Reply::json(200, one)),
            )
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// The family as the world spells it, its limit and its use. A family without quota has 0.
fn one(
    face: &Face,
    name: &str,
    region: &str,
    family: &str,
) -> Result<(String, (i64, i64)), Refusal> {
    let all = face.list(Kind::Quota, &format!("{name}/{region}"))?;
    if family.eq_ignore_ascii_case("cores") {
        let all = all.iter().map(numbers);
        let total = all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        return Ok(("cores".to_owned(), total));
    }
    let found = all
        .iter()
        .find(|one| one.address.name().eq_ignore_ascii_case(family));
    if let Some(found) = found {
        return Ok((found.address.name().to_owned(), numbers(found)));
    }
    let lower = family.to_ascii_lowercase();
    if lower.starts_with("standard") && lower.ends_with("family") {
        return Ok((family.to_owned(), (0, 0)));
    }
    let why = format!("The resource name '{family}' is invalid.");
    Err(Refusal::bad("InvalidResourceName", why))
}

fn limit_of(place: &str, family: &str, limit: i64) -> Json {
    json!({
        "id": format!("{place}/quotas/{family}"),
        "name": family,
        "type": "Microsoft.Quota/Quotas",
        "properties": {
            "limit": { "limitObjectType": "LimitValue", "limitType": "Independent", "value": limit },
            "name": { "value": family, "localizedValue": family },
            "isQuotaApplicable": true,
            "properties": {},
            "unit": "Count",
        },
    })
}

fn usage_of(place: &str, family: &str, usage: i64) -> Json {
    json!({
        "id": format!("{place}/usages/{family}"),
        "name": family,
        "type": "Microsoft.Quota/Usages",
        "properties": {
            "usages": { "value": usage },
            "name": { "value": family, "localizedValue": family },
            "isQuotaApplicable": true,
            "properties": {},
            "unit": "Count",
        },
    })
}

fn set(face: &Face, request: &Request, place: &str, parts: &[&str]) -> Answer {
    let family = parts[2];
    if family == "cores" {
        let why = "the sum of all families follows them in this cloud";
        return Err(Refusal::bad("QuotaNotAvailableForResource", why));
    }
    let Some(limit) = json::int(&request.body, "/properties/limit/value") else {
        return Err(Refusal::bad(
            "InvalidRequestContent",
            "properties.limit.value is missing",
        ));
    };
    let at = address(Kind::Quota, parts)?;
    let settings = json::settings([("limit", limit.into())]);
    let outcome = face.perform(&at, Verb::Put { settings }, Precondition::Any, request)?;
    let id = operations::id_of(face, &outcome);
    let body = json!({
        "id": format!("{place}/quotaRequests/{id}"),
        "name": family.to_ascii_uppercase(),
        "type": "Microsoft.Quota/Quotas",
        "properties": {
            "limit": { "limitObjectType": "LimitValue", "value": limit },
            "name": { "value": family, "localizedValue": family },
        },
    });
    remember(face, place, &id, family, limit);
    let started = Started {
        place: format!("{place}/operations"),
        id,
        address: Some(&at),
        resource: &format!("{place}/quotas/{family}"),
    };
    Ok(operations::lead(
        face,
        request,
        Reply::json(202, body),
        &FLOW,
        &started,
    ))
}

/// Notes a request for quota; its state is that of its operation.
fn remember(face: &Face, place: &str, id: &str, family: &str, limit: i64) {
    let now = operations::time(face.now().unwrap_or_default());
    face.beside().requests.push(json!({
        "id": format!("{place}/quotaRequests/{id}"),
        "name": id,
        "type": "Microsoft.Quota/quotaRequests",
        "properties": {
            "provisioningState": "Succeeded",
            "requestSubmitTime": now,
            "value": [{
                "name": { "value": family, "localizedValue": family },
                "provisioningState": "Succeeded",
                "unit": "Count",
                "limit": { "limitObjectType": "LimitValue", "value": limit },
            }],
        },
    }));
}

fn requests(face: &Face, place: &str) -> Vec<Json> {
    let beside = face.beside();
    let mine = beside
        .requests
        .iter()
        .filter(|one| json::text(one, "/id").starts_with(place));
    mine.cloned().collect()
}
