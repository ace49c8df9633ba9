//! One tree for both spellings: what YAML and HCL are parsed into, a span on every value.
//!
//! Lists and maps are shared, so an alias or a merged map costs no copy. Pure.

use std::rc::Rc;

use crate::diagnostic::Span;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// A number as it is spelt.
    Number(Rc<str>),
    Text(Rc<str>),
    List(Rc<[Node]>),
    Map(Rc<Map>),
    /// Something that was already reported; nothing more is said of it.
    Broken,
}

/// A map in the order in which it is written; no key stands twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Rc<str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }

    pub(crate) fn map(span: Span, entries: Vec<Entry>) -> Self {
        Self::new(span, Value::Map(Rc::new(Map { entries })))
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Broken => "a broken value",
        }
    }
}

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&Node> {
        self.get(key).map(|entry| &entry.value)
    }
}

/// Pairs of positions with equal keys: the first with each later one. Linear for sorted keys,
/// never quadratic.
pub(crate) fn duplicates(entries: &[Entry]) -> Vec<(usize, usize)> {
    if entries.len() < 2 || entries.is_sorted_by(|a, b| a.key < b.key) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| entries[a].key.cmp(&entries[b].key).then(a.cmp(&b)));
    let mut found = Vec::new();
    let mut first = order[0];
    for &at in &order[1..] {
        if entries[at].key == entries[first].key {
            found.push((first, at));
        } else {
            first = at;
        }
    }
    found
}
