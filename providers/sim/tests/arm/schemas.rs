//! Microsoft's schemas of requests and responses, where they are at hand.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::Response;

/// Answers that were checked against a schema.
static CHECKED: AtomicUsize = AtomicUsize::new(0);
/// Answers with a body for which no schema was found.
static UNKNOWN: AtomicUsize = AtomicUsize::new(0);

/// One operation of one document.
struct Operation {
    id: String,
    method: String,
    path: Vec<String>,
    version: String,
    document: usize,
    responses: Json,
}

struct Specs {
    documents: Vec<Json>,
    operations: Vec<Operation>,
}

/// Where answers depart from a document for a reason: the operation's name begins with this, and
/// the place in the body with that.
const DEPARTURES: &[(&str, &str)] = &[
    // Declared an object; an array where `resultFormat` is `objectArray`, as all clients ask.
    ("Resources", "/data"),
    // The discriminated types of criteria have properties that the base type's rule forbids.
    ("MetricAlerts_", "/properties/criteria"),
];

static SPECS: LazyLock<Option<Specs>> = LazyLock::new(load);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/research/azure-specs")
}

fn load() -> Option<Specs> {
    let mut here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = folder();
    // A worktree may lie deeper than the checkout itself.
    while !found.is_dir() && here.pop() {
        found = here.join("shared/research/azure-specs");
    }
    let Ok(entries) = std::fs::read_dir(&found) else {
        eprintln!(
            "SKIPPED: no schemas at {}; no answer is checked against them",
            folder().display()
        );
        return None;
    };
    let mut specs = Specs {
        documents: Vec::new(),
        operations: Vec::new(),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let Ok(document) = serde_json::from_str::<Json>(&text) else {
            continue;
        };
        if document.get("paths").is_some() {
            specs.add(document);
        }
    }
    Some(specs)
}

impl Specs {
    fn add(&mut self, document: Json) {
        let at = self.documents.len();
        let version = document["info"]["version"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                self.operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap_or("").to_owned(),
                    method: method.to_uppercase(),
                    path: path
                        .trim_matches('/')
                        .split('/')
                        .map(str::to_lowercase)
                        .collect(),
                    version: version.clone(),
                    document: at,
                    responses: operation["responses"].clone(),
                });
            }
        }
        self.documents.push(document);
    }

    fn find(&self, method: &str, path: &str, version: &str) -> Option<&Operation> {
        let parts: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(str::to_lowercase)
            .collect();
        let fits = self
            .operations
            .iter()
            .filter(|one| one.method == method && one.admits(&parts));
        // The most literal template, then the version that was asked for.
        fits.max_by_key(|one| {
            let literal = one
                .path
                .iter()
                .filter(|part| !part.starts_with('{'))
                .count();
            (literal, one.version == version)
        })
    }
}

impl Operation {
    fn admits(&self, parts: &[String]) -> bool {
        let matches = |wanted: &[String], parts: &[String]| {
            wanted.len() == parts.len()
                && wanted
                    .iter()
                    .zip(parts)
                    .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
        };
        match self.path.first().map(String::as_str) {
            Some("{scope}" | "{resourceid}" | "{resourceuri}")
                if parts.len() >= self.path.len() =>
            {
                let (wanted, rest) = (&self.path[1..], parts.len() + 1 - self.path.len());
                !wanted.is_empty() && matches(wanted, &parts[rest..])
            }
            _ => matches(&self.path, parts),
        }
    }
}

/// Checks an answer against the schema of its operation; panics where it does not fit.
#[track_caller]
pub(crate) fn check(method: &str, url: &str, answer: &Response) {
    let Some(specs) = SPECS.as_ref() else { return };
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let version = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("api-version="));
    let Some(operation) = specs.find(method, path, version.unwrap_or("")) else {
        if !answer.body.is_null() && answer.status < 400 {
            UNKNOWN.fetch_add(1, Ordering::Relaxed);
        }
        return;
    };
    let status = answer.status.to_string();
    let response = match operation.responses.get(&status) {
        Some(response) => response,
        None if answer.status >= 400 => &operation.responses["default"],
        None => {
            assert!(
                LATE.contains(&(operation.id.as_str(), answer.status)),
                "{}: {method} {url} answers {status}, which it does not declare",
                operation.id
            );
            return;
        }
    };
    let Some(schema) = response.get("schema") else {
        return;
    };
    if answer.text.is_empty() {
        return;
    }
    let document = &specs.documents[operation.document];
    let whole = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "allOf": [schema],
        "definitions": document["definitions"],
    });
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .build(&whole)
        .expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&answer.body)
        .filter(|error| {
            let at = error.instance_path().to_string();
            let mut known = DEPARTURES.iter();
            !known.any(|(id, place)| operation.id.starts_with(id) && at.starts_with(place))
        })
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{}: {method} {url}: {}\n{}",
        operation.id,
        errors.join("; "),
        answer.text
    );
    CHECKED.fetch_add(1, Ordering::Relaxed);
}

/// Statuses that the service answers although its document does not declare them (recorded).
const LATE: &[(&str, u16)] = &[("CapacityReservationGroups_Delete", 202)];

/// How many answers were checked, and how many had no schema.
pub(crate) fn counts() -> (usize, usize) {
    (
        CHECKED.load(Ordering::Relaxed),
        UNKNOWN.load(Ordering::Relaxed),
    )
}

/// Whether there are schemas to check against.
pub(crate) fn are_here() -> bool {
    SPECS.is_some()
}
