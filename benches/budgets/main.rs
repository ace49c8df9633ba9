//! The budgets of design §9, measured: `cargo bench --bench budgets -- COMMAND`.
//!
//! Every command measures ratios within one run, because the machine is never alone.
//! `docs/performance.md` says what the numbers mean.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark tells its numbers"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark has a clock, makes files and looks for programs"
)]

mod apply;
mod fleet;
mod pair;
mod process;
mod scale;
mod stages;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use fleet::Size;

const USAGE: &str = "\
usage: cargo bench --bench budgets -- COMMAND
  scale [TENANTS]        each stage and the whole program at TENANTS/100, TENANTS/10, TENANTS
                         (1000000 where nothing is said)
  terraform              the whole program against `terraform plan`, where that is on the PATH
  apply                  makespan, journal and resume on a virtual clock
  write TENANTS FOLDER   only write the fleet that `scale` measures
  stages FOLDER          only the stages, on a fleet that was written
  parse FOLDER           only the inputs";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> io::Result<()> {
    let number = |text: &str| {
        text.replace('_', "")
            .parse::<usize>()
            .map_err(io::Error::other)
    };
    match words {
        [] | ["scale"] => scale::run(1_000_000),
        ["scale", tenants] => scale::run(number(tenants)?),
        ["terraform"] => pair::run(),
        ["apply"] => apply::run(),
        ["write", tenants, folder] => fleet::write(Size::of(number(tenants)?), Path::new(folder)),
        ["stages", folder] => stages::run(Path::new(folder)),
        ["weigh", program @ ..] => process::weigh(program),
        ["parse", folder] => stages::parse(Path::new(folder)),
        _ => Err(io::Error::other(USAGE)),
    }
}
