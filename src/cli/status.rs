//! `status`: stamps, tenants, bands, unfinished runs, what waits for what and until when.

use clap::Args;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::cloud;
use super::context::Context;
use super::exit::Exit;
use super::home::StoreArgs;
use super::load;
use super::planning;
use super::standing;
use super::stop::Stop;
use super::ui::Ui;
use crate::render;

/// What `status` takes.
#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// Shows how the fleet stands.
pub(super) fn run(args: &StatusArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let store = args.store.open(&loaded, context)?;
    let inventory = planning::observe(&loaded.fleet, &cloud::open(&loaded)?)?;
    let status = standing::status(&loaded, &inventory, &*store, &args.store.flags())?;
    match args.format {
        DataFormat::Json => ui.json(&status)?,
        DataFormat::Text => ui.data(&render::status::text(&status, ui.setting())),
    }
    Ok(Exit::Done)
}
