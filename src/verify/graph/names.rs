//! What the steps of a plan are called, whom they are about, and which they wait for. Pure.

use std::fmt::Write as _;

use super::Malformed;
use crate::model::Lookup;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::verify::rows::Rows;

/// How many places back an edge is looked for before it is looked up.
const NEAR: usize = 3;

/// What steps are called and whom they are about.
pub(super) struct Names<'p> {
    /// The place of each id.
    pub(super) ids: Lookup<&'p str, usize>,
    /// The number of each subject's family.
    pub(super) subjects: Lookup<&'p Subject, usize>,
    /// The number of each step's family.
    pub(super) family: Vec<usize>,
    /// The kind of each step.
    pub(super) kind: Vec<StepKind>,
}

impl<'p> Names<'p> {
    /// The names of all steps. Wrong are ids that stand twice, and those that do not say what the
    /// step is: ids stand in the journal and in approvals, and one that names another subject or
    /// kind would be read as another step.
    pub(super) fn of(steps: &'p [Step], wrong: &mut Vec<Malformed>) -> Self {
        let mut names = Self {
            ids: Lookup::with_capacity(steps.len()),
            subjects: Lookup::default(),
            family: Vec::with_capacity(steps.len()),
            kind: Vec::with_capacity(steps.len()),
        };
        let mut subject = String::new();
        let mut last: Option<(&Subject, usize)> = None;
        let mut again = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let family = match last {
                // The steps of one subject mostly follow each other.
                Some((same, family)) if *same == step.subject => family,
                _ => {
                    subject.clear();
                    // Writing to a string cannot fail.
                    let _ = write!(subject, "{}/", step.subject);
                    let next = names.subjects.len();
                    *names.subjects.get_or_insert_with(&step.subject, || next)
                }
            };
            last = Some((&step.subject, family));
            names.family.push(family);
            names.kind.push(step.kind);
            let id = &*step.id.0;
            if *names.ids.get_or_insert_with(id, || at) != at {
                again.push((id, at));
            }
            let rest = id.strip_prefix(subject.as_str());
            let rest = rest.and_then(|rest| rest.strip_prefix(step.kind.word()));
            if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('@')) {
                let kind = step.kind;
                let message =
                    format!("its id is not `{subject}{kind}`, with `@` and a name at most");
                wrong.push(Malformed { step: at, message });
            }
        }
        again.sort_unstable();
        wrong.extend(again.into_iter().map(|(_, step)| Malformed {
            step,
            message: "another step has the same id".to_owned(),
        }));
        names
    }
}

/// The direct predecessors of each step; what has no step is wrong.
pub(super) fn edges(steps: &[Step], ids: &Lookup<&str, usize>, wrong: &mut Vec<Malformed>) -> Rows {
    let count = steps.iter().map(|step| step.after.len()).sum();
    let mut before = Rows::with_room(steps.len(), count);
    for (at, step) in steps.iter().enumerate() {
        before.push_set(step.after.iter().filter_map(|edge| {
            // Most edges go to a step of the same subject, a few places back.
            let mut near = (at.saturating_sub(NEAR)..at).rev();
            let near = near.find(|&one| steps[one].id == edge.step);
            let found = near.or_else(|| ids.get(&*edge.step.0).copied());
            if found.is_none() {
                wrong.push(Malformed {
                    step: at,
                    message: format!("it waits for `{}`, which is no step", edge.step),
                });
            }
            found
        }));
    }
    before
}
