//! A second, small, independent judge of plans: it refuses a plan if any state that its partial
//! order can reach breaks a rule. Pure; knows the plan's format and nothing of the planner.
//!
//! It believes the opening world and the policy, which the plan's digest covers, and nothing
//! else: what a step does is read from its calls. "Any state" is every set of steps that the
//! edges allow to be done together. Rules of the form "B only after A" ask for A among the
//! ancestors of B; counts are bounded over all orders; what one resource goes through is written
//! by steps that are totally ordered, so that one order of them is every order.

pub mod arrivals;
pub mod calls;
pub mod case;
pub mod contract;
pub mod graph;
pub mod index;
pub mod ledger;
pub mod mutate;
pub mod page;
pub mod rows;
pub mod rule;
pub mod rules;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod walk;
pub mod world;

pub use page::rules_page;
pub use rule::Level;
pub use rule::Rule;
pub use rule::Violation;
pub use rules::RULES;

use crate::plan::format::Body;
use crate::plan::format::Plan;
use case::Case;
use graph::Graph;
use rule::Findings;
use walk::Walk;

/// Everything in which the plan breaks a rule, in order of rule and step. Empty: it may be
/// applied as far as safety goes. The same plan has the same answer.
///
/// Where the steps are no graph (P-1) only that is told: nothing else can be judged.
pub fn verify(plan: &Plan) -> Vec<Violation> {
    body(&plan.body)
}

/// The same of a body that has no seal yet.
pub fn body(body: &Body) -> Vec<Violation> {
    let mut findings = Findings::default();
    match Graph::of(&body.steps) {
        Ok(graph) => {
            let case = Case::new(body, graph);
            judge(&case, &mut findings);
        }
        Err(wrong) => {
            let mut sink = findings.sink(&rules::acts::P_1);
            for malformed in wrong {
                sink.step(&body.steps[malformed.step], malformed.message);
            }
        }
    }
    findings.into_violations()
}

/// Judges a case by every rule, and plays it. Each step is looked at from all sides before the
/// next one.
fn judge(case: &Case<'_>, findings: &mut Findings) {
    rules::judge_orders(case, findings);
    let each = rules::of_each_step();
    let mut walk = Walk::of(case);
    for &at in case.graph.order() {
        rules::judge_step(&each, case, at, findings);
        walk.step(case, at);
    }
    rules::judge_whole(case, findings);
    walk.tell(case, findings);
}
