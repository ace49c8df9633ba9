//! The kinds of single values: ids, words, whole numbers, durations, texts. Pure.

use std::str::FromStr;

use super::decode::Decode;
use super::decode::Decoder;
use super::decode::nearest;
use super::decode::short;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes;
use crate::model::RegionName;
use crate::model::StampId;
use crate::model::id::BadId;

/// A whole number from zero to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<const MOST: u64>(pub(crate) u64);

/// A number with at most two decimals, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hundredths(pub(crate) u64);

/// A length of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) u64);

/// A text on one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

/// An id of type `T`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id<T>(pub(crate) T);

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region(pub(crate) RegionName);

/// A stamp's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StampRef(pub(crate) StampId);

/// One of the words of `T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

/// A type whose values have words.
pub(crate) trait Words: Copy + 'static {
    /// What one value is, as in `tier`.
    const NAME: &'static str;
    /// Each word with its value; synonyms after the words proper.
    const WORDS: &'static [(&'static str, Self)];
}

/// Declares the words of a type.
macro_rules! words {
    ($type:ty, $name:literal, $($word:literal = $value:ident),* $(,)?) => {
        impl $crate::manifest::scalar::Words for $type {
            const NAME: &'static str = $name;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, <$type>::$value)),*];
        }
    };
}
pub(crate) use words;

/// The most that a whole number can be where nothing smaller is said: 10^12.
pub(crate) const MOST: u64 = 1_000_000_000_000;

impl<const M: u64> Decode for Whole<M> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let Value::Number(text) = &node.value else {
            let quoted = node.as_text().is_some_and(|t| t.parse::<u64>().is_ok());
            let help = quoted.then(|| "write the number without quotes".to_owned());
            return cx.wrong_type(node, key, "a whole number", help);
        };
        let number = whole(text);
        match number {
            Some(number) if number <= M => Some(Self(number)),
            _ => {
                let problem = format!(
                    "`{key}` is a whole number from 0 to {M}, not {}",
                    short(text)
                );
                cx.push(
                    Diagnostic::error(codes::BAD_NUMBER, problem)
                        .at(node.span, "out of range")
                        .help(format!("write a number from 0 to {M}, in digits")),
                );
                None
            }
        }
    }
}

/// Digits, or what an expression gave for a whole number, as `8.0`.
fn whole(text: &str) -> Option<u64> {
    if text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = text.strip_suffix(".0").unwrap_or(text);
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

impl Decode for Hundredths {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let Value::Number(text) = &node.value else {
            return cx.wrong_type(node, key, "a number", None);
        };
        let parsed = hundredths(text);
        if parsed.is_none() {
            let problem = format!(
                "`{key}` is a number from 0 to {MOST} with at most two decimals, not {}",
                short(text)
            );
            cx.push(
                Diagnostic::error(codes::BAD_NUMBER, problem)
                    .at(node.span, "cannot be kept exactly")
                    .help("round it to hundredths, as in `12.5`"),
            );
        }
        parsed.map(Self)
    }
}

/// `12.34` as 1234.
pub(crate) fn hundredths(text: &str) -> Option<u64> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let decimals = decimals.trim_end_matches('0');
    if units.is_empty() || !digits(units) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let units: u64 = units.parse().ok().filter(|units| *units <= MOST)?;
    let rest: u64 = format!("{decimals:0<2}").parse().ok()?;
    Some(units * 100 + rest)
}

impl Decode for Duration {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let parsed = match &node.value {
            Value::Number(text) => whole(text),
            Value::Text(text) => duration(text),
            _ => {
                return cx.wrong_type(
                    node,
                    key,
                    "a duration",
                    Some("write it as in `30m`, `24h` or `1d`".into()),
                );
            }
        };
        let parsed = parsed.filter(|seconds| *seconds <= 3_650 * 86_400);
        if parsed.is_none() {
            cx.push(
                Diagnostic::error(
                    codes::BAD_DURATION,
                    format!("`{key}` is a duration of at most ten years"),
                )
                .at(node.span, "not a duration")
                .help("write it as in `30s`, `30m`, `1h30m`, `24h` or `1d`, or as whole seconds"),
            );
        }
        parsed.map(Self)
    }
}

/// `1h30m` as 5400. Units go from large to small, each once.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut sum: u64 = 0;
    let mut last = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let size = match unit {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if size >= last {
            return None;
        }
        last = size;
        sum = sum.checked_add(count.checked_mul(size)?)?;
        rest = rest[end + unit.len_utf8()..].trim_start();
    }
    Some(sum)
}

