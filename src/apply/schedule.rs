//! Which steps may start: those whose predecessors have all succeeded, the one with the longest
//! way behind it first. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::BinaryHeap;

use crate::plan::format::Act;
use crate::plan::format::Step;
use crate::plan::format::StepId;

/// The steps of a plan that may start. Each completion costs its own edges and no more.
#[derive(Debug)]
pub(super) struct Schedule {
    missing: Vec<u32>,
    followers: Vec<Vec<usize>>,
    height: Vec<u32>,
    lanes: Vec<Lane>,
    calls: BinaryHeap<(u32, Reverse<usize>)>,
    checks: BinaryHeap<(u32, Reverse<usize>)>,
}

/// What a step takes up while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It changes the cloud.
    Calls,
    /// It only looks.
    Checks,
}

impl Lane {
    /// The lane of a step.
    pub(super) fn of(step: &Step) -> Self {
        match step.act {
            Act::Call { .. } => Self::Calls,
            Act::Check { .. } => Self::Checks,
        }
    }
}

/// A plan whose edges are not those of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan's steps have no order: {0}")]
pub(super) struct NoOrder(String);

impl Schedule {
    /// The schedule of these steps, of which `done` have succeeded already.
    pub(super) fn new(steps: &[Step], done: impl Fn(&StepId) -> bool) -> Result<Self, NoOrder> {
        let mut places = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            if places.insert(&step.id, at).is_some() {
                return Err(NoOrder(format!("{} is there twice", step.id)));
            }
        }
        let mut schedule = Self {
            missing: vec![0; steps.len()],
            followers: vec![Vec::new(); steps.len()],
            height: vec![0; steps.len()],
            lanes: steps.iter().map(Lane::of).collect(),
            calls: BinaryHeap::new(),
            checks: BinaryHeap::new(),
        };
        let mut unmet = vec![0_u32; steps.len()];
        for (at, step) in steps.iter().enumerate() {
            for edge in &step.after {
                let Some(before) = places.get(&edge.step) else {
                    let what = format!("{} waits for {}, which is not there", step.id, edge.step);
                    return Err(NoOrder(what));
                };
                schedule.followers[*before].push(at);
                unmet[at] += 1;
                if !done(&edge.step) {
                    schedule.missing[at] += 1;
                }
            }
        }
        schedule.measure(unmet)?;
        for (at, step) in steps.iter().enumerate() {
            if schedule.missing[at] == 0 && !done(&step.id) {
                schedule.put_back(at);
            }
        }
        Ok(schedule)
    }

    /// Takes the ready step of a lane with the most steps behind it; of equals the first in the
    /// plan.
    pub(super) fn take(&mut self, lane: Lane) -> Option<usize> {
        self.lane(lane).pop().map(|(_, Reverse(at))| at)
    }

    /// Gives back a step that was taken and not started.
    pub(super) fn put_back(&mut self, at: usize) {
        let entry = (self.height[at], Reverse(at));
        self.lane(self.lanes[at]).push(entry);
    }

    /// A step has succeeded; those that waited for it alone are ready.
    pub(super) fn done(&mut self, at: usize) {
        for follower in self.followers[at].clone() {
            self.missing[follower] -= 1;
            if self.missing[follower] == 0 {
                self.put_back(follower);
            }
        }
    }

    /// All steps that stand on this one, directly or not.
    pub(super) fn descendants(&self, at: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![at];
        while let Some(step) = open.pop() {
            for follower in &self.followers[step] {
                if found.insert(*follower) {
                    open.push(*follower);
                }
            }
        }
        found
    }

    fn lane(&mut self, lane: Lane) -> &mut BinaryHeap<(u32, Reverse<usize>)> {
        match lane {
            Lane::Calls => &mut self.calls,
            Lane::Checks => &mut self.checks,
        }
    }

    /// The longest way from each step to an end, found from the ends backwards; fails on a loop.
    fn measure(&mut self, mut unmet: Vec<u32>) -> Result<(), NoOrder> {
        let mut order = Vec::with_capacity(unmet.len());
        let mut open: Vec<usize> = (0..unmet.len()).filter(|at| unmet[*at] == 0).collect();
        while let Some(step) = open.pop() {
            order.push(step);
            for follower in &self.followers[step] {
                unmet[*follower] -= 1;
                if unmet[*follower] == 0 {
                    open.push(*follower);
                }
            }
        }
        if order.len() != self.followers.len() {
            return Err(NoOrder("some of them wait for each other".to_owned()));
        }
        for step in order.into_iter().rev() {
            let behind = self.followers[step].iter().map(|f| self.height[*f] + 1);
            self.height[step] = behind.max().unwrap_or(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
