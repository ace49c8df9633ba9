//! What an account lacks, hides or keeps: findings.

use super::QuotaPlan;
use super::books::Books;
use crate::model::QuotaKey;
use crate::plan::capacity::Held;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::RuleId;
use crate::plan::format::Subject;

/// Whether everything of the account was seen; tells what was not.
pub(super) fn known(plan: &mut QuotaPlan, key: &QuotaKey, held: &Held) -> bool {
    let hidden = held.shares.iter().find(|(_, share)| !share.is_known());
    let what = match hidden {
        Some((subscription, _)) => format!("quota of subscription {subscription} is UNKNOWN"),
        None if held.available.is_none() => "what the group can allocate is UNKNOWN".to_owned(),
        None => return true,
    };
    plan.findings.push(Finding {
        code: FindingCode::Unseen,
        subject: Subject::Quota(key.clone()),
        what,
        rule: Some(RuleId::known("I-6")),
        help: "observe again, or give the reader the right to see quotas".to_owned(),
    });
    false
}

/// The account has fewer cores than the plan needs.
pub(super) fn lacking(key: &QuotaKey, wanted: i64, available: i64) -> Finding {
    Finding {
        code: FindingCode::QuotaMissing,
        subject: Subject::Quota(key.clone()),
        what: format!(
            "the plan needs {wanted} more cores, {available} are free: {} missing",
            wanted - available
        ),
        rule: Some(RuleId::known("O-22")),
        help: "raise the group's limit (`increase: request`), or make fewer or smaller stamps"
            .to_owned(),
    }
}

/// Cores that stay allocated and that nothing needs.
pub(super) fn stranded(plan: &mut QuotaPlan, books: &Books, held: &Held) {
    for (subscription, share) in &held.shares {
        let Some(&(allocated, _)) = books.allocated.get(subscription) else {
            continue;
        };
        let needed = share.allocation_for(share.end);
        if share.is_known() && allocated > needed {
            plan.findings.push(Finding {
                code: FindingCode::StrandedQuota,
                subject: books.subject.clone(),
                what: format!(
                    "{subscription} holds {allocated} cores of the group and needs {needed}: {} stranded",
                    allocated - needed
                ),
                rule: None,
                help: "something was deleted before its quota was returned, or holds cores outside the fleet; return them by hand".to_owned(),
            });
        }
    }
}
