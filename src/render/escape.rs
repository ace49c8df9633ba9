//! Makes foreign text harmless where it is shown: a terminal, a CI log, Markdown, HTML, a
//! workflow command. Pure.
//!
//! Names, reasons and cloud messages come from outside. What could steer a terminal, hide or
//! reorder text, or speak to the machine that reads the log is written as `\u{..}` (T8, T10).

use std::borrow::Cow;
use std::fmt::Write as _;

pub use crate::diagnostic::escape::is_unsafe;

/// One line for a terminal or a log: no control character, no invisible or reordering character,
/// no line break, no workflow command. The original can be read back: `\u{..}` always stands for
/// the character with that number.
pub fn line(text: &str) -> Cow<'_, str> {
    rewrite(text, false)
}

/// Several lines for a terminal or a log: as [`line()`], but line breaks stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    rewrite(text, true)
}

/// A finished line of output that cannot begin a workflow command: `::` as its first visible
/// characters is what GitHub's runner obeys.
pub fn guard(line: &str) -> Cow<'_, str> {
    let blank = line.len() - line.trim_start().len();
    match line.get(blank..) {
        Some(rest) if rest.starts_with("::") => {
            Cow::Owned(format!("{}\\u{{3a}}{}", &line[..blank], &rest[1..]))
        }
        _ => Cow::Borrowed(line),
    }
}

fn rewrite(text: &str, keep_breaks: bool) -> Cow<'_, str> {
    let plain = |c: char| !is_unsafe(c) && c != '\\' && c != '#';
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        let harmless = match c {
            '\n' if keep_breaks => true,
            // Otherwise a text that spells an escape would look like the character itself.
            '\\' => !rest.starts_with("\\u{"),
            // Azure Pipelines and GitHub's older syntax look for these anywhere in a line.
            '#' => !(out.ends_with('#') && (rest.starts_with("#[") || rest.starts_with("#vso["))),
            _ => !is_unsafe(c),
        };
        if harmless {
            out.push(c);
        } else {
            push_escaped(&mut out, c);
        }
    }
    Cow::Owned(out)
}

fn push_escaped(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// Prose inside Markdown: harmless where it can be with backslashes and entities, and in a code
/// span where it cannot (mentions, references and links are made of what is left after decoding).
/// What stands between single backticks becomes a code span.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    if is_active(&text) {
        return span(&text);
    }
    let paired = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    if !paired {
        return prose(&text);
    }
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { span(part) } else { prose(part) })
        .collect()
}

/// [`markdown`] for a cell of a table, which a bar would end even inside a code span.
pub fn cell(text: &str) -> String {
    markdown(text).replace('|', "\\|")
}

/// A Markdown code span that its content cannot leave.
pub fn code(text: &str) -> String {
    span(&line(text))
}

fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' | '#' | '$' | '^' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Whether GitHub would make a mention, a reference or a link of the text even when its
/// characters are written as entities.
fn is_active(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let reference = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'#' && pair[1].is_ascii_digit());
    let links = ["://", "www.", "gh-", "mailto:", "xmpp:"];
    text.contains('@') || reference || links.iter().any(|link| lower.contains(link))
}

fn span(text: &str) -> String {
    if text.is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(text, '`') + 1);
    let edge = text.starts_with('`') || text.ends_with('`') || text.trim().len() != text.len();
    let pad = if edge { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A fenced Markdown block whose fence is longer than any run of backticks within.
pub fn fenced(language: &str, content: &str) -> String {
    let fence = "`".repeat((longest_run(content, '`') + 1).max(3));
    let content = content.trim_end_matches('\n');
    format!("{fence}{language}\n{content}\n{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Text inside HTML, in an element or in a quoted attribute.
pub fn html(text: &str) -> String {
    let text = lines(text);
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// The message of a GitHub workflow command: one line after the other.
pub fn command_message(message: &[&str]) -> String {
    let safe: Vec<String> = message
        .iter()
        .map(|text| line(text).replace('%', "%25"))
        .collect();
    safe.join("%0A")
}

/// A property of a GitHub workflow command, as in `title=`.
pub fn command_property(text: &str) -> String {
    line(text)
        .replace('%', "%25")
        .replace(':', "%3A")
        .replace(',', "%2C")
}

/// A quoted string of the DOT language.
pub fn dot(text: &str) -> String {
    let text = line(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_back(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("\\u{") {
            out.push_str(&rest[..at]);
            let tail = &rest[at + 3..];
            let end = tail.find('}').expect("an escape ends");
            let number = u32::from_str_radix(&tail[..end], 16).expect("hexadecimal");
            out.push(char::from_u32(number).expect("a character"));
            rest = &tail[end + 1..];
        }
        out.push_str(rest);
        out
    }

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(line("a\u{1b}[2Jb\r\n"), "a\\u{1b}[2Jb\\u{d}\\u{a}");
        assert_eq!(
            line("\u{202e}gpj\u{200b}\u{9b}"),
            "\\u{202e}gpj\\u{200b}\\u{9b}"
        );
        assert_eq!(line("\\u{1b}"), "\\u{5c}u{1b}");
        assert_eq!(lines("a\nb\t"), "a\nb\\u{9}");
    }

    #[test]
    fn a_log_line_cannot_speak_to_the_runner() {
        assert_eq!(
            guard("  ::set-env name=A::b"),
            "  \\u{3a}:set-env name=A::b"
        );
        assert_eq!(
            line("x ##vso[task.setvariable]"),
            "x #\\u{23}vso[task.setvariable]"
        );
        assert_eq!(line("###[group]"), "##\\u{23}[group]");
        assert_eq!(line("## heading"), "## heading");
    }

    #[test]
    fn markdown_keeps_its_reader_safe() {
        assert_eq!(markdown("a <b> | *c*"), "a &lt;b&gt; &#124; \\*c\\*");
        assert_eq!(markdown("ask @octocat"), "`ask @octocat`");
        assert_eq!(
            markdown("see https://evil.example"),
            "`see https://evil.example`"
        );
        assert_eq!(code("a`` b"), "```a`` b```");
        assert_eq!(
            markdown("raise `limits.tenants_moved`"),
            "raise `limits.tenants_moved`"
        );
        assert_eq!(markdown("\u{1b}@a"), "`\\u{1b}@a`");
        assert_eq!(cell("@a|b"), "`@a\\|b`");
        assert!(fenced("text", "````\nx").starts_with("`````text\n"));
    }

    #[test]
    fn a_workflow_command_keeps_to_its_line() {
        let message = command_message(&["100%", "a\n::warning::x"]);
        assert_eq!(message, "100%25%0Aa\\u{a}::warning::x");
        assert_eq!(command_property("a:b,c\n"), "a%3Ab%2Cc\\u{a}");
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_can_be_read_back(text in any::<String>()) {
            let shown = line(&text);
            prop_assert!(!shown.chars().any(is_unsafe));
            prop_assert!(!shown.contains("##[") && !shown.contains("##vso["));
            prop_assert_eq!(read_back(&shown), text);
        }

        #[test]
        fn a_code_span_ends_where_it_should(text in "[`|a @<\\\\\n]{0,20}") {
            let span = code(&text);
            let fence = span.len() - span.trim_start_matches('`').len();
            let inner = &span[fence..span.len() - fence];
            prop_assert!(span == "` `" || longest_run(inner, '`') < fence);
            prop_assert!(!span.contains('\n'));
        }
    }
}
