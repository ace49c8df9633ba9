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
use super::expression::pairs;
use super::hcl_layout::open_quote;
use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use super::variables::Declared;
use super::variables::Kind;
use super::variables::Variables;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
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

/// A file's syntax tree.
pub(crate) struct Parsed {
    pub(crate) source: SourceId,
    pub(crate) body: Body,
}

/// Reads a text's syntax; `None`, once reported, where it has a fault.
pub(crate) fn parse(map: &SourceMap, source: SourceId, found: &mut Diagnostics) -> Option<Parsed> {
    let text = map.text(source);
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Some(Parsed { source, body }),
        Err(error) => {
            let end = text.trim_end().len().saturating_sub(1);
            let at = error.location().offset().min(end);
            found.push(syntax(text, source, at, error.message()));
            None
        }
    }
}

/// The finding for a fault in the syntax, at its cause where that can be told.
fn syntax(text: &str, source: SourceId, at: usize, message: &str) -> Diagnostic {
    let here = |at: usize| Span::new(source, at..at + 1);
    if message.contains("at most") {
        return Diagnostic::error(
            codes::TOO_DEEP,
            format!("an expression is nested too deeply: {message}"),
        )
        .at(here(at), "too deep from here on")
        .help(
            "no key of a manifest is nested deeper than eight; split an expression with `locals`",
        );
    }
    if message.contains("redefined") {
        let word = word_at(text, at);
        let problem =
            Diagnostic::error(codes::DUPLICATE, format!("`{}` stands twice", short(word)))
                .at(Span::new(source, at..at + word.len()), "again here");
        let problem = match first_of(text, at, word) {
            Some(first) => problem.at(Span::new(source, first..first + word.len()), "first here"),
            None => problem,
        };
        return problem.help("keep one of them");
    }
    match open_quote(text).filter(|quote| *quote <= at) {
        Some(quote) => Diagnostic::error(
            codes::HCL_SYNTAX,
            "a text in quotes ends on the line that it begins on",
        )
        .at(here(quote), "this quote is not closed")
        .help("close the quote"),
        None => Diagnostic::error(codes::HCL_SYNTAX, format!("this is not HCL: {message}"))
            .at(here(at), "the text cannot be read on from here"),
    }
}

fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"');
    &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]
}

/// Where a key stands first in the body or object that it stands in again at `at`.
fn first_of(text: &str, at: usize, word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut first = None;
    for (place, c) in text.get(..at)?.char_indices().rev() {
        match c {
            '}' | ']' | ')' => depth += 1,
            '{' | '[' | '(' if depth == 0 => break,
            '{' | '[' | '(' => depth -= 1,
            _ if depth == 0 && !word.is_empty() && text[place..].starts_with(word) => {
                let starts =
                    !text[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
                let assigned = text[place + word.len()..]
                    .trim_start()
                    .starts_with(['=', ':']);
                if starts && assigned {
                    first = Some(place);
                }
            }
            _ => {}
        }
    }
    first
}

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
fn body(body: &Body, top: bool, evaluator: &mut Evaluator<'_>) -> Vec<Entry> {
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
fn single_label(block: &Block, evaluator: &mut Evaluator<'_>) -> Option<(String, Span)> {
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

/// The entry of a labelled block, or the entries that its `for_each` makes.
fn labelled(block: &Block, evaluator: &mut Evaluator<'_>) -> Vec<Entry> {
    let Some((label, key_span)) = single_label(block, evaluator) else {
        return Vec::new();
    };
    let span = evaluator.span(block);
    let Some(attribute) = block.body.get_attribute("for_each") else {
        let value = Node::map(span, body(&block.body, false, evaluator));
        return vec![Entry {
            key: label.into(),
            key_span,
            value,
        }];
    };
    let collection = evaluator.value(&attribute.value);
    let Some(items) = each_items(&collection, evaluator) else {
        return Vec::new();
    };
    let mut rest = block.body.clone();
    rest.remove_attribute("for_each");
    let id = rest.remove_attribute("id");
    let mut made = Vec::with_capacity(items.len());
    for (key, value) in items {
        if !evaluator.spend(1, key_span) {
            break;
        }
        let each = vec![
            Entry {
                key: "key".into(),
                key_span,
                value: key.clone(),
            },
            Entry {
                key: "value".into(),
                key_span,
                value,
            },
        ];
        let each = Node::map(key.span, each);
        let entry = evaluator.with(vec![("each".to_owned(), each)], |evaluator| {
            let name = each_name(&label, id.as_ref(), &key, key_span, evaluator)?;
            let value = Node::map(span, body(&rest, false, evaluator));
            Some(Entry {
                key: name,
                key_span,
                value,
            })
        });
        made.extend(entry);
    }
    made
}

/// What a `for_each` goes over: a map, or a list of texts, each of which is key and value.
fn each_items(collection: &Node, evaluator: &mut Evaluator<'_>) -> Option<Vec<(Node, Node)>> {
    let items = match &collection.value {
        Value::Broken => return None,
        Value::Map(_) => pairs(collection),
        Value::List(items)
            if items
                .iter()
                .all(|i| matches!(i.value, Value::Text(_) | Value::Number(_))) =>
        {
            Some(items.iter().map(|i| (i.clone(), i.clone())).collect())
        }
        _ => None,
    };
    if items.is_none() {
        let problem = format!(
            "`for_each` goes over a map or a set of texts, not {}",
            collection.kind()
        );
        evaluator.fail(
            codes::BAD_FOR_EACH,
            problem,
            collection.span,
            "write a map, or `toset([\"a\", \"b\"])`",
        );
    }
    let items = items?;
    evaluator
        .spend(items.len() as u64, collection.span)
        .then_some(items)
}

/// The id of one of the things that a `for_each` makes: what `id` says, the label with `${…}` put
/// in, or label and key.
fn each_name(
    label: &str,
    id: Option<&Attribute>,
    key: &Node,
    span: Span,
    evaluator: &mut Evaluator<'_>,
) -> Option<Rc<str>> {
    let node = if let Some(id) = id {
        evaluator.value(&id.value)
    } else if label.contains("${") {
        match hcl_edit::parser::parse_template(label) {
            Ok(template) => evaluator.template(template.iter(), span),
            Err(_) => evaluator.fail(
                codes::BAD_EXPRESSION,
                "the label is no template".to_owned(),
                span,
                "write it as in `\"shared-${each.key}\"`",
            ),
        }
    } else {
        match &key.value {
            Value::Text(key) | Value::Number(key) => {
                Node::new(span, Value::Text(format!("{label}-{key}").into()))
            }
            _ => return None,
        }
    };
    match node.value {
        Value::Text(name) | Value::Number(name) => Some(name),
        Value::Broken => None,
        _ => {
            evaluator.fail(
                codes::BAD_FOR_EACH,
                "an id is a text".to_owned(),
                span,
                "let `id` give a text, as in `id = \"shared-${each.key}\"`",
            );
            None
        }
    }
}
