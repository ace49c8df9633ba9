//! The command line as a user has it: the real program, in a copy of a fleet, with nothing of the
//! environment.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes the files that the program reads"
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use ssh_key::Algorithm;
use ssh_key::LineEnding;
use ssh_key::PrivateKey;
use ssh_key::rand_core::OsRng;
use tempfile::TempDir;

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fleets/quickstart");

/// A folder with a copy of the quickstart in `fleet/`.
fn quickstart() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let fleet = dir.path().join("fleet");
    fs::create_dir(&fleet).expect("a folder");
    fs::copy(
        Path::new(QUICKSTART).join("fleet.yaml"),
        fleet.join("fleet.yaml"),
    )
    .expect("a copy");
    dir
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stampctl"));
    command
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("USER", "tester")
        .stdin(Stdio::null());
    command
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn run(dir: &Path, args: &[&str]) -> Ran {
    ran(&command(dir, args).output().expect("stampctl runs"))
}

/// Runs and expects an exit code.
#[track_caller]
fn ends(dir: &Path, args: &[&str], code: i32) -> Ran {
    let ran = run(dir, args);
    assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
    ran
}

#[test]
fn help_is_data_and_nonsense_is_an_error_of_its_own_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let help = ends(dir.path(), &["--help"], 0);
    assert!(help.out.contains("Exit codes:") && help.err.is_empty());
    for name in ["plan", "apply", "approve", "verify", "sim", "init"] {
        assert!(help.out.contains(&format!("\n  {name} ")), "{name}");
        let one = ends(dir.path(), &[name, "--help"], 0);
        assert!(one.out.contains("Usage:"), "{name}");
    }
    // clap would say 2, and 2 means that changes are pending.
    let bad = ends(dir.path(), &["paln"], 1);
    assert!(bad.out.is_empty() && bad.err.contains("plan"));
    ends(dir.path(), &[], 1);
    ends(dir.path(), &["--version"], 0);
}

#[test]
fn the_manual_and_the_completions_name_every_command() {
    let dir = tempfile::tempdir().expect("a folder");
    let man = ends(dir.path(), &["man"], 0);
    assert!(man.out.contains("STAMPCTL APPLY") && man.out.contains("EXIT STATUS"));
    for shell in ["bash", "zsh", "fish"] {
        let script = ends(dir.path(), &["completions", shell], 0);
        assert!(script.out.contains("detailed-exitcode"), "{shell}");
    }
}

#[test]
fn init_gives_a_fleet_that_plans_and_applies_as_it_stands() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = dir.path();
    ends(at, &["init", "new"], 0);
    ends(at, &["validate", "new"], 0);
    ends(at, &["apply", "new", "--auto-approve"], 0);
    ends(at, &["plan", "new", "--detailed-exitcode"], 0);
    let ignored = fs::read_to_string(at.join("new/.gitignore")).expect("there");
    assert!(ignored.lines().any(|line| line == ".stampctl/"));
    // Nothing that is there is touched.
    let before = fs::read(at.join("new/fleet.yaml")).expect("there");
    ends(at, &["init", "new"], 1);
    assert_eq!(fs::read(at.join("new/fleet.yaml")).expect("there"), before);
}

#[test]
fn plan_apply_and_plan_again() {
    let dir = quickstart();
    let at = dir.path();
    ends(at, &["plan", "fleet"], 0);
    ends(at, &["plan", "fleet", "--detailed-exitcode"], 2);
    let applied = ends(at, &["apply", "fleet", "--auto-approve"], 0);
    assert!(applied.out.contains("finished: everything is done"));
    let again = ends(at, &["apply", "fleet"], 0);
    assert!(again.out.contains("Nothing to do"), "{}", again.out);
    ends(at, &["plan", "fleet", "--detailed-exitcode"], 0);
    ends(
        at,
        &["plan", "fleet", "--refresh-only", "--detailed-exitcode"],
        0,
    );
    let status = ends(at, &["status", "fleet", "--format", "json"], 0);
    let status: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(status["runs"].as_array().map(Vec::len), Some(0));
    assert_eq!(status["tenants"]["active"], 3);
    ends(at, &["health", "fleet"], 0);
    ends(
        at,
        &["wait", "shared-eastus2-001", "fleet", "--for", "active"],
        0,
    );
    let late = [
        "wait",
        "shared-eastus2-001",
        "fleet",
        "--for",
        "deleted",
        "--timeout",
        "1s",
    ];
    ends(at, &late, 6);
}

