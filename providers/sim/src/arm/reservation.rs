//! Capacity reservation groups and the reservations in them. The world has one reservation of one
//! size for each group; several of the same size in one group are its sum.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
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
use super::face::address;
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

pub(crate) const GROUP: &str = "Microsoft.Compute/capacityReservationGroups";
const RESERVATION: &str = "Microsoft.Compute/capacityReservationGroups/capacityReservations";

/// One group, as the server knows it.
struct Group {
    target: Target,
    id: String,
    at: Address,
    /// As it was put.
    body: Option<Json>,
    /// What the world has of it.
    resource: Option<Resource>,
    busy: bool,
    reservations: Reservations,
}

impl Group {
    fn find(face: &Face, target: &Target) -> Result<Self, Refusal> {
        let target = Target {
            types: target.types[..1].to_vec(),
            names: target.names.get(..1).unwrap_or_default().to_vec(),
            ..target.clone()
        };
        let id = target.id(GROUP);
        let name = face.subscription_name(&target.subscription)?;
        let group = face.group_address(&name, &target.group)?;
        let at = address(
            Kind::CapacityReservation,
            &[&name, group.name(), target.name()],
        )?;
        let resource = face.read(&at)?;
        let busy = face.look(|world| world.index.busy.contains_key(&at))?;
        let known = face
            .beside()
            .reservations
            .get(&id.to_ascii_lowercase())
            .cloned();
        let mut reservations = known.unwrap_or_default();
        if let (true, Some(resource)) = (reservations.is_empty(), &resource) {
            reservations = unmade(target.name(), resource);
        }
        let body = face.stored(&id).map(|stored| stored.body);
        Ok(Self {
            target,
            id,
            at,
            body,
            resource,
            busy,
            reservations,
        })
    }

    fn is_there(&self) -> bool {
        self.body.is_some() || self.resource.is_some()
    }

    fn location(&self) -> String {
        let put = self
            .body
            .as_ref()
            .map_or("", |body| json::text(body, "/location"));
        let known = self
            .resource
            .as_ref()
            .and_then(|resource| resource.text("region"));
        known.unwrap_or(put).to_owned()
    }

    fn zones(&self) -> Vec<String> {
        match (&self.body, &self.resource) {
            (Some(body), _) => json::texts(body, "/zones"),
            (None, Some(resource)) => {
                let zones = resource
                    .get("zones")
                    .map(json::from_value)
                    .unwrap_or_default();
                json::texts(&json!({ "zones": zones }), "/zones")
            }
            (None, None) => Vec::new(),
        }
    }

    /// The world's tags and the hidden ones of a body; the body's own where the world has none.
    fn tags(&self, body: &Json) -> Json {
        let put = body.get("tags").cloned().unwrap_or_else(|| json!({}));
        let known = self
            .resource
            .as_ref()
            .and_then(|resource| resource.get("tags"));
        let Some(known) = known else {
            return put;
        };
        let mut tags = json::from_value(known);
        let hidden = put.as_object().cloned().into_iter().flatten();
        if let Some(tags) = tags.as_object_mut() {
            tags.extend(hidden.filter(|(name, _)| json::is_hidden(name)));
        }
        tags
    }

    fn show(&self, face: &Face, state: &str, expand: bool) -> Json {
        let mut body = self.body.clone().unwrap_or_else(|| json!({}));
        body["id"] = self.id.as_str().into();
        body["name"] = self.target.name().into();
        body["type"] = GROUP.into();
        body["location"] = self.location().into();
        body["tags"] = self.tags(&body);
        let zones = self.zones();
        if !zones.is_empty() {
            body["zones"] = json!(zones);
        }
        let ids: Vec<Json> = self
            .reservations
            .keys()
            .map(|name| json!({ "id": self.reservation_id(name) }))
            .collect();
        json::set(&mut body, "provisioningState", state);
        json::set(&mut body, "capacityReservations", ids);
        json::set(
            &mut body,
            "virtualMachinesAssociated",
            self.users(face, &Json::Null),
        );
        if expand {
            let views: Vec<Json> = self
                .reservations
                .iter()
                .map(|(name, one)| {
                    let mut view = self.instance_view(face, one);
                    view["name"] = name.as_str().into();
                    view
                })
                .collect();
            json::set(
                &mut body,
                "instanceView",
                json!({ "capacityReservations": views }),
            );
        }
        body
    }

    fn reservation_id(&self, name: &str) -> String {
        format!("{}/capacityReservations/{name}", self.id)
    }

