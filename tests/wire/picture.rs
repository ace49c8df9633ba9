//! What a cloud holds, as lines that can be compared.
//!
//! The world of the cloud behind HTTP is read in process, so that nothing is forgiven because the
//! provider does not show it. Left out is what time alone changes:
//!
//! - moments, which stand as `TIME`: when something came to be, changed, was taken;
//! - `samples` of a stamp's metrics: hours since the stamp is there.
//!
//! - `records` and `digest` of data and backups, where tenants write: how much they wrote before a
//!   freeze, and when a new one began. Where they are still, both are compared.
//!
//! A plan's digest and a run's id differ because the provider's name is in the plan; they stand as
//! the number of the plan, in the order in which plans were applied. Two kinds are kept in another
//! form by Azure, backups as copies and policies as fragments; they are compared as each provider
//! shows them.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value as Json;
use stampctl_contract::Kind;
use stampctl_contract::Provider as _;
use stampctl_contract::Query;
use stampctl_contract::Resource;

use crate::places::is_in_vault;
use crate::side::Side;

/// The kinds that Azure keeps in a form of its own.
const TOLD: [Kind; 2] = [Kind::Backup, Kind::ApiPolicy];

/// Whether tenants write while time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenants {
    Still,
    Write,
}

/// Everything that a side's cloud holds, one resource a line.
pub(crate) async fn of(side: &Side, tenants: Tenants) -> String {
    let mut all = side
        .sim
        .list(&every(None))
        .await
        .expect("the world is read");
    all.retain(|one| !TOLD.contains(&one.address.kind()) && !is_in_vault(&one.address));
    for kind in TOLD {
        let told = side.provider().list(&every(Some(kind))).await;
        all.extend(told.expect("the provider shows it"));
    }
    let mut lines = String::new();
    for resource in all {
        let line = line(resource, tenants);
        let _ = writeln!(lines, "{}", named(line, &side.runs));
    }
    lines
}

fn every(kind: Option<Kind>) -> Query {
    Query {
        kind,
        beneath: String::new(),
        equals: None,
    }
}

fn line(resource: Resource, tenants: Tenants) -> String {
    let mut settings = resource.settings;
    // No tags and none are the same to Resource Manager, which has no word for the difference.
    settings
        .retain(|name, value| name != "tags" || value.as_map().is_none_or(|tags| !tags.is_empty()));
    if resource.address.kind() == Kind::StampMetrics {
        settings.remove("samples");
    }
    if tenants == Tenants::Write {
        settings.remove("records");
        settings.remove("digest");
    }
    let mut settings = serde_json::to_value(settings).expect("JSON");
    timeless(&mut settings);
    format!("{} {settings}", resource.address)
}

fn timeless(value: &mut Json) {
    match value {
        Json::String(text) if text.parse::<Timestamp>().is_ok() => "TIME".clone_into(text),
        Json::Array(items) => items.iter_mut().for_each(timeless),
        Json::Object(fields) => fields.values_mut().for_each(timeless),
        _ => {}
    }
}

/// The line with plans and runs by number.
fn named(mut line: String, runs: &[(String, String)]) -> String {
    for (number, (digest, run)) in runs.iter().enumerate() {
        line = line.replace(digest, &format!("PLAN-{number}"));
        line = line.replace(run, &format!("RUN-{number}"));
    }
    line
}