impl Decode for Text {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let (Value::Text(text) | Value::Number(text)) = &node.value else {
            let help = matches!(node.value, Value::Bool(_)).then(|| "put it in quotes".to_owned());
            return cx.wrong_type(node, key, "a text", help);
        };
        match text_problem(text) {
            None => Some(Self(text.to_string())),
            Some(problem) => {
                cx.push(
                    Diagnostic::error(codes::BAD_TEXT, format!("`{key}` {problem}"))
                        .at(node.span, "this text")
                        .help("write 1 to 1,024 characters on one line"),
                );
                None
            }
        }
    }
}

/// Why a text is none, if it is none.
pub(crate) fn text_problem(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("is empty")
    } else if text.len() > 1_024 {
        Some("has more than 1,024 bytes")
    } else if text.chars().any(char::is_control) {
        Some("holds a line break or another control character")
    } else {
        None
    }
}

/// Reports a text that is no id.
pub(crate) fn bad_id(
    what: &str,
    text: &str,
    why: &BadId,
    span: crate::diagnostic::Span,
) -> Diagnostic {
    let problem = format!("`{}` cannot be {what}: {why}", short(text));
    let mended: String = text
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .take(63)
        .collect();
    let mended = mended.trim_matches('-');
    let help = if mended.is_empty() {
        "an id is made of `a-z`, `0-9` and `-`, 1 to 63 of them".to_owned()
    } else {
        format!("write `{mended}`, say")
    };
    Diagnostic::error(codes::BAD_ID, problem)
        .at(span, "not an id (X-1)")
        .help(help)
}

/// The text of a node that may be an id, spelt as it stands.
fn id_text<'n>(node: &'n Node, key: &str, cx: &mut Decoder<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text),
        _ => cx.wrong_type(node, key, "an id", None),
    }
}

impl<T: FromStr<Err = BadId>> Decode for Id<T> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let text = id_text(node, key, cx)?;
        match text.parse() {
            Ok(id) => Some(Self(id)),
            Err(why) => {
                cx.push(bad_id(&format!("`{key}`"), text, &why, node.span));
                None
            }
        }
    }
}

impl Decode for Region {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let text = id_text(node, key, cx)?;
        match cx.region(text) {
            Some(region) => Some(Self(region)),
            None => Id::<RegionName>::decode(node, key, cx).map(|id| Self(id.0)),
        }
    }
}

impl Decode for StampRef {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let text = id_text(node, key, cx)?;
        match cx.stamp(text) {
            Some(stamp) => Some(Self(stamp)),
            None => Id::<StampId>::decode(node, key, cx).map(|id| Self(id.0)),
        }
    }
}

impl<T: Words> Decode for Word<T> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let list = || {
            T::WORDS
                .iter()
                .map(|(word, _)| *word)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let Some(text) = node.as_text() else {
            return cx.wrong_type(node, key, &format!("one of: {}", list()), None);
        };
        let value = word::<T>(text);
        if value.is_none() {
            cx.push(unknown_word::<T>(key, text, node.span));
        }
        value.map(Self)
    }
}

/// The value that a word stands for.
pub(crate) fn word<T: Words>(text: &str) -> Option<T> {
    T::WORDS
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
}

/// The finding for a word that a type does not have.
pub(crate) fn unknown_word<T: Words>(
    key: &str,
    text: &str,
    span: crate::diagnostic::Span,
) -> Diagnostic {
    let words = || T::WORDS.iter().map(|(word, _)| *word);
    let all = words().collect::<Vec<_>>().join(", ");
    let problem = format!("`{}` is no {}", short(text), T::NAME);
    let help = match nearest(&text.to_lowercase(), words()) {
        Some(near) => format!("did you mean `{near}`? `{key}` is one of: {all}"),
        None => format!("`{key}` is one of: {all}"),
    };
    Diagnostic::error(codes::UNKNOWN_WORD, problem)
        .at(span, "unknown")
        .help(help)
}

impl Decode for bool {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => cx.wrong_type(node, key, "true or false", None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let told = ["30m", "24h", "1d", "1h30m", "1h 30m", "90s", "0s"].map(duration);
        let meant = [1_800, 86_400, 86_400, 5_400, 5_400, 90, 0].map(Some);
        assert_eq!(told, meant);
        for bad in [
            "",
            "m",
            "30",
            "30x",
            "30m1h",
            "1m1m",
            "99999999999999999999d",
            "1.5h",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn hundredths_are_exact() {
        assert_eq!(
            ["0.5", "12", "12.34", "3.10"].map(hundredths),
            [50, 1_200, 1_234, 310].map(Some)
        );
        assert_eq!(["1.234", "-1", "1e3", ".5", ""].map(hundredths), [None; 5]);
    }
}
