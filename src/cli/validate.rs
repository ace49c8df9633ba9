//! `validate`: load, check, no cloud.

use clap::Args;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::exit::Exit;
use super::load;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic;
use crate::diagnostic::Severity;
use crate::render::words::count;

/// What `validate` takes.
#[derive(Args, Debug)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// Loads a fleet and says everything that is wrong with it.
pub(super) fn run(args: &ValidateArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::read(&args.fleet)?;
    if args.format == DataFormat::Json {
        ui.json(&diagnostic::to_json(&loaded.diagnostics, &loaded.sources))?;
        let sound = loaded.fleet.is_some();
        return Ok(if sound { Exit::Done } else { Exit::Error });
    }
    load::tell(&loaded, ui);
    let Some(fleet) = &loaded.fleet else {
        return Err(load::refusal(&loaded, &args.fleet.path));
    };
    let number = |length: usize, one: &str, many: &str| {
        count(u64::try_from(length).unwrap_or(u64::MAX), one, many)
    };
    let warnings = match load::count(&loaded, Severity::Warning) {
        0 => String::new(),
        some => format!(" {}.", number(some, "warning", "warnings")),
    };
    ui.line(&format!(
        "{}: fleet {} is valid: {}, {}, {}.{warnings}",
        args.fleet.path.display(),
        fleet.name,
        number(fleet.stamps.len(), "stamp", "stamps"),
        number(fleet.pools.len(), "pool", "pools"),
        number(fleet.tenants.len(), "tenant", "tenants"),
    ));
    Ok(Exit::Done)
}
