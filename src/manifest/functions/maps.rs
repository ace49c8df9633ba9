//! Functions of maps. Pure.

use super::super::node::Entry;
use super::super::node::Node;
use super::super::node::Value;
use super::Answer;
use super::Refused;
use super::list;
use crate::diagnostic::Span;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) fn maps(
    name: &str,
    arguments: &[Node],
    values: &[&Value],
    span: Span,
) -> Option<Answer> {
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
