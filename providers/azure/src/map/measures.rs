//! What is measured: one log query for each workspace, and the rows that answer it. Pure.
//!
//! A workspace has the function `StampctlMeasures`, which the operator defines over whatever the
//! stamps report (docs/azure.md). Its rows are `Kind`, `Path` and `Settings`: the address of what
//! is measured, and a JSON object of the contract's settings, the newest for each address. What
//! no row tells is absent.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::json;
use super::schema;
use crate::config::Places;

/// The function that every workspace has.
pub const FUNCTION: &str = "StampctlMeasures";

/// The settings of each address that something was measured of.
pub type Measures = BTreeMap<Address, Settings>;

/// The kinds that rows may tell of.
const KINDS: [Kind; 6] = [
    Kind::StampMetrics,
    Kind::TenantMetrics,
    Kind::Health,
    Kind::SqlDatabase,
    Kind::BlobContainer,
    Kind::Backup,
];

/// The query for everything, or for one address. Rows name subscriptions by id.
pub fn query(of: Option<&Address>, places: &Places) -> Json {
    let filter = of.map_or(String::new(), |address| {
        let kind = address.kind().word();
        let path = quote(&renamed(address, |name| places.subscription(name)));
        format!(" | where Kind == '{kind}' and Path == {path}")
    });
    json!({
        "query": format!("{FUNCTION}{filter} | project Kind, Path, Settings"),
        "timespan": "P8D",
    })
}

/// The measured settings of an answer. `Err` where the answer is not whole (200 with an error).
pub fn read(answer: &Json, places: &Places) -> Result<Measures, String> {
    if let Some(error) = json::at(answer, &["error"]) {
        let code = json::text(error, &["code"]).unwrap_or("PartialError");
        return Err(format!(
            "{code}: {}",
            json::text(error, &["message"]).unwrap_or_default()
        ));
    }
    let mut measures = Measures::new();
    for table in json::list(answer, &["tables"]) {
        let columns = json::list(table, &["columns"]);
        let column = |name: &str| {
            columns
                .iter()
                .position(|column| json::text(column, &["name"]) == Some(name))
        };
        let (Some(kind), Some(path), Some(settings)) =
            (column("Kind"), column("Path"), column("Settings"))
        else {
            continue;
        };
        for row in json::list(table, &["rows"]) {
            let cell = |at: usize| row.get(at);
            let text = |at: usize| cell(at).and_then(Json::as_str);
            let address: Option<Address> = text(kind)
                .zip(text(path))
                .and_then(|(kind, path)| format!("{kind}/{path}").parse().ok());
            let Some(address) = address.filter(|it| KINDS.contains(&it.kind())) else {
                continue;
            };
            let path = renamed(&address, |id| places.subscription_name(id));
            let Ok(address) = format!("{}/{path}", address.kind()).parse::<Address>() else {
                continue;
            };
            if let Some(found) = cell(settings).and_then(object) {
                let kept = measured(address.kind(), found);
                measures.entry(address).or_default().extend(kept);
            }
        }
    }
    Ok(measures)
}

/// An address's path with its subscription called otherwise.
fn renamed<'a>(address: &'a Address, name: impl Fn(&'a str) -> &'a str) -> String {
    match (address.part("subscription"), address.path().split_once('/')) {
        (Some(first), Some((_, rest))) => format!("{}/{rest}", name(first)),
        _ => address.path().to_owned(),
    }
}

/// A dynamic column comes as a text of JSON, or as JSON.
fn object(cell: &Json) -> Option<BTreeMap<String, Value>> {
    let parsed = match cell.as_str() {
        Some(text) => serde_json::from_str(text).ok()?,
        None => cell.clone(),
    };
    match json::to_value(&parsed)? {
        Value::Map(settings) => Some(settings),
        _ => None,
    }
}

/// What a measurement may say: of a resource that callers write, only what they cannot.
fn measured(kind: Kind, settings: BTreeMap<String, Value>) -> Settings {
    let read_only = schema::read_only(kind);
    settings
        .into_iter()
        .filter(|(name, _)| read_only.is_empty() || read_only.contains(&name.as_str()))
        .collect()
}

/// A text of the query language.
fn quote(text: &str) -> String {
    let inner = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{inner}'")
}
