//! The whole order of checks before the first step, and what comes after the last.

use super::Apply;
use super::ApplyOutcome;
use super::Moved;
use super::Report;
use super::clear::Cleared;
use super::context::Context;
use super::event::Teller;
use super::event::What;
use super::log::Broken;
use super::log::Log;
use super::runner::Rest;
use super::runner::Runner;
use super::timers::Timers;
use crate::journal::Cause;
use crate::journal::StepStatus;
use crate::plan::format::Plan;
use crate::store::Lease;
use crate::store::RunJournal;
use crate::store::find_run;

/// How many steps change the cloud at a time where nothing else is said.
pub const CONCURRENCY: usize = 10;

/// Applies a plan, or goes on applying it.
pub async fn apply(apply: Apply<'_>) -> ApplyOutcome {
    match apply.start().await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

impl Apply<'_> {
    async fn start(&self) -> Result<ApplyOutcome, ApplyOutcome> {
        let plan = self.judge_plan()?;
        if plan.is_empty() {
            return Ok(ApplyOutcome::NothingToDo);
        }
        let journal = find_run(self.store, &plan.seal.digest).await?;
        let progress = journal.as_ref().map(RunJournal::progress);
        if let Some(journal) = &journal
            && journal.progress().completed
        {
            return Ok(ApplyOutcome::AlreadyDone(journal.run().clone()));
        }
        let cleared = self.judge_approvals(&plan, progress).await?;
        self.judge_time(&plan, progress)?;
        self.judge_facts(&plan, journal.as_ref()).await?;
        let (lease, journal) = self.lock(&plan, journal).await?;
        if journal.progress().completed {
            self.store.release(lease).await?;
            return Ok(ApplyOutcome::AlreadyDone(journal.run().clone()));
        }
        self.under_lock(&plan, lease, journal, cleared).await
    }

    async fn under_lock(
        &self,
        plan: &Plan,
        lease: Lease,
        mut journal: RunJournal,
        cleared: Cleared,
    ) -> Result<ApplyOutcome, ApplyOutcome> {
        let resumed = journal.progress().opened.is_some();
        let prepared = self.open(plan, &lease, &mut journal, &cleared).await;
        let prepared = match prepared {
            Ok(()) => self.burn(plan, &lease, &mut journal).await,
            Err(outcome) => Err(outcome),
        };
        if let Err(outcome) = prepared {
            self.store.release(lease).await?;
            return Err(outcome);
        }
        self.run_steps(plan, lease, journal, resumed).await
    }

    async fn run_steps(
        &self,
        plan: &Plan,
        lease: Lease,
        journal: RunJournal,
        resumed: bool,
    ) -> Result<ApplyOutcome, ApplyOutcome> {
        let run = journal.run().clone();
        let report = Report::of(&run, plan, journal.progress());
        let context = Context {
            plan,
            provider: self.provider,
            clock: self.clock,
            log: Log::new(self.store, self.clock, lease, journal),
            timers: Timers::default(),
            stop: self.stop.clone(),
            teller: Teller::new(self.events),
            compared: Context::compared(plan),
        };
        context.tell(What::Opened {
            run: run.clone(),
            resumed,
            steps: report.steps,
            done: report.succeeded,
        });
        let rest = match Runner::new(&context, self.concurrency) {
            Ok(runner) => Ok(runner.run().await),
            Err(no_order) => Err(ApplyOutcome::Refused(vec![no_order.to_string()])),
        };
        let (lease, journal, broken) = context.log.close();
        let released = self.store.release(lease).await;
        if let Some(error) = broken {
            return Err(error.into());
        }
        released?;
        let report = Report::of(&run, plan, journal.progress());
        Ok(outcome(rest?, report))
    }
}

/// What a run at rest came to.
fn outcome(rest: Rest, report: Report) -> ApplyOutcome {
    match rest {
        Rest::Broken => return ApplyOutcome::Broken(Broken.to_string()),
        Rest::Stopped(signal) => return ApplyOutcome::Stopped(signal, report),
        Rest::Still => {}
    }
    if report.succeeded == report.steps {
        return ApplyOutcome::Done(report);
    }
    let lost = |step: &&super::OpenStep| step.status != StepStatus::Waiting;
    let lost: Vec<&super::OpenStep> = report.open.iter().filter(lost).collect();
    if lost.is_empty() {
        return ApplyOutcome::Paused(report);
    }
    let moved =
        |step: &&&super::OpenStep| matches!(step.cause, Some(Cause::Moved | Cause::Expired));
    if lost.iter().all(|step| moved(&step)) {
        let moved = lost.iter().map(|step| Moved {
            step: step.step.clone(),
            evidence: step.evidence.first().cloned().unwrap_or_default(),
        });
        return ApplyOutcome::Moved(moved.collect(), Some(report));
    }
    ApplyOutcome::Failed(report)
}
