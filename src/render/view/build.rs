//! The view of a plan, put together: header, reach, ledger, placement, findings, counts. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::AccountView;
use super::Blast;
use super::BoundView;
use super::Differs;
use super::EntryView;
use super::Fact;
use super::FindingView;
use super::Header;
use super::Level;
use super::MoveView;
use super::Next;
use super::PlacementView;
use super::Summary;
use super::View;
use super::changes;
use super::steps;
use super::steps::Numbers;
use crate::model::Load;
use crate::model::Policy;
use crate::plan::format::Act;
use crate::plan::format::Action;
use crate::plan::format::Body;
use crate::plan::format::Hazard;
use crate::plan::format::OnTimeout;
use crate::plan::format::Plan;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::render::words;

pub(super) fn view(plan: &Plan, level: Level, next: Option<Next>) -> View {
    let body = &plan.body;
    let numbers = steps::numbers(body);
    let shown = level >= Level::Resource;
    View {
        level,
        header: header(plan),
        refused: plan.refusals().next().is_some(),
        blast: blast(body),
        policy: policy(&body.policy),
        findings: findings(body),
        changes: changes::changes(body),
        moves: moves(body),
        move_bounds: move_bounds(body),
        stamp_bounds: stamp_bounds(body),
        groups: if shown {
            steps::groups(body, level, &numbers)
        } else {
            Vec::new()
        },
        rules: steps::rules(body),
        ledger: ledger(body, &numbers),
        placement: if shown { placement(body) } else { Vec::new() },
        waits: steps::waits(body),
        world: if level == Level::Property {
            world(body)
        } else {
            Vec::new()
        },
        summary: summary(body),
        next,
    }
}

fn header(plan: &Plan) -> Header {
    let Plan { body, seal, .. } = plan;
    Header {
        fleet: body.fleet.to_string(),
        environment: body.environment.as_ref().map(ToString::to_string),
        provider: body.provider.clone(),
        registry: body.registry.clone(),
        digest: seal.digest.to_string(),
        short: seal.digest.short().to_owned(),
        manifest: body.manifest.to_string(),
        tool: seal.tool.clone(),
        observed_at: seal.observed_at.to_string(),
        expires_at: seal.expires_at.to_string(),
        resume_until: seal.resume_until.to_string(),
        forecast: seal
            .forecast
            .map(|forecast| words::forecast(forecast, &body.provider)),
        tenants: body.tenants,
    }
}

/// Counts from the steps and the ledger, which are what is applied, not from the changes, which
/// only tell of it.
fn blast(body: &Body) -> Blast {
    let subjects = |kind: StepKind| -> BTreeSet<&Subject> {
        let of_kind = body.steps.iter().filter(|step| step.kind == kind);
        of_kind.map(|step| &step.subject).collect()
    };
    let stamps = |kind| -> Vec<String> {
        let name = |subject: &&Subject| match subject {
            Subject::Stamp(stamp) => Some(stamp.to_string()),
            _ => None,
        };
        subjects(kind).iter().filter_map(name).collect()
    };
    let tenants = |kind| subjects(kind).len() as u64;
    let mut regions: BTreeSet<String> = BTreeSet::new();
    for stamp in body.steps.iter().flat_map(|step| &step.stamps) {
        if let Some(seen) = body.opening.stamps.get(stamp) {
            regions.insert(seen.region.to_string());
        }
    }
    let (mut returned, mut allocated) = (0_u64, 0_u64);
    for account in &body.ledger {
        regions.insert(account.key.region.to_string());
        for entry in account.entries.iter().filter(|e| e.subscription.is_some()) {
            let side = if entry.group > 0 {
                &mut returned
            } else {
                &mut allocated
            };
            *side = side.saturating_add(entry.group.unsigned_abs());
        }
    }
    Blast {
        stamps_deleted: stamps(StepKind::StampDelete),
        stamps_created: stamps(StepKind::StampDeploy),
        tenants_moved: tenants(StepKind::TenantSwitch),
        tenants_offboarded: tenants(StepKind::TenantTombstone),
        tenants_onboarded: tenants(StepKind::RouteRegister),
        cores_returned: returned,
        cores_allocated: allocated,
        regions: regions.into_iter().collect(),
        irreversible: count(body, |step| step.hazard == Hazard::Irreversible),
    }
}

fn count(body: &Body, wanted: impl Fn(&crate::plan::format::Step) -> bool) -> u64 {
    body.steps.iter().filter(|step| wanted(step)).count() as u64
}

fn policy(policy: &Policy) -> Vec<Differs> {
    let defaults: BTreeMap<String, String> = flat("", &Policy::default())
        .into_iter()
        .map(|fact| (fact.name, fact.value))
        .collect();
    let mut differing = Vec::new();
    let mut told = BTreeSet::new();
    for fact in flat("", policy) {
        told.insert(fact.name.clone());
        let default = defaults.get(&fact.name).cloned();
        if default.as_ref() != Some(&fact.value) {
            differing.push(Differs {
                name: fact.name,
                value: fact.value,
                default: default.unwrap_or_else(|| "none".to_owned()),
            });
        }
    }
    for (name, default) in defaults {
        if !told.contains(&name) {
            differing.push(Differs {
                name,
                value: "none".to_owned(),
                default,
            });
        }
    }
    differing
}

fn world(body: &Body) -> Vec<Fact> {
    let mut facts = flat("opening", &body.opening);
    facts.extend(flat("policy", &body.policy));
    facts
}

