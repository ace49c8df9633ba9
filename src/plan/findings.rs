//! What is held back, refused or merely told: everything that does not become a step.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Context;
use super::format::Finding;
use super::format::FindingCode;
use super::format::RuleId;
use super::format::Step;
use super::format::StepKind;
use super::format::Subject;
use super::opening;
use crate::diff::Goal;
use crate::diff::StampDifference;
use crate::diff::TenantDifference;
use crate::model::QuotaKey;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::left_join;
use crate::model::policy::Band;
use crate::model::policy::OnRemoved;

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
    tenants(context, &mut findings);
    stamps(context, &mut findings);
    retirements(context, &mut findings);
    dependants(context);
    minimum(context, &mut findings);
    told::unmanaged(context, &mut findings);
    told::load(context, &mut findings);
    told::gaps(context, &mut findings);
    findings
}

fn block(context: &mut Context<'_>, subject: &Subject) {
    context.blocked.insert(subject.clone(), subject.clone());
}

/// Tenants that cannot go where they should.
fn tenants(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
    for (id, why) in &context.placement.unplaceable {
        let subject = Subject::Tenant(id.clone());
        let home = match &why.was {
            Some(stamp) => format!("must leave {stamp}, and nothing can take it: "),
            None => "nothing can take it: ".to_owned(),
        };
        findings.push(finding(
            FindingCode::Unplaceable,
            subject,
            home + &told::passed_over(why),
            Some("DT-1"),
            "add a stamp or a pool for its region, raise a pool's maximum, or free capacity",
        ));
    }
    let mut blocked = Vec::new();
    for (id, difference) in &context.differences.tenants {
        let subject = Subject::Tenant(id.clone());
        match difference {
            TenantDifference::Erase => {
                blocked.push(subject.clone());
                findings.push(finding(
                    FindingCode::WrongState,
                    subject,
                    "erasure needs a certificate, which this version does not issue",
                    Some("O-43"),
                    "use `desired: offboarded`",
                ));
            }
            TenantDifference::Offboard { .. } if is_held(context, id) => {
                blocked.push(subject.clone());
                findings.push(finding(
                    FindingCode::Held,
                    subject,
                    "is on legal hold, or whether it is could not be read",
                    Some("O-20"),
                    "the hold is released by its approver, not by the manifest",
                ));
            }
            TenantDifference::Onboard { .. }
            | TenantDifference::Move { .. }
            | TenantDifference::Settle { .. }
            | TenantDifference::Offboard { .. }
            | TenantDifference::Entry(_) => {
                blocked.extend(unseen_stamp(context, difference, &subject, findings))
            }
        }
    }
    for subject in blocked {
        block(context, &subject);
    }
}

/// A tenant on a stamp that the fleet does not know cannot be touched.
fn unseen_stamp(
    context: &Context<'_>,
    difference: &TenantDifference,
    subject: &Subject,
    findings: &mut Vec<Finding>,
) -> Option<Subject> {
    let (TenantDifference::Move { from, .. }
    | TenantDifference::Offboard { from, .. }
    | TenantDifference::Settle { from, .. }) = difference
    else {
        return None;
    };
    if context.blueprint.stamps.contains_key(from) {
        return None;
    }
    findings.push(finding(
        FindingCode::Unseen,
        subject.clone(),
        format!("lives on {from}, which is neither in the manifest nor of a pool"),
        Some("I-6"),
        format!("write a block for {from}, so that the plan knows what it is made of"),
    ));
    Some(subject.clone())
}

fn is_held(context: &Context<'_>, id: &TenantId) -> bool {
    let wished = context
        .blueprint
        .fleet
        .tenants
        .get(id)
        .is_some_and(|tenant| tenant.legal_hold);
    let seen = context.inventory.tenants.get(id);
    wished || seen.is_some_and(|seen| seen.held != Some(false))
}

/// Stamps that cannot go where they should.
fn stamps(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
    let mut blocked = Vec::new();
    for (id, difference) in &context.differences.stamps {
        let subject = Subject::Stamp(id.clone());
        let found = match &difference.goal {
            Goal::NoWay(why) => finding(
                FindingCode::WrongState,
                subject.clone(),
                format!(
                    "is {}: {why}",
                    difference.from.map_or("absent", StampState::word)
                ),
                Some("F1"),
                "go by way of `desired: active`, or wait until it has changed its state",
            ),
            Goal::Replace(settings) => finding(
                FindingCode::NeedsReplacement,
                subject.clone(),
                told::settings(settings),
                Some("X-46"),
                "make a new stamp, let its tenants move, and retire this one",
            ),
            Goal::Hidden(gap) => finding(
                FindingCode::Unseen,
                subject.clone(),
                format!("was not seen: {}", gap.reason),
                Some("I-6"),
                "observe again, or give the reader the right to see it",
            ),
            Goal::Retire(_)
                if context
                    .inventory
                    .stamps
                    .get(id)
                    .is_some_and(|s| s.protected) =>
            {
                finding(
                    FindingCode::Protected,
                    subject.clone(),
                    "is protected from deletion",
                    Some("R7"),
                    "lift it first, in a plan of its own: `desired: active`, `protect: false`",
                )
            }
            Goal::Stay
            | Goal::Make
            | Goal::Wake
            | Goal::Readmit
            | Goal::Rest
            | Goal::Isolate
            | Goal::Retire(_) => continue,
        };
        findings.push(found);
        blocked.push(subject);
    }
    for subject in blocked {
        block(context, &subject);
    }
}

