//! The real program, killed, stopped, run twice at once, and given files that were altered: on
//! copies of the examples, with nothing of the environment.
//!
//! `STAMPCTL_TEST_CASES` says how many seeded runs and places are tried.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its own switch, and makes and damages files"
)]

#[path = "process/damage.rs"]
mod damage;
#[path = "process/disk.rs"]
mod disk;
#[path = "process/fleet.rs"]
mod fleet;
#[path = "process/kill.rs"]
mod kill;
#[path = "process/plan_file.rs"]
mod plan_file;
#[path = "process/shuffled.rs"]
mod shuffled;
#[path = "process/signals.rs"]
mod signals;

/// How many cases a seeded test tries.
fn cases(usual: usize) -> usize {
    match std::env::var("STAMPCTL_TEST_CASES") {
        Ok(text) => text.parse().expect("STAMPCTL_TEST_CASES is a number"),
        Err(_) => usual,
    }
}

/// Numbers that look thrown and are the same every time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's multiplier; the upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % sides
    }
}
