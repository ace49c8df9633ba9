//! `verify`: the independent checker over a saved plan. Needs no cloud and no credentials.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::DataFormat;
use super::exit::Exit;
use super::plan_file;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::render::words::count;
use crate::verify;
use crate::verify::RULES;

/// What `verify` takes.
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// The plan file
    plan: PathBuf,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// The answer, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    plan: &'a str,
    seal: String,
    sound: bool,
    violations: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    rule: String,
    level: String,
    step: Option<String>,
    message: String,
    help: String,
}

/// Judges a plan by every rule, and its seal. A broken rule counts for more than a broken seal.
pub(super) fn run(args: &VerifyArgs, ui: &Ui) -> Result<Exit, Stop> {
    let file = plan_file::read(&args.plan)?;
    let violations = verify::verify(&file.plan);
    let broken = file.broken(&args.plan);
    if args.format == DataFormat::Json {
        let told = violations.iter().map(|violation| Told {
            rule: violation.rule.to_string(),
            level: violation.level.to_string(),
            step: violation.step.as_ref().map(ToString::to_string),
            message: violation.message.clone(),
            help: violation.help.clone(),
        });
        ui.json(&Answer {
            plan: &file.plan.seal.digest.0,
            seal: match &file.seal {
                Ok(()) => "intact".to_owned(),
                Err(fault) => fault.to_string(),
            },
            sound: violations.is_empty(),
            violations: told.collect(),
        })?;
    } else if violations.is_empty() {
        let rules = u64::try_from(RULES.len()).unwrap_or(u64::MAX);
        let steps = u64::try_from(file.plan.body.steps.len()).unwrap_or(u64::MAX);
        ui.line(&format!(
            "plan {} keeps all {}: {}",
            file.plan.seal.digest.short(),
            count(rules, "rule", "rules"),
            count(steps, "step", "steps"),
        ));
    } else {
        planning::tell(&violations, ui);
    }
    match (violations.len(), broken) {
        (0, None) => Ok(Exit::Done),
        (0, Some(broken)) => Err(broken),
        (some, broken) => {
            if let Some(broken) = broken {
                ui.stop(&broken);
            }
            let times = count(u64::try_from(some).unwrap_or(u64::MAX), "time", "times");
            Err(Stop::new(
                Exit::Refused,
                format!("the plan breaks a safety rule, {times}"),
            ))
        }
    }
}
