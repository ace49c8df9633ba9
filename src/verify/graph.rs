//! The plan's steps as a graph: found by id, subject and kind, in one order that the edges allow,
//! with the question "must this come before that?". Pure.
//!
//! A full transitive closure over 200,000 steps is out of reach, and not needed: rules speak of
//! the steps of one subject, or of two subjects that the plan ties with an edge of its own. So
//! each subject has a small closure over its own steps as bit sets, and a path between subjects
//! is looked for through at most `HOPS` edges that cross from one subject to another. A path
//! that is longer is not seen. That is the safe side: an order that is not seen is an order that
//! is missing, and the plan is refused.

use std::fmt::Write as _;

use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// Crossings from subject to subject that a path may have: out to a tenant and back.
const HOPS: u32 = 2;

/// Crossing edges that one question may look at before it gives up and answers no.
const PATIENCE: usize = 20_000;

/// The most steps of one subject. A closure is quadratic in them.
pub const MOST_STEPS_OF_ONE: usize = 4_096;

/// What is wrong with the shape of a plan, so that nothing else can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The step's place in the plan.
    pub step: usize,
    /// What is wrong.
    pub message: String,
}

/// The steps of one subject and which of them must come before which.
struct Family {
    /// Places in the plan, in topological order.
    steps: Vec<usize>,
    /// For each step a row of bits: its ancestors within the family, itself excluded.
    rows: Vec<u64>,
    /// Words in a row.
    words: usize,
}

/// The index.
pub struct Graph<'p> {
    steps: &'p [Step],
    /// Direct predecessors of each step, ascending.
    before: Vec<Vec<usize>>,
    /// All steps in an order that the edges allow.
    order: Vec<usize>,
    /// Each step's place in `order`.
    position: Vec<usize>,
    families: Vec<Family>,
    /// Which family a step is in, and at which place.
    member: Vec<(usize, usize)>,
    /// Subjects with their families, ascending.
    subjects: Vec<(&'p Subject, usize)>,
    /// Steps by kind, in declaration order of the kinds.
    kinds: Vec<Vec<usize>>,
}

impl<'p> Graph<'p> {
    /// Indexes the steps, or says what is wrong with their shape (P-1).
    pub fn of(steps: &'p [Step]) -> Result<Self, Vec<Malformed>> {
        let mut wrong = ids_that_lie(steps);
        let before = edges(steps, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let order = order(steps, &before)?;
        let mut position = vec![0; steps.len()];
        for (at, &step) in order.iter().enumerate() {
            position[step] = at;
        }
        let (subjects, members) = families(steps, &order);
        let mut member = vec![(0, 0); steps.len()];
        for (family, steps) in members.iter().enumerate() {
            for (at, &step) in steps.iter().enumerate() {
                member[step] = (family, at);
            }
        }
        if let Some(large) = members.iter().find(|all| all.len() > MOST_STEPS_OF_ONE) {
            let step = large[0];
            let message = format!(
                "{} has {} steps; one subject has at most {MOST_STEPS_OF_ONE}",
                steps[step].subject,
                large.len()
            );
            return Err(vec![Malformed { step, message }]);
        }
        let families = members
            .into_iter()
            .map(|steps| Family::of(steps, &before, &member))
            .collect();
        let mut kinds = vec![Vec::new(); StepKind::ALL.len()];
        for &step in &order {
            kinds[steps[step].kind as usize].push(step);
        }
        Ok(Self {
            steps,
            before,
            order,
            position,
            families,
            member,
            subjects,
            kinds,
        })
    }

    /// The step at a place of the plan.
    pub fn step(&self, at: usize) -> &'p Step {
        &self.steps[at]
    }

    /// All steps in an order that the edges allow.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The direct predecessors of a step.
    pub fn direct(&self, at: usize) -> &[usize] {
        &self.before[at]
    }

    /// All steps of a kind, in an order that the edges allow.
    pub fn of_kind(&self, kind: StepKind) -> &[usize] {
        &self.kinds[kind as usize]
    }

