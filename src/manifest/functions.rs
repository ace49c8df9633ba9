//! The functions of HCL expressions: those of Terraform that need no file, no clock, no dice.

mod lists;
mod maps;
mod numbers;
mod texts;

use std::rc::Rc;

use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;

/// Why a call gave nothing.
pub(crate) enum Refused {
    /// There is no such function.
    Unknown,
    /// It cannot take these arguments; how it is called.
    Arguments(&'static str),
}

/// Every function.
pub(crate) const NAMES: &[&str] = &[
    "abs",
    "ceil",
    "coalesce",
    "compact",
    "concat",
    "contains",
    "distinct",
    "element",
    "endswith",
    "flatten",
    "floor",
    "format",
    "index",
    "join",
    "keys",
    "length",
    "lookup",
    "lower",
    "max",
    "merge",
    "min",
    "one",
    "range",
    "replace",
    "reverse",
    "slice",
    "sort",
    "split",
    "startswith",
    "substr",
    "sum",
    "title",
    "tobool",
    "tolist",
    "tomap",
    "tonumber",
    "toset",
    "tostring",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "values",
    "zipmap",
];

type Answer = Result<Value, Refused>;

/// Calls a function. Arguments are whole: none is broken.
pub(crate) fn call(name: &str, arguments: &[Node], span: Span) -> Answer {
    let values: Vec<&Value> = arguments.iter().map(|a| &a.value).collect();
    if let Some(answer) = texts::texts(name, &values) {
        return answer;
    }
    if let Some(answer) = numbers::numbers(name, &values, span) {
        return answer;
    }
    if let Some(answer) = lists::lists(name, arguments, &values, span) {
        return answer;
    }
    maps::maps(name, arguments, &values, span).unwrap_or(Err(Refused::Unknown))
}

fn text(text: impl Into<Rc<str>>) -> Value {
    Value::Text(text.into())
}

fn list(items: Vec<Node>) -> Value {
    Value::List(items.into())
}
