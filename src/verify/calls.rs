//! Every call of every step, with the stamp that it reaches. Pure.
//!
//! Most rules ask of a call how it changes what kind of thing, and need no more of it.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::graph::Graph;
use super::index::Index;
use crate::model::Lookup;
use crate::plan::format::StepKind as K;

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
    /// The number of what is changed, among everything that calls change.
    pub resource: usize,
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
    /// The stamp that each step makes a tenant's home.
    homes: Vec<Option<&'p str>>,
    resources: usize,
}

impl<'p> Calls<'p> {
    /// The calls of the steps of this graph.
    pub fn of(graph: &Graph<'p>, index: &Index<'p>) -> Self {
        let count = graph.order().len();
        let mut all = Vec::with_capacity(count);
        let mut ends = Vec::with_capacity(count);
        let mut homes = Vec::with_capacity(count);
        let mut resources: Lookup<&Address, usize> = Lookup::with_capacity(count);
        for at in 0..count {
            let operations = graph.step(at).act.operations();
            for operation in operations {
                let next = resources.len();
                all.push(Call {
                    operation,
                    owner: index.owner(&operation.address),
                    resource: *resources.get_or_insert_with(&operation.address, || next),
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
            homes.push(match graph.kind(at) {
                K::RouteRegister | K::TenantSwitch | K::TenantSettle | K::TenantTombstone => {
                    operations.iter().find_map(home)
                }
                _ => None,
            });
        }
        Self {
            all,
            ends,
            homes,
            resources: resources.len(),
        }
    }

    /// How many resources are changed.
    pub fn resources(&self) -> usize {
        self.resources
    }

    /// The stamp that a step which routes a tenant makes its home.
    pub fn home(&self, at: usize) -> Option<&'p str> {
        self.homes[at]
    }

    /// The calls of one step.
    pub fn step(&self, at: usize) -> &[Call<'p>] {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.all[begin..self.ends[at]]
    }
}

/// The stamp that a call makes a tenant's home, if it does.
fn home(call: &Operation) -> Option<&str> {
    match &call.verb {
        Verb::Put { settings } | Verb::Patch { settings } => {
            settings.get("stamp").and_then(Value::as_str)
        }
        Verb::Delete | Verb::Copy { .. } => None,
    }
}
