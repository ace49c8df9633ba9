//! The plan's steps as a graph: found by id, subject and kind, in one order that the edges allow,
//! with the question "must this come before that?". Pure.
//!
//! A full transitive closure over 200,000 steps is out of reach, and not needed: rules speak of
//! the steps of one subject, or of two subjects that the plan ties with an edge of its own. So
//! each subject has a small closure over its own steps as bit sets, and a path between subjects
//! is looked for through at most `HOPS` edges that cross from one subject to another. A path
//! that is longer is not seen. That is the safe side: an order that is not seen is an order that
//! is missing, and the plan is refused.

mod names;

use super::rows::Rows;
use crate::model::Lookup;
use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use names::Names;
use names::edges;

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

/// The index.
pub struct Graph<'p> {
    steps: &'p [Step],
    /// What kind of step each is, without a look at the step itself.
    kind: Vec<StepKind>,
    /// Direct predecessors of each step, ascending.
    before: Rows,
    /// All steps in an order that the edges allow.
    order: Vec<usize>,
    /// Each step's place in `order`.
    position: Vec<usize>,
    /// The families: the steps of each subject, in topological order.
    families: Rows,
    /// The number of each subject's family.
    subjects: Lookup<&'p Subject, usize>,
    /// Which family a step is in, and at which place.
    member: Vec<(usize, usize)>,
    /// For each member of each family a row of bits: its ancestors within the family.
    closure: Vec<u64>,
    /// Where the rows of each family begin.
    closures: Vec<usize>,
    /// Steps by kind, in declaration order of the kinds.
    kinds: Rows,
}

impl<'p> Graph<'p> {
    /// Indexes the steps, or says what is wrong with their shape (P-1).
    pub fn of(steps: &'p [Step]) -> Result<Self, Vec<Malformed>> {
        let mut wrong = Vec::new();
        let Names {
            ids,
            subjects,
            family,
            kind,
        } = Names::of(steps, &mut wrong);
        let before = edges(steps, &ids, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let order = order(&before)?;
        let mut position = vec![0; steps.len()];
        for (at, &step) in order.iter().enumerate() {
            position[step] = at;
        }
        let all = order.iter().map(|&step| (family[step], step));
        let families = Rows::of(subjects.len(), all);
        if let Some(large) = too_large(steps, &families) {
            return Err(vec![large]);
        }
        let mut member = vec![(0, 0); steps.len()];
        for (family, steps) in families.iter().enumerate() {
            for (at, &step) in steps.iter().enumerate() {
                member[step] = (family, at);
            }
        }
        let (closures, closure) = closures(&families, &before, &member);
        let by_kind = order.iter().map(|&step| (kind[step] as usize, step));
        let kinds = Rows::of(StepKind::ALL.len(), by_kind);
        Ok(Self {
            steps,
            kind,
            before,
            order,
            position,
            families,
            subjects,
            member,
            closure,
            closures,
            kinds,
        })
    }

    /// The step at a place of the plan.
    pub fn step(&self, at: usize) -> &'p Step {
        &self.steps[at]
    }

    /// What kind of step is at a place of the plan.
    pub fn kind(&self, at: usize) -> StepKind {
        self.kind[at]
    }

    /// All steps in an order that the edges allow.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// A step's place in that order.
    pub fn position(&self, at: usize) -> usize {
        self.position[at]
    }

    /// The direct predecessors of a step.
    pub fn direct(&self, at: usize) -> &[usize] {
        self.before.row(at)
    }

    /// All steps of a kind, in an order that the edges allow.
    pub fn of_kind(&self, kind: StepKind) -> &[usize] {
        self.kinds.row(kind as usize)
    }

    /// All steps of a subject, in an order that the edges allow.
    pub fn of_subject(&self, subject: &Subject) -> &[usize] {
        let family = self.subjects.get(subject);
        family.map_or(&[], |&family| self.families.row(family))
    }

    /// How many families there are: subjects that have steps.
    pub fn families(&self) -> usize {
        self.families.len()
    }

    /// The steps of a family, in an order that the edges allow.
    pub fn family(&self, family: usize) -> &[usize] {
        self.families.row(family)
    }

    /// The family that a step is in.
    pub fn family_of(&self, at: usize) -> usize {
        self.member[at].0
    }

