//! The changes of a plan as they are shown, with long values line by line. Pure.

use serde::Serialize;
use serde::Serializer;
use similar::ChangeTag;
use similar::TextDiff;
use stampctl_contract::Value;

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

/// A difference.
#[derive(Clone, Copy, Debug)]
pub struct ChangeView<'p> {
    /// The difference as the plan has it.
    pub change: &'p Change,
    body: &'p Body,
}

impl<'p> ChangeView<'p> {
    /// For a tenant: the stamp that it comes to, or leaves.
    pub fn stamp(&self) -> Option<&'p str> {
        let Subject::Tenant(tenant) = &self.change.subject else {
            return None;
        };
        let stamp = match self.change.action {
            Action::Offboard => self.body.opening.tenants.get(tenant)?.stamp.as_ref()?,
            _ => &self.body.decisions.get(tenant)?.stamp,
        };
        Some(stamp.as_str())
    }

    /// The settings that change.
    pub fn settings(&self) -> impl Iterator<Item = SettingView> {
        self.change.settings.iter().map(setting)
    }
}

pub(super) fn changes(body: &Body) -> Vec<ChangeView<'_>> {
    let changes = body.changes.iter();
    let mut ordered: Vec<ChangeView<'_>> =
        changes.map(|change| ChangeView { change, body }).collect();
    // A stable sort: what is lost comes first even in a plan whose order was tampered with.
    ordered.sort_by_key(|view| view.change.action);
    ordered
}

/// A difference as JSON has it.
#[derive(Serialize)]
struct Whole<'p> {
    symbol: &'static str,
    action: Action,
    subject: &'p Subject,
    stamp: Option<&'p str>,
    why: &'p str,
    settings: Vec<SettingView>,
}

impl Serialize for ChangeView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = self.change;
        let whole = Whole {
            symbol: change.action.symbol(),
            action: change.action,
            subject: &change.subject,
            stamp: self.stamp(),
            why: &change.why,
            settings: self.settings().collect(),
        };
        whole.serialize(serializer)
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
