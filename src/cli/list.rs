//! `list`: the stamps that exist, or the tenants.

use clap::Args;
use clap::ValueEnum;
use serde::Serialize;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::cloud;
use super::exit::Exit;
use super::load;
use super::planning;
use super::standing;
use super::stop::Stop;
use super::ui::Ui;
use crate::model::StampState;
use crate::model::TenantState;
use crate::observe::Inventory;
use crate::place;
use crate::render;
use crate::render::table::Align;
use crate::render::table::Table;

/// What `list` takes.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// What is listed
    #[arg(long, value_enum, default_value_t)]
    what: What,
    /// Only those in this state, as in `active`
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those in this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum What {
    /// Stamps
    #[default]
    Stamps,
    /// Tenants
    Tenants,
}

/// A tenant of the list.
#[derive(Serialize)]
struct TenantLine {
    id: String,
    state: TenantState,
    stamp: String,
    region: Option<String>,
    routed: bool,
    moved_from: Option<String>,
    managed: bool,
}

/// Lists what exists.
pub(super) fn run(args: &ListArgs, ui: &Ui) -> Result<Exit, Stop> {
    check_state(args)?;
    let loaded = load::load(&args.fleet, ui)?;
    let inventory = planning::observe(&loaded.fleet, &cloud::open(&loaded)?)?;
    match args.what {
        What::Stamps => {
            let placement = place::place(&loaded.fleet, &inventory);
            let mut stamps = standing::stamps(&loaded.fleet, &inventory, &placement);
            stamps.retain(|stamp| {
                let state = stamp.state.map(shown_state);
                wanted(args.state.as_deref(), state)
                    && wanted(args.region.as_deref(), Some(&stamp.region))
            });
            match args.format {
                DataFormat::Json => ui.json(&stamps)?,
                DataFormat::Text => ui.data(&render::status::stamps(&stamps, ui.setting())),
            }
        }
        What::Tenants => {
            let lines = tenants(args, &loaded.fleet, &inventory);
            match args.format {
                DataFormat::Json => ui.json(&lines)?,
                DataFormat::Text => write_tenants(&lines, ui),
            }
        }
    }
    for gap in &inventory.gaps {
        ui.warn(&format!(
            "not seen beneath `{}`: {}",
            gap.beneath, gap.reason
        ));
    }
    Ok(Exit::Done)
}

/// The state as people say it; the registry's `ready` is a stamp on standby.
fn shown_state(state: StampState) -> &'static str {
    match state {
        StampState::Ready => "standby",
        state => state.word(),
    }
}

fn check_state(args: &ListArgs) -> Result<(), Stop> {
    let Some(state) = &args.state else {
        return Ok(());
    };
    let known: Vec<&str> = match args.what {
        What::Stamps => StampState::ALL.iter().map(|s| shown_state(*s)).collect(),
        What::Tenants => TenantState::ALL.iter().map(|s| s.word()).collect(),
    };
    if known.contains(&state.as_str()) {
        return Ok(());
    }
    Err(Stop::error(format!("`{state}` is no state")).help(format!("one of {}", known.join(", "))))
}

fn wanted(filter: Option<&str>, value: Option<&str>) -> bool {
    filter.is_none_or(|filter| value == Some(filter))
}

fn tenants(args: &ListArgs, fleet: &crate::model::Fleet, inventory: &Inventory) -> Vec<TenantLine> {
    let all = inventory.tenants.iter().map(|(id, seen)| TenantLine {
        id: id.to_string(),
        state: seen.state,
        stamp: seen.stamp.to_string(),
        region: inventory
            .stamps
            .get(&seen.stamp)
            .map(|stamp| stamp.region.to_string()),
        routed: seen.routed,
        moved_from: seen.moved_from.as_ref().map(ToString::to_string),
        managed: fleet.tenants.contains_key(id),
    });
    all.filter(|line| {
        wanted(args.state.as_deref(), Some(line.state.word()))
            && wanted(args.region.as_deref(), line.region.as_deref())
    })
    .collect()
}

fn write_tenants(lines: &[TenantLine], ui: &Ui) {
    let mut table = Table::new(&[
        ("tenant", Align::Left),
        ("state", Align::Left),
        ("stamp", Align::Left),
        ("region", Align::Left),
        ("routed", Align::Left),
        ("note", Align::Left),
    ]);
    for line in lines {
        let mut notes = Vec::new();
        if let Some(from) = &line.moved_from {
            notes.push(format!("data is still on {from}"));
        }
        if !line.managed {
            notes.push("not in the manifest".to_owned());
        }
        table.row([
            line.id.clone(),
            line.state.word().to_owned(),
            line.stamp.clone(),
            line.region.clone().unwrap_or_else(|| "UNKNOWN".to_owned()),
            if line.routed { "yes" } else { "no" }.to_owned(),
            notes.join(", "),
        ]);
    }
    if lines.is_empty() {
        ui.line("No tenants.");
    }
    for line in table.lines() {
        ui.line(&line);
    }
}
