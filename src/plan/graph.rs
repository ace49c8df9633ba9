//! The order of steps: every edge obeyed, and otherwise the order in which they were written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

use super::format::Step;
use super::format::StepId;

/// A loop among the steps: their ids. It would be a fault of the planner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the steps wait for each other in a circle: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Circle(pub Vec<StepId>);

/// Who waits for whom, by places: for each step the steps that come before it.
#[derive(Debug, Default)]
pub(super) struct Waits {
    first: Vec<u32>,
    /// Where the part of each step in `first` ends.
    ends: Vec<usize>,
}

impl Waits {
    /// Nobody yet, of so many steps.
    pub(super) fn with_capacity(steps: usize) -> Self {
        Self {
            first: Vec::with_capacity(steps * 3),
            ends: Vec::with_capacity(steps),
        }
    }

    /// The step that is being noted waits for these.
    pub(super) fn extend<'a>(&mut self, first: impl IntoIterator<Item = &'a usize>) {
        // A plan has fewer steps than there are numbers of 32 bits: each has more than one byte.
        let numbers = first.into_iter().filter_map(|&at| u32::try_from(at).ok());
        self.first.extend(numbers);
    }

    /// The next step is being noted.
    pub(super) fn next(&mut self) {
        self.ends.push(self.first.len());
    }

    fn of(&self, step: usize) -> &[u32] {
        let begin = step.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.first[begin..self.ends[step]]
    }
}

/// Sorts the steps so that each stands after all that it waits for. Linear in steps and edges
/// but for a heap; ties go to the step that was written first, which keeps subjects together.
pub(super) fn order(steps: Vec<Step>, before: &Waits) -> Result<Vec<Step>, Circle> {
    let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(steps.len(), before.first.len());
    for _ in &steps {
        graph.add_node(());
    }
    let mut waits = vec![0_usize; steps.len()];
    for (at, waiting) in waits.iter_mut().enumerate() {
        for &first in before.of(at) {
            graph.add_edge(NodeIndex::from(first), NodeIndex::new(at), ());
            *waiting += 1;
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..steps.len())
        .filter(|&at| waits[at] == 0)
        .map(Reverse)
        .collect();
    let mut sequence = Vec::with_capacity(steps.len());
    while let Some(Reverse(at)) = ready.pop() {
        sequence.push(at);
        for next in graph.neighbors_directed(NodeIndex::new(at), Direction::Outgoing) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                ready.push(Reverse(next.index()));
            }
        }
    }
    if sequence.len() < steps.len() {
        let stuck = steps.iter().zip(&waits).filter(|(_, waits)| **waits > 0);
        return Err(Circle(
            stuck.take(20).map(|(step, _)| step.id.clone()).collect(),
        ));
    }
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    Ok(sequence
        .into_iter()
        .filter_map(|at| slots[at].take())
        .collect())
}