/// A value's leaves with their names. What cannot be written as JSON says so.
pub(crate) fn flat<T: serde::Serialize>(name: &str, value: &T) -> Vec<Fact> {
    let mut facts = Vec::new();
    match serde_json::to_value(value) {
        Ok(value) => flatten(name.to_owned(), &value, &mut facts),
        Err(error) => facts.push(Fact {
            name: name.to_owned(),
            value: error.to_string(),
        }),
    }
    facts
}

fn flatten(name: String, value: &serde_json::Value, into: &mut Vec<Fact>) {
    let beneath = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        serde_json::Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                flatten(beneath(key), value, into);
            }
        }
        serde_json::Value::Array(items) if items.iter().any(serde_json::Value::is_object) => {
            for (at, value) in items.iter().enumerate() {
                flatten(beneath(&at.to_string()), value, into);
            }
        }
        _ => into.push(Fact {
            name,
            value: if value.is_null() {
                "none".to_owned()
            } else {
                value.to_string()
            },
        }),
    }
}

fn findings(body: &Body) -> Vec<FindingView> {
    let mut ordered: Vec<_> = body.findings.iter().collect();
    // A stable sort: the planner's order stays within both halves.
    ordered.sort_by_key(|finding| !finding.code.refuses());
    ordered
        .into_iter()
        .map(|finding| FindingView {
            code: code(finding.code),
            word: finding.code.word().to_owned(),
            refuses: finding.code.refuses(),
            subject: finding.subject.clone(),
            what: finding.what.clone(),
            rule: finding.rule.clone(),
            help: finding.help.clone(),
        })
        .collect()
}

/// The code as files spell it.
fn code(code: crate::plan::format::FindingCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => code.word().to_owned(),
    }
}

fn moves(body: &Body) -> Vec<MoveView> {
    let moving = body
        .decisions
        .iter()
        .filter(|(_, decision)| decision.is_move());
    moving
        .map(|(tenant, decision)| MoveView {
            tenant: tenant.to_string(),
            from: decision
                .was
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            to: decision.stamp.to_string(),
            why: words::why(&decision.why),
        })
        .collect()
}

fn move_bounds(body: &Body) -> Vec<BoundView> {
    let bounds = body.bounds.moves.iter();
    bounds
        .map(|bound| BoundView {
            what: bound.cause.clone(),
            count: bound.moves,
            at_least: bound.at_least,
            exact: Some(bound.exact),
            binding: None,
        })
        .collect()
}

fn stamp_bounds(body: &Body) -> Vec<BoundView> {
    let bounds = body.bounds.stamps.iter();
    bounds
        .map(|bound| BoundView {
            what: format!("{} {}", bound.region, bound.kind.word()),
            count: bound.stamps,
            at_least: bound.at_least,
            exact: None,
            binding: Some(
                bound
                    .binding
                    .map_or("number of tenants", |d| d.word())
                    .to_owned(),
            ),
        })
        .collect()
}

fn ledger(body: &Body, numbers: &Numbers<'_>) -> Vec<AccountView> {
    let accounts = body.ledger.iter();
    accounts
        .map(|account| AccountView {
            account: account.key.to_string(),
            opening: account.opening,
            closing: account.closing,
            lowest: account
                .entries
                .iter()
                .map(|entry| entry.balance)
                .chain([account.opening, account.closing])
                .min()
                .unwrap_or(account.opening),
            entries: account
                .entries
                .iter()
                .map(|entry| EntryView {
                    number: numbers.get(&entry.step).copied(),
                    step: entry.step.clone(),
                    subscription: entry.subscription.as_ref().map(ToString::to_string),
                    group: entry.group,
                    balance: entry.balance,
                })
                .collect(),
        })
        .collect()
}

fn placement(body: &Body) -> Vec<PlacementView> {
    let decisions = body.decisions.iter();
    decisions
        .map(|(tenant, decision)| PlacementView {
            tenant: tenant.to_string(),
            stamp: decision.stamp.to_string(),
            was: decision.was.as_ref().map(ToString::to_string),
            row: decision.row,
            why: words::why(&decision.why),
            demand: demand(&decision.demand),
            passed_over: decision
                .passed_over
                .iter()
                .map(words::passed_over)
                .collect(),
        })
        .collect()
}

fn demand(load: &Load) -> String {
    let Load {
        cpu,
        memory,
        storage,
        dtu,
    } = *load;
    format!(
        "cpu {cpu} m, memory {memory} MiB, storage {storage} MiB, dtu {}.{:02}",
        dtu / 100,
        dtu % 100
    )
}

fn summary(body: &Body) -> Summary {
    let changes = Action::ALL.iter().map(|&action| {
        let of_kind = body.changes.iter().filter(|change| change.action == action);
        (action, of_kind.count() as u64)
    });
    let refusals = body
        .findings
        .iter()
        .filter(|finding| finding.code.refuses())
        .count();
    let calling = count(body, |step| matches!(step.act, Act::Call { .. }));
    Summary {
        changes: changes.collect(),
        steps: body.steps.len() as u64,
        calling,
        calls: body
            .steps
            .iter()
            .map(|step| step.act.operations().len() as u64)
            .sum(),
        checking: body.steps.len() as u64 - calling,
        disruptive: count(body, |step| step.hazard == Hazard::Disruptive),
        irreversible: count(body, |step| step.hazard == Hazard::Irreversible),
        pausing: count(
            body,
            |step| matches!(&step.act, Act::Check { patience, .. } if patience.then == OnTimeout::Pause),
        ),
        refusals: refusals as u64,
        notes: (body.findings.len() - refusals) as u64,
    }
}
