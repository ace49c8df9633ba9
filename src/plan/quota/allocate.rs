//! Cores that go from a group to a subscription.

use stampctl_contract::AddressError;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::QuotaPlan;
use super::books::Books;
use super::books::signed;
use crate::plan::capacity;
use crate::plan::capacity::Held;
use crate::plan::draft::Draft;
use crate::plan::draft::StepDraft;
use crate::plan::draft::is;
use crate::plan::draft::put;
use crate::plan::format::Condition;
use crate::plan::format::StepKind;

/// Allocations for the peak, or, out of what was returned, for the end.
pub(super) fn allocate(
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    books: &mut Books,
    held: &Held,
    peak: bool,
) -> Result<(), AddressError> {
    for (subscription, share) in &held.shares {
        let wanted = share.allocation_for(if peak { share.peak } else { share.end });
        let Some(&(from, limit)) = books.allocated.get(subscription) else {
            continue;
        };
        if wanted <= from {
            continue;
        }
        let cores = wanted - from;
        let allocation = capacity::allocation(&held.management_group, &books.key, subscription)?;
        let mut headroom = StepDraft::check(
            &books.subject,
            StepKind::QuotaHeadroom,
            vec![Condition::AtLeast {
                address: books.side.clone(),
                setting: "available".to_owned(),
                limit: signed(cores),
            }],
        )
        .which(subscription.as_str())
        .why(format!(
            "{cores} cores are wanted, {} are free",
            books.available
        ));
        let rule = if peak { "O-22" } else { "O-30" };
        if let Some(last) = &books.last {
            headroom = headroom.after(last, rule);
        }
        let headroom = draft.add(headroom);
        let settings = Settings::from([("cores".to_owned(), Value::Int(signed(wanted)))]);
        let mut step = StepDraft::call(
            &books.subject,
            StepKind::QuotaAllocate,
            vec![put(&allocation, settings)],
        )
        .which(subscription.as_str())
        .why(format!("{subscription} needs {cores} more cores"))
        .after(&headroom, "O-22");
        if let Some(last) = &books.last {
            step = step.after(last, "P-6");
        }
        let before = if from == 0 { None } else { Some(from) };
        let step = match before {
            Some(from) if peak => step.fact(is(&allocation, "cores", signed(from))),
            Some(from) => step.expect(is(&allocation, "cores", signed(from))),
            None => step,
        };
        let id = draft.add(step);
        books.enter(&id, Some(subscription), -signed(cores));
        books
            .allocated
            .insert(subscription.clone(), (wanted, limit + cores));
        books.last = Some(id.clone());
        plan.allocated
            .insert((books.key.clone(), subscription.clone()), id);
    }
    Ok(())
}
