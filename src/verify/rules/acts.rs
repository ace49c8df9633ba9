//! P-2: a step does what its kind says, to its own subject, and nothing else. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::StampState;
use crate::model::names;
use crate::plan::format::Act;
use crate::plan::format::Hazard;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::verify::calls::Call;
use crate::verify::calls::How;
use crate::verify::case::Case;
use crate::verify::contract;
use crate::verify::contract::Must;
use crate::verify::contract::Way;
use crate::verify::contract::Whose;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::orders_only;

/// A step acts on its own subject.
pub const P_2: Rule = Rule {
    id: "P-2",
    title: "A step does what its kind says, to its own subject, and nothing else",
    level: Level::H,
    source: "docs/workflows.md",
    why: "Every other rule reads a step by its kind. A delete that hides in a harmless kind, or \
          a call to somebody else's resource, would pass all of them.",
    help: "plan again; a step's calls, subject and hazard are not for editing",
    orders: &[],
    each: Some(each),
    check: duplicates,
};

fn each(case: &Case<'_>, at: usize, sink: &mut Sink<'_>) {
    let step = case.graph.step(at);
    if step.hazard != step.kind.hazard() {
        sink.step(step, format!("its hazard is stated as {:?}", step.hazard));
    }
    if !subject_fits(step.kind, &step.subject) {
        sink.step(step, "a step of this kind is not about such a subject");
        return;
    }
    match &step.subject {
        Subject::Stamp(_) if case.stamp(at).is_none() => {
            sink.step(step, "its stamp is not in the opening world");
        }
        Subject::Tenant(_) if case.tenant(at).is_none() => {
            sink.step(step, "its tenant is not in the opening world");
        }
        _ => acts(case, at, step, sink),
    }
}

fn acts(case: &Case<'_>, at: usize, step: &Step, sink: &mut Sink<'_>) {
    let allowed = contract::calls(step.kind);
    match (&step.act, allowed) {
        (Act::Check { .. }, []) => {}
        (Act::Check { .. }, _) => sink.step(step, "it only looks, and should act"),
        (Act::Call { .. }, []) => sink.step(step, "it acts, and should only look"),
        (Act::Call { operations }, _) => {
            if operations.is_empty() {
                sink.step(step, "it does nothing");
            }
            // Which of those that are allowed it has, as bits.
            let mut has = 0_u64;
            for call in case.calls(at) {
                let fitting = allowed.iter().zip(0..);
                let fitting = fitting.filter(|(one, _)| fits(case, at, call, one));
                let fitting = fitting.fold(0, |all, (_, bit)| all | 1 << bit);
                has |= fitting;
                if fitting == 0 {
                    sink.step(step, not_its_own(call.operation));
                }
            }
            for (one, bit) in allowed.iter().zip(0..) {
                if one.needed && has >> bit & 1 == 0 {
                    let how = format!("{:?}", one.way).to_lowercase();
                    let message = format!("it lacks its call: {how} a {}", one.kind);
                    sink.step(step, message);
                }
            }
        }
    }
    undo(case, at, step, sink);
}

fn not_its_own(operation: &Operation) -> String {
    let how = match &operation.verb {
        Verb::Put { .. } => "puts",
        Verb::Patch { .. } => "patches",
        Verb::Delete => "deletes",
        Verb::Copy { .. } => "copies to",
    };
    let address = operation.address.to_string();
    let address = address.escape_debug();
    format!("it {how} `{address}` in a way that is not a step of this kind's")
}

/// Whom steps of a kind are about.
fn subject_fits(kind: StepKind, subject: &Subject) -> bool {
    use StepKind as K;
    match kind {
        K::QuotaGroupCreate => matches!(subject, Subject::Fleet),
        K::QuotaIncrease | K::QuotaGranted | K::QuotaHeadroom | K::QuotaAllocate => {
            matches!(subject, Subject::Quota(_))
        }
        K::ReservationEnsure | K::ReservationVerify => matches!(subject, Subject::Reservation(_)),
        K::DriftRepair => matches!(subject, Subject::Stamp(_) | Subject::Tenant(_)),
        kind if kind >= K::TenantData => matches!(subject, Subject::Tenant(_)),
        _ => matches!(subject, Subject::Stamp(_)),
    }
}

