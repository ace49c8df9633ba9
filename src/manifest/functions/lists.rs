//! Functions of lists. Pure.

use super::super::limits;
use super::super::node::Node;
use super::super::node::Value;
use super::super::operators::same;
use super::Answer;
use super::Refused;
use super::list;
use super::text;
use crate::diagnostic::Span;
use std::rc::Rc;

pub(super) fn lists(
    name: &str,
    arguments: &[Node],
    values: &[&Value],
    span: Span,
) -> Option<Answer> {
    use Value::List;
    let one = |value: Value| Node::new(span, value);
    Some(match (name, values) {
        ("length", [List(items)]) => Ok(Value::Number(items.len().to_string().into())),
        ("length", [Value::Map(map)]) => Ok(Value::Number(map.entries.len().to_string().into())),
        ("length", [Value::Text(t)]) => Ok(Value::Number(t.chars().count().to_string().into())),
        ("join", [Value::Text(by), List(items)]) => {
            join(by, items).ok_or(Refused::Arguments("join(\", \", list of texts)"))
        }
        ("split", [Value::Text(by), Value::Text(t)]) if !by.is_empty() => {
            Ok(list(t.split(&**by).map(|part| one(text(part))).collect()))
        }
        ("concat", all) if all.iter().all(|v| matches!(v, List(_))) => {
            let items = all.iter().flat_map(|v| match v {
                List(items) => items.to_vec(),
                _ => Vec::new(),
            });
            Ok(list(items.collect()))
        }
        ("flatten", [List(items)]) => Ok(list(flatten(items))),
        ("compact", [List(items)]) => {
            let empty =
                |v: &Value| matches!(v, Value::Null) || matches!(v, Value::Text(t) if t.is_empty());
            Ok(list(
                items.iter().filter(|i| !empty(&i.value)).cloned().collect(),
            ))
        }
        ("length", _) => Err(Refused::Arguments("length(list, map or text)")),
        ("join", _) => Err(Refused::Arguments("join(\", \", list of texts)")),
        ("split", _) => Err(Refused::Arguments("split(\",\", text)")),
        ("concat" | "flatten" | "compact", _) => Err(Refused::Arguments("concat(list, …)")),
        _ => return items(name, arguments, values),
    })
}

/// Functions that look for items or put them in order.
fn items(name: &str, arguments: &[Node], values: &[&Value]) -> Option<Answer> {
    use Value::List;
    Some(match (name, values) {
        ("contains", [List(items), wanted]) => {
            Ok(Value::Bool(items.iter().any(|i| same(&i.value, wanted))))
        }
        ("index", [List(items), wanted]) => match items.iter().position(|i| same(&i.value, wanted))
        {
            Some(at) => Ok(Value::Number(at.to_string().into())),
            None => Err(Refused::Arguments("index(list, one of its items)")),
        },
        ("distinct" | "tolist", [List(items)]) if name == "tolist" || items.len() <= 2_000 => {
            let mut kept: Vec<Node> = Vec::new();
            for item in items.iter() {
                if name == "tolist" || !kept.iter().any(|k| same(&k.value, &item.value)) {
                    kept.push(item.clone());
                }
            }
            Ok(list(kept))
        }
        ("toset" | "sort", [List(items)]) => {
            sorted(items, name == "toset").ok_or(Refused::Arguments("toset(list of texts)"))
        }
        ("reverse", [List(items)]) => Ok(list(items.iter().rev().cloned().collect())),
        ("element", [List(items), Value::Number(at)]) if !items.is_empty() => {
            match at.parse::<usize>() {
                Ok(at) => Ok(items[at % items.len()].value.clone()),
                Err(_) => Err(Refused::Arguments("element(list, number)")),
            }
        }
        ("slice", [List(items), Value::Number(from), Value::Number(to)]) => {
            match (from.parse::<usize>(), to.parse::<usize>()) {
                (Ok(from), Ok(to)) if from <= to && to <= items.len() => {
                    Ok(list(items[from..to].to_vec()))
                }
                _ => Err(Refused::Arguments("slice(list, from, to)")),
            }
        }
        ("one", [List(items)]) if items.len() <= 1 => {
            Ok(items.first().map_or(Value::Null, |i| i.value.clone()))
        }
        ("coalesce", _) => {
            let empty =
                |v: &Value| matches!(v, Value::Null) || matches!(v, Value::Text(t) if t.is_empty());
            let first = arguments.iter().find(|a| !empty(&a.value));
            first.map(|a| a.value.clone()).ok_or(Refused::Arguments(
                "coalesce(value, …), one of them not empty",
            ))
        }
        ("distinct" | "tolist" | "reverse" | "one", _) => {
            Err(Refused::Arguments("concat(list, …)"))
        }
        ("contains" | "index", _) => Err(Refused::Arguments("contains(list, value)")),
        ("toset" | "sort", _) => Err(Refused::Arguments("toset(list of texts)")),
        ("element", _) => Err(Refused::Arguments("element(list, number)")),
        ("slice", _) => Err(Refused::Arguments("slice(list, from, to)")),
        _ => return None,
    })
}

fn join(by: &str, items: &[Node]) -> Option<Value> {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let (Value::Text(t) | Value::Number(t)) = &item.value else {
            return None;
        };
        if at > 0 {
            out.push_str(by);
        }
        out.push_str(t);
        if out.len() > limits::TEXT_BYTES {
            return None;
        }
    }
    Some(text(out))
}

fn flatten(items: &[Node]) -> Vec<Node> {
    let mut flat = Vec::new();
    for item in items {
        match &item.value {
            Value::List(inner) => flat.extend(flatten(inner)),
            _ => flat.push(item.clone()),
        }
    }
    flat
}

fn sorted(items: &[Node], once: bool) -> Option<Value> {
    let mut texts: Vec<(Rc<str>, Node)> = Vec::with_capacity(items.len());
    for item in items {
        let (Value::Text(t) | Value::Number(t)) = &item.value else {
            return None;
        };
        texts.push((Rc::clone(t), item.clone()));
    }
    texts.sort_by(|a, b| a.0.cmp(&b.0));
    if once {
        texts.dedup_by(|a, b| a.0 == b.0);
    }
    Some(list(texts.into_iter().map(|(_, node)| node).collect()))
}
