//! SQL servers, elastic pools and databases, and the copy of a database onto another. Pure.
//!
//! A size is what the service calls the service objective (`S3`), because it answers `sku` with
//! the tier's name and a number; `pool:NAME` is a database in an elastic pool of its server.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use super::tags;
use crate::fault::conflict;
use crate::fault::permanent;
use crate::step::Step;
use crate::text::encode;
use crate::text::region;

/// What begins the size of a database that is in an elastic pool.
const POOL: &str = "pool:";

/// Creates or replaces a server over the operator's shape. An old one only gets tags.
pub fn put_server(id: &str, settings: &Settings, shape: &Json, now: Option<&Json>) -> Step {
    let tags = tags::write(settings, &[]);
    if now.is_some() {
        return Step::patch(id, path::SQL, json!({"tags": tags}));
    }
    let base = json!({"properties": {"version": "12.0", "minimalTlsVersion": "1.2"}});
    let own = json!({"location": schema::text(settings, "region"), "tags": tags});
    let body = json::over(json::over(base, shape.clone()), own);
    Step::put(id, path::SQL, body)
}

/// A server.
pub fn read_server(server: &Json) -> Settings {
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "region",
        json::text(server, &["location"]).map(region),
    );
    settings.insert("tags".to_owned(), tags::read(server));
    settings
}

/// Creates an elastic pool on a server in `region`, or makes it what `settings` say.
pub fn put_pool(id: &str, settings: &Settings, region: &str, now: Option<&Json>) -> Mapped<Step> {
    let (sku, capacity) = (
        schema::text(settings, "sku"),
        schema::int(settings, "capacity"),
    );
    if sku.is_empty() || capacity < 1 {
        let why = "an elastic pool wants `sku`, and a `capacity` above 0";
        return Err(permanent("ElasticPoolSkuCombinationInvalid", why));
    }
    let mut body = json!({
        "sku": {"name": sku, "capacity": capacity},
        "tags": tags::write(settings, &[]),
    });
    if now.is_some() {
        return Ok(Step::patch(id, path::SQL, body));
    }
    body["location"] = Json::from(region);
    Ok(Step::put(id, path::SQL, body))
}

/// An elastic pool.
pub fn read_pool(pool: &Json) -> Settings {
    let mut settings = Settings::new();
    json::set(&mut settings, "sku", json::text(pool, &["sku", "name"]));
    json::set(
        &mut settings,
        "capacity",
        json::int(pool, &["sku", "capacity"]),
    );
    settings.insert("tags".to_owned(), tags::read(pool));
    settings
}

/// Creates a database on a server in `region`, or makes it what `settings` say.
pub fn put_database(
    id: &str,
    settings: &Settings,
    region: &str,
    now: Option<&Json>,
) -> Mapped<Step> {
    let tenant = schema::text(settings, "tenant");
    if let Some(found) = now
        && let Some(holds) = tags::own(found, tags::TENANT).filter(|holds| *holds != tenant)
    {
        let why = format!("it holds the content of `{holds}`");
        return Err(conflict("HoldsAnotherTenant", why));
    }
    let mut own = vec![(tags::TENANT, tenant)];
    let copied = now.and_then(|found| tags::own(found, tags::COPY));
    own.extend(copied.map(|key| (tags::COPY, key)));
    let mut body = json!({"tags": tags::write(settings, &own)});
    size(&mut body, id, settings);
    if now.is_some() {
        return Ok(Step::patch(id, path::SQL, body));
    }
    body["location"] = Json::from(region);
    let body = json::over(body, json!({"properties": {"createMode": "Default"}}));
    Ok(Step::put(id, path::SQL, body))
}

/// A database.
pub fn read_database(database: &Json) -> Settings {
    let mut settings = Settings::new();
    let pool = json::text(database, &["properties", "elasticPoolId"]);
    let name = pool.and_then(|id| id.rsplit('/').next());
    let size = match name {
        Some(pool) => Some(format!("{POOL}{pool}")),
        None => json::text(database, &["properties", "requestedServiceObjectiveName"])
            .or_else(|| json::text(database, &["properties", "currentServiceObjectiveName"]))
            .or_else(|| json::text(database, &["sku", "name"]))
            .map(str::to_owned),
    };
    json::set(&mut settings, "sku", size);
    json::set(&mut settings, "tenant", tags::own(database, tags::TENANT));
    settings.insert("tags".to_owned(), tags::read(database));
    settings
}

/// Makes a database a copy of another. The name must be free for a copy, so the destination, which
/// is to become equal to the source anyway, goes first. The key in its tags tells a repeated call
/// that the copy is the one that it asked for, and was not made before it.
pub fn copy(
    id: &str,
    source: &str,
    settings: &Settings,
    region: &str,
    now: Option<&Json>,
    key: &str,
) -> Vec<Step> {
    if now.is_some_and(|found| copied_by(found, key)) {
        return Vec::new();
    }
    let own = [
        (tags::TENANT, schema::text(settings, "tenant")),
        (tags::COPY, key),
    ];
    let mut body = json!({
        "location": region,
        "tags": tags::write(settings, &own),
        "properties": {"createMode": "Copy", "sourceDatabaseId": source},
    });
    size(&mut body, id, settings);
    let put = Step::put(id, path::SQL, body).settling("RemoteDatabaseExists");
    match now {
        Some(_) => vec![Step::delete(id, path::SQL), put],
        None => vec![put],
    }
}

/// Whether this database is the copy that the call with this key made.
pub fn copied_by(database: &Json, key: &str) -> bool {
    tags::own(database, tags::COPY) == Some(key)
}

/// Whether the database is there to be used: a copy is not while it is filled.
pub fn online(database: &Json) -> bool {
    let status = json::text(database, &["properties", "status"]);
    status.is_none_or(|status| !["Copying", "Creating"].contains(&status))
}

/// The name of a database of a server's list that is not the server's own.
pub fn user_database(database: &Json) -> Option<&str> {
    json::text(database, &["name"]).filter(|name| *name != "master")
}

fn size(body: &mut Json, id: &str, settings: &Settings) {
    let sku = schema::text(settings, "sku");
    if let Some(pool) = sku.strip_prefix(POOL) {
        let server = id
            .rsplit_once("/databases/")
            .map_or(id, |(server, _)| server);
        let pool = format!("{server}/elasticPools/{}", encode(pool));
        let inner = json!({"properties": {"elasticPoolId": pool}});
        *body = json::over(std::mem::take(body), inner);
    } else if !sku.is_empty() {
        body["sku"] = json!({"name": sku});
    }
}
