//! Values that can be written in more than one way. Pure.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;

use super::decode::Decode;
use super::decode::Decoder;
use super::decode::Spanned;
use super::decode::unknown_key;
use super::node::Node;
use super::node::Value;
use super::scalar::StampRef;
use super::scalar::Text;
use super::scalar::Whole;
use super::scalar::duration;
use super::scalar_schema::schema;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes;

/// `auto`, or a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InstancesDoc {
    Auto,
    Floor(u64),
}

/// `auto`, or a stamp.
#[derive(Clone, Debug)]
pub(crate) enum PlacementDoc {
    Auto,
    Pin(StampRef),
}

/// `required`, or `{ waived: REASON }`.
#[derive(Clone, Debug)]
pub(crate) enum ExportDoc {
    Required,
    Waived(String),
}

/// One text, or a list of texts.
#[derive(Clone, Debug)]
pub(crate) struct OneOrMany(pub(crate) Vec<Spanned<Text>>);

/// Whatever is written; read elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free;

/// A threshold in its metric's own unit: a number, or a time as in `500ms`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold(pub(crate) u64);

impl Decode for InstancesDoc {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match node.as_text() {
            Some("auto") => Some(Self::Auto),
            Some(_) => cx.wrong_type(node, key, "`auto` or a whole number", None),
            None => Whole::<100_000>::decode(node, key, cx).map(|n| Self::Floor(n.0)),
        }
    }
}

impl Decode for PlacementDoc {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match node.as_text() {
            Some("auto") => Some(Self::Auto),
            _ => StampRef::decode(node, key, cx).map(Self::Pin),
        }
    }
}

impl Decode for ExportDoc {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) if &**text == "required" => Some(Self::Required),
            Value::Map(map) => {
                for entry in map.entries.iter().filter(|e| &*e.key != "waived") {
                    cx.push(unknown_key(&entry.key, entry.key_span, key, &["waived"]));
                }
                if let Some(reason) = map.value("waived") {
                    Text::decode(reason, "waived", cx).map(|t| Self::Waived(t.0))
                } else {
                    cx.missing(
                        &[],
                        key,
                        "waived",
                        node.span,
                        "say why nothing is exported, as in `{ waived: \"contract of 2024\" }`",
                    );
                    None
                }
            }
            _ => cx.wrong_type(
                node,
                key,
                "`required` or `{ waived: REASON }`",
                Some("a waiver needs its reason, as in `{ waived: \"contract of 2024\" }`".into()),
            ),
        }
    }
}

impl Decode for OneOrMany {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match node.value {
            Value::List(_) => Vec::decode(node, key, cx).map(Self),
            _ => Spanned::decode(node, key, cx).map(|one| Self(vec![one])),
        }
    }
}

impl Decode for Free {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        match node.value {
            Value::Map(_) => Some(Self),
            _ => cx.wrong_type(node, key, "a map from names to defaults", None),
        }
    }
}

impl Decode for Threshold {
    fn decode(node: &Node, key: &str, cx: &mut Decoder<'_>) -> Option<Self> {
        let Some(text) = node.as_text() else {
            return Whole::<1_000_000_000>::decode(node, key, cx).map(|n| Self(n.0));
        };
        let digits = |t: &str| t.parse::<u64>().ok().filter(|n| *n <= 1_000_000_000);
        let read = if let Some(text) = text.strip_suffix("ms") {
            digits(text)
        } else if let Some(text) = text.strip_suffix('%') {
            digits(text.trim_end())
        } else {
            duration(text).and_then(|seconds| seconds.checked_mul(1_000))
        };
        if read.is_none() {
            cx.push(
                Diagnostic::error(
                    codes::BAD_NUMBER,
                    format!("`{key}` is a whole number, a time or a percentage"),
                )
                .at(node.span, "not a threshold")
                .help("write it as in `70`, `70%` or `500ms`"),
            );
        }
        read.map(Self)
    }
}

schema!(InstancesDoc, "Instances", |_g| json_schema!({
    "anyOf": [{ "const": "auto" }, { "type": "integer", "minimum": 0, "maximum": 100_000 }]
}));
schema!(
    PlacementDoc,
    "Placement",
    |_g| json_schema!({ "type": "string" })
);
schema!(ExportDoc, "Export", |_g| json_schema!({
    "anyOf": [
        { "const": "required" },
        {
            "type": "object",
            "properties": { "waived": { "type": "string", "description": "Why nothing is exported." } },
            "required": ["waived"],
            "additionalProperties": false,
        },
    ]
}));
schema!(OneOrMany, "OneOrMany", |_g| json_schema!({
    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
}));
schema!(Free, "Free", |_g| json_schema!({ "type": "object" }));
schema!(
    Threshold,
    "Threshold",
    |_g| json_schema!({ "type": ["integer", "string"] })
);