/// A stamp goes or rests only if everybody on it leaves in this plan (O-6, X-107).
fn retirements(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
    let goes =
        |difference: &StampDifference| matches!(difference.goal, Goal::Retire(_) | Goal::Rest);
    let stamps = context.differences.stamps.iter();
    let going: BTreeSet<&StampId> = stamps
        .filter(|(_, difference)| goes(difference))
        .map(|(id, _)| id)
        .collect();
    // Most plans retire nothing, and then nobody's home need be looked at.
    if going.is_empty() {
        return;
    }
    let mut staying: BTreeMap<StampId, Vec<TenantId>> = BTreeMap::new();
    for (id, seen, difference) in
        left_join(&context.inventory.tenants, &context.differences.tenants)
    {
        let concerned = going.contains(&seen.stamp)
            || seen
                .moved_from
                .as_ref()
                .is_some_and(|from| going.contains(from));
        if seen.state.is_terminal() || !concerned {
            continue;
        }
        let blocked = context.is_blocked(&Subject::Tenant(id.clone()));
        let leaves = match difference {
            Some(TenantDifference::Move { .. } | TenantDifference::Offboard { .. }) => !blocked,
            Some(TenantDifference::Settle { from, .. }) => !blocked && *from != seen.stamp,
            Some(
                TenantDifference::Onboard { .. }
                | TenantDifference::Entry(_)
                | TenantDifference::Erase,
            )
            | None => false,
        };
        let settles = leaves || seen.moved_from.is_none();
        if !leaves || matches!(difference, Some(TenantDifference::Settle { .. })) {
            staying
                .entry(seen.stamp.clone())
                .or_default()
                .push(id.clone());
        }
        if let (false, Some(from)) = (settles, &seen.moved_from) {
            staying.entry(from.clone()).or_default().push(id.clone());
        }
    }
    let mut blocked = Vec::new();
    for (id, difference) in &context.differences.stamps {
        let Some(tenants) = staying.get(id).filter(|_| goes(difference)) else {
            continue;
        };
        let subject = Subject::Stamp(id.clone());
        let names: Vec<&str> = tenants.iter().take(3).map(TenantId::as_str).collect();
        findings.push(finding(
            FindingCode::RetirementBlocked,
            subject.clone(),
            format!("{} tenants stay on it, among them {}", tenants.len(), names.join(", ")),
            Some("O-6"),
            "move or offboard them; a tenant that is not in the manifest needs a block that says so",
        ));
        blocked.push(subject);
    }
    for subject in blocked {
        block(context, &subject);
    }
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

/// No step may take a region's shared stamps below the fewest (I-4, design §11.6).
fn minimum(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
    let active = opening::active(context);
    let mut balance: BTreeMap<_, (u32, u32, Vec<StampId>)> = BTreeMap::new();
    for (id, difference) in &context.differences.stamps {
        let Some((region, kind)) = context.scope(id) else {
            continue;
        };
        let entry = balance.entry((region.clone(), kind)).or_default();
        let serving = difference.from == Some(StampState::Active);
        let leaves = matches!(
            difference.goal,
            Goal::Retire(_) | Goal::Rest | Goal::Isolate
        );
        if context.is_blocked(&Subject::Stamp(id.clone())) {
            continue;
        }
        if serving && leaves {
            entry.1 += 1;
            entry.2.push(id.clone());
        } else if context.serves_anew(id) {
            entry.0 += 1;
        }
    }
    let fewest = context.policy().capacity.min_active_stamps;
    let mut blocked = Vec::new();
    for ((region, kind), (comes, goes, stamps)) in balance {
        let now = active.get(&(region.clone(), kind)).copied().unwrap_or(0);
        let floor = fewest.min(now);
        let then = (now + comes).saturating_sub(goes);
        if kind != StampKind::Shared || goes == 0 || then >= floor {
            continue;
        }
        for id in stamps {
            let subject = Subject::Stamp(id);
            findings.push(finding(
                FindingCode::BelowMinimum,
                subject.clone(),
                format!("{then} shared stamps would be active in {region}, {floor} must be"),
                Some("I-4"),
                "add a stamp first, or lower `policy.capacity.min_active_stamps`",
            ));
            blocked.push(subject);
        }
    }
    for subject in blocked {
        block(context, &subject);
    }
}

/// What only the finished steps show: limits (R7, design §11.16).
pub(super) fn after(context: &Context<'_>, steps: &[Step]) -> Vec<Finding> {
    let count = |kind| {
        u32::try_from(steps.iter().filter(|step| step.kind == kind).count()).unwrap_or(u32::MAX)
    };
    let limits = context.policy().limits;
    let tenants = context.placement.decisions.len();
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
    over.collect()
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
