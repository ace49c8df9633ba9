//! Tenants that cannot go where they should.

use super::block;
use super::finding;
use super::told;
use crate::diff::TenantDifference;
use crate::model::TenantId;
use crate::plan::Context;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::Subject;

/// Tenants that cannot go where they should.
pub(super) fn held_back(context: &mut Context<'_>, findings: &mut Vec<Finding>) {
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
                blocked.extend(unseen_stamp(context, difference, &subject, findings));
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
