//! The Cosmos DB container that a registry is kept in, and the database around it. Pure.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use crate::fault::permanent;
use crate::step::Step;

/// Makes a registry's container and the database that it is in. One that is there is left alone,
/// because its key cannot change.
pub fn put(id: &str, settings: &Settings, now: Option<&Json>) -> Mapped<Vec<Step>> {
    let key = schema::text(settings, "partition_key");
    if let Some(found) = now {
        let is = read(found);
        if schema::text(&is, "partition_key") == key {
            return Ok(Vec::new());
        }
        let why = format!("`{key}`: the partition key of a container cannot change");
        return Err(permanent("BadRequest", why));
    }
    if !key.starts_with('/') {
        let why = format!("`{key}` is no path such as `/collection`");
        return Err(permanent("BadRequest", why));
    }
    let (database, name) = id.rsplit_once("/containers/").unwrap_or((id, id));
    let own = database.rsplit('/').next().unwrap_or(database);
    let around = json!({"properties": {"resource": {"id": own}, "options": {}}});
    let body = json!({"properties": {
        "resource": {"id": name, "partitionKey": {"paths": [key], "kind": "Hash"}},
        "options": {},
    }});
    Ok(vec![
        Step::put(database, path::COSMOS, around),
        Step::put(id, path::COSMOS, body),
    ])
}

/// A registry's container.
pub fn read(container: &Json) -> Settings {
    let mut settings = Settings::new();
    let paths = ["properties", "resource", "partitionKey", "paths"];
    let key = json::list(container, &paths).first().and_then(Json::as_str);
    json::set(&mut settings, "partition_key", key);
    settings
}
