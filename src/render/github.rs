//! A plan as GitHub workflow commands: annotations for findings, and one with the counts. Pure.
//!
//! The commands are ours; what is foreign stands in their messages, escaped (T10).

use std::fmt::Write as _;

use super::escape::command_message;
use super::escape::command_property;
use super::text;
use super::view::View;
use super::words;

/// How many annotations of one level GitHub shows for a step.
const MOST: usize = 10;

/// The workflow commands, one a line. `file` is the manifest that they point at.
pub fn annotations(view: &View<'_>, file: Option<&str>) -> String {
    let mut out = String::new();
    for (level, refuses) in [("error", true), ("warning", false)] {
        let findings: Vec<_> = view
            .findings
            .iter()
            .filter(|f| f.refuses == refuses)
            .collect();
        // The last place is kept for the number of those that are not shown.
        let shown = if findings.len() > MOST {
            MOST - 1
        } else {
            findings.len()
        };
        for finding in findings.iter().take(shown) {
            let subject = words::subject(&finding.subject);
            let title = format!("{subject}: {}", finding.word);
            let rule = finding.rule.as_ref().map(|rule| format!("rule {rule}"));
            let help = format!("to pass: {}", finding.help);
            let mut message = vec![finding.what.as_str()];
            message.extend(rule.as_deref());
            message.push(&help);
            push(&mut out, level, file, &title, &message);
        }
        if findings.len() > shown {
            let rest = words::number((findings.len() - shown) as u64);
            let message = format!("{rest} more findings are in the plan");
            push(&mut out, level, file, "more findings", &[&message]);
        }
    }
    let verdict = if view.refused {
        "the plan is refused"
    } else {
        "the plan can be applied"
    };
    let changes = format!("changes: {}", text::change_counts(view));
    let steps = format!("steps: {}", text::step_counts(view));
    let digest = format!("digest {}", view.header.digest);
    push(
        &mut out,
        "notice",
        None,
        &text::title(view),
        &[verdict, &changes, &steps, &digest],
    );
    out
}

fn push(out: &mut String, level: &str, file: Option<&str>, title: &str, message: &[&str]) {
    let file = file.map(|file| format!("file={},", command_property(file)));
    let file = file.unwrap_or_default();
    let title = command_property(title);
    let message = command_message(message);
    let _ = writeln!(out, "::{level} {file}title={title}::{message}");
}
