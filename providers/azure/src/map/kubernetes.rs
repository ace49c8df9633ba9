//! Kubernetes clusters and their pools of nodes. Pure.
//!
//! A cluster is the operator's shape with region and tags over it: identity, network, version and
//! the first pool, which runs the cluster itself. Once it is there, only its tags are changed. A
//! pool is put whole with what it had, because pools have no PATCH.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

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

/// What only the service writes of a pool.
const READ_ONLY: [&str; 5] = [
    "provisioningState",
    "currentOrchestratorVersion",
    "nodeImageVersion",
    "eTag",
    "name",
];

/// A pool as it is, with its cluster, which alone knows the region.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The pool.
    pub pool: Json,
    /// Where its cluster is.
    pub location: Option<String>,
}

/// Creates a cluster over the operator's shape, or sets its tags.
pub fn put_cluster(
    id: &str,
    name: &str,
    settings: &Settings,
    shape: &Json,
    now: Option<&Json>,
) -> Mapped<Step> {
    let tags = tags::write(settings, &[]);
    let wanted = schema::text(settings, "region");
    if let Some(found) = now {
        let is = json::text(found, &["location"]).map(region);
        if is.as_deref() != Some(wanted) {
            let why = format!("`{wanted}`: a cluster stays in its region");
            return Err(permanent("InvalidParameter", why));
        }
        return Ok(Step::patch(id, path::CLUSTERS, json!({"tags": tags})));
    }
    let base = json!({
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": name},
    });
    let own = json!({"location": wanted, "tags": tags});
    let body = json::over(json::over(base, shape.clone()), own);
    Ok(Step::put(id, path::CLUSTERS, body))
}

/// A cluster.
pub fn read_cluster(cluster: &Json) -> Settings {
    let mut settings = Settings::new();
    let at = json::text(cluster, &["location"]).map(region);
    json::set(&mut settings, "region", at);
    settings.insert("tags".to_owned(), tags::read(cluster));
    settings
}

/// Creates a pool, or makes it what `settings` say. A stopped pool cannot be scaled, so it is
/// started before and stopped after.
pub fn put_pool(
    id: &str,
    settings: &Settings,
    shape: &Json,
    now: Option<&Found>,
    places: &Places,
) -> Mapped<Vec<Step>> {
    let instances = schema::int(settings, "instances");
    if instances < 0 {
        return Err(permanent("InvalidParameter", "instances below 0"));
    }
    let rests = schema::text(settings, "power") == "deallocated" && instances > 0;
    let Some(found) = now else {
        let body = json::over(
            created(shape),
            wanted(settings, places, instances, "Running")?,
        );
        let mut steps = vec![Step::put(id, path::CLUSTERS, body.clone())];
        if rests {
            steps.push(step(id, body, "Stopped", None));
        }
        return Ok(steps);
    };
    unchanged(settings, found, places)?;
    let had = json::int(&found.pool, &["properties", "count"]).unwrap_or(0);
    let etag = json::text(&found.pool, &["properties", "eTag"]);
    let kept = writable(&found.pool);
    let state = |code: &str, count: i64| -> Mapped<Json> {
        let own = wanted(settings, places, count, code)?;
        let mut body = json::over(kept.clone(), own.clone());
        // Tags are replaced, not merged.
        body["properties"]["tags"] = own["properties"]["tags"].clone();
        Ok(body)
    };
    let is_stopped = json::text(&found.pool, &["properties", "powerState", "code"])
        .is_some_and(|code| code.eq_ignore_ascii_case("Stopped"));
    let mut steps = Vec::new();
    if is_stopped && had != instances {
        steps.push(step(id, state("Running", had)?, "Running", etag));
    }
    if rests && is_stopped && had == instances {
        steps.push(step(id, state("Stopped", had)?, "Stopped", etag));
        return Ok(steps);
    }
    let first = etag.filter(|_| steps.is_empty());
    steps.push(step(id, state("Running", instances)?, "Running", first));
    if rests {
        steps.push(step(id, state("Stopped", instances)?, "Stopped", None));
    }
    Ok(steps)
}

