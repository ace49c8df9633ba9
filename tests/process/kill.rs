//! Killed at random moments, any number of times, the real program ends in the same world.

use std::io::BufRead as _;
use std::io::BufReader;

use stampctl::journal::StepStatus;
use stampctl::store;
use stampctl::store::LocalStore;

use crate::Dice;
use crate::cases;
use crate::fleet::Fleet;

const APPLY: &[&str] = &["apply", "fleet", "--auto-approve"];

#[test]
fn a_killed_process_is_resumed_to_the_same_world() {
    for example in ["quickstart", "retire"] {
        let calm = Fleet::copy(example);
        let codes = calm.to_the_end(APPLY);
        assert!(codes.iter().all(|code| matches!(code, 0 | 6)), "{codes:?}");
        let (picture, calls) = (calm.picture(), calm.calls());
        let mut killed = 0;
        for seed in 0..cases(4) {
            let fleet = Fleet::copy(example);
            let mut dice = Dice(seed as u64);
            let mut ambiguous = 0;
            // Kills, then a run to the end; the kills come early, where most is to be done.
            for _ in 0..=dice.roll(4) {
                let lines = dice.roll(12);
                if kill_after(&fleet, lines) {
                    killed += 1;
                    ambiguous += in_doubt(&fleet);
                }
            }
            let when = format!("{example}, seed {seed}");
            let codes = fleet.to_the_end(APPLY);
            assert!(
                codes.iter().all(|code| matches!(code, 0 | 6)),
                "{when}: {codes:?}"
            );
            assert_eq!(fleet.picture(), picture, "{when}");
            let (now, most) = (fleet.calls(), calls + ambiguous);
            assert!(now <= most, "{when}: {now} calls, at most {most}");
        }
        assert!(killed > 0, "{example}: no process was killed in time");
    }
}

/// Applies, and kills the process once it has said so many lines; whether it was still there.
fn kill_after(fleet: &Fleet, lines: usize) -> bool {
    let mut child = fleet.command(APPLY).spawn().expect("stampctl runs");
    let said = BufReader::new(child.stderr.take().expect("a pipe"));
    let _ = said.lines().nth(lines);
    let gone = child.try_wait().expect("a child").is_some();
    child.kill().expect("killed or gone");
    let status = child.wait().expect("a child");
    !gone && status.code().is_none()
}

/// Calls that the journal knows to have begun and not to have ended.
fn in_doubt(fleet: &Fleet) -> u64 {
    let folder = fleet.path("fleet/.stampctl");
    if !folder.exists() {
        return 0;
    }
    let store = LocalStore::open(&folder).expect("a store");
    let runs = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(store::unfinished(&store, jiff::Timestamp::MIN))
        .expect("the journal can be read");
    let mut calls = 0;
    for run in runs {
        let progress = run.progress();
        let open = progress.steps().filter(|(_, step)| {
            matches!(step.status, StepStatus::Started | StepStatus::Unknown) && step.call.is_some()
        });
        calls += open.count() as u64 + u64::from(progress.burning && !progress.burnt);
    }
    calls
}
