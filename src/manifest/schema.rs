//! The manifest's JSON schema, made from the document's types. Pure.

use schemars::generate::SchemaSettings;

use super::document::FleetDoc;

/// The name that the schema goes by, relative to the folder that it stands in.
const ID: &str = "fleet.schema.json";

/// The schema of a manifest file. Draft 7, which editors know best.
///
/// No key is required: a fleet may be spread over files, and an overlay is a part of one.
pub fn fleet_schema() -> serde_json::Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<FleetDoc>();
    schema.insert("$id".to_owned(), ID.into());
    schema.insert("title".to_owned(), "stampctl fleet manifest".into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented_and_no_other_is_allowed() {
        fn walk(schema: &serde_json::Value, path: &str) {
            let Some(object) = schema.as_object() else {
                return;
            };
            if let Some(properties) = object.get("properties").and_then(|p| p.as_object()) {
                assert_eq!(
                    object.get("additionalProperties"),
                    Some(&false.into()),
                    "{path}"
                );
                for (key, value) in properties {
                    assert!(
                        value.get("description").is_some(),
                        "{path}/{key} is not documented"
                    );
                }
            }
            for (key, value) in object {
                walk(value, &format!("{path}/{key}"));
            }
        }
        walk(&fleet_schema(), "");
    }
}
