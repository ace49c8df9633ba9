//! Variables: declared with defaults, given by the operator, and put in for `${var.NAME}`. Pure.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::decode::nearest;
use super::decode::short;
use super::limits;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use super::yaml::plain;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// What a variable's values must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Text,
    Number,
    Bool,
    List,
    Map,
}

/// A declared variable.
pub(crate) struct Declared {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    pub(crate) default: Option<Node>,
}

/// Every declared variable, and the values once they are settled.
#[derive(Default)]
pub(crate) struct Variables {
    declared: BTreeMap<Rc<str>, Declared>,
    values: BTreeMap<Rc<str>, Node>,
}

impl Kind {
    /// The kind that a type's name in HCL says.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "any" => Self::Any,
            "string" => Self::Text,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "list" | "set" | "tuple" => Self::List,
            "map" | "object" => Self::Map,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text => matches!(value, Value::Text(_) | Value::Number(_)),
            Self::Number => matches!(value, Value::Number(_)),
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::List => matches!(value, Value::List(_)),
            Self::Map => matches!(value, Value::Map(_)),
        }
    }
}

impl Variables {
    /// Takes a declaration. An overlay's replaces the base's.
    pub(crate) fn declare(
        &mut self,
        name: &str,
        declared: Declared,
        overlay: bool,
        found: &mut Diagnostics,
    ) {
        if let Some(first) = self.declared.get(name).filter(|_| !overlay) {
            found.push(
                Diagnostic::error(
                    codes::DUPLICATE,
                    format!("the variable `{}` is declared twice", short(name)),
                )
                .at(declared.span, "again here")
                .at(first.span, "first here")
                .help("keep one of them"),
            );
            return;
        }
        self.declared.insert(name.into(), declared);
    }

    /// Takes the `variables:` of a YAML file.
    pub(crate) fn declare_all(&mut self, entry: &Entry, overlay: bool, found: &mut Diagnostics) {
        let Some(map) = entry.value.as_map() else {
            return;
        };
        for variable in &map.entries {
            let default =
                (!matches!(variable.value.value, Value::Null)).then(|| variable.value.clone());
            let declared = Declared {
                span: variable.key_span,
                kind: Kind::Any,
                default,
            };
            self.declare(&variable.key, declared, overlay, found);
        }
    }

    /// Settles every value: what is given, else the default.
    pub(crate) fn settle(
        &mut self,
        given: &BTreeMap<String, String>,
        sources: &mut SourceMap,
        found: &mut Diagnostics,
    ) {
        for (name, value) in given {
            let id = sources.add(format!("--var {name}"), value.as_str());
            let span = Span::new(id, 0..value.len());
            let Some(declared) = self.declared.get(name.as_str()) else {
                found.push(unknown(name, span, self.declared.keys()));
                continue;
            };
            let value = given_value(value, declared.kind, span);
            self.values
                .insert(name.as_str().into(), Node::new(span, value));
        }
        for (name, declared) in &self.declared {
            let value = match (self.values.get(name), &declared.default) {
                (Some(value), _) | (None, Some(value)) => value.clone(),
                (None, None) => {
                    found.push(
                        Diagnostic::error(
                            codes::VARIABLE_UNSET,
                            format!("the variable `{}` has no value", short(name)),
                        )
                        .at(declared.span, "declared here, without a default")
                        .help(format!(
                            "give one with `--var {}=VALUE`, or give it a default",
                            short(name)
                        )),
                    );
                    Node::new(declared.span, Value::Broken)
                }
            };
            let broken = matches!(value.value, Value::Broken);
            let value = if broken || declared.kind.takes(&value.value) {
                value
            } else {
                found.push(
                    Diagnostic::error(
                        codes::VARIABLE_TYPE,
                        format!(
                            "the variable `{}` is {}, not {}",
                            short(name),
                            declared.kind.word(),
                            value.kind()
                        ),
                    )
                    .at(value.span, format!("this is {}", value.kind()))
                    .at(declared.span, "declared here")
                    .help(format!("give it {}", declared.kind.word())),
                );
                Node::new(value.span, Value::Broken)
            };
            self.values.insert(Rc::clone(name), value);
        }
    }

