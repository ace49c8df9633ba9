//! The changes of a plan as they are shown, with long values line by line. Pure.

use similar::ChangeTag;
use similar::TextDiff;
use stampctl_contract::Value;

use super::ChangeView;
use super::DiffLine;
use super::SettingView;
use crate::plan::format::Action;
use crate::plan::format::Body;
use crate::plan::format::Change;
use crate::plan::format::SettingChange;
use crate::plan::format::Subject;
use crate::render::words;

/// Values longer than this are shown line by line.
const LONG: usize = 60;
/// Above this many lines a difference is not worked out: the search is quadratic at worst.
const MOST_LINES: usize = 2_000;

pub(super) fn changes(body: &Body) -> Vec<ChangeView> {
    let mut ordered: Vec<&Change> = body.changes.iter().collect();
    // A stable sort: what is lost comes first even in a plan whose order was tampered with.
    ordered.sort_by_key(|change| change.action);
    ordered
        .into_iter()
        .map(|change| ChangeView {
            symbol: change.action.symbol().to_owned(),
            action: change.action,
            subject: change.subject.clone(),
            stamp: stamp(body, change),
            why: change.why.clone(),
            settings: change.settings.iter().map(setting).collect(),
        })
        .collect()
}

/// The stamp that a tenant comes to, or leaves.
fn stamp(body: &Body, change: &Change) -> Option<String> {
    let Subject::Tenant(tenant) = &change.subject else {
        return None;
    };
    match change.action {
        Action::Offboard => {
            let seen = body.opening.tenants.get(tenant)?;
            seen.stamp.as_ref().map(ToString::to_string)
        }
        _ => body
            .decisions
            .get(tenant)
            .map(|decision| decision.stamp.to_string()),
    }
}

fn setting(change: &SettingChange) -> SettingView {
    let before = change.before.as_ref().map(words::value);
    let after = change.after.as_ref().map(words::value);
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONG);
    let diff = match (&change.before, &change.after) {
        (Some(old), Some(new)) if long(&before) || long(&after) => {
            diff_lines(&spread(old), &spread(new))
        }
        _ => Vec::new(),
    };
    SettingView {
        name: change.name.clone(),
        before,
        after,
        diff,
    }
}

/// A value over several lines: text as it stands, lists and maps indented.
fn spread(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()),
    }
}

/// The lines that differ, with their neighbours. Empty where the texts are too long to compare;
/// both values then stand whole.
pub(crate) fn diff_lines(old: &str, new: &str) -> Vec<DiffLine> {
    if old.lines().count().max(new.lines().count()) > MOST_LINES {
        return Vec::new();
    }
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (at, hunk) in diff.grouped_ops(2).iter().enumerate() {
        if at > 0 {
            lines.push(DiffLine {
                sign: ' ',
                text: "…".to_owned(),
            });
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let text = change.value().trim_end_matches('\n').to_owned();
            lines.push(DiffLine { sign, text });
        }
    }
    lines
}
