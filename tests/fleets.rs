//! The examples are tests: every fleet under `examples/fleets` has a script of commands, which is
//! run on a copy of it. What the commands print is compared with `tests/snapshots/fleets`.
//!
//! A script is text: `#` begins a comment, which goes into the transcript as it is; `$` begins a
//! command, whose first word is `stampctl`. With `STAMPCTL_BLESS=1` the transcripts are written
//! anew. Two laws hold for every script, whatever the snapshot says: a fleet that loads ends by
//! planning with `--detailed-exitcode` and finding nothing to do, and no quota is ever lost.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its own switches and writes its files"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The last command of a script whose fleet loads.
const AT_REST: &str = "stampctl plan . --detailed-exitcode";

#[test]
fn every_example_tells_its_story() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("STAMPCTL_BLESS").is_some();
    let only = std::env::var("STAMPCTL_FLEET").ok();
    let mut wrong = Vec::new();
    let mut told = 0;
    for fleet in fleets(&root.join("examples/fleets")) {
        let name = fleet
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        told += 1;
        let story = tell(&fleet);
        if let Some(law) = story.broken {
            wrong.push(format!("{name}: {law}\n{}", story.transcript));
            continue;
        }
        let snapshot = root.join(format!("tests/snapshots/fleets/{name}.txt"));
        if bless {
            fs::create_dir_all(snapshot.parent().expect("a folder")).expect("a folder");
            fs::write(&snapshot, &story.transcript).expect("the snapshot is written");
        }
        let meant = fs::read_to_string(&snapshot).unwrap_or_default();
        if meant != story.transcript {
            let diff = similar::TextDiff::from_lines(&meant, &story.transcript);
            wrong.push(format!(
                "{name}:\n{}",
                diff.unified_diff().header("snapshot", "now")
            ));
        }
    }
    assert!(
        told >= if only.is_some() { 1 } else { 10 },
        "only {told} examples"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a script printed, and the law that it broke, if it did.
struct Story {
    transcript: String,
    broken: Option<String>,
}

fn fleets(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).expect("examples");
    let mut fleets: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    fleets.retain(|path| path.is_dir());
    fleets.sort();
    fleets
}

fn tell(fleet: &Path) -> Story {
    let copy = tempfile::tempdir().expect("a folder");
    copy_into(fleet, copy.path());
    let script = fs::read_to_string(fleet.join("script.txt"))
        .unwrap_or_else(|e| panic!("{}: every example has a script: {e}", fleet.display()));
    let mut transcript = String::new();
    let mut last = (String::new(), 0);
    for line in script.lines() {
        transcript.push_str(line);
        transcript.push('\n');
        if let Some(command) = line.strip_prefix("$ ") {
            let (out, code) = run(command, copy.path());
            transcript.push_str(&out);
            let _ = writeln!(transcript, "[exit {code}]\n");
            last = (command.to_owned(), code);
        }
    }
    let is_valid = run("stampctl validate .", copy.path()).1 == 0;
    let has_lost_quota = copy.path().join(".stampctl/world").exists()
        && !run("stampctl sim show . --format json", copy.path())
            .0
            .contains("\"lost_quota\": []");
    let broken = if is_valid && last != (AT_REST.to_owned(), 0) {
        Some(format!(
            "the script does not end with `{AT_REST}` and exit code 0"
        ))
    } else if has_lost_quota {
        Some("quota was lost".to_owned())
    } else {
        None
    };
    Story { transcript, broken }
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry").path();
        let name = entry.file_name().expect("a name");
        if name == ".stampctl" {
            continue;
        }
        let target = to.join(name);
        if entry.is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy_into(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a copy");
        }
    }
}

/// Runs one command of a script in the fleet's copy, with nothing of the environment.
fn run(command: &str, dir: &Path) -> (String, i32) {
    let mut words = words(command).into_iter();
    assert_eq!(
        words.next().as_deref(),
        Some("stampctl"),
        "a script only runs stampctl"
    );
    let output = Command::new(env!("CARGO_BIN_EXE_stampctl"))
        .args(words)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .env("COLUMNS", "100")
        .output()
        .expect("stampctl runs");
    let mut text = String::from_utf8(output.stdout).expect("UTF-8");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    if !err.is_empty() {
        text.push_str(&err);
    }
    let text = text.replace(&dir.display().to_string(), "FLEET");
    (without_runs(&text), output.status.code().unwrap_or(-1))
}

/// A run's id ends in six digits that tell two runs of one plan apart; they differ every time.
fn without_runs(text: &str) -> String {
    let digits = |text: &str, n: usize| {
        text.len() >= n && text.as_bytes()[..n].iter().all(u8::is_ascii_hexdigit)
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('-') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let plan = before.len() >= 12
            && before.is_char_boundary(before.len() - 12)
            && digits(&before[before.len() - 12..], 12);
        if plan && digits(&after[1..], 6) {
            out.push_str("-RUNRUN");
            rest = &after[7..];
        } else {
            out.push('-');
            rest = &after[1..];
        }
    }
    out + rest
}

/// Splits at blanks; double quotes hold words together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}
