//! `sim`: look at the simulated cloud, move its clock, plan faults.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use clap::Subcommand;
use serde::de::DeserializeOwned;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_sim::CallVerb;
use stampctl_sim::FaultRule;
use stampctl_sim::FaultWord;
use stampctl_sim::Show;
use stampctl_sim::arm;
use stampctl_sim::arm::Buckets;
use stampctl_sim::arm::Options;
use tokio::net::TcpListener;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::cloud;
use super::duration;
use super::exit::Exit;
use super::load;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::render::table::Align;
use crate::render::table::Table;
use crate::render::words::count;

/// What `sim` takes.
#[derive(Args, Debug)]
pub(super) struct SimArgs {
    #[command(subcommand)]
    command: SimCommand,
}

#[derive(Subcommand, Debug)]
enum SimCommand {
    /// Show its clock, its calls, the quota that it lost, and what is in it
    Show(ShowArgs),
    /// Move its clock; what falls due happens
    Advance(AdvanceArgs),
    /// Plan a fault: which calls go wrong, and how
    Inject(Box<InjectArgs>),
    /// Answer over HTTP as Azure Resource Manager does, on loopback, until stopped
    Serve(ServeArgs),
}

#[derive(Args, Debug)]
struct ServeArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// The address on loopback; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Refuse calls without a token that the served token endpoints issued
    #[arg(long)]
    require_tokens: bool,
    /// Throttle as Azure does
    #[arg(long)]
    throttle: bool,
}

#[derive(Args, Debug)]
struct ShowArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// Show every resource too
    #[arg(long)]
    resources: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

#[derive(Args, Debug)]
struct AdvanceArgs {
    /// How far, as in 90s, 15m, 24h, 7d; or `next`: to the next time at which something changes
    duration: String,
    #[command(flatten)]
    fleet: FleetArgs,
}

#[derive(Args, Debug)]
struct InjectArgs {
    /// How calls go wrong: `fail_before`, `fail_after`, `throttle`, `never_complete`, `lie`, `late`,
    /// `die_before` or `die_after`
    #[arg(value_parser = word::<FaultWord>)]
    fault: FaultWord,
    #[command(flatten)]
    fleet: FleetArgs,
    /// The class of the fault: transient, throttled, conflict, denied, quota, capacity or permanent
    #[arg(long, value_parser = word::<FaultClass>)]
    class: Option<FaultClass>,
    /// The wait of a throttle, the delay of a late effect
    #[arg(long)]
    seconds: Option<u32>,
    /// Leave the caller in doubt
    #[arg(long)]
    ambiguous: bool,
    /// Only these calls: put, patch, delete, copy, read, list, observe or poll
    #[arg(long, value_parser = word::<CallVerb>)]
    verb: Option<CallVerb>,
    /// Only this kind of resource
    #[arg(long)]
    kind: Option<Kind>,
    /// Only addresses like this; `*` stands for any text
    #[arg(long, value_name = "PATTERN")]
    address: Option<String>,
    /// Only calls whose idempotency key has this in it
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// Only from the n-th such call on, counted from 1
    #[arg(long)]
    nth: Option<u64>,
    /// How often at most
    #[arg(long)]
    times: Option<u64>,
    /// How many of 10,000 such calls
    #[arg(long)]
    rate: Option<u32>,
}

/// Does what was asked of the simulated cloud.
pub(super) fn run(args: SimArgs, ui: &Ui) -> Result<Exit, Stop> {
    match args.command {
        SimCommand::Show(args) => show(&args, ui),
        SimCommand::Advance(args) => advance(&args, ui),
        SimCommand::Inject(args) => inject(*args, ui),
        SimCommand::Serve(args) => serve(&args, ui),
    }
}

fn show(args: &ShowArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let show = cloud
        .simulated()?
        .show()
        .map_err(|fault| cloud::refused(&fault))?;
    if args.format == DataFormat::Json {
        ui.json(&show)?;
    } else {
        for line in lines(&show, args.resources) {
            ui.line(&line);
        }
    }
    Ok(Exit::Done)
}

