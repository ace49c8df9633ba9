//! Measures placement against its acceptance gates, on instances that are the same bits
//! everywhere: `cargo bench --bench placement`. In a debug build only what must not depend on
//! the build is checked.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::manual_midpoint,
    clippy::needless_for_each,
    clippy::needless_range_loop,
    clippy::print_stdout,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::useless_vec,
    reason = "a bench that follows its generator's published arithmetic, reads the clock and prints"
)]

#[path = "placement/course.rs"]
mod course;
#[path = "placement/fleet.rs"]
mod fleet;
#[path = "placement/gates.rs"]
mod gates;
#[path = "placement/generator.rs"]
mod generator;
#[path = "placement/measure.rs"]
mod measure;
#[path = "placement/million.rs"]
mod million;
#[path = "placement/problem.rs"]
mod problem;
#[path = "placement/suite.rs"]
mod suite;

use std::process::ExitCode;

use stampctl::place::pack;

use gates::Report;

fn main() -> ExitCode {
    if !generator_is_the_recorded_one() {
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    if cfg!(debug_assertions) {
        gates::determinism(&mut report);
    } else {
        for gate in [
            gates::greenfield,
            gates::families,
            gates::small_suite,
            gates::incremental,
            gates::recorded_cases,
            gates::budgets,
            gates::trajectory,
            gates::determinism,
            gates::explanations,
            gates::control,
        ] {
            gate(&mut report);
        }
        report.close();
        report.failed += usize::from(!million::holds());
    }
    if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        println!("{} gates do not hold", report.failed);
        ExitCode::FAILURE
    }
}

/// Nothing is measured on instances that others cannot make again.
fn generator_is_the_recorded_one() -> bool {
    let mut wrong = generator::checksums();
    wrong.extend(fleet::checksums());
    let suite = suite::all().len();
    if suite != 110 {
        wrong.push(format!("the small suite has {suite} instances, not 110"));
    }
    if wrong.is_empty() {
        println!("sums PASS  15 of 15 checksums as recorded, 110 small instances");
        return true;
    }
    println!("sums FAIL  the generator is not the recorded one:");
    wrong.iter().for_each(|line| println!("  {line}"));
    false
}