    /// The value of a variable; broken where there is none, which is reported.
    pub(crate) fn get(&self, name: &str, span: Span, found: &mut Diagnostics) -> Node {
        if let Some(value) = self.values.get(name) {
            value.clone()
        } else {
            let help = match nearest(name, self.declared.keys().map(|k| &**k)) {
                Some(near) => format!("did you mean `var.{near}`?"),
                None => "declare it under `variables:` in YAML or as `variable \"NAME\" {}` in HCL"
                    .to_owned(),
            };
            found.push(
                Diagnostic::error(
                    codes::UNDECLARED,
                    format!("the variable `{}` is not declared", short(name)),
                )
                .at(span, "not declared")
                .help(help),
            );
            Node::new(span, Value::Broken)
        }
    }

    /// Puts values in for `${var.NAME}` in every text of a YAML value.
    pub(crate) fn put_in(&self, node: &Node, found: &mut Diagnostics) -> Node {
        let value = match &node.value {
            Value::Text(text) if text.contains("${") => self.text(text, node.span, found),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.put_in(item, found)).collect())
            }
            Value::Map(map) => {
                let entries = map.entries.iter().map(|entry| Entry {
                    key: Rc::clone(&entry.key),
                    key_span: entry.key_span,
                    value: self.put_in(&entry.value, found),
                });
                return Node::map(node.span, entries.collect());
            }
            other => other.clone(),
        };
        Node::new(node.span, value)
    }

    fn text(&self, text: &str, span: Span, found: &mut Diagnostics) -> Value {
        // A variable alone keeps its type.
        if let Some(name) = text
            .strip_prefix("${var.")
            .and_then(|rest| rest.strip_suffix('}'))
            && is_name(name)
        {
            return self.get(name, span, found).value;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at]);
                out.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let inner = rest[at + 2..]
                .find('}')
                .map(|end| (&rest[at + 2..at + 2 + end], end));
            let name =
                inner.and_then(|(inner, end)| Some((inner.trim().strip_prefix("var.")?, end)));
            let Some((name, end)) = name.filter(|(name, _)| is_name(name)) else {
                found.push(
                    Diagnostic::error(codes::BAD_EXPRESSION, "YAML knows `${var.NAME}` and no other expression")
                        .at(span, "in this text")
                        .help("write `$${` for the characters themselves; HCL has expressions and functions"),
                );
                return Value::Broken;
            };
            match self.get(name, span, found).value {
                Value::Text(value) | Value::Number(value) => out.push_str(&value),
                Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
                Value::Broken => return Value::Broken,
                _ => {
                    found.push(
                        Diagnostic::error(
                            codes::VARIABLE_TYPE,
                            format!(
                                "`var.{}` is no single value and stands inside a text",
                                short(name)
                            ),
                        )
                        .at(span, "in this text")
                        .help("let it stand alone, or use a variable that holds a text"),
                    );
                    return Value::Broken;
                }
            }
            if out.len() > limits::TEXT_BYTES {
                return Value::Broken;
            }
            rest = &rest[at + 2 + end + 1..];
        }
        out.push_str(rest);
        Value::Text(out.into())
    }
}

/// A value from the command line: as its kind wants it, else as YAML reads a plain word.
fn given_value(text: &str, kind: Kind, span: Span) -> Value {
    match kind {
        Kind::Text => Value::Text(text.into()),
        // A list on the command line is single words; anything richer belongs in a file.
        Kind::List => {
            let inner = text.trim();
            let inner = inner
                .strip_prefix('[')
                .and_then(|t| t.strip_suffix(']'))
                .unwrap_or(inner);
            let items = inner.split(',').map(|t| t.trim().trim_matches(['"', '\'']));
            let items = items.filter(|t| !t.is_empty());
            Value::List(
                items
                    .map(|t| Node::new(span, plain(t, |word| word.into())))
                    .collect(),
            )
        }
        Kind::Any | Kind::Number | Kind::Bool | Kind::Map => plain(text, |word| word.into()),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn unknown<'k>(
    name: &str,
    span: Span,
    declared: impl Iterator<Item = &'k Rc<str>> + Clone,
) -> Diagnostic {
    let help = if let Some(near) = nearest(name, declared.clone().map(|k| &**k)) {
        format!("did you mean `{near}`?")
    } else {
        let names: Vec<&str> = declared.take(20).map(|k| &**k).collect();
        if names.is_empty() {
            "the manifest declares no variables".to_owned()
        } else {
            format!("the manifest declares: {}", names.join(", "))
        }
    };
    Diagnostic::error(
        codes::UNKNOWN_VARIABLE,
        format!("the manifest declares no variable `{}`", short(name)),
    )
    .at(span, "given here")
    .help(help)
}
