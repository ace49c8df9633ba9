//! The source files of the workspace, each with its module path and its code.

use std::fs;
use std::path::Path;

use crate::source;

/// One source file, ready to be judged.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// The module path, as in `["plan", "edges"]`; empty for `lib.rs`, `["main"]` for `main.rs`.
    pub(crate) module: Vec<String>,
    /// The whole text.
    pub(crate) text: String,
    /// The code of the product: no comments, no literals, no tests.
    pub(crate) code: String,
}

impl File {
    /// A file at `path`, which lies beneath a `src` folder.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let inner = path.rsplit_once("src/").map_or(path, |(_, inner)| inner);
        let stem = inner.strip_suffix(".rs").unwrap_or(inner);
        let module = match stem {
            "lib" => Vec::new(),
            stem => stem.split('/').map(str::to_owned).collect(),
        };
        Self {
            path: path.to_owned(),
            module,
            text: text.to_owned(),
            code: source::without_tests(&source::code_only(text)),
        }
    }

    /// The top module, or `lib`.
    pub(crate) fn top(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

/// Every product file beneath `folder`, in name order. Files that their parent declares under
/// `#[cfg(test)]` are left out.
pub(crate) fn files(root: &Path, folder: &str) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    let files: Vec<File> = paths
        .iter()
        .map(|path| {
            let name = path
                .strip_prefix(root)
                .expect("beneath the root")
                .to_string_lossy();
            let text = fs::read_to_string(path).expect("a source file can be read");
            File::new(&name.replace('\\', "/"), &text)
        })
        .collect();
    without_test_files(files)
}

/// `files` less those that a parent declares under `#[cfg(test)]`, and all beneath those.
pub(crate) fn without_test_files(files: Vec<File>) -> Vec<File> {
    let mut tests: Vec<Vec<String>> = Vec::new();
    for file in &files {
        for name in source::test_files(&source::code_only(&file.text)) {
            tests.push(file.module.iter().cloned().chain([name]).collect());
        }
    }
    files
        .into_iter()
        .filter(|file| !tests.iter().any(|test| file.module.starts_with(test)))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("a folder entry can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
