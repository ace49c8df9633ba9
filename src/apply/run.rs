//! The whole order of checks before the first step, and what comes after the last.

use stampctl_contract::Provider;

use super::ApplyOutcome;
use super::Denied;
use super::Moved;
use super::Report;
use super::burn;
use super::burn::Mark;
use super::burn::Unmarked;
use super::clock::Clock;
use super::context::Context;
use super::event::ApplyEvent;
use super::event::Teller;
use super::event::What;
use super::facts;
use super::log::Broken;
use super::log::Log;
use super::runner::Rest;
use super::runner::Runner;
use super::stop::StopWatch;
use super::timers::Timers;
use crate::approve;
use crate::approve::Approvals;
use crate::approve::Trust;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::Opened;
use crate::journal::Progress;
use crate::journal::RunId;
use crate::journal::StepStatus;
use crate::journal::event::cut_all;
use crate::plan::format::Plan;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::RunJournal;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Who;
use crate::store::find_run;

/// What an apply needs.
#[derive(Clone, Copy)]
pub struct Apply<'a> {
    /// The plan file, as it was read.
    pub bytes: &'a [u8],
    /// The cloud.
    pub provider: &'a dyn Provider,
    /// Where the journal is.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The independent verifier: what refuses the plan, one line each.
    pub verify: &'a dyn Fn(&Plan) -> Vec<String>,
    /// Who may approve.
    pub trust: &'a Trust,
    /// Signature files, besides those that the store has.
    pub approvals: &'a [(String, Vec<u8>)],
    /// Who applies.
    pub who: &'a Who,
    /// The program's name and version.
    pub tool: &'a str,
    /// How many steps may change the cloud at a time.
    pub concurrency: usize,
    /// Whether the run is to stop.
    pub stop: &'a StopWatch,
    /// Who listens.
    pub events: &'a dyn Fn(&ApplyEvent),
}

/// How many steps change the cloud at a time where nothing else is said.
pub const CONCURRENCY: usize = 10;

/// How often the lock is tried again when another run of the same plan came between.
const TRIES: u32 = 3;

