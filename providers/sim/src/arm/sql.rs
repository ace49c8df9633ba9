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

/// The tag that says which tenant a database or a container is of.
pub(crate) const TENANT_TAG: &str = "stampctl-tenant";

const FLOW: Flow = Flow {
    retry_after: Some(15),
    ..SLOW
};

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
    opaque("Microsoft.Sql/servers/elasticPools", FLOW, None),
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

/// Tags without the one that names the tenant, and the tenant.
pub(crate) fn owned(body: &Json) -> (Value, Option<Value>) {
    let Value::Map(mut tags) = json::tags(body) else {
        return (json::tags(body), None);
    };
    let tenant = tags.remove(TENANT_TAG);
    (Value::Map(tags), tenant)
}

fn database(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let (tags, tenant) = owned(wanted.body);
    let mut settings = json::settings([("tags", tags)]);
    let sku = json::text(wanted.body, "/sku/name");
    if !sku.is_empty() {
        settings.insert("sku".to_owned(), sku.into());
    }
    if let Some(tenant) = tenant {
        settings.insert("tenant".to_owned(), tenant);
    }
    Ok(settings)
}

fn show_database(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let sku = resource.text("sku").unwrap_or("S0");
    if !body["sku"].is_object() {
        body["sku"] = serde_json::json!({});
    }
    body["sku"]["name"] = sku.into();
    if body.get("location").is_none() {
        body["location"] = seen.face.location_of(seen.target).into();
    }
    if !body["tags"].is_object() {
        body["tags"] = serde_json::json!({});
    }
    if let Some(tenant) = resource.text("tenant") {
        body["tags"][TENANT_TAG] = tenant.into();
    }
    json::set(body, "status", "Online");
    json::object(body, "properties").remove("createMode");
    json::object(body, "properties").remove("sourceDatabaseId");
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
    let own = owned(body).1;
    let tenant = own
        .as_ref()
        .and_then(Value::as_str)
        .or_else(|| source.as_ref().and_then(|source| source.text("tenant")))
        .unwrap_or_default()
        .to_owned();
    Ok(Some(Verb::Copy { from, tenant }))
}
