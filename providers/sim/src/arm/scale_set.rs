//! VM scale sets: their body and the world's settings, instance view, and power. Pure but for the
//! actions.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::compute::SCALE_SET;
use super::engine;
use super::face::Face;
use super::face::address;
use super::json;
use super::operations;
use super::operations::Started;
use super::path::Target;
use super::path::group_id;
use super::path::parse_id;
use super::sku;
use super::types::SLOW;
use super::types::Seen;
use super::types::Wanted;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Where a scale set names its reservation group.
const GROUP: &str =
    "/properties/virtualMachineProfile/capacityReservation/capacityReservationGroup/id";

pub(crate) fn read(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let size = json::text(body, "/sku/name");
    let (family, vcpus) = shape(size, body)?;
    let instances = json::int(body, "/sku/capacity").unwrap_or(0);
    let mut settings = json::settings([
        ("region", json::region(json::text(body, "/location")).into()),
        ("sku", size.into()),
        ("family", family.into()),
        ("vcpus", vcpus.into()),
        (
            "instances",
            json::int(body, "/sku/capacity").unwrap_or(0).into(),
        ),
        ("tags", json::tags(body)),
    ]);
    if let Some(zone) = json::texts(body, "/zones").first() {
        settings.insert("zone".to_owned(), zone.as_str().into());
    }
    settings.insert("power".to_owned(), power_of(wanted, instances).into());
    let named = json::text(body, GROUP);
    let reservation = if named.is_empty() {
        String::new()
    } else {
        reservation(wanted.face, named)?.to_string()
    };
    settings.insert("reservation".to_owned(), reservation.into());
    Ok(settings)
}

/// The power that a model comes to. Machines start when they are made; without machines it is
/// what the hidden tag says.
fn power_of(wanted: &Wanted<'_>, instances: i64) -> String {
    let old = wanted.old.and_then(|old| old.get("power"));
    let old = old.and_then(Value::as_str);
    let had = wanted.old.and_then(|old| old.get("instances"));
    let had = had.and_then(Value::as_int).unwrap_or(0);
    let power = match (instances, had) {
        (0, _) => json::hidden(wanted.body, "power").or(old),
        (_, 0) => None,
        _ => old,
    };
    power.unwrap_or("running").to_owned()
}

/// Family and vCPUs of a size: as the hidden tag says of this very size, else as its name does.
pub(crate) fn shape(size: &str, body: &Json) -> Result<(String, i64), Refusal> {
    let mut told = json::hidden(body, "size").unwrap_or_default().split(';');
    if told.next() == Some(size)
        && let (Some(family), Some(Ok(vcpus))) = (told.next(), told.next().map(str::parse))
    {
        return Ok((family.to_owned(), vcpus));
    }
    sku::shape(size).ok_or_else(|| {
        let why = format!("The value '{size}' of parameter 'sku.name' is no size.");
        Refusal::bad("InvalidParameter", why)
    })
}

pub(crate) fn reservation(face: &Face, id: &str) -> Result<Address, Refusal> {
    let Some(target) = parse_id(id) else {
        return Err(Refusal::bad("InvalidParameter", format!("'{id}' is no id")));
    };
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    address(
        Kind::CapacityReservation,
        &[&name, group.name(), target.name()],
    )
}

pub(crate) fn write(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    body["sku"] = json!({
        "name": resource.text("sku"),
        "tier": "Standard",
        "capacity": resource.int("instances"),
    });
    if let Some(zone) = resource.text("zone").filter(|zone| !zone.is_empty()) {
        body["zones"] = json!([zone]);
    }
    if resource.int("instances") == Some(0) {
        json::hide(body, "power", resource.text("power").unwrap_or("running"));
    }
    let id = resource.text("reservation").and_then(|text| {
        let at: Address = text.parse().ok()?;
        reservation_id(seen.face, &at)
    });
    let profile = json!({ "properties": { "virtualMachineProfile": {
        "capacityReservation": id.map(|id| json!({ "capacityReservationGroup": { "id": id } })),
    } } });
    json::merge(body, &profile);
}

pub(crate) fn reservation_id(face: &Face, at: &Address) -> Option<String> {
    let subscription = face.subscription_id(at.part("subscription")?).ok()?;
    let group = group_id(&subscription, at.part("resource_group")?);
    Some(format!(
        "{group}/providers/Microsoft.Compute/capacityReservationGroups/{}",
        at.name()
    ))
}

