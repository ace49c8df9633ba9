//! What differs between two plans, thing by thing: for whoever approved the first and is shown
//! the second. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::Ink;
use super::page::Page;
use super::page::Setting;
use super::text::MANY;
use super::view::DiffLine;
use super::view::Fact;
use super::view::build::flat;
use super::view::changes::diff_lines;
use super::words;
use crate::plan::format::Body;
use crate::plan::format::Plan;

/// The difference between two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanDiff {
    /// Digest of the first.
    pub before: String,
    /// Digest of the second.
    pub after: String,
    /// The parts that differ, in the order in which plans have them.
    pub parts: Vec<PartDiff>,
    /// Steps that both plans have, in another order: the first that stands elsewhere.
    pub reordered: Option<String>,
}

/// The differences in one part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartDiff {
    /// The part: `changes`, `steps`, `ledger`, ….
    pub part: String,
    /// What differs, by name.
    pub items: Vec<ItemDiff>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemDiff {
    /// Its name.
    pub name: String,
    /// How it differs.
    pub how: How,
    /// Line by line, where it is in both.
    pub lines: Vec<DiffLine>,
}

/// How a thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Only the first plan has it.
    Removed,
    /// Only the second plan has it.
    Added,
    /// Both have it, not alike.
    Changed,
}

/// What differs between two plans. Their seals' times are left out: they always differ.
pub fn plan_diff(before: &Plan, after: &Plan) -> PlanDiff {
    let (old, new) = (parts(&before.body), parts(&after.body));
    let mut differing = Vec::new();
    for ((part, old), (_, new)) in old.into_iter().zip(new) {
        let items = compare(&old, &new);
        if !items.is_empty() {
            differing.push(PartDiff {
                part: part.to_owned(),
                items,
            });
        }
    }
    PlanDiff {
        before: before.seal.digest.to_string(),
        after: after.seal.digest.to_string(),
        parts: differing,
        reordered: reordered(&before.body, &after.body),
    }
}

/// A part's things by name, each as indented JSON.
type Items = BTreeMap<String, String>;

/// The parts of a plan. Every field of [`Body`] is named, so that a new one must be compared.
fn parts(body: &Body) -> Vec<(&'static str, Items)> {
    let Body {
        fleet: _,
        environment: _,
        provider: _,
        registry: _,
        manifest: _,
        policy,
        tenants: _,
        opening,
        changes,
        steps,
        rules,
        ledger,
        decisions,
        bounds,
        findings,
    } = body;
    vec![
        ("fleet", identity(body)),
        ("policy", facts(flat("", policy))),
        (
            "findings",
            named(
                findings
                    .iter()
                    .map(|f| (format!("{} {}", f.code.word(), f.subject), f)),
            ),
        ),
        (
            "changes",
            named(
                changes
                    .iter()
                    .map(|c| (format!("{} {}", c.action.word(), c.subject), c)),
            ),
        ),
        ("steps", named(steps.iter().map(|s| (s.id.to_string(), s)))),
        (
            "rules",
            named(
                rules
                    .iter()
                    .map(|(rule, reason)| (rule.to_string(), reason)),
            ),
        ),
        (
            "ledger",
            named(ledger.iter().map(|a| (a.key.to_string(), a))),
        ),
        (
            "placement",
            named(decisions.iter().map(|(tenant, d)| (tenant.to_string(), d))),
        ),
        ("bounds", facts(flat("", bounds))),
        ("opening world", facts(flat("", opening))),
    ]
}

/// Which fleet, in which cloud.
fn identity(body: &Body) -> Items {
    let environment = body.environment.as_ref().map_or("none", AsRef::as_ref);
    [
        ("fleet", body.fleet.to_string()),
        ("environment", environment.to_owned()),
        ("provider", body.provider.clone()),
        ("registry", body.registry.clone()),
        ("manifest", body.manifest.to_string()),
        ("tenants", body.tenants.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn facts(facts: Vec<Fact>) -> Items {
    facts
        .into_iter()
        .map(|fact| (fact.name, fact.value))
        .collect()
}

/// Things by name; of several with one name, the second is `name #2`.
fn named<'a, T: Serialize + 'a>(things: impl Iterator<Item = (String, &'a T)>) -> Items {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut items = Items::new();
    for (name, thing) in things {
        let text = serde_json::to_string_pretty(thing).unwrap_or_else(|error| error.to_string());
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times > 1 {
            format!("{name} #{times}")
        } else {
            name
        };
        items.insert(name, text);
    }
    items
}

fn compare(old: &Items, new: &Items) -> Vec<ItemDiff> {
    let item = |name: &String, how, lines| ItemDiff {
        name: name.clone(),
        how,
        lines,
    };
    let mut items = Vec::new();
    for (name, before) in old {
        match new.get(name) {
            None => items.push(item(name, How::Removed, Vec::new())),
            Some(after) if after != before => {
                items.push(item(name, How::Changed, diff_lines(before, after)));
            }
            Some(_) => {}
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        items.push(item(name, How::Added, Vec::new()));
    }
    items
}

/// The first step, of those that both plans have, that stands elsewhere.
fn reordered(before: &Body, after: &Body) -> Option<String> {
    let ids = |body: &Body| -> Vec<_> { body.steps.iter().map(|step| step.id.clone()).collect() };
    let (old, new) = (ids(before), ids(after));
    let in_old: std::collections::BTreeSet<_> = old.iter().collect();
    let in_new: std::collections::BTreeSet<_> = new.iter().collect();
    let old = old.iter().filter(|id| in_new.contains(id));
    let mut new = new.iter().filter(|id| in_old.contains(id));
    let moved = old.zip(&mut new).find(|(old, new)| old != new);
    moved.map(|(_, new)| new.to_string())
}

/// The difference as text.
pub fn text(diff: &PlanDiff, setting: Setting) -> String {
    let mut page = Page::new(setting);
    page.item(0, "-", Ink::Loss, &format!("plan {}", diff.before));
    page.item(0, "+", Ink::Gain, &format!("plan {}", diff.after));
    if diff.parts.is_empty() && diff.reordered.is_none() {
        page.gap();
        page.line(0, "The plans do the same.");
    }
    for part in &diff.parts {
        let many = words::count(part.items.len() as u64, "difference", "differences");
        page.heading(&format!("{}: {many}", part.part));
        let shown = if page.is_full() {
            part.items.len()
        } else {
            MANY
        };
        for item in part.items.iter().take(shown) {
            one(&mut page, item);
        }
        if part.items.len() > shown {
            let rest = words::number((part.items.len() - shown) as u64);
            page.line(2, &format!("… and {rest} more"));
        }
    }
    if let Some(step) = &diff.reordered {
        page.heading("order");
        page.item(
            2,
            "~",
            Ink::Care,
            &format!("the steps stand in another order, from {step} on"),
        );
    }
    page.finish()
}

fn one(page: &mut Page, item: &ItemDiff) {
    let (sign, ink) = match item.how {
        How::Removed => ("-", Ink::Loss),
        How::Added => ("+", Ink::Gain),
        How::Changed => ("~", Ink::Care),
    };
    page.item(2, sign, ink, &item.name);
    for line in &item.lines {
        let ink = match line.sign {
            '-' => Ink::Loss,
            '+' => Ink::Gain,
            _ => Ink::Faint,
        };
        page.raw(6, ink, &format!("{} {}", line.sign, line.text));
    }
}
