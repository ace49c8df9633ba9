//! The packing core of placement: tenants and stamps as compact integers, without ids. Pure.
//!
//! Tenants come in order of id, stamps too, so an index is a tie-break. Every hard limit compares
//! sums of original integers; fixed-point potentials only rank. Searches end after a number of
//! evaluations, never after a time, so that the same input gives the same plan everywhere.
//! What is absent: names, policy, the world. [`super::place`] brings those.

pub mod bound;
pub mod explain;

pub mod grow;
pub mod revision;
pub mod order;

pub mod state;

mod consolidate;
mod fill;
mod fixed;
mod pools;
mod repair;
mod shed;

pub use consolidate::Budget;
pub use fill::Batch;
pub use fill::batch;
pub use revision::Retired;
pub use shed::Movable;
pub use shed::Shed;
pub use shed::fewest as fewest_to_shed;

use fixed::Scale;

/// No stamp, no group.
pub const NONE: u32 = u32::MAX;

/// What is packed: a tenant that shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<const D: usize> {
    /// What it takes of each dimension. The number of tenants is a dimension like any other.
    pub demand: [u64; D],
    /// The pools that may take it, as bits.
    pub mask: u64,
    /// Items of one group never share a stamp; [`NONE`]: it is in no group.
    pub group: u32,
    /// The stamp that it lives on, or [`NONE`].
    pub home: u32,
    /// What it costs to copy it, in the unit of [`Pool::cost`] over the payback time.
    pub copy: u64,
    /// Whether it must not be moved although it could be.
    pub pinned: bool,
}

/// Stamps of one shape in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<const D: usize> {
    /// What one stamp costs over the payback time.
    pub cost: u64,
    /// The most that a stamp that takes tenants may carry.
    pub admit: [u64; D],
    /// The most that a stamp that takes nobody may carry.
    pub deny: [u64; D],
    /// The most stamps that may be open.
    pub most: u32,
    scale: Scale<D>,
}

impl<const D: usize> Pool<D> {
    /// A pool of such stamps.
    pub fn new(cost: u64, admit: [u64; D], deny: [u64; D], most: u32) -> Self {
        Self {
            cost,
            scale: Scale::new(&admit),
            admit,
            deny,
            most,
        }
    }
}

/// Why an item is not where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It had no home.
    Arrival,
    /// Its home is in a pool that may not take it.
    Residency,
    /// Its home carries more than it may.
    Overload,
    /// Its home is emptied.
    Drain(u32),
    /// It made room for others.
    Assist,
}
