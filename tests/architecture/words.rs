//! Words that must not stand in some parts of the tree, and the shape of every file.

use crate::source::is_word;
use crate::source::line_of;
use crate::source::lines_before_tests;
use crate::tree::File;

/// Modules whose answer depends on their arguments and on nothing else.
pub(crate) const PURE: &[&str] = &[
    "model",
    "place",
    "blueprint",
    "diff",
    "plan",
    "verify",
    "render",
];

const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::io",
    "std::process",
    "tokio",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "HashMap",
    "HashSet",
];
const CLOCKS: &[&str] = &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];
const PRINTS: &[&str] = &["println!", "print!", "eprintln!", "eprint!"];
const ENVIRONMENT: &[&str] = &["std::env"];
const FILES: &[&str] = &["std::fs"];

/// The longest that a file may be before its tests.
pub(crate) const LONGEST: usize = 400;

/// Files that may be longer, with the reason. The list may only shrink.
pub(crate) const LONGER: &[(&str, usize, &str)] = &[];

/// Words that a pure file may have all the same, with the reason. The list may only shrink.
const HARMLESS: &[(&str, &str, &str)] = &[(
    "src/plan/format/lines.rs",
    "std::io",
    "JSON is written to a writer; where its bytes go is the caller's matter",
)];

/// Forbidden words in the root package's files.
pub(crate) fn check_root(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let top = file.top();
        if PURE.contains(&top) {
            faults.extend(forbid(file, IMPURE, &format!("`{top}` is pure")));
        }
        if top == "main" {
            continue;
        }
        if top != "cli" {
            faults.extend(forbid(
                file,
                CLOCKS,
                "clocks are arguments; only `cli` has one",
            ));
            faults.extend(forbid(file, PRINTS, "only `cli` prints"));
            faults.extend(forbid(
                file,
                ENVIRONMENT,
                "only `cli` reads the environment",
            ));
        }
        if top == "manifest" && file.path != "src/manifest/source.rs" {
            faults.extend(forbid(file, FILES, "only `manifest/source.rs` reads files"));
        }
    }
    faults
}

/// Forbidden words in a provider's files. The contract is pure; its conformance tests drive a
/// provider, so they are judged as a provider is.
pub(crate) fn check_provider(files: &[File], own: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        if own == "contract" && file.top() != "conformance" {
            faults.extend(forbid(file, IMPURE, "the contract is pure"));
        }
        faults.extend(forbid(
            file,
            CLOCKS,
            "clocks are arguments, for providers too",
        ));
        faults.extend(forbid(file, PRINTS, "providers do not print"));
        faults.extend(forbid(
            file,
            ENVIRONMENT,
            "what a provider needs is given to it",
        ));
    }
    faults
}

fn forbid(file: &File, words: &[&str], reason: &str) -> Vec<String> {
    let code = file.code.as_str();
    let mut faults = Vec::new();
    for word in words {
        let harmless = |(path, known, _): &&(&str, &str, &str)| *path == file.path && known == word;
        if HARMLESS.iter().any(|entry| harmless(&entry)) {
            continue;
        }
        for (offset, _) in code.match_indices(word) {
            let before = code[..offset].bytes().next_back();
            let after = code[offset + word.len()..].bytes().next();
            let is_whole = !before.is_some_and(is_word)
                && (word.ends_with('!') || !after.is_some_and(is_word));
            if is_whole {
                let line = line_of(code, offset);
                faults.push(format!("{}:{line}: `{word}`: {reason}", file.path));
            }
        }
    }
    faults
}

/// The header, the length and the name of every file.
pub(crate) fn check_shape(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        if !file.text.starts_with("//! ") {
            faults.push(format!(
                "{}:1: a file opens with `//! ` and its job",
                file.path
            ));
        }
        let limit = LONGER
            .iter()
            .find(|(path, _, _)| *path == file.path)
            .map_or(LONGEST, |(_, limit, _)| *limit);
        let lines = lines_before_tests(&file.text);
        if lines > limit {
            faults.push(format!(
                "{}:{limit}: {lines} lines before the tests",
                file.path
            ));
        }
        if file.path.ends_with("/mod.rs") {
            faults.push(format!(
                "{}:1: `foo.rs` beside `foo/`, not `foo/mod.rs`",
                file.path
            ));
        }
        faults.extend(check_uses(file));
    }
    faults
}

/// One item per `use` line: a list could hide a name from the other checks, and hides it from
/// a reader who searches.
fn check_uses(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    let mut offset = 0;
    for statement in file.code.split_inclusive(';') {
        let start = statement.rfind("use ").filter(|at| {
            let line = statement[..*at].rsplit('\n').next().unwrap_or_default();
            line.trim().is_empty() || line.trim().starts_with("pub")
        });
        if let Some(start) = start
            && statement[start..].contains('{')
            && statement[start..].contains("::")
        {
            let line = line_of(&file.code, offset + start);
            faults.push(format!(
                "{}:{line}: a list; one item per `use` line",
                file.path
            ));
        }
        offset += statement.len();
    }
    faults
}
