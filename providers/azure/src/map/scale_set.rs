//! VM scale sets: size, instances, power, and the reservation that they use. Pure.
//!
//! A new one is the operator's shape with what the fleet says over it. An old one is changed with
//! PATCH where PATCH can do it, and else as GET, change, PUT on its `etag`, because a reservation
//! cannot be patched and a PUT of a remembered model undoes what others did (S34, S38).

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use super::sku;
use super::tags;
use crate::config::Places;
use crate::fault::permanent;
use crate::step::Condition;
use crate::step::Step;
use crate::text::region;

/// A scale set as it is.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The model.
    pub model: Json,
    /// The instance view, where it was asked for.
    pub view: Json,
}

/// What machines do that run.
const RUNNING: [&str; 2] = ["running", "starting"];

/// Creates the scale set, or makes it what `settings` say.
pub fn put(
    id: &str,
    address: &Address,
    settings: &Settings,
    now: Option<&Found>,
    places: &Places,
) -> Mapped<Vec<Step>> {
    if schema::int(settings, "instances") < 0 {
        return Err(permanent("InvalidParameter", "instances below 0"));
    }
    let mut steps = match now {
        None => vec![create(id, address, settings, places)?],
        Some(found) => change(id, settings, found, places)?,
    };
    steps.extend(switch(id, settings, now));
    Ok(steps)
}

fn create(id: &str, address: &Address, settings: &Settings, places: &Places) -> Mapped<Step> {
    let zone = schema::text(settings, "zone");
    let names = [
        ("region", schema::text(settings, "region")),
        ("zone", zone),
        ("name", address.name()),
        (
            "resource_group",
            address.part("resource_group").unwrap_or_default(),
        ),
        (
            "subscription",
            places.subscription(address.part("subscription").unwrap_or_default()),
        ),
    ];
    let base = json!({"properties": {
        "orchestrationMode": "Uniform",
        "singlePlacementGroup": false,
        "overprovision": false,
        "upgradePolicy": {"mode": "Manual"},
    }});
    let shape = json::over(base, json::fill(&places.shapes.scale_set, &names));
    let mut body = json!({"location": schema::text(settings, "region")});
    if !zone.is_empty() {
        body["zones"] = json!([zone]);
    }
    let body = json::over(shape, json::over(body, wanted(settings, places)?));
    Ok(Step::put(id, path::COMPUTE, body))
}

fn change(id: &str, settings: &Settings, found: &Found, places: &Places) -> Mapped<Vec<Step>> {
    let model = &found.model;
    let zone = schema::text(settings, "zone");
    let zones = json::list(model, &["zones"]);
    if zones.first().and_then(Json::as_str).unwrap_or_default() != zone || zones.len() > 1 {
        let why = format!(
            "it is in zones {}; zones cannot be changed (S40)",
            Json::from(zones)
        );
        return Err(permanent("ZoneChange", why));
    }
    let size = json::text(model, &["sku", "name"]);
    let same_size = size.is_some_and(|it| it.eq_ignore_ascii_case(schema::text(settings, "sku")));
    let link = reservation_id(settings, places)?;
    let same_link = match (reservation(model), &link) {
        (None, None) => true,
        (Some(one), Some(other)) => path::same(one, other),
        _ => false,
    };
    let top = wanted(settings, places)?;
    if same_size && same_link {
        let body = json!({"sku": top["sku"], "tags": top["tags"]});
        return Ok(vec![Step::patch(id, path::COMPUTE, body)]);
    }
    let etag = json::text(model, &["etag"]).map(str::to_owned);
    let mut body = json::over(writable(model), top);
    if link.is_none()
        && let Some(profile) = body.pointer_mut("/properties/virtualMachineProfile")
    {
        // Explicitly nothing: absent would mean unchanged.
        profile["capacityReservation"] = json!({"capacityReservationGroup": {"id": null}});
    }
    let put = Step::put(id, path::COMPUTE, body);
    let put = match etag {
        Some(etag) => put.when(Condition::IfMatch, etag),
        None => put,
    };
    let manual = json::text(model, &["properties", "upgradePolicy", "mode"]) == Some("Manual");
    let mut steps = vec![put];
    if manual && schema::int(settings, "instances") > 0 {
        let all = json!({"instanceIds": ["*"]});
        steps.push(Step::post(
            format!("{id}/manualupgrade"),
            path::COMPUTE,
            Some(all),
        ));
    }
    Ok(steps)
}

/// What the fleet says of a scale set, as a body.
fn wanted(settings: &Settings, places: &Places) -> Mapped<Json> {
    let size = sku::tag(settings);
    let own = [
        (tags::SIZE, size.as_str()),
        (tags::POWER, schema::text(settings, "power")),
    ];
    let mut body = json!({
        "sku": {
            "name": schema::text(settings, "sku"),
            "tier": "Standard",
            "capacity": schema::int(settings, "instances"),
        },
        "tags": tags::write(settings, &own),
    });
    if let Some(link) = reservation_id(settings, places)? {
        body["properties"] = json!({"virtualMachineProfile": {
            "capacityReservation": {"capacityReservationGroup": {"id": link}},
        }});
    }
    Ok(body)
}

