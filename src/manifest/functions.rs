//! The functions of HCL expressions: those of Terraform that need no file, no clock, no dice.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::expression::number;
use super::expression::same;
use super::expression::spelt;
use super::limits;
use super::node::Entry;
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
    if let Some(answer) = texts(name, &values) {
        return answer;
    }
    if let Some(answer) = numbers(name, &values, span) {
        return answer;
    }
    if let Some(answer) = lists(name, arguments, &values, span) {
        return answer;
    }
    maps(name, arguments, &values, span).unwrap_or(Err(Refused::Unknown))
}

fn text(text: impl Into<Rc<str>>) -> Value {
    Value::Text(text.into())
}

fn list(items: Vec<Node>) -> Value {
    Value::List(items.into())
}

fn texts(name: &str, values: &[&Value]) -> Option<Answer> {
    use Value::Text;
    Some(match (name, values) {
        ("lower", [Text(t)]) => Ok(text(t.to_lowercase())),
        ("upper", [Text(t)]) => Ok(text(t.to_uppercase())),
        ("title", [Text(t)]) => Ok(text(title(t))),
        ("trimspace", [Text(t)]) => Ok(text(t.trim())),
        ("trimprefix", [Text(t), Text(p)]) => Ok(text(t.strip_prefix(&**p).unwrap_or(t))),
        ("trimsuffix", [Text(t), Text(p)]) => Ok(text(t.strip_suffix(&**p).unwrap_or(t))),
        ("startswith", [Text(t), Text(p)]) => Ok(Value::Bool(t.starts_with(&**p))),
        ("endswith", [Text(t), Text(p)]) => Ok(Value::Bool(t.ends_with(&**p))),
        ("replace", [Text(t), Text(a), Text(b)])
            if a.is_empty() || t.len() / a.len().max(1) * b.len() <= limits::TEXT_BYTES =>
        {
            Ok(if a.is_empty() {
                Text(Rc::clone(t))
            } else {
                text(t.replace(&**a, b))
            })
        }
        ("substr", [Text(t), Value::Number(from), Value::Number(len)]) => {
            match (from.parse::<usize>(), len.parse::<i64>()) {
                (Ok(from), Ok(len)) => {
                    let most = usize::try_from(len).unwrap_or(usize::MAX);
                    Ok(text(t.chars().skip(from).take(most).collect::<String>()))
                }
                _ => Err(Refused::Arguments("substr(text, from, length)")),
            }
        }
        ("tostring", [Text(t) | Value::Number(t)]) => Ok(Text(Rc::clone(t))),
        ("tostring", [Value::Bool(b)]) => Ok(text(b.to_string())),
        ("tobool", [Value::Bool(b)]) => Ok(Value::Bool(*b)),
        ("tobool", [Text(t)]) if matches!(&**t, "true" | "false") => {
            Ok(Value::Bool(&**t == "true"))
        }
        ("format", [Text(pattern), rest @ ..]) => format(pattern, rest)
            .map(text)
            .ok_or(Refused::Arguments("format(\"%s-%03d\", value, …)")),
        ("lower" | "upper" | "title" | "trimspace" | "tostring" | "tobool", _) => {
            Err(Refused::Arguments("lower(text)"))
        }
        ("trimprefix" | "trimsuffix" | "startswith" | "endswith", _) => {
            Err(Refused::Arguments("trimprefix(text, part)"))
        }
        ("replace", _) => Err(Refused::Arguments("replace(text, part, by)")),
        ("substr", _) => Err(Refused::Arguments("substr(text, from, length)")),
        ("format", _) => Err(Refused::Arguments("format(\"%s-%03d\", value, …)")),
        _ => return None,
    })
}

fn title(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        start = !c.is_alphanumeric();
    }
    out
}

