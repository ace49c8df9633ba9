//! Plan files: read with their seal judged, and told apart from fleets.

use std::path::Path;
use std::path::PathBuf;

use super::exit::Exit;
use super::outfile;
use super::stop::Stop;
use crate::manifest::source::Spelling;
use crate::plan::format::Plan;
use crate::plan::format::PlanError;

/// A plan file as it was read.
pub(super) struct PlanFile {
    /// The plan.
    pub plan: Plan,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Whether the bytes are exactly what was sealed.
    pub seal: Result<(), PlanError>,
}

impl PlanFile {
    /// Why the file must not be applied, if its seal is broken.
    pub(super) fn broken(&self, path: &Path) -> Option<Stop> {
        self.seal.as_ref().err().map(|fault| {
            Stop::new(Exit::Damaged, format!("{}: {fault}", path.display()))
                .help("make the plan again with `stampctl plan --out`")
        })
    }
}

/// Reads a plan file and judges its seal.
pub(super) fn read(path: &Path) -> Result<PlanFile, Stop> {
    let bytes = outfile::read(path)?;
    let plan = Plan::from_bytes(&bytes).map_err(|fault| {
        Stop::new(Exit::Damaged, format!("{}: {fault}", path.display()))
            .help("`stampctl plan --out FILE` writes plan files")
    })?;
    let seal = plan.check_seal(&bytes);
    Ok(PlanFile { plan, bytes, seal })
}

/// Whether a path names a plan file rather than a fleet: a file that is no manifest.
pub(super) fn is_plan(path: &Path) -> bool {
    !path.is_dir() && Spelling::of(path).is_none()
}

/// The fleet of a plan file where nothing is said: the folder of the file if it holds a
/// manifest, else the current folder.
pub(super) fn usual_fleet(plan: &Path) -> PathBuf {
    let folder = match plan.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => return PathBuf::from("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return PathBuf::from(".");
    };
    let holds_manifest = entries.flatten().any(|entry| {
        let name = entry.file_name();
        !name.to_string_lossy().starts_with('.')
            && name != "world.yaml"
            && Spelling::of(&entry.path()).is_some()
    });
    if holds_manifest {
        folder.to_owned()
    } else {
        PathBuf::from(".")
    }
}
