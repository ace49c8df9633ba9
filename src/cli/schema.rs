//! `schema`: what manifests and plan files look like, for editors and programs.

use clap::Args;
use clap::ValueEnum;

use super::exit::Exit;
use super::stop::Stop;
use super::ui::Ui;
use crate::manifest::schema;
use crate::render;

/// What `schema` takes.
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t)]
    of: Of,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Manifests
    #[default]
    Fleet,
    /// Plan files
    Plan,
}

/// Writes a JSON Schema.
pub(super) fn run(args: &SchemaArgs, ui: &Ui) -> Result<Exit, Stop> {
    match args.of {
        Of::Fleet => ui.json(&schema::fleet_schema())?,
        Of::Plan => {
            let schema = render::json::plan_schema();
            ui.data(&schema.map_err(|fault| Stop::error(format!("cannot write JSON: {fault}")))?);
        }
    }
    Ok(Exit::Done)
}
