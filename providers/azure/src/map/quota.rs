//! Quota of subscriptions, quota groups, their limits and allocations. Pure.
//!
//! The wire speaks of absolute limits where the contract speaks of cores allocated, so a change
//! is computed from a reading, and the caller makes sure that the reading was of one moment.
//! Names of families come back in any case (S09).

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::json;
use super::path;
use crate::step::Step;
use crate::text::encode;

/// The `Microsoft.Compute` part of a quota group.
const COMPUTE: &str = "resourceProviders/Microsoft.Compute";

/// Every family's limit and usage in a region, from `Microsoft.Compute` usages.
pub fn read_usages(items: &[Json]) -> Vec<(String, Settings)> {
    let read = items.iter().filter_map(|item| {
        let family = json::text(item, &["name", "value"])?;
        let mut settings = Settings::new();
        json::set(&mut settings, "limit", json::int(item, &["limit"]));
        json::set(&mut settings, "usage", json::int(item, &["currentValue"]));
        Some((family.to_owned(), settings))
    });
    read.collect()
}

/// Asks for a subscription's limit.
pub fn put_limit(scope: &str, family: &str, limit: i64) -> Step {
    let body = json!({"properties": {
        "limit": {"limitObjectType": "LimitValue", "value": limit},
        "name": {"value": family},
    }});
    let path = format!(
        "{scope}/providers/Microsoft.Quota/quotas/{}",
        encode(family)
    );
    Step::put(path, path::QUOTA, body)
}

/// Creates a quota group.
pub fn put_group(id: &str, name: &str) -> Step {
    let body = json!({"properties": {"displayName": name}});
    Step::put(id, path::QUOTA, body)
}

/// Brings the members of a group to `wanted`: those to add first, so that it is never empty.
pub fn set_members(id: &str, wanted: &[String], members: &[String]) -> Vec<Step> {
    let lacks = |list: &[String], one: &String| !list.iter().any(|it| it.eq_ignore_ascii_case(one));
    let at = |subscription: &String| format!("{id}/subscriptions/{}", encode(subscription));
    let added = wanted.iter().filter(|one| lacks(members, one));
    let removed = members.iter().filter(|one| lacks(wanted, one));
    added
        .map(|one| Step::put_empty(at(one), path::QUOTA))
        .chain(removed.map(|one| Step::delete(at(one), path::QUOTA)))
        .collect()
}

/// The members' subscription ids, in order, from a list of a group's subscriptions.
pub fn read_members(items: &[Json]) -> Vec<String> {
    let mut members: Vec<String> = items
        .iter()
        .filter_map(|item| {
            let id = json::text(item, &["properties", "subscriptionId"])
                .or_else(|| json::text(item, &["name"]))?;
            Some(id.to_owned())
        })
        .collect();
    members.sort();
    members.dedup();
    members
}

/// The URL path of a group's limits in a region.
pub fn limits_path(group: &str, region: &str) -> String {
    format!("{group}/{COMPUTE}/groupQuotaLimits/{}", encode(region))
}

/// What a group has of one family in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupLimit {
    /// The family, as the cloud spells it.
    pub family: String,
    /// What was approved for the group.
    pub limit: Option<i64>,
    /// What can still be allocated.
    pub available: Option<i64>,
    /// Net cores of each subscription, by its id.
    pub allocated: Vec<(String, i64)>,
}

impl GroupLimit {
    /// The settings of a `group_quota`.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        json::set(&mut settings, "limit", self.limit);
        json::set(&mut settings, "available", self.available);
        settings
    }

    /// What is allocated to a subscription: nothing, where the cloud lists nothing.
    pub fn of(&self, subscription: &str) -> i64 {
        let found = self
            .allocated
            .iter()
            .find(|(id, _)| id.eq_ignore_ascii_case(subscription));
        found.map_or(0, |(_, cores)| *cores)
    }
}

