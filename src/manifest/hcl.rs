//! HCL into nodes: a file's variables, locals and document. Pure.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Attribute;
use hcl_edit::structure::Structure;

use super::decode::short;
use super::decode::unknown_key;
use super::expression::Evaluator;
use super::expression::Local;
use super::hcl_body::body;
use super::hcl_body::single_label;
use super::hcl_each::labelled;
use super::hcl_syntax::Parsed;
use super::node::Node;
use super::node::Value;
use super::variables::Declared;
use super::variables::Kind;
use super::variables::Variables;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

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
    let entries = body(&parsed.body, Some(labelled), evaluator);
    Node::map(span, entries)
}
