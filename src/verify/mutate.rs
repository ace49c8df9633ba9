//! The verifier's own test instrument: every small way to damage a plan. Pure.
//!
//! A mutant differs from a good plan in one thing. One that breaks a rule must be refused; the
//! few that are harmless say so (see [`Mutant::is_harmless`]).

use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::plan::format::Act;
use crate::plan::format::Condition;
use crate::plan::format::Edge;
use crate::plan::format::Hazard;
use crate::plan::format::Plan;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// What was done to a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// The step is gone; what waited for it waits for what it waited for.
    Drop,
    /// The step no longer waits for that one.
    DropEdge(StepId),
    /// The step is done twice, the second time under another id.
    Duplicate,
    /// The step is about another subject.
    OtherSubject,
    /// One of its calls goes to another resource of the plan, of the same kind.
    OtherResource(usize),
    /// It locks no stamp.
    NoStamps,
    /// One of its conditions is gone.
    DropCondition(usize),
    /// One of its conditions asks about another resource.
    OtherCondition(usize),
    /// One of its calls is gone.
    DropCall(usize),
    /// A number that it writes is one more.
    OneMore(usize),
    /// It deletes a stamp's resource group besides.
    HiddenDelete,
    /// It is called harmless, or harmful.
    OtherHazard,
}

/// A damaged plan.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The step that was damaged.
    pub step: StepId,
    /// Its kind.
    pub kind: StepKind,
    /// How.
    pub damage: Damage,
    /// The plan; its seal is still the good one's.
    pub plan: Plan,
    /// Whether no call that the damage leaves out or leaves unlocked is one that rules need.
    works_elsewhere: bool,
    /// Whether the partial order is what it was, where only an edge is gone.
    same_order: bool,
}

impl Mutant {
    /// Whether the damage breaks no rule of level H.
    pub fn is_harmless(&self) -> bool {
        use StepKind as K;
        match &self.damage {
            Damage::DropEdge(first) => self.same_order || is_advice(self.kind, first),
            // Alerts and counts are matters of level P. Whether a tenant has access at a gateway
            // is not in the opening world: a plan without `api.revoke` is one for a fleet
            // without a gateway.
            Damage::Drop => matches!(
                self.kind,
                K::MonitoringRemove | K::ProjectionSync | K::ApiRevoke
            ),
            // A stamp on standby that is larger than it must be.
            Damage::DropCall(_) => self.kind == K::StampStandby && self.works_elsewhere,
            // A step of a tenant that works on no stamp has none to lock.
            Damage::NoStamps => self.works_elsewhere,
            _ => false,
        }
    }
}

/// Edges of the book that only rules of level P ask for.
fn is_advice(then: StepKind, first: &StepId) -> bool {
    use StepKind as K;
    let of = |kind: StepKind| first.0.ends_with(&format!("/{}", kind.word()));
    match then {
        K::ComputeRelease => of(K::MonitoringRemove),
        K::MonitoringRemove => of(K::JobsWait),
        K::ProjectionSync => true,
        _ => false,
    }
}

/// Every mutant of a plan, one step after the other. Lazy: each is a whole plan.
pub fn mutants(plan: &Plan) -> impl Iterator<Item = Mutant> + '_ {
    let world = World::of(plan);
    (0..plan.body.steps.len()).flat_map(move |at| {
        let damages = damages(&plan.body.steps[at], &world);
        let mutants = damages
            .into_iter()
            .filter_map(|d| mutant(plan, at, d, &world));
        mutants.collect::<Vec<_>>()
    })
}

/// What a damage can reach for.
struct World {
    addresses: BTreeSet<Address>,
    subjects: BTreeSet<Subject>,
    groups: Vec<Address>,
}

