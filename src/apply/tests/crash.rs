//! Killed anywhere, any number of times, the run ends in the same world.

use super::super::tests_support::cloud::Wrong;
use super::super::tests_support::memory::Kept;
use super::*;

fn undisturbed() -> Bench {
    let bench = Bench::new(plans::journey());
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    bench
}

/// The world is the undisturbed one, with at most so many calls more.
fn assert_same(bench: &Bench, undisturbed: &Bench, ambiguous: usize, when: &str) {
    assert_eq!(bench.cloud.picture(), undisturbed.cloud.picture(), "{when}");
    let (calls, most) = (bench.cloud.calls(), undisturbed.cloud.calls() + ambiguous);
    assert!(calls <= most, "{when}: {calls} calls, at most {most}");
}

#[test]
fn a_write_that_fails_is_followed_by_no_call_and_the_run_is_resumed() {
    let undisturbed = undisturbed();
    let appends = undisturbed.store.files().appends;
    assert!(appends > 15, "the journey writes often: {appends}");
    for number in 0..appends {
        for kept in [Kept::Nothing, Kept::Half, Kept::All] {
            let when = format!("append {number}, kept {kept:?}");
            let bench = Bench::new(plans::journey());
            bench.store.files().fails = Some((number, kept));
            bench.store.files().watched = Some(bench.cloud.clone());
            // The first run, up to the failure. A call after it would be one of the dead.
            let outcome = block(bench.apply());
            if bench.store.files().failed {
                assert!(
                    matches!(outcome, ApplyOutcome::Broken(_)),
                    "{when}: {outcome:?}"
                );
                assert_eq!(outcome.exit_code(), 1);
            }
            let end = block(bench.to_the_end());
            assert_eq!(end.exit_code(), 0, "{when}: {end:?}");
            assert_same(&bench, &undisturbed, 1, &when);
        }
    }
}

#[test]
fn a_process_that_dies_at_a_call_is_resumed() {
    let undisturbed = undisturbed();
    for number in 0..undisturbed.cloud.calls() {
        for wrong in [Wrong::DieBefore, Wrong::DieAfter] {
            let when = format!("call {number}, {wrong:?}");
            let bench = Bench::new(plans::journey());
            bench.cloud.world().wrong.insert(number, wrong);
            let end = block(bench.to_the_end());
            assert_eq!(end.exit_code(), 0, "{when}: {end:?}");
            assert_same(&bench, &undisturbed, 1, &when);
        }
    }
}

#[test]
fn a_process_that_dies_at_every_call_is_resumed() {
    let undisturbed = undisturbed();
    let bench = Bench::new(plans::journey());
    for number in 0..undisturbed.cloud.calls() {
        bench.cloud.world().wrong.insert(number, Wrong::DieAfter);
    }
    let end = block(bench.to_the_end());
    assert_eq!(end.exit_code(), 0, "{end:?}");
    assert_same(
        &bench,
        &undisturbed,
        undisturbed.cloud.calls(),
        "every call",
    );
}

/// The journal is cut behind each of its records while the world keeps everything: as if the
/// process had died right after that record, with its calls under way.
#[test]
fn every_prefix_of_the_journal_resumes_to_the_same_world() {
    let undisturbed = undisturbed();
    let journals = undisturbed.store.files().journals.clone();
    let (run, bytes) = journals.first_key_value().expect("there is a run");
    let records = bytes.split_inclusive(|b| *b == b'\n').count();
    // A world that goes with each prefix: the process dies when it would write the next record.
    let mut lengths = std::collections::BTreeSet::new();
    for number in 0..undisturbed.store.files().appends {
        let bench = Bench::new(plans::journey());
        bench.store.files().fails = Some((number, Kept::All));
        for _ in 0..5 {
            if matches!(block(bench.apply()), ApplyOutcome::Broken(_)) {
                break;
            }
            let due = bench.cloud.world().now;
            bench.cloud.advance(
                due.checked_add(jiff::SignedDuration::from_hours(25))
                    .expect("a time"),
            );
        }
        let whole = bench
            .store
            .files()
            .journals
            .get(run)
            .cloned()
            .unwrap_or_default();
        lengths.insert(whole.split(|b| *b == b'\n').count());
        let end = block(bench.to_the_end());
        assert_eq!(end.exit_code(), 0, "append {number}: {end:?}");
        assert_same(&bench, &undisturbed, 1, &format!("append {number}"));
    }
    assert!(
        lengths.len() * 3 > records,
        "{} of {records}",
        lengths.len()
    );
}
