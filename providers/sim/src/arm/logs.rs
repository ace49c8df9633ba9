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
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
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
        let found = match &path {
            Some(path) => face.list(one, path)?,
            None => face.list(one, "")?,
        };
        let found = found.iter().filter(|resource| {
            path.as_deref()
                .is_none_or(|path| path == resource.address.path())
        });
        rows.extend(found.map(row));
    }
    let columns = COLUMNS.map(|(name, kind)| json!({ "name": name, "type": kind }));
    Ok(Reply::json(
        200,
        json!({ "tables": [{ "name": "PrimaryResult", "columns": columns, "rows": rows }] }),
    ))
}

/// One row: of what callers write, only what they cannot.
fn row(resource: &Resource) -> Json {
    let kind = resource.address.kind();
    let own = schema::read_only(kind);
    let shown = resource.settings.iter();
    let shown = shown.filter(|(name, _)| own.is_empty() || own.contains(&name.as_str()));
    let settings: serde_json::Map<String, Json> = shown
        .map(|(name, value)| (name.clone(), json::from_value(value)))
        .collect();
    let settings = Json::Object(settings).to_string();
    json!([kind.word(), resource.address.path(), settings])
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
