//! A stamp is made, wakes, or comes back from isolation.

use stampctl_contract::Operation;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::is;
use super::draft::patch;
use super::draft::put;
use super::format::Condition;
use super::format::OnTimeout;
use super::format::Patience;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::quota::QuotaPlan;
use crate::blueprint::StampBlueprint;
use crate::blueprint::stamp::Drawn;
use crate::diff::settings;
use crate::model::Seconds;
use crate::model::StampState;

/// Builds a stamp from nothing, or from what an earlier attempt left (L1, L2).
pub(super) fn make(
    context: &Context<'_>,
    draft: &mut Draft,
    quota: &QuotaPlan,
    stamp: &StampBlueprint,
) {
    let subject = Subject::Stamp(stamp.id.clone());
    let reserved = stamp.shape.capacity_reservation.as_ref();
    let guaranteed = reserved.and_then(|name| quota.guaranteed.get(name));
    let key = stamp
        .account
        .clone()
        .map(|key| (key, stamp.shape.subscription.clone()));
    let allocated = key.and_then(|key| quota.allocated.get(&key));
    let before = context
        .inventory
        .stamps
        .get(&stamp.id)
        .map(|seen| seen.state);
    let mut register = StepDraft::call(
        &subject,
        StepKind::StampRegister,
        vec![put(&stamp.item, new_entry(context, stamp))],
    )
    .why("the registry knows a stamp before it is built")
    .after_all(guaranteed, "O-24")
    .after_all(allocated, "O-22");
    register = match before {
        None => register.fact(Condition::Absent {
            address: stamp.item.clone(),
        }),
        Some(state) => register.fact(is(&stamp.item, "state", state.word())),
    };
    let register = draft.add(register);
    let mut deploy = StepDraft::call(&subject, StepKind::StampDeploy, resources(context, stamp))
        .why(format!(
            "{} machines of {} in {}",
            stamp.shape.compute.instances, stamp.shape.compute.sku.name, stamp.shape.region
        ))
        .after(&register, "P-5")
        .after_all(guaranteed, "O-24")
        .expect(is(&stamp.item, "state", StampState::Creating.word()));
    if !context.inventory.resources.contains_key(&stamp.group.0) {
        deploy = deploy.fact(Condition::Absent {
            address: stamp.group.0.clone(),
        });
    }
    let deploy = draft.add(deploy);
    serve(
        context,
        draft,
        stamp,
        &deploy,
        "O-25",
        "O-26",
        context.policy().timeouts.creating,
    );
}

/// Starts the machines of a stamp on standby again, or calls a drain off (L6, L10).
pub(super) fn wake(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let state = context
        .inventory
        .stamps
        .get(&stamp.id)
        .map_or(StampState::Ready, |s| s.state);
    let start: Vec<Operation> = stamp
        .scale_sets
        .iter()
        .map(|(address, meant)| {
            let instances = meant.get("instances").cloned().unwrap_or(Value::Int(0));
            patch(
                address,
                [("instances", instances), ("power", Value::text("running"))],
            )
        })
        .collect();
    let start = StepDraft::call(&subject, StepKind::ComputeStart, start)
        .why("the manifest wants it active")
        .fact(is(&stamp.item, "state", state.word()));
    let start = draft.add(start);
    serve(
        context,
        draft,
        stamp,
        &start,
        "O-86",
        "O-86",
        context.policy().timeouts.activate,
    );
}

/// Lets an isolated stamp serve again once it is healthy (L13).
pub(super) fn readmit(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let first = StepId::of(&subject, StepKind::StampHealth);
    serve(
        context,
        draft,
        stamp,
        &first,
        "O-25",
        "O-26",
        context.policy().timeouts.activate,
    );
}