/// Applies a plan, or goes on applying it.
pub async fn apply(apply: Apply<'_>) -> ApplyOutcome {
    match apply.start().await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

/// What was found out before the lock.
struct Cleared {
    approvals: Approvals,
    files: Vec<(String, Vec<u8>)>,
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
        let (lease, journal) = self.lock(&plan).await?;
        if journal.progress().completed {
            self.store.release(lease).await?;
            return Ok(ApplyOutcome::AlreadyDone(journal.run().clone()));
        }
        self.under_lock(&plan, lease, journal, cleared).await
    }

    /// The seal, and the rules.
    fn judge_plan(&self) -> Result<Plan, ApplyOutcome> {
        let damaged = |e: crate::plan::format::PlanError| ApplyOutcome::Damaged(e.to_string());
        let plan = Plan::from_bytes(self.bytes).map_err(damaged)?;
        plan.check_seal(self.bytes).map_err(damaged)?;
        let mut refusals = (self.verify)(&plan);
        refusals.extend(plan.refusals().map(|finding| {
            let code = finding.code.word();
            format!(
                "{} {code}: {}; {}",
                finding.subject, finding.what, finding.help
            )
        }));
        if plan.body.provider != self.provider.name() {
            let (wanted, got) = (&plan.body.provider, self.provider.name());
            refusals.push(format!("the plan is for `{wanted}`, this cloud is `{got}`"));
        }
        if refusals.is_empty() {
            Ok(plan)
        } else {
            Err(ApplyOutcome::Refused(refusals))
        }
    }

    /// Who approved. A run goes on under the approvals that it was opened with, so on resume a
    /// key has to have been valid then.
    async fn judge_approvals(
        &self,
        plan: &Plan,
        progress: Option<&Progress>,
    ) -> Result<Cleared, ApplyOutcome> {
        let mut files = self.approvals.to_vec();
        files.extend(self.store.approvals(&plan.seal.digest).await?);
        files.sort();
        files.dedup();
        let at = progress.and_then(|progress| progress.opened_at);
        let at = at.unwrap_or_else(|| self.clock.now());
        let approvals = approve::check(plan, self.trust, &files, at)
            .map_err(|missing| ApplyOutcome::Unapproved(Denied::Missing(missing)))?;
        let rejected = |file: &(String, Vec<u8>)| {
            let mut rejected = approvals.rejected.iter();
            rejected.any(|rejected| rejected.file == file.0)
        };
        files.retain(|file| !rejected(file));
        Ok(Cleared { approvals, files })
    }

    fn judge_time(&self, plan: &Plan, progress: Option<&Progress>) -> Result<(), ApplyOutcome> {
        let begun = progress.is_some_and(|progress| progress.first_call.is_some());
        let until = if begun {
            plan.seal.resume_until
        } else {
            plan.seal.expires_at
        };
        if self.clock.now() > until {
            return Err(ApplyOutcome::Expired { until });
        }
        Ok(())
    }

    async fn judge_facts(
        &self,
        plan: &Plan,
        journal: Option<&RunJournal>,
    ) -> Result<(), ApplyOutcome> {
        let none = Progress::default();
        let progress = journal.map_or(&none, RunJournal::progress);
        let moved = facts::moved(plan, progress, self.provider, self.clock).await;
        if moved.is_empty() {
            return Ok(());
        }
        // While somebody applies, the world moves because of that.
        if let Some(holder) = self.store.holder().await? {
            return Err(ApplyOutcome::Locked(Some(Box::new(holder))));
        }
        if journal.is_some() {
            self.write_down_moved(plan, &moved).await?;
        }
        Err(ApplyOutcome::Moved(moved, None))
    }

    /// A run whose facts have moved cannot go on; its journal says so, so that the next command
    /// plans anew and does not try to resume.
    async fn write_down_moved(&self, plan: &Plan, moved: &[Moved]) -> Result<(), ApplyOutcome> {
        let (lease, mut journal) = self.lock(plan).await?;
        let mut events = vec![self.taken_over()];
        for moved in moved {
            let status = journal.progress().status(&moved.step);
            let open = matches!(
                status,
                StepStatus::Planned | StepStatus::Waiting | StepStatus::Failed
            );
            let told = events.iter().any(|event| event.step() == Some(&moved.step));
            if open && !told {
                events.push(Event::Failed {
                    step: moved.step.clone(),
                    cause: Cause::Moved,
                    fault: None,
                    evidence: cut_all(std::slice::from_ref(&moved.evidence)),
                });
            }
        }
        let now = self.clock.now();
        if journal.progress().opened.is_some() && !journal.progress().completed {
            journal.append(self.store, &lease, now, &events).await?;
        }
        self.store.release(lease).await?;
        Ok(())
    }

    /// Takes the lock for the plan's run, and reads its journal under it.
    async fn lock(&self, plan: &Plan) -> Result<(Lease, RunJournal), StoreError> {
        let digest = &plan.seal.digest;
        for _ in 0..TRIES {
            let found = find_run(self.store, digest).await?;
            let now = self.clock.now();
            let opened_by = format!("{}@{} {}", self.who.user, self.who.host, self.who.pid);
            let run = found.map_or_else(
                || RunId::new(digest, now, &opened_by),
                |journal| journal.run().clone(),
            );
            let holder = Holder::new(self.who, &run, "apply", now);
            let lease = self.store.acquire(&holder).await?;
            // Somebody may have opened, or gone on with, the plan's run before the lock was ours.
            match find_run(self.store, digest).await? {
                None => return Ok((lease, RunJournal::new(run))),
                Some(journal) if *journal.run() == run => return Ok((lease, journal)),
                Some(_) => self.store.release(lease).await?,
            }
        }
        Err(StoreError::Locked(None))
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

    /// Keeps what a resume needs, and writes the run's first record, or that it goes on.
    async fn open(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &mut RunJournal,
        cleared: &Cleared,
    ) -> Result<(), ApplyOutcome> {
        let resumed = journal.progress().opened.is_some();
        let events = if resumed {
            vec![self.taken_over()]
        } else {
            self.store.put_plan(&plan.seal.digest, self.bytes).await?;
            for (name, bytes) in &cleared.files {
                self.store.put_approval(name, bytes).await?;
            }
            vec![
                Event::Opened(self.opened(plan)),
                Event::Approved {
                    signers: cleared.approvals.signers.clone(),
                    required: cleared.approvals.required,
                },
            ]
        };
        let now = self.clock.now();
        journal.append(self.store, lease, now, &events).await?;
        Ok(())
    }

    fn opened(&self, plan: &Plan) -> Opened {
        Opened {
            plan: plan.seal.digest.clone(),
            fleet: plan.body.fleet.clone(),
            environment: plan.body.environment.clone(),
            provider: plan.body.provider.clone(),
            tool: self.tool.to_owned(),
            steps: plan.body.steps.len() as u64,
            expires_at: plan.seal.expires_at,
            resume_until: plan.seal.resume_until,
        }
    }

    fn taken_over(&self) -> Event {
        let Who { user, host, pid } = self.who;
        Event::TakenOver {
            by: format!("{user}@{host} pid {pid}"),
            purpose: "apply".to_owned(),
        }
    }

    /// Marks the plan as used, or finds the mark that this run has set.
    async fn burn(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &mut RunJournal,
    ) -> Result<(), ApplyOutcome> {
        let run = journal.run().clone();
        if journal.progress().burnt {
            let mark = burn::mark(plan, &run, self.provider, self.clock).await;
            return match mark {
                Ok(Mark::Ours) => Ok(()),
                Ok(Mark::Theirs(run)) => self.used(plan, lease, journal, run).await,
                Ok(Mark::None) => self.superseded(plan, lease, journal).await,
                Err(fault) => Err(unmarked(&fault)),
            };
        }
        let event = Event::BurnStarted;
        let now = self.clock.now();
        journal.append(self.store, lease, now, &[event]).await?;
        match burn::burn(plan, &run, self.provider, self.clock).await {
            Ok(()) => {}
            Err(Unmarked::Used(run)) => return self.used(plan, lease, journal, run).await,
            Err(Unmarked::Fault(fault)) => return Err(unmarked(&fault)),
        }
        let now = self.clock.now();
        journal
            .append(self.store, lease, now, &[Event::Burnt])
            .await?;
        Ok(())
    }

    /// Another run applied the plan, so its approvals are used up.
    async fn used(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &mut RunJournal,
        run: String,
    ) -> Result<(), ApplyOutcome> {
        let evidence = format!("run {run} has applied this plan");
        self.end_here(plan, lease, journal, evidence).await?;
        Err(ApplyOutcome::Unapproved(Denied::Used { run }))
    }

    /// Another plan was applied since this run began.
    async fn superseded(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &mut RunJournal,
    ) -> Result<(), ApplyOutcome> {
        let evidence = "another plan has been applied to this fleet since".to_owned();
        let moved = self.end_here(plan, lease, journal, evidence).await?;
        Err(ApplyOutcome::Moved(moved.into_iter().collect(), None))
    }

    /// Writes down, at the first step that is not done, that the run cannot go on.
    async fn end_here(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &mut RunJournal,
        evidence: String,
    ) -> Result<Option<Moved>, ApplyOutcome> {
        let open = |status| {
            !matches!(
                status,
                StepStatus::Succeeded | StepStatus::Undoing | StepStatus::UndoFailed
            )
        };
        let mut steps = plan.body.steps.iter();
        let Some(step) = steps.find(|step| open(journal.progress().status(&step.id))) else {
            return Ok(None);
        };
        let step = step.id.clone();
        let event = Event::Failed {
            step: step.clone(),
            cause: Cause::Moved,
            fault: None,
            evidence: vec![evidence.clone()],
        };
        let now = self.clock.now();
        journal.append(self.store, lease, now, &[event]).await?;
        Ok(Some(Moved { step, evidence }))
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

fn unmarked(fault: &stampctl_contract::Fault) -> ApplyOutcome {
    let what = "the plan could not be marked as used in the tenant registry";
    ApplyOutcome::Broken(format!("{what}: {fault}"))
}
