//! What is held back, refused or merely told: everything that does not become a step.

use super::Context;
use super::format::Finding;
use super::format::FindingCode;
use super::format::RuleId;
use super::format::Step;
use super::format::StepKind;
use super::format::Subject;
use crate::diff::Goal;
use crate::diff::TenantDifference;
use crate::model::QuotaKey;
use crate::model::policy::Band;
use crate::model::policy::OnRemoved;

mod obstacles;
mod stamps;
mod tenants;
mod told;

/// One finding.
fn finding(
    code: FindingCode,
    subject: Subject,
    what: impl Into<String>,
    rule: Option<&'static str>,
    help: impl Into<String>,
) -> Finding {
    Finding {
        code,
        subject,
        what: what.into(),
        rule: rule.map(RuleId::known),
        help: help.into(),
    }
}

/// What must be known before steps are written: it fills in what is blocked.
pub(super) fn before(context: &mut Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    tenants::held_back(context, &mut findings);
    stamps::held_back(context, &mut findings);
    stamps::retirements(context, &mut findings);
    dependants(context);
    stamps::minimum(context, &mut findings);
    told::unmanaged(context, &mut findings);
    told::load(context, &mut findings);
    told::gaps(context, &mut findings);
    findings
}

fn block(context: &mut Context<'_>, subject: &Subject) {
    context.blocked.insert(subject.clone(), subject.clone());
}

/// Blocks every stamp that grows, shrinks, comes or goes on an account that lacks cores, and
/// whoever depends on it. Says whether that blocked anything new.
pub(super) fn block_lacking(context: &mut Context<'_>, lacking: &[QuotaKey]) -> bool {
    let mut blocked = Vec::new();
    for (id, difference) in &context.differences.stamps {
        let account = context
            .blueprint
            .stamps
            .get(id)
            .and_then(|stamp| stamp.account.as_ref());
        let moves =
            difference.scale.is_some() || matches!(difference.goal, Goal::Make | Goal::Retire(_));
        let subject = Subject::Stamp(id.clone());
        if moves && account.is_some_and(|a| lacking.contains(a)) && !context.is_blocked(&subject) {
            blocked.push(subject);
        }
    }
    for subject in &blocked {
        block(context, subject);
    }
    dependants(context);
    !blocked.is_empty()
}

/// What depends on something blocked is blocked with it.
fn dependants(context: &mut Context<'_>) {
    let mut blocked = Vec::new();
    for (id, difference) in &context.differences.tenants {
        let (from, to) = match difference {
            TenantDifference::Onboard { to } => (None, Some(to)),
            TenantDifference::Move { from, to } | TenantDifference::Settle { from, to } => {
                (Some(from), Some(to))
            }
            TenantDifference::Offboard { from, .. } => (Some(from), None),
            TenantDifference::Entry(_) | TenantDifference::Erase => (None, None),
        };
        // A stamp that is not what the manifest takes it for keeps its tenants as they are: where
        // their data lies cannot be told.
        let from = from.filter(|from| {
            let goal = context.differences.stamps.get(*from).map(|d| &d.goal);
            matches!(goal, Some(Goal::Replace(_) | Goal::Hidden(_)))
        });
        let cause = [from, to]
            .into_iter()
            .flatten()
            .map(|stamp| Subject::Stamp(stamp.clone()));
        if let Some(stamp) = cause.into_iter().find(|stamp| context.is_blocked(stamp)) {
            blocked.push((Subject::Tenant(id.clone()), stamp));
        }
    }
    context.blocked.extend(blocked);
}

/// What only the finished steps show: limits (R7, design §11.16).
pub(super) fn after(context: &Context<'_>, steps: &[Step]) -> Vec<Finding> {
    let count = |kind| {
        u32::try_from(steps.iter().filter(|step| step.kind == kind).count()).unwrap_or(u32::MAX)
    };
    let limits = context.policy().limits;
    let tenants = context.placement.homes.len();
    let all = [
        (
            "stamps_retired",
            count(StepKind::StampTombstone),
            limits.stamps_retired,
        ),
        (
            "tenants_moved",
            count(StepKind::TenantCopy),
            limits.moves(tenants),
        ),
        (
            "tenants_offboarded",
            count(StepKind::TenantTombstone),
            limits.offboardings(tenants),
        ),
    ];
    let over = all.into_iter().filter(|(_, done, limit)| done > limit);
    let over = over.map(|(name, done, limit)| {
        finding(
            FindingCode::OverLimit,
            Subject::Fleet,
            format!("`{name}` is {done}, the limit is {limit}"),
            Some("P-4"),
            format!("raise `policy.limits.{name}` to {done} in the same pull request, or do less"),
        )
    });
    let mut findings: Vec<Finding> = over.collect();
    obstacles::find(context, steps, &mut findings);
    findings
}

/// Whether a band calls for action.
fn is_alarming(band: Band) -> bool {
    match band {
        Band::Open | Band::Unknown => false,
        Band::Plan | Band::Provision | Band::Pause | Band::Deny => true,
    }
}

/// What `policy.on_removed` makes of something that is not in the manifest.
fn removed(policy: OnRemoved, told: FindingCode) -> FindingCode {
    match policy {
        OnRemoved::Refuse => FindingCode::RemovedRefused,
        OnRemoved::Report | OnRemoved::Retire => told,
    }
}
