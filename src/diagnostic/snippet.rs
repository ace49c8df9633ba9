//! The few lines around labels, cut out of a text of any size and made harmless.
//!
//! miette looks for lines from the text's first byte; given only these lines it is as fast at the
//! end of a file of 50 MB as at its start.

use miette::MietteError;
use miette::MietteSpanContents;
use miette::SourceCode;
use miette::SourceSpan;
use miette::SpanContents;

use super::SourceId;
use super::SourceMap;
use super::Span;
use super::escape::same_length;
use super::source::floor;

/// Labels further apart than this are shown apart.
const FARTHEST_LINES: usize = 6;
/// The most that is shown before and after a label on one very long line, in bytes.
const WINDOW: usize = 160;
/// The most of a label that is underlined, in bytes.
const LONGEST_LABEL: usize = 240;

/// Labels of one text that stand close together.
#[derive(Debug)]
pub(super) struct Cluster {
    source: SourceId,
    /// Spans cut to what can be shown, with their texts; the first is the most telling.
    pub(super) labels: Vec<(std::ops::Range<usize>, String)>,
}

/// Groups labels by text and nearness; the first label's group comes first.
pub(super) fn clusters(map: &SourceMap, labels: &[(Span, String)]) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = Vec::new();
    for (span, text) in labels {
        let range = shown(map, *span);
        let near = found
            .iter_mut()
            .find(|c| c.source == span.source && c.takes(map, &range));
        match near {
            Some(cluster) => cluster.labels.push((range, text.clone())),
            None => found.push(Cluster {
                source: span.source,
                labels: vec![(range, text.clone())],
            }),
        }
    }
    found
}

/// The part of a span that is underlined: within its first line and not too long.
fn shown(map: &SourceMap, span: Span) -> std::ops::Range<usize> {
    let text = map.text(span.source);
    let start = floor(text, span.start as usize);
    let end = floor(text, (span.end() as usize).min(start + LONGEST_LABEL));
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line
}

impl Cluster {
    /// Whether a range stands close enough to be shown together with these labels.
    fn takes(&self, map: &SourceMap, range: &std::ops::Range<usize>) -> bool {
        let line = |offset| map.line_of(self.source, offset);
        self.labels.iter().all(|(other, _)| {
            line(other.start).abs_diff(line(range.start)) <= FARTHEST_LINES
                && other.start.abs_diff(range.start) <= WINDOW
        })
    }

    /// Cuts out the lines; label ranges become relative to the cut.
    pub(super) fn snippet(
        &self,
        map: &SourceMap,
    ) -> (Snippet, Vec<(std::ops::Range<usize>, String)>) {
        let text = map.text(self.source);
        let first = self.labels.iter().map(|(r, _)| r.start).min().unwrap_or(0);
        let last = self.labels.iter().map(|(r, _)| r.end).max().unwrap_or(0);
        let line = map.line_of(self.source, first).saturating_sub(1);
        let after = map.line_of(self.source, last) + 2;
        let line_begin = map.line_start(self.source, line);
        let mut begin = line_begin;
        let mut end = map.line_start(self.source, after);
        let mut line = line;
        if first - begin > WINDOW {
            line = map.line_of(self.source, first);
            begin = floor(text, map.line_start(self.source, line).max(first - WINDOW));
        }
        if end.saturating_sub(last) > WINDOW {
            end = floor(text, last + WINDOW);
        }
        let column = begin - map.line_start(self.source, line).min(begin);
        let labels = self
            .labels
            .iter()
            .map(|(r, text)| (r.start - begin..r.end - begin, text.clone()))
            .collect();
        let snippet = Snippet {
            name: super::escape(map.name(self.source)).into_owned(),
            text: same_length(&text[begin..end]),
            line,
            column: text
                .get(begin - column..begin)
                .map_or(0, |t| t.chars().count()),
        };
        (snippet, labels)
    }
}

/// The lines, as miette reads them.
#[derive(Debug)]
pub(super) struct Snippet {
    name: String,
    text: String,
    line: usize,
    column: usize,
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, before, after)?;
        let shift = if inner.line() == 0 { self.column } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.line,
            inner.column() + shift,
            inner.line_count(),
        )))
    }
}
