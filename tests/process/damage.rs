//! A journal or a kept plan that was altered stops everything: exit code 9, and no call.

use crate::Dice;
use crate::cases;
use crate::fleet::Fleet;

const APPLY: &[&str] = &["apply", "fleet", "--auto-approve"];

/// A fleet whose run waits for a soak.
fn soaking() -> Fleet {
    let fleet = Fleet::copy("retire");
    fleet.ends(APPLY, 6);
    fleet
}

#[test]
fn an_altered_journal_stops_everything() {
    let fleet = soaking();
    let (journal, calls) = (fleet.journal(), fleet.calls());
    let good = std::fs::read(&journal).expect("there");
    let last = good.len()
        - good
            .iter()
            .rev()
            .skip(1)
            .position(|b| *b == b'\n')
            .expect("lines")
        - 1;
    let mut dice = Dice(9);
    for _ in 0..cases(12) {
        let at = dice.roll(good.len() - 1);
        let mut bad = good.clone();
        bad[at] ^= 1 << dice.roll(7);
        if bad[at] == b'\n' || good[at] == b'\n' {
            continue;
        }
        std::fs::write(&journal, &bad).expect("written");
        let ran = fleet.ends(APPLY, 9);
        assert!(ran.err.contains("damaged"), "byte {at}: {}", ran.err);
        assert_eq!(fleet.calls(), calls, "byte {at}");
    }
    // A record that is missing from the middle is damage as well, and so is a whole one too many.
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let without: Vec<u8> = [&lines[..5], &lines[6..]].concat().concat();
    let twice: Vec<u8> = [&lines[..6], &lines[5..]].concat().concat();
    for bad in [without, twice] {
        std::fs::write(&journal, &bad).expect("written");
        fleet.ends(APPLY, 9);
        assert_eq!(fleet.calls(), calls);
    }
    // A torn last record is what a crash leaves, and no damage.
    std::fs::write(&journal, &good[..usize::midpoint(last, good.len())]).expect("written");
    fleet.ends(APPLY, 6);
    assert_eq!(fleet.calls(), calls);
}

#[test]
fn an_altered_plan_beside_the_fleet_stops_everything() {
    let fleet = soaking();
    let calls = fleet.calls();
    let mut plans = std::fs::read_dir(fleet.path("fleet/.stampctl/plans")).expect("plans");
    let plan = plans.next().expect("a plan").expect("an entry").path();
    let good = std::fs::read(&plan).expect("there");
    let mut dice = Dice(17);
    for _ in 0..cases(6) {
        let at = dice.roll(good.len());
        let mut bad = good.clone();
        bad[at] ^= 1 << dice.roll(7);
        std::fs::write(&plan, &bad).expect("written");
        fleet.ends(APPLY, 9);
        assert_eq!(fleet.calls(), calls, "byte {at}");
    }
    std::fs::remove_file(&plan).expect("removed");
    fleet.ends(APPLY, 9);
    assert_eq!(fleet.calls(), calls);
    std::fs::write(&plan, &good).expect("written");
    assert_eq!(fleet.to_the_end(APPLY).last(), Some(&0));
}