/// Health, smoke test, traffic, active.
fn serve(
    context: &Context<'_>,
    draft: &mut Draft,
    stamp: &StampBlueprint,
    built: &StepId,
    healthy: &'static str,
    traffic: &'static str,
    within: Seconds,
) {
    let subject = Subject::Stamp(stamp.id.clone());
    let policy = context.policy();
    let mut health = StepDraft::wait_for(
        &subject,
        StepKind::StampHealth,
        vec![
            is(&stamp.health, "live", true),
            is(&stamp.health, "ready", true),
        ],
        Patience {
            every: policy.health.interval,
            within,
            good: policy.health.healthy.max(1),
            then: OnTimeout::Fail,
        },
    )
    .why(format!(
        "live and ready {} times in a row",
        policy.health.healthy.max(1)
    ));
    if *built != StepId::of(&subject, StepKind::StampHealth) {
        health = health.after(built, healthy);
    }
    let health = draft.add(health);
    let smoke = StepDraft::wait_for(
        &subject,
        StepKind::StampSmoke,
        vec![is(&stamp.health, "smoke", true)],
        Patience::fail_after(policy.health.interval, within),
    )
    .why("a healthy stamp must also work")
    .after(&health, "O-25");
    let smoke = draft.add(smoke);
    let last = match &stamp.origin {
        None => smoke,
        Some(origin) => {
            let add = take_traffic(context, stamp, origin)
                .after(&health, traffic)
                .after(&smoke, traffic);
            let add = draft.add(add);
            let verify = StepDraft::wait_for(
                &subject,
                StepKind::IngressVerify,
                vec![is(&stamp.health, "traffic", true)],
                Patience::fail_after(Seconds(5), Seconds(policy.timeouts.traffic.0 * 10)),
            )
            .why("traffic must arrive before it counts as active")
            .after(&add, "P-3");
            draft.add(verify)
        }
    };
    activate(context, draft, stamp, &last);
}

/// The step that lets traffic in, and what takes it back.
fn take_traffic(context: &Context<'_>, stamp: &StampBlueprint, origin: &Drawn) -> StepDraft {
    let seen = context.inventory.resources.get(&origin.0);
    let off = stamp.origin_disabled();
    StepDraft::call(
        &Subject::Stamp(stamp.id.clone()),
        StepKind::IngressAdd,
        vec![settings::put(origin, seen)],
    )
    .why("it is healthy and takes its share of traffic")
    .undo(off.iter().map(|off| settings::put(off, seen)).collect())
}

/// Writes that it serves, after the step that proves it.
fn activate(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint, proved: &StepId) {
    let subject = Subject::Stamp(stamp.id.clone());
    let rule = if stamp.origin.is_some() {
        "O-27"
    } else {
        "O-26"
    };
    let tags = context.tags(stamp, StampState::Active);
    let mut activate = StepDraft::call(
        &subject,
        StepKind::StampActivate,
        vec![
            settings::patch(&stamp.item, entry(context, stamp, StampState::Active)),
            patch(&stamp.group.0, [("tags", tags)]),
        ],
    )
    .why("it serves")
    .after(proved, rule);
    if context
        .inventory
        .stamps
        .get(&stamp.id)
        .is_some_and(|s| s.state != StampState::Deleted)
    {
        activate = activate.expect(Condition::Present {
            address: stamp.item.clone(),
        });
    }
    draft.add(activate);
}

/// The registry entry of a stamp in a state.
pub(super) fn entry(context: &Context<'_>, stamp: &StampBlueprint, state: StampState) -> Settings {
    let placed = context.placement.stamps.get(&stamp.id);
    let accepting = placed.is_none_or(|placed| placed.stamp.accepting);
    let protect = placed.is_some_and(|placed| placed.stamp.protect);
    Settings::from([
        ("state".to_owned(), Value::text(state.word())),
        ("kind".to_owned(), Value::text(stamp.shape.kind.word())),
        (
            "region".to_owned(),
            Value::text(stamp.shape.region.shared()),
        ),
        ("generation".to_owned(), stamp.generation.into()),
        ("accepting".to_owned(), accepting.into()),
        ("protected".to_owned(), protect.into()),
        (
            "subscription".to_owned(),
            Value::text(stamp.shape.subscription.shared()),
        ),
        ("physical".to_owned(), Value::text(stamp.physical.as_str())),
    ])
}

/// The first registry entry of a stamp: it is being built, and nothing holds it.
fn new_entry(context: &Context<'_>, stamp: &StampBlueprint) -> Settings {
    let mut settings = entry(context, stamp, StampState::Creating);
    settings.insert("held".to_owned(), false.into());
    settings
}

/// All resources of the stamp, dependants last; no traffic yet.
fn resources(context: &Context<'_>, stamp: &StampBlueprint) -> Vec<Operation> {
    let seen = |drawn: &crate::blueprint::stamp::Drawn| {
        settings::put(drawn, context.inventory.resources.get(&drawn.0))
    };
    let mut group = stamp.group.clone();
    group
        .1
        .insert("tags".to_owned(), context.tags(stamp, StampState::Creating));
    let mut operations = vec![seen(&group), seen(&stamp.sql_server)];
    operations.extend(stamp.shared_database.iter().map(seen));
    operations.push(seen(&stamp.storage));
    operations.extend(stamp.scale_sets.iter().map(seen));
    operations.extend(stamp.origin_disabled().iter().map(seen));
    operations.push(seen(&stamp.alert));
    operations.extend(stamp.lock.iter().map(seen));
    operations
}
