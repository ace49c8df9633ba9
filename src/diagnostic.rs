//! What is wrong with an input and where: codes, places, messages, and ways to show them.
//!
//! No input is read here and nothing is printed; rendering gives a `String`.

pub mod codes;
pub mod escape;
pub mod explanations;
pub mod render;
pub mod snippet;
pub mod source;

pub use codes::Code;
pub use escape::escape;
pub use render::Style;
pub use render::render;
pub use render::to_json;
pub use source::Place;
pub use source::SourceId;
pub use source::SourceMap;
pub use source::Span;

/// The most diagnostics that are kept; further ones are counted. An input of many megabytes can
/// hold a fault on every line, and nobody reads past the first thousands.
pub const MOST_KEPT: usize = 10_000;

/// How bad it is. The order is the order of badness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Advice,
    /// Likely a mistake; nothing is refused for it.
    Warning,
    /// The input is refused.
    Error,
}

impl Severity {
    /// The word for the severity.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, which `stampctl explain` knows.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence. May hold foreign text; it is escaped when shown.
    pub message: String,
    /// Where, the most telling place first. A text may be empty.
    pub labels: Vec<(Span, String)>,
    /// What would make it pass.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// Says what would make it pass.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The first place.
    pub fn place(&self) -> Option<Span> {
        self.labels.first().map(|(span, _)| *span)
    }
}

/// Everything found, in the order of its places.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    errors: usize,
    dropped: usize,
}

impl Diagnostics {
    /// Adds a finding. Past [`MOST_KEPT`] it is only counted.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
        }
        if self.kept.len() < MOST_KEPT {
            self.kept.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Whether anything refuses the input.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are, those that were not kept included.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many findings were counted and not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many findings are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.kept.iter()
    }

    /// Sorts by place; what has no place comes first. Findings at one place keep their order, and
    /// one that was made several times over (a fault behind an alias) is kept once.
    pub fn sort(&mut self) {
        self.kept.sort_by_key(Diagnostic::place);
        let errors = &mut self.errors;
        let mut begin = 0;
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(self.kept.len());
        for diagnostic in self.kept.drain(..) {
            if kept
                .last()
                .is_some_and(|last| last.place() != diagnostic.place())
            {
                begin = kept.len();
            }
            // At most a few distinct findings share a place; the rest need not be compared.
            let near = begin.max(kept.len().saturating_sub(16));
            if kept[near..].contains(&diagnostic) {
                *errors -= usize::from(diagnostic.severity == Severity::Error);
            } else {
                kept.push(diagnostic);
            }
        }
        self.kept = kept;
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_counted_past_the_most_that_is_kept() {
        let mut all = Diagnostics::default();
        for _ in 0..MOST_KEPT + 5 {
            all.push(Diagnostic::error(codes::UNKNOWN_KEY, "x"));
        }
        assert_eq!((all.len(), all.dropped()), (MOST_KEPT, 5));
        assert_eq!(all.errors(), MOST_KEPT + 5);
    }
}
