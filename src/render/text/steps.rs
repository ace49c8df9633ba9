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

pub(in crate::render) fn steps(page: &mut Page, view: &View<'_>) {
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
    let all = view.groups.all();
    let shown = if page.is_full() {
        all.len()
    } else {
        all.len().min(MOST)
    };
    let is_tenant = |group: &Group<'_>| matches!(group.subject, Subject::Tenant(_));
    let tenants = all.iter().filter(|group| is_tenant(group)).count();
    let likeness = if tenants > MANY && !page.is_full() {
        view.groups.likeness(shown)
    } else {
        Vec::new()
    };
    let mut alike: BTreeMap<usize, Vec<&Group<'_>>> = BTreeMap::new();
    for (group, number) in all.iter().zip(&likeness) {
        if let (Some(number), true) = (number, is_tenant(group)) {
            alike.entry(*number).or_default().push(group);
        }
    }
    for (at, group) in all[..shown].iter().enumerate() {
        let number = likeness.get(at).copied().flatten();
        let same = number.and_then(|number| alike.get(&number));
        match same.map(Vec::as_slice) {
            Some([first, others @ ..]) if is_tenant(group) && others.len() >= FEW => {
                if std::ptr::eq(*first, group) {
                    one(page, view, group);
                    rest(page, view, others);
                }
            }
            _ => one(page, view, group),
        }
    }
    if shown < all.len() {
        beyond(page, view, &all[shown..]);
    }
}

/// What is beyond the most that anybody reads: its size, and how much of it is for good.
fn beyond(page: &mut Page, view: &View<'_>, groups: &[Group<'_>]) {
    let steps: usize = groups
        .iter()
        .map(|group| view.groups.places(group).len())
        .sum();
    let lost: usize = groups.iter().map(|group| group.irreversible).sum();
    let text = format!(
        "{} with {}, {} of which cannot be undone; `--full` lists them, and the plan file has them \
         all",
        words::count(groups.len() as u64, "more subject", "more subjects"),
        words::count(steps as u64, "step", "steps"),
        words::number(lost as u64),
    );
    page.item(2, "…", Ink::Care, &text);
}

fn rest(page: &mut Page, view: &View<'_>, groups: &[&Group<'_>]) {
    let names: Vec<String> = groups
        .iter()
        .take(FEW)
        .map(|group| words::subject(group.subject))
        .collect();
    let numbers = groups
        .iter()
        .flat_map(|group| view.groups.places(group))
        .map(|at| at + 1);
    let (first, last) = numbers.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    let each = groups
        .first()
        .map_or(0, |group| view.groups.places(group).len());
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

fn one(page: &mut Page, view: &View<'_>, group: &Group<'_>) {
    page.gap();
    page.item(2, "", Ink::Heading, &words::subject(group.subject));
    for step in view.groups.steps(group) {
        if step.point_of_no_return {
            let subject = words::subject(group.subject);
            page.item(
                2,
                "──",
                Ink::Loss,
                &format!("point of no return of {subject} ──"),
            );
        }
        lines(page, &step);
    }
}

fn lines(page: &mut Page, step: &StepView<'_>) {
    let marker = format!("{:>5} {} {:<KIND$}", step.number, step.symbol, step.kind);
    let mut text = step.why.to_owned();
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
pub(in crate::render) fn waits_for(waits: &[Wait<'_>]) -> String {
    let mut rules: Vec<(&RuleId, Vec<String>)> = Vec::new();
    for wait in waits {
        let name = wait.number.map_or_else(
            || format!("`{}`, which is no step of this plan", wait.step),
            |n| n.to_string(),
        );
        match rules.iter_mut().find(|(rule, _)| *rule == wait.rule) {
            Some((_, names)) => names.push(name),
            None => rules.push((wait.rule, vec![name])),
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

pub(in crate::render) fn rules(page: &mut Page, view: &View<'_>) {
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

pub(in crate::render) fn waits(page: &mut Page, view: &View<'_>) {
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
        let what = wait.what().join(", and ");
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
