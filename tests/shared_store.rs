//! Lock and journal in a container of blobs: what every store must do, on Microsoft's emulator;
//! and the real program, in processes that are stopped, killed and woken while they hold the lock.

#[path = "shared_store/azurite.rs"]
mod azurite;
#[path = "../src/store/conformance.rs"]
mod conformance;

use std::fs;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

// What the tests of every store are written against.
use stampctl::approve;
use stampctl::journal;
use stampctl::plan;
use stampctl::store::Holder;
use stampctl::store::Lease;
use stampctl::store::RunJournal;
use stampctl::store::SharedStore;
use stampctl::store::Store;
use stampctl::store::StoreError;
use stampctl::store::shared::Terms;
use stampctl::store::shared::place::Place;

use azurite::Azurite;
use tempfile::TempDir;

const CONTAINER: &str = "state";
const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fleets/quickstart");

/// Seconds of a lease in these tests; it lapses after 1.75 times as long and a second.
const LEASE: &str = "4";

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn store(azurite: &Azurite, fleet: &str) -> SharedStore {
    let place: Place = Azurite::place(CONTAINER).parse().expect("a place");
    let objects = place.open(&azurite.settings(), None).expect("opens");
    let still = Arc::new(|| Duration::ZERO);
    SharedStore::new(objects, place.folder(fleet), Terms::default(), still)
        .hosted()
        .expect("starts")
}

#[test]
fn a_container_is_a_store() {
    let Some(azurite) = Azurite::start(CONTAINER) else {
        return;
    };
    block(conformance::all(&store(&azurite, "one")));

    // Of many processes that want the lock at once, one has it.
    let stores: Vec<SharedStore> = (0..8).map(|_| store(&azurite, "two")).collect();
    let by = conformance::holder("aaa-1");
    let tries = block(futures_util::future::join_all(
        stores.iter().map(|store| store.acquire(&by)),
    ));
    let taken = tries.iter().filter(|taken| taken.is_ok()).count();
    assert_eq!(taken, 1, "{tries:?}");
    drop(tries);

    // A container that is not there is said to be so, and not taken for an empty one.
    let place: Place = Azurite::place("elsewhere").parse().expect("a place");
    let objects = place.open(&azurite.settings(), None).expect("opens");
    let still = Arc::new(|| Duration::ZERO);
    let nowhere = SharedStore::new(objects, place.folder("one"), Terms::default(), still);
    let refused = block(nowhere.hosted().expect("starts").acquire(&by));
    assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
}

/// Two machines that share a cloud: a fleet, and the emulator that its store is on.
struct Bench {
    azurite: Azurite,
    dir: TempDir,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Bench {
    fn set_up() -> Option<Self> {
        let azurite = Azurite::start(CONTAINER)?;
        let dir = tempfile::tempdir().expect("a folder");
        let fleet = dir.path().join("fleet");
        fs::create_dir(&fleet).expect("a folder");
        let file = "fleet.yaml";
        fs::copy(Path::new(QUICKSTART).join(file), fleet.join(file)).expect("a copy");
        Some(Self { azurite, dir })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stampctl"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.azurite.settings().0)
            .env("STAMPCTL_STORE", Azurite::place(CONTAINER))
            .env("STAMPCTL_LEASE_SECONDS", LEASE)
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args).spawn().expect("runs"))
    }

    /// An apply that is stopped in its tracks when it has begun some steps.
    fn apply_and_freeze(&self) -> Child {
        let args = ["apply", "fleet", "--auto-approve", "--concurrency", "1"];
        let events = self.dir.path().join("events.jsonl");
        let mut child = self
            .command(&args)
            .args(["--json-into", "events.jsonl"])
            .spawn()
            .expect("runs");
        let begun = (0..60_000).any(|_| {
            let lines = fs::read_to_string(&events).unwrap_or_default();
            sleep(Duration::from_millis(1));
            lines.lines().count() >= 4
        });
        assert!(begun, "the apply did not begin");
        // Frozen in the middle of a call it would hold the simulated cloud itself, and nobody else
        // could look at that: it is let go on until it is frozen between two calls.
        let free = (0..10_000).any(|_| {
            signal(&child, "STOP");
            let ended = child.try_wait().expect("looks");
            assert!(ended.is_none(), "the apply ended before it was stopped");
            let free = !self.world_is_held();
            if !free {
                signal(&child, "CONT");
            }
            free
        });
        assert!(free, "the apply was never between two calls");
        child
    }

    /// Whether somebody has locked a file of the simulated cloud.
    fn world_is_held(&self) -> bool {
        let files = fs::read_dir(self.dir.path().join("fleet/.stampctl/world")).expect("a world");
        files
            .filter_map(|file| fs::File::open(file.ok()?.path()).ok())
            .any(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }
}

fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().expect("ends");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let mut kill = Command::new("kill");
    let sent = kill.args([format!("-{name}").as_str(), &pid]).status();
    assert!(sent.expect("runs").success());
}

/// The run that a text speaks of.
fn run_of(text: &str) -> String {
    let after = text.split_once("run ").expect("speaks of a run").1;
    let word = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    word.into_iter().next().expect("a word").to_owned()
}

#[test]
fn a_killed_apply_is_taken_over_and_gone_on_with() {
    let Some(bench) = Bench::set_up() else {
        return;
    };
    let first = bench.apply_and_freeze();

    // Whoever does not wait is told who has it.
    let second = bench.run(&["apply", "fleet", "--auto-approve"]);
    assert_eq!(second.code, 8, "{}\n{}", second.out, second.err);
    assert!(
        second.err.contains(&format!("pid {}", first.id())),
        "{}",
        second.err
    );
    let run = run_of(second.err.split_once("held by").expect("a holder").1);

    // Whoever waits goes on with the same run when the lock has lapsed.
    signal(&first, "KILL");
    let first = finish(first);
    assert_eq!(first.code, -1);
    let third = bench.run(&["apply", "fleet", "--auto-approve", "--lock-timeout", "60s"]);
    assert_eq!(third.code, 0, "{}\n{}", third.out, third.err);
    assert!(third.err.contains("waiting for the lock"), "{}", third.err);
    let same = format!("run {run} of plan");
    assert!(third.err.contains(&same), "{same}: {}", third.err);

    // Nothing is left to do, and nothing lies beside the fleet but the simulated cloud.
    let fourth = bench.run(&["apply", "fleet", "--auto-approve"]);
    assert_eq!(fourth.code, 0, "{}\n{}", fourth.out, fourth.err);
    assert!(fourth.out.contains("Nothing to do"), "{}", fourth.out);
    assert!(!bench.dir.path().join("fleet/.stampctl/journal").exists());
}

#[test]
fn a_process_that_sleeps_past_its_lease_wakes_up_fenced() {
    let Some(bench) = Bench::set_up() else {
        return;
    };
    let first = bench.apply_and_freeze();
    let second = bench.run(&["apply", "fleet", "--auto-approve", "--lock-timeout", "60s"]);
    assert_eq!(second.code, 0, "{}\n{}", second.out, second.err);
    signal(&first, "CONT");
    let first = finish(first);
    assert_eq!(first.code, 8, "{}\n{}", first.out, first.err);

    let status = bench.run(&["status", "fleet"]);
    assert_eq!(status.code, 0, "{}", status.err);
    let after = bench.run(&["apply", "fleet", "--auto-approve"]);
    assert!(
        after.out.contains("Nothing to do"),
        "{}\n{}",
        after.out,
        after.err
    );
}

#[test]
fn a_lock_is_broken_by_name() {
    let Some(bench) = Bench::set_up() else {
        return;
    };
    let first = bench.apply_and_freeze();
    let refused = bench.run(&["unlock", "nobody-1", "fleet"]);
    assert_eq!(refused.code, 8, "{}", refused.err);
    let run = run_of(refused.err.split_once("held by").expect("a holder").1);
    let unlocked = bench.run(&["unlock", &run, "fleet"]);
    assert_eq!(unlocked.code, 0, "{}\n{}", unlocked.out, unlocked.err);
    signal(&first, "CONT");
    let first = finish(first);
    assert_eq!(first.code, 8, "{}\n{}", first.out, first.err);
    let second = bench.run(&["apply", "fleet", "--auto-approve"]);
    assert_eq!(second.code, 0, "{}\n{}", second.out, second.err);
    assert!(
        second.err.contains(&format!("run {run} of plan")),
        "{}",
        second.err
    );
}
