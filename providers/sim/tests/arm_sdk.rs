//! The contract with Microsoft's own SDK: its Python clients drive the server through resource
//! groups, tags, quotas, quota groups, reservations, scale sets and deletion.
//!
//! The packages come from `PyPI` into a virtual environment beneath `target`. Skipped, loudly,
//! only where that cannot be made.

#![expect(clippy::print_stderr, reason = "what was skipped must be seen")]
#![expect(
    clippy::disallowed_methods,
    reason = "half a mark is no mark: the packages are installed again"
)]

#[path = "arm/bench.rs"]
#[expect(dead_code, reason = "the SDK is the client here")]
mod bench;
#[path = "arm/schemas.rs"]
#[expect(dead_code, reason = "the SDK is the client here")]
mod schemas;

use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use stampctl_sim::arm::Options;

use bench::A;
use bench::B;
use bench::Bench;

const WORLD: &str = "latency: { quota_allocation: 60, capacity_reservation: 20, scale_set: 120 }";

/// How long the packages may take to come, and the script to run, in seconds.
const INSTALL: u64 = 120;
const RUN: u64 = 60;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Waits for a process, and ends it when its time is up.
fn bounded(mut child: Child, seconds: u64) -> bool {
    for _ in 0..seconds * 10 {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(100)),
            Err(_) => return false,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn ran(command: &mut Command, seconds: u64) -> bool {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.is_ok_and(|child| bounded(child, seconds))
}

/// The interpreter of an environment with the pinned packages; `None` where it cannot be made.
fn python() -> Option<PathBuf> {
    let wanted = std::fs::read_to_string(folder().join("requirements.txt")).ok()?;
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("azure-sdk");
    let (python, done) = (root.join("bin/python"), root.join("installed.txt"));
    if std::fs::read_to_string(&done).is_ok_and(|had| had == wanted) {
        return Some(python);
    }
    let made = ran(
        Command::new("python3").args(["-m", "venv"]).arg(&root),
        INSTALL,
    ) && ran(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(folder().join("requirements.txt")),
        INSTALL,
    );
    made.then(|| std::fs::write(&done, &wanted).ok())??;
    Some(python)
}

#[test]
fn microsofts_sdk_finds_what_it_expects() {
    let Some(python) = python() else {
        eprintln!(
            "SKIPPED: Microsoft's SDK cannot be installed (python3, venv and PyPI are needed)"
        );
        return;
    };
    let options = Options {
        require_tokens: true,
        ..Options::default()
    };
    let bench = Bench::with(WORLD, options);
    let base = format!("http://{}", bench.at);
    let child = Command::new(python)
        .arg(folder().join("contract.py"))
        .args([base.as_str(), A, B, "mg", "qg"])
        .env("NO_PROXY", "127.0.0.1")
        .spawn()
        .expect("python starts");
    assert!(
        bounded(child, RUN),
        "the SDK's run failed; its output says where"
    );
}
