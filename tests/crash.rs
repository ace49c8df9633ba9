//! Killed, failed or called twice at any point, a run ends in the world that its plan promised:
//! every example, through the library, on the simulated cloud.
//!
//! `STAMPCTL_TEST_CASES` says how many points of each kind are tried per fleet; all of them where
//! it is larger than there are.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its own switch from the environment, and writes a manifest to load"
)]

#[path = "crash/cloud.rs"]
mod cloud;
#[path = "crash/examples.rs"]
mod examples;
#[path = "crash/faults.rs"]
mod faults;
#[path = "crash/mutants.rs"]
mod mutants;
#[path = "crash/names.rs"]
mod names;
#[path = "crash/prefixes.rs"]
mod prefixes;
#[path = "crash/random.rs"]
mod random;
#[path = "crash/scenario.rs"]
mod scenario;
#[path = "crash/store.rs"]
mod store;

/// How many cases a seeded test tries.
fn cases(usual: usize) -> usize {
    match std::env::var("STAMPCTL_TEST_CASES") {
        Ok(text) => text.parse().expect("STAMPCTL_TEST_CASES is a number"),
        Err(_) => usual,
    }
}

/// `most` of the numbers below `end`, the ends among them, spread evenly; all where there are
/// fewer.
fn sample(end: usize, most: usize) -> Vec<usize> {
    let most = most.max(1);
    if end <= most {
        return (0..end).collect();
    }
    let mut picked: Vec<usize> = (0..most)
        .map(|at| at * (end - 1) / (most - 1).max(1))
        .collect();
    picked.dedup();
    picked
}
