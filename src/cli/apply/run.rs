//! One apply, from the plan's bytes to what is said at the end.

use std::path::Path;

use serde::Serialize;

use super::ending;
use super::events::EventFile;
use super::progress::Follower;
use super::signals;
use crate::apply;
use crate::apply::Apply;
use crate::apply::ApplyEvent;
use crate::apply::ApplyOutcome;
use crate::apply::Clock;
use crate::apply::DrivenClock;
use crate::apply::Report;
use crate::approve::Trust;
use crate::cli::args::DataFormat;
use crate::cli::args::FleetArgs;
use crate::cli::azure::WallClock;
use crate::cli::cloud::Cloud;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::home::Patience;
use crate::cli::planning;
use crate::cli::planning::TOOL;
use crate::cli::stop::Stop;
use crate::cli::ui::Ui;
use crate::journal::StepStatus;
use crate::plan::format::Plan;
use crate::render;
use crate::store::RunJournal;
use crate::store::Store;
use crate::verify;

/// Everything that an apply needs.
pub(super) struct Job<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) store: &'a dyn Store,
    pub(super) patience: Patience,
    pub(super) trust: &'a Trust,
    pub(super) approvals: &'a [(String, Vec<u8>)],
    pub(super) bytes: &'a [u8],
    pub(super) concurrency: usize,
    pub(super) json_into: Option<&'a Path>,
    pub(super) format: DataFormat,
    /// The command that goes on.
    pub(super) again: String,
    pub(super) place: &'a FleetArgs,
}

/// What came of it, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    exit: u8,
    meaning: &'a str,
    plan: &'a str,
    report: Option<&'a Report>,
    not_started: &'a [String],
    next: Vec<String>,
}

impl Job<'_> {
    pub(super) fn run(&self, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
        let plan = Plan::from_bytes(self.bytes)
            .map_err(|fault| Stop::new(Exit::Damaged, fault.to_string()))?;
        let events = EventFile::create(self.json_into)?;
        let (handle, stop) = apply::stop();
        signals::listen(handle)?;
        let begun = self.cloud.provider().now();
        let outcome = loop {
            let outcome = self.apply(&plan, &stop, &events, context, ui)?;
            // Somebody else who waited was faster. Nothing was done, so it is tried again.
            let locked = matches!(outcome, ApplyOutcome::Locked(_));
            if !locked || !self.patience.lasts() || signals::heard() {
                break outcome;
            }
            self.patience.wait(self.store, signals::heard, ui)?;
        };
        let exit = ending::exit(&outcome);
        let ended = self.cloud.provider().now();
        events.finish(ended, exit, ui);
        let report = outcome.report().cloned();
        let not_started = match &report {
            Some(report) => self.not_started(&plan, report),
            None => Vec::new(),
        };
        let next = self.next(&plan, &outcome, report.as_ref());
        match (self.format, &report) {
            (DataFormat::Json, report) => ui.json(&Answer {
                exit: exit.code(),
                meaning: exit.meaning(),
                plan: &plan.seal.digest.0,
                report: report.as_ref(),
                not_started: &not_started,
                next,
            })?,
            (DataFormat::Text, Some(report)) => {
                let elapsed = u64::try_from(ended.duration_since(begun).as_secs()).unwrap_or(0);
                let ending = ending::ending(&plan, &outcome, report, not_started, elapsed);
                ui.data(&render::progress::ending(&ending, ui.setting()));
                tell_next(&next, ui);
            }
            (DataFormat::Text, None) => match &outcome {
                ApplyOutcome::NothingToDo => {
                    ui.line("Nothing to do: the fleet is as the manifest says.");
                }
                ApplyOutcome::AlreadyDone(run) => {
                    ui.line(&format!("Nothing to do: run {run} has applied this plan."));
                }
                _ => {}
            },
        }
        match ending::reason(outcome) {
            Some(stop) => Err(stop),
            None => Ok(exit),
        }
    }

    fn apply(
        &self,
        plan: &Plan,
        stop: &apply::StopWatch,
        events: &EventFile,
        context: &Context,
        ui: &Ui,
    ) -> Result<ApplyOutcome, Stop> {
        let provider = self.cloud.provider();
        let driven = DrivenClock::new(
            || provider.now(),
            |at| {
                let rest = at.duration_since(provider.now());
                // Part of a second is a second: the clock must not stand still.
                let seconds = rest.as_secs() + i64::from(rest.subsec_nanos() > 0);
                // Where the clock cannot be moved, no call works either, and that is told.
                if let Cloud::Sim(sim) = self.cloud {
                    let _ = sim.advance(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX));
                }
            },
        );
        let clock: &dyn Clock = match self.cloud {
            Cloud::Sim(_) => &driven,
            Cloud::Azure(_) => &WallClock,
        };
        let follower = Follower::new(plan, context, ui);
        let listener = |event: &ApplyEvent| {
            events.write(event);
            follower.hear(event);
        };
        let violations = |plan: &Plan| -> Vec<String> {
            let violations = verify::verify(plan);
            violations.iter().map(ToString::to_string).collect()
        };
        let who = context.who();
        planning::block_on(apply::apply(Apply {
            bytes: self.bytes,
            provider,
            store: self.store,
            clock,
            verify: &violations,
            trust: self.trust,
            approvals: self.approvals,
            who: &who,
            tool: TOOL,
            concurrency: self.concurrency,
            stop,
            events: &listener,
        }))
    }

    /// The steps that no attempt was made at. A journal that cannot be read any more was said to
    /// be so by the run itself.
    fn not_started(&self, plan: &Plan, report: &Report) -> Vec<String> {
        let journal = planning::block_on(RunJournal::load(self.store, &report.run));
        let Ok(Ok(journal)) = journal else {
            return Vec::new();
        };
        let steps = plan.body.steps.iter();
        steps
            .filter(|step| journal.progress().status(&step.id) == StepStatus::Planned)
            .map(|step| step.id.to_string())
            .collect()
    }

    /// The commands that bring a run to its end.
    fn next(&self, plan: &Plan, outcome: &ApplyOutcome, report: Option<&Report>) -> Vec<String> {
        let resumable = matches!(
            outcome,
            ApplyOutcome::Paused(_) | ApplyOutcome::Failed(_) | ApplyOutcome::Stopped(..)
        );
        let Some(report) = report.filter(|_| resumable) else {
            return Vec::new();
        };
        let now = self.cloud.provider().now();
        let mut next = ending::before_going_on(plan, report, now, self.place);
        next.push(self.again.clone());
        next
    }
}

/// What brings the run to its end, in order.
fn tell_next(next: &[String], ui: &Ui) {
    if next.is_empty() {
        return;
    }
    ui.line("\nTo go on:");
    for command in next {
        ui.line(&format!("  {command}"));
    }
}
