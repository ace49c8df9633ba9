//! The world on disk: every prefix of its log is a world, a torn line was never written, other
//! damage is found, and two openers see each other.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Verb;
use stampctl_sim::FaultRule;
use stampctl_sim::FaultWord;
use stampctl_sim::Show;
use stampctl_sim::Sim;
use stampctl_sim::SimError;

use crate::bench::ALLOCATION;
use crate::bench::Bench;
use crate::bench::ORIGIN;
use crate::bench::change;
use crate::bench::copy;
use crate::bench::now;
use crate::bench::patch;
use crate::bench::put;
use crate::bench::spec;

const SLOW: &str = "latency: { scale_set: 120 }\nswitches: { observe_lag_seconds: 60 }";
const NEW: &str = "sql_database/s1/rg-stamp-b/sql-stamp-b/db-ann";

fn open(dir: &Path) -> Bench {
    Bench(Sim::open(dir, &spec(SLOW)).expect("a world"))
}

fn show(cloud: &Bench) -> Show {
    let mut show = cloud.0.show().expect("a world");
    // Reads are counted when it is cheap, and not with every one of them.
    show.calls.reads = 0;
    show
}

/// A little history, with everything in it that the world must remember. `each` sees the world
/// after each event.
fn history(cloud: &Bench, mut each: impl FnMut(Show)) {
    let calls = [
        put(ALLOCATION, r#"{"cores": 200}"#),
        patch(
            "scale_set/s1/rg-stamp-b/vmss-stamp-b-zone1",
            r#"{"instances": 6}"#,
        ),
        patch(ORIGIN, r#"{"enabled": false}"#),
        put(NEW, r#"{"sku": "S3", "tenant": "ann"}"#),
        patch("registry_item/contoso/tenants/ann", r#"{"frozen": true}"#),
        copy(
            NEW,
            "tenant_schema/s1/rg-stamp-a/sql-stamp-a/db-tenants/ann",
            "ann",
        ),
        put(
            "backup/s1/v/a",
            r#"{"source": "resource_group/s1/rg-stamp-a", "tenant": ""}"#,
        ),
        put(ALLOCATION, r#"{"cores": 1000}"#),
        put(ALLOCATION, r#"{"cores": 220}"#),
        change("resource_group/s1/rg-stamp-b", Verb::Delete),
    ];
    let mut rule = FaultRule::new(FaultWord::FailAfter);
    rule.nth = Some(9);
    cloud.0.inject(rule).expect("a rule");
    each(show(cloud));
    for call in calls {
        let _refusals_are_part_of_it = cloud.try_do(&call);
        each(show(cloud));
        cloud.pass(70);
        each(show(cloud));
    }
}

/// Sets a file's whole content; there is nobody to see half of it.
fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
    fs::File::create(path)?.write_all(bytes.as_ref())
}

fn log(dir: &Path) -> std::path::PathBuf {
    dir.join("log-0.jsonl")
}

#[test]
fn every_prefix_of_the_log_is_the_world_of_that_moment() {
    let dir = tempfile::tempdir().expect("a folder");
    let cloud = open(dir.path());
    let mut shown = vec![show(&cloud)];
    history(&cloud, |show| shown.push(show));
    assert!(!shown[shown.len() - 1].lost_quota.is_empty());
    drop(cloud);
    let whole = fs::read(log(dir.path())).expect("a log");
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    let events: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let is_read = |line: &&[u8]| String::from_utf8_lossy(line).contains(r#"{"reads""#);
    assert!(ends.len() >= shown.len() - 1);
    let mut seen = 0;
    let mut length = 0;
    for line in events {
        // Torn in the middle of this line, the world is the one before it.
        for cut in [
            length,
            length + 1,
            length + line.len() / 2,
            length + line.len() - 1,
        ] {
            write(log(dir.path()), &whole[..cut]).expect("a torn log");
            assert_eq!(show(&open(dir.path())), shown[seen], "cut at byte {cut}");
        }
        length += line.len();
        seen += usize::from(!is_read(&line));
    }
    write(log(dir.path()), &whole).expect("the log");
    assert_eq!(seen, shown.len() - 1);
    assert_eq!(show(&open(dir.path())), shown[seen]);
}

#[test]
fn a_torn_line_is_written_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let cloud = open(dir.path());
    cloud.allocate(200);
    drop(cloud);
    let mut text = fs::read(log(dir.path())).expect("a log");
    text.extend(b"0123456789abcdef {\"advance\":{\"sec");
    write(log(dir.path()), &text).expect("a torn log");
    let cloud = open(dir.path());
    cloud.allocate(300);
    drop(cloud);
    assert_eq!(open(dir.path()).int(ALLOCATION, "cores"), 300);
}

#[test]
fn an_altered_byte_is_damage() {
    let dir = tempfile::tempdir().expect("a folder");
    let cloud = open(dir.path());
    cloud.allocate(200);
    cloud.allocate(300);
    drop(cloud);
    for file in [log(dir.path()), dir.path().join("snapshot-0.json")] {
        let text = fs::read(&file).expect("a file");
        for at in (0..text.len() - 1).step_by(97) {
            let mut altered = text.clone();
            altered[at] ^= 1;
            write(&file, &altered).expect("the file");
            let opened = Sim::open(dir.path(), &spec(SLOW));
            // A flipped bit can make a line end, and then the world is cut off before it.
            let found = matches!(opened, Err(SimError::Damaged { .. } | SimError::Io(_)));
            assert!(found, "byte {at} of {}", file.display());
        }
        write(&file, &text).expect("the file");
    }
    assert_eq!(open(dir.path()).int(ALLOCATION, "cores"), 300);
}

#[test]
fn two_that_have_it_open_see_each_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let (one, two) = (open(dir.path()), open(dir.path()));
    one.allocate(200);
    assert_eq!(two.int(ALLOCATION, "cores"), 200);
    two.pass(60);
    assert_eq!(one.0.now(), two.0.now());
    two.allocate(300);
    one.allocate(301);
    assert_eq!(two.int(ALLOCATION, "cores"), 301);
    assert_eq!(show(&one), show(&two));
    assert_eq!(one.0.calls().expect("a count").mutating, 3);
}

#[test]
fn many_threads_and_openers_lose_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    open(dir.path());
    std::thread::scope(|scope| {
        for opener in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                let cloud = open(dir);
                for n in 0..25 {
                    let at = format!("registry_item/contoso/notes/{opener}-{n}");
                    cloud.done(&put(&at, r#"{"n": 1}"#));
                }
            });
        }
    });
    let cloud = open(dir.path());
    let items = show(&cloud).resources;
    let notes = items
        .iter()
        .filter(|it| it.address.part("collection") == Some("notes"));
    let mut etags: Vec<_> = notes.map(|it| it.etag.clone()).collect();
    assert_eq!(etags.len(), 100);
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 100);
}

#[test]
fn a_ticket_survives_its_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let cloud = open(dir.path());
    let set = "scale_set/s1/rg-stamp-b/vmss-stamp-b-zone1";
    let Ok(Outcome::Accepted(ticket)) = cloud.try_do(&patch(set, r#"{"instances": 3}"#)) else {
        panic!("it is not at once");
    };
    drop(cloud);
    let cloud = open(dir.path());
    assert_eq!(
        now(cloud.0.poll(&ticket)),
        Ok(Outcome::Accepted(ticket.clone()))
    );
    cloud.pass(120);
    assert!(matches!(
        now(cloud.0.poll(&ticket)),
        Ok(Outcome::Done(Some(_)))
    ));
    assert_eq!(cloud.int(set, "instances"), 3);
}

#[test]
fn snapshots_change_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let fast = "latency: { scale_set: 120 }\nswitches: { fsync: false, observe_lag_seconds: 60 }";
    let spec = spec(fast);
    let disk = Bench(Sim::open(dir.path(), &spec).expect("a world"));
    let memory = Bench(Sim::in_memory(&spec).expect("a world"));
    let long = "x".repeat(200_000);
    for cloud in [&disk, &memory] {
        history(cloud, |_| {});
        for n in 0..60 {
            let note = format!(r#"{{"n": {n}, "text": "{long}"}}"#);
            cloud.done(&put("registry_item/contoso/notes/a", &note));
        }
        history(cloud, |_| {});
    }
    let generation = fs::read_to_string(dir.path().join("CURRENT")).expect("a number");
    assert_ne!(generation, "0\n");
    assert!(!log(dir.path()).exists());
    let again = Bench(Sim::open(dir.path(), &spec).expect("a world"));
    assert_eq!(show(&again), show(&memory));
    assert_eq!(show(&disk), show(&memory));
    for cloud in [&disk, &again, &memory] {
        cloud.pass(7);
    }
    memory.pass(7);
    assert_eq!(show(&disk), show(&memory));
}

#[test]
fn reads_are_counted_across_processes() {
    let dir = tempfile::tempdir().expect("a folder");
    for expected in [2, 4] {
        let cloud = open(dir.path());
        cloud.read(ALLOCATION);
        cloud.read(ALLOCATION);
        assert_eq!(cloud.0.calls().expect("a count").reads, expected);
    }
}

#[test]
fn only_the_owner_may_look() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = dir.path().join("deep/world");
    open(&place);
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&place), 0o700);
    for entry in fs::read_dir(&place).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
