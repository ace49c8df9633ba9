//! `apply`: exactly what a plan says. A saved plan is applied as it is; a fleet is planned, shown,
//! asked about and applied, and a run of it that was cut off goes on first.

mod ending;
mod events;
mod progress;
mod run;
mod signals;

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::args::VariantArgs;
use super::args::quoted;
use super::cloud;
use super::cloud::Cloud;
use super::context::Context;
use super::exit::Exit;
use super::home::LockArgs;
use super::home::Patience;
use super::home::StoreArgs;
use super::load;
use super::load::LoadedFleet;
use super::outfile;
use super::plan_file;
use super::plan_view;
use super::plan_view::ViewArgs;
use super::planning;
use super::sealing;
use super::standing;
use super::stop::Stop;
use super::stopping::store_stop;
use super::trust;
use super::ui::Ui;
use crate::apply::CONCURRENCY;
use crate::approve;
use crate::approve::Trust;
use crate::journal::Progress;
use crate::journal::RunId;
use crate::plan::format::Plan;
use crate::store::Store;
use run::Job;

/// What `apply` takes.
#[derive(Args, Debug)]
pub(super) struct ApplyArgs {
    /// A plan file, or a fleet to plan and apply
    #[arg(value_name = "PLAN|PATH", default_value = ".")]
    path: PathBuf,
    /// The fleet of a plan file; its folder if it holds a fleet, else the current folder
    #[arg(long, value_name = "PATH")]
    fleet: Option<PathBuf>,
    #[command(flatten)]
    variant: VariantArgs,
    /// Do not ask; approvals that are required are required all the same
    #[arg(long)]
    auto_approve: bool,
    /// A folder with approvals, besides those beside the fleet
    #[arg(long, value_name = "DIR")]
    approvals: Option<PathBuf>,
    #[command(flatten)]
    trust: trust::TrustArgs,
    /// How many steps may change the cloud at a time
    #[arg(long, value_name = "N", default_value_t = CONCURRENCY, value_parser = at_least_one)]
    concurrency: usize,
    /// Write every event to this file too, one JSON object a line
    #[arg(long, value_name = "FILE")]
    json_into: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    lock: LockArgs,
    /// How what came of it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// Applies a saved plan, or plans and applies a fleet.
pub(super) fn run(args: &ApplyArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    if plan_file::is_plan(&args.path) {
        saved(args, context, ui)
    } else if args.fleet.is_some() {
        Err(Stop::error("`--fleet` goes with a plan file")
            .help("name the fleet alone to plan and apply it"))
    } else {
        fleet(args, context, ui)
    }
}

/// Applies a plan file, and nothing else.
fn saved(args: &ApplyArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let file = plan_file::read(&args.path)?;
    if let Some(broken) = file.broken(&args.path) {
        return Err(broken);
    }
    let usual = || plan_file::usual_fleet(&args.path);
    let place = FleetArgs {
        path: args.fleet.clone().unwrap_or_else(usual),
        variant: args.variant.clone(),
    };
    let loaded = load::load(&place, ui).map_err(|stop| match &args.fleet {
        Some(_) => stop,
        None => stop.help("say with `--fleet PATH` where the fleet of this plan lies"),
    })?;
    let (of, here) = (&file.plan.body, &loaded.fleet);
    if of.fleet != here.name || of.environment != here.environment {
        let named = |name: &dyn std::fmt::Display, environment: Option<String>| {
            let environment = environment.map(|name| format!(" ({name})"));
            format!("{name}{}", environment.unwrap_or_default())
        };
        return Err(Stop::error(format!(
            "the plan is for fleet {}, and {} is fleet {}",
            named(&of.fleet, of.environment.as_ref().map(ToString::to_string)),
            place.path.display(),
            named(
                &here.name,
                here.environment.as_ref().map(ToString::to_string)
            ),
        ))
        .help("name the plan's fleet with `--fleet PATH`, and its environment with `--env NAME`"));
    }
    let plan = quoted(&args.path.display().to_string());
    let fleet = args.fleet.as_ref();
    let fleet = fleet.map(|path| format!(" --fleet {}", quoted(&path.display().to_string())));
    let again = format!(
        "stampctl apply {plan}{}{}{}",
        fleet.unwrap_or_default(),
        args.variant.flags(),
        again_flags(args)
    );
    let tools = Tools::open(args, &loaded, context, ui)?;
    tools.apply(args, &loaded, &file.bytes, again, context, ui)
}

/// Goes on with the fleet's unfinished run, or plans, shows, asks and applies.
fn fleet(args: &ApplyArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let place = FleetArgs {
        path: args.path.clone(),
        variant: args.variant.clone(),
    };
    let loaded = load::load(&place, ui)?;
    let tools = Tools::open(args, &loaded, context, ui)?;
    let again = format!("{}{}", standing::apply_command(&place), again_flags(args));
    if let Some(bytes) = tools.unfinished(&loaded, ui)? {
        return tools.apply(args, &loaded, &bytes, again, context, ui);
    }
    let inventory = planning::observe(&loaded.fleet, &tools.cloud)?;
    let (plan, refused) = sealing::plan(&loaded.fleet, &inventory, None)?
        .foreseen(&tools.cloud)?
        .keep(|plan, violations| planning::refusal(plan, violations, ui))?;
    if args.format == DataFormat::Text {
        plan_view::show(&plan, &ViewArgs::default(), None, &loaded.manifest, ui)?;
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    if !plan.is_empty() {
        may_go_on(args, &plan, &tools.trust, ui)?;
    }
    let bytes = plan
        .to_bytes()
        .map_err(|fault| Stop::error(format!("the plan cannot be kept: {fault}")))?;
    tools.apply(args, &loaded, &bytes, again, context, ui)
}

/// Whether a fresh plan may be applied: nobody can have signed it yet, and somebody must say yes.
fn may_go_on(args: &ApplyArgs, plan: &Plan, trust: &Trust, ui: &Ui) -> Result<(), Stop> {
    let required = approve::required(plan, trust);
    if required > 0 {
        return Err(Stop::new(
            Exit::NotApproved,
            format!("this plan needs {required} signed approvals, and it was made just now"),
        )
        .help(
            "save it with `stampctl plan --out FILE`, have it signed with `stampctl approve FILE`, \
             and apply the file",
        ));
    }
    if args.auto_approve {
        return Ok(());
    }
    match ui.ask("Apply this plan?") {
        Some(true) => Ok(()),
        // Saying no is no failure (S1-61).
        Some(false) => Err(Stop::new(Exit::Done, "").help("nothing was done")),
        None => Err(Stop::new(
            Exit::NotApproved,
            "nobody can be asked here whether to apply this plan",
        )
        .help(
            "say `--auto-approve`, or save the plan with `stampctl plan --out` and apply the file",
        )),
    }
}

/// The flags that are needed again to go on with what was begun.
fn again_flags(args: &ApplyArgs) -> String {
    let path = |flag: &str, path: Option<&Path>| {
        let path = path.map(|path| quoted(&path.display().to_string()));
        path.map_or_else(String::new, |path| format!(" {flag} {path}"))
    };
    let word = |flag: &str, said: bool| {
        if said {
            format!(" {flag}")
        } else {
            String::new()
        }
    };
    [
        path("--approvals", args.approvals.as_deref()),
        path("--trust", args.trust.file()),
        word("--auto-approve", args.auto_approve),
        args.store.flags(),
        args.lock.flags(),
    ]
    .concat()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number, at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// What every apply works with.
struct Tools {
    cloud: Cloud,
    store: Box<dyn Store>,
    patience: Patience,
    trust: Trust,
    approvals: Vec<(String, Vec<u8>)>,
}

impl Tools {
    fn open(
        args: &ApplyArgs,
        loaded: &LoadedFleet,
        context: &Context,
        ui: &Ui,
    ) -> Result<Self, Stop> {
        let approvals = args.approvals.as_deref().map(signatures).transpose()?;
        let trust = trust::read(&args.trust, context)?;
        let store = args.store.open(loaded, context)?;
        let patience = args.lock.patience();
        // What is planned must come after what somebody else does now.
        patience.wait(&*store, || false, ui)?;
        Ok(Self {
            trust,
            cloud: cloud::open(loaded)?,
            store,
            patience,
            approvals: approvals.unwrap_or_default(),
        })
    }

    /// The plan of the run that was begun last, if it can go on (design §11.22).
    fn unfinished(&self, loaded: &LoadedFleet, ui: &Ui) -> Result<Option<Vec<u8>>, Stop> {
        let Some((run, progress)) =
            planning::block_on(standing::latest(&*self.store, &loaded.fleet))??
        else {
            return Ok(None);
        };
        if progress.completed {
            return Ok(None);
        }
        let Some(until) = progress.resumable_until() else {
            ui.say(&format!(
                "run {run} is not finished and cannot go on, because the world has moved; planning anew"
            ));
            return Ok(None);
        };
        if self.cloud.provider().now() > until {
            ui.say(&format!(
                "run {run} is not finished and could go on until {until}; planning anew"
            ));
            return Ok(None);
        }
        self.plan_of(&run, &progress, ui).map(Some)
    }

    fn plan_of(&self, run: &RunId, progress: &Progress, ui: &Ui) -> Result<Vec<u8>, Stop> {
        let lost = || {
            Stop::new(
                Exit::Damaged,
                format!("the plan of unfinished run {run} is not beside the fleet any more"),
            )
            .help("apply the plan file itself, if it was saved")
        };
        let opened = progress.opened.as_ref().ok_or_else(lost)?;
        let kept = planning::block_on(self.store.plan(&opened.plan))?;
        let bytes = kept.map_err(|fault| store_stop(&fault))?.ok_or_else(lost)?;
        ui.say(&format!(
            "run {run} of plan {} is not finished; going on with it",
            opened.plan.short()
        ));
        Ok(bytes)
    }

    fn apply(
        &self,
        args: &ApplyArgs,
        loaded: &LoadedFleet,
        bytes: &[u8],
        again: String,
        context: &Context,
        ui: &Ui,
    ) -> Result<Exit, Stop> {
        Job {
            cloud: &self.cloud,
            store: &*self.store,
            patience: self.patience,
            trust: &self.trust,
            approvals: &self.approvals,
            bytes,
            concurrency: args.concurrency,
            json_into: args.json_into.as_deref(),
            format: args.format,
            again,
            place: &loaded.args,
        }
        .run(context, ui)
    }
}

/// Every signature file of a folder.
fn signatures(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Stop> {
    let failed =
        |fault: std::io::Error| Stop::error(format!("cannot read {}: {fault}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|end| end == "sig") {
            let bytes = outfile::read(&folder.join(&name))?;
            files.push((name, bytes));
        }
    }
    files.sort();
    Ok(files)
}
