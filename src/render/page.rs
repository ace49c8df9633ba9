//! The text under construction: width, colour, wrapping, and the one place where what is shown
//! on a terminal is made harmless. Pure.

use unicode_width::UnicodeWidthStr;

use super::escape;

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Columns of the terminal. Lines are broken at blanks; a long name is never cut.
    pub width: usize,
    /// Whether colours are used. They repeat what signs and words say already.
    pub colour: bool,
    /// Whether every tenant is listed, however many there are.
    pub full: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            width: 100,
            colour: false,
            full: false,
        }
    }
}

/// The narrowest page; below it nothing useful could be set.
const NARROWEST: usize = 40;

/// What a piece of text means, so that it can have a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Nothing special.
    Plain,
    /// A heading.
    Heading,
    /// Something is lost or refused.
    Loss,
    /// Something is made.
    Gain,
    /// Something changes or needs attention.
    Care,
    /// Less important.
    Faint,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Loss => "\u{1b}[31m",
            Self::Gain => "\u{1b}[32m",
            Self::Care => "\u{1b}[33m",
            Self::Faint => "\u{1b}[2m",
        }
    }
}

/// Text under construction. Everything that is added is escaped here, so that no renderer can
/// forget it.
#[derive(Debug)]
pub struct Page {
    out: String,
    setting: Setting,
}

impl Page {
    /// An empty page.
    pub fn new(setting: Setting) -> Self {
        let width = setting.width.max(NARROWEST);
        Self {
            out: String::new(),
            setting: Setting { width, ..setting },
        }
    }

    /// Whether every tenant is listed.
    pub fn is_full(&self) -> bool {
        self.setting.full
    }

    /// A blank line, unless the page is empty or has one already.
    pub fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A heading, with a blank line before it.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.item(0, "", Ink::Heading, text);
    }

    /// A paragraph.
    pub fn line(&mut self, indent: usize, text: &str) {
        self.item(indent, "", Ink::Plain, text);
    }

    /// A line that is set as it is: a table's or a difference's.
    pub fn raw(&mut self, indent: usize, ink: Ink, text: &str) {
        let text = format!("{}{}", " ".repeat(indent), escape::line(text));
        self.emit(text.trim_end(), ink, 0);
    }

    /// Lines of a [`super::table::Table`], which has escaped its cells.
    pub fn table(&mut self, indent: usize, table: &super::table::Table) {
        for (at, line) in table.lines().iter().enumerate() {
            let ink = if at == 0 { Ink::Faint } else { Ink::Plain };
            let line = format!("{}{line}", " ".repeat(indent));
            self.emit(&line, ink, 0);
        }
    }

    /// A paragraph after a marker, in the marker's column; following lines hang beneath the text.
    /// With a marker only the marker is coloured, without one the text is.
    pub fn item(&mut self, indent: usize, marker: &str, ink: Ink, text: &str) {
        let marker = escape::line(marker).into_owned();
        let lead = " ".repeat(indent);
        let hang = indent
            + if marker.is_empty() {
                0
            } else {
                marker.width() + 1
            };
        let text = escape::line(text);
        let room = self.setting.width.saturating_sub(hang).max(NARROWEST / 2);
        let inked = if marker.is_empty() {
            0
        } else {
            indent + marker.len()
        };
        for (at, words) in wrap(&text, room).into_iter().enumerate() {
            let blank = " ".repeat(hang);
            match (at, marker.is_empty()) {
                (0, false) => self.emit(format!("{lead}{marker} {words}").trim_end(), ink, inked),
                (_, false) => self.emit(&format!("{blank}{words}"), Ink::Plain, 0),
                (_, true) => self.emit(&format!("{lead}{words}"), ink, 0),
            }
        }
    }

    /// Writes one line. `only` colours that many bytes from the start; 0 colours all of it.
    fn emit(&mut self, line: &str, ink: Ink, only: usize) {
        let line = escape::guard(line);
        if self.setting.colour && ink != Ink::Plain {
            let end = if only == 0 {
                line.len()
            } else {
                only.min(line.len())
            };
            let (inked, rest) = line.split_at_checked(end).unwrap_or((&line, ""));
            self.out.push_str(ink.code());
            self.out.push_str(inked);
            self.out.push_str("\u{1b}[0m");
            self.out.push_str(rest);
        } else {
            self.out.push_str(&line);
        }
        self.out.push('\n');
    }

    /// The page's text.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Breaks a text at blanks into lines of at most `room` columns; a longer word stays whole.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut words = text.split(' ');
    let mut line = words.next().unwrap_or_default().to_owned();
    let mut used = line.width();
    for word in words {
        let width = word.width();
        if used > 0 && used + 1 + width > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_hangs_beneath_its_marker() {
        let mut page = Page::new(Setting {
            width: 40,
            ..Setting::default()
        });
        page.item(
            2,
            "-",
            Ink::Loss,
            "retire stamp shared-eastus2-001 because the manifest says so",
        );
        assert_eq!(
            page.finish(),
            "  - retire stamp shared-eastus2-001\n    because the manifest says so\n"
        );
    }

    #[test]
    fn a_wrapped_line_is_no_workflow_command() {
        let mut page = Page::new(Setting {
            width: 40,
            ..Setting::default()
        });
        page.line(
            0,
            "a reason that is long enough to wrap ::add-mask::x and on",
        );
        assert!(page.finish().contains("\n\\u{3a}:add-mask::x and on\n"));
    }

    #[test]
    fn colour_repeats_what_the_sign_says() {
        let set = |colour| {
            let mut page = Page::new(Setting {
                colour,
                ..Setting::default()
            });
            page.item(2, "-", Ink::Loss, "gone");
            page.finish()
        };
        assert_eq!(set(true), "\u{1b}[31m  -\u{1b}[0m gone\n");
        assert_eq!(set(false), "  - gone\n");
    }
}
