//! What the planner and a provider promise each other: addresses, resources, settings,
//! observations with gaps, operations, and faults.
//!
//! A provider knows resources and data operations. It never sees a fleet, a placement, a plan
//! or a policy; that narrow waist keeps the simulated cloud honest and the real one small.

pub mod value;
pub mod address;
pub mod resource;
pub mod observation;
pub mod operation;
pub mod fault;
pub mod forecast;
pub mod preflight;
pub mod provider;
#[cfg(feature = "conformance")]
pub mod conformance;

pub use address::Address;
pub use address::AddressError;
pub use address::Kind;
pub use fault::Fault;
pub use fault::FaultClass;
pub use forecast::Forecast;
pub use forecast::Work;
pub use observation::Gap;
pub use observation::Observation;
pub use observation::Query;
pub use observation::Scope;
pub use operation::Operation;
pub use operation::Outcome;
pub use operation::Precondition;
pub use operation::Ticket;
pub use operation::Verb;
pub use preflight::Needs;
pub use preflight::Obstacle;
pub use provider::Provider;
pub use resource::Etag;
pub use resource::Resource;
pub use resource::Settings;
pub use value::Value;
