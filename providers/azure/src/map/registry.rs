//! The tenant registry: items of one Cosmos DB container as documents. Pure.
//!
//! Database `stampctl`, container `registry`, partition key `/collection`. A document is `id`,
//! `collection` and `settings`; its `_etag` is the item's version.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Kind;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::json;
use crate::text::encode;

/// The documents beneath an account's endpoint.
pub const DOCUMENTS: &str = "/dbs/stampctl/colls/registry/docs";
/// The version of the data plane.
pub const VERSION: &str = "2018-12-31";

/// The document of an item.
pub fn document(address: &Address, settings: &Settings) -> Json {
    let fields = settings
        .iter()
        .map(|(name, value)| (name.clone(), json::from_value(value)));
    json!({
        "id": safe(address.name()),
        "collection": address.part("collection").unwrap_or_default(),
        "settings": Json::Object(fields.collect()),
    })
}

/// The path of an item's document.
pub fn path(address: &Address) -> String {
    format!("{DOCUMENTS}/{}", encode(&safe(address.name())))
}

/// The header value that names an item's partition.
pub fn partition(address: &Address) -> String {
    json!([address.part("collection").unwrap_or_default()]).to_string()
}

/// The item of a document.
pub fn read(registry: &str, document: &Json) -> Option<Resource> {
    let collection = json::text(document, &["collection"])?;
    let id = unsafe_name(json::text(document, &["id"])?)?;
    let address = Address::new(Kind::RegistryItem, &[registry, collection, &id]).ok()?;
    let Some(Value::Map(settings)) = document.get("settings").and_then(json::to_value) else {
        return None;
    };
    let etag = json::text(document, &["_etag"]).map(|etag| Etag(etag.into()));
    Some(Resource {
        address,
        settings,
        etag,
    })
}

/// The SQL that finds what answers `query` within its registry, with its parameters. Some more
/// may come; nothing that answers is missing.
pub fn sql(query: &Query) -> Json {
    let mut parts = query.beneath.split('/').skip(1);
    let mut wheres = Vec::new();
    let mut parameters = Vec::new();
    let mut ask = |text: &str, name: &str, value: Json| {
        wheres.push(text.to_owned());
        parameters.push(json!({"name": name, "value": value}));
    };
    if let Some(collection) = parts.next() {
        ask(
            "c.collection = @collection",
            "@collection",
            Json::from(collection),
        );
    }
    if let Some(id) = parts.next() {
        ask("c.id = @id", "@id", Json::from(safe(id)));
    }
    if let Some((name, value)) = &query.equals
        && !matches!(value, Value::List(_) | Value::Map(_))
    {
        let field = Json::from(name.as_str()).to_string();
        let text = format!("c.settings[{field}] = @value");
        ask(&text, "@value", json::from_value(value));
    }
    let filter = if wheres.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", wheres.join(" AND "))
    };
    json!({"query": format!("SELECT * FROM c{filter}"), "parameters": parameters})
}

/// Cosmos takes no `/`, `\`, `?` or `#` in an id, and `~` marks what is written otherwise.
fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '~' => out.push_str("~7E"),
            '\\' => out.push_str("~5C"),
            '?' => out.push_str("~3F"),
            '#' => out.push_str("~23"),
            '/' => out.push_str("~2F"),
            c => out.push(c),
        }
    }
    out
}

fn unsafe_name(id: &str) -> Option<String> {
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    while let Some(at) = rest.find('~') {
        out.push_str(rest.get(..at)?);
        let code = rest.get(at + 1..at + 3)?;
        out.push(char::from(u8::from_str_radix(code, 16).ok()?));
        rest = rest.get(at + 3..)?;
    }
    out.push_str(rest);
    Some(out)
}
