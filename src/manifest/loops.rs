//! `for`: lists and maps made from lists and maps. Pure.

use super::expression::Evaluator;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use hcl_edit::expr::ForExpr;
use std::collections::BTreeMap;
use std::rc::Rc;

impl Evaluator<'_> {
    pub(super) fn for_each(&mut self, each: &ForExpr, span: Span) -> Node {
        let collection = self.value(&each.intro.collection_expr);
        let items = match pairs(&collection) {
            Some(items) => items,
            None if matches!(collection.value, Value::Broken) => {
                return Node::new(span, Value::Broken);
            }
            None => {
                return self.fail(
                    codes::BAD_EXPRESSION,
                    format!("`for` goes over a list or a map, not {}", collection.kind()),
                    span,
                    "name a list or a map after `in`",
                );
            }
        };
        if !self.spend(items.len() as u64, span) {
            return Node::new(span, Value::Broken);
        }
        let mut list = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in items {
            let mut names = vec![(each.intro.value_var.value().as_str().to_owned(), value)];
            if let Some(name) = &each.intro.key_var {
                names.push((name.value().as_str().to_owned(), key));
            }
            let stop = self.with(names, |this| {
                this.one_of_each(each, span, &mut list, &mut entries)
                    .is_none()
            });
            if stop {
                return Node::new(span, Value::Broken);
            }
        }
        if each.key_expr.is_none() {
            return Node::new(span, Value::List(list.into()));
        }
        if each.grouping {
            entries = group(entries);
        } else {
            self.unique(&mut entries);
        }
        Node::map(span, entries)
    }

    /// What `for` makes of one item, unless its condition leaves it out; `None` ends the loop.
    fn one_of_each(
        &mut self,
        each: &ForExpr,
        span: Span,
        list: &mut Vec<Node>,
        entries: &mut Vec<Entry>,
    ) -> Option<()> {
        if let Some(cond) = &each.cond {
            match self.value(&cond.expr).value {
                Value::Bool(true) => {}
                Value::Bool(false) => return Some(()),
                Value::Broken => return None,
                _ => {
                    self.fail(
                        codes::BAD_EXPRESSION,
                        "a condition is true or false".into(),
                        span,
                        "compare something after `if`",
                    );
                    return None;
                }
            }
        }
        let value = self.value(&each.value_expr);
        match &each.key_expr {
            None => list.push(value),
            Some(key) => match self.value(key).value {
                Value::Text(key) | Value::Number(key) => entries.push(Entry {
                    key,
                    key_span: span,
                    value,
                }),
                Value::Broken => return None,
                _ => {
                    self.fail(
                        codes::BAD_EXPRESSION,
                        "a key is a text".into(),
                        span,
                        "let the part before `=>` give a text",
                    );
                    return None;
                }
            },
        }
        (self.left > 0).then_some(())
    }
}

/// Keys and values of a list or a map, as `for` and `for_each` see them.
pub(crate) fn pairs(of: &Node) -> Option<Vec<(Node, Node)>> {
    match &of.value {
        Value::List(items) => {
            let numbered = items.iter().enumerate();
            Some(
                numbered
                    .map(|(at, item)| {
                        (
                            Node::new(item.span, Value::Number(at.to_string().into())),
                            item.clone(),
                        )
                    })
                    .collect(),
            )
        }
        Value::Map(map) => {
            let key = |entry: &Entry| Node::new(entry.key_span, Value::Text(Rc::clone(&entry.key)));
            Some(
                map.entries
                    .iter()
                    .map(|entry| (key(entry), entry.value.clone()))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Values of one key in one list, as `...` after a `for` value asks for.
fn group(entries: Vec<Entry>) -> Vec<Entry> {
    let mut groups: BTreeMap<Rc<str>, (Span, Vec<Node>)> = BTreeMap::new();
    for entry in entries {
        groups
            .entry(entry.key)
            .or_insert((entry.key_span, Vec::new()))
            .1
            .push(entry.value);
    }
    groups
        .into_iter()
        .map(|(key, (key_span, values))| Entry {
            key,
            key_span,
            value: Node::new(key_span, Value::List(values.into())),
        })
        .collect()
}
