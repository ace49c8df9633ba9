//! Looks at the cloud and dates the answer. The only stage before `apply` that does I/O.

pub mod inventory;

pub use inventory::Inventory;
pub use inventory::SeenResource;
pub use inventory::SeenStamp;
pub use inventory::SeenTenant;
