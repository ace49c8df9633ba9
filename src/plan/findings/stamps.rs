//! Stamps that cannot go where they should: their state, who stays on them, who would be left.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::block;
use super::finding;
use super::told;
use crate::diff::Goal;
use crate::diff::StampDifference;
use crate::diff::TenantDifference;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::left_join;
use crate::plan::Context;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::Subject;
use crate::plan::opening;

/// Stamps that cannot go where they should.
pub(super) fn held_back(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
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
pub(super) fn retirements(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
    let goes = |difference: &StampDifference| {
        matches!(difference.goal, Goal::Retire(_) | Goal::Rest)
    };
    let stamps = context.differences.stamps.iter();
    let going: BTreeSet<&StampId> =
        stamps.filter(|(_, difference)| goes(difference)).map(|(id, _)| id).collect();
    // Most plans retire nothing, and then nobody's home need be looked at.
    if going.is_empty() {
        return;
    }
    let mut staying: BTreeMap<StampId, Vec<TenantId>> = BTreeMap::new();
    for (id, seen, difference) in
        left_join(&context.inventory.tenants, &context.differences.tenants)
    {
        let concerned = going.contains(&seen.stamp)
            || seen.moved_from.as_ref().is_some_and(|from| going.contains(from));
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
        if !leaves
            || matches!(difference, Some(TenantDifference::Settle { .. }))
        {
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

/// No step may take a region's shared stamps below the fewest (I-4, design §11.6).
pub(super) fn minimum(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
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
