//! The body of an HCL block or file: attributes, and blocks by their labels. Pure.
//!
//! A labelled block is an entry of the map with the plural name: `stamp "a" {}` is `stamps: {a: {}}`.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::structure::Block;
use hcl_edit::structure::Body;
use hcl_edit::structure::Structure;

use super::decode::short;
use super::expression::Evaluator;
use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// Blocks with one label, and the map that they are entries of.
pub(crate) const LABELLED: &[(&str, &str)] = &[
    ("subscription", "subscriptions"),
    ("quota_group", "quota_groups"),
    ("capacity_reservation", "capacity_reservations"),
    ("stamp", "stamps"),
    ("pool", "pools"),
    ("tenant", "tenants"),
];

/// Blocks that are items of a list.
const LISTED: &[(&str, &str)] = &[
    ("limit", "limits"),
    ("scale_out", "scale_out"),
    ("scale_in", "scale_in"),
];

/// What makes the entries of a labelled block. Only the body of a file has such blocks.
pub(crate) type Labelled = fn(&Block, &mut Evaluator<'_>) -> Vec<Entry>;

/// The entries of a body.
pub(crate) fn body(
    body: &Body,
    labelled: Option<Labelled>,
    evaluator: &mut Evaluator<'_>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    // What several blocks make together, by key: position in `entries`.
    let mut joined: BTreeMap<&'static str, usize> = BTreeMap::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let key_span = evaluator.span(&attribute.key);
                let value = evaluator.value(&attribute.value);
                entries.push(Entry {
                    key: attribute.key.as_str().into(),
                    key_span,
                    value,
                });
            }
            Structure::Block(block) => {
                let name = block.ident.as_str();
                if labelled.is_some() && matches!(name, "variable" | "locals") {
                    continue;
                }
                if let Some(labelled) = labelled
                    && let Some((_, plural)) = LABELLED.iter().find(|(one, _)| *one == name)
                {
                    let members = labelled(block, evaluator);
                    join(plural, members, block, &mut entries, &mut joined, evaluator);
                } else if let Some((_, plural)) = LISTED
                    .iter()
                    .find(|(one, _)| *one == name && block.labels.is_empty())
                {
                    let span = evaluator.span(&block.ident);
                    let inner = Node::map(
                        evaluator.span(block),
                        self::body(&block.body, None, evaluator),
                    );
                    let member = vec![Entry {
                        key: "".into(),
                        key_span: span,
                        value: inner,
                    }];
                    join(plural, member, block, &mut entries, &mut joined, evaluator);
                } else {
                    entries.push(plain_block(block, evaluator));
                }
            }
        }
    }
    for (key, at) in &joined {
        finish(key, &mut entries[*at], evaluator);
    }
    evaluator.unique(&mut entries);
    entries
}

/// Adds members to the entry that blocks of one kind make together.
fn join(
    key: &'static str,
    members: Vec<Entry>,
    block: &Block,
    entries: &mut Vec<Entry>,
    joined: &mut BTreeMap<&'static str, usize>,
    evaluator: &mut Evaluator<'_>,
) {
    let at = *joined.entry(key).or_insert_with(|| {
        let key_span = evaluator.span(&block.ident);
        entries.push(Entry {
            key: key.into(),
            key_span,
            value: Node::map(key_span, Vec::new()),
        });
        entries.len() - 1
    });
    if let Value::Map(map) = &mut entries[at].value.value
        && let Some(map) = Rc::get_mut(map)
    {
        map.entries.extend(members);
    }
}

/// A list where the members have no names; otherwise a map in which each name stands once.
fn finish(key: &str, entry: &mut Entry, evaluator: &mut Evaluator<'_>) {
    let Value::Map(map) = &entry.value.value else {
        return;
    };
    let mut members = map.entries.clone();
    let value = if LISTED.iter().any(|(_, plural)| *plural == key) {
        Value::List(members.into_iter().map(|m| m.value).collect())
    } else {
        evaluator.unique(&mut members);
        Value::Map(Rc::new(Map { entries: members }))
    };
    entry.value.value = value;
}

/// A block whose labels are keys one inside the other.
fn plain_block(block: &Block, evaluator: &mut Evaluator<'_>) -> Entry {
    let span = evaluator.span(block);
    let mut value = Node::map(span, body(&block.body, None, evaluator));
    for label in block.labels.iter().rev() {
        let key_span = evaluator.span(label);
        value = Node::map(
            span,
            vec![Entry {
                key: label.as_str().into(),
                key_span,
                value,
            }],
        );
    }
    Entry {
        key: block.ident.as_str().into(),
        key_span: evaluator.span(&block.ident),
        value,
    }
}

/// The label of a block that has one.
pub(crate) fn single_label(block: &Block, evaluator: &mut Evaluator<'_>) -> Option<(String, Span)> {
    if let [label] = block.labels.as_slice() {
        let span = evaluator.span(label);
        return Some((label.as_str().to_owned(), span));
    }
    let span = evaluator.span(&block.ident);
    let name = block.ident.as_str();
    evaluator.fail(
        codes::BAD_BLOCK,
        format!(
            "a `{}` block has one label, this one has {}",
            short(name),
            block.labels.len()
        ),
        span,
        &format!("write `{name} \"NAME\" {{ … }}`"),
    );
    None
}
