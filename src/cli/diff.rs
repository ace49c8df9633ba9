//! `diff`: what differs between two saved plans.

use std::path::PathBuf;

use clap::Args;

use super::args::DataFormat;
use super::exit::Exit;
use super::plan_file;
use super::stop::Stop;
use super::ui::Ui;
use crate::render::plan_diff;

/// What `diff` takes.
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The first plan file
    before: PathBuf,
    /// The second plan file
    after: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// Compares two plans. A broken seal is said; it does not hide the difference.
pub(super) fn run(args: &DiffArgs, ui: &Ui) -> Result<Exit, Stop> {
    let before = plan_file::read(&args.before)?;
    let after = plan_file::read(&args.after)?;
    let diff = plan_diff::plan_diff(&before.plan, &after.plan);
    match args.format {
        DataFormat::Json => ui.json(&diff)?,
        DataFormat::Text => ui.data(&plan_diff::text(&diff, ui.setting())),
    }
    let broken = before.broken(&args.before);
    match broken.or_else(|| after.broken(&args.after)) {
        Some(stop) => Err(stop),
        None => Ok(Exit::Done),
    }
}