/// A pool.
pub fn read_pool(found: &Found, known: &sku::Catalogue, places: &Places) -> Settings {
    let inner = properties(&found.pool);
    let mut settings = Settings::new();
    let at = found.location.as_deref().map(region);
    json::set(&mut settings, "region", at);
    let zones = json::list(inner, &["availabilityZones"]);
    let zones = zones.iter().filter_map(json::to_value).collect();
    settings.insert("zones".to_owned(), Value::List(zones));
    let instances = json::int(inner, &["count"]);
    json::set(&mut settings, "instances", instances);
    if let Some(size) = json::text(inner, &["vmSize"]) {
        json::set(&mut settings, "sku", Some(size));
        sku::read(&mut settings, size, inner, known);
    }
    let meant = if instances == Some(0) {
        tags::own(inner, tags::POWER)
    } else {
        None
    };
    let is = json::text(inner, &["powerState", "code"]).map(|code| {
        if code.eq_ignore_ascii_case("Stopped") {
            "deallocated"
        } else {
            "running"
        }
    });
    json::set(&mut settings, "power", meant.or(is));
    let link = match json::text(inner, &["capacityReservationGroupID"]) {
        None | Some("") => String::new(),
        // A reservation that has no address is somebody's; its id says more than nothing.
        Some(id) => path::address(id, places).map_or(id.to_owned(), |it| it.to_string()),
    };
    json::set(&mut settings, "reservation", Some(link));
    settings.insert("tags".to_owned(), tags::read(inner));
    settings
}

/// The size that must be looked up to read this pool, if any.
pub fn unknown_size(pool: &Json) -> Option<String> {
    let inner = properties(pool);
    let size = json::text(inner, &["vmSize"])?;
    sku::unknown(size, inner).then(|| size.to_owned())
}

/// The id of a pool's cluster.
pub fn cluster_of(pool: &str) -> &str {
    pool.split("/agentPools/").next().unwrap_or(pool)
}

fn properties(pool: &Json) -> &Json {
    json::at(pool, &["properties"]).unwrap_or(&Json::Null)
}

/// What a new pool has that nobody speaks of.
fn created(shape: &Json) -> Json {
    let base = json!({"properties": {
        "mode": "User",
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": false,
    }});
    json::over(base, shape.clone())
}

/// What the fleet says of a pool, as a body.
fn wanted(settings: &Settings, places: &Places, count: i64, code: &str) -> Mapped<Json> {
    let size = sku::tag(settings);
    let own = [
        (tags::SIZE, size.as_str()),
        (tags::POWER, schema::text(settings, "power")),
    ];
    let mut inner = json!({
        "count": count,
        "vmSize": schema::text(settings, "sku"),
        "powerState": {"code": code},
        "tags": tags::write(settings, &own),
    });
    let zones = zones(settings);
    if !zones.is_empty() {
        inner["availabilityZones"] = zones.into_iter().map(json::from_value).collect();
    }
    if let Some(link) = reservation_id(settings, places)? {
        inner["capacityReservationGroupID"] = link.into();
    }
    Ok(json!({"properties": inner}))
}

fn zones(settings: &Settings) -> Vec<&Value> {
    let zones = settings.get("zones").and_then(Value::as_list);
    zones.unwrap_or(&[]).iter().collect()
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

/// Refuses what the service would take for another pool.
fn unchanged(settings: &Settings, found: &Found, places: &Places) -> Mapped<()> {
    let inner = properties(&found.pool);
    let size = json::text(inner, &["vmSize"]).unwrap_or_default();
    let link = json::text(inner, &["capacityReservationGroupID"]).unwrap_or_default();
    let wanted = reservation_id(settings, places)?.unwrap_or_default();
    let zones: Vec<Json> = zones(settings).into_iter().map(json::from_value).collect();
    let fixed = [
        (
            "sku",
            size.eq_ignore_ascii_case(schema::text(settings, "sku")),
        ),
        ("reservation", path::same(link, &wanted)),
        ("zones", json::list(inner, &["availabilityZones"]) == zones),
    ];
    match fixed.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((name, _)) => {
            let why = format!("`{name}` of a pool of nodes cannot change; make another pool");
            Err(permanent("PropertyChangeNotAllowed", why))
        }
    }
}

fn step(id: &str, mut body: Json, code: &str, etag: Option<&str>) -> Step {
    body["properties"]["powerState"] = json!({"code": code});
    let put = Step::put(id, path::CLUSTERS, body);
    match etag {
        Some(etag) => put.when(Condition::IfMatch, etag),
        None => put,
    }
}

/// A pool without what only the service writes.
fn writable(pool: &Json) -> Json {
    let mut inner = properties(pool).clone();
    if let Some(inner) = inner.as_object_mut() {
        inner.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    }
    json!({"properties": inner})
}
