//! The nouns: a fleet as it is meant, with every default filled in and every unit explicit.
//!
//! No I/O, no clock, no provider. Everything here is plain data in ordered maps.

pub mod id;
pub mod quantity;
pub mod sku;
pub mod load;
pub mod policy;
pub mod stamp;
pub mod tenant;
pub mod capacity;
pub mod fleet;
pub mod names;
pub mod join;
pub mod lookup;

pub use capacity::CapacityReservation;
pub use capacity::GroupLimit;
pub use capacity::Increase;
pub use capacity::QuotaGroup;
pub use capacity::QuotaKey;
pub use capacity::Subscription;
pub use fleet::Fleet;
pub use fleet::ProviderRef;
pub use id::EnvironmentName;
pub use id::FleetName;
pub use id::PoolName;
pub use id::QuotaGroupName;
pub use id::RegionName;
pub use id::ReservationName;
pub use id::StampId;
pub use id::SubscriptionName;
pub use id::TenantId;
pub use join::left_join;
pub use load::Dimension;
pub use load::Load;
pub use lookup::Lookup;
pub use policy::Policy;
pub use quantity::Cores;
pub use quantity::Percent;
pub use quantity::Seconds;
pub use stamp::Pool;
pub use stamp::Stamp;
pub use stamp::StampKind;
pub use stamp::StampState;
pub use tenant::Tenant;
pub use tenant::TenantState;
