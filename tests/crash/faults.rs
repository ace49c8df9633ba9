//! Every call fails once in every way, and is made twice: the same world, or an honest stop from
//! which it is reached. No quota is ever lost.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl::apply::ApplyOutcome;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Provider as _;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::cases;
use crate::cloud::Mishap;
use crate::sample;
use crate::scenario::Bench;
use crate::scenario::Scenario;
use crate::scenario::assert_same_world;
use crate::scenario::block;

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

/// The classes that a call is tried with: all of them for the fleet that has the most to lose, and
/// for every fleet where many cases are asked for; else each call meets one of them.
fn classes(scenario: &Scenario, number: usize) -> &'static [FaultClass] {
    let all = FaultClass::ALL;
    if scenario.name == "retire" || cases(0) >= 100 {
        return all;
    }
    let at = number % all.len();
    &all[at..=at]
}

#[track_caller]
fn assert_same(bench: &Bench<'_>, calm: &Bench<'_>, codes: &[i32], when: &str) {
    assert_eq!(codes.last(), Some(&0), "{when}: {codes:?}");
    assert_same_world(bench, calm, &format!("{when}: {codes:?}"));
}

#[test]
fn a_call_that_fails_once_is_made_good() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let calls = calm.cloud.orders().calls.len();
        for number in sample(calls, cases(5)) {
            for class in classes(&scenario, number) {
                let bench = scenario.bench();
                // Before the first step the plan's digest is burnt; without that nothing begins.
                let is_burn = calm.cloud.orders().calls[number].0.ends_with("/burn");
                let mishap = Mishap::Fail(fault(*class));
                bench.cloud.orders().mishaps.insert(number, mishap);
                let codes = bench.to_the_end();
                let when = format!("{}: call {number} fails: {class}", scenario.name);
                assert_same(&bench, &calm, &codes, &when);
                if may_pass(*class) {
                    let (calls, most) = (bench.calls(), calm.calls());
                    assert!(calls <= most, "{when}: {calls} calls of {most}");
                } else {
                    assert!(
                        codes.contains(&7) || is_burn && codes.contains(&1),
                        "{when}: {codes:?}"
                    );
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
            for class in classes(&scenario, number) {
                let bench = scenario.bench();
                let mishap = Mishap::Lose(fault(*class));
                bench.cloud.orders().mishaps.insert(number, mishap);
                let codes = bench.to_the_end();
                let when = format!("{}: answer {number} is lost: {class}", scenario.name);
                assert_same(&bench, &calm, &codes, &when);
                let (calls, most) = (bench.calls(), calm.calls() + 1);
                assert!(
                    calls <= most,
                    "{when}: {calls} calls, at most {most}: {codes:?}"
                );
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

#[test]
fn a_call_whose_second_arrival_is_answered_does_what_it_does_once() {
    for scenario in Scenario::examples() {
        let calm = scenario.undisturbed();
        let calls = calm.cloud.orders().calls.len();
        for number in sample(calls, cases(8)) {
            let bench = scenario.bench();
            let mishap = Mishap::TwiceHeardLate;
            bench.cloud.orders().mishaps.insert(number, mishap);
            let codes = bench.to_the_end();
            let when = format!("{}: call {number}", scenario.name);
            assert_same(&bench, &calm, &codes, &when);
        }
    }
}

/// A hold that is set while the source is soaking stops the run; it takes nothing back, because
/// the tenant has been living on its new stamp for a day.
#[test]
fn a_tenant_that_has_moved_keeps_its_new_home() {
    let scenario = Scenario::named("retire");
    let bench = scenario.bench();
    let soaking = bench.apply().expect("nobody dies");
    assert_eq!(soaking.exit_code(), 6, "{soaking:?}");
    let homes = |bench: &Bench<'_>| {
        let mut found = bench.picture();
        found.retain(|(address, _)| address.contains("-00") && address.contains("contoso"));
        found
    };
    hold(&bench, true);
    let before = homes(&bench);
    assert!(before.len() >= 4, "data on two stamps: {before:#?}");
    let mut codes = Vec::new();
    while !codes.contains(&7) {
        assert!(codes.len() < 20, "{codes:?}");
        let outcome = bench.apply().expect("nobody dies");
        codes.push(outcome.exit_code());
        assert!(bench.goes_on(&outcome), "{codes:?} {outcome:?}");
    }
    assert_eq!(homes(&bench), before);
    hold(&bench, false);
    let codes = bench.to_the_end();
    assert_same(&bench, &scenario.undisturbed(), &codes, "held for a while");
}

/// Somebody sets or lifts a legal hold on a tenant.
fn hold(bench: &Bench<'_>, held: bool) {
    let address = Address::new(Kind::RegistryItem, &["registry", "tenants", "contoso"]);
    let settings = BTreeMap::from([("held".into(), Value::Bool(held))]);
    let operation = Operation {
        address: address.expect("an address"),
        verb: Verb::Patch { settings },
        precondition: Precondition::Any,
    };
    block(bench.cloud.sim.perform(&operation, &format!("hold-{held}"))).expect("written");
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
            .filter(|key| !key.ends_with("/burn"))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for number in sample(keys.len(), cases(5)) {
            let (key, class) = (
                &keys[number],
                FaultClass::ALL[number % FaultClass::ALL.len()],
            );
            let when = format!("{}: {key} never works: {class}", scenario.name);
            let bench = scenario.bench();
            bench
                .cloud
                .orders()
                .broken
                .insert(key.clone(), fault(class));
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
                    // What was asked for is so already, and that is looked for after a conflict.
                    ApplyOutcome::Done(_) if class == FaultClass::Conflict => break,
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
