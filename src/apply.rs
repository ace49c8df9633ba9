//! Does exactly what a plan says, and writes down each thing as it is done.
//!
//! ```text
//! bytes ─▶ seal 9 ─▶ verifier 3 ─▶ approvals 4 ─▶ time and facts 5 ─▶ lock 8 ─▶ mark ─▶ steps
//!                                                                                  │
//!              for each step: look ─▶ Started, CallStarted (durable) ─▶ call ─▶ Succeeded
//! ```
//!
//! It decides nothing: a step starts when all its predecessors have succeeded and what it expects
//! holds in the live world, read immediately before each of its calls. Applying a plan whose run
//! was cut off goes on with it: what is in doubt is found out first. The library prints nothing
//! and reads no clock of its own.

pub mod clock;
pub mod stop;
pub mod event;
pub mod outcome;
pub mod retry;
pub mod conditions;
pub mod burn;
mod timers;
mod schedule;
mod claims;
mod reach;
mod log;
mod context;
mod call;
mod checks;
mod attempt;
mod rollback;
mod drive;
mod runner;
mod facts;
mod clear;
mod begin;
mod footing;
mod request;
mod run;
#[cfg(test)]
pub(crate) mod tests_support;
#[cfg(test)]
mod tests;

pub use clock::Clock;
pub use clock::DrivenClock;
pub use conditions::Verdict;
pub use event::ApplyEvent;
pub use event::What;
pub use outcome::ApplyOutcome;
pub use outcome::Denied;
pub use outcome::Moved;
pub use outcome::OpenStep;
pub use outcome::Report;
pub use request::Apply;
pub use run::CONCURRENCY;
pub use run::apply;
pub use stop::StopHandle;
pub use stop::StopWatch;
pub use stop::stop;
