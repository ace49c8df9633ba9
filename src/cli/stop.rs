//! Why a command ends early: its exit code, one line for people, and what to do.

use super::exit::Exit;

/// A command cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// How the program ends.
    pub exit: Exit,
    /// What is wrong. Empty where everything was said already. Escaped when it is shown.
    pub message: String,
    /// What would make it pass.
    pub help: Option<String>,
}

impl Stop {
    /// A command ends with this code and message.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: None,
        }
    }

    /// A plain error.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message)
    }

    /// Says what would make it pass.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
