//! The steps of a plan as they are shown: by subject, numbered, with what they wait for. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Operation;

use super::Detail;
use super::Fact;
use super::Group;
use super::Level;
use super::RuleView;
use super::StepView;
use super::Wait;
use super::WaitView;
use crate::plan::format::Act;
use crate::plan::format::Body;
use crate::plan::format::Condition;
use crate::plan::format::Hazard;
use crate::plan::format::OnTimeout;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::Subject;
use crate::render::words;

/// The place of every step in the plan, from 1.
pub(crate) type Numbers<'a> = BTreeMap<&'a StepId, usize>;

pub(crate) fn numbers(body: &Body) -> Numbers<'_> {
    let steps = body.steps.iter().enumerate();
    steps.map(|(at, step)| (&step.id, at + 1)).collect()
}

/// Gives tenants that are handled alike the same number.
#[derive(Default)]
struct Likeness {
    known: BTreeMap<String, usize>,
}

impl Likeness {
    /// The number for these steps. What counts is what is done where: kinds, stamps, calls and
    /// the places they go to, but for the tenant's own name. The values of settings do not count.
    fn of(&mut self, subject: &Subject, steps: &[&Step]) -> usize {
        let own = match subject {
            Subject::Tenant(tenant) => tenant.as_str(),
            _ => "",
        };
        let mut key = String::new();
        for step in steps {
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
        let next = self.known.len();
        *self.known.entry(key).or_insert(next)
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

pub(super) fn groups(body: &Body, level: Level, numbers: &Numbers<'_>) -> Vec<Group> {
    let mut cores: BTreeMap<&StepId, Vec<(i64, i64)>> = BTreeMap::new();
    for entry in body.ledger.iter().flat_map(|account| &account.entries) {
        let of_step = cores.entry(&entry.step).or_default();
        of_step.push((entry.group, entry.balance));
    }
    let mut places: BTreeMap<&Subject, usize> = BTreeMap::new();
    let mut passed: BTreeSet<&Subject> = BTreeSet::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut members: Vec<Vec<&Step>> = Vec::new();
    for (at, step) in body.steps.iter().enumerate() {
        let place = *places.entry(&step.subject).or_insert_with(|| {
            groups.push(Group {
                subject: step.subject.clone(),
                alike: 0,
                steps: Vec::new(),
            });
            members.push(Vec::new());
            groups.len() - 1
        });
        let first = step.hazard == Hazard::Irreversible && passed.insert(&step.subject);
        members[place].push(step);
        groups[place].steps.push(StepView {
            number: at + 1,
            symbol: symbol(step).to_owned(),
            id: step.id.clone(),
            kind: step.kind.word().to_owned(),
            which: step.id.0.split_once('@').map(|(_, which)| which.to_owned()),
            why: step.why.clone(),
            hazard: step.hazard,
            point_of_no_return: first,
            cores: cores.get(&step.id).cloned().unwrap_or_default(),
            waits_for: waits_for(step, numbers),
            details: if level == Level::Property {
                details(step)
            } else {
                Vec::new()
            },
        });
    }
    let mut likeness = Likeness::default();
    for (group, steps) in groups.iter_mut().zip(&members) {
        group.alike = likeness.of(&group.subject, steps);
    }
    groups
}

/// The sign before a step: `X` cannot be undone, `*` changes the cloud, `:` may pause the run,
/// `?` looks and goes on only when it holds.
fn symbol(step: &Step) -> &'static str {
    match (&step.act, step.hazard) {
        (_, Hazard::Irreversible) => "X",
        (Act::Call { .. }, _) => "*",
        (Act::Check { patience, .. }, _) if patience.then == OnTimeout::Pause => ":",
        (Act::Check { .. }, _) => "?",
    }
}

fn waits_for(step: &Step, numbers: &Numbers<'_>) -> Vec<Wait> {
    let edges = step.after.iter();
    edges
        .map(|edge| Wait {
            number: numbers.get(&edge.step).copied(),
            step: edge.step.clone(),
            rule: edge.rule.clone(),
        })
        .collect()
}

/// Everything about a step that apply obeys. Each field of [`Step`] is named here or in the
/// [`StepView`], so that nothing is executed that was not shown (T3).
pub(crate) fn details(step: &Step) -> Vec<Detail> {
    let Step {
        id,
        stamps,
        act,
        expects,
        undo,
        ..
    } = step;
    let mut details = vec![plain("id", id.to_string())];
    if !stamps.is_empty() {
        let names: Vec<&str> = stamps.iter().map(AsRef::as_ref).collect();
        details.push(plain("on", names.join(", ")));
    }
    for expect in expects {
        let label = if expect.fact {
            "needs, as it was observed"
        } else {
            "needs"
        };
        details.push(plain(label, words::condition(&expect.condition)));
    }
    match act {
        Act::Call { operations } => details.extend(operations.iter().map(|o| called("does", o))),
        Act::Check {
            conditions,
            patience,
        } => {
            details.extend(
                conditions
                    .iter()
                    .map(|c| plain("asks", words::condition(c))),
            );
            details.push(plain("waits", words::patience(*patience)));
        }
    }
    details.extend(undo.iter().map(|operation| called("undo", operation)));
    details
}

fn plain(label: &str, text: String) -> Detail {
    Detail {
        label: label.to_owned(),
        text,
        settings: Vec::new(),
    }
}

fn called(label: &str, operation: &Operation) -> Detail {
    let settings = words::settings(operation).into_iter().flatten();
    Detail {
        label: label.to_owned(),
        text: words::operation(operation),
        settings: settings
            .map(|(name, value)| Fact {
                name: name.clone(),
                value: words::value(value),
            })
            .collect(),
    }
}

pub(super) fn rules(body: &Body) -> Vec<RuleView> {
    let mut cited: BTreeMap<&RuleId, u64> = body.rules.keys().map(|rule| (rule, 0)).collect();
    for edge in body.steps.iter().flat_map(|step| &step.after) {
        *cited.entry(&edge.rule).or_default() += 1;
    }
    let mut rules: Vec<RuleView> = cited
        .into_iter()
        .map(|(rule, cited)| RuleView {
            rule: rule.clone(),
            reason: body.rules.get(rule).cloned(),
            cited,
        })
        .collect();
    rules.sort_by_cached_key(|view| rank(&view.rule));
    rules
}

/// Letters first, then numbers as numbers: O-2 before O-10.
fn rank(rule: &RuleId) -> (String, u64, String) {
    let text = rule.0.as_ref();
    let (letters, digits) = text.split_once('-').unwrap_or((text, ""));
    let number = digits.parse().unwrap_or(u64::MAX);
    (letters.to_owned(), number, text.to_owned())
}

pub(super) fn waits(body: &Body) -> Vec<WaitView> {
    let mut waits = Vec::new();
    for (at, step) in body.steps.iter().enumerate() {
        let Act::Check {
            conditions,
            patience,
        } = &step.act
        else {
            continue;
        };
        let of_time =
            |c: &Condition| matches!(c, Condition::Elapsed { .. } | Condition::Confirmed { .. });
        if patience.then == OnTimeout::Pause || conditions.iter().any(of_time) {
            waits.push(WaitView {
                number: at + 1,
                step: step.id.clone(),
                what: conditions.iter().map(words::condition).collect(),
            });
        }
    }
    waits
}
