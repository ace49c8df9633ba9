//! The command line: what was typed, what was meant, and the exit code.
//!
//! One file per command. Data goes to standard output, talk to standard error. The clock, the
//! environment and the terminal are read in `context` and nowhere else.

pub mod exit;
mod stop;
mod context;
mod ui;
mod args;
mod outfile;
mod load;
mod home;
mod cloud;
mod duration;
mod planning;
mod sealing;
mod plan_file;
mod plan_view;
mod standing;
mod stopping;
mod validate;
mod fmt;
mod convert;
mod schema;
mod observe;
mod plan;
mod show;
mod graph;
mod verify;
mod approve;
mod azure;
mod trust;
mod apply;
mod gates;
mod status;
mod list;
mod probes;
mod wait;
mod diff;
mod explain;
mod completions;
mod man;
mod init;
mod sim;

use std::ffi::OsString;

use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;

use context::Context;
use exit::Exit;
use stop::Stop;
use ui::Ui;

/// What stands below the help of the whole program.
const AFTER_HELP: &str = "\
Data goes to standard output, everything else to standard error.
Exit codes: 0 done or nothing to do, 1 error, 2 changes pending (only with --detailed-exitcode),
3 refused by a rule, policy or limit, 4 approval missing or not valid, 5 the world moved: plan
again, 6 paused until something is due, 7 some steps failed, 8 locked by somebody else,
9 a plan, journal or approval is damaged, 129, 130, 143 stopped by a signal; can be resumed.";

/// Plan, review and apply a fleet of Azure deployment stamps and the tenants that live on them
#[derive(Parser, Debug)]
#[command(name = "stampctl", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Write a starting fleet that plans and applies as it stands
    Init(init::InitArgs),
    /// Load a fleet and say everything that is wrong with it; needs no cloud
    Validate(validate::ValidateArgs),
    /// Give every manifest one layout; comments stay
    Fmt(fmt::FmtArgs),
    /// Write the same fleet in the other spelling
    Convert(convert::ConvertArgs),
    /// Look at the cloud and write what is there, dated, to a file or to standard output
    Observe(observe::ObserveArgs),
    /// Say what would be done, in which order, and why; changes nothing
    Plan(plan::PlanArgs),
    /// Show a saved plan
    Show(show::ShowArgs),
    /// Say what differs between two saved plans
    Diff(diff::DiffArgs),
    /// Judge a saved plan by every safety rule; needs no cloud
    Verify(verify::VerifyArgs),
    /// Sign an approval of a saved plan
    Approve(approve::ApproveArgs),
    /// Apply a saved plan; or plan a fleet, show the plan, ask, and apply it
    Apply(Box<apply::ApplyArgs>),
    /// Answer a gate that waits for a person
    Confirm(gates::ConfirmArgs),
    /// Release the lock of a run whose process is gone for good
    Unlock(gates::UnlockArgs),
    /// Show stamps, tenants, bands, unfinished runs, and what waits until when
    Status(status::StatusArgs),
    /// Explain a stamp, a tenant, a step, a rule or a code
    Explain(explain::ExplainArgs),
    /// List the stamps or the tenants that exist
    List(list::ListArgs),
    /// Wait until a stamp is in a state
    Wait(wait::WaitArgs),
    /// Show what probes say of each stamp
    Health(probes::HealthArgs),
    /// Show what is measured of each stamp
    Metrics(probes::MetricsArgs),
    /// Draw what waits for what in a plan, for Graphviz
    Graph(graph::GraphArgs),
    /// Write the JSON Schema of manifests or of plan files
    Schema(schema::SchemaArgs),
    /// Write a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual page
    Man,
    /// Look at and steer the simulated cloud
    Sim(sim::SimArgs),
}

/// Runs the program with these arguments, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    tell_of_panics();
    let context = Context::read();
    let ui = Ui::new(&context);
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(said) => return not_a_command(&said, &ui),
    };
    let exit = match dispatch(cli.command, &context, &ui) {
        Ok(exit) => exit,
        Err(stop) => {
            ui.stop(&stop);
            stop.exit
        }
    };
    match ui.lost_data() {
        Some(why) if exit == Exit::Done => {
            ui.stop(&Stop::error(format!(
                "standard output could not be written: {why}"
            )));
            Exit::Error
        }
        _ => exit,
    }
}

fn dispatch(command: Command, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    match command {
        Command::Init(args) => init::run(&args, ui),
        Command::Validate(args) => validate::run(&args, ui),
        Command::Fmt(args) => fmt::run(&args, ui),
        Command::Convert(args) => convert::run(&args, ui),
        Command::Schema(args) => schema::run(&args, ui),
        Command::Observe(args) => observe::run(&args, ui),
        Command::Plan(args) => plan::run(&args, ui),
        Command::Show(args) => show::run(&args, ui),
        Command::Verify(args) => verify::run(&args, ui),
        Command::Approve(args) => approve::run(&args, context, ui),
        Command::Diff(args) => diff::run(&args, ui),
        Command::Apply(args) => apply::run(&args, context, ui),
        Command::Confirm(args) => gates::confirm(&args, context, ui),
        Command::Unlock(args) => gates::unlock(&args, context, ui),
        Command::Status(args) => status::run(&args, context, ui),
        Command::Explain(args) => explain::run(&args, ui),
        Command::List(args) => list::run(&args, ui),
        Command::Wait(args) => wait::run(&args, ui),
        Command::Health(args) => probes::health(&args, ui),
        Command::Metrics(args) => probes::metrics(&args, ui),
        Command::Graph(args) => graph::run(&args, ui),
        Command::Completions(args) => completions::run(&args, Cli::command(), ui),
        Command::Man => man::run(&Cli::command(), ui),
        Command::Sim(args) => sim::run(args, ui),
    }
}

/// Help and version are data; anything else is an error, with our code and not clap's, which
/// would say that changes are pending.
fn not_a_command(said: &clap::Error, ui: &Ui) -> Exit {
    let styled = said.render();
    if said.use_stderr() {
        let text = if ui.style().color {
            styled.ansi().to_string()
        } else {
            styled.to_string()
        };
        ui.say_ready(&text);
        Exit::Error
    } else {
        let text = if ui.setting().colour {
            styled.ansi().to_string()
        } else {
            styled.to_string()
        };
        ui.data(&text);
        Exit::Done
    }
}

/// A panic is a fault of ours. It is said in one line, and the exit code is one of the table.
fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write;
        let at = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let what = panic
            .payload_as_str()
            .unwrap_or("something that should not happen has happened");
        let what = crate::render::escape::line(what).into_owned();
        let _ = writeln!(
            std::io::stderr().lock(),
            "error: a fault of stampctl itself, at {at}: {what}"
        );
        std::process::exit(i32::from(Exit::Error.code()));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_make_sense() {
        Cli::command().debug_assert();
    }
}
