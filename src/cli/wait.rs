//! `wait`: until a stamp is in a state, as other processes bring it there.

use std::time::Duration;

use clap::Args;

use super::args::FleetArgs;
use super::cloud;
use super::context::moment;
use super::duration;
use super::exit::Exit;
use super::load;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::model::StampId;
use crate::model::StampState;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);

/// What `wait` takes.
#[derive(Args, Debug)]
pub(super) struct WaitArgs {
    /// The stamp
    stamp: StampId,
    /// The state: creating, active, draining, standby, isolated, failed, releasing,
    /// `quota_returned`, deleting or deleted
    #[arg(long = "for", value_name = "STATE", value_parser = state)]
    state: StampState,
    /// How long at most, as in 90s or 15m
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration::seconds)]
    timeout: u32,
    #[command(flatten)]
    fleet: FleetArgs,
}

/// Looks until the stamp is in the state, or the time is up.
pub(super) fn run(args: &WaitArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let begun = moment();
    loop {
        let inventory = planning::observe(&loaded.fleet, &cloud)?;
        let seen = inventory.stamps.get(&args.stamp).map(|stamp| stamp.state);
        if seen == Some(args.state) {
            ui.say(&format!("{} is {}", args.stamp, args.state.word()));
            return Ok(Exit::Done);
        }
        if begun.elapsed() >= Duration::from_secs(u64::from(args.timeout)) {
            let now = match seen {
                Some(state) => state.word(),
                None if inventory.gaps.is_empty() => "not there",
                None => "UNKNOWN",
            };
            return Err(Stop::new(
                Exit::Paused,
                format!("{} is {now}, not {}", args.stamp, args.state.word()),
            )
            .help("nothing failed; wait longer with `--timeout`, or look at `stampctl status`"));
        }
        std::thread::sleep(EVERY);
    }
}

fn state(word: &str) -> Result<StampState, String> {
    if word == "standby" {
        return Ok(StampState::Ready);
    }
    StampState::from_word(word).ok_or_else(|| "no such state".to_owned())
}
