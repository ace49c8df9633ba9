//! `man`: the manual page, in roff.

use std::io::Write;

use super::exit::Exit;
use super::stop::Stop;
use super::ui::Ui;

/// Writes the page: the program, then every command with its options.
pub(super) fn run(command: &clap::Command, ui: &Ui) -> Result<Exit, Stop> {
    let mut page = Vec::new();
    write(command, &mut page)
        .map_err(|fault| Stop::error(format!("the manual cannot be written: {fault}")))?;
    ui.data(&String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

fn write(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(page)?;
    for sub in command.get_subcommands() {
        let man = clap_mangen::Man::new(sub.clone());
        writeln!(page, ".SH \"STAMPCTL {}\"", sub.get_name().to_uppercase())?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
    }
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for exit in Exit::ALL {
        writeln!(page, ".TP\n{}\n{}", exit.code(), exit.meaning())?;
    }
    Ok(())
}
