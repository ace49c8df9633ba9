//! Why something is in a plan: a step, a tenant, a stamp, a rule. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::Ink;
use super::page::Page;
use super::page::Setting;
use super::text::MANY;
use super::view::steps;
use super::words;
use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::Body;
use crate::plan::format::Change;
use crate::plan::format::Plan;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::Subject;

/// An answer to "why?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What is explained.
    pub title: String,
    /// The answer, part by part; empty parts are left out.
    pub parts: Vec<Part>,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is about.
    pub heading: String,
    /// Its lines.
    pub lines: Vec<String>,
}

/// A rule as its documentation has it; the rules live elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleDoc {
    /// The rule.
    pub rule: String,
    /// Its level, as in `H`.
    pub level: String,
    /// What it says.
    pub text: String,
}

impl Explanation {
    fn new(title: String) -> Self {
        Self {
            title,
            parts: Vec::new(),
        }
    }

    fn part(&mut self, heading: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.parts.push(Part {
                heading: heading.to_owned(),
                lines,
            });
        }
    }
}

/// A step: why, what it waits for and why, who waits for it, what it asks and does, and the way
/// back. `None` where the plan has no such step.
pub fn step(plan: &Plan, id: &StepId) -> Option<Explanation> {
    let body = &plan.body;
    let numbers = steps::numbers(body);
    let number = *numbers.get(id)?;
    let step = body.steps.get(number - 1)?;
    let place = format!("step {number} of {}", body.steps.len());
    let mut told = Explanation::new(format!("{id}: {place}"));
    let hazard = format!("it is {}", words::hazard(step.hazard));
    told.part("why", vec![step.why.clone(), hazard]);
    let waits = step.after.iter().map(|edge| {
        let place = numbers
            .get(&edge.step)
            .map_or_else(|| "none".to_owned(), ToString::to_string);
        format!(
            "{place} {}, because of {}",
            edge.step,
            rule_reason(body, &edge.rule)
        )
    });
    told.part("waits for", waits.collect());
    let waiting = body.steps.iter().enumerate().flat_map(|(at, other)| {
        let edges = other.after.iter().filter(|edge| edge.step == *id);
        edges.map(move |edge| format!("{} {} ({})", at + 1, other.id, edge.rule))
    });
    told.part("waiting for it", waiting.collect());
    told.part("what it asks and does", details(step));
    if step.undo.is_empty() {
        told.part(
            "the way back",
            vec!["none: nothing needs to be or can be taken back".to_owned()],
        );
    }
    Some(told)
}

fn details(step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    for detail in steps::details(step) {
        lines.push(format!("{}: {}", detail.label, detail.text));
        let settings = detail.settings.iter();
        lines.extend(settings.map(|fact| format!("  {} = {}", fact.name, fact.value)));
    }
    lines
}

fn rule_reason(body: &Body, rule: &RuleId) -> String {
    match body.rules.get(rule) {
        Some(reason) => format!("{rule}: {reason}"),
        None => format!("{rule}, of which the plan gives no reason"),
    }
}

/// A tenant: where it goes and why, the stamps passed over, and what happens to it. `None` where
/// the plan says nothing of it.
pub fn tenant(plan: &Plan, id: &TenantId) -> Option<Explanation> {
    let body = &plan.body;
    let subject = Subject::Tenant(id.clone());
    let mut told = Explanation::new(words::subject(&subject));
    if let Some(decision) = body.decisions.get(id) {
        let was = decision.was.as_ref().map_or_else(
            || "it is new".to_owned(),
            |was| format!("it lives on {was}"),
        );
        let row = format!("row {} of decision table DT-1 fired", decision.row);
        let place = format!("goes to {}: {}", decision.stamp, words::why(&decision.why));
        told.part("placement", vec![place, was, row]);
        let passed = decision.passed_over.iter().map(words::passed_over);
        told.part("stamps passed over", passed.collect());
    }
    about(&mut told, body, &subject, |_| false);
    (!told.parts.is_empty()).then_some(told)
}

