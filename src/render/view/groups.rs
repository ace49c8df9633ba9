//! The steps of a plan by subject, in the order of the plan. A group knows the places of its steps
//! and draws them when it is asked: a text shows a few hundred of a hundred thousand. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;
use stampctl_contract::Address;

use super::Level;
use super::StepView;
use super::steps;
use super::steps::Numbers;
use crate::model::Lookup;
use crate::plan::format::Body;
use crate::plan::format::Condition;
use crate::plan::format::Hazard;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::render::words;
use crate::verify::rows::Rows;

/// Kinds of steps fit into the bits that [`Group::has`] has for them.
const _: () = assert!(StepKind::ALL.len() <= 128, "too many kinds of steps");

/// The steps of one subject.
#[derive(Clone, Copy, Debug)]
pub struct Group<'p> {
    /// The subject.
    pub subject: &'p Subject,
    /// How many of its steps cannot be undone.
    pub irreversible: usize,
    /// Its number among all groups.
    number: usize,
    /// The kinds of its steps, as bits.
    kinds: u128,
    /// Groups with the same outline have the same kinds of steps on the same stamps. Those that
    /// are alike have the same.
    outline: usize,
}

impl Group<'_> {
    /// Whether it has a step of this kind.
    pub fn has(&self, kind: StepKind) -> bool {
        self.kinds >> kind as usize & 1 == 1
    }
}

/// Every group, in the order of their first steps.
pub struct Groups<'p> {
    body: &'p Body,
    level: Level,
    numbers: Numbers<'p>,
    /// Cores that a group of quota gains by a step, and what it can then allocate.
    cores: BTreeMap<&'p StepId, Vec<(i64, i64)>>,
    all: Vec<Group<'p>>,
    /// The places of each group's steps in the plan.
    places: Rows,
    outlines: usize,
}

impl<'p> Groups<'p> {
    /// The groups of a plan.
    pub(super) fn of(body: &'p Body, level: Level, numbers: Numbers<'p>) -> Self {
        let mut cores: BTreeMap<&StepId, Vec<(i64, i64)>> = BTreeMap::new();
        for entry in body.ledger.iter().flat_map(|account| &account.entries) {
            let of_step = cores.entry(&entry.step).or_default();
            of_step.push((entry.group, entry.balance));
        }
        let mut known: Lookup<&Subject, usize> = Lookup::default();
        let mut outlines = Outlines::default();
        let mut all: Vec<Group<'_>> = Vec::new();
        let mut group_of: Vec<usize> = Vec::with_capacity(body.steps.len());
        for step in &body.steps {
            let last = group_of.last().map(|&last| (last, all[last].subject));
            let number = match last {
                // The steps of one subject mostly follow each other.
                Some((last, subject)) if *subject == step.subject => last,
                _ => {
                    let next = known.len();
                    *known.get_or_insert_with(&step.subject, || next)
                }
            };
            if number == all.len() {
                all.push(Group {
                    subject: &step.subject,
                    irreversible: 0,
                    number,
                    kinds: 0,
                    outline: 0,
                });
            }
            let group = &mut all[number];
            group.irreversible += usize::from(step.hazard == Hazard::Irreversible);
            group.kinds |= 1 << step.kind as usize;
            group.outline = outlines.with(group.outline, step);
            group_of.push(number);
        }
        Self {
            body,
            level,
            numbers,
            cores,
            places: Rows::of(all.len(), group_of.into_iter().zip(0..)),
            all,
            outlines: outlines.count(),
        }
    }

    /// Every group.
    pub fn all(&self) -> &[Group<'p>] {
        &self.all
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The groups, left out: what is not shown at [`Level::Operation`].
    pub(super) fn hidden(mut self) -> Self {
        self.all.clear();
        self
    }

    /// The places of every step, from 1.
    pub(super) fn numbers(&self) -> &Numbers<'p> {
        &self.numbers
    }

    /// The places of a group's steps in the plan, from 0, ascending.
    pub fn places(&self, group: &Group<'p>) -> &[usize] {
        self.places.row(group.number)
    }

