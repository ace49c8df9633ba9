//! Azure, spoken to over HTTPS: Resource Manager and the data planes beside it.
//!
//! `Azure` is a [`Provider`](stampctl_contract::Provider). Which ARM JSON stands for which
//! resource is pure and is most of the code. Nothing here knows of fleets, placement, plans or
//! policy, reads the environment, or has a clock of its own.

pub mod clock;
pub mod secret;
mod text;
pub mod wire;
pub mod endpoints;
pub mod throttle;
pub mod fault;
pub mod lro;
pub mod credential;
pub mod http;
pub mod client;
pub mod config;
pub mod forecast;
pub mod step;
pub mod map;
pub mod azure;
mod journey;
mod reads;
mod writes;
mod cosmos;
mod measure;
mod blobs;
mod backup;
mod find;
mod observe;
pub mod actions;
pub mod preflight;
#[cfg(test)]
mod testing;

pub use azure::Azure;
pub use clock::Clock;
pub use config::Config;
pub use config::ConfigError;
pub use config::Places;
pub use config::Shapes;
pub use config::Vault;
pub use credential::Credential;
pub use endpoints::Audience;
pub use endpoints::Cloud;
pub use endpoints::Endpoints;
pub use http::Http;
pub use secret::Secret;
pub use throttle::Rates;
