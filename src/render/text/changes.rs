//! The changes of a plan as text: a legend of the signs that are used, then what is lost first.
//! Many alike tenants are one line with their number. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::FEW;
use super::MANY;
use super::MOST;
use crate::plan::format::Action;
use crate::plan::format::Change;
use crate::plan::format::Subject;
use crate::render::page::Ink;
use crate::render::page::Page;
use crate::render::view::ChangeView;
use crate::render::view::Level;
use crate::render::view::SettingView;
use crate::render::view::View;
use crate::render::words;
use crate::render::words::heading;

pub(in crate::render) fn changes(page: &mut Page, view: &View<'_>) {
    if view.changes.is_empty() {
        return;
    }
    page.heading(heading::CHANGES);
    legend(page, view);
    for action in Action::ALL {
        let of_action = view.changes.iter().copied();
        let of_action = of_action.filter(|view| view.change.action == *action);
        let (tenants, others): (Vec<ChangeView<'_>>, Vec<ChangeView<'_>>) =
            of_action.partition(|view| matches!(view.change.subject, Subject::Tenant(_)));
        for change in others {
            one(page, change, view.level);
        }
        if tenants.len() > MANY && !page.is_full() {
            many(page, *action, &tenants);
        } else {
            for change in tenants {
                one(page, change, view.level);
            }
        }
    }
}

/// Each sign that is used and what it means, as in `-  is deleted`.
fn legend(page: &mut Page, view: &View<'_>) {
    let mut told = BTreeSet::new();
    let mut meanings = Vec::new();
    for action in view.changes.iter().map(|view| view.change.action) {
        let meaning = words::sign(action);
        if told.insert(meaning) {
            meanings.push(format!("{} {meaning}", action.symbol()));
        }
    }
    page.item(2, "", Ink::Faint, &meanings.join("   "));
}

fn one(page: &mut Page, view: ChangeView<'_>, level: Level) {
    let change = view.change;
    let what = match (&change.subject, view.stamp()) {
        (Subject::Tenant(_), Some(stamp)) => {
            let way = if change.action == Action::Offboard {
                "from"
            } else {
                "on"
            };
            let way = if change.action == Action::Move {
                "to"
            } else {
                way
            };
            format!("{} {way} {stamp}", words::subject(&change.subject))
        }
        _ => words::subject(&change.subject),
    };
    let (verb, why) = (change.action.word(), &change.why);
    page.item(
        2,
        change.action.symbol(),
        ink(change.action),
        &format!("{verb} {what}: {why}"),
    );
    for setting in view.settings() {
        settings(page, &setting, level);
    }
}

fn settings(page: &mut Page, setting: &SettingView, level: Level) {
    let none = || "none".to_owned();
    let before = setting.before.clone().unwrap_or_else(none);
    let after = setting.after.clone().unwrap_or_else(none);
    if setting.diff.is_empty() || level == Level::Property {
        page.line(6, &format!("{}: {before} → {after}", setting.name));
    } else {
        page.line(6, &format!("{}:", setting.name));
    }
    for line in &setting.diff {
        let ink = match line.sign {
            '-' => Ink::Loss,
            '+' => Ink::Gain,
            _ => Ink::Faint,
        };
        page.raw(8, ink, &format!("{} {}", line.sign, line.text));
    }
}

/// Alike changes of many tenants, one line for each stamp.
fn many(page: &mut Page, action: Action, changes: &[ChangeView<'_>]) {
    let mut stamps: BTreeMap<Option<&str>, Vec<&Change>> = BTreeMap::new();
    for view in changes {
        stamps.entry(view.stamp()).or_default().push(view.change);
    }
    let beyond = stamps.len().saturating_sub(MOST);
    for (stamp, changes) in stamps.into_iter().take(MOST) {
        let names: Vec<String> = changes
            .iter()
            .take(FEW)
            .map(|change| match &change.subject {
                Subject::Tenant(tenant) => tenant.to_string(),
                other => words::subject(other),
            })
            .collect();
        let rest = changes.len().saturating_sub(FEW);
        let more = if rest > 0 {
            format!(
                ", … and {} more; the plan file has them all",
                words::number(rest as u64)
            )
        } else {
            String::new()
        };
        let way = if action == Action::Offboard {
            "from"
        } else {
            "on"
        };
        let place = stamp
            .map(|stamp| format!(" {way} {stamp}"))
            .unwrap_or_default();
        let done = words::done(action, changes.len() as u64);
        // A thing that is no tenant never gets here, so the word for things is not wanted.
        let done = done
            .replacen("things", "tenants", 1)
            .replacen("thing", "tenant", 1);
        let line = format!("{done}{place}: {}{more}", names.join(", "));
        page.item(2, action.symbol(), ink(action), &line);
    }
    super::beyond(page, beyond);
}

const fn ink(action: Action) -> Ink {
    match action {
        Action::Retire | Action::Offboard => Ink::Loss,
        Action::Create | Action::Onboard | Action::Activate => Ink::Gain,
        Action::Move | Action::Drain | Action::Isolate | Action::Update | Action::Repair => {
            Ink::Care
        }
    }
}
