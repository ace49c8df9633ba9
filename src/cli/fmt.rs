//! `fmt`: one layout for manifests. Comments stay.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::load;
use super::outfile;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceMap;
use crate::manifest::format;
use crate::manifest::source;
use crate::manifest::source::Found;

/// What `fmt` takes.
#[derive(Args, Debug)]
pub(super) struct FmtArgs {
    /// A manifest, or a folder of manifests with its overlays
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Change nothing; say which files would change, and exit with 1 if any would
    #[arg(long)]
    check: bool,
}

/// Formats every manifest file; the names of those that changed go to standard output.
pub(super) fn run(args: &FmtArgs, ui: &Ui) -> Result<Exit, Stop> {
    let mut unreadable = 0;
    let mut differing = 0;
    for file in files(&args.path, ui)? {
        let bytes = outfile::read(&file.path)?;
        let name = file.path.display().to_string();
        let Ok(text) = String::from_utf8(bytes) else {
            ui.stop(&Stop::error(format!("{name} is not UTF-8")));
            unreadable += 1;
            continue;
        };
        let formatted = format::format(&name, &text, file.spelling);
        tell(&formatted.diagnostics, &formatted.sources, ui);
        match formatted.text {
            None => unreadable += 1,
            Some(new) if new == text => {}
            Some(new) => {
                differing += 1;
                ui.line(&name);
                if !args.check {
                    outfile::replace(&file.path, new.as_bytes())?;
                }
            }
        }
    }
    if unreadable > 0 {
        return Err(Stop::error(match unreadable {
            1 => "1 file could not be formatted".to_owned(),
            some => format!("{some} files could not be formatted"),
        }));
    }
    if args.check && differing > 0 {
        return Err(
            Stop::error("not all manifests are formatted").help("`stampctl fmt` formats them")
        );
    }
    Ok(Exit::Done)
}

/// The manifest files of a path, overlays included.
fn files(path: &Path, ui: &Ui) -> Result<Vec<Found>, Stop> {
    let mut sources = SourceMap::default();
    let mut found = Diagnostics::default();
    let mut files = source::find(path, &mut sources, &mut found);
    if found.has_errors() {
        tell(&found, &sources, ui);
        return Err(Stop::error(format!(
            "{} cannot be formatted",
            path.display()
        )));
    }
    let overlays = load::root(path).join("env");
    if path.is_dir() && overlays.is_dir() {
        // A folder without overlays is no fault.
        let mut none = Diagnostics::default();
        files.extend(source::find(&overlays, &mut sources, &mut none));
    }
    Ok(files)
}

fn tell(found: &Diagnostics, sources: &SourceMap, ui: &Ui) {
    if !found.is_empty() {
        ui.say_ready(&diagnostic::render(found, sources, ui.style()));
    }
}
