//! A stamp leaves service and stays: standby, or isolation for an incident.

use stampctl_contract::Value;

use super::Context;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::is;
use super::draft::patch;
use super::format::Condition;
use super::format::Patience;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::format::condition::Matching;
use crate::blueprint::StampBlueprint;
use crate::model::Seconds;
use crate::model::StampState;
use stampctl_contract::Kind;

/// Drains a stamp to its warm minimum (L5, L7).
pub(super) fn rest(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let jobs = drain(context, draft, stamp);
    let warm = context.policy().standby.instances;
    let compute = crate::model::stamp::Compute {
        sku: stamp.shape.compute.sku.clone(),
        instances: warm.min(stamp.shape.compute.instances),
    };
    let split = compute.split(stamp.scale_sets.len());
    let mut operations: Vec<_> = stamp
        .scale_sets
        .iter()
        .zip(split)
        .map(|((address, _), instances)| patch(address, [("instances", instances.into())]))
        .collect();
    operations.push(patch(
        &stamp.item,
        [("state", Value::text(StampState::Ready.word()))],
    ));
    operations.push(patch(
        &stamp.group.0,
        [("tags", context.tags_with(stamp, StampState::Ready, 0))],
    ));
    let standby = StepDraft::call(&subject, StepKind::StampStandby, operations)
        .why(format!("{} machines stay warm", compute.instances))
        .after(&jobs, "O-11")
        .after(&StepId::of(&subject, StepKind::IngressRemove), "O-85")
        .expect(is(&stamp.item, "state", StampState::Draining.word()));
    draft.add(standby);
}

/// Takes a stamp out of ingress and leaves everything else as it is (L12).
pub(super) fn isolate(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) {
    let subject = Subject::Stamp(stamp.id.clone());
    let remove = ingress_remove(context, draft, stamp, None);
    let isolate = StepDraft::call(
        &subject,
        StepKind::StampIsolate,
        vec![
            patch(
                &stamp.item,
                [("state", Value::text(StampState::Isolated.word()))],
            ),
            patch(
                &stamp.group.0,
                [("tags", context.tags(stamp, StampState::Isolated))],
            ),
        ],
    )
    .why("the manifest isolates it; its tenants are without service")
    .after_all(&remove, "P-5")
    .fact(is(&stamp.item, "state", StampState::Active.word()));
    draft.add(isolate);
}

/// Closes the stamp, sees that it is empty, and waits until nothing runs on it. Gives the last
/// step. Stamps that were further on already skip what is done (L5..L9).
pub(super) fn drain(context: &Context<'_>, draft: &mut Draft, stamp: &StampBlueprint) -> StepId {
    let subject = Subject::Stamp(stamp.id.clone());
    let state = context
        .inventory
        .stamps
        .get(&stamp.id)
        .map_or(StampState::Active, |s| s.state);
    let close = StepDraft::call(
        &subject,
        StepKind::PlacementClose,
        vec![patch(&stamp.item, [("accepting", false.into())])],
    )
    .why("no new tenant may come while it is being emptied")
    .fact(is(&stamp.item, "state", state.word()));
    let close = draft.add(close);
    let zero = StepDraft::check(&subject, StepKind::TenantsZero, nobody(context, stamp))
        .why("no tenant in the registry, no tenant's data on the stamp")
        .after(&close, "O-8");
    let zero = draft.add(zero);
    if state == StampState::Releasing {
        return zero;
    }
    let drain = StepDraft::call(
        &subject,
        StepKind::StampDrain,
        vec![
            patch(
                &stamp.item,
                [("state", Value::text(StampState::Draining.word()))],
            ),
            patch(
                &stamp.group.0,
                [("tags", context.tags_with(stamp, StampState::Draining, 0))],
            ),
        ],
    )
    .why("it takes no new work and finishes what it has")
    .after(&zero, "O-6");
    let drain = draft.add(drain);
    let remove = ingress_remove(context, draft, stamp, Some(&drain));
    wait_until_idle(context, draft, stamp, remove.as_ref().unwrap_or(&drain))
}

fn ingress_remove(
    context: &Context<'_>,
    draft: &mut Draft,
    stamp: &StampBlueprint,
    after: Option<&StepId>,
) -> Option<StepId> {
    let origin = stamp.origin.as_ref()?;
    context.inventory.resources.get(&origin.0)?;
    let remove = StepDraft::call(
        &Subject::Stamp(stamp.id.clone()),
        StepKind::IngressRemove,
        vec![patch(&origin.0, [("enabled", false.into())])],
    )
    .why("no new traffic")
    .after_all(after, "P-5");
    Some(draft.add(remove))
}

fn wait_until_idle(
    context: &Context<'_>,
    draft: &mut Draft,
    stamp: &StampBlueprint,
    after: &StepId,
) -> StepId {
    let subject = Subject::Stamp(stamp.id.clone());
    let timeouts = context.policy().timeouts;
    let at_most_none = |setting: &str| Condition::AtMost {
        address: stamp.metrics.clone(),
        setting: setting.to_owned(),
        limit: 0,
    };
    let connections = StepDraft::wait_for(
        &subject,
        StepKind::ConnectionsWait,
        vec![at_most_none("connections")],
        Patience::fail_after(Seconds(15), timeouts.drain_connections),
    )
    .why(format!(
        "open connections end, within {}",
        timeouts.drain_connections
    ))
    .after(after, "O-9");
    let connections = draft.add(connections);
    let jobs = StepDraft::wait_for(
        &subject,
        StepKind::JobsWait,
        vec![at_most_none("jobs")],
        Patience::fail_after(Seconds(15), timeouts.drain_jobs),
    )
    .why(format!("running jobs end, within {}", timeouts.drain_jobs))
    .after(&connections, "O-10");
    draft.add(jobs)
}

/// Nobody lives on the stamp, by the registry and by what is stored on it.
pub(super) fn nobody(context: &Context<'_>, stamp: &StampBlueprint) -> Vec<Condition> {
    let registry = format!("{}/tenants", context.blueprint.fleet.registry);
    let id = || Value::text(stamp.id.shared());
    let gone = || vec!["offboarded".to_owned(), "erased".to_owned()];
    let none = |kind, beneath: String, equals: Option<(String, Value)>, except_states| {
        Condition::FewerThan {
            matching: Matching {
                kind: Some(kind),
                beneath,
                equals,
                except_states,
            },
            count: 1,
        }
    };
    let group = || stamp.group.0.path().to_owned();
    // The database that tenants share is no tenant's.
    let own = u32::from(stamp.shared_database.is_some());
    let databases = Condition::FewerThan {
        matching: Matching {
            kind: Some(Kind::SqlDatabase),
            beneath: group(),
            equals: None,
            except_states: Vec::new(),
        },
        count: 1 + own,
    };
    vec![
        none(
            Kind::RegistryItem,
            registry.clone(),
            Some(("stamp".to_owned(), id())),
            gone(),
        ),
        none(
            Kind::RegistryItem,
            registry,
            Some(("moved_from".to_owned(), id())),
            gone(),
        ),
        none(Kind::TenantSchema, group(), None, Vec::new()),
        none(Kind::BlobContainer, group(), None, Vec::new()),
        databases,
    ]
}
