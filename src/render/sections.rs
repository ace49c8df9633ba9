//! The parts of a plan's text one by one, for formats that fold them away. Pure.

use super::page::Page;
use super::page::Setting;
use super::text::changes;
use super::text::steps;
use super::text::tables;
use super::view::View;
use super::words;
use super::words::heading;

/// A part of a plan's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is called.
    pub title: String,
    /// Whether its lines begin with the signs of changes.
    pub signs: bool,
    /// Its lines, safe for a terminal, without its heading.
    pub lines: Vec<String>,
}

fn steps_shown(view: &View<'_>) -> usize {
    let groups = view.groups.all().iter();
    groups.map(|group| view.groups.places(group).len()).sum()
}

/// The parts that are not empty, the most important first.
pub fn sections(view: &View<'_>) -> Vec<Section> {
    type Part = (&'static str, Option<usize>, bool, fn(&mut Page, &View<'_>));
    let parts: [Part; 8] = [
        (
            heading::CHANGES,
            Some(view.changes.len()),
            true,
            changes::changes,
        ),
        (heading::STEPS, Some(steps_shown(view)), false, steps::steps),
        (heading::LEDGER, None, false, tables::ledger),
        (heading::MOVES, Some(view.moves.len()), false, tables::moves),
        (heading::WAITS, Some(view.waits.len()), false, steps::waits),
        (heading::PLACEMENT, None, false, tables::placement),
        (heading::RULES, None, false, steps::rules),
        (heading::POLICY, None, false, tables::policy),
    ];
    let mut sections = Vec::new();
    for (title, count, signs, write) in parts {
        let mut page = Page::new(Setting::default());
        write(&mut page, view);
        let text = page.finish();
        let lines: Vec<String> = text
            .lines()
            // The heading becomes the title.
            .skip(1)
            .map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned())
            .collect();
        if lines.is_empty() {
            continue;
        }
        let count = count.map(|count| format!(" ({})", words::number(count as u64)));
        let title = format!("{title}{}", count.unwrap_or_default());
        sections.push(Section {
            title,
            signs,
            lines,
        });
    }
    sections
}
