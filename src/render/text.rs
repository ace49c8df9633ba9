//! A plan as text: for the reviewer who has two minutes and the engineer who is on call. Pure.
//!
//! What refuses the plan and what is lost come first. Signs and words say everything; colours
//! repeat it. Long lists of alike tenants are grouped with their number; the file has them all.

pub(super) mod changes;
pub(super) mod steps;
pub(super) mod tables;

use super::page::Ink;
use super::page::Page;
use super::page::Setting;
use super::view::FindingView;
use super::view::Level;
use super::view::View;
use super::words;
use super::words::heading;

/// More of one kind than this are grouped, or shown in part with the number of the rest.
pub(super) const MANY: usize = 40;
/// More stamps, or subjects with their steps, than this are left out, however different they are.
pub(super) const MOST: usize = 200;
/// How many of many are shown.
pub(super) const FEW: usize = 5;

/// The plan's text.
pub fn text(view: &View<'_>, setting: Setting) -> String {
    let mut page = Page::new(setting);
    header(&mut page, view);
    refusals(&mut page, view);
    if !view.is_empty() || !view.changes.is_empty() {
        tables::blast(&mut page, view);
        tables::policy(&mut page, view);
        changes::changes(&mut page, view);
        tables::moves(&mut page, view);
        steps::steps(&mut page, view);
        steps::rules(&mut page, view);
        tables::ledger(&mut page, view);
        tables::placement(&mut page, view);
        steps::waits(&mut page, view);
    }
    held_back(&mut page, view);
    world(&mut page, view);
    summary(&mut page, view);
    next(&mut page, view);
    page.finish()
}

/// Says how many lines of a list are left out.
pub(super) fn beyond(page: &mut Page, lines: usize) {
    if lines > 0 {
        let more = words::number(lines as u64);
        page.line(
            2,
            &format!(
                "… and {more} more stamps; `--full` lists them, and the plan file has them all"
            ),
        );
    }
}

fn header(page: &mut Page, view: &View<'_>) {
    let header = &view.header;
    page.item(0, "", Ink::Heading, &title(view));
    let identity = [
        ("digest", header.digest.clone()),
        ("observed", header.observed_at.clone()),
        (
            "expires",
            format!(
                "{}; once begun, it may be resumed until {}",
                header.expires_at, header.resume_until
            ),
        ),
    ];
    for (name, value) in identity {
        page.item(2, &format!("{name:<8}"), Ink::Faint, &value);
    }
    if let Some(forecast) = &header.forecast {
        page.item(2, "takes   ", Ink::Faint, forecast);
    }
    if view.level == Level::Property {
        page.item(2, "manifest", Ink::Faint, &header.manifest);
        page.item(2, "registry", Ink::Faint, &header.registry);
        page.item(2, "made by ", Ink::Faint, &header.tool);
    }
}

/// The plan's name in one line.
pub(super) fn title(view: &View<'_>) -> String {
    let header = &view.header;
    let environment = header.environment.as_ref().map(|name| format!(" ({name})"));
    format!(
        "Plan {} for fleet {}{} on {}, {}",
        header.short,
        header.fleet,
        environment.unwrap_or_default(),
        header.provider,
        words::count(header.tenants, "tenant", "tenants"),
    )
}

fn refusals(page: &mut Page, view: &View<'_>) {
    let refusals: Vec<&FindingView> = view.findings.iter().filter(|f| f.refuses).collect();
    if refusals.is_empty() {
        return;
    }
    let many = words::count(refusals.len() as u64, "reason", "reasons");
    page.heading(&format!(
        "{}: {many}. This plan cannot be applied.",
        heading::REFUSED
    ));
    findings(page, &refusals, "x", Ink::Loss);
}

fn held_back(page: &mut Page, view: &View<'_>) {
    let notes: Vec<&FindingView> = view.findings.iter().filter(|f| !f.refuses).collect();
    if !notes.is_empty() {
        page.heading(&format!("{} ({})", heading::HELD_BACK, notes.len()));
        findings(page, &notes, "i", Ink::Care);
    }
}

fn findings(page: &mut Page, findings: &[&FindingView], marker: &str, ink: Ink) {
    let mut told: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for finding in findings {
        let of_code = told.entry(&finding.code).or_default();
        *of_code += 1;
        if *of_code > MANY && !page.is_full() {
            continue;
        }
        let rule = finding.rule.as_ref().map(|rule| format!(" [{rule}]"));
        let subject = words::subject(&finding.subject);
        let (word, what) = (&finding.word, &finding.what);
        let rule = rule.unwrap_or_default();
        page.item(2, marker, ink, &format!("{subject}: {word}: {what}{rule}"));
        page.item(4, "to pass:", Ink::Faint, &finding.help);
    }
    for (code, count) in told {
        if count > MANY && !page.is_full() {
            let rest = words::number((count - MANY) as u64);
            page.line(
                2,
                &format!("… and {rest} more of `{code}`; the plan file has them all"),
            );
        }
    }
}

fn world(page: &mut Page, view: &View<'_>) {
    if view.world.is_empty() {
        return;
    }
    page.heading(heading::WORLD);
    for fact in &view.world {
        page.raw(2, Ink::Plain, &format!("{} = {}", fact.name, fact.value));
    }
}

fn summary(page: &mut Page, view: &View<'_>) {
    let summary = &view.summary;
    page.heading(heading::SUMMARY);
    if view.refused {
        page.line(
            2,
            "Refused: nothing of this plan is applied, as long as the findings stand.",
        );
    } else if summary.steps == 0 && view.changes.is_empty() {
        page.line(
            2,
            "Nothing to do: the world is as the manifest wants it, as far as it was seen.",
        );
    } else if summary.steps == 0 {
        page.line(2, "No steps: nothing would be done.");
    }
    page.line(2, &format!("changes: {}.", change_counts(view)));
    page.line(2, &format!("steps: {}.", step_counts(view)));
    let refusals = words::count(summary.refusals, "refuses", "refuse");
    let notes = words::count(summary.notes, "does not", "do not");
    page.line(2, &format!("findings: {refusals} the plan, {notes}."));
    page.line(2, &format!("digest {}", view.header.digest));
}

/// Every kind of change with its number, zeros too, so that what is missing is seen to be so.
pub(super) fn change_counts(view: &View<'_>) -> String {
    let counts = view.summary.changes.iter();
    let counts: Vec<String> = counts
        .map(|(action, n)| format!("{} to {}", words::number(*n), action.word()))
        .collect();
    counts.join(", ")
}

/// The steps by what they do.
pub(super) fn step_counts(view: &View<'_>) -> String {
    let summary = &view.summary;
    format!(
        "{} ({} that change the cloud with {}, {} that only look), {} disruptive, {} that cannot \
         be undone, {} that can pause the run",
        words::number(summary.steps),
        words::number(summary.calling),
        words::count(summary.calls, "call", "calls"),
        words::number(summary.checking),
        words::number(summary.disruptive),
        words::number(summary.irreversible),
        words::number(summary.pausing),
    )
}

fn next(page: &mut Page, view: &View<'_>) {
    if let Some(next) = &view.next {
        page.gap();
        page.item(
            0,
            "",
            Ink::Heading,
            &format!("{}: {}", heading::NEXT, next.what),
        );
        page.raw(2, Ink::Plain, &next.command);
    }
}
