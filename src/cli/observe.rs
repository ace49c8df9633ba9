//! `observe`: the world, dated, as a file that can be reviewed and planned from.

use std::path::PathBuf;

use clap::Args;

use super::args::FleetArgs;
use super::cloud;
use super::exit::Exit;
use super::load;
use super::outfile;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::observe::Inventory;
use crate::render::words::count;

/// What `observe` takes.
#[derive(Args, Debug)]
pub(super) struct ObserveArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Looks at the cloud and writes what is there.
pub(super) fn run(args: &ObserveArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let inventory = planning::observe(&loaded.fleet, &cloud)?;
    if let Some(file) = &args.out {
        let json = inventory
            .to_bytes()
            .map_err(|fault| Stop::error(format!("cannot write the inventory: {fault}")))?;
        outfile::write(file, &json)?;
        ui.say(&summary(&inventory));
        ui.say(&format!("written to {}", file.display()));
    } else {
        ui.json(&inventory)?;
        ui.say(&summary(&inventory));
    }
    Ok(Exit::Done)
}

fn summary(inventory: &Inventory) -> String {
    let number = |length: usize, one: &str, many: &str| {
        count(u64::try_from(length).unwrap_or(u64::MAX), one, many)
    };
    let gaps = match inventory.gaps.len() {
        0 => String::new(),
        gaps => format!(
            "; {} could not be looked at and {} UNKNOWN",
            number(gaps, "place", "places"),
            if gaps == 1 { "is" } else { "are" }
        ),
    };
    format!(
        "observed {} at {}: {}, {}, {}{gaps}",
        inventory.fleet,
        inventory.observed_at,
        number(inventory.stamps.len(), "stamp", "stamps"),
        number(inventory.tenants.len(), "tenant", "tenants"),
        number(
            inventory.resources.len(),
            "other resource",
            "other resources"
        ),
    )
}