/// A stamp: what changes, the steps on it, the cores that it gives or takes, and who comes and
/// goes. `None` where the plan says nothing of it.
pub fn stamp(plan: &Plan, id: &StampId) -> Option<Explanation> {
    let body = &plan.body;
    let subject = Subject::Stamp(id.clone());
    let mut told = Explanation::new(words::subject(&subject));
    about(&mut told, body, &subject, |step| step.stamps.contains(id));
    let own: BTreeMap<&StepId, &Step> = body
        .steps
        .iter()
        .filter(|step| step.subject == subject)
        .map(|step| (&step.id, step))
        .collect();
    let entries = body.ledger.iter().flat_map(|account| {
        let of_stamp = account
            .entries
            .iter()
            .filter(|entry| own.contains_key(&entry.step));
        of_stamp.map(move |entry| {
            let cores = words::signed(entry.group);
            format!(
                "{cores} cores to {}, which then has {}",
                account.key, entry.balance
            )
        })
    });
    told.part("quota", entries.collect());
    let comes = body
        .decisions
        .iter()
        .filter(|(_, d)| d.stamp == *id && d.was.as_ref() != Some(id));
    told.part(
        "tenants that come",
        comes.map(|(tenant, _)| tenant.to_string()).collect(),
    );
    let goes = body
        .decisions
        .iter()
        .filter(|(_, d)| d.is_move() && d.was.as_ref() == Some(id));
    let goes = goes.map(|(tenant, decision)| format!("{tenant} to {}", decision.stamp));
    told.part("tenants that move away", goes.collect());
    (!told.parts.is_empty()).then_some(told)
}

/// Changes, findings and steps about a subject.
fn about(told: &mut Explanation, body: &Body, subject: &Subject, also: impl Fn(&Step) -> bool) {
    let changes = body
        .changes
        .iter()
        .filter(|change| change.subject == *subject);
    told.part("changes", changes.flat_map(change).collect());
    let findings = body
        .findings
        .iter()
        .filter(|finding| finding.subject == *subject);
    let findings = findings.map(|finding| {
        let rule = finding
            .rule
            .as_ref()
            .map(|rule| format!(" [{rule}]"))
            .unwrap_or_default();
        let (word, what, help) = (finding.code.word(), &finding.what, &finding.help);
        format!("{word}: {what}{rule} To pass: {help}")
    });
    told.part("findings", findings.collect());
    let steps = body.steps.iter().enumerate();
    let steps = steps.filter(|(_, step)| step.subject == *subject || also(step));
    let steps = steps.map(|(at, step)| {
        let hazard = words::hazard(step.hazard);
        format!("{} {}: {} [{hazard}]", at + 1, step.id, step.why)
    });
    told.part("steps", steps.collect());
}

fn change(change: &Change) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", change.action.word(), change.why)];
    for setting in &change.settings {
        let shown = |value: &Option<stampctl_contract::Value>| {
            value
                .as_ref()
                .map_or_else(|| "none".to_owned(), words::value)
        };
        let (before, after) = (shown(&setting.before), shown(&setting.after));
        lines.push(format!("  {}: {before} → {after}", setting.name));
    }
    lines
}

/// A rule: what its documentation says, and the edges of the plan that cite it. `None` where
/// neither knows it.
pub fn rule(plan: Option<&Plan>, rule: &RuleId, doc: Option<&RuleDoc>) -> Option<Explanation> {
    let mut told = Explanation::new(format!("rule {rule}"));
    if let Some(doc) = doc {
        told.part(
            "what it says",
            vec![doc.text.clone(), format!("level {}", doc.level)],
        );
    }
    if let Some(plan) = plan {
        let reason = plan.body.rules.get(rule);
        told.part("why, in this plan", reason.cloned().into_iter().collect());
        let edges = plan.body.steps.iter().flat_map(|step| {
            let cited = step.after.iter().filter(|edge| edge.rule == *rule);
            cited.map(|edge| format!("{} waits for {}", step.id, edge.step))
        });
        told.part("steps that wait because of it", edges.collect());
    }
    (!told.parts.is_empty()).then_some(told)
}

/// The answer as text.
pub fn text(explanation: &Explanation, setting: Setting) -> String {
    let mut page = Page::new(setting);
    page.item(0, "", Ink::Heading, &explanation.title);
    for part in &explanation.parts {
        page.gap();
        page.item(2, "", Ink::Heading, &part.heading);
        let shown = if page.is_full() {
            part.lines.len()
        } else {
            MANY
        };
        for line in part.lines.iter().take(shown) {
            page.line(4, line);
        }
        if part.lines.len() > shown {
            let rest = words::number((part.lines.len() - shown) as u64);
            page.line(4, &format!("… and {rest} more"));
        }
    }
    page.finish()
}