/// Answers what scale sets have beyond other resources: views and power. `None` for all else.
pub(crate) fn action(face: &Face, request: &Request, target: &Target) -> Option<Answer> {
    let words: Vec<String> = target
        .types
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["virtualmachinescalesets", action] = words.as_slice() else {
        return None;
    };
    let owner = Target {
        types: target.types[..1].to_vec(),
        ..target.clone()
    };
    if target.names.len() != 1 {
        return None;
    }
    Some(match (request.method.as_str(), *action) {
        ("GET", "instanceview") => instance_view(face, &owner),
        ("GET", "virtualmachines") => machines(face, &owner),
        ("POST", "deallocate" | "poweroff") => power(face, request, &owner, "deallocated"),
        ("POST", "start") => power(face, request, &owner, "running"),
        ("POST", "delete") => fewer(face, request, &owner),
        ("POST", "manualupgrade") => change(face, request, &owner, Settings::new()),
        _ => return None,
    })
}

fn resource(face: &Face, target: &Target) -> Result<Resource, Refusal> {
    let at = engine::locate(face, target, &SCALE_SET)?;
    let found = at.map(|at| face.read(&at)).transpose()?.flatten();
    found.ok_or_else(|| Refusal::not_found(&target.id(SCALE_SET.name)))
}

fn power_code(resource: &Resource) -> &'static str {
    match resource.text("power") {
        Some("deallocated") => "PowerState/deallocated",
        _ => "PowerState/running",
    }
}

fn instance_view(face: &Face, target: &Target) -> Answer {
    let resource = resource(face, target)?;
    let count = resource.int("instances").unwrap_or(0);
    let summary = if count == 0 {
        json!([])
    } else {
        json!([
            { "code": "ProvisioningState/succeeded", "count": count },
            { "code": power_code(&resource), "count": count },
        ])
    };
    Ok(Reply::json(
        200,
        json!({
            "virtualMachine": { "statusesSummary": summary },
            "extensions": [],
            "statuses": [{
                "code": "ProvisioningState/succeeded",
                "level": "Info",
                "displayStatus": "Provisioning succeeded",
                "time": operations::time(face.now()?),
            }],
        }),
    ))
}

fn machines(face: &Face, target: &Target) -> Answer {
    let resource = resource(face, target)?;
    let above = target.id(SCALE_SET.name);
    let count = resource.int("instances").unwrap_or(0);
    let machines = (0..count).map(|at| {
        json!({
            "id": format!("{above}/virtualMachines/{at}"),
            "name": format!("{}_{at}", target.name()),
            "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            "instanceId": at.to_string(),
            "location": resource.text("region"),
            "properties": {
                "latestModelApplied": true,
                "provisioningState": "Succeeded",
                "instanceView": { "statuses": [
                    { "code": "ProvisioningState/succeeded", "level": "Info" },
                    { "code": power_code(&resource), "level": "Info" },
                ] },
            },
        })
    });
    Ok(Reply::collection(machines.collect()))
}

fn power(face: &Face, request: &Request, target: &Target, power: &str) -> Answer {
    let ids = json::texts(&request.body, "/instanceIds");
    if ids.iter().any(|id| id != "*") {
        let why = "this cloud starts and stops scale sets whole";
        return Err(Refusal::bad("InvalidParameter", why));
    }
    change(
        face,
        request,
        target,
        json::settings([("power", power.into())]),
    )
}

fn fewer(face: &Face, request: &Request, target: &Target) -> Answer {
    let count = resource(face, target)?.int("instances").unwrap_or(0);
    let ids = json::texts(&request.body, "/instanceIds");
    let gone = if ids.iter().any(|id| id == "*") {
        count
    } else {
        i64::try_from(ids.len()).unwrap_or(count)
    };
    let left = (count - gone).max(0);
    change(
        face,
        request,
        target,
        json::settings([("instances", left.into())]),
    )
}

fn change(face: &Face, request: &Request, target: &Target, settings: Settings) -> Answer {
    resource(face, target)?;
    let Some(at) = engine::locate(face, target, &SCALE_SET)? else {
        return Err(Refusal::not_found(&target.id(SCALE_SET.name)));
    };
    let outcome = face.perform(&at, Verb::Patch { settings }, Precondition::Any, request)?;
    let id = target.id(SCALE_SET.name);
    let started = Started {
        place: operations::place(&target.subscription, "Microsoft.Compute"),
        id: operations::id_of(face, &outcome),
        address: Some(&at),
        resource: &id,
    };
    Ok(operations::lead(
        face,
        request,
        Reply::empty(202),
        &SLOW,
        &started,
    ))
}