/// Whether a call is one that its kind of step may do.
fn fits(case: &Case<'_>, at: usize, call: &Call<'_>, allowed: &contract::Call) -> bool {
    let way = match call.how {
        How::Put => matches!(allowed.way, Way::Put | Way::Write),
        How::Patch => allowed.way == Way::Write,
        How::Delete => allowed.way == Way::Delete,
        How::Copy => allowed.way == Way::Copy,
    };
    way && call.kind == allowed.kind
        && is_whose(case, at, call, allowed.whose)
        && settings_fit(case, at, call.operation, allowed)
}

fn settings_fit(
    case: &Case<'_>,
    at: usize,
    operation: &Operation,
    allowed: &contract::Call,
) -> bool {
    let (settings, put) = match &operation.verb {
        Verb::Put { settings } => (settings, true),
        Verb::Patch { settings } => (settings, false),
        Verb::Delete | Verb::Copy { .. } => return true,
    };
    let must = allowed.sets.iter().all(|(name, must)| {
        let value = settings.get(*name);
        match must {
            Must::Text(text) => value.and_then(Value::as_str) == Some(text),
            Must::Be(truth) => value.and_then(Value::as_bool) == Some(*truth),
            Must::Zero => value.and_then(Value::as_int) == Some(0),
            Must::Given => value.is_some(),
            Must::NamedStamp => value
                .and_then(Value::as_str)
                .is_some_and(|id| is_named(case.graph.step(at), id)),
            Must::OwnTenant => {
                let tenant = case.tenant(at).map(|(id, _)| id.as_str());
                tenant.is_some() && value.and_then(Value::as_str) == tenant
            }
            Must::Gone => match value {
                None => put,
                Some(value) => value.as_str() == Some(""),
            },
        }
    });
    let guarded = contract::guarded(allowed.kind);
    let spared = guarded.iter().filter(|name| settings.contains_key(**name));
    must && spared
        .into_iter()
        .all(|name| allowed.may.contains(name) || allowed.sets.iter().any(|(set, _)| set == name))
        && value_fits(case, at, operation)
}

/// Whether a step names the stamp.
fn is_named(step: &Step, stamp: &str) -> bool {
    step.stamps.iter().any(|named| named.as_str() == stamp)
}

/// What a permitted setting may still not be: a hold is added by a plan and never lifted
/// (design §11.10), and traffic is let in by a repair only where the stamp served before.
fn value_fits(case: &Case<'_>, at: usize, operation: &Operation) -> bool {
    let (Verb::Put { settings } | Verb::Patch { settings }) = &operation.verb else {
        return true;
    };
    let held = settings.get("held").and_then(Value::as_bool);
    let enabled = settings.get("enabled").and_then(Value::as_bool);
    let repair =
        case.graph.kind(at) == StepKind::DriftRepair && operation.address.kind() == Kind::Origin;
    let serves = case.state(at) == Some(StampState::Active);
    let lifts = held == Some(false)
        && case
            .tenant(at)
            .is_some_and(|(_, tenant)| tenant.held != Some(false))
        && case
            .tenant(at)
            .is_some_and(|(_, tenant)| tenant.state.is_some());
    !lifts && (!repair || enabled != Some(true) || serves)
}

