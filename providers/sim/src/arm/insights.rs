//! `Microsoft.Insights`: metric alerts, and metrics of a resource.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::face::Face;
use super::face::address;
use super::json;
use super::operations;
use super::path;
use super::types::AT_ONCE;
use super::types::Flow;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

pub(crate) const TYPES: &[Type] = &[
    Type {
        name: "Microsoft.Insights/metricAlerts",
        kind: Some(Kind::Alert),
        pick: &[0],
        flow: Flow {
            create: 200,
            ..AT_ONCE
        },
        implied: None,
        read: alert,
        write: show_alert,
    },
    opaque("Microsoft.OperationalInsights/workspaces", AT_ONCE, None),
];

/// What an alert is about is its hidden tag, else its first scope.
#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn alert(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let body = wanted.body;
    let scopes = json::texts(body, "/properties/scopes");
    let scope = scopes.first().map_or("", String::as_str);
    let target = json::hidden(body, "target").unwrap_or(scope);
    let enabled = body.pointer("/properties/enabled").and_then(Json::as_bool);
    Ok(json::settings([
        ("enabled", enabled.unwrap_or(true).into()),
        ("target", target.into()),
        ("tags", json::tags(body)),
    ]))
}

fn show_alert(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let target = resource.text("target").unwrap_or_default();
    if !target.starts_with('/') {
        json::hide(body, "target", target);
    }
    let scope = target
        .parse::<Address>()
        .ok()
        .and_then(|at| seen.face.id_of(&at))
        .unwrap_or_else(|| path::group_id(&seen.target.subscription, &seen.target.group));
    json::object(body, "properties")
        .entry("scopes")
        .or_insert_with(|| json!([scope]));
    json::set(body, "enabled", resource.truth("enabled").unwrap_or(true));
    if body.get("location").is_none() {
        body["location"] = "global".into();
    }
    let properties = json::object(body, "properties");
    properties.entry("severity").or_insert_with(|| 2.into());
    properties
        .entry("evaluationFrequency")
        .or_insert_with(|| "PT1M".into());
    properties
        .entry("windowSize")
        .or_insert_with(|| "PT5M".into());
    properties.entry("criteria").or_insert_with(
        || json!({ "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria" }),
    );
}

/// The measures that a metric's name stands for.
const METRICS: &[(&str, &str)] = &[
    ("Percentage CPU", "latest_cpu"),
    ("cpu_percent", "latest_cpu"),
    ("dtu_consumption_percent", "latest_dtu"),
    ("storage_percent", "latest_storage"),
    ("Available Memory Percentage", "latest_memory"),
    ("sessions_count", "connections"),
];

/// Answers `{resource}/providers/Microsoft.Insights/metrics`: the newest value of each metric of
/// the resource group around it. Nothing measured is an empty series.
pub(crate) fn metrics(face: &Face, request: &Request) -> Answer {
    let parts = &request.parts;
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    if parts.len() < 7 || lower[0] != "subscriptions" || lower[2] != "resourcegroups" {
        return Err(Refusal::not_found(&request.path));
    }
    let name = face.subscription_name(&parts[1])?;
    let group = face.group_address(&name, &parts[3])?;
    let at = address(Kind::StampMetrics, &[&name, group.name()])?;
    let measured = face.read(&at)?;
    let now = operations::time(face.now()?);
    let names = request.asked("metricnames").unwrap_or_default();
    let scope = format!("/{}", parts[..parts.len() - 3].join("/"));
    let values = names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            let known = METRICS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            let value = known.and_then(|(_, setting)| {
                measured
                    .as_ref()?
                    .int(setting)
                    .map(|value| (setting, value))
            });
            let point = value.map(|(setting, value)| {
                #[expect(clippy::cast_precision_loss, reason = "basis points are small")]
                let shown = if *setting == "connections" {
                    value as f64
                } else {
                    value as f64 / 100.0
                };
                json!({ "timeStamp": now, "average": shown, "maximum": shown, "total": shown })
            });
            let data: Vec<Json> = point.into_iter().collect();
            json!({
                "id": format!("{scope}/providers/Microsoft.Insights/metrics/{name}"),
                "type": "Microsoft.Insights/metrics",
                "name": { "value": name, "localizedValue": name },
                "unit": "Percent",
                "errorCode": "Success",
                "timeseries": [{ "metadatavalues": [], "data": data }],
            })
        });
    Ok(Reply::json(
        200,
        json!({
            "timespan": request.asked("timespan").unwrap_or_default(),
            "interval": request.asked("interval").unwrap_or("PT1M"),
            "resourceregion": "global",
            "value": values.collect::<Vec<_>>(),
        }),
    ))
}
