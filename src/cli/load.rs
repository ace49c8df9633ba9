//! From a path to a fleet, with everything said that is to be said about it.

use std::path::Path;
use std::path::PathBuf;

use super::args::FleetArgs;
use super::exit::Exit;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic;
use crate::diagnostic::Severity;
use crate::manifest;
use crate::manifest::LoadRequest;
use crate::manifest::Loaded;
use crate::model::Fleet;

/// A fleet, and where it came from.
pub(super) struct LoadedFleet {
    /// The fleet.
    pub fleet: Fleet,
    /// The folder that it lies in.
    pub root: PathBuf,
    /// The first file of its manifest.
    pub manifest: PathBuf,
    /// What was typed.
    pub args: FleetArgs,
}

/// Loads a fleet that must be sound. Says everything found on standard error.
pub(super) fn load(args: &FleetArgs, ui: &Ui) -> Result<LoadedFleet, Stop> {
    let mut loaded = read(args)?;
    tell(&loaded, ui);
    match loaded.fleet.take() {
        Some(fleet) => Ok(LoadedFleet {
            fleet,
            root: root(&args.path),
            manifest: first_file(&loaded, &args.path),
            args: args.clone(),
        }),
        None => Err(refusal(&loaded, &args.path)),
    }
}

/// Loads what is there, sound or not. Says nothing.
pub(super) fn read(args: &FleetArgs) -> Result<Loaded, Stop> {
    Ok(manifest::load(&LoadRequest {
        path: args.path.clone(),
        environment: args.variant.env.clone(),
        variables: args.variant.variables()?,
    }))
}

/// Says everything that was found.
pub(super) fn tell(loaded: &Loaded, ui: &Ui) {
    if !loaded.diagnostics.is_empty() {
        ui.say_ready(&diagnostic::render(
            &loaded.diagnostics,
            &loaded.sources,
            ui.style(),
        ));
    }
}

/// That a manifest with errors goes no further.
pub(super) fn refusal(loaded: &Loaded, path: &Path) -> Stop {
    let count = loaded.diagnostics.errors();
    let s = if count == 1 { "" } else { "s" };
    Stop::new(
        Exit::Error,
        format!("{} has {count} error{s}", path.display()),
    )
    .help("`stampctl explain CODE` says more about each code")
}

fn first_file(loaded: &Loaded, path: &Path) -> PathBuf {
    let first = loaded.sources.ids().next();
    first.map_or_else(|| path.to_owned(), |id| loaded.sources.name(id).into())
}

/// How many findings there are of one severity.
pub(super) fn count(loaded: &Loaded, severity: Severity) -> usize {
    let of_it = |found: &&diagnostic::Diagnostic| found.severity == severity;
    loaded.diagnostics.iter().filter(of_it).count()
}

/// The folder of a fleet: the path itself, or the folder that the file lies in.
pub(super) fn root(path: &Path) -> PathBuf {
    manifest::source::root(path)
}
