//! Planned faults: what the caller sees, and what happened all the same.

use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Scope;
use stampctl_contract::conformance;
use stampctl_sim::CallVerb;
use stampctl_sim::FaultRule;
use stampctl_sim::FaultWord;

use crate::bench::ALLOCATION;
use crate::bench::Bench;
use crate::bench::GROUP;
use crate::bench::fleet;
use crate::bench::fleet_with;
use crate::bench::now;
use crate::bench::put;

fn plan(cloud: &Bench, fault: FaultWord) {
    let mut rule = FaultRule::new(fault);
    rule.kind = Some(Kind::QuotaAllocation);
    rule.nth = Some(1);
    cloud.0.inject(rule).expect("a rule");
}

fn scope() -> Scope {
    Scope {
        subscriptions: vec!["s1".into(), "s2".into()],
        quota_groups: vec![("mg".into(), "qg".into())],
        registry: "contoso".into(),
    }
}

const MORE: &str = r#"{"cores": 200}"#;

#[test]
fn a_fault_before_the_effect_changes_nothing_of_each_class() {
    for class in FaultClass::ALL {
        let cloud = fleet();
        let mut rule = FaultRule::new(FaultWord::FailBefore);
        rule.class = Some(*class);
        rule.nth = Some(1);
        cloud.0.inject(rule).expect("a rule");
        let fault = cloud.try_do(&put(ALLOCATION, MORE)).expect_err("a fault");
        assert_eq!((fault.class, fault.ambiguous), (*class, false));
        assert_eq!(cloud.int(ALLOCATION, "cores"), 128);
        cloud.done(&put(ALLOCATION, MORE));
        assert_eq!(cloud.0.calls().expect("a count").mutating, 2);
    }
}

#[test]
fn a_fault_after_the_effect_leaves_the_caller_in_doubt() {
    let cloud = fleet();
    plan(&cloud, FaultWord::FailAfter);
    let fault = cloud.try_do(&put(ALLOCATION, MORE)).expect_err("a fault");
    assert!(fault.ambiguous);
    assert_eq!(cloud.int(ALLOCATION, "cores"), 200);
}

#[test]
fn a_throttle_says_how_long_to_wait() {
    let cloud = fleet();
    plan(&cloud, FaultWord::Throttle);
    let fault = cloud.try_do(&put(ALLOCATION, MORE)).expect_err("a fault");
    assert_eq!(fault.class, FaultClass::Throttled);
    assert_eq!(fault.retry_after_seconds, Some(30));
}

#[test]
fn what_never_ends_never_ends_and_blocks_nobody() {
    let cloud = fleet();
    plan(&cloud, FaultWord::NeverComplete);
    let Ok(Outcome::Accepted(ticket)) = cloud.try_do(&put(ALLOCATION, MORE)) else {
        panic!("it is accepted");
    };
    cloud.pass(u32::MAX);
    assert_eq!(now(cloud.0.poll(&ticket)), Ok(Outcome::Accepted(ticket)));
    assert_eq!(cloud.int(ALLOCATION, "cores"), 128);
    cloud.done(&put(ALLOCATION, MORE));
}

#[test]
fn a_lie_reports_what_did_not_happen() {
    let cloud = fleet();
    plan(&cloud, FaultWord::Lie);
    cloud.done(&put(ALLOCATION, MORE));
    cloud.pass(86_400);
    assert_eq!(cloud.int(ALLOCATION, "cores"), 128);
    assert_eq!(cloud.int(GROUP, "available"), 512);
}

#[test]
fn a_late_effect_comes_later() {
    let cloud = fleet();
    plan(&cloud, FaultWord::Late);
    cloud.done(&put(ALLOCATION, MORE));
    cloud.pass(29);
    assert_eq!(cloud.int(GROUP, "available"), 512);
    cloud.pass(1);
    assert_eq!(cloud.int(GROUP, "available"), 440);
}

#[test]
fn nobody_dies_where_the_world_does_not_allow_it() {
    let cloud = fleet();
    plan(&cloud, FaultWord::DieBefore);
    cloud.done(&put(ALLOCATION, MORE));
}

