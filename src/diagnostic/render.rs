//! Diagnostics as text for people and as JSON for programs.

use std::fmt;
use std::fmt::Write as _;

use miette::GraphicalReportHandler;
use miette::GraphicalTheme;
use miette::LabeledSpan;
use miette::SourceCode;

use super::Diagnostic;
use super::Diagnostics;
use super::Severity;
use super::SourceMap;
use super::escape;
use super::snippet::Snippet;
use super::snippet::clusters;

/// How diagnostics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are used.
    pub color: bool,
    /// Whether lines are drawn with box characters rather than ASCII.
    pub unicode: bool,
    /// How wide a line of prose may be.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            unicode: true,
            width: 100,
        }
    }
}

/// Every finding with its places, one after the other, and a last line that counts them.
pub fn render(diagnostics: &Diagnostics, map: &SourceMap, style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&render_one(diagnostic, map, style));
        out.push('\n');
    }
    if diagnostics.dropped() > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "… and {} further findings that are not shown",
            diagnostics.dropped()
        );
    }
    out
}

/// One finding with its places.
pub fn render_one(diagnostic: &Diagnostic, map: &SourceMap, style: Style) -> String {
    let theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme {
            styles: miette::ThemeStyles::ansi(),
            ..GraphicalTheme::ascii()
        },
        (false, false) => GraphicalTheme::none(),
    };
    let shown = Shown::new(diagnostic, map);
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .with_context_lines(1);
    if handler.render_report(&mut out, &shown).is_err() {
        // miette refuses a label outside its snippet; the finding itself must not be lost.
        out = format!(
            "{}: {}: {}\n",
            diagnostic.severity.word(),
            diagnostic.code,
            shown.message
        );
    }
    out
}

/// Every finding for programs: code, severity, message, labels with file, line and column, help.
pub fn to_json(diagnostics: &Diagnostics, map: &SourceMap) -> serde_json::Value {
    let all: Vec<_> = diagnostics.iter().map(|d| one_to_json(d, map)).collect();
    serde_json::json!({
        "diagnostics": all,
        "errors": diagnostics.errors(),
        "not_shown": diagnostics.dropped(),
    })
}

fn one_to_json(diagnostic: &Diagnostic, map: &SourceMap) -> serde_json::Value {
    let labels: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|(span, text)| {
            let begin = map.place(*span);
            serde_json::json!({
                "file": begin.file,
                "line": begin.line,
                "column": begin.column,
                "offset": span.start,
                "length": span.len,
                "text": text,
            })
        })
        .collect();
    serde_json::json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
    })
}

/// A finding as miette sees it: one snippet of source, further ones as related findings.
#[derive(Debug)]
struct Shown {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    help: Option<String>,
    source: Option<Snippet>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown>,
}

impl Shown {
    fn new(diagnostic: &Diagnostic, map: &SourceMap) -> Self {
        let mut parts = clusters(map, &diagnostic.labels)
            .into_iter()
            .map(|cluster| {
                let (snippet, labels) = cluster.snippet(map);
                let labels: Vec<_> = labels
                    .into_iter()
                    .map(|(range, text)| {
                        let text = (!text.is_empty()).then(|| escape(&text).into_owned());
                        LabeledSpan::new(text, range.start, range.len())
                    })
                    .collect();
                (snippet, labels)
            });
        let (source, labels) = parts
            .next()
            .map_or((None, Vec::new()), |(s, l)| (Some(s), l));
        let related = parts
            .map(|(snippet, labels)| Self {
                message: "the other place".to_owned(),
                code: None,
                severity: Severity::Advice,
                help: None,
                source: Some(snippet),
                labels,
                related: Vec::new(),
            })
            .collect();
        Self {
            message: escape(&diagnostic.message).into_owned(),
            code: Some(diagnostic.code.as_str()),
            severity: diagnostic.severity,
            help: diagnostic
                .help
                .as_deref()
                .map(|help| escape(help).into_owned()),
            source,
            labels,
            related,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code
            .map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Advice => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| {
            Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic))
                as Box<dyn Iterator<Item = &'a dyn miette::Diagnostic>>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::super::codes;
    use super::*;

    fn shown(text: &str, ranges: &[(usize, usize)]) -> String {
        let mut map = SourceMap::default();
        let id = map.add("fleet.yaml", text);
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_KEY, "`x` is no key").help("do y");
        for &(start, end) in ranges {
            diagnostic = diagnostic.at(Span::new(id, start..end), "here");
        }
        render_one(&diagnostic, &map, Style::default())
    }

    #[test]
    fn a_finding_shows_its_line_code_and_help() {
        let out = shown("a: 1\nb: 2\nc: 3\nd: 4\n", &[(10, 11)]);
        for part in [
            "E0107",
            "`x` is no key",
            "fleet.yaml:3:1",
            "c: 3",
            "here",
            "do y",
        ] {
            assert!(out.contains(part), "{part} in\n{out}");
        }
    }

    #[test]
    fn places_far_apart_are_both_shown() {
        let text = format!("a: 1\n{}a: 2\n", "x: 0\n".repeat(5_000));
        let out = shown(&text, &[(0, 1), (text.len() - 5, text.len() - 4)]);
        assert!(
            out.contains("fleet.yaml:1:1") && out.contains("fleet.yaml:5002:1"),
            "{out}"
        );
        assert!(out.lines().count() < 40);
    }

    #[test]
    fn a_very_long_line_is_cut_and_controls_are_not_passed_on() {
        let text = format!("k: {}\u{1b}[2J{}", "y".repeat(1 << 20), "z".repeat(1 << 20));
        let out = shown(&text, &[(1 << 20, (1 << 20) + 20)]);
        assert!(out.len() < 4_000, "{}", out.len());
        assert!(!out.contains('\u{1b}'));
        assert!(out.contains("fleet.yaml:1:1048577"), "{out}");
    }
}
