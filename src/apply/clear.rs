//! What has to be in order before the lock is taken: the seal, the rules, the approvals, the time
//! and the facts, in this order.

use super::Apply;
use super::ApplyOutcome;
use super::Denied;
use super::facts;
use crate::approve;
use crate::approve::Approvals;
use crate::approve::Rejected;
use crate::journal::Progress;
use crate::plan::format::Plan;
use crate::plan::format::PlanError;
use crate::store::RunJournal;

/// By whose leave the plan is applied.
pub(super) struct Cleared {
    /// Who approved.
    pub(super) approvals: Approvals,
    /// The signature files that count.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Apply<'_> {
    /// The seal, and the rules.
    pub(super) fn judge_plan(&self) -> Result<Plan, ApplyOutcome> {
        let damaged = |e: PlanError| ApplyOutcome::Damaged(e.to_string());
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
    pub(super) async fn judge_approvals(
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
        let approvals = approve::check(plan, self.trust, &files, at).map_err(|missing| {
            let mut files = missing.rejected.iter();
            match files.find(|file| file.altered) {
                Some(Rejected { file, why, .. }) => {
                    ApplyOutcome::Damaged(format!("the approval {file}: {why}"))
                }
                None => ApplyOutcome::Unapproved(Denied::Missing(missing)),
            }
        })?;
        let rejected = |file: &(String, Vec<u8>)| {
            let mut rejected = approvals.rejected.iter();
            rejected.any(|rejected| rejected.file == file.0)
        };
        files.retain(|file| !rejected(file));
        Ok(Cleared { approvals, files })
    }

    pub(super) fn judge_time(
        &self,
        plan: &Plan,
        progress: Option<&Progress>,
    ) -> Result<(), ApplyOutcome> {
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

    pub(super) async fn judge_facts(
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
}
