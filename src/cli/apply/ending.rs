//! What came of an apply, for people: done, failed, unknown, waiting, not started, and what to
//! type next.

use jiff::Timestamp;

use crate::apply::ApplyOutcome;
use crate::apply::Denied;
use crate::apply::OpenStep;
use crate::apply::Report;
use crate::cli::args::FleetArgs;
use crate::cli::args::quoted;
use crate::cli::exit::Exit;
use crate::cli::stop::Stop;
use crate::cli::stopping::store_stop;
use crate::journal::Signal;
use crate::journal::StepStatus;
use crate::plan::format::Condition;
use crate::plan::format::Plan;
use crate::plan::format::StepId;
use crate::render::progress::Ending;
use crate::store::StoreError;

/// The exit code of an outcome.
pub(super) fn exit(outcome: &ApplyOutcome) -> Exit {
    match outcome {
        ApplyOutcome::NothingToDo | ApplyOutcome::AlreadyDone(_) | ApplyOutcome::Done(_) => {
            Exit::Done
        }
        ApplyOutcome::Broken(_) => Exit::Error,
        ApplyOutcome::Refused(_) => Exit::Refused,
        ApplyOutcome::Unapproved(_) => Exit::NotApproved,
        ApplyOutcome::Moved(..) | ApplyOutcome::Expired { .. } => Exit::Moved,
        ApplyOutcome::Paused(_) => Exit::Paused,
        ApplyOutcome::Failed(_) => Exit::Incomplete,
        ApplyOutcome::Locked(_) | ApplyOutcome::Fenced(_) => Exit::Locked,
        ApplyOutcome::Damaged(_) => Exit::Damaged,
        ApplyOutcome::Stopped(Signal::Interrupt, _) => Exit::Interrupted,
        ApplyOutcome::Stopped(Signal::Terminate, _) => Exit::Terminated,
        ApplyOutcome::Stopped(Signal::HangUp, _) => Exit::HungUp,
    }
}

/// Why nothing, or nothing more, was done; `None` where the report says it all.
pub(super) fn reason(outcome: ApplyOutcome) -> Option<Stop> {
    let exit = exit(&outcome);
    let stop = match outcome {
        ApplyOutcome::NothingToDo
        | ApplyOutcome::AlreadyDone(_)
        | ApplyOutcome::Done(_)
        | ApplyOutcome::Paused(_)
        | ApplyOutcome::Failed(_)
        | ApplyOutcome::Stopped(..) => return None,
        ApplyOutcome::Refused(why) => Stop::new(
            exit,
            format!("the plan is refused; nothing was done\n{}", why.join("\n")),
        ),
        ApplyOutcome::Unapproved(denied) => unapproved(&denied),
        ApplyOutcome::Moved(moved, _) => {
            let lines = moved
                .iter()
                .map(|moved| format!("\n{}: {}", moved.step, moved.evidence));
            let lines: String = lines.collect();
            Stop::new(exit, format!("the world is not as the plan says{lines}"))
                .help("plan again; what was done stays done")
        }
        ApplyOutcome::Expired { until } => {
            Stop::new(exit, format!("the plan could be applied until {until}")).help("plan again")
        }
        ApplyOutcome::Locked(holder) => store_stop(&StoreError::Locked(holder)),
        ApplyOutcome::Fenced(why) => Stop::new(exit, why).help("whoever holds the lock goes on"),
        ApplyOutcome::Damaged(why) => Stop::new(exit, why)
            .help("nothing was called; keep the file, and compare the cloud with the plan"),
        ApplyOutcome::Broken(why) => {
            Stop::new(exit, why).help("nothing more was done; the same command goes on")
        }
    };
    Some(stop)
}

