//! `convert`: the same fleet in the other spelling.

use clap::Args;
use clap::ValueEnum;

use super::args::FleetArgs;
use super::exit::Exit;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic;
use crate::manifest::LoadRequest;
use crate::manifest::convert;
use crate::manifest::source::Spelling;

/// What `convert` takes.
#[derive(Args, Debug)]
pub(super) struct ConvertArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// The spelling to write
    #[arg(long, value_enum)]
    to: To,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// YAML
    Yaml,
    /// HCL
    Hcl,
}

/// Writes the fleet as one document to standard output.
pub(super) fn run(args: &ConvertArgs, ui: &Ui) -> Result<Exit, Stop> {
    let request = LoadRequest {
        path: args.fleet.path.clone(),
        environment: args.fleet.variant.env.clone(),
        variables: args.fleet.variant.variables()?,
    };
    let spelling = match args.to {
        To::Yaml => Spelling::Yaml,
        To::Hcl => Spelling::Hcl,
    };
    let converted = convert::convert(&request, spelling);
    if !converted.diagnostics.is_empty() {
        ui.say_ready(&diagnostic::render(
            &converted.diagnostics,
            &converted.sources,
            ui.style(),
        ));
    }
    match converted.text {
        Some(text) => {
            ui.data(&text);
            Ok(Exit::Done)
        }
        None => Err(Stop::error(format!(
            "{} cannot be converted",
            args.fleet.path.display()
        ))),
    }
}
