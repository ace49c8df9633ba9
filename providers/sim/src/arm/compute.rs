//! `Microsoft.Compute`: the table, and what a subscription has as a whole: usage and sizes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Resource;

use super::engine;
use super::face::Face;
use super::json;
use super::reservation;
use super::scale_set;
use super::sku;
use super::types::Flow;
use super::types::Lead;
use super::types::SLOW;
use super::types::Type;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

pub(crate) const SCALE_SET: Type = Type {
    name: "Microsoft.Compute/virtualMachineScaleSets",
    kind: Some(Kind::ScaleSet),
    pick: &[0],
    flow: Flow {
        lead: Lead::Both,
        ..SLOW
    },
    implied: None,
    read: scale_set::read,
    write: scale_set::write,
};

pub(crate) const TYPES: &[Type] = &[SCALE_SET];

/// Answers a call on a subscription's compute.
pub(crate) fn of_subscription(face: &Face, request: &Request, lower: &[&str]) -> Answer {
    let subscription = &request.parts[1];
    let name = face.subscription_name(subscription)?;
    match (request.method.as_str(), &lower[4..]) {
        ("GET", ["locations", _, "usages"]) => usages(face, &name, &request.parts[5]),
        ("GET", ["skus"]) => skus(face, request, &name),
        ("GET", ["capacityreservationgroups"]) => Ok(Reply::collection(reservation::groups(
            face,
            subscription,
            None,
        )?)),
        ("GET", _) => engine::of_subscription(face, request),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// Limits and use of every family in a region, and of all cores together. A family that a quota
/// group could give is shown, though the subscription has none of it.
fn usages(face: &Face, name: &str, location: &str) -> Answer {
    let region = json::region(location);
    let groups = face.list(Kind::GroupQuota, "")?;
    let here = groups.iter().map(|one| &one.address);
    let here = here.filter(|at| at.part("region") == Some(region.as_str()));
    let mut families: BTreeMap<&str, (i64, i64)> = here.map(|at| (at.name(), (0, 0))).collect();
    let quotas = face.list(Kind::Quota, &format!("{name}/{region}"))?;
    families.extend(quotas.iter().map(|one| (one.address.name(), numbers(one))));
    let total = families.values();
    let total = total.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let all = families
        .iter()
        .map(|(family, one)| usage_of(family, one.0, one.1));
    let limit = super::surprises::regional_limit(face).unwrap_or(total.0);
    let cores = std::iter::once(usage_of("cores", limit, total.1));
    Ok(Reply::collection(cores.chain(all).collect()))
}

/// Limit and use of a quota.
pub(crate) fn numbers(quota: &Resource) -> (i64, i64) {
    let number = |name| quota.int(name).unwrap_or(0);
    (number("limit"), number("usage"))
}

fn usage_of(name: &str, limit: i64, usage: i64) -> Json {
    json!({
        "limit": limit,
        "unit": "Count",
        "currentValue": usage,
        "name": { "value": name, "localizedValue": name },
    })
}

fn skus(face: &Face, request: &Request, name: &str) -> Answer {
    let filter = request.asked("$filter").unwrap_or_default();
    let wanted = filter.split('\'').nth(1).map(json::region);
    let mut offered: BTreeSet<(String, String)> = BTreeSet::new();
    let used = face.look(|world| {
        let mut used = Vec::new();
        for kind in [
            Kind::ScaleSet,
            Kind::NodePool,
            Kind::CapacityReservation,
            Kind::Quota,
        ] {
            for (at, entry) in world.beneath(kind, name) {
                let text = |name| crate::world::schema::text(&entry.settings, name).to_owned();
                match kind {
                    Kind::Quota => used.push((
                        at.part("region").unwrap_or_default().to_owned(),
                        String::new(),
                    )),
                    _ => used.push((text("region"), text("sku"))),
                }
            }
        }
        let pools = world
            .capacity
            .keys()
            .filter_map(|pool| pool.split_once('/'));
        used.extend(pools.map(|(region, sku)| (region.to_owned(), sku.to_owned())));
        used
    })?;
    let mut regions: Vec<String> = used.iter().map(|(region, _)| region.clone()).collect();
    regions.extend(wanted.clone());
    regions.sort();
    regions.dedup();
    for region in regions {
        offered.extend(
            sku::SIZES
                .iter()
                .map(|size| (region.clone(), (*size).to_owned())),
        );
    }
    offered.extend(used.into_iter().filter(|(_, sku)| !sku.is_empty()));
    let shown = offered
        .into_iter()
        .filter(|(region, _)| wanted.as_ref().is_none_or(|wanted| wanted == region));
    Ok(Reply::collection(
        shown
            .filter_map(|(region, size)| sku_of(face, &region, &size))
            .collect(),
    ))
}

fn sku_of(face: &Face, region: &str, size: &str) -> Option<Json> {
    let held = ["1", "2", "3"].into_iter().filter(|zone| {
        let place = format!("{region}/{zone}/{size}");
        face.options.not_offered.contains(&place)
    });
    let held: Vec<&str> = held.collect();
    let restrictions = if held.is_empty() {
        json!([])
    } else {
        json!([{
            "type": "Zone",
            "values": [region],
            "restrictionInfo": { "locations": [region], "zones": held },
            "reasonCode": "NotAvailableForSubscription",
        }])
    };
    let (family, vcpus) = sku::shape(size)?;
    let capability = |name: &str, value: &str| json!({ "name": name, "value": value });
    Some(json!({
        "resourceType": "virtualMachines",
        "name": size,
        "tier": "Standard",
        "size": size.trim_start_matches("Standard_"),
        "family": family,
        "locations": [region],
        "locationInfo": [{ "location": region, "zones": ["1", "2", "3"], "zoneDetails": [] }],
        "capabilities": [
            capability("vCPUs", &vcpus.to_string()),
            capability("CapacityReservationSupported", "True"),
        ],
        "restrictions": restrictions,
    }))
}
