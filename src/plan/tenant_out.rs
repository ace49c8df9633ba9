//! A tenant is offboarded (T16): unrouted, drained, exported or waived, deleted, verified.

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
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
use crate::blueprint::Binding;
use crate::blueprint::binding;
use crate::model::Seconds;
use crate::model::StampId;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::names;
use crate::model::tenant::Export;

/// Adds all steps of an offboarding.
pub(super) fn offboard(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    from: &StampId,
    also: Option<&StampId>,
) -> Result<(), AddressError> {
    let Some(binding) = context.blueprint.binding(tenant, from)? else {
        return Ok(());
    };
    let other = match also {
        Some(stamp) => context.blueprint.binding(tenant, stamp)?,
        None => None,
    };
    let subject = Subject::Tenant(tenant.clone());
    let not_held = is(&binding.item, "held", false);
    let hold = StepDraft::check(&subject, StepKind::HoldCheck, vec![not_held.clone()])
        .why("what is on legal hold is kept")
        .on(&[from]);
    let hold = draft.add(hold);
    let stops = unroute(context, draft, tenant, from, &binding, &hold);
    let drain = StepDraft::wait_for(
        &subject,
        StepKind::TenantDrain,
        vec![Condition::AtMost {
            address: binding::metrics(context.blueprint.fleet, tenant)?,
            setting: "active_requests".to_owned(),
            limit: 0,
        }],
        Patience::fail_after(Seconds(10), context.policy().timeouts.drain_connections),
    )
    .why("its running requests end")
    .on(&[from])
    .after_all(&stops, "O-39");
    let drain = draft.add(drain);
    let exported = export(context, draft, tenant, from, &binding, &drain)?;
    let data = [&binding].into_iter().chain(&other);
    let data: Vec<Address> = data
        .flat_map(|binding| [binding.data.0.clone(), binding.blob.0.clone()])
        .collect();
    let stamps: Vec<&StampId> = std::iter::once(from).chain(also).collect();
    let remove = StepDraft::call(
        &subject,
        StepKind::TenantDelete,
        data.iter().map(delete).collect(),
    )
    .why("its service has ended")
    .on(&stamps)
    .after(&hold, "O-20")
    .after_all(&stops, "O-38")
    .after(&drain, "O-39")
    .after_all(&exported, "O-40")
    .expect(is(&binding.item, "state", TenantState::Offboarding.word()))
    .expect(is(&binding.item, "routed", false))
    .expect(not_held);
    let remove = draft.add(remove);
    bury(context, draft, &subject, &binding, data, &stamps, &remove);
    Ok(())
}

/// Nothing is left on its stamps (the first is its home), and the id stays taken.
fn bury(
    context: &Context<'_>,
    draft: &mut Draft,
    subject: &Subject,
    binding: &Binding,
    data: Vec<Address>,
    stamps: &[&StampId],
    remove: &StepId,
) {
    let absence = StepDraft::wait_for(
        subject,
        StepKind::TenantAbsence,
        data.into_iter()
            .map(|address| Condition::Absent { address })
            .collect(),
        Patience::fail_after(Seconds(30), context.policy().timeouts.absence),
    )
    .why("nothing of it may be left behind")
    .on(stamps)
    .after(remove, "P-3");
    let absence = draft.add(absence);
    let mut entry = patch(
        &binding.item,
        [("state", Value::text(TenantState::Offboarded.word()))],
    );
    if let ([_, _, ..], Verb::Patch { settings }) = (stamps, &mut entry.verb) {
        settings.insert("moved_from".to_owned(), Value::text(""));
    }
    let tombstone = StepDraft::call(subject, StepKind::TenantTombstone, vec![entry])
        .why("the id stays taken")
        .on(&stamps[..1])
        .after(&absence, "P-5");
    draft.add(tombstone);
}

/// Says that it leaves, stops its route, and takes its access away. Gives the steps that stop it.
fn unroute(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    from: &StampId,
    binding: &Binding,
    hold: &StepId,
) -> Vec<StepId> {
    let subject = Subject::Tenant(tenant.clone());
    let state = context.tenant_state(tenant);
    let leave = StepDraft::call(
        &subject,
        StepKind::TenantLeave,
        vec![patch(
            &binding.item,
            [("state", Value::text(TenantState::Offboarding.word()))],
        )],
    )
    .why("the manifest ends its service")
    .on(&[from])
    .after(hold, "O-20")
    .fact(is(&binding.item, "state", state.word()))
    .fact(is(&binding.item, "stamp", Value::text(from.shared())))
    .undo(vec![patch(
        &binding.item,
        [("state", Value::text(state.word()))],
    )]);
    let leave = draft.add(leave);
    let routed = context
        .inventory
        .tenants
        .get(tenant)
        .is_some_and(|seen| seen.routed);
    let route = StepDraft::call(
        &subject,
        StepKind::RouteRemove,
        vec![patch(&binding.item, [("routed", false.into())])],
    )
    .why("nobody may reach data that is being deleted")
    .on(&[from])
    .after(&leave, "P-5")
    .undo(vec![patch(&binding.item, [("routed", routed.into())])]);
    let mut stops = vec![draft.add(route)];
    if let Some(api) = &binding.api {
        let access = api
            .iter()
            .rev()
            .map(|(address, _)| delete(address))
            .collect();
        let back: Vec<Operation> = api
            .iter()
            .map(|(address, settings)| put(address, settings.clone()))
            .collect();
        let revoke = StepDraft::call(&subject, StepKind::ApiRevoke, access)
            .why("its keys stop working")
            .on(&[from])
            .after(&leave, "P-5")
            .undo(back);
        stops.push(draft.add(revoke));
    }
    stops
}

fn export(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    from: &StampId,
    binding: &Binding,
    drain: &StepId,
) -> Result<Option<StepId>, AddressError> {
    let subject = Subject::Tenant(tenant.clone());
    if let Export::Waived(_) = context.export(tenant) {
        return Ok(None);
    }
    let stamps = &context.blueprint.stamps;
    let subscription = stamps
        .get(from)
        .map_or("", |s| s.shape.subscription.as_str());
    let vault = context.blueprint.fleet.vault.as_str();
    let name = names::tenant_export(tenant);
    let address = Address::new(Kind::Backup, &[subscription, vault, &name])?;
    let settings = Settings::from([
        ("source".to_owned(), Value::text(binding.item.to_string())),
        ("tenant".to_owned(), Value::text(tenant.shared())),
    ]);
    let take = StepDraft::call(
        &subject,
        StepKind::TenantExport,
        vec![put(&address, settings)],
    )
    .why("what must be kept is kept")
    .on(&[from])
    .after(drain, "O-40");
    let take = draft.add(take);
    let verify = StepDraft::wait_for(
        &subject,
        StepKind::ExportVerify,
        vec![is(&address, "verified", true)],
        Patience::fail_after(Seconds(30), context.policy().timeouts.copy),
    )
    .why("an export counts when it can be read back")
    .on(&[from])
    .after(&take, "P-3");
    Ok(Some(draft.add(verify)))
}
