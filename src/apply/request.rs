//! What an apply needs.

use stampctl_contract::Provider;

use super::clock::Clock;
use super::event::ApplyEvent;
use super::stop::StopWatch;
use crate::approve::Trust;
use crate::plan::format::Plan;
use crate::store::Store;
use crate::store::Who;

/// What an apply needs.
#[derive(Clone, Copy)]
pub struct Apply<'a> {
    /// The plan file, as it was read.
    pub bytes: &'a [u8],
    /// The cloud.
    pub provider: &'a dyn Provider,
    /// Where the journal is.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The independent verifier: what refuses the plan, one line each.
    pub verify: &'a dyn Fn(&Plan) -> Vec<String>,
    /// Who may approve.
    pub trust: &'a Trust,
    /// Signature files, besides those that the store has.
    pub approvals: &'a [(String, Vec<u8>)],
    /// Who applies.
    pub who: &'a Who,
    /// The program's name and version.
    pub tool: &'a str,
    /// How many steps may change the cloud at a time.
    pub concurrency: usize,
    /// Whether the run is to stop.
    pub stop: &'a StopWatch,
    /// Who listens.
    pub events: &'a dyn Fn(&ApplyEvent),
}
