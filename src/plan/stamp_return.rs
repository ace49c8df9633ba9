//! What a stamp that goes or shrinks gives back: machines of its reservation, cores of its quota,
//! and the proof of it on both sides (O-1, O-2, O-5).

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Operation;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Context;
use super::capacity;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::is;
use super::draft::patch;
use super::draft::put;
use super::format::Condition;
use super::format::Patience;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::quota::QuotaPlan;
use super::quota::Return;
use crate::blueprint::StampBlueprint;
use crate::model::Seconds;

/// Reservation, usage, return, and the proof of it, whether the stamp goes or stays smaller.
pub(super) fn give_back(
    context: &Context<'_>,
    draft: &mut Draft,
    quota: &QuotaPlan,
    stamp: &StampBlueprint,
) -> Result<(), AddressError> {
    let subject = Subject::Stamp(stamp.id.clone());
    let retires = draft.has(&step(stamp, StepKind::ComputeRelease));
    let released = step(
        stamp,
        if retires {
            StepKind::ComputeRelease
        } else {
            StepKind::StampUpdate
        },
    );
    if let Some(reduce) = quota.reduces.get(&stamp.id) {
        let mut operations: Vec<Operation> = Vec::new();
        if retires {
            let sets = stamp.scale_sets.iter();
            let sets = sets.filter(|set| context.inventory.resources.contains_key(&set.0));
            operations.extend(sets.map(|set| patch(&set.0, [("reservation", Value::text(""))])));
        }
        let (from, to) = reduce.instances;
        if to < from {
            operations.push(patch(&reduce.address, [("instances", to.into())]));
        }
        let lower = StepDraft::call(&subject, StepKind::ReservationReduce, operations)
            .why(format!(
                "the reservation holds {to} machines instead of {from}"
            ))
            .after(&released, "O-5")
            .after_all(&reduce.previous, "P-6");
        draft.add(lower);
    }
    let Some(returned) = quota.returns.get(&stamp.id).filter(|r| r.returned > 0) else {
        return Ok(());
    };
    return_cores(context, draft, stamp, returned, &released)
}

fn return_cores(
    context: &Context<'_>,
    draft: &mut Draft,
    stamp: &StampBlueprint,
    returned: &Return,
    released: &StepId,
) -> Result<(), AddressError> {
    let subject = Subject::Stamp(stamp.id.clone());
    let timeouts = context.policy().timeouts;
    let quota = capacity::quota(&returned.subscription, &returned.key)?;
    let side = capacity::group_quota(&returned.management_group, &returned.key)?;
    let allocation = capacity::allocation(
        &returned.management_group,
        &returned.key,
        &returned.subscription,
    )?;
    let whole = |cores: u64| i64::try_from(cores).unwrap_or(i64::MAX);
    let n = whole(returned.returned);
    let reduce = step(stamp, StepKind::ReservationReduce);
    let usage = StepDraft::wait_for(
        &subject,
        StepKind::UsageVerify,
        vec![Condition::AtMost {
            address: quota.clone(),
            setting: "usage".to_owned(),
            limit: whole(returned.limit_after),
        }],
        Patience::fail_after(Seconds(30), timeouts.release),
    )
    .why(format!(
        "a limit lower by {n} must still cover what is used"
    ))
    .after(released, "O-4")
    .after(&reduce, "O-5")
    .after_all(&returned.previous, "P-6");
    let usage = draft.add(usage);
    let settings = Settings::from([("cores".to_owned(), Value::Int(whole(returned.allocation.1)))]);
    let give = StepDraft::call(
        &subject,
        StepKind::QuotaReturn,
        vec![put(&allocation, settings)],
    )
    .why(format!("{n} cores go back to {}", returned.key.group))
    .after(&usage, "O-4")
    .after(released, "O-4")
    .after(&reduce, "O-5")
    .after_all(&returned.previous, "P-6");
    let expected = is(&allocation, "cores", whole(returned.allocation.0));
    let give = if returned.previous.is_some() {
        give.expect(expected)
    } else {
        give.fact(expected)
    };
    let give = draft.add(give);
    let changed = |address: &Address, setting: &str, by: i64| Condition::ChangedBy {
        address: address.clone(),
        setting: setting.to_owned(),
        since: give.clone(),
        by,
    };
    let verify = StepDraft::wait_for(
        &subject,
        StepKind::QuotaVerify,
        vec![
            changed(&quota, "limit", -n),
            changed(&allocation, "cores", -n),
            changed(&side, "available", n),
        ],
        Patience::fail_after(Seconds(30), timeouts.quota),
    )
    .why(format!(
        "the group must have {n} cores more and the subscription {n} fewer"
    ))
    .after(&give, "P-3");
    draft.add(verify);
    Ok(())
}

/// The step of this kind of the stamp.
pub(super) fn step(stamp: &StampBlueprint, kind: StepKind) -> StepId {
    StepId::of(&Subject::Stamp(stamp.id.clone()), kind)
}
