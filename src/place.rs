//! Decides which stamp each tenant lives on, and which stamps the pools must open. Pure.

pub mod placement;

pub use placement::Decision;
pub use placement::Placement;
