//! What the simulated cloud does beyond the laws of every provider, through its front door.

#[path = "world/bench.rs"]
mod bench;
#[path = "world/conservation.rs"]
mod conservation;
#[path = "world/data.rs"]
mod data;
#[path = "world/durability.rs"]
mod durability;
#[path = "world/faults.rs"]
mod faults;
#[path = "world/loss.rs"]
mod loss;
#[path = "world/measures.rs"]
mod measures;
#[path = "world/quota.rs"]
mod quota;
#[path = "world/spec.rs"]
mod spec;
