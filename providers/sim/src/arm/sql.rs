//! `Microsoft.Sql`: servers, databases, copies of databases, elastic pools. Pure but for names.

use serde_json::Value as Json;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::engine;
use super::face::Face;
use super::json;
use super::path::parse_id;
use super::types::Flow;
use super::types::SLOW;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::find;
use super::types::opaque;
use super::wire::Refusal;

const FLOW: Flow = Flow {
    patch: 202,
    retry_after: Some(15),
    ..SLOW
};

/// What the service makes of a pool whose capacity nobody says.
const LEAST_POOL: i64 = 50;

pub(crate) const TYPES: &[Type] = &[
    Type {
        name: "Microsoft.Sql/servers",
        kind: Some(Kind::SqlServer),
        pick: &[0],
        flow: FLOW,
        implied: None,
        read: located,
        write: |_, body| {
            json::set(body, "state", "Ready");
            json::set(body, "version", "12.0");
            // A password is never shown.
            json::object(body, "properties").remove("administratorLoginPassword");
        },
    },
    Type {
        name: "Microsoft.Sql/servers/databases",
        kind: Some(Kind::SqlDatabase),
        pick: &[0, 1],
        flow: FLOW,
        implied: None,
        read: database,
        write: show_database,
    },
    Type {
        name: "Microsoft.Sql/servers/elasticPools",
        kind: Some(Kind::ElasticPool),
        pick: &[0, 1],
        flow: FLOW,
        implied: None,
        read: pool,
        write: show_pool,
    },
    opaque("Microsoft.Sql/servers/failoverGroups", FLOW, None),
    opaque(
        "Microsoft.Sql/servers/firewallRules",
        super::types::AT_ONCE,
        None,
    ),
];

/// Region and tags, and nothing else.
pub(crate) fn located(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let region = json::region(json::text(wanted.body, "/location"));
    if region.is_empty() {
        let why = "The location property is required for this definition.";
        return Err(Refusal::bad("LocationRequired", why));
    }
    Ok(json::settings([
        ("region", region.into()),
        ("tags", json::tags(wanted.body)),
    ]))
}

/// The tenant whose database it is, as the hidden tag says.
fn tenant(body: &Json) -> Option<Value> {
    json::hidden(body, "tenant").map(Value::text)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn database(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let mut settings = json::settings([("tags", json::tags(wanted.body))]);
    let sku = json::text(wanted.body, "/sku/name");
    let pool = json::text(wanted.body, "/properties/elasticPoolId");
    let pool = pool.rsplit('/').next().filter(|pool| !pool.is_empty());
    let pool = pool.map(|pool| format!("pool:{pool}"));
    let old = wanted.old.and_then(|old| old.get("sku"));
    let own_size = !matches!(sku, "" | "ElasticPool");
    // A size of its own takes a database out of the pool that it was in.
    let leaves = own_size && pool.is_some() && old.and_then(Value::as_str) == pool.as_deref();
    if let Some(pool) = pool.filter(|_| !leaves) {
        settings.insert("sku".to_owned(), pool.into());
    } else if !sku.is_empty() {
        settings.insert("sku".to_owned(), sku.into());
    }
    if let Some(tenant) = tenant(wanted.body) {
        settings.insert("tenant".to_owned(), tenant);
    }
    Ok(settings)
}

fn show_database(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let sku = resource.text("sku").unwrap_or("S0");
    if let Some(pool) = sku.strip_prefix("pool:") {
        let server = seen.target.id("Microsoft.Sql/servers/databases");
        let server = server.rsplitn(3, '/').nth(2).unwrap_or_default();
        let id = format!("{server}/elasticPools/{pool}");
        json::set(body, "elasticPoolId", id);
        body["sku"] = serde_json::json!({ "name": "ElasticPool", "tier": "Standard" });
    } else {
        if !body["sku"].is_object() {
            body["sku"] = serde_json::json!({});
        }
        body["sku"]["name"] = sku.into();
        json::object(body, "properties").remove("elasticPoolId");
        json::set(body, "currentServiceObjectiveName", sku);
        json::set(body, "requestedServiceObjectiveName", sku);
    }
    if body.get("location").is_none() {
        body["location"] = seen.face.location_of(seen.target).into();
    }
    if let Some(tenant) = resource.text("tenant") {
        json::hide(body, "tenant", tenant);
    }
    json::set(body, "status", "Online");
    json::object(body, "properties").remove("createMode");
    json::object(body, "properties").remove("sourceDatabaseId");
}

/// A pool's size is its whole `sku`; without a capacity it is the least that the service sells.
fn pool(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let sku = json::text(wanted.body, "/sku/name");
    if sku.is_empty() {
        let why = "The elastic pool's sku has no name.";
        return Err(Refusal::bad("ElasticPoolSkuCombinationInvalid", why));
    }
    let capacity = json::int(wanted.body, "/sku/capacity").unwrap_or(LEAST_POOL);
    Ok(json::settings([
        ("sku", sku.into()),
        ("capacity", capacity.into()),
        ("tags", json::tags(wanted.body)),
    ]))
}

fn show_pool(seen: &Seen<'_>, body: &mut Json) {
    let sku = seen.resource.text("sku").unwrap_or_default();
    let tier = match sku {
        "BasicPool" => "Basic",
        "PremiumPool" => "Premium",
        "StandardPool" => "Standard",
        name if name.starts_with("BC_") => "BusinessCritical",
        _ => "GeneralPurpose",
    };
    body["sku"] = serde_json::json!({
        "name": sku, "tier": tier, "capacity": seen.resource.int("capacity"),
    });
    if body.get("location").is_none() {
        body["location"] = seen.face.location_of(seen.target).into();
    }
    json::set(body, "state", "Ready");
}

/// The copy that `createMode: Copy` asks for. The tenant is said by its tag; without one it is
/// all of the source.
pub(crate) fn copied_from(face: &Face, body: &Json) -> Result<Option<Verb>, Refusal> {
    if !json::text(body, "/properties/createMode").eq_ignore_ascii_case("Copy") {
        return Ok(None);
    }
    let id = json::text(body, "/properties/sourceDatabaseId");
    let target = parse_id(id);
    let of = target.as_ref().and_then(|target| find(&target.type_key()));
    let (Some(target), Some(of)) = (target, of) else {
        let why = "sourceDatabaseId names no database";
        return Err(Refusal::bad("SourceDatabaseNotFound", why));
    };
    let Some(from) = engine::locate(face, &target, of)? else {
        let why = "sourceDatabaseId names no database";
        return Err(Refusal::bad("SourceDatabaseNotFound", why));
    };
    let source = face.read(&from)?;
    let own = tenant(body);
    let tenant = own
        .as_ref()
        .and_then(Value::as_str)
        .or_else(|| source.as_ref().and_then(|source| source.text("tenant")))
        .unwrap_or_default()
        .to_owned();
    Ok(Some(Verb::Copy { from, tenant }))
}
