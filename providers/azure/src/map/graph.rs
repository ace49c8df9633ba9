//! Resource Graph: the queries that find a whole fleet, and the rows that answer them. Pure.

use serde_json::Value as Json;
use serde_json::json;

use super::json;
use super::scale_set;
use crate::text::fold;

/// Subscriptions to a query; more are cut off silently somewhere above (azure.md 4.7).
pub const MOST_SUBSCRIPTIONS: usize = 300;
/// Rows to a page, the most that there are.
pub const PAGE: u32 = 1000;

/// Subscriptions and resource groups.
pub const CONTAINERS: &str = "ResourceContainers \
    | where type in~ ('microsoft.resources/subscriptions', 'microsoft.resources/subscriptions/resourcegroups') \
    | project id, name, type, location, tags, subscriptionId, properties \
    | order by id asc";

/// Every resource of a type that has an address.
pub const RESOURCES: &str = "Resources \
    | where type in~ ('microsoft.compute/capacityreservationgroups', \
    'microsoft.compute/capacityreservationgroups/capacityreservations', \
    'microsoft.compute/virtualmachinescalesets', 'microsoft.containerservice/managedclusters', \
    'microsoft.sql/servers', \
    'microsoft.sql/servers/databases', 'microsoft.sql/servers/elasticpools', 'microsoft.storage/storageaccounts', \
    'microsoft.cdn/profiles', 'microsoft.cdn/profiles/afdendpoints', \
    'microsoft.network/trafficmanagerprofiles', 'microsoft.network/applicationgateways', \
    'microsoft.insights/metricalerts') \
    | project id, name, type, location, zones, sku, tags, properties \
    | order by id asc";

/// The machines of scale sets, with their power.
pub const MACHINES: &str = "ComputeResources \
    | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines' \
    | extend power = tostring(properties.extended.instanceView.powerState.code) \
    | extend set = tostring(split(tolower(id), '/virtualmachines/')[0]) \
    | summarize count = count() by set, power \
    | project id = strcat(set, '/', power), set, power, count \
    | order by id asc";

/// The body of one page's request.
pub fn body(subscriptions: &[String], query: &str, skip_token: Option<&str>) -> Json {
    let mut options = json!({"$top": PAGE, "resultFormat": "objectArray"});
    if let Some(token) = skip_token {
        options["$skipToken"] = Json::from(token);
    }
    json!({"subscriptions": subscriptions, "query": query, "options": options})
}

/// The rows of a page and the token of the next.
pub fn page(answer: &Json) -> (&[Json], Option<&str>) {
    let token = json::text(answer, &["$skipToken"]).filter(|token| !token.is_empty());
    (json::list(answer, &["data"]), token)
}

/// The instance views that rows of machines come to, by the scale set's id in lower case.
pub fn views(rows: &[Json]) -> std::collections::BTreeMap<String, Json> {
    let mut views = std::collections::BTreeMap::<String, Vec<Json>>::new();
    for row in rows {
        let (Some(set), Some(power)) = (json::text(row, &["set"]), json::text(row, &["power"]))
        else {
            continue;
        };
        let count = json::int(row, &["count"]).unwrap_or(0);
        let known = scale_set::power_of(std::iter::once(power)).is_some();
        if known {
            let state = json!({"code": power, "count": count});
            views.entry(fold(set)).or_default().push(state);
        }
    }
    let views = views
        .into_iter()
        .map(|(set, states)| (set, json!({"virtualMachine": {"statusesSummary": states}})));
    views.collect()
}

/// Types whose rows hold other resources, the list that holds them, and their own type's word.
const HOLDERS: [(&str, &str, &str); 3] = [
    (
        "microsoft.network/trafficmanagerprofiles",
        "endpoints",
        "externalEndpoints",
    ),
    (
        "microsoft.network/applicationgateways",
        "backendAddressPools",
        "backendAddressPools",
    ),
    (
        "microsoft.containerservice/managedclusters",
        "agentPoolProfiles",
        "agentPools",
    ),
];

/// The resources that a row holds, each as a row of its own.
pub fn within(row: &Json) -> Vec<Json> {
    let holder = HOLDERS.iter().find(|(kind, ..)| is(row, kind));
    let Some((kind, list, word)) = holder else {
        return Vec::new();
    };
    let id = json::text(row, &["id"]).unwrap_or_default();
    let items = json::list(row, &["properties", list]).iter();
    let own = format!("{kind}/{word}");
    // A profile's endpoints are of three types, of which one has addresses.
    let items = items.filter(|item| {
        let other = |it: &str| it.contains('/') && !it.eq_ignore_ascii_case(&own);
        !json::text(item, &["type"]).is_some_and(other)
    });
    let items = items.filter_map(|item| {
        let name = json::text(item, &["name"])?;
        Some(json!({
            "id": format!("{id}/{word}/{name}"),
            "name": name,
            "type": own,
            "location": row.get("location"),
            // A cluster's pools have theirs beside their name.
            "properties": item.get("properties").unwrap_or(item),
        }))
    });
    items.collect()
}

/// Whether a row is of this type.
pub fn is(row: &Json, kind: &str) -> bool {
    json::text(row, &["type"]).is_some_and(|it| it.eq_ignore_ascii_case(kind))
}
