//! The manifest: files in, a fleet and everything that is wrong with them out.
//!
//! read → parse → merge → decode → lower. YAML and HCL meet in one tree of nodes with spans;
//! from there on there is one path. Only [`source`] touches the disk. What is not here: the
//! `world` file, which the simulated cloud reads.

pub mod places;
pub mod source;

mod decode;
mod document;
mod document_policy;
mod limits;
mod lower;
mod merge;
mod node;
mod scalar;
mod tenant_list;
mod written;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceMap;
use crate::diagnostic::codes;
use crate::model::Fleet;
use decode::Decoder;
use decode::Record;
use document::FleetDoc;
use node::Node;
use node::Value;
pub use places::Places;
use source::Spelling;

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct LoadRequest {
    /// A file, or a folder with every file of the fleet.
    pub path: PathBuf,
    /// The environment whose overlay in `env/` is laid over the base.
    pub environment: Option<String>,
    /// Values of variables, by name.
    pub variables: BTreeMap<String, String>,
}

/// What was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The fleet; `None` where anything refuses the manifest.
    pub fleet: Option<Fleet>,
    /// Everything found, in the order of its places.
    pub diagnostics: Diagnostics,
    /// Every text that was read.
    pub sources: SourceMap,
    /// Where the manifest's things stand.
    pub places: Places,
}

/// Loads a fleet. Never fails otherwise than by its diagnostics, never panics, and ends in
/// bounded time and memory on any input.
pub fn load(request: &LoadRequest) -> Loaded {
    let mut loaded = Loaded::default();
    if let Some(document) = read_document(request, &mut loaded.sources, &mut loaded.diagnostics) {
        loaded.fleet = lower_document(request, &document, &mut loaded);
    }
    loaded.diagnostics.sort();
    if loaded.diagnostics.has_errors() {
        loaded.fleet = None;
    }
    loaded
}

/// Reads every file and merges them into one document, expressions and variables resolved.
fn read_document(
    request: &LoadRequest,
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Option<Node> {
    let root = source::root(&request.path);
    let files = source::find(&request.path, sources, found);
    let mut parts = read_parts(&files, sources, found);
    let overlays = match &request.environment {
        Some(name) => {
            let files = source::overlay(&root, name, sources, found);
            read_parts(&files, sources, found)
        }
        None => Vec::new(),
    };
    parts.retain(|part| part.as_map().is_some());
    let base = merge::parts(parts, found)?;
    Some(
        overlays
            .iter()
            .fold(base, |base, over| merge::overlay(&base, over)),
    )
}

fn read_parts(
    files: &[source::Found],
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Vec<Node> {
    let mut parts = Vec::new();
    for file in files {
        let Some(id) = source::read(file, sources, found) else {
            continue;
        };
        let before = found.errors();
        let documents = match file.spelling {
            Spelling::Yaml => yaml::parse(sources, id, found),
            Spelling::Hcl => Vec::new(),
        };
        if documents.iter().all(|d| matches!(d.value, Value::Null)) && found.errors() == before {
            found.push(
                Diagnostic::error(codes::EMPTY, "the file holds nothing")
                    .at(crate::diagnostic::Span::new(id, 0..0), "empty")
                    .help("a manifest begins with `version: 1`; remove a file that is not needed"),
            );
        }
        parts.extend(documents);
    }
    parts
}

fn lower_document(request: &LoadRequest, document: &Node, loaded: &mut Loaded) -> Option<Fleet> {
    let Loaded {
        diagnostics,
        sources,
        places,
        ..
    } = loaded;
    let mut cx = Decoder::new(diagnostics);
    let doc: FleetDoc = read_keys(document, places, &mut cx)?;
    let root = source::root(&request.path);
    let mut lists = tenant_list::Lists {
        root: &root,
        sources,
    };
    let mut whole = document.span;
    whole.len = whole.len.min(1);
    lower::lower(&doc, whole, places, &mut lists, &mut cx)
}

/// Reads the top-level keys and notes where they stand.
fn read_keys(document: &Node, places: &mut Places, cx: &mut Decoder<'_>) -> Option<FleetDoc> {
    for entry in &document.as_map()?.entries {
        if FleetDoc::KEYS.contains(&&*entry.key) {
            places.note("", &entry.key, entry.key_span);
        }
    }
    decode::record(document, "", cx)
}
