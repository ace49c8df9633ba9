//! The corpus of broken manifests: each file says which error stands on which line.

use std::path::Path;
use std::path::PathBuf;

use stampctl::diagnostic::Severity;
use stampctl::diagnostic::Style;
use stampctl::diagnostic::render;

use super::at;

fn corpus(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new("tests/broken").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    files
}

/// The comment `# error: E0107 line 5` of a file.
fn meant(text: &str) -> (String, usize) {
    let said = text
        .lines()
        .rev()
        .find_map(|l| l.strip_prefix("# error: "))
        .expect("the file says its error");
    let (code, line) = said.split_once(" line ").unwrap();
    (code.to_owned(), line.trim().parse().unwrap())
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus("yaml").len() + corpus("hcl").len() >= 200);
}

#[test]
fn every_broken_manifest_names_its_fault_and_line() {
    let mut wrong = Vec::new();
    for path in corpus("yaml").into_iter().chain(corpus("hcl")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, line) = meant(&text);
        let loaded = at(&path);
        assert!(loaded.fleet.is_none(), "{} is accepted", path.display());
        let errors: Vec<_> = loaded
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .collect();
        let places: Vec<_> = errors
            .iter()
            .map(|d| d.place().map(|s| loaded.sources.place(s)))
            .collect();
        let all_placed = places
            .iter()
            .all(|p| p.as_ref().is_some_and(|p| p.line > 0 && !p.file.is_empty()));
        let first = errors.first().zip(places.first().and_then(Option::as_ref));
        let right = first.is_some_and(|(d, p)| d.code.as_str() == code && p.line == line);
        if !all_placed || !right {
            let shown = render(
                &loaded.diagnostics,
                &loaded.sources,
                Style {
                    unicode: false,
                    ..Style::default()
                },
            );
            wrong.push(format!(
                "{} should say {code} in line {line}:\n{shown}",
                path.display()
            ));
        }
        for diagnostic in &errors {
            let helped = diagnostic.help.is_some()
                || matches!(diagnostic.code.as_str(), "E0101" | "E0102" | "E0317");
            assert!(
                helped,
                "{}: {} has no help",
                path.display(),
                diagnostic.code
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} files:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_code_of_the_corpus_is_shown_with_its_line_of_source() {
    for path in corpus("yaml").into_iter().chain(corpus("hcl")) {
        let loaded = at(&path);
        let shown = render(&loaded.diagnostics, &loaded.sources, Style::default());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn twenty_mistakes_are_twenty_findings() {
    let loaded = at(Path::new("tests/manifest/twenty.yaml"));
    let text = std::fs::read_to_string("tests/manifest/twenty.yaml").unwrap();
    let meant: Vec<(String, usize)> = text
        .lines()
        .enumerate()
        .filter_map(|(at, line)| Some((line.split_once("# ! ")?.1.to_owned(), at + 1)))
        .collect();
    let mut told = super::told(&loaded);
    // One of the mistakes earns a warning as well.
    told.retain(|(code, _)| code != "E0229");
    assert_eq!((meant.len(), loaded.diagnostics.errors()), (20, 20));
    assert_eq!(told, meant);
}
