//! A fleet in the other spelling: one document, every expression replaced by its value.

use std::fmt::Write as _;

use super::LoadRequest;
use super::decode::Record as _;
use super::document::FleetDoc;
use super::hcl_body::LABELLED;
use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use super::source::Spelling;
use super::yaml::plain;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceMap;
use crate::diagnostic::codes;
use crate::diagnostic::escape::is_unsafe;

/// A converted fleet.
#[derive(Debug, Default)]
pub struct Converted {
    /// The document; `None` where the manifest cannot be read.
    pub text: Option<String>,
    /// What was found, and a warning where comments and expressions were lost.
    pub diagnostics: Diagnostics,
    /// Every text that was read.
    pub sources: SourceMap,
}

/// Writes a fleet as one document. Loading it gives the fleet that loading `request` gives; lists
/// that `tenants_from` names stay files.
pub fn convert(request: &LoadRequest, to: Spelling) -> Converted {
    let mut converted = Converted::default();
    let Converted {
        text,
        diagnostics,
        sources,
    } = &mut converted;
    let document = super::read_document(request, sources, diagnostics);
    if let Some(document) = document.filter(|_| !diagnostics.has_errors())
        && let Some(map) = document.as_map()
    {
        let map = ordered(map);
        *text = Some(match to {
            Spelling::Yaml => yaml(&map),
            Spelling::Hcl => hcl(&map),
        });
        if expanded(sources) {
            diagnostics.push(
                Diagnostic::warning(codes::EXPANDED, "comments, variables and expressions are not carried over: the document holds their values")
                    .at(document.span, "")
                    .help("keep the original where its expressions matter"),
            );
        }
    }
    diagnostics.sort();
    converted
}

/// Whether any text holds what a document of plain values cannot.
fn expanded(sources: &SourceMap) -> bool {
    let marks = [
        "${", "for_each", "locals", "local.", "var.", "#", "//", "/*", "&", "<<",
    ];
    sources
        .ids()
        .any(|id| marks.iter().any(|mark| sources.text(id).contains(mark)))
}

/// The keys in the order of the format, without the variables, which are put in.
fn ordered(map: &Map) -> Map {
    let mut entries: Vec<Entry> = map
        .entries
        .iter()
        .filter(|e| &*e.key != "variables")
        .cloned()
        .collect();
    entries.sort_by_key(|e| FleetDoc::KEYS.iter().position(|key| *key == &*e.key));
    Map { entries }
}

fn yaml(map: &Map) -> String {
    let mut out = String::new();
    for (at, entry) in map.entries.iter().enumerate() {
        let large = matches!(&entry.value.value, Value::Map(m) if !m.entries.is_empty());
        if at > 0 && large {
            out.push('\n');
        }
        yaml_entry(entry, 0, &mut out);
    }
    out
}

fn yaml_entry(entry: &Entry, indent: usize, out: &mut String) {
    let _ = write!(out, "{:indent$}{}:", "", yaml_text(&entry.key, true));
    yaml_value(&entry.value, indent, out);
}

fn yaml_value(node: &Node, indent: usize, out: &mut String) {
    match &node.value {
        Value::Map(map) if !map.entries.is_empty() => {
            out.push('\n');
            for entry in &map.entries {
                yaml_entry(entry, indent + 2, out);
            }
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items.iter() {
                let _ = write!(out, "{:1$}-", "", indent + 2);
                match &item.value {
                    Value::Map(_) | Value::List(_) => {
                        let _ = writeln!(out, " {}", yaml_flow(item));
                    }
                    _ => yaml_value(item, indent + 2, out),
                }
            }
        }
        _ => {
            let _ = writeln!(out, " {}", yaml_flow(node));
        }
    }
}

fn yaml_flow(node: &Node) -> String {
    match &node.value {
        Value::Null | Value::Broken => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => yaml_text(text, false),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(yaml_flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) if map.entries.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let entry = |e: &Entry| format!("{}: {}", yaml_text(&e.key, true), yaml_flow(&e.value));
            let entries: Vec<String> = map.entries.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A text as YAML: plain where it stays a text, in double quotes otherwise.
fn yaml_text(text: &str, key: bool) -> String {
    let simple = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'@' | b'-'));
    let stays = key || matches!(plain(text, |word| word.into()), Value::Text(_));
    if simple && stays {
        return text.to_owned();
    }
    let text = if key {
        text.to_owned()
    } else {
        text.replace("${", "$${")
    };
    quoted(&text)
}

fn hcl(map: &Map) -> String {
    let mut out = String::new();
    for entry in &map.entries {
        let Value::Map(inner) = &entry.value.value else {
            let _ = writeln!(out, "{} = {}", entry.key, hcl_value(&entry.value, 0));
            continue;
        };
        if let Some((singular, _)) = LABELLED.iter().find(|(_, plural)| *plural == &*entry.key) {
            for member in &inner.entries {
                let _ = write!(out, "\n{singular} {}", hcl_text(&member.key));
                hcl_body(&member.value, &mut out);
            }
        } else {
            let _ = write!(out, "\n{}", entry.key);
            hcl_body(&entry.value, &mut out);
        }
    }
    out
}

fn hcl_body(node: &Node, out: &mut String) {
    let Some(map) = node.as_map().filter(|map| !map.entries.is_empty()) else {
        out.push_str(" {}\n");
        return;
    };
    out.push_str(" {\n");
    let width = map.entries.iter().map(|e| e.key.len()).max().unwrap_or(0);
    for entry in &map.entries {
        let _ = writeln!(
            out,
            "  {:width$} = {}",
            entry.key,
            hcl_value(&entry.value, 2)
        );
    }
    out.push_str("}\n");
}

fn hcl_value(node: &Node, indent: usize) -> String {
    match &node.value {
        Value::Null | Value::Broken => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => hcl_number(number),
        Value::Text(text) => hcl_text(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| hcl_value(item, indent)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) if map.entries.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let key = |key: &str| {
                if is_word(key) {
                    key.to_owned()
                } else {
                    hcl_text(key)
                }
            };
            let entry =
                |e: &Entry| format!("{} = {}", key(&e.key), hcl_value(&e.value, indent + 2));
            let entries: Vec<String> = map.entries.iter().map(entry).collect();
            let line = format!("{{ {} }}", entries.join(", "));
            if line.len() <= 90 && !line.contains('\n') {
                return line;
            }
            let mut out = "{\n".to_owned();
            for entry in entries {
                let _ = writeln!(out, "{:1$}{entry}", "", indent + 2);
            }
            let _ = write!(out, "{:indent$}}}", "");
            out
        }
    }
}

/// A number as HCL reads it; what only YAML reads as a number is a text that becomes one.
fn hcl_number(number: &str) -> String {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0."))
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && !digits.ends_with('.');
    if plain {
        number.to_owned()
    } else {
        hcl_text(number)
    }
}

fn is_word(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn hcl_text(text: &str) -> String {
    quoted(&text.replace("${", "$${").replace("%{", "%%{"))
}

/// A text in double quotes, with escapes that YAML and HCL both know.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A reviewer would not see it, or see it somewhere else than it is.
            c if is_unsafe(c) => {
                let number = u32::from(c);
                let _ = match number {
                    ..=0xffff => write!(out, "\\u{number:04x}"),
                    _ => write!(out, "\\U{number:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