#[test]
fn nobody_is_asked_without_a_terminal_and_nothing_is_called() {
    let dir = quickstart();
    let at = dir.path();
    let asked = ends(at, &["apply", "fleet"], 4);
    assert!(asked.err.contains("--auto-approve"));
    assert_eq!(calls(at), 0);
}

/// How often the simulated cloud was changed.
fn calls(at: &Path) -> u64 {
    let show = ends(at, &["sim", "show", "fleet", "--format", "json"], 0);
    let show: serde_json::Value = serde_json::from_str(&show.out).expect("JSON");
    show["calls"]["mutating"].as_u64().expect("a number")
}

#[test]
fn a_saved_plan_is_its_owners_alone_and_leads_back_to_its_fleet() {
    use std::os::unix::fs::PermissionsExt;
    let dir = quickstart();
    let at = dir.path();
    let planned = ends(at, &["plan", "fleet", "--out", "p.json"], 0);
    let mode = fs::metadata(at.join("p.json"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut lines = planned.out.lines().map(str::trim);
    let next = lines.rfind(|line| line.starts_with("stampctl "));
    assert_eq!(next, Some("stampctl apply p.json --fleet fleet"));
    ends(at, &["verify", "p.json"], 0);
    ends(at, &["show", "p.json", "--format", "markdown"], 0);
    ends(at, &["diff", "p.json", "p.json"], 0);
    let dot = ends(at, &["graph", "p.json"], 0);
    assert!(dot.out.contains("digraph"));
    // What `--format json` prints is a plan file too.
    let json = ends(at, &["plan", "fleet", "--format", "json"], 0);
    assert_eq!(
        json.out.as_bytes(),
        fs::read(at.join("p.json")).expect("there")
    );
    ends(at, &["apply", "p.json"], 1);
    ends(at, &["apply", "p.json", "--fleet", "fleet"], 0);
    let again = ends(at, &["apply", "p.json", "--fleet", "fleet"], 0);
    assert!(again.out.contains("Nothing to do"));
}

#[test]
fn no_symbolic_link_is_written_through() {
    let dir = quickstart();
    let at = dir.path();
    fs::write(at.join("victim"), "mine").expect("written");
    std::os::unix::fs::symlink("victim", at.join("p.json")).expect("a link");
    ends(at, &["plan", "fleet", "--out", "p.json"], 1);
    assert_eq!(
        fs::read_to_string(at.join("victim")).expect("there"),
        "mine"
    );
}

#[test]
fn an_altered_plan_is_damaged_and_calls_nothing() {
    let dir = quickstart();
    let at = dir.path();
    ends(at, &["plan", "fleet", "--out", "p.json"], 0);
    let text = fs::read_to_string(at.join("p.json")).expect("there");
    let altered = text.replacen("\"users\":150", "\"users\":151", 1);
    assert!(altered != text, "the plan has this line");
    for (name, text) in [
        ("a.json", altered.as_str()),
        ("b.json", &text[..text.len() / 2]),
    ] {
        fs::write(at.join(name), text).expect("written");
        ends(at, &["apply", name, "--fleet", "fleet"], 9);
        ends(at, &["approve", name], 9);
    }
    assert_eq!(calls(at), 0);
    // A blank that JSON does not mind is a change as well.
    fs::write(at.join("c.json"), format!("{text} ")).expect("written");
    ends(at, &["apply", "c.json", "--fleet", "fleet"], 9);
    assert_eq!(calls(at), 0);
}

#[test]
fn an_approval_counts_only_by_the_operators_trust() {
    let dir = quickstart();
    let at = dir.path();
    let manifest = at.join("fleet/fleet.yaml");
    let text = fs::read_to_string(&manifest).expect("there");
    fs::write(
        &manifest,
        format!("{text}\npolicy: {{ approvals: {{ minimum: 1 }} }}\n"),
    )
    .expect("written");
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).expect("a key");
    let pem = key.to_openssh(LineEnding::LF).expect("a key");
    fs::write(at.join("key"), pem.as_bytes()).expect("written");
    let public = key.public_key().to_openssh().expect("a key");
    fs::write(at.join("trust"), format!("ann@example.com {public}\n")).expect("written");

    let fresh = ends(at, &["apply", "fleet", "--auto-approve"], 4);
    assert!(fresh.err.contains("stampctl approve"), "{}", fresh.err);
    ends(at, &["plan", "fleet", "--out", "p.json"], 0);
    let apply = ["apply", "p.json", "--fleet", "fleet", "--trust", "trust"];
    ends(at, &apply, 4);
    let sign = [
        "approve",
        "p.json",
        "--key",
        "key",
        "--as",
        "ann@example.com",
        "--fleet",
        "fleet",
    ];
    let signed = ends(at, &sign, 0);
    assert!(signed.err.contains("expires:") && signed.err.contains("fleet: quickstart"));
    // The signature is there, and nobody trusts its key.
    ends(at, &["apply", "p.json", "--fleet", "fleet"], 4);
    assert_eq!(calls(at), 0);
    let mut two = apply.to_vec();
    two.extend(["--min-approvals", "2"]);
    ends(at, &two, 4);
    ends(at, &apply, 0);
}

#[test]
fn the_second_apply_is_told_who_holds_the_lock() {
    let dir = quickstart();
    let at = dir.path();
    ends(at, &["plan", "fleet", "--out", "p.json"], 0);
    // The lock is what another process holds: here, this one.
    let own = at.join("fleet/.stampctl");
    fs::create_dir_all(&own).expect("a folder");
    let lock = fs::File::create(own.join("lock")).expect("a file");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).expect("free");
    let holder = serde_json::json!({
        "run": "0123456789ab-abcdef", "pid": 4711, "host": "elsewhere", "user": "somebody",
        "purpose": "apply", "since": "2026-01-01T00:00:00Z", "epoch": 1
    });
    fs::write(own.join("lock"), holder.to_string()).expect("written");
    let second = ends(at, &["apply", "p.json", "--fleet", "fleet"], 8);
    assert!(
        second.err.contains("somebody@elsewhere pid 4711"),
        "{}",
        second.err
    );
    assert!(
        second.err.contains("stampctl unlock 0123456789ab-abcdef"),
        "{}",
        second.err
    );
    drop(lock);
    ends(at, &["apply", "p.json", "--fleet", "fleet"], 0);
}

