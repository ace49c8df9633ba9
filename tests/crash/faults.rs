//! Every call fails once in every way, and is made twice: the same world, or an honest stop from
//! which it is reached. No quota is ever lost.

use std::collections::BTreeSet;

use stampctl::apply::ApplyOutcome;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

use crate::cases;
use crate::cloud::Mishap;
use crate::sample;
use crate::scenario::Bench;
use crate::scenario::Scenario;

/// Whether a fault of this class may pass by itself, so that a run does not even stop.
fn may_pass(class: FaultClass) -> bool {
    use FaultClass as C;
    matches!(class, C::Transient | C::Throttled | C::Conflict)
}

fn fault(class: FaultClass) -> Fault {
    let fault = Fault::new(class, "Injected", "a fault of the test");
    match class {
        FaultClass::Throttled => fault.retry_after(30),
        _ => fault,
    }
}

#[track_caller]
fn assert_same(bench: &Bench<'_>, calm: &Bench<'_>, codes: &[i32], when: &str) {
    assert_eq!(codes.last(), Some(&0), "{when}: {codes:?}");
    let lost = bench.cloud.sim.lost_quota().expect("counts");
    assert!(lost.is_empty(), "{when}: {lost:?}");
    assert_eq!(bench.picture(), calm.picture(), "{when}: {codes:?}");
}

#[test]
fn a_call_that_fails_once_is_made_good() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let calls = calm.cloud.orders().calls.len();
        for number in sample(calls, cases(5)) {
            for class in FaultClass::ALL {
                let bench = scenario.bench();
                let mishap = Mishap::Fail(fault(*class));
                bench.cloud.orders().mishaps.insert(number, mishap);
                let codes = bench.to_the_end();
                let when = format!("{}: call {number} fails: {class}", scenario.name);
                assert_same(&bench, &calm, &codes, &when);
                if may_pass(*class) {
                    let (calls, most) = (bench.calls(), calm.calls());
                    assert!(calls <= most, "{when}: {calls} calls of {most}");
                } else {
                    assert!(codes.contains(&7), "{when}: {codes:?}");
                }
            }
        }
    }
}

#[test]
fn a_call_whose_answer_is_lost_is_not_made_again() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let calls = calm.cloud.orders().calls.len();
        for number in sample(calls, cases(5)) {
            for class in FaultClass::ALL {
                let bench = scenario.bench();
                let mishap = Mishap::Lose(fault(*class));
                bench.cloud.orders().mishaps.insert(number, mishap);
                let codes = bench.to_the_end();
                let when = format!("{}: answer {number} is lost: {class}", scenario.name);
                assert_same(&bench, &calm, &codes, &when);
                let (calls, most) = (bench.calls(), calm.calls() + 1);
                assert!(calls <= most, "{when}: {calls} calls, at most {most}: {codes:?}");
            }
        }
    }
}

#[test]
fn a_call_that_arrives_twice_does_what_it_does_once() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let bench = scenario.bench();
        bench.cloud.orders().always = Some(Mishap::Twice);
        let codes = bench.to_the_end();
        assert_same(&bench, &calm, &codes, &scenario.name);
    }
}

/// While a call fails, whatever is tried, everything that does not stand on it is done, the run
/// says 7, and nothing is lost; once the call works, the run goes on to its end.
#[test]
fn a_call_that_never_works_stops_the_run_until_it_does() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let keys: Vec<String> = calm
            .cloud
            .orders()
            .calls
            .iter()
            .map(|(key, _)| key.clone())
            .filter(|key| key.starts_with(scenario.plan.seal.digest.short()))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for number in sample(keys.len(), cases(5)) {
            let (key, class) = (&keys[number], FaultClass::ALL[number % FaultClass::ALL.len()]);
            let when = format!("{}: {key} never works: {class}", scenario.name);
            let bench = scenario.bench();
            bench.cloud.orders().broken.insert(key.clone(), fault(class));
            let mut failures = 0;
            let mut codes = Vec::new();
            while failures < 3 {
                assert!(codes.len() < 40, "{when}: {codes:?}");
                let outcome = bench.apply().expect("nobody dies");
                codes.push(outcome.exit_code());
                match &outcome {
                    ApplyOutcome::Failed(_) => failures += 1,
                    ApplyOutcome::Paused(_) => {
                        bench.goes_on(&outcome);
                    }
                    other => panic!("{when}: {codes:?} {other:?}"),
                }
            }
            let lost = bench.cloud.sim.lost_quota().expect("counts");
            assert!(lost.is_empty(), "{when}: {lost:?}");
            bench.cloud.orders().broken.clear();
            let codes = bench.to_the_end();
            assert_same(&bench, &calm, &codes, &when);
        }
    }
}