    /// All steps of a subject, in an order that the edges allow.
    pub fn of_subject(&self, subject: &Subject) -> &[usize] {
        match self
            .subjects
            .binary_search_by(|(known, _)| (*known).cmp(subject))
        {
            Ok(found) => &self.families[self.subjects[found].1].steps,
            Err(_) => &[],
        }
    }

    /// Every subject with its steps.
    pub fn subjects(&self) -> impl Iterator<Item = (&'p Subject, &[usize])> {
        self.subjects
            .iter()
            .map(|&(subject, family)| (subject, self.families[family].steps.as_slice()))
    }

    /// The steps of these kinds with the same subject as `at`.
    pub fn siblings(&self, at: usize, kinds: &[StepKind]) -> impl Iterator<Item = usize> {
        let family = &self.families[self.member[at].0];
        let of_kind = move |step: &usize| kinds.contains(&self.steps[*step].kind);
        family.steps.iter().copied().filter(of_kind)
    }

    /// The first step of a kind about a stamp.
    pub fn stamp_step(&self, stamp: &StampId, kind: StepKind) -> Option<usize> {
        self.first(&Subject::Stamp(stamp.clone()), kind)
    }

    /// The first step of a kind about a tenant.
    pub fn tenant_step(&self, tenant: &TenantId, kind: StepKind) -> Option<usize> {
        self.first(&Subject::Tenant(tenant.clone()), kind)
    }

    fn first(&self, subject: &Subject, kind: StepKind) -> Option<usize> {
        let mut steps = self.of_subject(subject).iter().copied();
        steps.find(|&step| self.steps[step].kind == kind)
    }

    /// Whether `first` must have succeeded before `then` may start. May say no where a path
    /// crosses subjects more often than rules need; never says yes without a path.
    pub fn is_before(&self, first: usize, then: usize) -> bool {
        let mut patience = PATIENCE;
        first != then && self.reaches(first, then, HOPS, &mut patience)
    }

    fn reaches(&self, first: usize, then: usize, hops: u32, patience: &mut usize) -> bool {
        if first == then || self.is_before_in_family(first, then) {
            return true;
        }
        if hops == 0 || self.position[first] >= self.position[then] {
            return false;
        }
        if self.before[then].binary_search(&first).is_ok() {
            return true;
        }
        for source in self.crossings(then) {
            *patience = patience.saturating_sub(1);
            if *patience == 0 {
                return false;
            }
            let earlier = self.position[source] >= self.position[first];
            if earlier && self.reaches(first, source, hops - 1, patience) {
                return true;
            }
        }
        false
    }

    fn is_before_in_family(&self, first: usize, then: usize) -> bool {
        let ((family, one), (other, two)) = (self.member[first], self.member[then]);
        family == other && self.families[family].has(two, one)
    }

    /// The steps of other subjects that `then`, or an ancestor of it of its own subject, waits
    /// for directly.
    pub fn crossings(&self, then: usize) -> impl Iterator<Item = usize> {
        let (family, place) = self.member[then];
        let own = self.families[family].ancestors(place);
        own.chain(std::iter::once(then))
            .flat_map(move |step| self.before[step].iter().copied())
            .filter(move |source| self.member[*source].0 != family)
    }
}

impl Family {
    fn of(steps: Vec<usize>, before: &[Vec<usize>], member: &[(usize, usize)]) -> Self {
        let words = steps.len().div_ceil(64);
        let mut rows = vec![0_u64; words * steps.len()];
        let Some(&first) = steps.first() else {
            return Self { steps, rows, words };
        };
        let family = member[first].0;
        for (place, &step) in steps.iter().enumerate() {
            for &source in &before[step] {
                let (other, at) = member[source];
                if other == family {
                    for word in 0..words {
                        rows[place * words + word] |= rows[at * words + word];
                    }
                    rows[place * words + at / 64] |= 1 << (at % 64);
                }
            }
        }
        Self { steps, rows, words }
    }