impl World {
    fn of(plan: &Plan) -> Self {
        let calls = plan
            .body
            .steps
            .iter()
            .flat_map(|step| step.act.operations());
        let asked = plan
            .body
            .steps
            .iter()
            .flat_map(|step| step.act.conditions());
        let opening = &plan.body.opening;
        let mut addresses: BTreeSet<Address> = calls.map(|call| call.address.clone()).collect();
        addresses.extend(asked.filter_map(Condition::address).cloned());
        addresses.extend(addresses.clone().iter().filter_map(neighbour));
        Self {
            addresses,
            subjects: plan
                .body
                .steps
                .iter()
                .map(|step| step.subject.clone())
                .collect(),
            groups: opening
                .stamps
                .values()
                .map(|s| s.resource_group.clone())
                .collect(),
        }
    }

    fn other(&self, address: &Address) -> Option<Address> {
        let of_kind = |other: &&Address| other.kind() == address.kind() && *other != address;
        self.addresses.iter().find(of_kind).cloned()
    }
}

/// A resource that the plan does not have, next to one that it has.
fn neighbour(address: &Address) -> Option<Address> {
    let mut parts: Vec<&str> = address.parts().collect();
    let last = format!("{}-x", parts.pop()?);
    parts.push(&last);
    Address::new(address.kind(), &parts).ok()
}

fn damages(step: &Step, world: &World) -> Vec<Damage> {
    let mut all = vec![
        Damage::Drop,
        Damage::Duplicate,
        Damage::OtherSubject,
        Damage::OtherHazard,
    ];
    all.extend(
        step.after
            .iter()
            .map(|edge| Damage::DropEdge(edge.step.clone())),
    );
    if !step.stamps.is_empty() {
        all.push(Damage::NoStamps);
    }
    match &step.act {
        Act::Call { operations } => {
            for place in 0..operations.len() {
                all.extend([
                    Damage::OtherResource(place),
                    Damage::OneMore(place),
                    Damage::DropCall(place),
                ]);
            }
            if !world.groups.is_empty() {
                all.push(Damage::HiddenDelete);
            }
        }
        Act::Check { conditions, .. } => {
            for place in 0..conditions.len() {
                all.extend([Damage::DropCondition(place), Damage::OtherCondition(place)]);
            }
        }
    }
    all
}

fn mutant(plan: &Plan, at: usize, damage: Damage, world: &World) -> Option<Mutant> {
    let mut changed = plan.clone();
    let original = &plan.body.steps[at];
    let mut same_order = false;
    match &damage {
        Damage::Drop => drop_step(&mut changed, at),
        Damage::DropEdge(first) => {
            changed.body.steps[at]
                .after
                .retain(|edge| edge.step != *first);
            same_order = waits_for(&changed, at, first);
        }
        Damage::Duplicate => {
            let mut again = original.clone();
            again.id = StepId(format!("{}@again", again.id.0.split('@').next()?).into());
            again.after.push(Edge {
                step: original.id.clone(),
                rule: original.after.first()?.rule.clone(),
            });
            changed.body.steps.insert(at + 1, again);
        }
        damage => change_step(&mut changed.body.steps[at], damage, world)?,
    }
    Some(Mutant {
        step: original.id.clone(),
        kind: original.kind,
        works_elsewhere: works_elsewhere(plan, original, &damage),
        damage,
        plan: changed,
        same_order,
    })
}

/// A tenant's step without a call to a stamp's resources; a dropped call that only scales.
fn works_elsewhere(plan: &Plan, step: &Step, damage: &Damage) -> bool {
    let calls = step.act.operations();
    if let Damage::DropCall(place) = damage {
        return calls
            .get(*place)
            .is_some_and(|call| call.address.kind() == Kind::ScaleSet);
    }
    let homes = matches!(step.kind, StepKind::TenantSwitch | StepKind::RouteRegister);
    let groups = plan
        .body
        .opening
        .stamps
        .values()
        .map(|stamp| &stamp.resource_group);
    let on_stamp = |call: &Operation| {
        groups
            .clone()
            .any(|group| call.address.is_beneath(group.path()))
    };
    matches!(step.subject, Subject::Tenant(_)) && !homes && !calls.iter().any(on_stamp)
}

