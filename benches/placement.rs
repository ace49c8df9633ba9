//! Measures placement against its acceptance gates, on instances that are the same bits
//! everywhere: `cargo bench --bench placement`.

#[path = "placement/fleet.rs"]
mod fleet;
#[path = "placement/generator.rs"]
mod generator;
#[path = "placement/suite.rs"]
mod suite;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut wrong = generator::checksums();
    wrong.extend(fleet::checksums());
    if suite::all().len() != 110 {
        wrong.push("the small suite does not have 110 instances".into());
    }
    if wrong.is_empty() {
        println!("checksums  15 of 15 as recorded");
        return ExitCode::SUCCESS;
    }
    eprintln!("the generator is not the recorded one:");
    for line in wrong {
        eprintln!("  {line}");
    }
    ExitCode::FAILURE
}
