//! A tenant is taken in, or its registry entry is set right (T1..T3).

use stampctl_contract::AddressError;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::delete;
use super::draft::is;
use super::draft::put;
use super::format::Condition;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use crate::blueprint::Binding;
use crate::blueprint::stamp::Drawn;
use crate::diff::settings;
use crate::diff::tenant::EntryChange;
use crate::model::StampId;
use crate::model::TenantId;
use crate::model::TenantState;

/// Creates everything of the tenant on its stamp and routes it last.
pub(super) fn onboard(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    to: &StampId,
) -> Result<(), AddressError> {
    let Some(binding) = context.blueprint.binding(tenant, to)? else {
        return Ok(());
    };
    let subject = Subject::Tenant(tenant.clone());
    let recheck = Context::recheck(to);
    let (data, blob) = stand(context, draft, &subject, &binding, to);
    let policy = gateway(draft, &subject, &binding, to, &recheck);
    let mut present = vec![
        Condition::Present {
            address: binding.data.0.clone(),
        },
        Condition::Present {
            address: binding.blob.0.clone(),
        },
    ];
    if let Some(api) = &binding.api {
        present.extend(api.iter().map(|(address, _)| Condition::Present {
            address: address.clone(),
        }));
    }
    let health = StepDraft::check(&subject, StepKind::TenantHealth, present)
        .why("all of it is there")
        .on(&[to])
        .after(&data, "O-33")
        .after(&blob, "O-33")
        .after_all(&policy, "O-36");
    let health = draft.add(health);
    let mut route = StepDraft::call(
        &subject,
        StepKind::RouteRegister,
        vec![put(&binding.item, entry(context, tenant, to, &binding))],
    )
    .why(format!("its requests go to {to}"))
    .on(&[to])
    .after(&health, "O-33")
    .after(&data, "O-33")
    .after(&blob, "O-33")
    .after_all(&policy, "O-36");
    route = match context.inventory.tenants.get(tenant) {
        None => route.fact(Condition::Absent {
            address: binding.item.clone(),
        }),
        Some(seen) => route.fact(is(&binding.item, "state", seen.state.word())),
    };
    draft.add(route);
    Ok(())
}

/// Data and container on a stamp that can take them; what takes them back is to delete them.
///
/// What an earlier attempt left there is taken over as it is, and is not deleted on the way back.
pub(super) fn stand(
    context: &Context<'_>,
    draft: &mut Draft,
    subject: &Subject,
    binding: &Binding,
    to: &StampId,
) -> (StepId, StepId) {
    let recheck = Context::recheck(to);
    let made = |kind, drawn: &Drawn, why: String| {
        let step = StepDraft::call(subject, kind, vec![put(&drawn.0, drawn.1.clone())])
            .why(why)
            .on(&[to]);
        if context.inventory.resources.contains_key(&drawn.0) {
            return step;
        }
        step.fact(Condition::Absent {
            address: drawn.0.clone(),
        })
        .undo(vec![delete(&drawn.0)])
    };
    let data = made(
        StepKind::TenantData,
        &binding.data,
        format!("its data lives on {to}"),
    );
    let data = draft.add(data.after(&recheck, "O-31"));
    let blob = made(
        StepKind::TenantBlob,
        &binding.blob,
        format!("its files live on {to}"),
    );
    let blob = draft.add(blob.after(&data, "O-32"));
    (data, blob)
}

/// User, subscription and policy at the API gateway, where there is one. Gives the last step.
fn gateway(
    draft: &mut Draft,
    subject: &Subject,
    binding: &Binding,
    to: &StampId,
    recheck: &StepId,
) -> Option<StepId> {
    let [user, subscription, policy] = binding.api.as_ref()?;
    let made = |kind, drawn: &Drawn, why: &str| {
        StepDraft::call(subject, kind, vec![put(&drawn.0, drawn.1.clone())])
            .why(why)
            .on(&[to])
            .undo(vec![delete(&drawn.0)])
    };
    let user = draft
        .add(made(StepKind::ApiUser, user, "it is known at the gateway").after(recheck, "O-31"));
    let subscription = draft.add(
        made(
            StepKind::ApiSubscribe,
            subscription,
            "it may call the gateway",
        )
        .after(&user, "O-34"),
    );
    let policy = made(
        StepKind::ApiPolicy,
        policy,
        "its calls are limited and its name is forced",
    )
    .after(&subscription, "O-35");
    Some(draft.add(policy))
}

/// The registry entry of a tenant that is served.
fn entry(context: &Context<'_>, tenant: &TenantId, stamp: &StampId, binding: &Binding) -> Settings {
    let meant = context.blueprint.fleet.tenants.get(tenant);
    let seen = context.inventory.tenants.get(tenant);
    let held = meant.is_some_and(|tenant| tenant.legal_hold)
        || seen.is_some_and(|seen| seen.held != Some(false));
    let mut settings = Settings::from([
        ("state".to_owned(), Value::text(TenantState::Active.word())),
        ("stamp".to_owned(), Value::text(stamp.shared())),
        ("routed".to_owned(), true.into()),
        ("frozen".to_owned(), false.into()),
        ("held".to_owned(), held.into()),
        ("data".to_owned(), data(binding)),
    ]);
    if let Some(meant) = meant {
        settings.insert("tier".to_owned(), Value::text(meant.tier.word()));
        settings.insert("region".to_owned(), Value::text(meant.region.shared()));
        let users = i64::try_from(meant.users).unwrap_or(i64::MAX);
        settings.insert("users".to_owned(), users.into());
    }
    settings
}

/// Where a tenant's data is, as its registry entry lists it.
pub(super) fn data(binding: &Binding) -> Value {
    Value::List(vec![
        Value::text(binding.data.0.as_str()),
        Value::text(binding.blob.0.as_str()),
    ])
}

/// Sets a registry entry right.
pub(super) fn amend(
    context: &Context<'_>,
    draft: &mut Draft,
    tenant: &TenantId,
    changes: &[EntryChange],
) -> Result<(), AddressError> {
    let item = context.blueprint.tenant_item(tenant)?;
    let Some(seen) = context.inventory.tenants.get(tenant) else {
        return Ok(());
    };
    let mut settings: Vec<(&str, Value)> = Vec::new();
    let mut why = Vec::new();
    for change in changes {
        match change {
            EntryChange::Route => {
                settings.push(("state", Value::text(TenantState::Active.word())));
                settings.push(("routed", true.into()));
                why.push("its route was changed outside of the manifest");
            }
            EntryChange::Thaw => {
                settings.push(("state", Value::text(TenantState::Active.word())));
                settings.push(("frozen", false.into()));
                settings.push(("routed", true.into()));
                why.push("a move was given up half way");
            }
            EntryChange::Hold => {
                settings.push(("held", true.into()));
                why.push("the manifest puts it on legal hold");
            }
        }
    }
    let settings = settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let operation = settings::patch(&item, settings);
    let step = StepDraft::call(
        &Subject::Tenant(tenant.clone()),
        StepKind::TenantUpdate,
        vec![operation],
    )
    .why(why.join("; "))
    .on(&[&seen.stamp])
    .fact(is(&item, "state", seen.state.word()));
    draft.add(step);
    Ok(())
}