    /// A group's steps.
    pub fn steps(&self, group: &Group<'p>) -> impl Iterator<Item = StepView<'p>> {
        let mut passed = false;
        self.places(group).iter().map(move |&at| {
            let step = &self.body.steps[at];
            let mut view = steps::step(at, step, &self.numbers);
            view.cores = self.cores.get(&step.id).cloned().unwrap_or_default();
            view.point_of_no_return = step.hazard == Hazard::Irreversible && !passed;
            passed |= view.point_of_no_return;
            if self.level == Level::Property {
                view.details = steps::details(step);
            }
            view
        })
    }

    /// A number for each group that is handled as one of the first `most` is; groups with the same
    /// number are alike. What counts is what is done where: kinds, stamps, calls and the places
    /// they go to, but for a tenant's own name. The values of settings do not count.
    pub fn likeness(&self, most: usize) -> Vec<Option<usize>> {
        let mut wanted = vec![false; self.outlines];
        for group in self.all.iter().take(most) {
            wanted[group.outline] = true;
        }
        let mut known: Lookup<String, usize> = Lookup::default();
        let groups = self.all.iter();
        groups
            .map(|group| {
                wanted[group.outline].then(|| {
                    let next = known.len();
                    *known.get_or_insert_with(self.key(group), || next)
                })
            })
            .collect()
    }

    /// What is done where, but for the tenant's own name.
    fn key(&self, group: &Group<'p>) -> String {
        let own = match group.subject {
            Subject::Tenant(tenant) => tenant.as_str(),
            _ => "",
        };
        let mut key = String::new();
        for step in self.places(group).iter().map(|&at| &self.body.steps[at]) {
            key.push_str(step.kind.word());
            key.push_str(words::hazard(step.hazard));
            for stamp in &step.stamps {
                key.push('@');
                key.push_str(stamp.as_str());
            }
            for operation in step.act.operations().iter().chain(&step.undo) {
                key.push_str(words::verb(&operation.verb));
                push_place(&mut key, &operation.address, own);
            }
            for address in step.act.conditions().iter().filter_map(Condition::address) {
                push_place(&mut key, address, own);
            }
            key.push('\n');
        }
        key
    }
}

/// An address without the tenant's own name.
fn push_place(key: &mut String, address: &Address, own: &str) {
    key.push(' ');
    key.push_str(address.kind().word());
    for part in address.parts() {
        key.push('/');
        match part.strip_suffix(own) {
            Some(lead) if !own.is_empty() && (lead.is_empty() || lead.ends_with('-')) => {
                key.push_str(lead);
                key.push('*');
            }
            _ => key.push_str(part),
        }
    }
}

/// A step as an outline has it: kind, hazard and one stamp.
type Stroke<'p> = (usize, Option<&'p str>);

/// Outlines by number: each is one that is known and a stroke more. 0 is the empty one.
#[derive(Default)]
struct Outlines<'p> {
    known: Lookup<(usize, Stroke<'p>), usize>,
}

impl<'p> Outlines<'p> {
    /// The outline with a step more.
    fn with(&mut self, outline: usize, step: &'p crate::plan::format::Step) -> usize {
        // A kind has one hazard in a plan that is sound, and may have any in one that is not.
        let stroke = 1 + step.kind as usize * 4 + step.hazard as usize;
        let mut stamps = step.stamps.iter().map(AsRef::as_ref);
        let begun = self.after(outline, (stroke, stamps.next()));
        stamps.fold(begun, |outline, more| self.after(outline, (0, Some(more))))
    }

    fn after(&mut self, outline: usize, stroke: Stroke<'p>) -> usize {
        let next = self.known.len() + 1;
        *self.known.get_or_insert_with((outline, stroke), || next)
    }

    fn count(&self) -> usize {
        self.known.len() + 1
    }
}

/// A group as JSON has it.
#[derive(Serialize)]
struct Whole<'v, 'p> {
    subject: &'p Subject,
    alike: usize,
    steps: Vec<StepView<'v>>,
}

/// Group by group, with all steps.
impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alike = self.likeness(self.all.len()).into_iter().flatten();
        let groups = self.all.iter().zip(alike);
        serializer.collect_seq(groups.map(|(group, alike)| Whole {
            subject: group.subject,
            alike,
            steps: self.steps(group).collect(),
        }))
    }
}
