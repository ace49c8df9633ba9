//! Calls of functions. Pure.

use super::decode::nearest;
use super::decode::short;
use super::expression::Evaluator;
use super::functions;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &hcl_edit::expr::FuncCall, span: Span) -> Node {
        let name = call.name.name.value().as_str();
        let mut arguments: Vec<Node> = call
            .args
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        if call.args.expand_final()
            && let Some(last) = arguments.pop()
        {
            match last.value {
                Value::List(items) => arguments.extend(items.iter().cloned()),
                _ => {
                    return self.fail(
                        codes::BAD_CALL,
                        "`...` follows a list".into(),
                        span,
                        "write the arguments one by one",
                    );
                }
            }
        }
        if arguments.iter().any(|a| matches!(a.value, Value::Broken)) {
            return Node::new(span, Value::Broken);
        }
        let size: u64 = arguments.iter().map(size).sum();
        let deep = matches!(name, "flatten" | "contains" | "index" | "distinct");
        if !self.spend(size, span) || (deep && !arguments.iter().all(|a| self.weigh(a, span))) {
            return Node::new(span, Value::Broken);
        }
        match functions::call(name, &arguments, span) {
            Ok(Value::Text(text)) => {
                let value = self.text(&text, span);
                Node::new(span, value)
            }
            Ok(value) => {
                let node = Node::new(span, value);
                if self.weigh(&node, span) {
                    node
                } else {
                    Node::new(span, Value::Broken)
                }
            }
            Err(functions::Refused::Unknown) => {
                let help = match nearest(name, functions::NAMES.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", functions::NAMES.join(", ")),
                };
                self.fail(
                    codes::UNKNOWN_FUNCTION,
                    format!("there is no function `{}`", short(name)),
                    span,
                    &help,
                )
            }
            Err(functions::Refused::Arguments(usage)) => self.fail(
                codes::BAD_CALL,
                format!("`{name}` cannot take these arguments"),
                span,
                &format!("it is called as `{usage}`"),
            ),
        }
    }
}

fn size(node: &Node) -> u64 {
    match &node.value {
        Value::List(items) => 1 + items.len() as u64,
        Value::Map(map) => 1 + map.entries.len() as u64,
        Value::Text(text) => 1 + text.len() as u64 / 64,
        _ => 1,
    }
}
