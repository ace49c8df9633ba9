//! What a plan's work will take of a cloud that limits its calls, as far as it is known
//! beforehand.

use crate::Address;
use crate::Operation;

/// What is to be done: as much as a provider needs to know to say what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work<'a> {
    /// The changes.
    pub changes: Vec<&'a Operation>,
    /// The resources that are read, as often as they are.
    pub looks: Vec<&'a Address>,
}

/// What it takes at least: waiting for what is slow, and trying again, come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Calls over the wire.
    pub calls: u64,
    /// Seconds before which the cloud's limits do not let all of them out.
    pub at_least_seconds: u64,
}
