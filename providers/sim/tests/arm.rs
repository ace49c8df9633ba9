//! The HTTP face answers as Resource Manager does: round trips, operations in progress, errors,
//! faults, and every body against Microsoft's schemas.

#[path = "arm/bench.rs"]
mod bench;
#[path = "arm/schemas.rs"]
mod schemas;

#[path = "arm/compute.rs"]
mod compute;
#[path = "arm/resources.rs"]
mod resources;
