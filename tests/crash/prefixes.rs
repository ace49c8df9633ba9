//! A process that dies at any write of its journal, whole or torn, or at any call, is resumed to
//! the same world.

use crate::cases;
use crate::cloud::Mishap;
use crate::sample;
use crate::scenario::Bench;
use crate::scenario::Scenario;
use crate::scenario::assert_same_world;
use crate::store::LastWrite;

/// Every place at which a journal can be cut: before each write, behind each of its records, and
/// in the middle of each.
fn cuts(writes: &[Vec<u8>]) -> Vec<LastWrite> {
    let mut cuts = Vec::new();
    for (number, write) in writes.iter().enumerate() {
        let mut at = 0;
        cuts.push(LastWrite { number, bytes: 0 });
        for line in write.split_inclusive(|byte| *byte == b'\n') {
            for bytes in [1, line.len() / 2, line.len() - 1, line.len()] {
                cuts.push(LastWrite {
                    number,
                    bytes: at + bytes,
                });
            }
            at += line.len();
        }
    }
    cuts
}

/// Lets the process die once, resumes, and compares with the run that nothing disturbed.
fn dies_once(scenario: &Scenario, calm: &Bench<'_>, order: impl FnOnce(&Bench<'_>), when: &str) {
    let bench = scenario.bench();
    order(&bench);
    let mut codes = Vec::new();
    let mut ambiguous = 0;
    // Up to the death, as far as there is one: the last of these runs is the dead one.
    while codes.len() < 20 {
        match bench.apply() {
            None => {
                ambiguous = bench.ambiguous();
                break;
            }
            Some(outcome) => {
                codes.push(outcome.exit_code());
                if !bench.goes_on(&outcome) {
                    break;
                }
            }
        }
    }
    let rest = bench.to_the_end();
    assert_eq!(rest.last(), Some(&0), "{when}: {codes:?} {rest:?}");
    assert_same_world(&bench, calm, &format!("{when}: {codes:?} {rest:?}"));
    let (calls, most) = (bench.calls(), calm.calls() + ambiguous);
    assert!(calls <= most, "{when}: {calls} calls, at most {most}");
}

#[test]
fn every_prefix_of_the_journal_is_resumed_to_the_same_world() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let cuts = cuts(&calm.store.files().writes);
        for at in sample(cuts.len(), cases(16)) {
            let cut = cuts[at];
            let when = format!("{}: {cut:?}", scenario.name);
            let order = |bench: &Bench<'_>| bench.store.files().last = Some(cut);
            dies_once(&scenario, &calm, order, &when);
        }
    }
}

#[test]
fn a_process_that_dies_at_any_call_is_resumed_to_the_same_world() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let calls = calm.cloud.orders().calls.len();
        for number in sample(calls, cases(8)) {
            for mishap in [Mishap::DieBefore, Mishap::DieAfter] {
                let when = format!("{}: call {number}, {mishap:?}", scenario.name);
                let order = |bench: &Bench<'_>| {
                    bench.cloud.orders().mishaps.insert(number, mishap);
                };
                dies_once(&scenario, &calm, order, &when);
            }
        }
    }
}

#[test]
fn a_process_that_dies_at_every_call_gets_there_all_the_same() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let bench = scenario.bench();
        let calls = calm.cloud.orders().calls.len();
        for number in 0..calls {
            bench
                .cloud
                .orders()
                .mishaps
                .insert(number, Mishap::DieAfter);
        }
        let codes = bench.to_the_end();
        let deaths = codes.iter().filter(|code| **code == -1).count();
        assert!(deaths > 0, "{}: {codes:?}", scenario.name);
        assert_same_world(&bench, &calm, &scenario.name);
        let most = 2 * calm.calls();
        assert!(
            bench.calls() <= most,
            "{}: {}",
            scenario.name,
            bench.calls()
        );
    }
}
