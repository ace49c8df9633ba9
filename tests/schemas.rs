//! The published schemas are what the types say. `STAMPCTL_BLESS=1` writes them anew.

#![expect(
    clippy::disallowed_methods,
    reason = "the schemas are written when asked for by STAMPCTL_BLESS"
)]

use std::path::Path;

fn fresh(name: &str, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(name);
    if std::env::var_os("STAMPCTL_BLESS").is_some() {
        std::fs::write(&path, schema).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(&path).expect("the schema is published");
    assert!(
        published == schema,
        "schemas/{name} is out of date; run the test with STAMPCTL_BLESS=1"
    );
}

#[test]
fn plan_schema_is_fresh() {
    fresh(
        "plan.schema.json",
        &stampctl::render::json::plan_schema().expect("JSON"),
    );
}
