//! Parts of values by name, index and splat. Pure.

use super::decode::nearest;
use super::decode::short;
use super::expression::Evaluator;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use hcl_edit::expr::Expression;
use hcl_edit::expr::Traversal;
use hcl_edit::expr::TraversalOperator;

impl Evaluator<'_> {
    pub(super) fn traversal(&mut self, traversal: &Traversal, span: Span) -> Node {
        let mut rest = traversal.operators.as_slice();
        let root = match (&traversal.expr, rest.split_first()) {
            (Expression::Variable(name), Some((first, after)))
                if matches!(name.value().as_str(), "var" | "local") =>
            {
                let TraversalOperator::GetAttr(of) = first.value() else {
                    return self.fail(
                        codes::BAD_EXPRESSION,
                        format!("`{}` is followed by a name", name.value().as_str()),
                        span,
                        "write `var.NAME` or `local.NAME`",
                    );
                };
                rest = after;
                if name.value().as_str() == "var" {
                    self.variables.get(of.value().as_str(), span, self.found)
                } else {
                    self.local(of.value().as_str(), span)
                }
            }
            (root, _) => self.value(root),
        };
        self.steps(root, rest, span)
    }

    fn steps(
        &mut self,
        mut value: Node,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
        span: Span,
    ) -> Node {
        for (at, operator) in operators.iter().enumerate() {
            value = match operator.value() {
                TraversalOperator::GetAttr(name) => {
                    self.index(&value, &Value::Text(name.value().as_str().into()), span)
                }
                TraversalOperator::Index(index) => {
                    let index = self.value(index);
                    self.index(&value, &index.value, span)
                }
                TraversalOperator::LegacyIndex(index) => self.index(
                    &value,
                    &Value::Number(index.value().to_string().into()),
                    span,
                ),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    let rest = &operators[at + 1..];
                    let items: Vec<Node> = match &value.value {
                        Value::List(items) => items.to_vec(),
                        Value::Null => Vec::new(),
                        _ => vec![value.clone()],
                    };
                    if !self.spend(items.len() as u64, span) {
                        return Node::new(span, Value::Broken);
                    }
                    let items = items
                        .into_iter()
                        .map(|item| self.steps(item, rest, span))
                        .collect();
                    return Node::new(span, Value::List(items));
                }
            };
        }
        value
    }

    fn index(&mut self, of: &Node, by: &Value, span: Span) -> Node {
        match (&of.value, by) {
            (Value::Broken, _) | (_, Value::Broken) => Node::new(span, Value::Broken),
            (Value::Map(map), Value::Text(key) | Value::Number(key)) => {
                if let Some(value) = map.value(key) {
                    value.clone()
                } else {
                    let help = match nearest(key, map.entries.iter().map(|e| &*e.key)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => {
                            "`lookup(map, key, default)` gives a default where a key is missing"
                                .to_owned()
                        }
                    };
                    self.fail(
                        codes::BAD_EXPRESSION,
                        format!("the map has no key `{}`", short(key)),
                        span,
                        &help,
                    )
                }
            }
            (Value::List(items), Value::Number(at)) => {
                match at.parse::<usize>().ok().and_then(|at| items.get(at)) {
                    Some(value) => value.clone(),
                    None => self.fail(
                        codes::BAD_EXPRESSION,
                        format!("the list has no item {}", short(at)),
                        span,
                        "items are counted from 0",
                    ),
                }
            }
            _ => self.fail(
                codes::BAD_EXPRESSION,
                format!("{} has no parts to name", of.kind()),
                span,
                "only maps have keys, and lists items",
            ),
        }
    }
}