/// The action that brings machines to the wanted power; nothing where there are none.
fn switch(id: &str, settings: &Settings, now: Option<&Found>) -> Option<Step> {
    if schema::int(settings, "instances") == 0 {
        return None;
    }
    let wanted = schema::text(settings, "power");
    let is = now.and_then(|found| power(&found.view));
    match (wanted, is.as_deref()) {
        ("deallocated", Some("deallocated")) => None,
        ("deallocated", _) => Some(Step::post(format!("{id}/deallocate"), path::COMPUTE, None)),
        (_, Some("deallocated")) => Some(Step::post(format!("{id}/start"), path::COMPUTE, None)),
        _ => None,
    }
}

/// The settings of a scale set.
pub fn read(found: &Found, known: &sku::Catalogue, places: &Places) -> Settings {
    let model = &found.model;
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "region",
        json::text(model, &["location"]).map(region),
    );
    let zones = json::list(model, &["zones"]);
    if zones.len() < 2 {
        let zone = zones.first().and_then(Json::as_str).unwrap_or_default();
        json::set(&mut settings, "zone", Some(zone));
    }
    let instances = json::int(model, &["sku", "capacity"]);
    json::set(&mut settings, "instances", instances);
    if let Some(size) = json::text(model, &["sku", "name"]) {
        json::set(&mut settings, "sku", Some(size));
        sku::read(&mut settings, size, model, known);
    }
    let meant = || {
        let tag = tags::own(model, tags::POWER).map(str::to_owned);
        tag.filter(|_| instances == Some(0))
    };
    json::set(&mut settings, "power", power(&found.view).or_else(meant));
    let link = match reservation(model) {
        None => Some(String::new()),
        // A reservation that has no address is somebody's; its id says more than nothing.
        Some(id) => Some(path::address(id, places).map_or(id.to_owned(), |it| it.to_string())),
    };
    json::set(&mut settings, "reservation", link);
    settings.insert("tags".to_owned(), tags::read(model));
    settings
}

/// The size that must be looked up to read this, if any.
pub fn unknown_size(model: &Json) -> Option<String> {
    let size = json::text(model, &["sku", "name"])?;
    sku::unknown(size, model).then(|| size.to_owned())
}

/// The power of the machines of an instance view: running if one runs. `None` where the view
/// counts no machine.
pub fn power(view: &Json) -> Option<String> {
    let states = json::list(view, &["virtualMachine", "statusesSummary"]);
    power_of(states.iter().filter_map(|it| {
        let count = json::int(it, &["count"]).unwrap_or(1);
        json::text(it, &["code"]).filter(|_| count > 0)
    }))
}

/// The power that codes such as `PowerState/running` come to.
pub fn power_of<'a>(codes: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut stopped = false;
    for code in codes {
        let low = code.to_ascii_lowercase();
        let Some(state) = low.strip_prefix("powerstate/") else {
            continue;
        };
        if RUNNING.contains(&state) {
            return Some("running".to_owned());
        }
        stopped = true;
    }
    stopped.then(|| "deallocated".to_owned())
}

/// How many machines run and how many there are, by an instance view.
pub fn counts(view: &Json) -> (i64, i64) {
    let states = json::list(view, &["virtualMachine", "statusesSummary"]);
    let mut counts = (0, 0);
    for state in states {
        let code = json::text(state, &["code"])
            .unwrap_or_default()
            .to_ascii_lowercase();
        let count = json::int(state, &["count"]).unwrap_or(0);
        if code.starts_with("powerstate/") {
            counts.1 += count;
            if code == "powerstate/running" {
                counts.0 += count;
            }
        }
    }
    counts
}

fn reservation(model: &Json) -> Option<&str> {
    let link = ["properties", "virtualMachineProfile", "capacityReservation"];
    let group = json::at(model, &link)?;
    json::text(group, &["capacityReservationGroup", "id"]).filter(|id| !id.is_empty())
}

fn reservation_id(settings: &Settings, places: &Places) -> Mapped<Option<String>> {
    let text = schema::text(settings, "reservation");
    if text.is_empty() {
        return Ok(None);
    }
    let address: Option<Address> = text.parse().ok();
    match address.filter(|it| it.kind() == Kind::CapacityReservation) {
        Some(address) => Ok(Some(path::id(&address, places)?.0)),
        None => Err(permanent(
            "InvalidParameter",
            format!("`{text}` is no reservation"),
        )),
    }
}

/// A model without what only the service writes.
fn writable(model: &Json) -> Json {
    let keys = [
        "location",
        "zones",
        "sku",
        "plan",
        "identity",
        "properties",
        "tags",
    ];
    let top = keys.iter().filter_map(|key| {
        let value = model.get(*key)?;
        Some(((*key).to_owned(), value.clone()))
    });
    let mut body = Json::Object(top.collect());
    if let Some(inner) = body.get_mut("properties").and_then(Json::as_object_mut) {
        for read_only in ["provisioningState", "uniqueId", "timeCreated"] {
            inner.remove(read_only);
        }
        if let Some(profile) = inner
            .get_mut("virtualMachineProfile")
            .and_then(Json::as_object_mut)
        {
            profile.remove("timeCreated");
        }
    }
    body
}
