//! A plan as Markdown for a pull request comment: at most [`LIMIT`] bytes, with the digest and
//! the counts in any case. Pure.
//!
//! All tags are our own; what is foreign stands escaped, in code spans or in fences (T9).

use std::fmt::Write as _;

use super::escape::cell;
use super::escape::code;
use super::escape::fenced;
use super::escape::markdown;
use super::sections::Section;
use super::sections::sections;
use super::text;
use super::text::tables;
use super::view::FindingView;
use super::view::View;
use super::words;
use super::words::heading;

/// The most bytes. GitHub takes 65,536 characters in a comment; wrappers want some too.
pub const LIMIT: usize = 60_000;
/// The most bytes of the findings at the top.
const FINDINGS: usize = 16_000;
/// The most characters of one foreign text at the top.
const CLIP: usize = 400;
/// What a section that is left out leaves behind, at most.
const STUB: usize = 300;

/// The comment.
pub fn comment(view: &View<'_>) -> String {
    let mut out = head(view);
    let foot = foot(view);
    let sections = sections(view);
    let mut room = LIMIT.saturating_sub(out.len() + foot.len() + sections.len() * STUB);
    for section in &sections {
        let folded = fold(section, room);
        room = room.saturating_sub(folded.len());
        out.push_str(&folded);
    }
    out.push_str(&foot);
    out
}

fn head(view: &View<'_>) -> String {
    let header = &view.header;
    let environment = header
        .environment
        .as_ref()
        .map(|name| format!(" ({})", short(name)));
    let mut out = format!(
        "### Plan {} for fleet {}{} on {}\n\n",
        code(&clip(&header.short)),
        short(&header.fleet),
        environment.unwrap_or_default(),
        short(&header.provider),
    );
    let (refusals, notes): (Vec<_>, Vec<_>) = view.findings.iter().partition(|f| f.refuses);
    if !refusals.is_empty() {
        out.push_str("**Refused. This plan cannot be applied.**\n\n");
        findings(&mut out, &refusals);
    }
    let _ = write!(out, "| {} | |\n|---|---|\n", heading::BLAST);
    for (name, value) in tables::reach(view) {
        let _ = writeln!(out, "| {name} | {} |", cell(&clip(&value)));
    }
    let _ = write!(out, "\nChanges: {}.\n", text::change_counts(view));
    let _ = write!(out, "\nSteps: {}.\n\n", text::step_counts(view));
    if !notes.is_empty() {
        let _ = write!(out, "**{}**\n\n", heading::HELD_BACK);
        findings(&mut out, &notes);
    }
    out
}

fn findings(out: &mut String, findings: &[&FindingView]) {
    let start = out.len();
    for (told, finding) in findings.iter().enumerate() {
        if out.len() - start > FINDINGS {
            let rest = words::number((findings.len() - told) as u64);
            let _ = writeln!(out, "- … and {rest} more");
            break;
        }
        let rule = finding
            .rule
            .as_ref()
            .map(|rule| format!(" {}", code(&clip(&rule.0))));
        let _ = write!(
            out,
            "- **{}**: {}: {}{}  \n  to pass: {}\n",
            markdown(&words::subject(&finding.subject)),
            finding.word,
            short(&finding.what),
            rule.unwrap_or_default(),
            short(&finding.help),
        );
    }
    out.push('\n');
}

/// A section folded away; cut to what there is room for, with the number of lines left out.
fn fold(section: &Section, room: usize) -> String {
    let language = if section.signs { "diff" } else { "text" };
    let title = &section.title;
    let mut kept = section.lines.len();
    let mut used = 0;
    for (at, line) in section.lines.iter().enumerate() {
        used += line.len() + 1;
        if used > room {
            kept = at;
            break;
        }
    }
    loop {
        let rest = section.lines.len() - kept;
        let mut body = section.lines[..kept].join("\n");
        if rest > 0 {
            let lines = words::count(rest as u64, "more line", "more lines");
            let _ = write!(body, "\n… {lines}: `stampctl show` prints the whole plan");
        }
        let block = fenced(language, &body);
        let folded = format!("<details><summary>{title}</summary>\n\n{block}\n</details>\n\n");
        // Long runs of backticks make long fences, so the size is known only now.
        if kept == 0 || folded.len() <= room + STUB {
            return folded;
        }
        kept /= 2;
    }
}

fn foot(view: &View<'_>) -> String {
    let header = &view.header;
    let mut out = format!(
        "Digest {} · observed {} · expires {} · may be resumed until {}\n",
        code(&clip(&header.digest)),
        header.observed_at,
        header.expires_at,
        header.resume_until,
    );
    if let Some(forecast) = &header.forecast {
        let _ = writeln!(out, "\n{}.", short(forecast));
    }
    if let Some(next) = &view.next {
        let command = clip(&next.command);
        let _ = write!(
            out,
            "\n{}: {}: {}\n",
            heading::NEXT,
            short(&next.what),
            code(&command)
        );
    }
    out
}

fn short(text: &str) -> String {
    markdown(&clip(text))
}

fn clip(text: &str) -> String {
    if text.chars().count() <= CLIP {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(CLIP).collect();
    kept.push('…');
    kept
}
