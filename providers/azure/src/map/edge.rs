//! Front Door origins, and alert rules. Pure.
//!
//! Front Door knows weights from 1 to 1000 and no tags (S52). A weight of 0 is a disabled origin
//! with a priority of its own, so that it is read back as what it is. Tags of an origin are not
//! kept and not reported.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use super::tags;
use crate::fault::permanent;
use crate::step::Step;

/// The priority of an origin whose weight is 0, enabled or not.
const NO_WEIGHT: [i64; 2] = [4, 5];

/// Creates an origin over the operator's shape, or makes it what `settings` say.
pub fn put_origin(id: &str, settings: &Settings, shape: &Json, now: Option<&Json>) -> Mapped<Step> {
    let weight = schema::int(settings, "weight");
    if !(0..=1000).contains(&weight) {
        return Err(permanent(
            "InvalidWeight",
            format!("weight {weight} is not within 0..1000"),
        ));
    }
    let enabled = settings
        .get("enabled")
        .and_then(stampctl_contract::Value::as_bool)
        .unwrap_or(true);
    let host = schema::text(settings, "host");
    let serves = enabled && weight > 0;
    let kept = now
        .and_then(|found| json::int(found, &["properties", "priority"]))
        .filter(|priority| !NO_WEIGHT.contains(priority));
    let priority = match (weight, enabled) {
        (0, false) => NO_WEIGHT[0],
        (0, true) => NO_WEIGHT[1],
        _ => kept.unwrap_or(1),
    };
    let own = json!({"properties": {
        "hostName": host,
        "originHostHeader": host,
        "priority": priority,
        "weight": weight.max(1),
        "enabledState": if serves { "Enabled" } else { "Disabled" },
    }});
    if now.is_some() {
        return Ok(Step::patch(id, path::FRONT_DOOR, own));
    }
    let base = json!({"properties": {"httpPort": 80, "httpsPort": 443}});
    let body = json::over(json::over(base, shape.clone()), own);
    Ok(Step::put(id, path::FRONT_DOOR, body))
}

/// An origin.
pub fn read_origin(origin: &Json) -> Settings {
    let mut settings = Settings::new();
    let inner = |name: &str| json::text(origin, &["properties", name]);
    json::set(&mut settings, "host", inner("hostName"));
    let priority = json::int(origin, &["properties", "priority"]);
    let weight = json::int(origin, &["properties", "weight"]);
    let on = inner("enabledState").map(|state| state.eq_ignore_ascii_case("Enabled"));
    let (weight, on) = match (priority, on) {
        (Some(4), Some(false)) => (Some(0), Some(false)),
        (Some(5), Some(false)) => (Some(0), Some(true)),
        (_, on) => (weight, on),
    };
    json::set(&mut settings, "weight", weight);
    json::set(&mut settings, "enabled", on);
    settings
}

/// Creates or replaces an alert rule over the operator's shape; without one it watches whether
/// the machines of the rule's resource group answer.
pub fn put_alert(id: &str, settings: &Settings, shape: &Json) -> Step {
    let group = id.split("/providers/").next().unwrap_or(id);
    let base = json!({"location": "global", "properties": {
        "severity": 1,
        "scopes": [group],
        "targetResourceType": "Microsoft.Compute/virtualMachines",
        "targetResourceRegion": "global",
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "criteria": {
            "odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria",
            "allOf": [{
                "name": "availability",
                "criterionType": "StaticThresholdCriterion",
                "metricName": "VmAvailabilityMetric",
                "operator": "LessThan",
                "threshold": 1,
                "timeAggregation": "Average",
            }],
        },
        "actions": [],
    }});
    let enabled = settings
        .get("enabled")
        .and_then(stampctl_contract::Value::as_bool)
        .unwrap_or(true);
    let own = json!({
        "tags": tags::write(settings, &[(tags::TARGET, schema::text(settings, "target"))]),
        "properties": {"enabled": enabled},
    });
    Step::put(
        id,
        path::ALERTS,
        json::over(json::over(base, shape.clone()), own),
    )
}

/// An alert rule.
pub fn read_alert(alert: &Json) -> Settings {
    let mut settings = Settings::new();
    let enabled = json::at(alert, &["properties", "enabled"]).and_then(Json::as_bool);
    json::set(&mut settings, "enabled", enabled);
    json::set(&mut settings, "target", tags::own(alert, tags::TARGET));
    settings.insert("tags".to_owned(), tags::read(alert));
    settings
}
