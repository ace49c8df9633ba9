//! Which ARM JSON stands for which resource. Pure: from settings to request bodies, and back.

pub mod schema;
pub mod json;
pub mod xml;
pub mod path;
pub mod tags;
pub mod sku;
pub mod groups;
pub mod quota;
pub mod reservation;
pub mod scale_set;
pub mod sql;
pub mod storage;
pub mod edge;
pub mod ingress;
pub mod kubernetes;
pub mod network;
pub mod gateway;
pub mod registry;
pub mod container;
pub mod measures;
pub mod graph;
pub mod backup;

/// What a mapping gives, or why the cloud cannot do it.
pub type Mapped<T> = Result<T, stampctl_contract::Fault>;
