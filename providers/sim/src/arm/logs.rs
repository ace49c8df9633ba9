//! Log Analytics: what is measured, as rows of the one function that stamps report to.
//!
//! Of the query language this knows the function's name and `where COLUMN == 'text'`.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Resource;

use super::auth;
use super::face::Face;
use super::json;
use super::path::parse_id;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use crate::world::data::total;
use crate::world::schema;

/// The function of every workspace, with its columns.
const FUNCTION: &str = "StampctlMeasures";
const COLUMNS: [(&str, &str); 3] = [
    ("Kind", "string"),
    ("Path", "string"),
    ("Settings", "dynamic"),
];

/// The kinds of which something is measured.
const KINDS: [Kind; 6] = [
    Kind::StampMetrics,
    Kind::TenantMetrics,
    Kind::Health,
    Kind::SqlDatabase,
    Kind::BlobContainer,
    Kind::Backup,
];

/// Answers `.../v1/workspaces/{workspace}/query`; `None` for all other calls.
pub(crate) fn answer(face: &Face, request: &Request) -> Option<Answer> {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let parts = parts.strip_prefix(&["logs"]).unwrap_or(&parts);
    match (request.method.as_str(), parts) {
        ("POST", ["v1", "workspaces", _, "query"]) => Some(query(face, request)),
        _ => None,
    }
}

fn query(face: &Face, request: &Request) -> Answer {
    auth::check(face, request)?;
    let text = json::text(&request.body, "/query");
    let mut stages = text.split('|').map(str::trim);
    let table = stages.next().unwrap_or_default();
    if table != FUNCTION {
        let why =
            format!("'{table}' could not be resolved to a table, column or scalar expression");
        return Err(Refusal::bad("BadArgumentError", why));
    }
    let (mut kind, mut path) = (None, None);
    for stage in stages {
        let Some(condition) = stage.strip_prefix("where ") else {
            continue;
        };
        for one in condition.split(" and ") {
            let (column, value) = one.split_once("==").unwrap_or((one, ""));
            match column.trim() {
                "Kind" => kind = Some(unquote(value)),
                "Path" => path = Some(unquote(value)),
                other => {
                    let why = format!("this cloud does not filter by '{other}'");
                    return Err(Refusal::bad("BadArgumentError", why));
                }
            }
        }
    }
    let mut rows = Vec::new();
    for one in KINDS {
        if kind.as_deref().is_some_and(|kind| kind != one.word()) {
            continue;
        }
        if let (Kind::Backup, Some(path)) = (one, &path) {
            rows.extend(copied(face, path)?);
        }
        let wanted = path.as_deref().map(|path| told(face, one, path));
        let found = face.list(one, wanted.as_deref().unwrap_or_default())?;
        for resource in found {
            if wanted
                .as_deref()
                .is_none_or(|path| path == resource.address.path())
            {
                rows.push(row(face, &resource)?);
            }
        }
    }
    let columns = COLUMNS.map(|(name, kind)| json!({ "name": name, "type": kind }));
    Ok(Reply::json(
        200,
        json!({ "tables": [{ "name": "PrimaryResult", "columns": columns, "rows": rows }] }),
    ))
}

/// A row's path as the world spells it: rows name subscriptions by id.
fn told(face: &Face, kind: Kind, path: &str) -> String {
    let known = path.split_once('/').and_then(|(id, rest)| {
        let name = face.subscription_name(id).ok()?;
        Some(format!("{name}/{rest}"))
    });
    known
        .filter(|_| kind.parts().first() == Some(&"subscription"))
        .unwrap_or_else(|| path.to_owned())
}

/// One row: of what callers write, only what they cannot.
fn row(face: &Face, resource: &Resource) -> Result<Json, Refusal> {
    let address = &resource.address;
    let own = schema::read_only(address.kind());
    let shown = resource.settings.iter();
    let shown = shown.filter(|(name, _)| own.is_empty() || own.contains(&name.as_str()));
    let settings: serde_json::Map<String, Json> = shown
        .map(|(name, value)| (name.clone(), json::from_value(value)))
        .collect();
    let path = match (address.part("subscription"), address.path().split_once('/')) {
        (Some(name), Some((_, rest))) => format!("{}/{rest}", face.subscription_id(name)?),
        _ => address.path().to_owned(),
    };
    let settings = Json::Object(settings).to_string();
    Ok(json!([address.kind().word(), path, settings]))
}

/// What is measured of a backup that is made of copies: a container whose metadata is its record
/// names the databases that are copies, and holds the blobs that are. The record does not say the
/// vault's name, so there is a row for one that is asked for only.
fn copied(face: &Face, path: &str) -> Result<Option<Json>, Refusal> {
    let parts: Vec<&str> = path.split('/').collect();
    let [subscription, _, name] = parts.as_slice() else {
        return Ok(None);
    };
    let home = face.subscription_name(subscription)?;
    let found = {
        let beside = face.beside();
        let mut all = beside.stored.values();
        let found = all.find(|one| {
            let said = |name: &str| json::text(&one.body, &format!("/properties/metadata/{name}"));
            said("whole") == "true"
                && said("name") == *name
                && [home.as_str(), subscription].contains(&said("subscription"))
        });
        found.cloned()
    };
    let Some(record) = found else {
        return Ok(None);
    };
    let Some(target) = parse_id(&record.id) else {
        return Ok(None);
    };
    let owner = face.subscription_name(&target.subscription)?;
    let group = face.group_address(&owner, &target.group)?;
    let copies = json::text(&record.body, "/properties/metadata/copies");
    let (records, digest) = face.look(|world| {
        let beneath = |kind| world.beneath(kind, group.path()).map(|(at, _)| at);
        let databases = beneath(Kind::SqlDatabase);
        let databases = databases.filter(|at| copies.split(',').any(|copy| copy == at.name()));
        let containers = beneath(Kind::BlobContainer).filter(|at| at.name() == target.name());
        let own = databases.chain(containers);
        let content: Vec<_> = own.flat_map(|at| world.contents(at)).collect();
        total(&content)
    })?;
    let settings = json!({ "records": records, "digest": digest }).to_string();
    Ok(Some(json!([Kind::Backup.word(), path, settings])))
}

/// A text of the query language without its quotes and escapes.
fn unquote(text: &str) -> String {
    let text = text.trim();
    let inner = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''));
    inner
        .unwrap_or(text)
        .replace("\\'", "'")
        .replace("\\\\", "\\")
}
