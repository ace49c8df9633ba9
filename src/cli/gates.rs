//! `confirm` and `unlock`: what a person writes into a run from outside, by name and journalled.

use clap::Args;

use super::args::FleetArgs;
use super::cloud;
use super::context::Context;
use super::exit::Exit;
use super::home::StoreArgs;
use super::load;
use super::planning;
use super::standing;
use super::stop::Stop;
use super::stopping::store_stop;
use super::ui::Ui;
use crate::journal::RunId;
use crate::journal::StepStatus;
use crate::plan::format::StepId;
use crate::store;
use crate::store::Holder;

/// What `confirm` takes.
#[derive(Args, Debug)]
pub(super) struct ConfirmArgs {
    /// The step that asks, as `status` names it
    step: String,
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// What `unlock` takes.
#[derive(Args, Debug)]
pub(super) struct UnlockArgs {
    /// The run that holds the lock, as the refusal named it
    run: RunId,
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Says yes to a gate of the fleet's unfinished run.
pub(super) fn confirm(args: &ConfirmArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let own = args.store.open(&loaded, context)?;
    let step = StepId(args.step.as_str().into());
    let latest = planning::block_on(standing::latest(&*own, &loaded.fleet))??;
    let Some((run, progress)) = latest.filter(|(_, progress)| !progress.completed) else {
        return Err(Stop::error("the fleet has no unfinished run"));
    };
    if progress.status(&step) != StepStatus::Waiting {
        let waiting = progress.steps();
        let waiting = waiting.filter(|(_, step)| step.status == StepStatus::Waiting);
        let waiting: Vec<String> = waiting.map(|(id, _)| id.to_string()).collect();
        let help = if waiting.is_empty() {
            "no step of it waits".to_owned()
        } else {
            format!("these wait: {}", waiting.join(", "))
        };
        let what = format!("{step} does not wait for an answer in run {run}");
        return Err(Stop::error(what).help(help));
    }
    let by = Holder::new(&context.who(), &run, "confirm", cloud.provider().now());
    planning::block_on(store::confirm(&*own, &run, &step, &by))?
        .map_err(|fault| store_stop(&fault))?;
    ui.line(&format!("{step} is confirmed by {}", context.user));
    let next = standing::apply_command(&args.fleet);
    ui.say(&format!("next: {next}{}", args.store.flags()));
    Ok(Exit::Done)
}

/// Takes the lock from a run whose process is gone for good.
pub(super) fn unlock(args: &UnlockArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let loaded = load::load(&args.fleet, ui)?;
    let cloud = cloud::open(&loaded)?;
    let own = args.store.open(&loaded, context)?;
    let by = Holder::new(&context.who(), &args.run, "unlock", cloud.provider().now());
    let in_doubt = planning::block_on(store::unlock(&*own, &args.run, &by))?
        .map_err(|fault| store_stop(&fault))?;
    ui.line(&format!("the lock of run {} is released", args.run));
    for step in in_doubt {
        ui.warn(&format!(
            "{step} may still be under way; the next run looks at it first"
        ));
    }
    let next = standing::apply_command(&args.fleet);
    ui.say(&format!("next: {next}{}", args.store.flags()));
    Ok(Exit::Done)
}
