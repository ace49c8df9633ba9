//! Texts and places in them. Line indexes are built once for each text, and only when asked for.

use std::sync::Arc;
use std::sync::OnceLock;

/// Which text of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

impl Span {
    /// The span of a range of bytes. Offsets beyond 4 GiB are cut; no text is that long.
    pub fn new(source: SourceId, range: std::ops::Range<usize>) -> Self {
        let start = u32::try_from(range.start).unwrap_or(u32::MAX);
        let len = u32::try_from(range.end.saturating_sub(range.start)).unwrap_or(u32::MAX);
        Self { source, start, len }
    }

    /// The byte after the last.
    pub fn end(self) -> u32 {
        self.start.saturating_add(self.len)
    }
}

/// A place as people name it: file, line and column, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text's name.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One text with its name.
#[derive(Debug)]
struct Source {
    name: String,
    text: Arc<str>,
    /// The offset at which each line begins.
    lines: OnceLock<Vec<u32>>,
}

/// Every text that was read.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// Adds a text under the name that people know it by.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source {
            name: name.into(),
            text: text.into(),
            lines: OnceLock::new(),
        });
        id
    }

    /// The name of a text.
    pub fn name(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.name)
    }

    /// A text.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.text)
    }

    /// A text, shared.
    pub fn shared(&self, id: SourceId) -> Arc<str> {
        self.get(id)
            .map_or_else(|| Arc::from(""), |source| Arc::clone(&source.text))
    }

    /// Every text's id, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..u32::try_from(self.sources.len()).unwrap_or(u32::MAX)).map(SourceId)
    }

    /// The place where a span begins.
    pub fn place(&self, span: Span) -> Place {
        let line = self.line_of(span.source, span.start as usize);
        let begin = self.line_start(span.source, line);
        let text = self.text(span.source);
        let upto = floor(text, span.start as usize);
        Place {
            file: self.name(span.source).to_owned(),
            line: line + 1,
            column: text.get(begin..upto).map_or(0, |t| t.chars().count()) + 1,
        }
    }

    /// The line that holds an offset, counted from zero.
    pub(super) fn line_of(&self, id: SourceId, offset: usize) -> usize {
        let lines = self.lines(id);
        lines
            .partition_point(|&start| start as usize <= offset)
            .saturating_sub(1)
    }

    /// Where a line begins, counted from zero; the text's length for a line past the last.
    pub(super) fn line_start(&self, id: SourceId, line: usize) -> usize {
        self.lines(id)
            .get(line)
            .map_or(self.text(id).len(), |&start| start as usize)
    }

    fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    fn lines(&self, id: SourceId) -> &[u32] {
        let Some(source) = self.get(id) else {
            return &[];
        };
        source.lines.get_or_init(|| {
            let breaks = source.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0)
                .chain(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
                .collect()
        })
    }
}

/// The nearest character boundary at or below `offset`.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let mut map = SourceMap::default();
        let id = map.add("f", "a\nüb: c\n");
        let at = |range| map.place(Span::new(id, range)).to_string();
        assert_eq!(at(0..1), "f:1:1");
        assert_eq!(at(4..5), "f:2:2");
        assert_eq!(at(9..9), "f:3:1");
        assert_eq!(at(99..99), "f:3:1");
    }
}
