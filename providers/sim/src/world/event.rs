//! Everything that can happen to the world, one after the other. The durable log is a list of
//! these, and replaying it gives the same world. Pure.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Fault;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;

use super::World;
use crate::faults::FaultRule;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A mutating call.
    Perform {
        /// What is asked for.
        operation: Operation,
        /// The idempotency key.
        key: String,
    },
    /// Time passes.
    Advance {
        /// Seconds.
        seconds: u32,
    },
    /// A fault is planned.
    Inject {
        /// The fault and when it strikes.
        rule: FaultRule,
    },
    /// So many reads were answered.
    Reads {
        /// Calls.
        count: u64,
    },
    /// A planned fault struck a read.
    Struck {
        /// The rule's place in the fault plan.
        rule: usize,
        /// Whether it struck, or only counted the call.
        fired: bool,
    },
}

/// What an event came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer to a call; `Done(None)` for events that are no calls.
    pub result: Result<Outcome, Fault>,
    /// Whether the calling process must die now, in place of getting the answer.
    pub dies: bool,
}

impl World {
    /// Lets an event happen.
    pub fn apply(&mut self, event: &Event) -> Answer {
        let done = Answer {
            result: Ok(Outcome::Done(None)),
            dies: false,
        };
        match event {
            Event::Perform { operation, key } => return self.perform(operation, key),
            Event::Advance { seconds } => self.advance(*seconds),
            Event::Inject { rule } => self.faults.inject(rule.clone()),
            Event::Reads { count } => self.calls.reads += count,
            Event::Struck { rule, fired } => self.faults.count(*rule, *fired),
        }
        done
    }
}
