//! Data on standard output, talk on standard error. Everything foreign is made harmless here or in
//! [`crate::render`]. A closed output never stops a command.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io;
use std::io::BufRead;
use std::io::Write;

use serde::Serialize;

use super::context::Context;
use super::stop::Stop;
use crate::diagnostic;
use crate::render::escape;
use crate::render::page::Setting;

/// Where a command speaks.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the terminal"
)]
pub(super) struct Ui {
    width: usize,
    stdout_colour: bool,
    stderr_colour: bool,
    unicode: bool,
    can_ask: bool,
    lost: Cell<Option<io::ErrorKind>>,
}

/// What a piece of talk means.
#[derive(Clone, Copy)]
enum Tone {
    Error,
    Warning,
    Help,
}

impl Ui {
    /// The way to speak in these surroundings.
    pub(super) fn new(context: &Context) -> Self {
        Self {
            width: context.width,
            stdout_colour: context.stdout_colour,
            stderr_colour: context.stderr_colour,
            unicode: context.unicode,
            can_ask: context.stdin_is_terminal && context.stderr_is_terminal,
            lost: Cell::new(None),
        }
    }

    /// How text for standard output is set.
    pub(super) fn setting(&self) -> Setting {
        Setting {
            width: self.width,
            colour: self.stdout_colour,
            ..Setting::default()
        }
    }

    /// How text for standard error is set.
    pub(super) fn talk_setting(&self) -> Setting {
        Setting {
            colour: self.stderr_colour,
            ..self.setting()
        }
    }

    /// How diagnostics are shown on standard error.
    pub(super) fn style(&self) -> diagnostic::Style {
        diagnostic::Style {
            color: self.stderr_colour,
            unicode: self.unicode,
            width: self.width,
        }
    }

    /// Writes data that is ready for a terminal.
    pub(super) fn data(&self, text: &str) {
        if self.lost.get().is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(fault) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            self.lost.set(Some(fault.kind()));
        }
    }

    /// Writes one line of data; foreign text in it is made harmless.
    pub(super) fn line(&self, text: &str) {
        self.data(&harmless(text));
    }

    /// Writes data for programs. What a terminal could obey is written as an escape of JSON.
    pub(super) fn json<T: Serialize>(&self, value: &T) -> Result<(), Stop> {
        let json = serde_json::to_string_pretty(value)
            .map_err(|fault| Stop::error(format!("cannot write JSON: {fault}")))?;
        self.data(&harmless_json(&json));
        self.data("\n");
        Ok(())
    }

    /// Says something to the person at the terminal.
    #[expect(
        clippy::unused_self,
        reason = "all talk goes through the one who may talk"
    )]
    pub(super) fn say(&self, text: &str) {
        talk(&harmless(text));
    }

    /// Says something that is ready for a terminal, as it is.
    #[expect(
        clippy::unused_self,
        reason = "all talk goes through the one who may talk"
    )]
    pub(super) fn say_ready(&self, text: &str) {
        talk(text);
    }

    /// Warns.
    pub(super) fn warn(&self, text: &str) {
        self.tell(Tone::Warning, text);
    }

    /// Says what would help.
    pub(super) fn help(&self, text: &str) {
        self.tell(Tone::Help, text);
    }

    /// Says why a command ends.
    pub(super) fn stop(&self, stop: &Stop) {
        if !stop.message.is_empty() {
            self.tell(Tone::Error, &stop.message);
        }
        if let Some(help) = &stop.help {
            self.help(help);
        }
    }

    /// Asks a question; only `yes` and `y` are yes. `None` where nobody can be asked.
    pub(super) fn ask(&self, question: &str) -> Option<bool> {
        if !self.can_ask {
            return None;
        }
        talk(&format!("{} [y/N] ", escape::line(question)));
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Ok(_) => Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES")),
            Err(_) => Some(false),
        }
    }

    /// Why data could not be written, where the reader did not simply go away.
    pub(super) fn lost_data(&self) -> Option<io::ErrorKind> {
        self.lost
            .get()
            .filter(|kind| *kind != io::ErrorKind::BrokenPipe)
    }

    fn tell(&self, tone: Tone, text: &str) {
        let (word, ink) = match tone {
            Tone::Error => ("error", "\u{1b}[1;31m"),
            Tone::Warning => ("warning", "\u{1b}[1;33m"),
            Tone::Help => ("  help", "\u{1b}[1;36m"),
        };
        // The first line stands behind the word.
        let text = harmless(text);
        let text = text.trim_end_matches('\n');
        let line = if self.stderr_colour {
            format!("{ink}{word}:\u{1b}[0m {text}\n")
        } else {
            format!("{word}: {text}\n")
        };
        talk(&line);
    }
}

/// Talk that nobody hears is no reason to stop.
pub(super) fn talk(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Finished lines, none of which steers a terminal or speaks to the machine that reads the log.
fn harmless(text: &str) -> String {
    let text = escape::lines(text);
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.split('\n') {
        out.push_str(&escape::guard(line));
        out.push('\n');
    }
    out
}

/// The same JSON, with `\u` escapes for what must not reach a terminal.
pub(super) fn harmless_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c == '\n' || !escape::is_unsafe(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_a_workflow_command() {
        assert_eq!(harmless("a::b"), "a::b\n");
        assert_eq!(harmless("::stop-commands::x"), "\\u{3a}:stop-commands::x\n");
        assert_eq!(
            harmless("a\n \t::error::x\u{1b}[2J\n"),
            "a\n \\u{9}::error::x\\u{1b}[2J\n\n"
        );
        assert_eq!(harmless("a\n  ::error::x"), "a\n  \\u{3a}:error::x\n");
    }

    #[test]
    fn json_keeps_its_meaning_and_loses_its_teeth() {
        let wild = "a\u{9b}2J\u{202e}b\u{e0001}";
        let json = serde_json::to_string(wild).expect("text");
        let tame = harmless_json(&json);
        assert!(tame.chars().all(|c| !escape::is_unsafe(c)));
        let back: String = serde_json::from_str(&tame).expect("still JSON");
        assert_eq!(back, wild);
    }
}
