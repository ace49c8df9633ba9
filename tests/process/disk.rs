//! A disk that is full stops the run at once, with a clear message, and the run goes on later.

use std::process::Command;

use crate::fleet::Fleet;
use crate::fleet::Ran;

const APPLY: &[&str] = &["apply", "fleet", "--auto-approve"];

/// Applies with files that may not grow beyond so many blocks of 512 bytes.
fn limited(fleet: &Fleet, blocks: usize) -> Ran {
    let stampctl = env!("CARGO_BIN_EXE_stampctl");
    let script =
        format!("trap '' XFSZ; ulimit -f {blocks}; exec '{stampctl}' apply fleet --auto-approve");
    Command::new("sh")
        .args(["-c", &script])
        .current_dir(fleet.path(""))
        .env_clear()
        .env("USER", "tester")
        .env("POSIXLY_CORRECT", "1")
        .output()
        .expect("a shell runs")
        .into()
}

#[test]
fn a_run_that_can_write_no_more_says_so_and_goes_on_later() {
    let calm = Fleet::copy("quickstart");
    calm.to_the_end(APPLY);
    let mut stopped = 0;
    for blocks in [4, 24, 48, 64, 96, 128, 192, 256] {
        let fleet = Fleet::copy("quickstart");
        let ran = limited(&fleet, blocks);
        let when = format!("{blocks} blocks\n{}\n{}", ran.out, ran.err);
        assert!(matches!(ran.code, 0 | 1 | 7), "{}: {when}", ran.code);
        if ran.code != 0 {
            stopped += 1;
            assert!(ran.err.contains("File too large"), "{when}");
        }
        let codes = fleet.to_the_end(APPLY);
        assert_eq!(codes.last(), Some(&0), "{codes:?} {when}");
        assert_eq!(fleet.picture(), calm.picture(), "{when}");
        let (calls, most) = (fleet.calls(), calm.calls() + 10);
        assert!(calls <= most, "{calls} calls, at most {most}: {when}");
    }
    assert!(stopped > 1, "no limit stopped a run");
}

/// The journal alone is on a disk that is full. Needs the right to mount one; where that is
/// missing, the limit of the test above has to do.
#[test]
fn no_call_follows_a_journal_that_cannot_be_written() {
    let fleet = Fleet::copy("quickstart");
    let folder = fleet.path("fleet/.stampctl/journal");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8k,mode=0700", "tmpfs"])
        .arg(&folder)
        .output();
    if !mount.is_ok_and(|ran| ran.status.success()) {
        return;
    }
    let full = fleet.run(APPLY);
    let calls = fleet.calls();
    let still = fleet.run(APPLY);
    let after = fleet.calls();
    let grown = Command::new("mount")
        .args(["-o", "remount,size=8m"])
        .arg(&folder)
        .output();
    let rest = fleet.run(APPLY);
    let unmounted = Command::new("umount").arg("-l").arg(&folder).output();
    assert_eq!(full.code, 1, "{}\n{}", full.out, full.err);
    assert!(full.err.contains("No space left"), "{}", full.err);
    assert_eq!(still.code, 1, "{}\n{}", still.out, still.err);
    assert_eq!(calls, after, "no call where nothing can be written");
    assert!(grown.is_ok_and(|ran| ran.status.success()));
    assert!(unmounted.is_ok_and(|ran| ran.status.success()));
    assert_eq!(rest.code, 0, "{}\n{}", rest.out, rest.err);
}
