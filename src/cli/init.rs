//! `init`: a starting fleet that plans and applies as it stands.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use super::args::quoted;
use super::exit::Exit;
use super::outfile;
use super::stop::Stop;
use super::ui::Ui;

/// What git should not keep.
const IGNORE: &str =
    "# What stampctl keeps for itself: journals, approvals, the simulated cloud.\n.stampctl/\n";

/// What `init` takes.
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// The folder; made where it is missing
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Which starting fleet
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    example: Example,
}

/// A starting fleet.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Example {
    /// Two shared stamps and three tenants, on the simulated cloud
    #[default]
    Quickstart,
}

impl Example {
    /// Its files, by name.
    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Quickstart => &[(
                "fleet.yaml",
                include_str!("../../examples/fleets/quickstart/fleet.yaml"),
            )],
        }
    }
}

/// Writes the files; nothing that is there is touched.
pub(super) fn run(args: &InitArgs, ui: &Ui) -> Result<Exit, Stop> {
    let files = args.example.files();
    let mut taken = files.iter().map(|(name, _)| args.dir.join(name));
    if let Some(there) = taken.find(|path| fs::symlink_metadata(path).is_ok()) {
        return Err(Stop::error(format!("{} is there already", there.display()))
            .help("name another folder; nothing was written"));
    }
    fs::create_dir_all(&args.dir)
        .map_err(|fault| Stop::error(format!("cannot make {}: {fault}", args.dir.display())))?;
    for (name, text) in files {
        outfile::create(&args.dir.join(name), &standing_alone(text))?;
        ui.say(&format!("wrote {}", args.dir.join(name).display()));
    }
    let ignore = args.dir.join(".gitignore");
    if fs::symlink_metadata(&ignore).is_err() {
        outfile::create(&ignore, IGNORE)?;
        ui.say(&format!("wrote {}", ignore.display()));
    }
    let dir = quoted(&args.dir.display().to_string());
    ui.say(&format!("next: stampctl plan {dir}"));
    Ok(Exit::Done)
}

/// The text without the line that leads editors to a schema elsewhere in the repository.
fn standing_alone(text: &str) -> String {
    let own = |line: &&str| !line.starts_with("# yaml-language-server:");
    let kept = text.split_inclusive('\n').filter(own);
    kept.collect::<String>()
        .trim_start_matches("#\n")
        .to_owned()
}
