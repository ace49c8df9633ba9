//! The beginning of a run under the lock: the lock itself, the first record, the mark; and the end
//! of a run that turns out not to be able to go on.

use super::Apply;
use super::ApplyOutcome;
use super::Denied;
use super::Moved;
use super::burn;
use super::burn::Mark;
use super::burn::Unmarked;
use super::clear::Cleared;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::Opened;
use crate::journal::RunId;
use crate::journal::StepStatus;
use crate::journal::event::cut_all;
use crate::plan::format::Plan;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::RunJournal;
use crate::store::StoreError;
use crate::store::Who;
use crate::store::find_run_id;

/// How often the lock is tried again when another run of the same plan came between.
const TRIES: u32 = 3;

impl Apply<'_> {
    /// A run whose facts have moved cannot go on; its journal says so, so that the next command
    /// plans anew and does not try to resume.
    pub(super) async fn write_down_moved(
        &self,
        plan: &Plan,
        moved: &[Moved],
    ) -> Result<(), ApplyOutcome> {
        let (lease, mut journal) = self.lock(plan, None).await?;
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
    ///
    /// `known` is what was read of it before, so that it need not be judged again.
    pub(super) async fn lock(
        &self,
        plan: &Plan,
        mut known: Option<RunJournal>,
    ) -> Result<(Lease, RunJournal), StoreError> {
        let digest = &plan.seal.digest;
        for _ in 0..TRIES {
            let found = find_run_id(self.store, digest).await?;
            let now = self.clock.now();
            let opened_by = format!("{}@{} {}", self.who.user, self.who.host, self.who.pid);
            let run = found.unwrap_or_else(|| RunId::new(digest, now, &opened_by));
            let holder = Holder::new(self.who, &run, "apply", now);
            let lease = self.store.acquire(&holder).await?;
            // Somebody may have opened, or gone on with, the plan's run before the lock was ours.
            match find_run_id(self.store, digest).await? {
                None => return Ok((lease, RunJournal::new(run))),
                Some(found) if found == run => {
                    let journal = match known.take().filter(|journal| *journal.run() == run) {
                        Some(journal) => journal.reload(self.store).await?,
                        None => RunJournal::load(self.store, &run).await?,
                    };
                    return Ok((lease, journal));
                }
                Some(_) => self.store.release(lease).await?,
            }
        }
        Err(StoreError::Locked(None))
    }

    /// Keeps what a resume needs, and writes the run's first record, or that it goes on.
    pub(super) async fn open(
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

    pub(super) fn opened(&self, plan: &Plan) -> Opened {
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

    pub(super) fn taken_over(&self) -> Event {
        let Who { user, host, pid } = self.who;
        Event::TakenOver {
            by: format!("{user}@{host} pid {pid}"),
            purpose: "apply".to_owned(),
        }
    }

    /// Marks the plan as used, or finds the mark that this run has set.
    pub(super) async fn burn(
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
    pub(super) async fn used(
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
    pub(super) async fn superseded(
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
    pub(super) async fn end_here(
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
}

fn unmarked(fault: &stampctl_contract::Fault) -> ApplyOutcome {
    let what = "the plan could not be marked as used in the tenant registry";
    ApplyOutcome::Broken(format!("{what}: {fault}"))
}