fn unapproved(denied: &Denied) -> Stop {
    match denied {
        Denied::Missing(missing) => {
            let mut lines = vec![missing.to_string()];
            let rejected = missing.rejected.iter();
            lines.extend(rejected.map(|it| format!("{} does not count: {}", it.file, it.why)));
            Stop::new(Exit::NotApproved, lines.join("\n")).help(
                "`stampctl approve PLAN --key FILE` signs; who may sign is said by `--trust FILE` \
                 or STAMPCTL_TRUST, never by the manifest",
            )
        }
        Denied::Used { run } => Stop::new(
            Exit::NotApproved,
            format!("the plan was applied already, by run {run}, which this folder does not know"),
        )
        .help("plan again"),
    }
}

/// The ending as it is shown.
pub(super) fn ending(
    plan: &Plan,
    outcome: &ApplyOutcome,
    report: &Report,
    not_started: Vec<String>,
    elapsed: u64,
) -> Ending {
    let of = |statuses: &'static [StepStatus]| {
        let open = report.open.iter();
        open.filter(|step| statuses.contains(&step.status))
    };
    let told = |step: &OpenStep| (step.step.to_string(), why(step));
    let stopped = match outcome {
        ApplyOutcome::Stopped(Signal::Interrupt, _) => Some("an interrupt"),
        ApplyOutcome::Stopped(Signal::Terminate, _) => Some("SIGTERM"),
        ApplyOutcome::Stopped(Signal::HangUp, _) => Some("SIGHUP"),
        _ => None,
    };
    let waiting = of(&[StepStatus::Waiting]).map(|step| {
        let until = step.until.map(|until| until.to_string());
        (step.step.to_string(), step.evidence.join("; "), until)
    });
    Ending {
        run: report.run.to_string(),
        plan: plan.seal.digest.short().to_owned(),
        elapsed,
        done: u64::try_from(report.succeeded).unwrap_or(u64::MAX),
        failed: of(&[StepStatus::Failed, StepStatus::UndoFailed])
            .map(told)
            .collect(),
        unknown: of(&[
            StepStatus::Started,
            StepStatus::Unknown,
            StepStatus::Undoing,
        ])
        .map(told)
        .collect(),
        waiting: waiting.collect(),
        undone: Vec::new(),
        not_started,
        stopped: stopped.map(str::to_owned),
        // What to type may be several commands; they follow.
        resume: None,
    }
}

fn why(step: &OpenStep) -> String {
    let mut parts = Vec::new();
    parts.extend(step.cause.map(|cause| cause.word().to_owned()));
    if let Some(fault) = &step.fault {
        parts.push(format!(
            "{} ({}): {}",
            fault.class, fault.code, fault.message
        ));
    }
    parts.extend(step.evidence.iter().cloned());
    if parts.is_empty() {
        parts.push("how it ended was not written down".to_owned());
    }
    parts.join("; ")
}

/// What has to happen before a paused run goes on, as commands.
pub(super) fn before_going_on(
    plan: &Plan,
    report: &Report,
    now: Timestamp,
    place: &FleetArgs,
) -> Vec<String> {
    let path = quoted(&place.path.display().to_string());
    let flags = place.variant.flags();
    let mut commands = Vec::new();
    if plan.body.provider == "sim"
        && let Some(due) = report.next_due()
    {
        let seconds = due.duration_since(now).as_secs().max(1);
        commands.push(format!(
            "stampctl sim advance {} {path}{flags}",
            length(seconds)
        ));
    }
    for step in report.with(StepStatus::Waiting) {
        if step.until.is_none() && asks_a_person(plan, &step.step) {
            let step = quoted(&step.step.0);
            commands.push(format!("stampctl confirm {step} {path}{flags}"));
        }
    }
    commands
}

fn asks_a_person(plan: &Plan, id: &StepId) -> bool {
    let step = plan.body.steps.iter().find(|step| step.id == *id);
    let asks = |condition: &Condition| matches!(condition, Condition::Confirmed { .. });
    step.is_some_and(|step| step.act.conditions().iter().any(asks))
}

/// Seconds in the largest unit that says them exactly.
fn length(seconds: i64) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        // A day is said as hours, as people speak of a soak.
        if unit != "d" && seconds % size == 0 {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_exact() {
        assert_eq!(length(86_400), "24h");
        assert_eq!(length(90), "90s");
        assert_eq!(length(600), "10m");
    }
}
