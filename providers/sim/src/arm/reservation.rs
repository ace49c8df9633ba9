//! Capacity reservation groups and the reservations in them. The world has one reservation of one
//! size for each group; several of the same size in one group are its sum.

mod group;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::beside::Reservations;
use super::engine;
use super::face::Face;
use super::json;
use super::locks;
use super::operations;
use super::operations::Started;
use super::path::Target;
use super::scale_set;
use super::types::SLOW;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use group::Group;
use group::unmade;

pub(crate) const GROUP: &str = "Microsoft.Compute/capacityReservationGroups";
const RESERVATION: &str = "Microsoft.Compute/capacityReservationGroups/capacityReservations";

/// Answers a call on a group or a reservation.
pub(crate) fn answer(face: &Face, request: &Request, target: &Target) -> Answer {
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    if !face.look(|world| world.resources.contains_key(&group))? {
        return Err(engine::no_group(&target.group));
    }
    super::subscriptions::registered(face, &target.subscription, &target.namespace)?;
    let expand = request
        .asked("$expand")
        .is_some_and(|what| what.eq_ignore_ascii_case("instanceView"));
    match (
        request.method.as_str(),
        target.types.len(),
        target.names.len(),
    ) {
        ("GET", 1, 0) => Ok(Reply::collection(groups(
            face,
            &target.subscription,
            Some(&target.group),
        )?)),
        (_, 1, 1) => of_group(face, request, target, expand),
        ("GET", 2, 1) => {
            let group = there(face, target)?;
            let all = group.reservations.iter();
            let all = all.map(|(name, one)| group.show_one(face, name, one, group.state(), false));
            Ok(Reply::collection(all.collect()))
        }
        (_, 2, 2) => of_one(face, request, target, expand),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// All groups of a subscription, or of one resource group.
pub(crate) fn groups(
    face: &Face,
    subscription: &str,
    within: Option<&str>,
) -> Result<Vec<Json>, Refusal> {
    let name = face.subscription_name(subscription)?;
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for resource in face.list(Kind::CapacityReservation, &name)? {
        let group = resource
            .address
            .part("resource_group")
            .unwrap_or_default()
            .to_owned();
        let own = resource.address.name().to_owned();
        found.insert(format!("{group}/{own}").to_ascii_lowercase(), (group, own));
    }
    let stored: Vec<String> = {
        let beside = face.beside();
        let all = beside.beneath(&format!("/subscriptions/{subscription}"));
        all.filter(|one| one.type_name == GROUP)
            .map(|one| one.id.clone())
            .collect()
    };
    for id in stored {
        let Some(target) = super::path::parse_id(&id) else {
            continue;
        };
        let key = format!("{}/{}", target.group, target.name()).to_ascii_lowercase();
        found
            .entry(key)
            .or_insert((target.group.clone(), target.name().to_owned()));
    }
    let mut shown = Vec::new();
    for (group, own) in found.into_values() {
        if within.is_some_and(|within| !within.eq_ignore_ascii_case(&group)) {
            continue;
        }
        let rest = ["capacityReservationGroups".to_owned(), own];
        let target = Target::new(subscription, &group, "Microsoft.Compute", &rest);
        let group = Group::find(face, &target)?;
        shown.push(group.show(face, group.state(), false));
    }
    Ok(shown)
}

/// A group and its reservations, as they were seen.
pub(crate) fn rows(
    face: &Face,
    resource: &Resource,
    subscription: &str,
) -> Result<Vec<Json>, Refusal> {
    let at = &resource.address;
    let rest = ["capacityReservationGroups".to_owned(), at.name().to_owned()];
    let group = at.part("resource_group").unwrap_or_default();
    let target = Target::new(subscription, group, "Microsoft.Compute", &rest);
    let mut group = Group::find(face, &target)?;
    group.resource = Some(resource.clone());
    if sum(&group.reservations) != resource.int("instances").unwrap_or(0) {
        group.reservations = unmade(at.name(), resource);
    }
    let mut rows = vec![group.show(face, "Succeeded", false)];
    let all = group.reservations.iter();
    rows.extend(all.map(|(name, one)| group.show_one(face, name, one, "Succeeded", false)));
    Ok(rows)
}

fn there(face: &Face, target: &Target) -> Result<Group, Refusal> {
    let group = Group::find(face, target)?;
    if group.is_there() {
        return Ok(group);
    }
    Err(Refusal::not_found(&group.id))
}

fn of_group(face: &Face, request: &Request, target: &Target, expand: bool) -> Answer {
    let group = Group::find(face, target)?;
    let existed = group.is_there();
    match request.method.as_str() {
        "GET" => {
            let group = there(face, target)?;
            Ok(Reply::json(200, group.show(face, group.state(), expand)))
        }
        "PATCH" if !existed => Err(Refusal::not_found(&group.id)),
        "PUT" | "PATCH" => {
            let mut body = request.body.clone();
            if request.method == "PATCH" {
                body = group.show(face, group.state(), false);
                json::patch(&mut body, &request.body);
            }
            let zones = json::texts(&body, "/zones");
            if existed && group.zones() != zones {
                let why = "The zones of a capacity reservation group cannot be changed.";
                return Err(Refusal::bad("PropertyChangeNotAllowed", why));
            }
            if group.resource.is_some() {
                let settings = json::settings([("tags", json::tags(&body))]);
                face.perform(
                    &group.at,
                    Verb::Patch { settings },
                    Precondition::Any,
                    request,
                )?;
            }
            face.beside().put(&group.id, GROUP, body);
            let group = there(face, target)?;
            let (status, state) = if existed {
                (200, "Succeeded")
            } else {
                (201, "Creating")
            };
            let reply = Reply::json(status, group.show(face, state, false));
            let done = Outcome::Done(None);
            Ok(if existed {
                reply
            } else {
                led(face, request, &group, &done, &group.id, reply)
            })
        }
        "DELETE" if !existed => Ok(Reply::empty(204)),
        "DELETE" => {
            locks::check(face, &group.id)?;
            if !group.reservations.is_empty() {
                return Err(Refusal::new(
                    409,
                    "CannotDeleteResource",
                    "Can not delete resource before nested resources are deleted.",
                ));
            }
            face.beside().forget(&group.id);
            let done = Outcome::Done(None);
            Ok(led(
                face,
                request,
                &group,
                &done,
                &group.id,
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

fn led(
    face: &Face,
    request: &Request,
    group: &Group,
    outcome: &Outcome,
    id: &str,
    reply: Reply,
) -> Reply {
    let started = Started {
        place: operations::place(&group.target.subscription, "Microsoft.Compute"),
        id: operations::id_of(face, outcome),
        address: Some(&group.at),
        resource: id,
    };
    let flow = super::types::Flow {
        lead: if request.method == "DELETE" {
            super::types::Lead::Both
        } else {
            super::types::Lead::Status
        },
        ..SLOW
    };
    operations::lead(face, request, reply, &flow, &started)
}

fn of_one(face: &Face, request: &Request, target: &Target, expand: bool) -> Answer {
    let mut group = there(face, target)?;
    let name = target.name().to_owned();
    let key = group
        .reservations
        .keys()
        .find(|key| key.eq_ignore_ascii_case(&name))
        .cloned();
    let id = group.reservation_id(&name);
    match (request.method.as_str(), key) {
        ("GET", Some(key)) => {
            let one = &group.reservations[&key];
            Ok(Reply::json(
                200,
                group.show_one(face, &name, one, group.state(), expand),
            ))
        }
        ("GET" | "PATCH", None) => Err(Refusal::not_found(&id)),
        ("DELETE", None) => Ok(Reply::empty(204)),
        ("DELETE", Some(key)) => {
            locks::check(face, &id)?;
            group.reservations.remove(&key);
            let verb = if group.reservations.is_empty() {
                Verb::Delete
            } else {
                Verb::Patch {
                    settings: json::settings([("instances", sum(&group.reservations).into())]),
                }
            };
            let outcome = face.perform(&group.at, verb, Precondition::Any, request)?;
            keep(face, &group);
            Ok(led(face, request, &group, &outcome, &id, Reply::empty(202)))
        }
        ("PUT" | "PATCH", key) => write(face, request, group, target, key),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// Makes a reservation, or makes it another; the world's is the sum of its group's.
fn write(
    face: &Face,
    request: &Request,
    mut group: Group,
    target: &Target,
    key: Option<String>,
) -> Answer {
    let name = target.name();
    let existed = key.is_some();
    let mut body = request.body.clone();
    if let ("PATCH", Some(key)) = (request.method.as_str(), &key) {
        body = group.reservations[key].clone();
        json::patch(&mut body, &request.body);
    }
    let tags = request.body.get("tags").map(|_| json::tags(&request.body));
    let key = key.unwrap_or_else(|| name.to_owned());
    group.reservations.insert(key, body.clone());
    let settings = wanted(&group, &body, tags)?;
    let verb = if group.resource.is_some() {
        let settings = changed(&group, settings);
        Verb::Patch { settings }
    } else {
        Verb::Put { settings }
    };
    let id = group.reservation_id(name);
    super::surprises::check_region(face, &group.at, &verb)?;
    let done = face.perform(&group.at, verb, Precondition::Any, request);
    let (outcome, kept) = super::surprises::wished(face, &group.at, &id, &body, existed, done)?;
    if kept {
        keep(face, &group);
    }
    let group = Group::find(face, target)?;
    let (status, state) = if existed {
        (200, "Updating")
    } else {
        (201, "Creating")
    };
    let reply = Reply::json(status, group.show_one(face, name, &body, state, false));
    Ok(led(face, request, &group, &outcome, &id, reply))
}

fn keep(face: &Face, group: &Group) {
    let key = group.id.to_ascii_lowercase();
    face.beside()
        .reservations
        .insert(key, group.reservations.clone());
}

fn sum(reservations: &Reservations) -> i64 {
    reservations
        .values()
        .map(|one| json::int(one, "/sku/capacity").unwrap_or(0))
        .sum()
}

fn changed(group: &Group, settings: Settings) -> Settings {
    let same = |name: &str, value: &Value| {
        group
            .resource
            .as_ref()
            .and_then(|resource| resource.get(name))
            == Some(value)
    };
    settings
        .into_iter()
        .filter(|(name, value)| !same(name, value))
        .collect()
}

fn wanted(group: &Group, body: &Json, tags: Option<Value>) -> Result<Settings, Refusal> {
    let size = json::text(body, "/sku/name");
    let (family, vcpus) = scale_set::shape(size, body)?;
    let others = group.reservations.values();
    if others
        .map(|one| json::text(one, "/sku/name"))
        .any(|other| other != size)
    {
        let why = "this cloud has reservations of one size in each group";
        return Err(Refusal::bad("NotSupported", why));
    }
    let mut zones = group.zones();
    if zones.is_empty() {
        zones = group
            .reservations
            .values()
            .flat_map(|one| json::texts(one, "/zones"))
            .collect();
        zones.sort();
        zones.dedup();
    }
    let location = group.location();
    let location = if location.is_empty() {
        json::text(body, "/location")
    } else {
        &location
    };
    let tags = tags.unwrap_or_else(|| json::tags(group.body.as_ref().unwrap_or(&Json::Null)));
    Ok(json::settings([
        ("region", json::region(location).into()),
        ("zones", zones.into()),
        ("sku", size.into()),
        ("family", family.into()),
        ("vcpus", vcpus.into()),
        ("instances", sum(&group.reservations).into()),
        ("tags", tags),
    ]))
}