/// `%s`, `%d`, `%v`, `%q`, `%f` with a width of at most two digits and zero padding; `%%`.
fn format(pattern: &str, values: &[&Value]) -> Option<String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
            flags.push(c);
        }
        let verb = chars.next()?;
        if verb == '%' && flags.is_empty() {
            out.push('%');
            continue;
        }
        let value = values.next()?;
        let (width, precision) = flags.split_once('.').unwrap_or((&flags, ""));
        let zero = width.starts_with('0');
        let left = width.starts_with('-');
        let width: usize = width.trim_start_matches(['0', '-']).parse().unwrap_or(0);
        if width > 99 || precision.len() > 2 {
            return None;
        }
        let word = match (verb, value) {
            ('d', Value::Number(n)) => n.parse::<i128>().ok()?.to_string(),
            ('f', Value::Number(n)) => format!("{:.*}", precision.parse().unwrap_or(6), number(n)?),
            ('s' | 'v', Value::Text(t) | Value::Number(t)) => t.to_string(),
            ('s' | 'v' | 't', Value::Bool(b)) => b.to_string(),
            ('q', Value::Text(t)) => format!("{:?}", &**t),
            _ => return None,
        };
        let missing = width.saturating_sub(word.chars().count());
        match (left, zero, word.strip_prefix('-')) {
            (true, _, _) => out.extend([word.as_str(), &" ".repeat(missing)]),
            (false, true, Some(digits)) => out.extend(["-", &"0".repeat(missing), digits]),
            (false, true, None) => out.extend([&"0".repeat(missing), word.as_str()]),
            (false, false, _) => out.extend([&" ".repeat(missing), word.as_str()]),
        }
        if out.len() > limits::TEXT_BYTES {
            return None;
        }
    }
    values.next().is_none().then_some(out)
}

fn numbers(name: &str, values: &[&Value], span: Span) -> Option<Answer> {
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

fn lists(name: &str, arguments: &[Node], values: &[&Value], span: Span) -> Option<Answer> {
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
        ("length", _) => Err(Refused::Arguments("length(list, map or text)")),
        ("join", _) => Err(Refused::Arguments("join(\", \", list of texts)")),
        ("split", _) => Err(Refused::Arguments("split(\",\", text)")),
        ("concat" | "flatten" | "compact" | "distinct" | "tolist" | "reverse" | "one", _) => {
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

fn maps(name: &str, arguments: &[Node], values: &[&Value], span: Span) -> Option<Answer> {
    use Value::Map;
    Some(match (name, values) {
        ("keys", [Map(map)]) => {
            let keys: BTreeSet<&Rc<str>> = map.entries.iter().map(|e| &e.key).collect();
            Ok(list(
                keys.into_iter()
                    .map(|k| Node::new(span, Value::Text(Rc::clone(k))))
                    .collect(),
            ))
        }
        ("values", [Map(map)]) => {
            let values: BTreeMap<&Rc<str>, &Node> =
                map.entries.iter().map(|e| (&e.key, &e.value)).collect();
            Ok(list(values.into_values().cloned().collect()))
        }
        ("lookup", [Map(map), Value::Text(key)]) => map
            .value(key)
            .map(|v| v.value.clone())
            .ok_or(Refused::Arguments("lookup(map, key, default)")),
        ("lookup", [Map(map), Value::Text(key), default]) => Ok(map
            .value(key)
            .map_or_else(|| (*default).clone(), |v| v.value.clone())),
        ("contains", [Map(map), Value::Text(key)]) => Ok(Value::Bool(map.get(key).is_some())),
        ("tomap", [Map(map)]) => Ok(Map(Rc::clone(map))),
        ("merge", all) if all.iter().all(|v| matches!(v, Map(_))) => {
            let mut merged: BTreeMap<Rc<str>, Entry> = BTreeMap::new();
            for map in arguments.iter().filter_map(Node::as_map) {
                for entry in &map.entries {
                    merged.insert(Rc::clone(&entry.key), entry.clone());
                }
            }
            Ok(Node::map(span, merged.into_values().collect()).value)
        }
        ("zipmap", [Value::List(keys), Value::List(values)]) if keys.len() == values.len() => {
            let mut zipped: BTreeMap<Rc<str>, Entry> = BTreeMap::new();
            for (key, value) in keys.iter().zip(values.iter()) {
                let Value::Text(name) = &key.value else {
                    return Some(Err(Refused::Arguments(
                        "zipmap(list of texts, list as long)",
                    )));
                };
                zipped.insert(
                    Rc::clone(name),
                    Entry {
                        key: Rc::clone(name),
                        key_span: key.span,
                        value: value.clone(),
                    },
                );
            }
            Ok(Node::map(span, zipped.into_values().collect()).value)
        }
        ("keys" | "values" | "tomap", _) => Err(Refused::Arguments("keys(map)")),
        ("lookup", _) => Err(Refused::Arguments("lookup(map, key, default)")),
        ("merge", _) => Err(Refused::Arguments("merge(map, …)")),
        ("zipmap", _) => Err(Refused::Arguments("zipmap(list of texts, list as long)")),
        _ => return None,
    })
}
