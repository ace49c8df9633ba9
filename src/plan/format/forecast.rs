//! What a plan takes of a cloud that limits its calls. Told in the seal, not in the body: the same
//! plan has the same digest wherever it is applied.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Work;

use super::Condition;
use super::Plan;
use super::Step;
use crate::model::Seconds;

/// What a plan takes at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Calls over the wire.
    pub calls: u64,
    /// The time before which the cloud's limits do not let all of them out.
    pub at_least: Seconds,
}

impl Plan {
    /// What there is to do, for a provider to say what it takes. A condition of a step is looked
    /// at once, which is the least.
    pub fn work(&self) -> Work<'_> {
        let steps = &self.body.steps;
        Work {
            changes: steps.iter().flat_map(|it| it.act.operations()).collect(),
            looks: steps.iter().flat_map(looks).collect(),
        }
    }
}

/// The resources that a step looks at, each once.
fn looks(step: &Step) -> BTreeSet<&Address> {
    let expected = step.expects.iter().map(|expect| &expect.condition);
    let conditions = expected.chain(step.act.conditions());
    let mut all = BTreeSet::new();
    for condition in conditions {
        match condition {
            Condition::SameContent {
                source,
                destination,
            } => all.extend([source, destination]),
            other => all.extend(other.address()),
        }
    }
    all
}
