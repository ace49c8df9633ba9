//! `Microsoft.ContainerService`: clusters and their pools of nodes. A cluster's own body shows its
//! pools, and makes those that it names.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::engine;
use super::face::Face;
use super::face::address;
use super::json;
use super::path::Target;
use super::path::group_id;
use super::scale_set;
use super::types::Flow;
use super::types::Lead;
use super::types::SLOW;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::wire::Refusal;
use super::wire::Request;

const CLUSTER: Type = Type {
    name: "Microsoft.ContainerService/managedClusters",
    kind: Some(Kind::Cluster),
    pick: &[0],
    flow: FLOW,
    implied: None,
    read: super::sql::located,
    write: show_cluster,
};

const POOL: Type = Type {
    name: "Microsoft.ContainerService/managedClusters/agentPools",
    kind: Some(Kind::NodePool),
    pick: &[0, 1],
    flow: FLOW,
    implied: None,
    read: pool,
    write: show_pool,
};

const FLOW: Flow = Flow {
    lead: Lead::Both,
    ..SLOW
};

pub(crate) const TYPES: &[Type] = &[CLUSTER, POOL];

fn show_cluster(seen: &Seen<'_>, body: &mut Json) {
    let at = &seen.resource.address;
    let pools = seen
        .face
        .list(Kind::NodePool, at.path())
        .unwrap_or_default();
    let pools = pools.iter().map(|pool| {
        let rest = [
            "managedClusters",
            at.name(),
            "agentPools",
            pool.address.name(),
        ];
        let rest = rest.map(str::to_owned);
        let (subscription, group) = (&seen.target.subscription, &seen.target.group);
        let target = Target::new(subscription, group, "Microsoft.ContainerService", &rest);
        let mut shown = engine::view_of(seen.face, &target, &POOL, pool);
        let mut flat = shown["properties"].take();
        flat["name"] = pool.address.name().into();
        flat
    });
    let pools: Vec<Json> = pools.collect();
    json::set(body, "agentPoolProfiles", pools);
    json::set(body, "powerState", json!({ "code": "Running" }));
    let node_group = format!(
        "MC_{}_{}_{}",
        seen.target.group,
        at.name(),
        seen.resource.text("region").unwrap_or_default()
    );
    json::object(body, "properties")
        .entry("nodeResourceGroup")
        .or_insert_with(|| node_group.into());
}

/// A pool's region is its cluster's, its tags are among its properties, and at 0 nodes its power
/// is what the hidden tag says.
fn pool(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let inner = &wanted.body["properties"];
    let size = json::text(inner, "/vmSize");
    let (family, vcpus) = scale_set::shape(size, inner)?;
    let instances = json::int(inner, "/count").unwrap_or(1);
    let named = json::text(inner, "/capacityReservationGroupID");
    let reservation = if named.is_empty() {
        String::new()
    } else {
        scale_set::reservation(wanted.face, named)?.to_string()
    };
    let old = wanted.old.and_then(|old| old.get("power"));
    let power = match (json::text(inner, "/powerState/code"), instances) {
        (_, 0) => json::hidden(inner, "power").or(old.and_then(Value::as_str)),
        ("Stopped", _) => Some("deallocated"),
        _ => None,
    };
    let zones = json::texts(inner, "/availabilityZones");
    Ok(json::settings([
        ("region", region_of(wanted)?.into()),
        (
            "zones",
            Value::List(zones.into_iter().map(Value::text).collect()),
        ),
        ("sku", size.into()),
        ("family", family.into()),
        ("vcpus", vcpus.into()),
        ("instances", instances.into()),
        ("power", power.unwrap_or("running").into()),
        ("reservation", reservation.into()),
        ("tags", json::tags(inner)),
    ]))
}

/// The region of a pool's cluster; none where there is no cluster, which the world refuses.
fn region_of(wanted: &Wanted<'_>) -> Result<String, Refusal> {
    let (face, target) = (wanted.face, wanted.target);
    let above = cluster(target);
    let at = engine::locate(face, &above, &CLUSTER)?;
    let found = at.map(|at| face.read(&at)).transpose()?.flatten();
    let region = found.as_ref().and_then(|found| found.text("region"));
    region.map(str::to_owned).ok_or_else(|| {
        let why = format!(
            "Failed to perform 'write' on resource(s) of type 'managedClusters/agentPools', \
             because the parent resource '{}' could not be found.",
            above.id(CLUSTER.name)
        );
        Refusal::new(404, "ParentResourceNotFound", why)
    })
}

fn cluster(pool: &Target) -> Target {
    Target {
        types: pool.types[..1].to_vec(),
        names: pool.names[..1].to_vec(),
        ..pool.clone()
    }
}

