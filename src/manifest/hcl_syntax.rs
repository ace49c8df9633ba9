//! HCL's syntax, and where its faults really are. Pure.

use super::decode::short;
use super::hcl_layout::open_quote;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use hcl_edit::structure::Body;

/// A file's syntax tree.
pub(crate) struct Parsed {
    pub(crate) source: SourceId,
    pub(crate) body: Body,
}

/// Reads a text's syntax; `None`, once reported, where it has a fault.
pub(crate) fn parse(map: &SourceMap, source: SourceId, found: &mut Diagnostics) -> Option<Parsed> {
    let text = map.text(source);
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Some(Parsed { source, body }),
        Err(error) => {
            let end = text.trim_end().len().saturating_sub(1);
            let at = error.location().offset().min(end);
            found.push(syntax(text, source, at, error.message()));
            None
        }
    }
}

/// The finding for a fault in the syntax, at its cause where that can be told.
fn syntax(text: &str, source: SourceId, at: usize, message: &str) -> Diagnostic {
    let here = |at: usize| Span::new(source, at..at + 1);
    if message.contains("at most") {
        return Diagnostic::error(
            codes::TOO_DEEP,
            format!("an expression is nested too deeply: {message}"),
        )
        .at(here(at), "too deep from here on")
        .help(
            "no key of a manifest is nested deeper than eight; split an expression with `locals`",
        );
    }
    if message.contains("redefined") {
        let word = word_at(text, at);
        let problem =
            Diagnostic::error(codes::DUPLICATE, format!("`{}` stands twice", short(word)))
                .at(Span::new(source, at..at + word.len()), "again here");
        let problem = match first_of(text, at, word) {
            Some(first) => problem.at(Span::new(source, first..first + word.len()), "first here"),
            None => problem,
        };
        return problem.help("keep one of them");
    }
    match open_quote(text).filter(|quote| *quote <= at) {
        Some(quote) => Diagnostic::error(
            codes::HCL_SYNTAX,
            "a text in quotes ends on the line that it begins on",
        )
        .at(here(quote), "this quote is not closed")
        .help("close the quote"),
        None => Diagnostic::error(codes::HCL_SYNTAX, format!("this is not HCL: {message}"))
            .at(here(at), "the text cannot be read on from here"),
    }
}

fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"');
    &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]
}

/// Where a key stands first in the body or object that it stands in again at `at`.
fn first_of(text: &str, at: usize, word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut first = None;
    for (place, c) in text.get(..at)?.char_indices().rev() {
        match c {
            '}' | ']' | ')' => depth += 1,
            '{' | '[' | '(' if depth == 0 => break,
            '{' | '[' | '(' => depth -= 1,
            _ if depth == 0 && !word.is_empty() && text[place..].starts_with(word) => {
                let starts =
                    !text[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
                let assigned = text[place + word.len()..]
                    .trim_start()
                    .starts_with(['=', ':']);
                if starts && assigned {
                    first = Some(place);
                }
            }
            _ => {}
        }
    }
    first
}
