//! The order of steps: every edge obeyed, and otherwise the order in which they were written.

use std::cmp::Reverse;
use std::collections::BTreeMap;
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

/// Sorts the steps so that each stands after all that it waits for. Linear in steps and edges
/// but for a heap; ties go to the step that was written first, which keeps subjects together.
pub(super) fn order(steps: Vec<Step>) -> Result<Vec<Step>, Circle> {
    let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(steps.len(), steps.len() * 3);
    let mut nodes: BTreeMap<&StepId, NodeIndex<u32>> = BTreeMap::new();
    for step in &steps {
        let node = graph.add_node(());
        nodes.insert(&step.id, node);
    }
    let mut waits = vec![0_usize; steps.len()];
    for step in &steps {
        let to = nodes[&step.id];
        for edge in &step.after {
            if let Some(&from) = nodes.get(&edge.step) {
                graph.add_edge(from, to, ());
                waits[to.index()] += 1;
            }
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