#[expect(
    clippy::too_many_lines,
    reason = "a closed table: one arm for each owner that a call may have"
)]
fn is_whose(case: &Case<'_>, at: usize, call: &Call<'_>, whose: Whose) -> bool {
    let opening = &case.body.opening;
    let (step, address) = (case.graph.step(at), &call.operation.address);
    let stamp = case.stamp(at).map(|(_, stamp)| stamp);
    match (whose, &step.subject) {
        (Whose::Entry, Subject::Stamp(id)) => case.is_entry(address, "stamps", id.as_str()),
        (Whose::Entry, Subject::Tenant(id)) => case.is_entry(address, "tenants", id.as_str()),
        (Whose::Group, Subject::Stamp(_)) => {
            stamp.is_some_and(|stamp| stamp.resource_group == *address)
        }
        (Whose::Inside, Subject::Stamp(id)) => case.is_part_of(address, id),
        (Whose::Origin, Subject::Stamp(id)) => {
            let name = case.physical(id).map(|physical| names::origin(&physical));
            stamp.and_then(|stamp| stamp.origin.as_ref()) == Some(address)
                && name.as_deref() == Some(address.name())
        }
        (Whose::QuotaGroup, _) => opening.accounts.iter().any(|account| {
            address.part("management_group") == Some(account.management_group.as_str())
                && address.name() == account.key.group.as_str()
        }),
        (Whose::GroupQuota, Subject::Quota(key)) => case.group_quota(key).as_ref() == Some(address),
        (Whose::Allocation, Subject::Quota(key)) => {
            let subscription = address.part("subscription").unwrap_or_default();
            case.allocation(key, subscription).as_ref() == Some(address)
        }
        (Whose::Allocation, Subject::Stamp(_)) => {
            let account = stamp.and_then(|stamp| stamp.account.as_ref());
            account.is_some_and(|of| {
                case.allocation(&of.key, of.subscription.as_str()).as_ref() == Some(address)
            })
        }
        (Whose::Reservation, subject) => {
            let name = match subject {
                Subject::Reservation(name) => Some(name),
                Subject::Stamp(_) => stamp.and_then(|stamp| stamp.reservation.as_ref()),
                Subject::Fleet | Subject::Quota(_) | Subject::Tenant(_) => None,
            };
            let reservation = name.and_then(|name| opening.reservations.get(name));
            reservation.is_some_and(|reservation| reservation.address == *address)
        }
        (Whose::ReservationGroup, Subject::Reservation(name)) => {
            let reservation = opening.reservations.get(name);
            let within = reservation.is_some_and(|of| of.address.is_beneath(address.path()));
            within && call.owner.is_none()
        }
        (Whose::Data, Subject::Tenant(id)) => {
            let on = case.reached(call);
            on.is_some_and(|stamp| step.stamps.contains(stamp)) && case.is_data_of(address, id)
        }
        (Whose::Gateway, Subject::Tenant(id)) => {
            let name = address.name();
            name == names::api_user(id) || name == names::api_subscription(id)
        }
        (Whose::Backup, Subject::Stamp(id)) => {
            let name = case
                .physical(id)
                .map(|physical| names::stamp_backup(&physical));
            name.as_deref() == Some(address.name())
        }
        (Whose::Snapshot, Subject::Tenant(id)) => {
            if step.kind == StepKind::TenantExport {
                address.name() == names::tenant_export(id)
            } else {
                let home = case
                    .tenant(at)
                    .and_then(|(_, tenant)| tenant.stamp.as_ref());
                let physical = home.and_then(|stamp| case.physical(stamp));
                let name = physical.map(|physical| names::tenant_snapshot(id, &physical));
                name.as_deref() == Some(address.name())
            }
        }
        _ => false,
    }
}

