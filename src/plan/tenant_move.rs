//! A tenant moves from one stamp to another, with a short maintenance window (T5..T14).

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

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
use super::tenant_in;
use crate::blueprint::Binding;
use crate::model::Seconds;
use crate::model::StampId;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::names;

/// One tenant between two stamps.
struct Journey<'a> {
    tenant: &'a TenantId,
    subject: Subject,
    from: &'a StampId,
    to: &'a StampId,
    source: Binding,
    destination: Binding,
}

/// Adds all steps of a move.
pub(super) fn relocate(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    from: &StampId,
    to: &StampId,
) -> Result<(), AddressError> {
    let (Some(source), Some(destination)) = (
        context.blueprint.binding(tenant, from)?,
        context.blueprint.binding(tenant, to)?,
    ) else {
        return Ok(());
    };
    let journey = Journey {
        tenant,
        subject: Subject::Tenant(tenant.clone()),
        from,
        to,
        source,
        destination,
    };
    let snapshot = snapshot(context, draft, &journey)?;
    let stand = tenant_in::stand(context, draft, &journey.subject, &journey.destination, to);
    let compare = copy(context, draft, &journey, &snapshot, &stand);
    let item = &journey.destination.item;
    let switch = StepDraft::call(
        &journey.subject,
        StepKind::TenantSwitch,
        vec![patch(
            item,
            [
                ("stamp", Value::text(to.shared())),
                ("moved_from", Value::text(from.shared())),
                ("data", tenant_in::data(&journey.destination)),
                ("state", Value::text(TenantState::Active.word())),
                ("frozen", false.into()),
            ],
        )],
    )
    .why(format!("its requests go to {to} from here on"))
    .on(&[from, to])
    .after(&compare, "O-51")
    .expect(is(item, "frozen", true))
    .expect(is(item, "stamp", Value::text(from.shared())));
    let switch = draft.add(switch);
    leave_source(context, draft, &journey, &switch);
    Ok(())
}

/// Finishes a move whose switch is done and whose source still has the data.
pub(super) fn settle(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    from: &StampId,
    to: &StampId,
) -> Result<(), AddressError> {
    let (Some(source), Some(destination)) = (
        context.blueprint.binding(tenant, from)?,
        context.blueprint.binding(tenant, to)?,
    ) else {
        return Ok(());
    };
    let journey = Journey {
        tenant,
        subject: Subject::Tenant(tenant.clone()),
        from,
        to,
        source,
        destination,
    };
    let item = &journey.destination.item;
    let switch = StepDraft::call(
        &journey.subject,
        StepKind::TenantSwitch,
        vec![patch(
            item,
            [
                ("stamp", Value::text(to.shared())),
                ("moved_from", Value::text(from.shared())),
                ("data", tenant_in::data(&journey.destination)),
                ("state", Value::text(TenantState::Active.word())),
                ("frozen", false.into()),
            ],
        )],
    )
    .why("the switch is done; the entry is written once more, so that the soak has a start")
    .on(&[from, to])
    .fact(is(item, "stamp", Value::text(to.shared())))
    .fact(is(item, "moved_from", Value::text(from.shared())));
    let switch = draft.add(switch);
    leave_source(context, draft, &journey, &switch);
    Ok(())
}

fn snapshot(
    context: &Context<'_>,
    draft: &mut Draft,
    journey: &Journey<'_>,
) -> Result<StepId, AddressError> {
    let fleet = context.blueprint.fleet;
    let stamps = &context.blueprint.stamps;
    let subscription = stamps
        .get(journey.from)
        .map_or("", |s| s.shape.subscription.as_str());
    let physical = stamps.get(journey.from).map_or("", |s| s.physical.as_str());
    let name = names::tenant_snapshot(journey.tenant, physical);
    let backup = Address::new(Kind::Backup, &[subscription, &fleet.vault, &name])?;
    let settings = Settings::from([
        (
            "source".to_owned(),
            Value::text(journey.source.item.to_string()),
        ),
        ("tenant".to_owned(), Value::text(journey.tenant.shared())),
    ]);
    let take = StepDraft::call(
        &journey.subject,
        StepKind::TenantSnapshot,
        vec![put(&backup, settings)],
    )
    .why("a way back, should the move go wrong")
    .on(&[journey.from])
    .after(&Context::recheck(journey.to), "O-31");
    let take = draft.add(take);
    let verify = StepDraft::wait_for(
        &journey.subject,
        StepKind::SnapshotVerify,
        vec![is(&backup, "verified", true)],
        Patience::fail_after(Seconds(30), context.policy().timeouts.copy),
    )
    .why("a snapshot counts when it can be read back")
    .on(&[journey.from])
    .after(&take, "P-3");
    Ok(draft.add(verify))
}

