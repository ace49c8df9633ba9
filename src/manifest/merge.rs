//! Several files into one document: parts side by side, and overlays over a base. Pure.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::codes;

/// Keys whose maps are joined by id: each id stands in one file only.
const LABELLED: [&str; 8] = [
    "subscriptions",
    "quota_groups",
    "capacity_reservations",
    "stamps",
    "pools",
    "tenants",
    "variables",
    "locals",
];
/// Keys whose maps are joined all the way down.
const JOINED: [&str; 1] = ["policy"];

/// Joins the parts of a fleet. What stands in two of them is reported with both places.
pub(crate) fn parts(parts: Vec<Node>, found: &mut Diagnostics) -> Option<Node> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?;
    for part in parts {
        whole = join(&whole, &part, Depth::Top, found);
    }
    Some(whole)
}

/// How far down maps are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Top,
    Ids,
    All,
    None,
}

fn join(base: &Node, part: &Node, depth: Depth, found: &mut Diagnostics) -> Node {
    let (Value::Map(a), Value::Map(b)) = (&base.value, &part.value) else {
        return base.clone();
    };
    let mut entries = a.entries.clone();
    let known: BTreeMap<Rc<str>, usize> = entries
        .iter()
        .enumerate()
        .map(|(at, e)| (Rc::clone(&e.key), at))
        .collect();
    for entry in &b.entries {
        let Some(&at) = known.get(&entry.key) else {
            entries.push(entry.clone());
            continue;
        };
        let next = match depth {
            Depth::Top if LABELLED.contains(&&*entry.key) => Depth::Ids,
            Depth::Top if JOINED.contains(&&*entry.key) => Depth::All,
            Depth::All => Depth::All,
            Depth::Top | Depth::Ids | Depth::None => Depth::None,
        };
        let maps = entries[at].value.as_map().is_some() && entry.value.as_map().is_some();
        if maps && next != Depth::None {
            entries[at].value = join(&entries[at].value, &entry.value, next, found);
        } else if matches!(entries[at].value.value, Value::Null) {
            entries[at] = entry.clone();
        } else if !matches!(entry.value.value, Value::Null) {
            twice(&entries[at], entry, found);
        }
    }
    Node::map(base.span, entries)
}

fn twice(first: &Entry, again: &Entry, found: &mut Diagnostics) {
    found.push(
        Diagnostic::error(
            codes::DUPLICATE,
            format!("`{}` stands in two files", super::decode::short(&again.key)),
        )
        .at(again.key_span, "again here")
        .at(first.key_span, "first here")
        .help("keep one of them; what differs between environments belongs in `env/NAME.yaml`"),
    );
}

/// Lays an overlay over a base: maps are joined, everything else is replaced. Another provider
/// replaces the base's, since a fleet has one.
pub(crate) fn overlay(base: &Node, over: &Node) -> Node {
    let other_provider = |map: &Map| {
        let names = |map: &Map| -> Vec<Rc<str>> {
            let provider = map.value("provider").and_then(Node::as_map);
            provider.map_or_else(Vec::new, |p| {
                p.entries.iter().map(|e| Rc::clone(&e.key)).collect()
            })
        };
        let said = over.as_map().map(names).unwrap_or_default();
        !said.is_empty() && said != names(map)
    };
    match base.as_map() {
        Some(map) if other_provider(map) => {
            let kept = map
                .entries
                .iter()
                .filter(|e| &*e.key != "provider")
                .cloned();
            lay(&Node::map(base.span, kept.collect()), over)
        }
        _ => lay(base, over),
    }
}

fn lay(base: &Node, over: &Node) -> Node {
    let (Value::Map(a), Value::Map(b)) = (&base.value, &over.value) else {
        return over.clone();
    };
    let mut entries = a.entries.clone();
    let known: BTreeMap<Rc<str>, usize> = entries
        .iter()
        .enumerate()
        .map(|(at, e)| (Rc::clone(&e.key), at))
        .collect();
    for entry in &b.entries {
        match known.get(&entry.key) {
            Some(&at) => entries[at].value = lay(&entries[at].value, &entry.value),
            None => entries.push(entry.clone()),
        }
    }
    Node::new(base.span, Value::Map(Rc::new(Map { entries })))
}