/// What takes a step back may touch only what the step touched. It deletes only data and access
/// that the step itself made for a tenant that does not live there.
fn undo(case: &Case<'_>, at: usize, step: &Step, sink: &mut Sink<'_>) {
    use StepKind as K;
    if step.undo.is_empty() {
        return;
    }
    let moves_capacity = matches!(
        step.kind,
        K::QuotaIncrease | K::QuotaAllocate | K::QuotaReturn | K::ReservationReduce
    );
    if step.hazard == Hazard::Irreversible || moves_capacity || step.kind == K::ComputeRelease {
        sink.step(step, "a step of this kind is not taken back");
        return;
    }
    for operation in &step.undo {
        let mut own = step.act.operations().iter();
        let touched = own.any(|own| {
            let reverts = settings(operation).is_none_or(|back| match settings(own) {
                Some(out) => back.keys().all(|k| out.contains_key(k)),
                // Access that was revoked is given back whole.
                None => step.kind == K::ApiRevoke && own.verb == Verb::Delete,
            });
            own.address == operation.address && reverts
        });
        let harmless = match &operation.verb {
            Verb::Put { .. } | Verb::Patch { .. } => true,
            Verb::Copy { .. } => false,
            Verb::Delete => may_be_unmade(case, at, &operation.address),
        };
        if !touched || !harmless {
            let address = operation.address.to_string();
            let address = address.escape_debug();
            sink.step(
                step,
                format!("what takes it back reaches too far: `{address}`"),
            );
        }
    }
}

fn settings(operation: &Operation) -> Option<&Settings> {
    match &operation.verb {
        Verb::Put { settings } | Verb::Patch { settings } => Some(settings),
        Verb::Delete | Verb::Copy { .. } => None,
    }
}

fn may_be_unmade(case: &Case<'_>, at: usize, address: &Address) -> bool {
    use StepKind as K;
    let Some((_, tenant)) = case.tenant(at) else {
        return false;
    };
    match case.graph.kind(at) {
        K::TenantData | K::TenantBlob => {
            let on = case.owner(address);
            on.is_some() && on != tenant.stamp.as_ref() && on != tenant.moved_from.as_ref()
        }
        K::ApiUser | K::ApiSubscribe | K::ApiPolicy => tenant.stamp.is_none(),
        K::TenantSnapshot => true,
        _ => false,
    }
}

/// Kinds of steps fit into the bits that [`duplicates`] has for them.
const _: () = assert!(StepKind::ALL.len() <= 128, "too many kinds of steps");

/// The same effect twice, even under another id.
fn duplicates(case: &Case<'_>, sink: &mut Sink<'_>) {
    let graph = &case.graph;
    let mut families: Vec<usize> = (0..graph.families())
        .filter(|&family| {
            let mut kinds = graph.family(family).iter().map(|&at| graph.kind(at));
            let mut told = 0_u128;
            !kinds.all(|kind| {
                let known = told;
                told |= 1 << kind as usize;
                told != known
            })
        })
        .collect();
    families.sort_by_key(|&family| &graph.step(graph.family(family)[0]).subject);
    for family in families {
        let steps = graph.family(family).iter();
        let mut seen: Vec<(StepKind, &Step)> =
            steps.map(|&at| (graph.kind(at), graph.step(at))).collect();
        seen.sort_by_key(|(kind, step)| (*kind, &step.id));
        for pair in seen.windows(2) {
            let several = matches!(
                pair[0].0,
                StepKind::QuotaGroupCreate | StepKind::QuotaHeadroom | StepKind::QuotaAllocate
            );
            let twice = pair[0].0 == pair[1].0;
            if twice && (!several || pair[0].1.act == pair[1].1.act) {
                let message = format!("`{}` does this already", pair[0].1.id);
                sink.step(pair[1].1, message);
            }
        }
    }
}

/// A plan's edges and ids hold together. Checked before anything else, by the graph itself.
pub const P_1: Rule = Rule {
    id: "P-1",
    title: "Ids are unique, every edge names a step, and there is no loop",
    level: Level::H,
    source: "docs/workflows.md",
    why: "A plan whose steps wait for each other in a circle, or for a step that is not there, \
          has no order that could be judged or followed.",
    help: "plan again; ids and edges are not for editing",
    orders: &[],
    each: None,
    check: orders_only,
};
