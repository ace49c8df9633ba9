//! The parts of the plan's JSON Schema that speak of the provider contract's types, which know
//! no schemas. Pure.

use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;

/// A setting's value: JSON without fractions and without null.
pub(super) fn value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "A setting's value: any JSON but null and numbers with a fraction.",
        "type": ["boolean", "integer", "string", "array", "object"],
    })
}

/// Calls, as `stampctl_contract::Operation` writes them.
pub(super) fn operations(generator: &mut SchemaGenerator) -> Schema {
    let settings = value(generator);
    let address = json_schema!({
        "description": "Where a resource is: `kind/part/part`.",
        "type": "string",
        "pattern": "^[a-z_]+(/[^/]+)+$",
    });
    let with_settings = json_schema!({
        "type": "object",
        "properties": { "settings": { "type": "object", "additionalProperties": settings } },
        "required": ["settings"],
        "additionalProperties": false,
    });
    let copy = json_schema!({
        "type": "object",
        "properties": { "from": address, "tenant": { "type": "string" } },
        "required": ["from", "tenant"],
        "additionalProperties": false,
    });
    let one_of = |name: &str, schema: &Schema| {
        json_schema!({
            "type": "object",
            "properties": { name: schema },
            "required": [name],
            "additionalProperties": false,
        })
    };
    let verb = json_schema!({ "oneOf": [
        { "const": "delete" },
        one_of("put", &with_settings),
        one_of("patch", &with_settings),
        one_of("copy", &copy),
    ]});
    let precondition = json_schema!({ "oneOf": [
        { "enum": ["any", "absent"] },
        one_of("version", &json_schema!({ "type": "string" })),
    ]});
    json_schema!({
        "description": "Calls, one after the other.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": { "address": address, "verb": verb, "precondition": precondition },
            "required": ["address", "verb"],
            "additionalProperties": false,
        },
    })
}
