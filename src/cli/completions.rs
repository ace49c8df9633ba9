//! `completions`: a script for a shell.

use clap::Args;
use clap_complete::Shell;

use super::exit::Exit;
use super::stop::Stop;
use super::ui::Ui;

/// What `completions` takes.
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the script.
#[expect(clippy::unnecessary_wraps, reason = "every command answers in one way")]
pub(super) fn run(
    args: &CompletionsArgs,
    mut command: clap::Command,
    ui: &Ui,
) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "stampctl", &mut script);
    ui.data(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
