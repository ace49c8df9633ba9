//! Finding and reading a fleet's files: the only file of this module that touches the disk.
//!
//! Nothing outside the fleet's root is read, no symbolic link is followed beneath it, only
//! regular files are opened, and none is read past its limit (design §3).

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::limits;
use crate::diagnostic::Code;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// How a file is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `*.yaml` and `*.yml`.
    Yaml,
    /// `*.hcl`.
    Hcl,
}

impl Spelling {
    /// The spelling that a file's name says.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "hcl" => Some(Self::Hcl),
            _ => None,
        }
    }

    fn limit(self) -> u64 {
        match self {
            Self::Yaml => limits::YAML_BYTES,
            Self::Hcl => limits::HCL_BYTES,
        }
    }
}

/// A manifest file that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) spelling: Spelling,
}

/// The folder that a fleet's other files stand beneath.
pub(crate) fn root(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The manifest files of a file or folder, in the order of their names.
pub(crate) fn find(path: &Path, map: &mut SourceMap, found: &mut Diagnostics) -> Vec<Found> {
    if !path.is_dir() {
        let spelling = Spelling::of(path).unwrap_or(Spelling::Yaml);
        return vec![Found {
            path: path.to_owned(),
            spelling,
        }];
    }
    let listed = match list(path) {
        Ok(listed) => listed,
        Err(error) => {
            let problem = format!("the folder cannot be read: {error}");
            found.push(whole(map, path, codes::CANNOT_READ, problem));
            return Vec::new();
        }
    };
    if listed.len() > limits::FILES {
        let problem = format!("the folder holds {} manifest files", listed.len());
        found.push(
            whole(map, path, codes::NO_MANIFEST, problem)
                .help(format!("a fleet has at most {} files", limits::FILES)),
        );
        return Vec::new();
    }
    if listed.is_empty() {
        found.push(
            whole(map, path, codes::NO_MANIFEST, "the folder holds no manifest".to_owned())
                .help("a manifest is a `*.yaml`, `*.yml` or `*.hcl` file beside `world.yaml`; `stampctl init` writes one"),
        );
    }
    listed
}

/// The overlay of an environment: `env/NAME.yaml`, `.yml` or `.hcl` beneath the root.
pub(crate) fn overlay(
    root: &Path,
    name: &str,
    map: &mut SourceMap,
    found: &mut Diagnostics,
) -> Vec<Found> {
    let folder = root.join("env");
    let listed = list(&folder).unwrap_or_default();
    let stem = |file: &Found| {
        file.path
            .file_stem()
            .and_then(|s| s.to_str())
            .map(str::to_owned)
    };
    let names: Vec<String> = listed.iter().filter_map(stem).collect();
    let chosen: Vec<Found> = listed
        .into_iter()
        .filter(|file| stem(file).as_deref() == Some(name))
        .collect();
    if chosen.is_empty() {
        let problem =
            format!("there is no environment `{name}`: no `env/{name}.yaml` or `env/{name}.hcl`");
        let known = if names.is_empty() {
            format!("write `env/{name}.yaml` beneath `{}`", root.display())
        } else {
            format!("there are: {}", names.join(", "))
        };
        found.push(whole(map, &folder, codes::UNKNOWN_ENVIRONMENT, problem).help(known));
    }
    chosen
}

/// Reads a manifest file into the map; `None` where it cannot be used.
pub(crate) fn read(file: &Found, map: &mut SourceMap, found: &mut Diagnostics) -> Option<SourceId> {
    read_text(&file.path, file.spelling.limit(), map, found)
}

/// Reads a file that a manifest names, relative to the fleet's root.
pub(crate) fn read_beneath(
    root: &Path,
    name: &str,
    said: Span,
    map: &mut SourceMap,
    found: &mut Diagnostics,
) -> Option<SourceId> {
    if let Err(problem) = is_beneath(root, name) {
        found.push(
            Diagnostic::error(codes::FILE_OUTSIDE, problem)
                .at(said, "this file")
                .help(
                    "name a regular file beneath the fleet's root, without `..` and symbolic links",
                ),
        );
        return None;
    }
    let path = root.join(name);
    match fs::metadata(&path) {
        Ok(_) => read_text(&path, limits::LIST_BYTES, map, found),
        Err(error) => {
            found.push(
                Diagnostic::error(
                    codes::CANNOT_READ,
                    format!("`{name}` cannot be read: {error}"),
                )
                .at(said, "this file")
                .help("the name is relative to the fleet's root"),
            );
            None
        }
    }
}

/// Whether a name stays beneath the root, step by step, over no symbolic link.
pub(crate) fn is_beneath(root: &Path, name: &str) -> Result<(), String> {
    let plain = |part| matches!(part, Component::Normal(_));
    if name.is_empty() || !Path::new(name).components().all(plain) {
        return Err(format!("`{name}` does not stay beneath the fleet's root"));
    }
    let mut path = root.to_owned();
    for part in Path::new(name).components() {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.file_type().is_symlink() => {
                return Err(format!("`{}` is a symbolic link", path.display()));
            }
            Ok(meta) if path.ends_with(name) && !meta.is_file() && !meta.is_dir() => {
                return Err(format!("`{}` is not a regular file", path.display()));
            }
            _ => {}
        }
    }
    match fs::symlink_metadata(root.join(name)) {
        Ok(meta) if !meta.is_file() => Err(format!("`{name}` is not a regular file")),
        _ => Ok(()),
    }
}

fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let world = path.file_name().is_some_and(|n| n == "world.yaml");
        if let (Some(spelling), false, false) = (Spelling::of(&path), hidden, world) {
            files.push(Found { path, spelling });
        }
    }
    files.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
    Ok(files)
}

fn read_text(
    path: &Path,
    limit: u64,
    map: &mut SourceMap,
    found: &mut Diagnostics,
) -> Option<SourceId> {
    let bytes = match bytes(path, limit) {
        Ok(bytes) => bytes,
        Err((code, problem, help)) => {
            found.push(whole(map, path, code, problem).help(help));
            return None;
        }
    };
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => {
            if let Some(at) = text.find('\0') {
                let id = map.add(name, text);
                found.push(
                    Diagnostic::error(codes::NUL_BYTE, "the file holds a NUL byte")
                        .at(Span::new(id, at..at + 1), "here")
                        .help("save the file as plain text in UTF-8"),
                );
                return None;
            }
            Some(map.add(name, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let mut valid = error.into_bytes();
            valid.truncate(at);
            let text = String::from_utf8(valid).unwrap_or_default();
            let id = map.add(name, text);
            found.push(
                Diagnostic::error(codes::NOT_UTF8, "the file is not UTF-8")
                    .at(
                        Span::new(id, at..at),
                        "the first byte that is not UTF-8 stands here",
                    )
                    .help("save the file as UTF-8"),
            );
            None
        }
    }
}

fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, (Code, String, String)> {
    let cannot = |error: io::Error| {
        let problem = format!("`{}` cannot be read: {error}", path.display());
        (
            codes::CANNOT_READ,
            problem,
            "check the path and its permissions".to_owned(),
        )
    };
    let meta = fs::symlink_metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        let problem = format!("`{}` is not a regular file", path.display());
        let help = "symbolic links, devices and pipes are not read".to_owned();
        return Err((codes::FILE_OUTSIDE, problem, help));
    }
    let too_large = || {
        let problem = format!("`{}` is longer than {} MiB", path.display(), limit >> 20);
        let help = "split it, or keep tenants in CSV files that `tenants_from` names".to_owned();
        (codes::FILE_TOO_LARGE, problem, help)
    };
    if meta.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1);
    let file = fs::File::open(path).map_err(cannot)?;
    // The file may have grown since it was measured.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// A finding about a file as a whole.
fn whole(map: &mut SourceMap, path: &Path, code: Code, problem: String) -> Diagnostic {
    let id = map.add(path.display().to_string(), "");
    Diagnostic::error(code, problem).at(Span::new(id, 0..0), "")
}