#[test]
fn a_rule_strikes_only_what_it_names() {
    let cloud = fleet_with(
        "faults: { rules: [ { fault: fail_before, address: 'quota_allocation/*/s2/*' },\n\
         { fault: fail_before, key: step-7 } ] }",
    );
    cloud.done(&put(ALLOCATION, MORE));
    let other = put("quota_allocation/mg/qg/s2/eastus2/standardDSv5Family", MORE);
    assert!(cloud.try_do(&other).is_err());
    let back = put(ALLOCATION, r#"{"cores": 128}"#);
    assert!(now(cloud.0.perform(&back, "plan/step-7/1")).is_err());
    assert!(now(cloud.0.perform(&back, "plan/step-8/1")).is_ok());
}

#[test]
fn a_read_that_fails_is_a_fault_and_a_look_that_fails_is_a_gap() {
    let cloud = fleet();
    for verb in [CallVerb::Read, CallVerb::List, CallVerb::Observe] {
        let mut rule = FaultRule::new(FaultWord::FailBefore);
        rule.verb = Some(verb);
        rule.class = Some(FaultClass::Denied);
        rule.address = Some("stamp_metrics/s1/*".into());
        cloud.0.inject(rule).expect("a rule");
    }
    let metrics = crate::bench::at("stamp_metrics/s1/rg-stamp-a");
    let fault = now(cloud.0.read(&metrics)).expect_err("a fault");
    assert_eq!(fault.class, FaultClass::Denied);
    let query = Query {
        kind: Some(Kind::StampMetrics),
        beneath: "s1/rg-stamp-a".into(),
        equals: None,
    };
    assert!(now(cloud.0.list(&query)).is_err());
    let seen = now(cloud.0.observe(&scope()));
    assert_eq!(seen.gaps.len(), 1);
    assert!(seen.gaps[0].hides(&metrics));
    assert!(
        !seen
            .resources
            .iter()
            .any(|it| seen.gaps[0].hides(&it.address))
    );
    assert!(
        seen.resources
            .iter()
            .any(|it| it.address.kind() == Kind::Health)
    );
}

#[test]
fn a_look_can_be_a_little_old_and_a_read_is_not() {
    let cloud = fleet_with("switches: { observe_lag_seconds: 60 }");
    let cores = || {
        let seen = now(cloud.0.observe(&scope()));
        let allocation = seen
            .resources
            .iter()
            .find(|it| it.address.to_string() == ALLOCATION);
        allocation.and_then(|it| it.int("cores"))
    };
    cloud.done(&put(ALLOCATION, MORE));
    assert_eq!(cloud.int(ALLOCATION, "cores"), 200);
    assert_eq!(cores(), Some(128));
    cloud.pass(30);
    cloud.done(&put(ALLOCATION, r#"{"cores": 300}"#));
    cloud.pass(30);
    assert_eq!(cores(), Some(200));
    cloud.pass(30);
    assert_eq!(cores(), Some(300));
}

/// The laws of every provider are no laws if a cloud that breaks them passes.
#[test]
fn a_cloud_that_lies_is_found_out() {
    for (fault, kind) in [
        (FaultWord::Lie, Kind::QuotaAllocation),
        (FaultWord::Lie, Kind::ResourceGroup),
        (FaultWord::Lie, Kind::SqlDatabase),
        (FaultWord::Lie, Kind::RegistryItem),
        (FaultWord::FailAfter, Kind::ScaleSet),
    ] {
        let make = || {
            let sim = crate::bench::ground();
            let mut rule = FaultRule::new(fault);
            rule.kind = Some(kind);
            sim.0.inject(rule).expect("a rule");
            sim
        };
        assert!(
            now(conformance::check(make)).is_err(),
            "{fault:?} of {kind} passed"
        );
    }
}

/// The file that tells [`child`] that it is one, and how it is to die.
const MARK: &str = "die";

/// A process that dies in the middle of a call, where its folder says so; else nothing.
#[test]
fn child() {
    let here = std::path::Path::new(".");
    let Ok(how) = std::fs::read_to_string(here.join(MARK)) else {
        return;
    };
    let cloud = Bench(stampctl_sim::Sim::open(here, &crate::bench::spec(&how)).expect("a world"));
    let _never_answered = cloud.try_do(&put(ALLOCATION, MORE));
    // Only the parent's folder has the mark, and there the second call finds the rule used up.
}

#[test]
fn a_caller_that_dies_leaves_the_effect_or_nothing() {
    for (fault, cores) in [("die_before", 128), ("die_after", 200)] {
        let dir = tempfile::tempdir().expect("a folder");
        let plan =
            format!("faults: {{ allow_die: true, rules: [ {{ fault: {fault}, nth: 1 }} ] }}");
        std::fs::File::create(dir.path().join(MARK))
            .and_then(|mut file| std::io::Write::write_all(&mut file, plan.as_bytes()))
            .expect("a mark");
        let run = || {
            let mut child = std::process::Command::new(std::env::current_exe().expect("a path"));
            child
                .args(["--exact", "faults::child"])
                .current_dir(dir.path());
            child.output().expect("a child").status.success()
        };
        assert!(!run(), "{fault}: it did not die");
        let cloud = stampctl_sim::Sim::open(dir.path(), &crate::bench::spec(&plan));
        let cloud = Bench(cloud.expect("a world"));
        assert_eq!(cloud.int(ALLOCATION, "cores"), cores, "{fault}");
        assert_eq!(cloud.0.calls().expect("a count").mutating, 1);
        drop(cloud);
        assert!(run(), "{fault}: it died twice");
    }
}