#[test]
fn a_failed_step_leaves_a_run_that_goes_on() {
    let dir = quickstart();
    let at = dir.path();
    let inject = [
        "sim",
        "inject",
        "fail_before",
        "fleet",
        "--class",
        "denied",
        "--kind",
        "scale_set",
        "--times",
        "1",
    ];
    ends(at, &inject, 0);
    let failed = ends(
        at,
        &["apply", "fleet", "--auto-approve", "--json-into", "ev.json"],
        7,
    );
    assert!(failed.out.contains("To go on:"), "{}", failed.out);
    let status = ends(at, &["status", "fleet"], 0);
    assert!(status.out.contains("is not finished"));
    let resumed = ends(at, &["apply", "fleet"], 0);
    assert!(resumed.err.contains("going on with it"), "{}", resumed.err);
    ends(at, &["plan", "fleet", "--detailed-exitcode"], 0);

    let events = fs::read_to_string(at.join("ev.json")).expect("there");
    let events: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (event, number) in events.iter().zip(1_u64..) {
        assert_eq!(event["sequence"], number);
    }
    let last = events.last().expect("an event");
    assert_eq!(
        (&last["event"], &last["exit"]),
        (&"finished".into(), &7.into())
    );
}

#[test]
fn a_process_that_dies_in_the_middle_is_taken_up_again() {
    let dir = quickstart();
    let at = dir.path();
    // An undisturbed run, to compare with.
    let other = quickstart();
    ends(other.path(), &["apply", "fleet", "--auto-approve"], 0);
    fs::write(
        at.join("fleet/world.yaml"),
        "subscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }\n\
         quota_groups:\n  - { name: qg-shared-stamps, management_group: mg-platform, \
         subscriptions: [shared-eastus2], limits: [{ region: eastus2, \
         family: standardDSv5Family, cores: 640 }] }\n\
         faults: { allow_die: true, rules: [{ fault: die_after, kind: scale_set, nth: 2 }] }\n",
    )
    .expect("written");
    let manifest = at.join("fleet/fleet.yaml");
    let text = fs::read_to_string(&manifest).expect("there");
    let text = text.replace("sim: {}", "sim: { world: world.yaml }");
    fs::write(&manifest, text).expect("written");
    let died = run(at, &["apply", "fleet", "--auto-approve"]);
    assert_eq!(died.code, -1, "{}\n{}", died.out, died.err);
    let resumed = ends(at, &["apply", "fleet"], 0);
    assert!(resumed.err.contains("going on with it"), "{}", resumed.err);
    ends(at, &["plan", "fleet", "--detailed-exitcode"], 0);
    let ambiguous = 1;
    assert!(calls(at) <= calls(other.path()) + ambiguous);
}

