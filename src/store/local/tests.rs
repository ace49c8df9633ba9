//! The local store beyond its conformance: locks, damage, links, and files of others.

#![expect(
    clippy::disallowed_methods,
    reason = "a test writes its own files; nobody reads them after a crash"
)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::store::conformance;

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn a_folder_is_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalStore::open(&folder.path().join(".stampctl")).expect("opens");
    block(conformance::all(&store));
}

#[test]
fn what_is_kept_is_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join(".stampctl");
    let store = LocalStore::open(&root).expect("opens");
    block(conformance::all(&store));
    let mode = |path: &str| {
        let found = std::fs::metadata(root.join(path)).expect("is there");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for path in ["journal/aaa-1.jsonl", "lock", "epoch"] {
        assert_eq!(mode(path), 0o600, "{path}");
    }
}

#[test]
fn a_dead_holder_holds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalStore::open(folder.path()).expect("opens");
    let lease = block(store.acquire(&conformance::holder("aaa-1"))).expect("free");
    // Dropping is what the kernel does with the files of a dead process.
    drop(lease);
    assert!(block(store.holder()).expect("looks").is_none());
    block(store.acquire(&conformance::holder("bbb-2"))).expect("free");
}

#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join(".stampctl");
    let store = LocalStore::open(&root).expect("opens");
    let elsewhere = folder.path().join("elsewhere");
    std::fs::write(&elsewhere, "precious").expect("writes");
    std::os::unix::fs::symlink(&elsewhere, root.join("journal/aaa-1.jsonl")).expect("links");
    std::os::unix::fs::symlink(&elsewhere, root.join("lock")).expect("links");

    let run = "aaa-1".parse().expect("a run's id");
    assert!(block(store.journal(&run)).is_err());
    assert!(block(store.acquire(&conformance::holder("aaa-1"))).is_err());
    std::fs::hard_link(&elsewhere, root.join("journal/bbb-2.jsonl")).expect("links");
    assert!(block(store.journal(&"bbb-2".parse().expect("a run's id"))).is_err());
    assert_eq!(std::fs::read(&elsewhere).expect("reads"), b"precious");

    let linked = folder.path().join("linked");
    std::os::unix::fs::symlink(&root, &linked).expect("links");
    assert!(LocalStore::open(&linked).is_err());
}

#[test]
fn a_lost_epoch_is_not_taken_for_a_new_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalStore::open(folder.path()).expect("opens");
    block(conformance::all(&store));
    std::fs::remove_file(folder.path().join("epoch")).expect("removes");
    let lost = block(store.acquire(&conformance::holder("aaa-1")));
    assert!(matches!(lost, Err(StoreError::Damaged { .. })), "{lost:?}");
    std::fs::write(folder.path().join("epoch"), "many\n").expect("writes");
    let garbled = block(store.acquire(&conformance::holder("aaa-1")));
    assert!(matches!(garbled, Err(StoreError::Damaged { .. })));
}

#[test]
fn an_empty_journal_is_damaged_and_not_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalStore::open(folder.path()).expect("opens");
    std::fs::write(folder.path().join("journal/aaa-1.jsonl"), "").expect("writes");
    let run = "aaa-1".parse().expect("a run's id");
    let loaded = block(crate::store::RunJournal::load(&store, &run));
    assert!(matches!(loaded, Err(StoreError::Journal(_))));
}
