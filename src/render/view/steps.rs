//! The steps of a plan as they are shown: numbered, with what they do and wait for. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;
use stampctl_contract::Operation;

use super::Detail;
use super::Fact;
use super::RuleView;
use super::StepView;
use super::Wait;
use crate::model::Lookup;
use crate::plan::format::Act;
use crate::plan::format::Body;
use crate::plan::format::Condition;
use crate::plan::format::Hazard;
use crate::plan::format::OnTimeout;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::render::words;

/// The place of every step in the plan, from 1.
pub(crate) type Numbers<'a> = Lookup<&'a StepId, usize>;

pub(crate) fn numbers(body: &Body) -> Numbers<'_> {
    // Of several steps with one id the last is meant.
    let steps = body.steps.iter().enumerate().rev();
    steps.map(|(at, step)| (&step.id, at + 1)).collect()
}

/// A step, without what its neighbours, the ledger and the level say.
pub(super) fn step<'p>(at: usize, step: &'p Step, numbers: &Numbers<'p>) -> StepView<'p> {
    StepView {
        number: at + 1,
        symbol: symbol(step),
        id: &step.id,
        kind: step.kind.word(),
        which: step.id.0.split_once('@').map(|(_, which)| which),
        why: &step.why,
        hazard: step.hazard,
        point_of_no_return: false,
        cores: Vec::new(),
        waits_for: waits_for(step, numbers),
        details: Vec::new(),
    }
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

fn waits_for<'p>(step: &'p Step, numbers: &Numbers<'p>) -> Vec<Wait<'p>> {
    let edges = step.after.iter();
    edges
        .map(|edge| Wait {
            number: numbers.get(&edge.step).copied(),
            step: &edge.step,
            rule: &edge.rule,
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
    let mut counts: Vec<(&RuleId, u64)> = Vec::new();
    let mut numbers: Lookup<&RuleId, usize> = Lookup::default();
    for edge in body.steps.iter().flat_map(|step| &step.after) {
        let next = counts.len();
        let number = *numbers.get_or_insert_with(&edge.rule, || next);
        match counts.get_mut(number) {
            Some((_, count)) => *count += 1,
            None => counts.push((&edge.rule, 1)),
        }
    }
    cited.extend(counts);
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

/// A step that waits for a clock or a person.
#[derive(Clone, Copy, Debug)]
pub struct WaitView<'p> {
    /// The step's place in the plan.
    pub number: usize,
    /// The step.
    pub step: &'p StepId,
    conditions: &'p [Condition],
}

impl WaitView<'_> {
    /// What it waits for.
    pub fn what(&self) -> Vec<String> {
        self.conditions.iter().map(words::condition).collect()
    }
}

/// A wait as JSON has it.
#[derive(Serialize)]
struct Whole<'p> {
    number: usize,
    step: &'p StepId,
    what: Vec<String>,
}

impl Serialize for WaitView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = Whole {
            number: self.number,
            step: self.step,
            what: self.what(),
        };
        whole.serialize(serializer)
    }
}

pub(super) fn waits(body: &Body) -> Vec<WaitView<'_>> {
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
                step: &step.id,
                conditions,
            });
        }
    }
    waits
}
