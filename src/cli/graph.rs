//! `graph`: the steps of a plan and what waits for what, for Graphviz.

use std::path::PathBuf;

use clap::Args;

use super::args::FleetArgs;
use super::args::VariantArgs;
use super::cloud;
use super::exit::Exit;
use super::load;
use super::plan_file;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::render;
use crate::render::Level;
use crate::render::View;

/// What `graph` takes.
#[derive(Args, Debug)]
pub(super) struct GraphArgs {
    /// A plan file, or a fleet to plan
    #[arg(value_name = "PLAN|PATH", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variant: VariantArgs,
}

/// Writes the graph in the DOT language.
pub(super) fn run(args: &GraphArgs, ui: &Ui) -> Result<Exit, Stop> {
    let plan = if plan_file::is_plan(&args.path) {
        let file = plan_file::read(&args.path)?;
        if let Some(stop) = file.broken(&args.path) {
            return Err(stop);
        }
        file.plan
    } else {
        let fleet = FleetArgs {
            path: args.path.clone(),
            variant: args.variant.clone(),
        };
        let loaded = load::load(&fleet, ui)?;
        let inventory = planning::observe(&loaded.fleet, &cloud::open(&loaded)?)?;
        planning::plan(&loaded.fleet, &inventory)?
    };
    ui.data(&render::dot::graph(&View::of(&plan, Level::Resource, None)));
    Ok(Exit::Done)
}
