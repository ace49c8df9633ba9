//! The manifest: files in, a fleet and everything that is wrong with them out.
//!
//! read → parse → merge → decode → lower. YAML and HCL meet in one tree of nodes with spans;
//! from there on there is one path. Only [`source`] touches the disk. What is not here: the
//! `world` file, which the simulated cloud reads.

pub mod convert;
pub mod format;
pub mod places;
pub mod schema;
pub mod source;

mod calls;
mod controllers;
mod declare;
mod decode;
mod document;
mod document_policy;
mod document_tenant;
mod expression;
mod functions;
mod hcl;
mod hcl_body;
mod hcl_each;
mod hcl_layout;
mod hcl_syntax;
mod limits;
mod loops;
mod lower;
mod merge;
mod node;
mod operators;
mod scalar;
mod scalar_schema;
mod template;
mod tenant_list;
mod traversal;
mod variables;
mod written;
mod yaml;
mod yaml_merge;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Fleet;
use decode::Decoder;
use decode::Record;
use document::FleetDoc;
use node::Node;
use node::Value;
pub use places::Places;
use source::Spelling;
use variables::Variables;

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
    let base = parse(&files, sources, found);
    let overlays = match &request.environment {
        Some(name) => {
            let files = source::overlay(&root, name, sources, found);
            parse(&files, sources, found)
        }
        None => Vec::new(),
    };
    let mut variables = Variables::default();
    declare(&base, false, &mut variables, found);
    declare(&overlays, true, &mut variables, found);
    variables.settle(&request.variables, sources, found);
    let mut parts = resolve(&base, &base, &variables, sources, found);
    parts.retain(|part| part.as_map().is_some());
    let whole = merge::parts(parts, found)?;
    let overlays = resolve(&overlays, &base, &variables, sources, found);
    Some(
        overlays
            .iter()
            .fold(whole, |whole, over| merge::overlay(&whole, over)),
    )
}

/// A file that was read, before variables have values.
enum File {
    Yaml(SourceId, Vec<Node>),
    Hcl(hcl_syntax::Parsed),
}

fn parse(files: &[source::Found], sources: &mut SourceMap, found: &mut Diagnostics) -> Vec<File> {
    let mut parsed = Vec::new();
    for file in files {
        let Some(id) = source::read(file, sources, found) else {
            continue;
        };
        let before = found.errors();
        let (file, empty) = match file.spelling {
            Spelling::Yaml => {
                let documents = yaml::parse(sources, id, found);
                let empty = documents.iter().all(|d| matches!(d.value, Value::Null));
                not_maps(&documents, found);
                (Some(File::Yaml(id, documents)), empty)
            }
            Spelling::Hcl => {
                let body = hcl_syntax::parse(sources, id, found);
                let empty = body.as_ref().is_none_or(|b| b.body.is_empty());
                (body.map(File::Hcl), empty)
            }
        };
        if empty && found.errors() == before {
            found.push(
                Diagnostic::error(codes::EMPTY, "the file holds nothing")
                    .at(Span::new(id, 0..0), "empty")
                    .help("a manifest begins with `version: 1`; remove a file that is not needed"),
            );
        }
        parsed.extend(file);
    }
    parsed
}

fn not_maps(documents: &[Node], found: &mut Diagnostics) {
    for document in documents {
        if !matches!(document.value, Value::Map(_) | Value::Null | Value::Broken) {
            let problem = format!("a manifest is a map, not {}", document.kind());
            let mut at = document.span;
            at.len = at.len.min(80);
            found.push(
                Diagnostic::error(codes::WRONG_TYPE, problem)
                    .at(at, format!("this is {}", document.kind()))
                    .help("begin the file with `version: 1`"),
            );
        }
    }
}

fn declare(files: &[File], overlay: bool, variables: &mut Variables, found: &mut Diagnostics) {
    for file in files {
        match file {
            File::Yaml(_, documents) => {
                for map in documents.iter().filter_map(Node::as_map) {
                    if let Some(entry) = map.get("variables") {
                        variables.declare_all(entry, overlay, found);
                    }
                }
            }
            File::Hcl(parsed) => hcl::declare(parsed, overlay, variables, found),
        }
    }
}

/// The documents of files with every expression and variable replaced by its value.
fn resolve(
    files: &[File],
    base: &[File],
    variables: &Variables,
    sources: &SourceMap,
    found: &mut Diagnostics,
) -> Vec<Node> {
    let mut parts = Vec::new();
    for file in files {
        if let File::Yaml(id, documents) = file {
            for document in documents {
                let part = if sources.text(*id).contains("${") {
                    variables.put_in(document, found)
                } else {
                    document.clone()
                };
                parts.extend(controllers::part(part, found));
            }
        }
    }
    parts.extend(resolve_hcl(files, base, variables, sources, found));
    // Files count in the order of their names, whatever their spelling.
    parts.sort_by_key(|part| part.span.source);
    parts
}

fn resolve_hcl(
    files: &[File],
    base: &[File],
    variables: &Variables,
    sources: &SourceMap,
    found: &mut Diagnostics,
) -> Vec<Node> {
    let is_base = std::ptr::eq(files, base);
    let parsed: Vec<&hcl_syntax::Parsed> = hcl_files(files).collect();
    let Some(first) = parsed.first() else {
        return Vec::new();
    };
    let mut locals = BTreeMap::new();
    let mut quiet = Diagnostics::default();
    for file in hcl_files(base) {
        hcl::locals(file, &mut locals, if is_base { found } else { &mut quiet });
    }
    if !is_base {
        let mut own = BTreeMap::new();
        for file in &parsed {
            hcl::locals(file, &mut own, found);
        }
        locals.append(&mut own);
    }
    let bytes = parsed.iter().map(|p| sources.text(p.source).len()).sum();
    let mut evaluator = expression::Evaluator::new(first.source, found, variables, locals, bytes);
    if is_base {
        evaluator.settle_locals();
    }
    parsed
        .iter()
        .map(|file| hcl::document(file, sources.text(file.source).len(), &mut evaluator))
        .collect()
}

fn hcl_files(files: &[File]) -> impl Iterator<Item = &hcl_syntax::Parsed> {
    files.iter().filter_map(|file| match file {
        File::Hcl(parsed) => Some(parsed),
        File::Yaml(..) => None,
    })
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