fn copy(
    context: &Context<'_>,
    draft: &mut Draft,
    journey: &Journey<'_>,
    snapshot: &StepId,
    stand: &(StepId, StepId),
) -> StepId {
    let both = [journey.from, journey.to];
    let item = &journey.source.item;
    let settings = |frozen: bool, state: TenantState| {
        patch(
            item,
            [
                ("frozen", frozen.into()),
                ("state", Value::text(state.word())),
            ],
        )
    };
    let freeze = StepDraft::call(
        &journey.subject,
        StepKind::TenantFreeze,
        vec![settings(true, TenantState::Migrating)],
    )
    .why("its writes wait for the length of the copy")
    .on(&both)
    .after(snapshot, "O-46")
    .after(&stand.0, "O-45")
    .after(&stand.1, "O-45")
    .fact(is(item, "stamp", Value::text(journey.from.shared())))
    .fact(is(
        item,
        "state",
        context.tenant_state(journey.tenant).word(),
    ))
    .undo(vec![settings(false, TenantState::Active)]);
    let freeze = draft.add(freeze);
    let one = |from: &Address, to: &Address| Operation {
        address: to.clone(),
        verb: Verb::Copy {
            from: from.clone(),
            tenant: journey.tenant.to_string(),
        },
        precondition: Precondition::Any,
    };
    let (source, destination) = (&journey.source, &journey.destination);
    let mut copy = StepDraft::call(
        &journey.subject,
        StepKind::TenantCopy,
        vec![
            one(&source.data.0, &destination.data.0),
            one(&source.blob.0, &destination.blob.0),
        ],
    )
    .why("this tenant's data, and no other's")
    .on(&both)
    .after(&freeze, "O-47")
    .after(snapshot, "O-46")
    .after(&stand.0, "O-45")
    .after(&stand.1, "O-45")
    .expect(is(item, "frozen", true));
    if context.serves_anew(journey.to) {
        let serving = StepId::of(&Subject::Stamp(journey.to.clone()), StepKind::StampActivate);
        copy = copy.after(&serving, "O-45");
    }
    let copy = draft.add(copy);
    draft.add(compare(journey, &copy))
}

/// The proof that the copy is complete.
fn compare(journey: &Journey<'_>, copy: &StepId) -> StepDraft {
    let (source, destination) = (&journey.source, &journey.destination);
    let same = |left: &Address, right: &Address| Condition::SameContent {
        source: left.clone(),
        destination: right.clone(),
    };
    StepDraft::check(
        &journey.subject,
        StepKind::TenantCompare,
        vec![
            same(&source.data.0, &destination.data.0),
            same(&source.blob.0, &destination.blob.0),
        ],
    )
    .why("every record on both sides must be equal")
    .on(&[journey.from, journey.to])
    .after(copy, "O-50")
}

/// Soak, confirmation, hold, delete, absence, settled.
fn leave_source(context: &Context<'_>, draft: &mut Draft, journey: &Journey<'_>, switch: &StepId) {
    let way_back = soak(context, draft, journey, switch);
    let remove = delete_source(draft, journey, switch, &way_back);
    write_settled(context, draft, journey, &remove);
}

/// The time in which the way back is open, and the word that ends it. Gives both.
fn soak(
    context: &Context<'_>,
    draft: &mut Draft,
    journey: &Journey<'_>,
    switch: &StepId,
) -> (StepId, StepId) {
    let source_only = [journey.from];
    let migration = context.policy().migration;
    let soak = StepDraft::wait_for(
        &journey.subject,
        StepKind::TenantSoak,
        vec![Condition::Elapsed {
            since: switch.clone(),
            seconds: migration.soak,
        }],
        Patience::PAUSE,
    )
    .why(format!("{} in which the way back is open", migration.soak))
    .on(&source_only)
    .after(switch, "O-54");
    let soak = draft.add(soak);
    let mut last = soak.clone();
    if migration.confirm {
        let question = format!(
            "May the data of {} on {} be deleted? It has lived on {} since the switch.",
            journey.tenant, journey.from, journey.to
        );
        let confirm = StepDraft::wait_for(
            &journey.subject,
            StepKind::TenantConfirm,
            vec![Condition::Confirmed { question }],
            Patience::PAUSE,
        )
        .why("a person says that the source may go")
        .on(&source_only)
        .after(&soak, "O-54");
        last = draft.add(confirm);
    }
    (soak, last)
}

/// The hold is looked at, and the source deleted.
fn delete_source(
    draft: &mut Draft,
    journey: &Journey<'_>,
    switch: &StepId,
    (soak, last): &(StepId, StepId),
) -> StepId {
    let source_only = [journey.from];
    let item = &journey.destination.item;
    let not_held = is(item, "held", false);
    let hold = StepDraft::check(
        &journey.subject,
        StepKind::HoldCheck,
        vec![not_held.clone()],
    )
    .why("what is on legal hold is kept, on the source too")
    .on(&source_only)
    .after(soak, "O-20")
    .after(last, "O-20");
    let hold = draft.add(hold);
    let source = [&journey.source.data.0, &journey.source.blob.0];
    let remove = StepDraft::call(
        &journey.subject,
        StepKind::SourceDelete,
        source.iter().map(|address| delete(address)).collect(),
    )
    .why(format!(
        "it lives on {}; {} is no longer needed",
        journey.to, journey.from
    ))
    .on(&source_only)
    .after(switch, "O-55")
    .after(soak, "O-54")
    .after(last, "O-54")
    .after(&hold, "O-20")
    .expect(is(item, "stamp", Value::text(journey.to.shared())))
    .expect(not_held);
    draft.add(remove)
}

/// Nothing is left on the source, and the move is over.
fn write_settled(context: &Context<'_>, draft: &mut Draft, journey: &Journey<'_>, remove: &StepId) {
    let source_only = [journey.from];
    let item = &journey.destination.item;
    let source = [&journey.source.data.0, &journey.source.blob.0];
    let absence = StepDraft::wait_for(
        &journey.subject,
        StepKind::SourceAbsence,
        source
            .iter()
            .map(|address| Condition::Absent {
                address: (*address).clone(),
            })
            .collect(),
        Patience::fail_after(Seconds(30), context.policy().timeouts.absence),
    )
    .why("nothing of it may be left behind")
    .on(&source_only)
    .after(remove, "P-3");
    let absence = draft.add(absence);
    let settle = StepDraft::call(
        &journey.subject,
        StepKind::TenantSettle,
        vec![patch(item, [("moved_from", Value::text(""))])],
    )
    .why("the move is over")
    .on(&source_only)
    .after(&absence, "O-57")
    .expect(is(item, "stamp", Value::text(journey.to.shared())));
    draft.add(settle);
}
