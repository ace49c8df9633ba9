//! Plays a plan on the abstract world: once in its own order, or in every order. Pure.

use std::collections::BTreeSet;

use super::case::Case;
use super::rule::Findings;
use super::rules::rule;
use super::world::Breach;
use super::world::World;

/// The plan played in one order that its edges allow, step by step. What one resource goes through
/// is the same in every order (I-5, P-6); what differs between orders is the business of the rules.
pub struct Walk<'p> {
    /// The world so far; absent where a condition was known to be false: it stops an apply, and
    /// what comes after is never done.
    world: Option<World<'p>>,
    breaches: Vec<(usize, Breach)>,
}

impl<'p> Walk<'p> {
    /// Before the first step.
    pub fn of(case: &Case<'p>) -> Self {
        Self {
            world: Some(World::of(case)),
            breaches: Vec::new(),
        }
    }

    /// Plays the next step.
    pub fn step(&mut self, case: &Case<'p>, at: usize) {
        let Some(world) = &mut self.world else {
            return;
        };
        match world.play(case, at) {
            Some(breaches) => {
                let breaches = breaches.into_iter().map(|breach| (at, breach));
                self.breaches.extend(breaches);
            }
            None => self.world = None,
        }
    }

    /// Tells what broke a rule.
    pub fn tell(self, case: &Case<'p>, findings: &mut Findings) {
        for (at, (id, message)) in self.breaches {
            if let Some(rule) = rule(id) {
                findings.sink(rule).step(case.graph.step(at), message);
            }
        }
    }
}

/// The rules that some order of the steps breaks, by playing every order: every set of steps that
/// the edges allow to be done, with every world that it can be. For small plans; `None` where
/// there are more than `most` of them.
pub fn in_every_order(case: &Case<'_>, most: usize) -> Option<BTreeSet<&'static str>> {
    let mut broken = BTreeSet::new();
    let count = case.graph.order().len();
    let mut open = vec![(vec![false; count], World::of(case))];
    let mut seen = BTreeSet::new();
    while let Some((done, world)) = open.pop() {
        for &at in case.graph.order() {
            let ready = !done[at] && case.graph.direct(at).iter().all(|&source| done[source]);
            if !ready {
                continue;
            }
            let mut next = world.clone();
            let Some(breaches) = next.play(case, at) else {
                continue;
            };
            broken.extend(breaches.into_iter().map(|(rule, _)| rule));
            let mut done = done.clone();
            done[at] = true;
            if seen.len() >= most {
                return None;
            }
            if seen.insert((done.clone(), next.clone())) {
                open.push((done, next));
            }
        }
    }
    Some(broken)
}
