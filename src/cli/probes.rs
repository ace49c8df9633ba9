//! `health` and `metrics`: what the cloud measures of each stamp. What nothing reports is UNKNOWN.

use clap::Args;
use clap::ValueEnum;
use serde::Serialize;
use stampctl_contract::Kind;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::cloud;
use super::exit::Exit;
use super::load;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::model::StampId;
use crate::model::StampState;
use crate::model::names;
use crate::observe::Inventory;
use crate::observe::SeenResource;
use crate::observe::SeenStamp;
use crate::render::table::Align;
use crate::render::table::Table;

const UNKNOWN: &str = "UNKNOWN";

/// What `health` takes.
#[derive(Args, Debug)]
pub(super) struct HealthArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// Only this stamp
    #[arg(long)]
    stamp: Option<StampId>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// What `metrics` takes.
#[derive(Args, Debug)]
pub(super) struct MetricsArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// Only this stamp
    #[arg(long)]
    stamp: Option<StampId>,
    /// Over which time loads are measured
    #[arg(long, value_enum, default_value_t)]
    period: Period,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Period {
    /// The window that placement decides by
    #[default]
    Window,
    /// The last hour
    #[value(name = "1h")]
    Hour,
}

#[derive(Serialize)]
struct Health {
    stamp: String,
    state: StampState,
    live: Option<bool>,
    ready: Option<bool>,
    smoke: Option<bool>,
    traffic: Option<bool>,
}

impl Health {
    /// Whether a stamp that serves is not known to be well.
    fn is_bad(&self) -> bool {
        self.state == StampState::Active && (self.live != Some(true) || self.ready != Some(true))
    }
}

/// Loads are in hundredths of a percent of what the stamp can carry.
#[derive(Serialize)]
struct Metrics {
    stamp: String,
    cpu: Option<i64>,
    memory: Option<i64>,
    storage: Option<i64>,
    dtu: Option<i64>,
    connections: Option<i64>,
    jobs: Option<i64>,
    samples: Option<i64>,
}

/// Shows what probes say. An active stamp that is not known to be well is an error.
pub(super) fn health(args: &HealthArgs, ui: &Ui) -> Result<Exit, Stop> {
    let inventory = look(&args.fleet, ui)?;
    let mut all = Vec::new();
    for (id, seen) in chosen(&inventory, args.stamp.as_ref())? {
        let found = of_stamp(&inventory, Kind::Health, id, seen);
        let truth = |name: &str| found.and_then(|found| found.truth(name));
        all.push(Health {
            stamp: id.to_string(),
            state: seen.state,
            live: truth("live"),
            ready: truth("ready"),
            smoke: truth("smoke"),
            traffic: truth("traffic"),
        });
    }
    if args.format == DataFormat::Json {
        ui.json(&all)?;
    } else {
        let columns = ["stamp", "state", "live", "ready", "smoke", "traffic"];
        let mut table = Table::new(&columns.map(|name| (name, Align::Left)));
        let word = |truth: Option<bool>| match truth {
            None => UNKNOWN,
            Some(true) => "yes",
            Some(false) => "NO",
        };
        for one in &all {
            let probes = [one.live, one.ready, one.smoke, one.traffic].map(word);
            let first = [one.stamp.as_str(), one.state.word()];
            table.row(first.into_iter().chain(probes).map(str::to_owned));
        }
        write(&table, all.is_empty(), ui);
    }
    match all.iter().filter(|one| one.is_bad()).count() {
        0 => Ok(Exit::Done),
        bad => Err(Stop::error(format!(
            "{bad} active stamps are not known to be well"
        ))),
    }
}

/// Shows what is measured.
pub(super) fn metrics(args: &MetricsArgs, ui: &Ui) -> Result<Exit, Stop> {
    let inventory = look(&args.fleet, ui)?;
    let prefix = match args.period {
        Period::Window => "",
        Period::Hour => "latest_",
    };
    let mut all = Vec::new();
    for (id, seen) in chosen(&inventory, args.stamp.as_ref())? {
        let found = of_stamp(&inventory, Kind::StampMetrics, id, seen);
        let number = |name: &str| found.and_then(|found| found.int(name));
        let load = |name: &str| number(&format!("{prefix}{name}"));
        all.push(Metrics {
            stamp: id.to_string(),
            cpu: load("cpu"),
            memory: load("memory"),
            storage: load("storage"),
            dtu: load("dtu"),
            connections: number("connections"),
            jobs: number("jobs"),
            samples: number("samples"),
        });
    }
    if args.format == DataFormat::Json {
        ui.json(&all)?;
        return Ok(Exit::Done);
    }
    let columns = [
        "cpu",
        "memory",
        "storage",
        "dtu",
        "connections",
        "jobs",
        "hours of data",
    ];
    let mut heads = vec![("stamp", Align::Left)];
    heads.extend(columns.map(|name| (name, Align::Right)));
    let mut table = Table::new(&heads);
    let share = |points: Option<i64>| {
        points.map_or_else(
            || UNKNOWN.to_owned(),
            |points| format!("{}.{:02} %", points / 100, points % 100),
        )
    };
    let plain = |number: Option<i64>| {
        number.map_or_else(|| UNKNOWN.to_owned(), |number| number.to_string())
    };
    for one in &all {
        let loads = [one.cpu, one.memory, one.storage, one.dtu].map(share);
        let rest = [one.connections, one.jobs, one.samples].map(plain);
        table.row([one.stamp.clone()].into_iter().chain(loads).chain(rest));
    }
    write(&table, all.is_empty(), ui);
    Ok(Exit::Done)
}

fn look(fleet: &FleetArgs, ui: &Ui) -> Result<Inventory, Stop> {
    let loaded = load::load(fleet, ui)?;
    planning::observe(&loaded.fleet, &cloud::open(&loaded)?)
}

/// The stamps that exist, or the one that was asked for.
fn chosen<'a>(
    inventory: &'a Inventory,
    only: Option<&StampId>,
) -> Result<Vec<(&'a StampId, &'a SeenStamp)>, Stop> {
    let existing = inventory
        .stamps
        .iter()
        .filter(|(id, seen)| {
            seen.state != StampState::Deleted && only.is_none_or(|only| only == *id)
        })
        .collect::<Vec<_>>();
    match only {
        Some(only) if existing.is_empty() => Err(Stop::error(format!("there is no stamp {only}"))
            .help("`stampctl list` shows those that exist")),
        _ => Ok(existing),
    }
}

fn of_stamp<'a>(
    inventory: &'a Inventory,
    kind: Kind,
    id: &StampId,
    seen: &SeenStamp,
) -> Option<&'a SeenResource> {
    let group = names::resource_group(&names::generation(id, seen.generation));
    let address =
        stampctl_contract::Address::new(kind, &[seen.subscription.as_str(), group.as_str()]);
    inventory.resources.get(&address.ok()?)
}

fn write(table: &Table, empty: bool, ui: &Ui) {
    if empty {
        ui.line("No stamps.");
        return;
    }
    for line in table.lines() {
        ui.line(&line);
    }
}
