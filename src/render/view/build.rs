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
use super::Groups;
use super::Header;
use super::Level;
use super::MoveView;
use super::Next;
use super::Summary;
use super::View;
use super::changes;
use super::placement;
use super::steps;
use super::steps::Numbers;
use crate::model::Lookup;
use crate::model::Policy;
use crate::model::StampId;
use crate::plan::format::Act;
use crate::plan::format::Action;
use crate::plan::format::Body;
use crate::plan::format::Hazard;
use crate::plan::format::OnTimeout;
use crate::plan::format::Plan;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::render::words;

pub(super) fn view(plan: &Plan, level: Level, next: Option<Next>) -> View<'_> {
    let body = &plan.body;
    let groups = Groups::of(body, level, steps::numbers(body));
    let shown = level >= Level::Resource;
    View {
        level,
        header: header(plan),
        refused: plan.refusals().next().is_some(),
        blast: blast(body, &groups),
        policy: policy(&body.policy),
        findings: findings(body),
        changes: changes::changes(body),
        moves: moves(body),
        move_bounds: move_bounds(body),
        stamp_bounds: stamp_bounds(body),
        rules: steps::rules(body),
        ledger: ledger(body, groups.numbers()),
        groups: if shown { groups } else { groups.hidden() },
        placement: if shown {
            placement::placement(body)
        } else {
            Vec::new()
        },
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
fn blast(body: &Body, groups: &Groups<'_>) -> Blast {
    let of_kind = |kind| groups.all().iter().filter(move |group| group.has(kind));
    let stamps = |kind| -> Vec<String> {
        let mut names: Vec<&StampId> = of_kind(kind)
            .filter_map(|group| match group.subject {
                Subject::Stamp(stamp) => Some(stamp),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        names.into_iter().map(ToString::to_string).collect()
    };
    let tenants = |kind| of_kind(kind).count() as u64;
    let mut regions: BTreeSet<String> = touched(body).into_iter().map(str::to_owned).collect();
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
        irreversible: irreversible(groups),
    }
}

fn irreversible(groups: &Groups<'_>) -> u64 {
    let counts = groups.all().iter().map(|group| group.irreversible as u64);
    counts.sum()
}

/// The regions of the stamps that steps touch.
fn touched(body: &Body) -> BTreeSet<&str> {
    let mut stamps: Lookup<&StampId, ()> = Lookup::default();
    let mut last: Option<&StampId> = None;
    for stamp in body.steps.iter().flat_map(|step| &step.stamps) {
        if last != Some(stamp) {
            stamps.insert(stamp, ());
            last = Some(stamp);
        }
    }
    let seen = body.opening.stamps.iter();
    let seen = seen.filter(|(id, _)| stamps.get(*id).is_some());
    seen.map(|(_, stamp)| stamp.region.as_str()).collect()
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
            why: words::why(&decision.why).into_owned(),
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

fn summary(body: &Body) -> Summary {
    let changes = Action::ALL.iter().map(|&action| {
        let of_kind = body.changes.iter().filter(|change| change.action == action);
        (action, of_kind.count() as u64)
    });
    let refusals = body.findings.iter();
    let refusals = refusals.filter(|finding| finding.code.refuses()).count() as u64;
    let mut summary = Summary {
        changes: changes.collect(),
        steps: body.steps.len() as u64,
        refusals,
        notes: body.findings.len() as u64 - refusals,
        ..Summary::default()
    };
    for step in &body.steps {
        match &step.act {
            Act::Call { operations } => {
                summary.calling += 1;
                summary.calls += operations.len() as u64;
            }
            Act::Check { patience, .. } => {
                summary.checking += 1;
                summary.pausing += u64::from(patience.then == OnTimeout::Pause);
            }
        }
        match step.hazard {
            Hazard::Safe => {}
            Hazard::Disruptive => summary.disruptive += 1,
            Hazard::Irreversible => summary.irreversible += 1,
        }
    }
    summary
}
