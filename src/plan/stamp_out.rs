//! A stamp is retired. Every path that deletes a stamp is this one.
//!
//! The order is design §11.4: empty, drained, backed up, machines released, reservation reduced,
//! quota returned and verified on both sides, and only then deleted.

use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::delete;
use super::draft::is;
use super::draft::patch;
use super::draft::put;
use super::format::Condition;
use super::format::Patience;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::format::condition::Matching;
use super::quota::QuotaPlan;
use super::stamp_rest;
use super::stamp_return;
use super::stamp_return::step;
use crate::blueprint::StampBlueprint;
use crate::blueprint::stamp::TAG_STAMP;
use crate::model::Seconds;
use crate::model::StampState;
use crate::model::names;
use stampctl_contract::Address;
use stampctl_contract::AddressError;

/// Adds all steps of a retirement.
pub(super) fn retire(
    context: &Context<'_>,
    draft: &mut Draft,
    quota: &QuotaPlan,
    stamp: &StampBlueprint,
) -> Result<(), AddressError> {
    let state = context
        .inventory
        .stamps
        .get(&stamp.id)
        .map_or(StampState::Active, |s| s.state);
    if !matches!(state, StampState::QuotaReturned | StampState::Deleting) {
        let jobs = stamp_rest::drain(context, draft, stamp);
        back_up(context, draft, stamp, &jobs)?;
        release(context, draft, stamp, &jobs);
        stamp_return::give_back(context, draft, quota, stamp)?;
    }
    judge(context, draft, stamp);
    remove(context, draft, stamp);
    Ok(())
}

fn back_up(
    context: &Context<'_>,
    draft: &mut Draft,
    stamp: &StampBlueprint,
    jobs: &StepId,
) -> Result<(), AddressError> {
    let subject = Subject::Stamp(stamp.id.clone());
    let subscription = stamp.shape.subscription.as_str();
    let name = names::stamp_backup(&stamp.physical);
    let vault = context.blueprint.fleet.vault.as_str();
    let backup = Address::new(Kind::Backup, &[subscription, vault, &name])?;
    if context
        .inventory
        .resources
        .contains_key(&stamp.sql_server.0)
    {
        let settings = Settings::from([
            ("source".to_owned(), Value::text(stamp.group.0.to_string())),
            ("tenant".to_owned(), Value::text("")),
        ]);
        let take = StepDraft::call(
            &subject,
            StepKind::StampBackup,
            vec![put(&backup, settings)],
        )
        .why("a way back, should anything of it still be wanted")
        .after(jobs, "O-13");
        let take = draft.add(take);
        let verify = StepDraft::wait_for(
            &subject,
            StepKind::BackupVerify,
            vec![is(&backup, "verified", true)],
            Patience::fail_after(Seconds(30), context.policy().timeouts.copy),
        )
        .why("a backup counts when it can be read back")
        .after(&take, "P-3");
        draft.add(verify);
    }
    if context.inventory.resources.contains_key(&stamp.alert.0) {
        let remove = StepDraft::call(
            &subject,
            StepKind::MonitoringRemove,
            vec![delete(&stamp.alert.0)],
        )
        .why("nobody is to be woken by a stamp that goes")
        .after(jobs, "O-14")
        .after(&step(stamp, StepKind::BackupVerify), "O-87");
        draft.add(remove);
    }
    Ok(())
}

/// Deallocates every zone and scales to zero: whether deallocated machines count is disputed,
/// machines that are gone do not.
fn release(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint, jobs: &StepId) {
    let present =
        |set: &&crate::blueprint::stamp::Drawn| context.inventory.resources.contains_key(&set.0);
    let sets: Vec<&Address> = stamp
        .scale_sets
        .iter()
        .filter(present)
        .map(|set| &set.0)
        .collect();
    let mut operations = vec![patch(
        &stamp.item,
        [("state", Value::text(StampState::Releasing.word()))],
    )];
    let deallocated = [("power", Value::text("deallocated"))];
    operations.extend(sets.iter().map(|set| patch(set, deallocated.clone())));
    operations.extend(
        sets.iter()
            .map(|set| patch(set, [("instances", 0_u32.into())])),
    );
    let release = StepDraft::call(
        &Subject::Stamp(stamp.id.clone()),
        StepKind::ComputeRelease,
        operations,
    )
    .why("its machines are no longer needed")
    .after(jobs, "O-11")
    .after(&step(stamp, StepKind::TenantsZero), "O-6")
    .after(&step(stamp, StepKind::BackupVerify), "O-13")
    .after(&step(stamp, StepKind::MonitoringRemove), "O-14");
    draft.add(release);
}