/// Reads a group's limits in a region; `{}` is a group that has nothing there (S08).
pub fn read_limits(answer: &Json) -> Vec<GroupLimit> {
    values(answer)
        .iter()
        .filter_map(|row| {
            let inner = json::at(row, &["properties"]).unwrap_or(row);
            let shares = json::list(inner, &["allocatedToSubscriptions", "value"]);
            Some(GroupLimit {
                family: name_of(inner)?,
                limit: json::int(inner, &["limit"]),
                available: json::int(inner, &["availableLimit"]),
                allocated: shares
                    .iter()
                    .filter_map(|share| {
                        let id = json::text(share, &["subscriptionId"])?;
                        Some((id.to_owned(), json::int(share, &["quotaAllocated"])?))
                    })
                    .collect(),
            })
        })
        .collect()
}

/// A subscription's limit of a family, from the snapshot of its allocations.
pub fn read_allocated_limit(answer: &Json, family: &str) -> Option<i64> {
    let row = values(answer).iter().find_map(|row| {
        let inner = json::at(row, &["properties"]).unwrap_or(row);
        let right = name_of(inner)?.eq_ignore_ascii_case(family);
        right.then_some(inner)
    })?;
    json::int(row, &["limit"])
}

/// Asks for a group's limit: `before` is what it has, `limit` what it is to have.
///
/// The service takes the net amount that the group is to hold unallocated and stamps the
/// difference (azure.md 3), so what is allocated is taken off.
pub fn put_group_limit(group: &str, region: &str, before: &GroupLimit, limit: i64) -> Step {
    let had = before.limit.unwrap_or(0);
    let free = before.available.unwrap_or(had);
    let body = json!({"properties": {"value": [{"properties": {
        "resourceName": before.family,
        "limit": limit - had + free,
        "comment": "stampctl",
    }}]}});
    Step::patch(limits_path(group, region), path::QUOTA, body)
}

/// The URL path of a subscription's allocations in a region; `base` is from [`path::allocations`].
pub fn allocations_path(base: &str, region: &str) -> String {
    format!("{base}/quotaAllocations/{}", encode(region))
}

/// Sets the limit of a subscription, with cores of its group.
pub fn put_allocation(base: &str, region: &str, family: &str, limit: i64) -> Step {
    let body = json!({"properties": {"value": [{"properties": {
        "resourceName": family,
        "limit": limit,
    }}]}});
    Step::patch(allocations_path(base, region), path::QUOTA, body)
}

/// Why the newest request failed, from the list of requests (S12).
pub fn read_refusal(items: &[Json]) -> Option<String> {
    let failed = items.iter().filter_map(|item| {
        let inner = json::at(item, &["properties"])?;
        let state = json::text(inner, &["provisioningState"])?;
        let bad = ["failed", "invalid", "escalated", "rejected", "canceled"];
        let code = json::text(inner, &["faultCode"]).unwrap_or(state);
        let when = json::text(inner, &["requestSubmitTime"]).unwrap_or_default();
        bad.contains(&state.to_ascii_lowercase().as_str())
            .then(|| (when.to_owned(), code.to_owned()))
    });
    failed.max().map(|(_, code)| code)
}

/// The setting that names a group's members.
pub fn members_setting(names: Vec<String>) -> Settings {
    let list = names.into_iter().map(Value::from).collect();
    Settings::from([("subscriptions".to_owned(), Value::List(list))])
}

/// The rows of an answer: beneath `properties` as documented, or at the top as they are (S08).
fn values(answer: &Json) -> &[Json] {
    match json::list(answer, &["value"]) {
        [] => json::list(answer, &["properties", "value"]),
        rows => rows,
    }
}

fn name_of(row: &Json) -> Option<String> {
    let plain = json::text(row, &["resourceName"]);
    plain
        .or_else(|| json::text(row, &["name", "value"]))
        .map(str::to_owned)
}
