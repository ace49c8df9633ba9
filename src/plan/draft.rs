//! Steps being collected: each is added once, edges name steps that may come later or not at all.

use stampctl_contract::Address;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

use super::format::Act;
use super::format::Condition;
use super::format::Edge;
use super::format::Expect;
use super::format::Patience;
use super::format::RuleId;
use super::format::Step;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use super::graph::Waits;
use crate::diff::settings;
use crate::model::Lookup;
use crate::model::StampId;

/// The steps so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    steps: Vec<Step>,
    places: Lookup<StepId, usize>,
}

/// One step being written.
#[derive(Debug)]
pub(super) struct StepDraft {
    step: Step,
}

impl Draft {
    /// Adds the step. A second step of the same id is a fault of the planner and is dropped by
    /// the first one's right; the verifier would refuse the plan for what is then missing.
    pub(super) fn add(&mut self, draft: StepDraft) -> StepId {
        let id = draft.step.id.clone();
        if self.places.insert(id.clone(), self.steps.len()) {
            self.steps.push(draft.step);
        }
        id
    }

    /// Whether there is such a step.
    pub(super) fn has(&self, id: &StepId) -> bool {
        self.places.contains(id)
    }

    /// Makes a step that is there already wait for another.
    pub(super) fn wait(&mut self, id: &StepId, first: &StepId, rule: &'static str) {
        if let Some(&at) = self.places.get(id) {
            self.steps[at].after.push(edge(first, rule));
        }
    }

    /// All steps in the order in which they were added, with edges to steps that are not in the
    /// plan left out, each edge once; and who waits for whom.
    pub(super) fn finish(mut self) -> (Vec<Step>, Waits) {
        let mut waits = Waits::with_capacity(self.steps.len());
        for step in &mut self.steps {
            step.after.sort_unstable();
            step.after.dedup();
            let places = &self.places;
            step.after.retain(|edge| {
                let first = places.get(&edge.step);
                waits.extend(first);
                first.is_some()
            });
            waits.next();
        }
        (self.steps, waits)
    }
}

fn edge(step: &StepId, rule: &'static str) -> Edge {
    Edge {
        step: step.clone(),
        rule: RuleId::known(rule),
    }
}

impl StepDraft {
    /// A step that changes the cloud.
    pub(super) fn call(subject: &Subject, kind: StepKind, operations: Vec<Operation>) -> Self {
        Self::new(subject, kind, Act::Call { operations })
    }

    /// A step that looks once.
    pub(super) fn check(subject: &Subject, kind: StepKind, conditions: Vec<Condition>) -> Self {
        Self::wait_for(subject, kind, conditions, Patience::NONE)
    }

    /// A step that looks until it holds.
    pub(super) fn wait_for(
        subject: &Subject,
        kind: StepKind,
        conditions: Vec<Condition>,
        patience: Patience,
    ) -> Self {
        Self::new(
            subject,
            kind,
            Act::Check {
                conditions,
                patience,
            },
        )
    }

    fn new(subject: &Subject, kind: StepKind, act: Act) -> Self {
        let stamps = match subject {
            Subject::Stamp(stamp) => vec![stamp.clone()],
            Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) | Subject::Tenant(_) => {
                Vec::new()
            }
        };
        Self {
            step: Step {
                id: StepId::of(subject, kind),
                kind,
                subject: subject.clone(),
                stamps,
                why: String::new(),
                act,
                expects: Vec::new(),
                after: Vec::new(),
                undo: Vec::new(),
                hazard: kind.hazard(),
            },
        }
    }

    /// Tells it apart from others of its kind and subject.
    pub(super) fn which(mut self, which: &str) -> Self {
        self.step.id = StepId::which(&self.step.subject, self.step.kind, which);
        self
    }

    /// Why it is done.
    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.step.why = why.into();
        self
    }

    /// The stamps that a tenant's step works on.
    pub(super) fn on(mut self, stamps: &[&StampId]) -> Self {
        self.step.stamps = stamps.iter().map(|stamp| (*stamp).clone()).collect();
        self
    }

    /// It waits for `step`, if that is in the plan.
    pub(super) fn after(mut self, step: &StepId, rule: &'static str) -> Self {
        self.step.after.push(edge(step, rule));
        self
    }

    /// It waits for each of `steps` that is in the plan.
    pub(super) fn after_all<'a>(
        mut self,
        steps: impl IntoIterator<Item = &'a StepId>,
        rule: &'static str,
    ) -> Self {
        self.step
            .after
            .extend(steps.into_iter().map(|step| edge(step, rule)));
        self
    }

    /// It expects what was observed and no earlier step changes.
    pub(super) fn fact(mut self, condition: Condition) -> Self {
        self.step.expects.push(Expect {
            condition,
            fact: true,
        });
        self
    }

    /// It expects what earlier steps bring about.
    pub(super) fn expect(mut self, condition: Condition) -> Self {
        self.step.expects.push(Expect {
            condition,
            fact: false,
        });
        self
    }

    /// What takes it back.
    pub(super) fn undo(mut self, operations: Vec<Operation>) -> Self {
        self.step.undo = operations;
        self
    }
}

/// Sets some settings of what is there.
pub(super) fn patch<const N: usize>(
    address: &Address,
    settings: [(&str, stampctl_contract::Value); N],
) -> Operation {
    let settings = settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    settings::patch(address, settings.collect())
}

/// Makes a resource what is given.
pub(super) fn put(address: &Address, settings: Settings) -> Operation {
    Operation {
        address: address.clone(),
        verb: Verb::Put { settings },
        precondition: Precondition::Any,
    }
}

/// Removes a resource and all that is in it.
pub(super) fn delete(address: &Address) -> Operation {
    Operation {
        address: address.clone(),
        verb: Verb::Delete,
        precondition: Precondition::Any,
    }
}

/// The setting has this value.
pub(super) fn is(
    address: &Address,
    setting: &str,
    value: impl Into<stampctl_contract::Value>,
) -> Condition {
    Condition::Is {
        address: address.clone(),
        setting: setting.to_owned(),
        value: value.into(),
    }
}