/// The last looks before anything is deleted.
fn judge(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let released = StepDraft::call(
        &subject,
        StepKind::StampReleased,
        vec![patch(
            &stamp.item,
            [("state", Value::text(StampState::QuotaReturned.word()))],
        )],
    )
    .why("nothing of it holds quota any more")
    .after(&step(stamp, StepKind::QuotaVerify), "P-5")
    .after(&step(stamp, StepKind::ReservationReduce), "P-5")
    .after(&step(stamp, StepKind::ComputeRelease), "P-5");
    let released = draft.add(released);
    let recheck = StepDraft::check(
        &subject,
        StepKind::TenantsRecheck,
        stamp_rest::nobody(context, stamp),
    )
    .why("nobody may have come since the first look")
    .after(&released, "O-7");
    draft.add(recheck);
    let holds = StepDraft::check(
        &subject,
        StepKind::StampHolds,
        vec![is(&stamp.item, "held", false)],
    )
    .why("no legal hold may refer to it")
    .after(&released, "O-20")
    .after(&step(stamp, StepKind::TenantsRecheck), "O-87");
    draft.add(holds);
    let owned = StepDraft::check(
        &subject,
        StepKind::OwnershipVerify,
        vec![Condition::OnlyOwned {
            group: stamp.group.0.clone(),
            tag: TAG_STAMP.to_owned(),
            owner: stamp.id.to_string(),
        }],
    )
    .why("the group must hold nothing of anyone else")
    .after(&released, "O-18")
    .after(&step(stamp, StepKind::StampHolds), "O-87");
    draft.add(owned);
}

/// The deletes, and what proves them. What an earlier attempt has deleted already is deleted once
/// more: that succeeds, and the order is the same whatever is left.
fn remove(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    if let Some(origin) = &stamp.origin {
        let remove = StepDraft::call(&subject, StepKind::IngressDelete, vec![delete(&origin.0)])
            .why("no name may point at what is about to go")
            .after(&step(stamp, StepKind::JobsWait), "O-9")
            .after(&step(stamp, StepKind::StampHolds), "O-87")
            .after(&step(stamp, StepKind::OwnershipVerify), "O-87");
        draft.add(guarded(remove, stamp));
    }
    let data = vec![delete(&stamp.sql_server.0), delete(&stamp.storage.0)];
    let remove = StepDraft::call(&subject, StepKind::DataDelete, data)
        .why("its tenants are elsewhere and it is backed up")
        .after(&step(stamp, StepKind::IngressDelete), "O-87")
        .after(&step(stamp, StepKind::OwnershipVerify), "O-87")
        .after(&step(stamp, StepKind::StampHolds), "O-20")
        .after(&step(stamp, StepKind::BackupVerify), "O-13");
    draft.add(guarded(remove, stamp));
    let remove = StepDraft::call(
        &subject,
        StepKind::StampDelete,
        vec![delete(&stamp.group.0)],
    )
    .why("everything of it is returned, backed up and empty")
    .after(&step(stamp, StepKind::DataDelete), "O-17")
    .after(&step(stamp, StepKind::IngressDelete), "O-90")
    .after(&step(stamp, StepKind::StampHolds), "O-20")
    .after(&step(stamp, StepKind::OwnershipVerify), "O-18")
    .after(&step(stamp, StepKind::BackupVerify), "O-13")
    .expect(is(&stamp.item, "state", StampState::QuotaReturned.word()));
    draft.add(guarded(remove, stamp));
    bury(context, draft, stamp);
}

/// Nothing is left, and the id stays taken (O-19).
fn bury(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let mut gone = vec![
        Condition::Absent {
            address: stamp.group.0.clone(),
        },
        Condition::FewerThan {
            matching: Matching {
                kind: None,
                beneath: stamp.group.0.path().to_owned(),
                equals: None,
                except_states: Vec::new(),
            },
            count: 1,
        },
    ];
    let origin = stamp.origin.iter();
    gone.extend(origin.map(|origin| Condition::Absent {
        address: origin.0.clone(),
    }));
    let absence = StepDraft::wait_for(
        &subject,
        StepKind::StampAbsence,
        gone,
        Patience::fail_after(Seconds(30), context.policy().timeouts.absence),
    )
    .why("nothing may be left behind")
    .after(&step(stamp, StepKind::StampDelete), "O-19")
    .after(&step(stamp, StepKind::IngressDelete), "O-90");
    let absence = draft.add(absence);
    let state = Value::text(StampState::Deleted.word());
    let tombstone = StepDraft::call(
        &subject,
        StepKind::StampTombstone,
        vec![patch(&stamp.item, [("state", state)])],
    )
    .why("the id stays taken")
    .after(&absence, "O-19");
    draft.add(tombstone);
}

/// The guards that every delete of a stamp has.
fn guarded(step_draft: StepDraft, stamp: &StampBlueprint) -> StepDraft {
    step_draft
        .after(&step(stamp, StepKind::QuotaReturn), "O-1")
        .after(&step(stamp, StepKind::QuotaVerify), "O-2")
        .after(&step(stamp, StepKind::TenantsRecheck), "O-7")
}