    /// The steps of these kinds with the same subject as `at`.
    pub fn siblings(&self, at: usize, kinds: &[StepKind]) -> impl Iterator<Item = usize> {
        let family = self.families.row(self.member[at].0).iter().copied();
        family.filter(move |step| kinds.contains(&self.kind[*step]))
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
        steps.find(|&step| self.kind[step] == kind)
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
        if self.before.row(then).binary_search(&first).is_ok() {
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
        let ((family, one), (other, _)) = (self.member[first], self.member[then]);
        family == other && self.ancestors(then)[one / 64] >> (one % 64) & 1 == 1
    }

    /// A step's ancestors within its family, as bits.
    fn ancestors(&self, at: usize) -> &[u64] {
        let (family, place) = self.member[at];
        let words = words(self.families.row(family).len());
        let begin = self.closures[family] + place * words;
        &self.closure[begin..begin + words]
    }

    /// The steps of other subjects that `then`, or an ancestor of it of its own subject, waits
    /// for directly.
    pub fn crossings(&self, then: usize) -> impl Iterator<Item = usize> {
        let family = self.member[then].0;
        let steps = self.families.row(family);
        let own = self.ancestors(then).iter().enumerate();
        let own = own.flat_map(move |(word, &bits)| {
            let mut bits = bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(steps[word * 64 + bit])
            })
        });
        own.chain(std::iter::once(then))
            .flat_map(move |step| self.before.row(step).iter().copied())
            .filter(move |source| self.member[*source].0 != family)
    }
}

/// Words of bits for a family of so many.
const fn words(steps: usize) -> usize {
    steps.div_ceil(64)
}

/// The ancestors of each member of each family within it, itself excluded: where the family's
/// rows begin, and the rows.
fn closures(families: &Rows, before: &Rows, member: &[(usize, usize)]) -> (Vec<usize>, Vec<u64>) {
    let mut begins = Vec::with_capacity(families.len());
    let mut size = 0;
    for steps in families.iter() {
        begins.push(size);
        size += words(steps.len()) * steps.len();
    }
    let mut bits = vec![0_u64; size];
    for (family, steps) in families.iter().enumerate() {
        let words = words(steps.len());
        let rows = &mut bits[begins[family]..][..words * steps.len()];
        for (place, &step) in steps.iter().enumerate() {
            let (earlier, own) = rows.split_at_mut(place * words);
            for &source in before.row(step) {
                let (other, at) = member[source];
                if other == family {
                    for (word, more) in own.iter_mut().zip(&earlier[at * words..][..words]) {
                        *word |= more;
                    }
                    own[at / 64] |= 1 << (at % 64);
                }
            }
        }
    }
    (begins, bits)
}

/// An order that the edges allow, nearest to the plan's own; or the steps that wait for
/// themselves.
fn order(before: &Rows) -> Result<Vec<usize>, Vec<Malformed>> {
    let mut sources = before.iter().enumerate();
    if sources.all(|(step, sources)| sources.last().is_none_or(|&last| last < step)) {
        // The plan's own order is one.
        return Ok((0..before.len()).collect());
    }
    let waits = (0..before.len()).flat_map(|step| {
        let sources = before.row(step).iter();
        sources.map(move |&source| (source, step))
    });
    let after = Rows::of(before.len(), waits);
    let mut open: Vec<usize> = before.iter().map(<[usize]>::len).collect();
    let ready = (0..before.len()).filter(|&step| open[step] == 0);
    let mut ready: std::collections::BTreeSet<usize> = ready.collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(step) = ready.pop_first() {
        order.push(step);
        for &next in after.row(step) {
            open[next] -= 1;
            if open[next] == 0 {
                ready.insert(next);
            }
        }
    }
    if order.len() == before.len() {
        return Ok(order);
    }
    let looped = (0..before.len()).filter(|&step| open[step] > 0);
    Err(looped
        .map(|step| Malformed {
            step,
            message: "it waits for itself, round a loop".to_owned(),
        })
        .collect())
}

/// A subject that has too many steps, the first of them by name.
fn too_large(steps: &[Step], families: &Rows) -> Option<Malformed> {
    let large = families.iter().filter(|all| all.len() > MOST_STEPS_OF_ONE);
    let large = large.min_by_key(|all| &steps[all[0]].subject)?;
    let (step, count) = (large[0], large.len());
    let subject = &steps[step].subject;
    let message =
        format!("{subject} has {count} steps; one subject has at most {MOST_STEPS_OF_ONE}");
    Some(Malformed { step, message })
}
