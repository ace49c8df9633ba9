//! The text that is signed: the plan's digest, and what a person has to know to say yes to it.
//! Pure, and derived from the plan alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::plan::format::Plan;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// The statement of a plan: `key: value` lines in order of key, each ended by LF.
pub fn statement(plan: &Plan) -> String {
    let body = &plan.body;
    let environment = body.environment.as_ref().map_or("none", AsRef::as_ref);
    let lines = BTreeMap::from([
        ("cores_returned", cores_returned(plan).to_string()),
        ("environment", environment.to_owned()),
        ("expires", plan.seal.expires_at.to_string()),
        ("fleet", body.fleet.to_string()),
        ("plan", plan.seal.digest.to_string()),
        ("regions", listed(&regions(plan))),
        ("resume_until", plan.seal.resume_until.to_string()),
        (
            "stamps_deleted",
            listed(&subjects(plan, &[StepKind::StampDelete])),
        ),
        (
            "tenants_moved",
            count(plan, &[StepKind::TenantSwitch]).to_string(),
        ),
        (
            "tenants_offboarded",
            count(plan, &[StepKind::TenantDelete, StepKind::TenantTombstone]).to_string(),
        ),
    ]);
    let mut text = String::new();
    for (key, value) in lines {
        text.extend([key, ": ", &value, "\n"]);
    }
    text
}

/// Cores that go from a subscription back to its group.
fn cores_returned(plan: &Plan) -> i64 {
    let entries = plan.body.ledger.iter().flat_map(|account| &account.entries);
    entries
        .filter(|entry| entry.subscription.is_some() && entry.group > 0)
        .map(|entry| entry.group)
        .sum()
}

fn regions(plan: &Plan) -> BTreeSet<String> {
    let mut regions = BTreeSet::new();
    for step in &plan.body.steps {
        if let Subject::Quota(key) = &step.subject {
            regions.insert(key.region.to_string());
        }
        for stamp in &step.stamps {
            if let Some(seen) = plan.body.opening.stamps.get(stamp) {
                regions.insert(seen.region.to_string());
            }
        }
    }
    regions
}

fn subjects(plan: &Plan, kinds: &[StepKind]) -> BTreeSet<String> {
    let steps = plan.body.steps.iter();
    steps
        .filter(|step| kinds.contains(&step.kind))
        .map(|step| match &step.subject {
            Subject::Stamp(stamp) => stamp.to_string(),
            Subject::Tenant(tenant) => tenant.to_string(),
            other => other.to_string(),
        })
        .collect()
}

fn count(plan: &Plan, kinds: &[StepKind]) -> usize {
    subjects(plan, kinds).len()
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(" ")
}