    fn has(&self, place: usize, ancestor: usize) -> bool {
        self.rows[place * self.words + ancestor / 64] >> (ancestor % 64) & 1 == 1
    }

    fn ancestors(&self, place: usize) -> impl Iterator<Item = usize> {
        let row = &self.rows[place * self.words..(place + 1) * self.words];
        row.iter().enumerate().flat_map(move |(word, &bits)| {
            let mut bits = bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(self.steps[word * 64 + bit])
            })
        })
    }
}

/// Steps whose id does not say what they are. Ids stand in the journal and in approvals; an id
/// that names another subject or kind would be read as another step.
fn ids_that_lie(steps: &[Step]) -> Vec<Malformed> {
    let mut name = String::new();
    let mut wrong = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        name.clear();
        // Writing to a string cannot fail.
        let _ = write!(name, "{}/{}", step.subject, step.kind);
        let rest = step.id.0.strip_prefix(name.as_str());
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('@')) {
            let message = format!("its id is not `{name}`, with `@` and a name at most");
            wrong.push(Malformed { step: at, message });
        }
    }
    wrong
}

/// The direct predecessors of each step; what has no step is wrong.
fn edges(steps: &[Step], wrong: &mut Vec<Malformed>) -> Vec<Vec<usize>> {
    let mut ids: Vec<(&str, usize)> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (&*step.id.0, at))
        .collect();
    ids.sort_unstable();
    for pair in ids.windows(2) {
        if pair[0].0 == pair[1].0 {
            let message = "another step has the same id".to_owned();
            let step = pair[1].1;
            wrong.push(Malformed { step, message });
        }
    }
    let mut before = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let mut sources = Vec::with_capacity(step.after.len());
        for edge in &step.after {
            match ids.binary_search_by(|(id, _)| (*id).cmp(&edge.step.0)) {
                Ok(found) => sources.push(ids[found].1),
                Err(_) => wrong.push(Malformed {
                    step: at,
                    message: format!("it waits for `{}`, which is no step", edge.step),
                }),
            }
        }
        sources.sort_unstable();
        sources.dedup();
        before.push(sources);
    }
    before
}

/// An order that the edges allow, nearest to the plan's own; or the steps that wait for
/// themselves.
fn order(steps: &[Step], before: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Malformed>> {
    let mut after = vec![Vec::new(); steps.len()];
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    for (step, sources) in before.iter().enumerate() {
        for &source in sources {
            after[source].push(step);
        }
    }
    let ready = (0..steps.len()).filter(|&step| open[step] == 0);
    let mut ready: std::collections::BTreeSet<usize> = ready.collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(step) = ready.pop_first() {
        order.push(step);
        for &next in &after[step] {
            open[next] -= 1;
            if open[next] == 0 {
                ready.insert(next);
            }
        }
    }
    if order.len() == steps.len() {
        return Ok(order);
    }
    let looped = (0..steps.len()).filter(|&step| open[step] > 0);
    Err(looped
        .map(|step| Malformed {
            step,
            message: "it waits for itself, round a loop".to_owned(),
        })
        .collect())
}

/// Subjects in order, and the steps of each in topological order.
fn families<'p>(
    steps: &'p [Step],
    order: &[usize],
) -> (Vec<(&'p Subject, usize)>, Vec<Vec<usize>>) {
    let mut sorted: Vec<(&Subject, usize)> = order
        .iter()
        .enumerate()
        .map(|(at, &step)| (&steps[step].subject, at))
        .collect();
    sorted.sort_unstable();
    let mut subjects: Vec<(&Subject, usize)> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (subject, at) in sorted {
        if subjects.last().is_none_or(|(last, _)| *last != subject) {
            subjects.push((subject, members.len()));
            members.push(Vec::new());
        }
        if let Some(family) = members.last_mut() {
            family.push(order[at]);
        }
    }
    (subjects, members)
}
