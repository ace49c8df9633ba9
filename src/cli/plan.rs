//! `plan`: what would be done, in which order, and why. Changes nothing.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::args::FleetArgs;
use super::args::quoted;
use super::cloud;
use super::cloud::Cloud;
use super::exit::Exit;
use super::load;
use super::load::LoadedFleet;
use super::plan_file;
use super::plan_view;
use super::plan_view::PlanFormat;
use super::plan_view::ViewArgs;
use super::planning;
use super::sealing;
use super::stop::Stop;
use super::ui::Ui;
use crate::approve;
use crate::approve::Trust;
use crate::model::ProviderRef;
use crate::observe::Inventory;
use crate::plan::format::Action;
use crate::plan::format::Change;
use crate::plan::format::Plan;
use crate::render::view::Next;
use crate::render::words;
use crate::verify::Violation;

/// What `plan` takes.
#[derive(Args, Debug)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    fleet: FleetArgs,
    /// Plan from this inventory instead of looking at the cloud
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    /// Save the plan, sealed, so that it can be approved and applied
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 where changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
    /// Only say what was changed behind the fleet's back
    #[arg(long, conflicts_with = "out")]
    refresh_only: bool,
    #[command(flatten)]
    view: ViewArgs,
}

/// Makes a plan, shows it, and saves it where asked to.
pub(super) fn run(args: &PlanArgs, ui: &Ui) -> Result<Exit, Stop> {
    let (loaded, inventory, cloud) = inputs(args, ui)?;
    let mut judged = sealing::plan(&loaded.fleet, &inventory, args.out.as_deref())?;
    if let Some(cloud) = &cloud {
        judged = judged.foreseen(cloud)?;
    }
    // The program is about to end: to take a million tenants apart would only take time.
    std::mem::forget(inventory);
    let show = |plan: &Plan, violations: &[Violation]| {
        if args.refresh_only {
            return Ok((None, Some(drift(plan, args, ui)?)));
        }
        let refused = planning::refusal(plan, violations, ui);
        let ready = refused.is_none() && !plan.is_empty();
        let next = ready.then(|| next(plan, args.out.as_deref(), &loaded));
        plan_view::show(plan, &args.view, next, &loaded.manifest, ui)?;
        Ok((refused, None))
    };
    let (plan, shown) = judged.keep(show)?;
    let (refused, drifted) = shown?;
    if let Some(exit) = drifted {
        return Ok(exit);
    }
    if let Some(file) = &args.out {
        ui.say(&format!("the plan is saved in {}", file.display()));
    }
    let pending = !plan.is_empty();
    std::mem::forget((loaded, plan));
    match refused {
        Some(refusal) => Err(refusal),
        None if args.detailed_exitcode && pending => Ok(Exit::Pending),
        None => Ok(Exit::Done),
    }
}

/// The fleet, and the world as it was or is observed. Two files are read side by side.
///
/// The cloud comes with them where it says what a plan takes. To plan from a file, a cloud that
/// limits nothing need not be opened, and one that the operator has not set up need not be there.
fn inputs(args: &PlanArgs, ui: &Ui) -> Result<(LoadedFleet, Inventory, Option<Cloud>), Stop> {
    let Some(file) = &args.observed else {
        let loaded = load::load(&args.fleet, ui)?;
        let cloud = cloud::open(&loaded)?;
        let inventory = planning::observe(&loaded.fleet, &cloud)?;
        return Ok((loaded, inventory, Some(cloud)));
    };
    let read = || planning::read_inventory(file);
    let (inventory, loaded) = planning::beside(read, || load::load(&args.fleet, ui));
    let (loaded, inventory) = (loaded?, inventory?);
    planning::is_of(&inventory, &loaded.fleet, file)?;
    let limits = matches!(loaded.fleet.provider, ProviderRef::Azure { .. });
    let cloud = limits.then(|| cloud::open(&loaded).ok()).flatten();
    Ok((loaded, inventory, cloud))
}

/// The command that comes next.
fn next(plan: &Plan, file: Option<&Path>, loaded: &LoadedFleet) -> Next {
    let Some(file) = file else {
        let path = quoted(&loaded.args.path.display().to_string());
        let flags = loaded.args.variant.flags();
        return Next {
            command: format!("stampctl apply {path}{flags}"),
            what: "plans again, shows the plan, asks, and applies it".to_owned(),
        };
    };
    let shown = quoted(&file.display().to_string());
    if approve::required(plan, &Trust::default()) > 0 {
        return Next {
            command: format!("stampctl approve {shown} --key FILE"),
            what: "signs an approval of exactly this plan".to_owned(),
        };
    }
    Next {
        command: format!("stampctl apply {shown}{}", fleet_flags(file, loaded)),
        what: "applies exactly this plan".to_owned(),
    }
}

/// The flags that lead `apply FILE` back to the fleet, where it would not find it by itself.
fn fleet_flags(file: &Path, loaded: &LoadedFleet) -> String {
    let variant = loaded.args.variant.flags();
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    if same(&plan_file::usual_fleet(file), &loaded.args.path) {
        return variant;
    }
    let path = quoted(&loaded.args.path.display().to_string());
    format!(" --fleet {path}{variant}")
}

/// Says what was changed behind the fleet's back.
fn drift(plan: &Plan, args: &PlanArgs, ui: &Ui) -> Result<Exit, Stop> {
    let repairs = plan.body.changes.iter();
    let repairs: Vec<&Change> = repairs
        .filter(|change| change.action == Action::Repair)
        .collect();
    match args.view.format {
        PlanFormat::Json => ui.json(&repairs)?,
        PlanFormat::Text => {
            if repairs.is_empty() {
                ui.line("Nothing was changed behind the fleet's back.");
            }
            for change in &repairs {
                let subject = words::subject(&change.subject);
                ui.line(&format!("~ {subject}: {}", change.why));
                for setting in &change.settings {
                    let json = serde_json::to_string(setting).unwrap_or_default();
                    ui.line(&format!("    {json}"));
                }
            }
        }
        _ => {
            return Err(Stop::error(
                "`--refresh-only` writes only `--format text` and `json`",
            ));
        }
    }
    if args.detailed_exitcode && !repairs.is_empty() {
        Ok(Exit::Pending)
    } else {
        Ok(Exit::Done)
    }
}
