//! The steps of a plan as text: by subject, in the plan's order, each with what it waits for and
//! the rule, and a line where there is no way back. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::FEW;
use super::MANY;
use super::MOST;
use crate::plan::format::Hazard;
use crate::plan::format::RuleId;
use crate::plan::format::Subject;
use crate::render::page::Ink;
use crate::render::page::Page;
use crate::render::view::Group;
use crate::render::view::Level;
use crate::render::view::StepView;
use crate::render::view::View;
use crate::render::view::Wait;
use crate::render::words;
use crate::render::words::heading;

/// The column in which a step's words begin after its kind.
const KIND: usize = 19;

pub(in crate::render) fn steps(page: &mut Page, view: &View) {
    if view.groups.is_empty() {
        return;
    }
    page.heading(&format!(
        "{} ({})",
        heading::STEPS,
        words::number(view.summary.steps)
    ));
    let legend = "* changes the cloud   ? looks, and goes on only if it holds   : may pause the \
                  run   X cannot be undone   ← waits for these steps, because of the rule";
    page.item(2, "", Ink::Faint, legend);
    let mut alike: BTreeMap<usize, Vec<&Group>> = BTreeMap::new();
    let mut tenants = 0;
    for group in &view.groups {
        if let Subject::Tenant(_) = group.subject {
            tenants += 1;
            alike.entry(group.alike).or_default().push(group);
        }
    }
    let grouped = tenants > MANY && !page.is_full();
    let mut shown = 0;
    let mut left: Vec<&Group> = Vec::new();
    for group in &view.groups {
        if shown >= MOST && !page.is_full() {
            left.push(group);
            continue;
        }
        shown += 1;
        let Subject::Tenant(_) = group.subject else {
            one(page, group);
            continue;
        };
        let same = alike.get(&group.alike).map_or(&[][..], Vec::as_slice);
        let first = same
            .first()
            .is_some_and(|first| std::ptr::eq(*first, group));
        if !grouped || same.len() <= FEW {
            one(page, group);
        } else if first {
            one(page, group);
            rest(page, &same[1..]);
        }
    }
    if !left.is_empty() {
        beyond(page, &left);
    }
}

/// What is beyond the most that anybody reads: its size, and how much of it is for good.
fn beyond(page: &mut Page, groups: &[&Group]) {
    let steps = || groups.iter().flat_map(|group| &group.steps);
    let lost = steps()
        .filter(|step| step.hazard == Hazard::Irreversible)
        .count();
    let text = format!(
        "{} with {}, {} of which cannot be undone; `--full` lists them, and the plan file has them \
         all",
        words::count(groups.len() as u64, "more subject", "more subjects"),
        words::count(steps().count() as u64, "step", "steps"),
        words::number(lost as u64),
    );
    page.item(2, "…", Ink::Care, &text);
}

fn rest(page: &mut Page, groups: &[&Group]) {
    let names: Vec<String> = groups
        .iter()
        .take(FEW)
        .map(|g| words::subject(&g.subject))
        .collect();
    let numbers = groups
        .iter()
        .flat_map(|group| &group.steps)
        .map(|step| step.number);
    let (first, last) = numbers.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    let each = groups.first().map_or(0, |group| group.steps.len());
    let many = words::count(groups.len() as u64, "more tenant", "more tenants");
    let text = format!(
        "{many} with the same {} each, among steps {first} to {last}: {}{}; the plan file has \
         them all",
        words::count(each as u64, "step", "steps"),
        names.join(", "),
        if groups.len() > FEW { ", …" } else { "" },
    );
    page.item(2, "…", Ink::Care, &text);
}

fn one(page: &mut Page, group: &Group) {
    page.gap();
    page.item(2, "", Ink::Heading, &words::subject(&group.subject));
    for step in &group.steps {
        if step.point_of_no_return {
            let subject = words::subject(&group.subject);
            page.item(
                2,
                "──",
                Ink::Loss,
                &format!("point of no return of {subject} ──"),
            );
        }
        lines(page, step);
    }
}

fn lines(page: &mut Page, step: &StepView) {
    let marker = format!("{:>5} {} {:<KIND$}", step.number, step.symbol, step.kind);
    let mut text = step.why.clone();
    if let Some(which) = &step.which {
        text = format!("@{which}: {text}");
    }
    for (group, balance) in &step.cores {
        let _ = write!(
            text,
            " [{} cores to the group, which then has {balance}]",
            words::signed(*group)
        );
    }
    match step.hazard {
        Hazard::Safe => {}
        hazard => {
            let _ = write!(text, " [{}]", words::hazard(hazard));
        }
    }
    let ink = match step.hazard {
        Hazard::Safe => Ink::Plain,
        Hazard::Disruptive => Ink::Care,
        Hazard::Irreversible => Ink::Loss,
    };
    page.item(0, &marker, ink, &text);
    if !step.waits_for.is_empty() {
        page.item(8, "←", Ink::Faint, &waits_for(&step.waits_for));
    }
    for detail in &step.details {
        page.item(10, &format!("{}:", detail.label), Ink::Faint, &detail.text);
        for fact in &detail.settings {
            page.line(14, &format!("{} = {}", fact.name, fact.value));
        }
    }
}

/// What a step waits for, by rule: `5, 6 (O-4), 2 (O-6)`.
pub(in crate::render) fn waits_for(waits: &[Wait]) -> String {
    let mut rules: Vec<(&RuleId, Vec<String>)> = Vec::new();
    for wait in waits {
        let name = wait.number.map_or_else(
            || format!("`{}`, which is no step of this plan", wait.step),
            |n| n.to_string(),
        );
        match rules.iter_mut().find(|(rule, _)| *rule == &wait.rule) {
            Some((_, names)) => names.push(name),
            None => rules.push((&wait.rule, vec![name])),
        }
    }
    // A stamp that drops its last of many tenants waits for all of them.
    let told = rules.into_iter().map(|(rule, names)| {
        let rest = names.len().saturating_sub(MANY);
        let shown: Vec<String> = names.into_iter().take(MANY).collect();
        let more = if rest > 0 {
            format!(", … and {} more", words::number(rest as u64))
        } else {
            String::new()
        };
        format!("{}{more} ({rule})", shown.join(", "))
    });
    told.collect::<Vec<String>>().join(", ")
}

pub(in crate::render) fn rules(page: &mut Page, view: &View) {
    if view.rules.is_empty() || view.level == Level::Operation {
        return;
    }
    page.heading(heading::RULES);
    for rule in &view.rules {
        let reason = rule
            .reason
            .as_deref()
            .unwrap_or("the plan gives no reason for this rule");
        let cited = words::count(rule.cited, "time", "times");
        page.item(
            2,
            &format!("{:<5}", rule.rule),
            Ink::Heading,
            &format!("{reason} ({cited})"),
        );
    }
}

pub(in crate::render) fn waits(page: &mut Page, view: &View) {
    if view.waits.is_empty() {
        return;
    }
    page.heading(&format!(
        "{} ({})",
        heading::WAITS,
        words::number(view.waits.len() as u64)
    ));
    let shown = if page.is_full() {
        view.waits.len()
    } else {
        MANY
    };
    for wait in view.waits.iter().take(shown) {
        let what = wait.what.join(", and ");
        page.item(
            2,
            &format!("{:>5}", wait.number),
            Ink::Care,
            &format!("{}: {what}", wait.step),
        );
    }
    if view.waits.len() > shown {
        let rest = words::number((view.waits.len() - shown) as u64);
        page.line(2, &format!("… and {rest} more; the plan file has them all"));
    }
}
