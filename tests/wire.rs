//! The simulated cloud through the wire: the Azure provider, real HTTP on loopback, and the
//! simulated cloud's Resource Manager face keep the same laws as the cloud in process, and every
//! example fleet goes the same way through both.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its own switch from the environment, and tells its figures"
)]

#[path = "wire/examples.rs"]
mod examples;
#[path = "wire/laws.rs"]
mod laws;
#[path = "wire/picture.rs"]
mod picture;
#[path = "wire/places.rs"]
mod places;
#[path = "wire/script.rs"]
mod script;
#[path = "wire/served.rs"]
mod served;
#[path = "wire/side.rs"]
mod side;
#[path = "wire/surprises.rs"]
mod surprises;
