//! A text that is never shown.

/// A token, a password or a key. It has no `Debug`, no `Display` and no `Serialize`, so that it
/// reaches no log, no message and no plan by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
