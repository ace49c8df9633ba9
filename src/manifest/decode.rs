//! Nodes into typed values. Every fault is reported and reading goes on with the next key. Pure.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;

use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::RegionName;
use crate::model::StampId;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Where faults go, and ids that repeat a million times.
pub(crate) struct Decoder<'a> {
    pub(crate) found: &'a mut Diagnostics,
    regions: BTreeMap<Box<str>, RegionName>,
    stamps: BTreeMap<Box<str>, StampId>,
}

/// A type that a value can be read as.
pub(crate) trait Decode: Sized {
    /// Reads `node`, the value of `key`. `None`: it was reported why not.
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self>;
}

/// A type with named keys.
pub(crate) trait Record: Default {
    /// Every key.
    const KEYS: &'static [&'static str];

    /// Reads one entry; `false` where there is no such key.
    fn set(&mut self, entry: &Entry, cx: &mut Decoder<'_>) -> bool;

    /// Takes note that a key is there, under a wrong name or with a broken value.
    fn broke(&mut self, key: &'static str);
}

/// A map from ids to values of one type, read one by one when asked for.
#[derive(Clone, Debug)]
pub(crate) struct Labelled<T> {
    map: Rc<Map>,
    of: PhantomData<T>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(found: &'a mut Diagnostics) -> Self {
        Self {
            found,
            regions: BTreeMap::new(),
            stamps: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    /// Says that a value has the wrong type. Nothing is said of what was reported before.
    pub(crate) fn wrong_type<T>(
        &mut self,
        node: &Node,
        key: &str,
        wanted: &str,
        help: Option<String>,
    ) -> Option<T> {
        if !matches!(node.value, Value::Broken) {
            let problem = format!("`{key}` is {wanted}, not {}", node.kind());
            let problem = Diagnostic::error(codes::WRONG_TYPE, problem)
                .at(node.span, format!("this is {}", node.kind()));
            self.push(match help {
                Some(help) => problem.help(help),
                None => problem.help(format!("write {wanted}")),
            });
        }
        None
    }

    /// Says that a key is not there, unless it is there and was reported already.
    pub(crate) fn missing(&mut self, broken: &[&str], of: &str, key: &str, span: Span, help: &str) {
        if broken.contains(&key) {
            return;
        }
        let problem = format!("`{}` has no `{key}`", short(of));
        self.push(
            Diagnostic::error(codes::MISSING_KEY, problem)
                .at(span, format!("`{key}` is missing here"))
                .help(help),
        );
    }

    pub(crate) fn region(&mut self, text: &str) -> Option<RegionName> {
        if let Some(known) = self.regions.get(text) {
            return Some(known.clone());
        }
        let region: RegionName = text.parse().ok()?;
        self.regions.insert(text.into(), region.clone());
        Some(region)
    }

    pub(crate) fn stamp(&mut self, text: &str) -> Option<StampId> {
        if let Some(known) = self.stamps.get(text) {
            return Some(known.clone());
        }
        let stamp: StampId = text.parse().ok()?;
        self.stamps.insert(text.into(), stamp.clone());
        Some(stamp)
    }
}

/// Reads a map as a record: unknown keys are reported with the nearest known one.
pub(crate) fn record<T: Record>(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<T> {
    match &node.value {
        Value::Map(map) => {
            let mut record = T::default();
            for entry in &map.entries {
                if !matches!(entry.value.value, Value::Null) && record.set(entry, cx) {
                    continue;
                }
                if !T::KEYS.contains(&&*entry.key) {
                    // A misspelt key is one mistake: the one that it stands for is not missing.
                    if let Some(meant) = nearest(&entry.key, T::KEYS.iter().copied()) {
                        record.broke(T::KEYS.iter().find(|k| **k == meant).copied().unwrap_or(""));
                    }
                    cx.push(unknown_key(&entry.key, entry.key_span, key, T::KEYS));
                }
            }
            Some(record)
        }
        Value::Null => Some(T::default()),
        _ => cx.wrong_type(
            node,
            key,
            "a map",
            Some(format!("its keys are: {}", T::KEYS.join(", "))),
        ),
    }
}

/// Reads the value of a key of a record.
pub(crate) fn field<T: Decode>(entry: &Entry, cx: &mut Decoder<'_>) -> Option<Spanned<T>> {
    let value = T::decode(&entry.value, &entry.key, cx)?;
    Some(Spanned {
        value,
        span: entry.value.span,
    })
}

/// The finding for a key that does not exist.
pub(crate) fn unknown_key(key: &str, span: Span, of: &str, known: &[&str]) -> Diagnostic {
    let place = if of.is_empty() {
        "a manifest".to_owned()
    } else {
        format!("`{of}`")
    };
    let problem = format!("{place} has no key `{}`", short(key));
    let help = match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its keys are: {}", known.join(", ")),
    };
    Diagnostic::error(codes::UNKNOWN_KEY, problem)
        .at(span, "unknown key")
        .help(help)
}

/// The known word that is most like `word`, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let like = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let most = (word.chars().count() / 3).max(1);
    known
        .take(20_000)
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= most)
        .map(|candidate| (like(candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Foreign text for a message: never longer than a line.
pub(crate) fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut head: String = chars.by_ref().take(80).collect();
    if chars.next().is_some() {
        head.push('…');
    }
    head
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        Some(Self {
            value: T::decode(node, key, cx)?,
            span: node.span,
        })
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            // One fault spoils its item, not the list.
            Value::List(items) => Some(
                items
                    .iter()
                    .filter_map(|item| T::decode(item, key, cx))
                    .collect(),
            ),
            _ => cx.wrong_type(
                node,
                key,
                "a list",
                Some("write it between `[` and `]`".to_owned()),
            ),
        }
    }
}

impl<T> Decode for Labelled<T> {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(map) => Some(Self {
                map: Rc::clone(map),
                of: PhantomData,
            }),
            _ => cx.wrong_type(node, key, "a map from ids to values", None),
        }
    }
}

impl<T> Labelled<T> {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.map.entries
    }
}

impl<T: Decode + Default> Labelled<T> {
    /// Reads every value, each with its key.
    pub(crate) fn each(
        &self,
        cx: &mut Decoder<'_>,
        mut take: impl FnMut(&Entry, T, &mut Decoder<'_>),
    ) {
        for entry in &self.map.entries {
            let value = match entry.value.value {
                Value::Null => Some(T::default()),
                _ => T::decode(&entry.value, &entry.key, cx),
            };
            if let Some(value) = value {
                take(entry, value, cx);
            }
        }
    }
}
