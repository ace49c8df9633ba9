//! The simulated cloud: one deterministic state machine with a virtual clock and seeded faults.
//!
//! [`World`] is the state machine. [`Sim`] is its in-process face, a
//! [`Provider`](stampctl_contract::Provider), in memory or kept in a folder. [`arm`] is its face
//! over HTTP, which answers as Azure Resource Manager does. [`WorldSpec`] is the file that says
//! how a world starts. Nothing here knows of fleets, placement, plans or policy.
//!
//! # Determinism
//!
//! The same spec and the same calls give the same world, byte for byte. Time moves only through
//! [`Sim::advance`]; chance comes from the fault plan's seed.

pub mod arm;
pub mod faults;
mod hex;
mod log;
pub mod names;
mod sim;
pub mod spec;
pub mod world;

pub use faults::CallVerb;
pub use faults::FaultPlan;
pub use faults::FaultRule;
pub use faults::FaultWord;
pub use sim::Show;
pub use sim::Sim;
pub use sim::SimError;
pub use spec::WorldSpec;
pub use world::Calls;
pub use world::LostQuota;
pub use world::World;
