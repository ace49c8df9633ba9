//! Labelled blocks, and the ones that a `for_each` makes. Pure.

use super::expression::Evaluator;
use super::hcl_body::body;
use super::hcl_body::single_label;
use super::loops::pairs;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use hcl_edit::structure::Attribute;
use hcl_edit::structure::Block;
use std::rc::Rc;

/// The entry of a labelled block, or the entries that its `for_each` makes.
pub(crate) fn labelled(block: &Block, evaluator: &mut Evaluator<'_>) -> Vec<Entry> {
    let Some((label, key_span)) = single_label(block, evaluator) else {
        return Vec::new();
    };
    let span = evaluator.span(block);
    let Some(attribute) = block.body.get_attribute("for_each") else {
        let value = Node::map(span, body(&block.body, None, evaluator));
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
            let value = Node::map(span, body(&rest, None, evaluator));
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
