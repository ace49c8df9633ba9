//! A capacity reservation: a group with one reservation for each zone. Pure.
//!
//! The contract knows the sum, the wire knows zones: instances are split over them as evenly as
//! whole machines go, the first zones taking the rest. A group that holds no reservation reserves
//! nothing and counts as not there, which is also what is left when the first one was refused.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use super::sku;
use super::tags;
use crate::fault::conflict;
use crate::fault::permanent;
use crate::step::Step;
use crate::text::encode;
use crate::text::fold;
use crate::text::region;

/// The word for "no zone" in a reservation's name.
const REGIONAL: &str = "regional";

/// A group and its reservations as they are.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The group, with its instance view where that was asked for.
    pub group: Json,
    /// Its reservations.
    pub reservations: Vec<Json>,
}

/// Creates the group and its reservations, or makes them what `settings` say.
///
/// Resource Manager lets a reservation fall below what uses it; stampctl does not (S0-100).
pub fn put(id: &str, name: &str, settings: &Settings, now: Option<&Found>) -> Mapped<Vec<Step>> {
    let instances = schema::int(settings, "instances");
    if instances < 0 {
        return Err(permanent("InvalidParameter", "instances below 0"));
    }
    let used = now.map_or(0, |found| attached(&found.group).unwrap_or(0));
    if instances < used {
        let why = format!("{used} instances use it, and {instances} are to be left");
        return Err(conflict("ReservationInUse", why));
    }
    let zones = zones(settings);
    let size = sku::tag(settings);
    let tags = tags::write(settings, &[(tags::SIZE, &size)]);
    let mut group = json!({"location": schema::text(settings, "region"), "tags": tags});
    if !zones.is_empty() {
        group["zones"] = json!(zones);
    }
    let mut steps = vec![Step::put(id, path::COMPUTE, group)];
    let places = if zones.is_empty() {
        vec![REGIONAL.to_owned()]
    } else {
        zones.clone()
    };
    let shares = split(instances, places.len());
    for (place, share) in places.iter().zip(shares) {
        let mut body = json!({
            "location": schema::text(settings, "region"),
            "sku": {"name": schema::text(settings, "sku"), "capacity": share},
            "tags": tags,
        });
        if !zones.is_empty() {
            body["zones"] = json!([place]);
        }
        steps.push(Step::put(member(id, name, place), path::COMPUTE, body));
    }
    let wanted: Vec<String> = places
        .iter()
        .map(|place| fold(&own_name(name, place)))
        .collect();
    for other in now.into_iter().flat_map(|found| &found.reservations) {
        let other = json::text(other, &["name"]).unwrap_or_default();
        let other = other.rsplit('/').next().unwrap_or_default();
        if !other.is_empty() && !wanted.contains(&fold(other)) {
            steps.push(remove(id, other));
        }
    }
    Ok(steps)
}

/// Removes the reservations, then the group, which settles for a while after them (S15).
pub fn delete(id: &str, now: Option<&Found>) -> Mapped<Vec<Step>> {
    let Some(found) = now else {
        return Ok(vec![Step::delete(id, path::COMPUTE)]);
    };
    if let Some(used) = attached(&found.group).filter(|used| *used > 0) {
        return Err(conflict(
            "ReservationInUse",
            format!("{used} instances use it"),
        ));
    }
    let names = found.reservations.iter().filter_map(|it| {
        let name = json::text(it, &["name"])?;
        name.rsplit('/').next()
    });
    let mut steps: Vec<Step> = names.map(|name| remove(id, name)).collect();
    steps.push(Step::delete(id, path::COMPUTE).settling("CannotDeleteResource"));
    Ok(steps)
}

/// The settings of a group with its reservations; `None` where it reserves nothing.
pub fn read(found: &Found, known: &sku::Catalogue) -> Option<Settings> {
    let first = found.reservations.first()?;
    let group = &found.group;
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "region",
        json::text(group, &["location"]).map(region),
    );
    let zones: Vec<Value> = json::list(group, &["zones"])
        .iter()
        .filter_map(|zone| zone.as_str().map(Value::from))
        .collect();
    settings.insert("zones".to_owned(), Value::List(zones));
    settings.insert("tags".to_owned(), tags::read(group));
    json::set(&mut settings, "attached", attached(group));
    let size = |it: &Json| json::text(it, &["sku", "name"]).map(str::to_owned);
    let name = size(first)?;
    // Reservations of several sizes have no common number of instances.
    if found
        .reservations
        .iter()
        .all(|it| size(it).as_ref() == Some(&name))
    {
        let sum: Option<i64> = found
            .reservations
            .iter()
            .map(|it| capacity(it, group))
            .sum();
        json::set(&mut settings, "instances", sum);
        sku::read(&mut settings, &name, group, known);
        settings.insert("sku".to_owned(), Value::from(name));
    }
    Some(settings)
}

/// The size that must be looked up to read this, if any.
pub fn unknown_size(found: &Found) -> Option<String> {
    let name = json::text(found.reservations.first()?, &["sku", "name"])?;
    sku::unknown(name, &found.group).then(|| name.to_owned())
}

/// What is reserved: the instance view's truth where there is one, because a refused increase
/// leaves the wish in `sku` (S14).
fn capacity(reservation: &Json, group: &Json) -> Option<i64> {
    let wish = json::int(reservation, &["sku", "capacity"]);
    let own = [
        "properties",
        "instanceView",
        "utilizationInfo",
        "currentCapacity",
    ];
    if let Some(truth) = json::int(reservation, &own) {
        return Some(truth);
    }
    let name = json::text(reservation, &["name"])?.rsplit('/').next()?;
    let views = json::list(
        group,
        &["properties", "instanceView", "capacityReservations"],
    );
    let view = views
        .iter()
        .find(|view| json::text(view, &["name"]).is_some_and(|it| it.eq_ignore_ascii_case(name)));
    view.and_then(|view| json::int(view, &["utilizationInfo", "currentCapacity"]))
        .or(wish)
}

/// Instances that use the group's reservations. Without an instance view or a list of machines
/// the answer does not say.
pub fn attached(group: &Json) -> Option<i64> {
    let listed = json::at(group, &["properties", "virtualMachinesAssociated"]);
    let viewed = json::at(group, &["properties", "instanceView"]).is_some();
    match listed.and_then(Json::as_array) {
        Some(machines) => i64::try_from(machines.len()).ok(),
        None => viewed.then_some(0),
    }
}

/// So many instances over so many places.
pub fn split(instances: i64, places: usize) -> Vec<i64> {
    let Some(places) = i64::try_from(places).ok().filter(|places| *places > 0) else {
        return Vec::new();
    };
    (0..places)
        .map(|at| instances / places + i64::from(at < instances % places))
        .collect()
}

fn zones(settings: &Settings) -> Vec<String> {
    let list = settings.get("zones").and_then(Value::as_list);
    let zones = list.unwrap_or_default().iter();
    zones
        .filter_map(|zone| zone.as_str().map(str::to_owned))
        .collect()
}

fn own_name(group: &str, place: &str) -> String {
    if place == REGIONAL {
        format!("{group}-{REGIONAL}")
    } else {
        format!("{group}-zone{place}")
    }
}

fn member(id: &str, group: &str, place: &str) -> String {
    format!(
        "{id}/capacityReservations/{}",
        encode(&own_name(group, place))
    )
}

fn remove(id: &str, name: &str) -> Step {
    Step::delete(
        format!("{id}/capacityReservations/{}", encode(name)),
        path::COMPUTE,
    )
}
