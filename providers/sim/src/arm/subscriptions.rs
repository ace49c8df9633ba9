//! Subscriptions, where they may be, and which namespaces they have registered.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;

use super::face::Face;
use super::face::address;
use super::json;
use super::types;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Namespaces beside those of the resource types' tables.
const NAMESPACES: &[&str] = &[
    "Microsoft.Quota",
    "Microsoft.Authorization",
    "Microsoft.ResourceGraph",
    "Microsoft.Resources",
];

/// Answers a call on subscriptions or on one's namespaces.
pub(crate) fn answer(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let Some(id) = request.parts.get(1) else {
        let all = face.list(Kind::Subscription, "")?;
        let all: Vec<Json> = all.iter().map(show).collect();
        return Ok(Reply::json(200, json!({ "value": all, "nextLink": "" })));
    };
    let name = face.subscription_name(id)?;
    let at = address(Kind::Subscription, &[&name])?;
    match (request.method.as_str(), &lower[2..]) {
        ("GET", []) => {
            let found = face.read(&at)?.ok_or_else(|| Refusal::not_found(id))?;
            Ok(Reply::json(200, show(&found)))
        }
        ("GET", ["locations"]) => Ok(Reply::collection(locations(face, id, &name)?)),
        ("GET", ["providers"]) => {
            let all = namespaces();
            let all = all.iter().map(|one| provider(face, id, one));
            Ok(Reply::collection(all.collect()))
        }
        ("GET", ["providers", namespace]) => {
            Ok(Reply::json(200, provider(face, id, spelled(namespace)?)))
        }
        ("POST", ["providers", namespace, "register"]) => {
            let namespace = spelled(namespace)?;
            let key = format!("{id}/{namespace}").to_ascii_lowercase();
            let now = face.now()?;
            face.beside().unregistered.remove(&key);
            face.beside()
                .surprises
                .asked
                .entry(key.clone())
                .or_insert(now);
            face.beside()
                .subscription_tags
                .insert(format!("registered:{key}"), Json::Null);
            Ok(Reply::json(200, provider(face, id, namespace)))
        }
        ("POST", ["providers", "microsoft.resources", "checkzonepeers"]) => Ok(zones(id, request)),
        ("POST", ["providers", "microsoft.subscription", "cancel"]) => {
            face.perform(&at, Verb::Delete, Precondition::Any, request)?;
            Ok(Reply::json(200, json!({ "subscriptionId": id })))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

fn show(resource: &Resource) -> Json {
    let name = resource.address.name();
    let id = resource
        .text("id")
        .filter(|id| !id.is_empty())
        .unwrap_or(name);
    let state = match resource.text("state") {
        None | Some("" | "enabled") => "Enabled",
        Some("warned") => "Warned",
        Some("past_due") => "PastDue",
        Some("deleted") => "Deleted",
        Some(_) => "Disabled",
    };
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": super::identity::TENANT,
        "displayName": name,
        "state": state,
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

fn locations(face: &Face, id: &str, name: &str) -> Result<Vec<Json>, Refusal> {
    let mut regions: Vec<String> = face.look(|world| {
        let quotas = world.beneath(Kind::Quota, name);
        let quotas = quotas.filter_map(|(at, _)| at.part("region").map(str::to_owned));
        let limits = world.beneath(Kind::GroupQuota, "");
        let limits = limits.filter_map(|(at, _)| at.part("region").map(str::to_owned));
        quotas.chain(limits).collect()
    })?;
    regions.sort();
    regions.dedup();
    let shown = regions.iter().map(|region| {
        let zones = ["1", "2", "3"].map(
            |zone| json!({ "logicalZone": zone, "physicalZone": format!("{region}-az{zone}") }),
        );
        json!({
            "id": format!("/subscriptions/{id}/locations/{region}"),
            "name": region,
            "displayName": region,
            "regionalDisplayName": region,
            "type": "Region",
            "availabilityZoneMappings": zones,
        })
    });
    Ok(shown.collect())
}

/// Zones are the same for all subscriptions of this cloud.
fn zones(id: &str, request: &Request) -> Reply {
    let peers = json::texts(&request.body, "/subscriptionIds");
    let peers = ["1", "2", "3"].map(|zone| {
        let peers = peers.iter().map(|peer| {
            json!({
                "subscriptionId": peer.trim_start_matches("subscriptions/"),
                "availabilityZone": zone,
            })
        });
        json!({ "availabilityZone": zone, "peers": peers.collect::<Vec<_>>() })
    });
    Reply::json(
        200,
        json!({
            "subscriptionId": id,
            "location": json::text(&request.body, "/location"),
            "availabilityZonePeers": peers,
        }),
    )
}

fn namespaces() -> Vec<&'static str> {
    let tabled = types::all().filter_map(|one| one.name.split('/').next());
    let mut all: Vec<&str> = tabled.chain(NAMESPACES.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn spelled(namespace: &str) -> Result<&'static str, Refusal> {
    let found = namespaces()
        .into_iter()
        .find(|one| one.eq_ignore_ascii_case(namespace));
    found.ok_or_else(|| {
        let why = format!("The resource namespace '{namespace}' is invalid.");
        Refusal::new(404, "InvalidResourceNamespace", why)
    })
}

fn provider(face: &Face, id: &str, namespace: &str) -> Json {
    let key = format!("{id}/{namespace}").to_ascii_lowercase();
    let state = if registered(face, id, namespace).is_ok() {
        "Registered"
    } else if super::surprises::registering(face, &key) {
        "Registering"
    } else {
        "NotRegistered"
    };
    let own = types::all().filter_map(|one| {
        let kind = one.name.strip_prefix(namespace)?.strip_prefix('/')?;
        Some(json!({ "resourceType": kind, "locations": [], "apiVersions": [] }))
    });
    json!({
        "id": format!("/subscriptions/{id}/providers/{namespace}"),
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": state,
        "resourceTypes": own.collect::<Vec<_>>(),
    })
}

/// Refuses a write in a namespace that the subscription has not registered.
pub(crate) fn registered(face: &Face, id: &str, namespace: &str) -> Result<(), Refusal> {
    let key = format!("{id}/{namespace}").to_ascii_lowercase();
    let named = face
        .options
        .unregistered
        .iter()
        .any(|one| one.eq_ignore_ascii_case(namespace));
    let since = face
        .beside()
        .subscription_tags
        .contains_key(&format!("registered:{key}"));
    if named && (!since || super::surprises::registering(face, &key)) {
        let why = format!("The subscription is not registered to use namespace '{namespace}'");
        return Err(Refusal::new(409, "MissingSubscriptionRegistration", why));
    }
    Ok(())
}