fn lines(show: &Show, every: bool) -> Vec<String> {
    let mut lines = vec![
        format!("clock            {}", show.now),
        format!("mutating calls   {}", show.calls.mutating),
        format!("reads            {}", show.calls.reads),
        format!("in progress      {}", show.in_progress.len()),
    ];
    if let Some(next) = show.next_wakeup {
        lines.push(format!("changes next at  {next}"));
    }
    lines.push(String::new());
    if show.lost_quota.is_empty() {
        lines.push("No quota is lost.".to_owned());
    }
    for lost in &show.lost_quota {
        lines.push(format!(
            "LOST FOR GOOD: {} cores of {}, by the deletion of {} at {}",
            lost.cores, lost.allocation, lost.cause, lost.at
        ));
    }
    for (rule, struck) in &show.faults {
        let rule = serde_json::to_string(rule).unwrap_or_default();
        let times = count(*struck, "time", "times");
        lines.push(format!("planned fault, struck {times}: {rule}"));
    }
    lines.push(String::new());
    lines.extend(kinds(show).lines());
    if every {
        lines.push(String::new());
        for resource in &show.resources {
            let settings = serde_json::to_string(&resource.settings).unwrap_or_default();
            lines.push(format!("{} {settings}", resource.address));
        }
    }
    lines
}

fn kinds(show: &Show) -> Table {
    let mut table = Table::new(&[("KIND", Align::Left), ("RESOURCES", Align::Right)]);
    for kind in Kind::ALL {
        let of_it = show.resources.iter().filter(|r| r.address.kind() == *kind);
        let number = of_it.count();
        if number > 0 {
            table.row([kind.word().to_owned(), number.to_string()]);
        }
    }
    table
}

fn advance(args: &AdvanceArgs, ui: &Ui) -> Result<Exit, Stop> {
    let seconds = match args.duration.as_str() {
        "next" => None,
        text => Some(duration::seconds(text).map_err(Stop::error)?),
    };
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let moved = match seconds {
        Some(seconds) => cloud.simulated()?.advance(seconds).map(Some),
        None => cloud.simulated()?.advance_to_next(),
    };
    match moved.map_err(|fault| cloud::refused(&fault))? {
        Some(now) => ui.line(&format!("the simulated cloud's clock is at {now}")),
        None => ui.line("nothing in the simulated cloud will change by itself"),
    }
    Ok(Exit::Done)
}

fn inject(args: InjectArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let rule = FaultRule {
        class: args.class,
        seconds: args.seconds,
        ambiguous: args.ambiguous,
        verb: args.verb,
        kind: args.kind,
        address: args.address,
        key: args.key,
        nth: args.nth,
        times: args.times,
        rate: args.rate,
        ..FaultRule::new(args.fault)
    };
    cloud
        .simulated()?
        .inject(rule)
        .map_err(|fault| cloud::refused(&fault))?;
    ui.say("planned; `stampctl sim show` counts how often it strikes");
    Ok(Exit::Done)
}

fn serve(args: &ServeArgs, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let sim = Arc::clone(cloud.simulated()?);
    let options = Options {
        buckets: args.throttle.then(Buckets::default),
        require_tokens: args.require_tokens,
        ..Options::default()
    };
    let failed = |fault: String| Stop::error(format!("the simulated cloud is not served: {fault}"));
    planning::block_on(async {
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|f| failed(f.to_string()))?;
        let at = listener.local_addr().map_err(|f| failed(f.to_string()))?;
        ui.line(&format!("http://{at}"));
        ui.say("answers as Azure Resource Manager; Ctrl-C ends it");
        let until = async {
            // Where no signal can be heard, the process is ended by other means.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        arm::serve(sim, listener, options, until)
            .await
            .map_err(|f| failed(f.to_string()))
    })??;
    Ok(Exit::Done)
}

/// One of a closed set of words.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|fault| fault.to_string())
}
