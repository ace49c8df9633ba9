//! `show`: a saved plan.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::plan_file;
use super::plan_view;
use super::plan_view::ViewArgs;
use super::stop::Stop;
use super::ui::Ui;

/// What `show` takes.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// The plan file
    plan: PathBuf,
    #[command(flatten)]
    view: ViewArgs,
}

/// Shows a saved plan. One with a broken seal is shown too, and said to be broken.
pub(super) fn run(args: &ShowArgs, ui: &Ui) -> Result<Exit, Stop> {
    let file = plan_file::read(&args.plan)?;
    plan_view::show(&file.plan, &args.view, None, Path::new("fleet.yaml"), ui)?;
    match file.broken(&args.plan) {
        Some(stop) => Err(stop),
        None => Ok(Exit::Done),
    }
}
