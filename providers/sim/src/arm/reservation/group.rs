//! One capacity reservation group as it is: what was put, what the world has, and how both show.

use super::super::beside::Reservations;
use super::super::face::Face;
use super::super::face::address;
use super::super::json;
use super::super::path::Target;
use super::super::surprises;
use super::super::wire::Refusal;
use super::GROUP;
use super::RESERVATION;
use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Resource;

/// One group, as the server knows it.
pub(super) struct Group {
    pub(super) target: Target,
    pub(super) id: String,
    pub(super) at: Address,
    /// As it was put.
    pub(super) body: Option<Json>,
    /// What the world has of it.
    pub(super) resource: Option<Resource>,
    pub(super) busy: bool,
    pub(super) reservations: Reservations,
}

impl Group {
    pub(super) fn find(face: &Face, target: &Target) -> Result<Self, Refusal> {
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

    pub(super) fn is_there(&self) -> bool {
        self.body.is_some() || self.resource.is_some()
    }

    pub(super) fn location(&self) -> String {
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

    pub(super) fn zones(&self) -> Vec<String> {
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
    pub(super) fn tags(&self, body: &Json) -> Json {
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

    pub(super) fn show(&self, face: &Face, state: &str, expand: bool) -> Json {
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

    pub(super) fn reservation_id(&self, name: &str) -> String {
        format!("{}/capacityReservations/{name}", self.id)
    }

    pub(super) fn show_one(
        &self,
        face: &Face,
        name: &str,
        one: &Json,
        state: &str,
        expand: bool,
    ) -> Json {
        let mut body = one.clone();
        let wish = surprises::wish(face, &self.reservation_id(name));
        let state = match (wish, state) {
            (Some(_), "Succeeded") => "Failed",
            (_, state) => state,
        };
        if let Some(wish) = wish {
            body["sku"]["capacity"] = wish.into();
        }
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

    pub(super) fn instance_view(&self, face: &Face, one: &Json) -> Json {
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
    pub(super) fn users(&self, face: &Face, one: &Json) -> Vec<Json> {
        let zones = json::texts(one, "/zones");
        let named = self.at.to_string();
        let subscription = self.at.part("subscription").unwrap_or_default();
        let fits =
            |zone: &str| zones.is_empty() || zone.is_empty() || zones.iter().any(|it| it == zone);
        let seen = face.look(|world| {
            let mut users = Vec::new();
            let sets = world.beneath(Kind::ScaleSet, subscription);
            for (at, entry) in sets.chain(world.beneath(Kind::NodePool, subscription)) {
                let text = |name| crate::world::schema::text(&entry.settings, name);
                if text("reservation") != named {
                    continue;
                }
                // A pool's nodes go round its zones; a scale set has one zone.
                let spread = entry.settings.get("zones").map(json::from_value);
                let mut spread = json::texts(&json!({ "zones": spread }), "/zones");
                if spread.is_empty() {
                    spread.push(text("zone").to_owned());
                }
                let count = crate::world::schema::int(&entry.settings, "instances");
                let own = (0..count).zip(spread.iter().cycle());
                let own: Vec<i64> = own.filter(|(_, zone)| fits(zone)).map(|(n, _)| n).collect();
                users.push((at.clone(), text("region").to_owned(), own));
            }
            users
        });
        let mut ids = Vec::new();
        for (at, region, own) in seen.unwrap_or_default() {
            let group = at.part("resource_group").unwrap_or_default();
            let (group, set) = match at.part("cluster") {
                Some(cluster) => (
                    format!("MC_{group}_{cluster}_{region}"),
                    format!("aks-{}-vmss", at.name()),
                ),
                None => (group.to_owned(), at.name().to_owned()),
            };
            let group = super::super::path::group_id(&self.target.subscription, &group);
            let set = format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{set}");
            let own = own.into_iter();
            ids.extend(own.map(|n| json!({ "id": format!("{set}/virtualMachines/{n}") })));
        }
        ids
    }

    pub(super) fn state(&self) -> &'static str {
        if self.busy { "Updating" } else { "Succeeded" }
    }
}

/// The reservations of a group that nobody made over HTTP: one for each zone, the first taking
/// what does not divide, or one for the region.
pub(super) fn unmade(name: &str, resource: &Resource) -> Reservations {
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
