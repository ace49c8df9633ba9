//! How many calls Azure takes, as the simulated cloud counted them: a look at a large fleet, and
//! an apply under the cloud's limits. Real HTTP on loopback; the clock is the cloud's.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test writes a manifest to load, keeps a journal in a folder of its own, and tells \
              its figures"
)]

#[path = "calls/certificate.rs"]
mod certificate;
#[path = "calls/cloud.rs"]
mod cloud;
#[path = "calls/forecast.rs"]
mod forecast;
#[path = "calls/limits.rs"]
mod limits;
#[path = "calls/look.rs"]
mod look;
#[path = "calls/obstacles.rs"]
mod obstacles;