fn show_pool(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let shown = body.as_object_mut().and_then(|body| {
        body.remove("location");
        body.remove("tags")
    });
    let inner = json::object(body, "properties");
    let hidden = inner.get("tags").and_then(Json::as_object).cloned();
    let hidden = hidden.into_iter().flatten();
    let hidden: Vec<(String, Json)> = hidden.filter(|(name, _)| json::is_hidden(name)).collect();
    let mut tags = shown.unwrap_or_else(|| json!({}));
    if let Some(tags) = tags.as_object_mut() {
        tags.extend(hidden);
    }
    inner.insert("tags".to_owned(), tags);
    inner.insert("count".to_owned(), resource.int("instances").into());
    inner.insert("vmSize".to_owned(), resource.text("sku").into());
    for (name, value) in [
        ("mode", "User"),
        ("type", "VirtualMachineScaleSets"),
        ("osType", "Linux"),
    ] {
        inner.entry(name).or_insert_with(|| value.into());
    }
    let zones = resource
        .get("zones")
        .and_then(Value::as_list)
        .unwrap_or(&[]);
    if zones.is_empty() {
        inner.remove("availabilityZones");
    } else {
        let zones: Vec<Json> = zones.iter().map(json::from_value).collect();
        inner.insert("availabilityZones".to_owned(), zones.into());
    }
    let power = resource.text("power").unwrap_or("running");
    let empty = resource.int("instances") == Some(0);
    let code = if power == "deallocated" && !empty {
        "Stopped"
    } else {
        "Running"
    };
    inner.insert("powerState".to_owned(), json!({ "code": code }));
    let reservation = resource.text("reservation").and_then(|text| {
        let at: Address = text.parse().ok()?;
        scale_set::reservation_id(seen.face, &at)
    });
    match reservation {
        Some(id) => inner.insert("capacityReservationGroupID".to_owned(), id.into()),
        None => inner.remove("capacityReservationGroupID"),
    };
    if empty {
        let tag = format!("{}power", json::HIDDEN);
        if let Some(tags) = inner.get_mut("tags") {
            tags[tag] = power.into();
        }
    }
}

/// Makes the pools that a cluster's body names and the world has not.
pub(crate) fn absorb(
    face: &Face,
    request: &Request,
    target: &Target,
    of: &Type,
    body: &Json,
) -> Result<(), Refusal> {
    if of.kind != Some(Kind::Cluster) {
        return Ok(());
    }
    let profiles = body.pointer("/properties/agentPoolProfiles");
    for profile in profiles.and_then(Json::as_array).into_iter().flatten() {
        let rest = [
            target.types[0].as_str(),
            target.name(),
            "agentPools",
            json::text(profile, "/name"),
        ];
        let rest = rest.map(str::to_owned);
        let inner = Target::new(
            &target.subscription,
            &target.group,
            &target.namespace,
            &rest,
        );
        let Some(at) = engine::locate(face, &inner, &POOL)? else {
            continue;
        };
        if face.read(&at)?.is_some() {
            continue;
        }
        let body = json!({ "properties": profile });
        let wanted = Wanted {
            body: &body,
            old: None,
            face,
            target: &inner,
        };
        let settings = pool(&wanted)?;
        let made = face.perform(&at, Verb::Put { settings }, Precondition::Any, request);
        made.map_err(|refusal| worded(&POOL, refusal))?;
        face.beside().put(&inner.id(POOL.name), POOL.name, body);
    }
    Ok(())
}

/// A want of quota as clusters and pools tell it: 400, and in their own word.
pub(crate) fn worded(of: &Type, mut refusal: Refusal) -> Refusal {
    let is_ours = matches!(of.kind, Some(Kind::Cluster | Kind::NodePool));
    if is_ours && refusal.code == "OperationNotAllowed" && refusal.message.contains("quota") {
        refusal.status = 400;
        "ErrCode_InsufficientVCPUQuota".clone_into(&mut refusal.code);
    }
    refusal
}

/// Refuses to take away the last pool of a cluster that runs the cluster itself.
pub(crate) fn keep_system(face: &Face, target: &Target, of: &Type) -> Result<(), Refusal> {
    if of.kind != Some(Kind::NodePool) {
        return Ok(());
    }
    let is_system = |id: &str| {
        let stored = face.stored(id);
        stored.is_some_and(|one| json::text(&one.body, "/properties/mode") == "System")
    };
    let own = target.id(POOL.name);
    if !is_system(&own) {
        return Ok(());
    }
    let name = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&name, &target.group)?;
    let above = address(Kind::Cluster, &[&name, group.name(), &target.names[0]])?;
    let all: Vec<Resource> = face.list(Kind::NodePool, above.path())?;
    let group = group_id(&target.subscription, &target.group);
    let others = all.iter().filter(|one| {
        let pools = format!(
            "{group}/providers/{}/{}/agentPools",
            CLUSTER.name, target.names[0]
        );
        let id = format!("{pools}/{}", one.address.name());
        !id.eq_ignore_ascii_case(&own) && is_system(&id)
    });
    if others.count() > 0 {
        return Ok(());
    }
    let why = "There has to be at least one system agent pool.";
    Err(Refusal::bad("InvalidParameter", why))
}
