//! A plan as one HTML page: no script, no link to anywhere, everything foreign escaped. Pure.

use std::fmt::Write as _;

use super::escape::html;
use super::sections::sections;
use super::text;
use super::text::tables;
use super::view::FindingView;
use super::view::View;
use super::words;
use super::words::heading;

/// Nothing is loaded and nothing runs, even if an escape were missing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto;padding:.75rem;border:1px solid #bbb}\
th{text-align:left;font-weight:normal;padding-right:2rem}td{font-weight:600}\
.refused{border-left:.4rem solid #b00;padding-left:1rem}\
summary{cursor:pointer;font-weight:600;margin:.75rem 0}";

/// The page.
pub fn page(view: &View<'_>) -> String {
    let title = html(&text::title(view));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let header = &view.header;
    let identity = [
        ("digest", &header.digest),
        ("observed", &header.observed_at),
        ("expires", &header.expires_at),
        ("may be resumed until", &header.resume_until),
    ];
    table(
        &mut out,
        identity
            .into_iter()
            .map(|(name, value)| (name, value.clone()))
            .chain(header.forecast.iter().map(|it| ("takes", it.clone()))),
    );
    let (refusals, notes): (Vec<_>, Vec<_>) = view.findings.iter().partition(|f| f.refuses);
    if !refusals.is_empty() {
        out.push_str("<div class=\"refused\">\n<h2>Refused. This plan cannot be applied.</h2>\n");
        findings(&mut out, &refusals);
        out.push_str("</div>\n");
    }
    let _ = writeln!(out, "<h2>{}</h2>", heading::BLAST);
    table(&mut out, tables::reach(view).into_iter());
    for section in sections(view) {
        let open = if section.signs { " open" } else { "" };
        let (title, body) = (html(&section.title), html(&section.lines.join("\n")));
        let _ = write!(
            out,
            "<details{open}><summary>{title}</summary>\n<pre>{body}</pre>\n</details>\n"
        );
    }
    if !notes.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>", heading::HELD_BACK);
        findings(&mut out, &notes);
    }
    let _ = writeln!(out, "<h2>{}</h2>", heading::SUMMARY);
    let counts = [
        ("changes", text::change_counts(view)),
        ("steps", text::step_counts(view)),
    ];
    table(
        &mut out,
        counts
            .into_iter()
            .chain([("digest", header.digest.clone())]),
    );
    if let Some(next) = &view.next {
        let (what, command) = (html(&next.what), html(&next.command));
        let _ = write!(
            out,
            "<h2>{}: {what}</h2>\n<pre>{command}</pre>\n",
            heading::NEXT
        );
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn table<'a>(out: &mut String, rows: impl Iterator<Item = (&'a str, String)>) {
    out.push_str("<table>\n");
    for (name, value) in rows {
        let (name, value) = (html(name), html(&value));
        let _ = writeln!(out, "<tr><th>{name}</th><td>{value}</td></tr>");
    }
    out.push_str("</table>\n");
}

fn findings(out: &mut String, findings: &[&FindingView]) {
    out.push_str("<ul>\n");
    for finding in findings {
        let rule = finding
            .rule
            .as_ref()
            .map(|rule| format!(" [{rule}]"))
            .unwrap_or_default();
        let (subject, what) = (words::subject(&finding.subject), &finding.what);
        let _ = writeln!(
            out,
            "<li><strong>{}</strong>: {}: {}{}<br>to pass: {}</li>",
            html(&subject),
            finding.word,
            html(what),
            html(&rule),
            html(&finding.help),
        );
    }
    out.push_str("</ul>\n");
}