/// Damages one step in place; `None` where the damage changes nothing.
fn change_step(step: &mut Step, damage: &Damage, world: &World) -> Option<()> {
    match damage {
        Damage::OtherSubject => {
            let sort = std::mem::discriminant(&step.subject);
            let mut others = world.subjects.iter();
            let other = others.find(|subject| {
                std::mem::discriminant(*subject) == sort && **subject != step.subject
            });
            step.subject = other?.clone();
        }
        Damage::OtherResource(place) => {
            let call = operations(step)?.get_mut(*place)?;
            call.address = world.other(&call.address)?;
        }
        Damage::NoStamps => step.stamps.clear(),
        Damage::DropCondition(place) => {
            let Act::Check { conditions, .. } = &mut step.act else {
                return None;
            };
            conditions.remove(*place);
        }
        Damage::OtherCondition(place) => {
            let Act::Check { conditions, .. } = &mut step.act else {
                return None;
            };
            retarget(conditions.get_mut(*place)?, world)?;
        }
        Damage::DropCall(place) => {
            operations(step)?.remove(*place);
        }
        Damage::OneMore(place) => {
            let call = operations(step)?.get_mut(*place)?;
            let counted = matches!(
                call.address.kind(),
                Kind::QuotaAllocation | Kind::GroupQuota
            );
            let (Verb::Put { settings } | Verb::Patch { settings }) = &mut call.verb else {
                return None;
            };
            let number = settings.values_mut().find_map(|value| match value {
                Value::Int(number) if counted => Some(number),
                _ => None,
            });
            *number? += 1;
        }
        Damage::HiddenDelete => {
            let address = world.groups.first()?.clone();
            let hidden = Operation {
                address,
                verb: Verb::Delete,
                precondition: Precondition::Any,
            };
            let calls = operations(step)?;
            if calls.contains(&hidden) {
                return None;
            }
            calls.push(hidden);
        }
        Damage::OtherHazard => {
            step.hazard = match step.hazard {
                Hazard::Irreversible => Hazard::Safe,
                Hazard::Safe | Hazard::Disruptive => Hazard::Irreversible,
            };
        }
        Damage::Drop | Damage::DropEdge(_) | Damage::Duplicate => return None,
    }
    Some(())
}

fn operations(step: &mut Step) -> Option<&mut Vec<Operation>> {
    match &mut step.act {
        Act::Call { operations } => Some(operations),
        Act::Check { .. } => None,
    }
}

/// Lets a condition ask about something else.
fn retarget(condition: &mut Condition, world: &World) -> Option<()> {
    match condition {
        Condition::Absent { address }
        | Condition::Present { address }
        | Condition::Is { address, .. }
        | Condition::AtMost { address, .. }
        | Condition::AtLeast { address, .. }
        | Condition::ChangedBy { address, .. } => *address = world.other(address)?,
        Condition::FewerThan { matching, .. } => matching.beneath.push_str("/nowhere"),
        Condition::OnlyOwned { owner, .. } => owner.push_str("-x"),
        Condition::SameContent {
            source,
            destination,
        } => *source = destination.clone(),
        Condition::Elapsed { seconds, .. } => seconds.0 = seconds.0.checked_sub(1)?,
        Condition::Confirmed { .. } => return None,
    }
    Some(())
}

/// Takes a step out; the order of the others stays as it was.
fn drop_step(plan: &mut Plan, at: usize) {
    let gone = plan.body.steps.remove(at);
    for step in &mut plan.body.steps {
        if step.after.iter().any(|edge| edge.step == gone.id) {
            step.after.retain(|edge| edge.step != gone.id);
            let known: BTreeSet<StepId> = step.after.iter().map(|e| e.step.clone()).collect();
            let new = gone.after.iter().filter(|edge| !known.contains(&edge.step));
            step.after.extend(new.cloned());
        }
    }
}

/// Whether the step still waits for that one, round another way.
fn waits_for(plan: &Plan, at: usize, first: &StepId) -> bool {
    let steps = &plan.body.steps;
    let mut open = vec![&steps[at]];
    let mut seen = BTreeSet::new();
    while let Some(step) = open.pop() {
        for edge in &step.after {
            if edge.step == *first {
                return true;
            }
            if seen.insert(&edge.step) {
                open.extend(steps.iter().filter(|step| step.id == edge.step));
            }
        }
    }
    false
}
