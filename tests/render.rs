//! What people are shown of a plan: every format against a snapshot, and the laws that all of
//! them keep.

#[path = "render/sample.rs"]
mod sample;
#[path = "render/formats.rs"]
mod formats;
#[path = "render/laws.rs"]
mod laws;
