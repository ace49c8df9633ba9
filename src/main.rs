//! The program: hands the arguments to the library and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(stampctl::cli::run(std::env::args_os()).code())
}
