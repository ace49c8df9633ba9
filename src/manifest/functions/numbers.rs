//! Functions of numbers. Pure.

use super::super::node::Node;
use super::super::node::Value;
use super::super::operators::number;
use super::super::operators::spelt;
use super::Answer;
use super::Refused;
use crate::diagnostic::Span;

pub(super) fn numbers(name: &str, values: &[&Value], span: Span) -> Option<Answer> {
    let all = || {
        let items: Vec<&Value> = match values {
            [Value::List(items)] => items.iter().map(|item| &item.value).collect(),
            _ => values.to_vec(),
        };
        items
            .iter()
            .map(|v| match v {
                Value::Number(n) => number(n),
                _ => None,
            })
            .collect::<Option<Vec<f64>>>()
            .filter(|all| !all.is_empty())
    };
    let usage = match name {
        "max" | "min" | "sum" => "max(number, …)",
        "abs" | "ceil" | "floor" => "abs(number)",
        "tonumber" => "tonumber(text)",
        "range" => "range(from, to)",
        _ => return None,
    };
    let result = match (name, values) {
        ("tonumber", [Value::Number(t) | Value::Text(t)]) => number(t).and_then(spelt),
        ("range", _) => return Some(range(values, span).ok_or(Refused::Arguments(usage))),
        ("max", _) => all().and_then(|all| spelt(all.into_iter().fold(f64::MIN, f64::max))),
        ("min", _) => all().and_then(|all| spelt(all.into_iter().fold(f64::MAX, f64::min))),
        ("sum", _) => all().and_then(|all| spelt(all.into_iter().sum())),
        ("abs", [Value::Number(n)]) => number(n).and_then(|n| spelt(n.abs())),
        ("ceil", [Value::Number(n)]) => number(n).and_then(|n| spelt(n.ceil())),
        ("floor", [Value::Number(n)]) => number(n).and_then(|n| spelt(n.floor())),
        _ => None,
    };
    Some(
        result
            .map(|n| Value::Number(n.into()))
            .ok_or(Refused::Arguments(usage)),
    )
}

/// The most numbers that `range` makes.
const LONGEST_RANGE: i64 = 100_000;

fn range(values: &[&Value], span: Span) -> Option<Value> {
    let numbers: Vec<i64> = values
        .iter()
        .map(|v| match v {
            Value::Number(n) => n.parse().ok(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (from, to, step) = match numbers[..] {
        [to] => (0, to, 1),
        [from, to] => (from, to, if from <= to { 1 } else { -1 }),
        [from, to, step] if step != 0 => (from, to, step),
        _ => return None,
    };
    let count = to.checked_sub(from)?.checked_div(step)?;
    if count > LONGEST_RANGE {
        return None;
    }
    let mut items = Vec::new();
    let mut at = from;
    while (step > 0 && at < to) || (step < 0 && at > to) {
        items.push(at);
        at = at.checked_add(step)?;
    }
    let number = |n: i64| Node::new(span, Value::Number(n.to_string().into()));
    Some(Value::List(items.into_iter().map(number).collect()))
}
