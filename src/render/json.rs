//! JSON for machines: the plan as its file has it, the view, and the plan's schema. Pure.

use serde::Serialize;

use super::view::View;
use crate::plan::format::Plan;
use crate::plan::format::PlanError;

/// The plan exactly as its file has it, so that what is piped on can be verified and applied.
pub fn plan(plan: &Plan) -> Result<String, PlanError> {
    let bytes = plan.to_bytes()?;
    String::from_utf8(bytes).map_err(|error| PlanError::Unreadable(error.to_string()))
}

/// The view, indented, with a line break at its end.
pub fn view(view: &View<'_>) -> Result<String, serde_json::Error> {
    pretty(view)
}

/// Any data of ours, indented, with a line break at its end.
pub fn pretty<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

/// The JSON Schema of plan files.
pub fn plan_schema() -> Result<String, serde_json::Error> {
    let mut schema = schemars::schema_for!(Plan);
    schema.insert("title".to_owned(), "A plan of stampctl".into());
    schema.insert("$id".to_owned(), "stampctl.plan/2".into());
    pretty(&schema)
}
