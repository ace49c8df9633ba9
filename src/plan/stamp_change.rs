//! A stamp changes in place, or is set right where it was changed behind the fleet's back.

use stampctl_contract::AddressError;
use stampctl_contract::Operation;
use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::delete;
use super::draft::is;
use super::draft::patch;
use super::format::StepKind;
use super::format::Subject;
use super::quota::QuotaPlan;
use super::stamp_return;
use crate::blueprint::StampBlueprint;
use crate::diff::StampDifference;
use crate::diff::settings;

/// Adds the steps for what differs on a stamp that stays where it is.
pub(super) fn settle(
    context: &Context<'_>,
    draft: &mut Draft,
    quota: &QuotaPlan,
    stamp: &StampBlueprint,
    difference: &StampDifference,
) -> Result<(), AddressError> {
    let subject = Subject::Stamp(stamp.id.clone());
    if !difference.repair.operations.is_empty() {
        let repair = StepDraft::call(
            &subject,
            StepKind::DriftRepair,
            difference.repair.operations.clone(),
        )
        .why("it was changed outside of the manifest");
        draft.add(repair);
    }
    update(context, draft, quota, stamp, difference)?;
    if let Some(accepting) = difference.accepting {
        let (kind, why) = if accepting {
            (StepKind::PlacementOpen, "the manifest opens it for tenants")
        } else {
            (
                StepKind::PlacementClose,
                "the manifest closes it for new tenants",
            )
        };
        let entry = patch(&stamp.item, [("accepting", accepting.into())]);
        let now = is(&stamp.item, "accepting", !accepting);
        draft.add(
            StepDraft::call(&subject, kind, vec![entry])
                .why(why)
                .fact(now),
        );
    }
    if let Some(protect) = difference.protect {
        protection(context, draft, stamp, protect);
    }
    chain(draft, stamp);
    Ok(())
}

/// Instances and other settings, in one step, with the quota that goes with them.
fn update(
    context: &Context<'_>,
    draft: &mut Draft,
    quota: &QuotaPlan,
    stamp: &StampBlueprint,
    difference: &StampDifference,
) -> Result<(), AddressError> {
    let mut operations = difference.update.operations.clone();
    let mut why = "the manifest changed".to_owned();
    if let Some((now, wanted)) = difference.scale {
        why = format!("{wanted} machines instead of {now}");
        operations.extend(stamp.scale_sets.iter().map(|(address, meant)| {
            let instances = meant.get("instances").cloned().unwrap_or(Value::Int(0));
            patch(address, [("instances", instances)])
        }));
    }
    if operations.is_empty() {
        return Ok(());
    }
    let subject = Subject::Stamp(stamp.id.clone());
    let reserved = stamp.shape.capacity_reservation.as_ref();
    let guaranteed = reserved.and_then(|name| quota.guaranteed.get(name));
    let key = stamp
        .account
        .clone()
        .map(|key| (key, stamp.shape.subscription.clone()));
    let allocated = key.and_then(|key| quota.allocated.get(&key));
    let mut step = StepDraft::call(&subject, StepKind::StampUpdate, operations)
        .why(why)
        .fact(is(&stamp.item, "state", state_word(context, stamp)));
    if difference.scale.is_some_and(|(now, wanted)| wanted > now) {
        step = step
            .after_all(guaranteed, "O-24")
            .after_all(allocated, "O-22");
    }
    draft.add(step);
    if difference.scale.is_some_and(|(now, wanted)| wanted < now) {
        stamp_return::give_back(context, draft, quota, stamp)?;
    }
    Ok(())
}

fn state_word(context: &Context<'_>, stamp: &StampBlueprint) -> &'static str {
    context
        .inventory
        .stamps
        .get(&stamp.id)
        .map_or("active", |seen| seen.state.word())
}

fn protection(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint, protect: bool) {
    let subject = Subject::Stamp(stamp.id.clone());
    let mut operations: Vec<Operation> = vec![patch(&stamp.item, [("protected", protect.into())])];
    match (&stamp.lock, protect) {
        (Some(lock), true) => {
            operations.push(settings::put(
                lock,
                context.inventory.resources.get(&lock.0),
            ));
        }
        _ => operations.extend(stamp.lock_address().iter().map(delete)),
    }
    let why = if protect {
        "the manifest protects it"
    } else {
        "the manifest lifts its protection"
    };
    draft.add(StepDraft::call(&subject, StepKind::StampProtect, operations).why(why));
}

/// The steps of one stamp never run beside each other (O-87): those that nothing else orders are
/// put in a row.
fn chain(draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let of = |kind| super::format::StepId::of(&subject, kind);
    let row = [
        StepKind::DriftRepair,
        StepKind::StampProtect,
        StepKind::PlacementClose,
        StepKind::PlacementOpen,
        StepKind::StampUpdate,
    ];
    let present: Vec<_> = row.into_iter().map(of).filter(|id| draft.has(id)).collect();
    for pair in present.windows(2) {
        draft.wait(&pair[1], &pair[0], "O-87");
    }
}
