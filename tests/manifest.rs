//! The manifest through its front door: files in, a fleet or findings out.

#![expect(
    clippy::disallowed_methods,
    reason = "a test writes its own files; nobody reads them after a crash"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "manifest/broken.rs"]
mod broken;
#[path = "manifest/folders.rs"]
mod folders;
#[path = "manifest/hostile.rs"]
mod hostile;
#[path = "manifest/readers.rs"]
mod readers;
#[path = "manifest/spellings.rs"]
mod spellings;
#[path = "manifest/tenants.rs"]
mod tenants;

use std::collections::BTreeMap;
use std::path::Path;

use stampctl::diagnostic::Style;
use stampctl::diagnostic::render;
use stampctl::manifest::LoadRequest;
use stampctl::manifest::Loaded;
use stampctl::manifest::load;
use stampctl::model::Fleet;

/// The smallest fleet with a stamp in it, as YAML without tenants.
const BASE: &str = "version: 1
fleet: contoso
provider: { sim: {} }
subscriptions: { sub: { id: 11111111-1111-1111-1111-111111111111 } }
stamps:
  shared-eastus2-001: { region: eastus2, subscription: sub, compute: { sku: Standard_D8s_v5, instances: 8 } }
";

/// Writes files into a fresh folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn at(path: &Path) -> Loaded {
    load(&LoadRequest {
        path: path.to_owned(),
        ..LoadRequest::default()
    })
}

fn with(path: &Path, environment: Option<&str>, variables: &[(&str, &str)]) -> Loaded {
    let variables: BTreeMap<_, _> = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    load(&LoadRequest {
        path: path.to_owned(),
        environment: environment.map(str::to_owned),
        variables,
    })
}

fn files(files: &[(&str, &str)]) -> Loaded {
    at(folder(files).path())
}

/// The fleet, or a panic that shows every finding.
fn fleet(loaded: Loaded) -> Fleet {
    let shown = render(&loaded.diagnostics, &loaded.sources, Style::default());
    loaded.fleet.unwrap_or_else(|| panic!("refused:\n{shown}"))
}

/// Codes with lines, in order.
fn told(loaded: &Loaded) -> Vec<(String, usize)> {
    loaded
        .diagnostics
        .iter()
        .map(|d| {
            (
                d.code.to_string(),
                d.place().map_or(0, |span| loaded.sources.place(span).line),
            )
        })
        .collect()
}
