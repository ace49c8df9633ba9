//! Every call of every step, with the stamp that it reaches. Pure.
//!
//! Most rules ask of a call how it changes what kind of thing, and need no more of it.

use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;

use super::graph::Graph;
use super::index::Index;

/// How a call changes a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// All settings are written.
    Put,
    /// Some settings are written.
    Patch,
    /// It is removed.
    Delete,
    /// Content is copied to it.
    Copy,
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'p> {
    /// What the plan says.
    pub operation: &'p Operation,
    /// The number of the stamp whose resource group holds what is changed, or is it.
    pub owner: Option<usize>,
    /// How it is changed.
    pub how: How,
    /// What is changed.
    pub kind: Kind,
}

/// The calls of all steps.
pub struct Calls<'p> {
    all: Vec<Call<'p>>,
    /// Where the calls of each step end in `all`; they begin where those of the one before end.
    ends: Vec<usize>,
}

impl<'p> Calls<'p> {
    /// The calls of the steps of this graph.
    pub fn of(graph: &Graph<'p>, index: &Index<'p>) -> Self {
        let count = graph.order().len();
        let mut all = Vec::with_capacity(count);
        let mut ends = Vec::with_capacity(count);
        for at in 0..count {
            for operation in graph.step(at).act.operations() {
                all.push(Call {
                    operation,
                    owner: index.owner(&operation.address),
                    how: match &operation.verb {
                        Verb::Put { .. } => How::Put,
                        Verb::Patch { .. } => How::Patch,
                        Verb::Delete => How::Delete,
                        Verb::Copy { .. } => How::Copy,
                    },
                    kind: operation.address.kind(),
                });
            }
            ends.push(all.len());
        }
        Self { all, ends }
    }

    /// The calls of one step.
    pub fn step(&self, at: usize) -> &[Call<'p>] {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.all[begin..self.ends[at]]
    }
}
