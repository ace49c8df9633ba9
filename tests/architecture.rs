//! Holds `docs/architecture.md` true: who may use whom, which modules are pure, and the shape of
//! a file. It reads text, not syntax: comments, literals and test modules are blanked first, and
//! what is left is searched for paths and words.
//!
//! Every fault is named with its file and line. The checker is itself tested, on small made-up
//! sources that break each rule once.

#[path = "architecture/checker.rs"]
mod checker;
#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/tree.rs"]
mod tree;
#[path = "architecture/words.rs"]
mod words;

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The providers by the name of their folder.
fn providers() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("providers"))
        .expect("providers/ can be read")
        .map(|entry| entry.expect("a folder entry can be read"))
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_import_table_lists_the_modules_of_lib_in_their_order() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs can be read");
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let listed: Vec<&str> = imports::TABLE.iter().map(|row| row.module).collect();
    assert_eq!(declared, listed, "src/lib.rs and the import table differ");
}

#[test]
fn the_map_shows_the_import_table() {
    let map = fs::read_to_string(root().join("docs/architecture.md")).expect("the map can be read");
    let drawn: Vec<(String, String)> = map
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
            let module = cells.first()?.trim_end_matches('`');
            let uses = cells.get(2)?.trim_end_matches(" |").replace('`', "");
            Some((module.to_owned(), uses))
        })
        .collect();
    let listed: Vec<(String, String)> = imports::TABLE
        .iter()
        .map(|row| {
            let uses = match row.module {
                "render" => "all before it".to_owned(),
                "cli" => "everything, and the providers".to_owned(),
                _ if row.may_use.is_empty() => "nothing".to_owned(),
                _ => row.may_use.join(", "),
            };
            (row.module.to_owned(), uses)
        })
        .collect();
    assert_eq!(
        drawn, listed,
        "docs/architecture.md and the import table differ"
    );
}

#[test]
fn the_import_table_points_backwards_only() {
    let outside = ["contract", "sim", "azure"];
    for (index, row) in imports::TABLE.iter().enumerate() {
        for allowed in row.may_use {
            let top = allowed.split("::").next().unwrap_or_default();
            let earlier = imports::TABLE[..index]
                .iter()
                .any(|before| before.module == top);
            assert!(
                earlier || outside.contains(&top),
                "{} may use {allowed}",
                row.module
            );
        }
    }
}

#[test]
fn every_module_uses_only_what_the_table_allows() {
    assert_none(&imports::check_root(&tree::files(root(), "src")));
}

#[test]
fn no_two_files_need_each_other() {
    assert_none(&imports::cycles(
        &tree::files(root(), "src"),
        imports::MUTUAL,
    ));
}

#[test]
fn every_pair_that_may_need_each_other_does() {
    let files = tree::files(root(), "src");
    for (index, (from, _, reason)) in imports::MUTUAL.iter().enumerate() {
        let mut others = imports::MUTUAL.to_vec();
        others.remove(index);
        let faults = imports::cycles(&files, &others);
        let is_needed = faults.iter().any(|fault| fault.starts_with(from));
        assert!(is_needed, "{from} is on no cycle; drop “{reason}”");
    }
}

#[test]
fn pure_modules_stay_pure_and_only_cli_has_clock_environment_and_terminal() {
    assert_none(&words::check_root(&tree::files(root(), "src")));
}

#[test]
fn every_file_says_its_job_and_is_short() {
    let mut faults = words::check_shape(&tree::files(root(), "src"));
    for name in providers() {
        faults.extend(words::check_shape(&tree::files(
            root(),
            &format!("providers/{name}/src"),
        )));
    }
    assert_none(&faults);
}

#[test]
fn every_exception_to_the_length_of_a_file_is_needed() {
    for (path, _, reason) in words::LONGER {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        let lines = source::lines_before_tests(&text);
        assert!(
            lines > words::LONGEST,
            "{path} has {lines} lines; drop “{reason}”"
        );
    }
}

#[test]
fn no_provider_sees_the_root_crate_or_another_provider() {
    let names = providers();
    assert!(names.len() >= 2, "found only {names:?}");
    let mut faults = Vec::new();
    for name in names {
        let files = tree::files(root(), &format!("providers/{name}/src"));
        faults.extend(imports::check_provider(&files, &name));
        faults.extend(words::check_provider(&files, &name));
        let manifest = format!("providers/{name}/Cargo.toml");
        let text = fs::read_to_string(root().join(&manifest)).expect("a manifest can be read");
        faults.extend(imports::check_dependencies(&manifest, &text));
    }
    assert_none(&faults);
}
