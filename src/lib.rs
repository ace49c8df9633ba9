//! stampctl: plan, review and apply a fleet of Azure deployment stamps and the tenants on them.
//!
//! The modules stand in the order in which data flows through them; `docs/architecture.md` is
//! the map, and `tests/architecture.rs` holds it true.

pub mod diagnostic;
pub mod model;
pub mod manifest;
pub mod observe;
pub mod place;
pub mod blueprint;
pub mod diff;
pub mod plan;
pub mod verify;
pub mod approve;
pub mod journal;
pub mod store;
pub mod render;
pub mod apply;
pub mod cli;
