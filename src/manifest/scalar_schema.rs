//! The JSON schemas of single values. Pure.

use super::decode::Labelled;
use super::decode::Spanned;
use super::scalar::Duration;
use super::scalar::Hundredths;
use super::scalar::Id;
use super::scalar::Region;
use super::scalar::StampRef;
use super::scalar::Text;
use super::scalar::Whole;
use super::scalar::Word;
use super::scalar::Words;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use std::borrow::Cow;

/// Gives a type an inline schema.
macro_rules! schema {
    ($(where [$generic:ident $(: $bound:path)?],)? $type:ty, $name:expr, |$generator:ident| $schema:expr) => {
        impl $(<$generic $(: $bound)?>)? JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}
pub(crate) use schema;

/// What the text of an id matches.
const ID: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

impl<const M: u64> JsonSchema for Whole<M> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Whole")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": M })
    }
}

schema!(
    Hundredths,
    "Hundredths",
    |_g| json_schema!({ "type": "number", "minimum": 0, "multipleOf": 0.01 })
);
schema!(Duration, "Duration", |_g| json_schema!({
    "anyOf": [
        { "type": "integer", "minimum": 0 },
        { "type": "string", "pattern": "^([0-9]+d)? ?([0-9]+h)? ?([0-9]+m)? ?([0-9]+s)?$" },
    ]
}));
schema!(
    Text,
    "Text",
    |_g| json_schema!({ "type": ["string", "number"] })
);
schema!(
    Region,
    "Region",
    |_g| json_schema!({ "type": "string", "pattern": ID })
);
schema!(
    StampRef,
    "StampRef",
    |_g| json_schema!({ "type": "string", "pattern": ID })
);
schema!(where [T], Id<T>, "Id", |_g| json_schema!({ "type": ["string", "number"], "pattern": ID }));
schema!(where [T: JsonSchema], Spanned<T>, "Spanned", |g| T::json_schema(g));
schema!(where [T: JsonSchema], Labelled<T>, "Labelled", |g| json_schema!({
    "type": "object",
    "additionalProperties": g.subschema_for::<T>(),
}));
schema!(where [T: Words], Word<T>, "Word", |_g| {
    let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
    json_schema!({ "enum": words })
});