#[test]
fn a_closed_standard_output_changes_nothing() {
    let dir = quickstart();
    let at = dir.path();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command(at, &["apply", "fleet", "--auto-approve"])
        .stdout(writer)
        .output()
        .expect("stampctl runs");
    let ran = ran(&output);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("panic"));
    ends(at, &["plan", "fleet", "--detailed-exitcode"], 0);
}

#[test]
fn an_inventory_is_as_good_as_the_cloud() {
    let dir = quickstart();
    let at = dir.path();
    ends(at, &["observe", "fleet", "--out", "seen.json"], 0);
    let live = ends(at, &["plan", "fleet", "--format", "json"], 0);
    let saved = [
        "plan",
        "fleet",
        "--observed",
        "seen.json",
        "--format",
        "json",
    ];
    assert_eq!(ends(at, &saved, 0).out, live.out);
    fs::write(at.join("seen.json"), "{}").expect("written");
    ends(at, &saved, 1);
}

#[test]
fn a_manifest_with_errors_says_where_and_goes_no_further() {
    let dir = quickstart();
    let at = dir.path();
    let manifest = at.join("fleet/fleet.yaml");
    let text = fs::read_to_string(&manifest).expect("there");
    fs::write(&manifest, text.replace("tier: basic", "tier: bassic")).expect("written");
    for args in [
        &["validate", "fleet"][..],
        &["plan", "fleet"],
        &["apply", "fleet"],
    ] {
        let said = ends(at, args, 1);
        assert!(said.err.contains("fleet/fleet.yaml:"), "{}", said.err);
        assert!(said.err.contains("basic"), "{}", said.err);
    }
    let json = ends(at, &["validate", "fleet", "--format", "json"], 1);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["errors"], 1);
    assert!(!at.join("fleet/.stampctl").exists());
}

#[test]
fn foreign_text_cannot_steer_a_terminal() {
    let dir = quickstart();
    let at = dir.path();
    let wild = "x\u{1b}[2J\u{9b}1A\u{202e}";
    for args in [
        &["explain", wild, "fleet"][..],
        &["show", wild],
        &["validate", wild],
        &["confirm", wild, "fleet"],
        &["sim", "advance", wild, "fleet"],
    ] {
        let said = run(at, args);
        assert_eq!(said.code, 1, "{args:?}");
        for bad in ['\u{1b}', '\u{9b}', '\u{202e}'] {
            assert!(
                !said.err.contains(bad) && !said.out.contains(bad),
                "{args:?}\n{:?}",
                said.err
            );
        }
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let dir = quickstart();
    let at = dir.path();
    let coloured = |vars: &[(&str, &str)]| {
        let mut command = command(at, &["plan", "fleet"]);
        command.envs(vars.iter().copied());
        let ran = ran(&command.output().expect("stampctl runs"));
        assert_eq!(ran.code, 0);
        ran.out.contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn formatting_is_checked_and_done() {
    let dir = quickstart();
    let at = dir.path();
    let manifest = at.join("fleet/fleet.yaml");
    let text = fs::read_to_string(&manifest).expect("there");
    ends(at, &["fmt", "fleet"], 0);
    ends(at, &["fmt", "fleet", "--check"], 0);
    let untidy = text.replace("  sim: {}", "      sim:    {}");
    assert_ne!(untidy, text);
    fs::write(&manifest, &untidy).expect("written");
    ends(at, &["fmt", "fleet", "--check"], 1);
    assert_eq!(fs::read_to_string(&manifest).expect("there"), untidy);
    ends(at, &["fmt", "fleet"], 0);
    ends(at, &["fmt", "fleet", "--check"], 0);
}

#[test]
fn the_other_spelling_gives_the_same_plan() {
    let dir = quickstart();
    let at = dir.path();
    let yaml = ends(at, &["plan", "fleet", "--format", "json"], 0);
    let hcl = ends(at, &["convert", "fleet", "--to", "hcl"], 0);
    fs::create_dir(at.join("twin")).expect("a folder");
    fs::write(at.join("twin/fleet.hcl"), hcl.out).expect("written");
    assert_eq!(
        ends(at, &["plan", "twin", "--format", "json"], 0).out,
        yaml.out
    );
}

#[test]
fn explain_knows_codes_rules_and_what_is_in_the_plan() {
    let dir = quickstart();
    let at = dir.path();
    for what in ["E0101", "o-1", "contoso", "shared-eastus2-001"] {
        let told = ends(at, &["explain", what, "fleet"], 0);
        assert!(told.out.lines().count() > 2, "{what}: {}", told.out);
    }
    ends(at, &["explain", "no-such-thing", "fleet"], 1);
}
