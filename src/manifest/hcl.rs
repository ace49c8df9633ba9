//! HCL into nodes: attributes, blocks with labels, `for_each`, variables and locals. Pure.
//!
//! A labelled block is an entry of the map with the plural name: `stamp "a" {}` is `stamps: {a: {}}`.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Attribute;
use hcl_edit::structure::Block;
use hcl_edit::structure::Body;
use hcl_edit::structure::Structure;

use super::decode::short;
use super::decode::unknown_key;
use super::expression::Evaluator;
use super::expression::Local;
use super::hcl_each::labelled;
use super::hcl_syntax::Parsed;
use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use super::variables::Declared;
use super::variables::Kind;
use super::variables::Variables;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
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

/// Takes the `variable` blocks of a file.
pub(crate) fn declare(
    parsed: &Parsed,
    overlay: bool,
    variables: &mut Variables,
    found: &mut Diagnostics,
) {
    let none = Variables::default();
    for block in parsed.body.get_blocks("variable") {
        let mut constant = Evaluator::new(parsed.source, found, &none, BTreeMap::new(), 0);
        let Some((name, span)) = single_label(block, &mut constant) else {
            continue;
        };
        let mut declared = Declared {
            span,
            kind: Kind::Any,
            default: None,
        };
        for structure in &block.body {
            let Structure::Attribute(attribute) = structure else {
                continue;
            };
            match attribute.key.as_str() {
                "default" => {
                    let value = constant.value(&attribute.value);
                    declared.default = (!matches!(value.value, Value::Null)).then_some(value);
                }
                "type" => declared.kind = kind(attribute, &mut constant),
                "description" | "nullable" | "sensitive" => {}
                other => {
                    let span = constant.span(&attribute.key);
                    constant.found.push(unknown_key(
                        other,
                        span,
                        "variable",
                        &["type", "default", "description"],
                    ));
                }
            }
        }
        variables.declare(&name, declared, overlay, found);
    }
}

fn kind(attribute: &Attribute, evaluator: &mut Evaluator<'_>) -> Kind {
    let word = match &attribute.value {
        Expression::Variable(name) => name.as_str().to_owned(),
        Expression::FuncCall(call) => call.name.name.as_str().to_owned(),
        Expression::String(text) => text.as_str().to_owned(),
        _ => String::new(),
    };
    if let Some(kind) = Kind::of(&word) {
        kind
    } else {
        let span = evaluator.span(&attribute.value);
        evaluator.fail(
            codes::UNKNOWN_WORD,
            format!("`{}` is no type of a variable", short(&word)),
            span,
            "a type is one of: string, number, bool, list(…), map(…), any",
        );
        Kind::Any
    }
}

/// Takes the `locals` of a file.
pub(crate) fn locals<'p>(
    parsed: &'p Parsed,
    into: &mut BTreeMap<String, Local<'p>>,
    found: &mut Diagnostics,
) {
    for block in parsed.body.get_blocks("locals") {
        for structure in &block.body {
            let Structure::Attribute(attribute) = structure else {
                continue;
            };
            let key = Span::new(
                parsed.source,
                hcl_edit::Span::span(&attribute.key).unwrap_or(0..0),
            );
            let local = Local {
                source: parsed.source,
                key,
                expression: &attribute.value,
            };
            if let Some(first) = into.get(attribute.key.as_str()) {
                found.push(
                    Diagnostic::error(
                        codes::DUPLICATE,
                        format!("`local.{}` stands twice", short(attribute.key.as_str())),
                    )
                    .at(key, "again here")
                    .at(first.key, "first here")
                    .help("keep one of them"),
                );
                continue;
            }
            into.insert(attribute.key.as_str().to_owned(), local);
        }
    }
}

/// The document that a file means.
pub(crate) fn document(parsed: &Parsed, length: usize, evaluator: &mut Evaluator<'_>) -> Node {
    evaluator.source = parsed.source;
    let span = Span::new(parsed.source, 0..length);
    let entries = body(&parsed.body, true, evaluator);
    Node::map(span, entries)
}

/// The entries of a body.
pub(crate) fn body(body: &Body, top: bool, evaluator: &mut Evaluator<'_>) -> Vec<Entry> {
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
                if top && matches!(name, "variable" | "locals") {
                    continue;
                }
                if let Some((_, plural)) = LABELLED.iter().find(|(one, _)| top && *one == name) {
                    let members = labelled(block, evaluator);
                    join(plural, members, block, &mut entries, &mut joined, evaluator);
                } else if let Some((_, plural)) = LISTED
                    .iter()
                    .find(|(one, _)| *one == name && block.labels.is_empty())
                {
                    let span = evaluator.span(&block.ident);
                    let inner = Node::map(
                        evaluator.span(block),
                        self::body(&block.body, false, evaluator),
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
    let mut value = Node::map(span, body(&block.body, false, evaluator));
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
