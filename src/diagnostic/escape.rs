//! Foreign text made harmless: no control or direction character reaches a terminal. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that could move a cursor, hide text or turn its direction
/// written as `\u{…}`. Line breaks and tabs become `\n`, `\r`, `\t`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else {
        return Cow::Borrowed(text);
    };
    let mut safe = String::with_capacity(text.len() + 8);
    safe.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// As [`escape`], cut to `most` characters with an ellipsis.
pub fn escape_short(text: &str, most: usize) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(most).collect();
    let mut safe = escape(&head).into_owned();
    if chars.next().is_some() {
        safe.push('…');
    }
    safe
}

/// A line of source text with every dangerous character replaced by a harmless one of the same
/// length in bytes, so that offsets into it stay true.
pub(super) fn same_length(text: &str) -> String {
    text.chars()
        .map(
            |c| match (is_unsafe(c) && c != '\t' && c != '\n', c.len_utf8()) {
                (false, _) => Cow::Owned(c.to_string()),
                (true, 1) => Cow::Borrowed("?"),
                (true, 2) => Cow::Borrowed("¿"),
                (true, 3) => Cow::Borrowed("\u{fffd}"),
                (true, _) => Cow::Borrowed("¿¿"),
            },
        )
        .collect()
}

/// Whether a character could move a cursor, hide text or turn its direction: controls, direction
/// marks and overrides, line separators, invisible joiners and fillers, byte order marks, variation
/// selectors, interlinear marks and tags.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_dangerous_remains() {
        assert_eq!(
            escape("a\u{1b}[31mb\u{202e}c\n"),
            "a\\u{1b}[31mb\\u{202e}c\\n"
        );
        assert!(matches!(escape("plain ünïcode"), Cow::Borrowed(_)));
        assert_eq!(escape_short("abcdef", 3), "abc…");
    }

    #[test]
    fn same_length_keeps_every_offset() {
        let foreign = "a\u{7}b\u{85}c\u{202e}d\u{e0041}e";
        let safe = same_length(foreign);
        assert_eq!(safe.len(), foreign.len());
        assert_eq!(safe.find('e'), foreign.find('e'));
        assert!(!safe.chars().any(is_unsafe));
    }
}