    fn show_one(&self, face: &Face, name: &str, one: &Json, state: &str, expand: bool) -> Json {
        let mut body = one.clone();
        body["id"] = self.reservation_id(name).into();
        body["name"] = name.into();
        body["type"] = RESERVATION.into();
        body["location"] = self.location().into();
        body["tags"] = self.tags(&body);
        json::set(&mut body, "provisioningState", state);
        json::set(&mut body, "platformFaultDomainCount", 1);
        let users = self.users(face, one);
        json::set(&mut body, "virtualMachinesAssociated", users);
        if expand {
            let view = self.instance_view(face, one);
            json::set(&mut body, "instanceView", view);
        }
        body
    }

    fn instance_view(&self, face: &Face, one: &Json) -> Json {
        let capacity = one
            .pointer("/sku/capacity")
            .cloned()
            .unwrap_or_else(|| 0.into());
        json!({
            "utilizationInfo": {
                "currentCapacity": capacity,
                "virtualMachinesAllocated": self.users(face, one),
            },
            "statuses": [{ "code": "ProvisioningState/succeeded", "level": "Info" }],
        })
    }

    /// The machines that use one reservation, by the zone where both say one.
    fn users(&self, face: &Face, one: &Json) -> Vec<Json> {
        let zones = json::texts(one, "/zones");
        let named = self.at.to_string();
        let subscription = self.at.part("subscription").unwrap_or_default();
        let seen = face.look(|world| {
            let mut users = Vec::new();
            for (at, entry) in world.beneath(Kind::ScaleSet, subscription) {
                let text = |name| crate::world::schema::text(&entry.settings, name);
                let zone = text("zone").to_owned();
                let fits = zones.is_empty() || zone.is_empty() || zones.contains(&zone);
                if text("reservation") == named && fits {
                    let count = crate::world::schema::int(&entry.settings, "instances");
                    users.push((at.clone(), count));
                }
            }
            users
        });
        let mut ids = Vec::new();
        for (at, count) in seen.unwrap_or_default() {
            let group = at.part("resource_group").unwrap_or_default();
            let group = super::path::group_id(&self.target.subscription, group);
            ids.extend((0..count).map(|n| {
                json!({ "id": format!(
                    "{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{}/virtualMachines/{n}",
                    at.name()
                ) })
            }));
        }
        ids
    }

    fn state(&self) -> &'static str {
        if self.busy { "Updating" } else { "Succeeded" }
    }
}

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
        ("PUT" | "PATCH", key) => {
            let existed = key.is_some();
            let mut body = request.body.clone();
            if request.method == "PATCH"
                && let Some(key) = &key
            {
                body = group.reservations[key].clone();
                json::patch(&mut body, &request.body);
            }
            let tags = request.body.get("tags").map(|_| json::tags(&request.body));
            group
                .reservations
                .insert(key.unwrap_or_else(|| name.clone()), body.clone());
            let settings = wanted(&group, &body, tags)?;
            let verb = if group.resource.is_some() {
                Verb::Patch {
                    settings: changed(&group, settings),
                }
            } else {
                Verb::Put { settings }
            };
            let outcome = face.perform(&group.at, verb, Precondition::Any, request)?;
            keep(face, &group);
            let group = Group::find(face, target)?;
            let state = if existed { "Updating" } else { "Creating" };
            let shown = group.show_one(face, &name, &body, state, false);
            let status = if existed { 200 } else { 201 };
            Ok(led(
                face,
                request,
                &group,
                &outcome,
                &id,
                Reply::json(status, shown),
            ))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// The reservations of a group that nobody made over HTTP: one for each zone, the first taking
/// what does not divide, or one for the region.
fn unmade(name: &str, resource: &Resource) -> Reservations {
    let zones = resource
        .get("zones")
        .map(json::from_value)
        .unwrap_or_default();
    let zones = json::texts(&json!({ "zones": zones }), "/zones");
    let all = resource.int("instances").unwrap_or(0);
    if zones.is_empty() {
        let one = json!({ "sku": { "name": resource.text("sku"), "capacity": all } });
        return [(format!("{name}-regional"), one)].into();
    }
    let count = i64::try_from(zones.len()).unwrap_or(1);
    let shares = zones.iter().zip(0..).map(|(zone, at)| {
        let share = all / count + i64::from(at < all % count);
        let one = json!({
            "sku": { "name": resource.text("sku"), "capacity": share },
            "zones": [zone],
        });
        (format!("{name}-zone{zone}"), one)
    });
    shares.collect()
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
