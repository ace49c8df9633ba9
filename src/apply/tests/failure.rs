//! Faults of every class at every call, and what is taken back.

use super::super::tests_support::cloud::Wrong;
use super::*;
use crate::journal::Cause;
use crate::plan::format::StepKind;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

fn undisturbed() -> Bench {
    let bench = Bench::new(plans::journey());
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    bench
}

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "fault", "injected").retry_after(5)
}

#[test]
fn a_call_that_fails_once_in_each_class_ends_well_or_is_resumed() {
    let undisturbed = undisturbed();
    // Call 0 is the mark.
    for number in 0..undisturbed.cloud.calls() {
        for class in FaultClass::ALL {
            let when = format!("call {number}, {class}");
            let bench = Bench::new(plans::journey());
            bench
                .cloud
                .world()
                .wrong
                .insert(number, Wrong::Before(fault(*class)));
            let mut failed = 0;
            let end = loop {
                let outcome = block(bench.to_the_end());
                if !matches!(outcome, ApplyOutcome::Failed(_)) || failed > 3 {
                    break outcome;
                }
                failed += 1;
            };
            assert_eq!(end.exit_code(), 0, "{when}: {end:?}");
            assert_eq!(bench.cloud.picture(), undisturbed.cloud.picture(), "{when}");
            let passes = matches!(
                class,
                FaultClass::Transient | FaultClass::Throttled | FaultClass::Conflict
            );
            assert_eq!(failed > 0, !passes && number > 0, "{when}");
        }
    }
}

#[test]
fn a_call_whose_answer_is_lost_is_not_made_twice() {
    let undisturbed = undisturbed();
    for number in 0..undisturbed.cloud.calls() {
        let bench = Bench::new(plans::journey());
        bench
            .cloud
            .world()
            .wrong
            .insert(number, Wrong::After(fault(FaultClass::Transient)));
        let end = block(bench.to_the_end());
        assert_eq!(end.exit_code(), 0, "call {number}: {end:?}");
        assert_eq!(
            bench.cloud.picture(),
            undisturbed.cloud.picture(),
            "call {number}"
        );
        // A copy, and what the cloud has only accepted, cannot be proved by looking.
        let more = bench.cloud.calls() - undisturbed.cloud.calls();
        assert!(more <= 1, "call {number}: {more} more");
    }
}

#[test]
fn every_call_made_twice_is_made_once() {
    let undisturbed = undisturbed();
    let calls = undisturbed.cloud.world().calls.clone();
    let before = undisturbed.cloud.picture();
    for (key, operation) in &calls {
        let mut keys = calls.iter().filter(|(other, _)| other == key);
        assert_eq!(keys.by_ref().count(), 1, "{key} stands for one call");
        let registry = operation.address.kind() == stampctl_contract::Kind::RegistryItem;
        assert_eq!(registry, !operation.precondition.is_any(), "{key}");
    }
    // Lost answers everywhere: each call is in doubt once.
    let bench = Bench::new(plans::journey());
    for number in 0..calls.len() * 2 {
        bench
            .cloud
            .world()
            .wrong
            .insert(number * 2, Wrong::After(fault(FaultClass::Transient)));
    }
    let end = block(bench.to_the_end());
    assert_eq!(end.exit_code(), 0, "{end:?}");
    assert_eq!(bench.cloud.picture(), before);
}

#[test]
fn a_failure_before_the_point_of_no_return_is_taken_back() {
    let bench = Bench::new(plans::journey());
    bench
        .cloud
        .world()
        .always
        .insert(plans::at(plans::NEW), fault(FaultClass::Quota));
    // The database is made in a step of the stamp; here it is only the copy that fails.
    let mut steps = plans::journey();
    let deploy = plans::id(&plans::stamp("a"), StepKind::StampDeploy);
    for step in &mut steps {
        if step.id == deploy
            && let crate::plan::format::Act::Call { operations } = &mut step.act
        {
            operations.pop();
        }
    }
    let bench = Bench {
        cloud: bench.cloud,
        ..Bench::new(steps)
    };
    bench
        .cloud
        .set(plans::NEW, plans::settings([("sku", "S3".into())]));
    let outcome = block(bench.apply());
    let ApplyOutcome::Failed(report) = &outcome else {
        panic!("it did not fail: {outcome:?}");
    };
    assert_eq!(outcome.exit_code(), 7);
    let failed: Vec<_> = report.with(StepStatus::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].cause, Some(Cause::Refused));
    assert!(failed[0].evidence[0].contains("cores"));
    // The tenant writes again, and only that was taken back.
    let picture = bench.cloud.picture();
    assert_eq!(picture[plans::TENANT_ITEM]["frozen"], false.into());
    assert_eq!(picture[plans::STAMP_ITEM]["state"], "active".into());
    assert!(picture.contains_key(plans::OLD));
    let freeze = plans::id(&plans::tenant("t"), StepKind::TenantFreeze);
    let progress = block(bench.progress());
    assert_eq!(progress.status(&freeze), StepStatus::Planned);
    assert_eq!(progress.step(&freeze).round, 1);

    // What was taken back is done again when the fault is gone, under another key.
    bench.cloud.world().always.clear();
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    let world = bench.cloud.world();
    let keys: Vec<&str> = world
        .calls
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| key.contains("tenant.freeze"))
        .collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys[0].ends_with("/0") && keys[1].ends_with("/undo/0") && keys[2].ends_with("/0/1"));
}

#[test]
fn what_stood_on_something_taken_back_is_done_again() {
    let bench = Bench::new(plans::journey());
    let changed = plans::settings([("records", 1001_i64.into()), ("digest", "d2".into())]);
    let outcome = block(bench.apply_as(&|event| {
        // A write slips through: the copy is of what was.
        if matches!(&event.what, What::Succeeded { step } if step.0.ends_with("tenant.copy")) {
            bench.cloud.set(plans::OLD, changed.clone());
        }
    }));
    let outcome = outcome.expect("nobody dies");
    let report = outcome.report().expect("it ran");
    assert_eq!(outcome.exit_code(), 7);
    assert_eq!(report.open[0].cause, Some(Cause::Check));
    let copy = plans::id(&plans::tenant("t"), StepKind::TenantCopy);
    assert_eq!(block(bench.progress()).status(&copy), StepStatus::Planned);
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    assert_eq!(bench.cloud.picture()[plans::NEW]["digest"], "d2".into());
}

#[test]
fn nothing_is_taken_back_while_a_step_is_in_doubt() {
    let undisturbed = undisturbed();
    let calls = undisturbed.cloud.world().calls.clone();
    let switch = calls
        .iter()
        .position(|(key, _)| key.contains("tenant.switch"))
        .expect("there is one");
    let bench = Bench::new(plans::journey());
    let lost = Wrong::After(fault(FaultClass::Transient));
    bench.cloud.world().wrong.insert(switch, lost);
    let outcome = block(bench.apply_as(&|event| {
        if matches!(event.what, What::Retrying { .. }) {
            let item = plans::at(plans::TENANT_ITEM);
            bench.cloud.world().hidden.insert(item);
        }
    }));
    let outcome = outcome.expect("nobody dies");
    let report = outcome.report().expect("it ran");
    assert_eq!(report.with(StepStatus::Unknown).count(), 1, "{report:?}");
    let freeze = plans::id(&plans::tenant("t"), StepKind::TenantFreeze);
    let status = block(bench.progress()).status(&freeze);
    assert_eq!(status, StepStatus::Succeeded);
    // It had happened, and the next run sees that and copies nothing over it.
    bench.cloud.world().hidden.clear();
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    assert_eq!(bench.cloud.picture(), undisturbed.cloud.picture());
    assert_eq!(bench.cloud.calls(), undisturbed.cloud.calls());
}

#[test]
fn a_failed_undo_is_finished_before_anything_else() {
    let bench = Bench::new(plans::journey());
    // The copy is refused, and then nothing in the registry can be written.
    let tenant = plans::at(plans::TENANT_ITEM);
    let copied = RefCell::new(false);
    bench
        .cloud
        .world()
        .slow
        .insert(plans::at("backup/sub/vault/none"), 1);
    let outcome = block(bench.apply_as(&|event| match &event.what {
        What::Started { step, .. } if step.0.ends_with("tenant.copy") => {
            let mut world = bench.cloud.world();
            world
                .always
                .insert(plans::at(plans::NEW), fault(FaultClass::Denied));
            world
                .always
                .insert(tenant.clone(), fault(FaultClass::Denied));
            *copied.borrow_mut() = true;
        }
        _ => {}
    }));
    assert!(copied.into_inner());
    let outcome = outcome.expect("nobody dies");
    let ApplyOutcome::Failed(report) = &outcome else {
        panic!("it did not fail: {outcome:?}");
    };
    assert_eq!(report.with(StepStatus::UndoFailed).count(), 1);
    assert_eq!(
        bench.cloud.picture()[plans::TENANT_ITEM]["frozen"],
        true.into()
    );
    bench.cloud.world().always.clear();
    let end = block(bench.to_the_end());
    assert_eq!(end.exit_code(), 0, "{end:?}");
    let undisturbed = undisturbed();
    assert_eq!(bench.cloud.picture(), undisturbed.cloud.picture());
}

#[test]
fn after_a_failure_others_go_on_and_nothing_irreversible_begins() {
    let (a, b, c) = (plans::stamp("a"), plans::stamp("b"), plans::stamp("c"));
    let failing = plans::call(
        &a,
        StepKind::StampUpdate,
        vec![plans::put(plans::GROUP, [])],
    );
    let slow = plans::call(
        &b,
        StepKind::StampUpdate,
        vec![plans::put(plans::MACHINES, [])],
    );
    let next = plans::call(
        &b,
        StepKind::PlacementOpen,
        vec![plans::put(plans::ALLOCATION, [])],
    )
    .after(&slow.id);
    let behind = plans::call(
        &a,
        StepKind::PlacementOpen,
        vec![plans::put(plans::NEW, [])],
    )
    .after(&failing.id);
    // Its kind cannot be undone, whatever the plan says of it.
    let mut lost =
        plans::call(&c, StepKind::StampDelete, vec![plans::delete(plans::OLD)]).after(&slow.id);
    lost.hazard = crate::plan::format::Hazard::Safe;
    let bench = Bench::new(vec![failing, slow, next, behind, lost]);
    bench
        .cloud
        .world()
        .always
        .insert(plans::at(plans::GROUP), fault(FaultClass::Denied));
    let outcome = block(bench.apply());
    let report = outcome.report().expect("it ran");
    assert_eq!(
        (outcome.exit_code(), report.succeeded, report.not_started),
        (7, 2, 2)
    );
    assert!(bench.cloud.picture().contains_key(plans::OLD));
    assert!(!bench.cloud.picture().contains_key(plans::NEW));
    // Resumed, it is all done.
    bench.cloud.world().always.clear();
    assert_eq!(block(bench.apply()).exit_code(), 0);
}

#[test]
fn a_world_that_moves_between_steps_stops_its_branch() {
    let bench = Bench::new(plans::journey());
    let outcome = block(bench.apply_as(&|event| {
        if matches!(&event.what, What::Succeeded { step } if step.0.ends_with("tenant.copy")) {
            // Somebody thaws the tenant behind our back.
            let thawed = plans::settings([("frozen", false.into()), ("stamp", "old".into())]);
            bench.cloud.set(plans::TENANT_ITEM, thawed);
        }
    }));
    let outcome = outcome.expect("nobody dies");
    let ApplyOutcome::Moved(moved, Some(_)) = &outcome else {
        panic!("it went on: {outcome:?}");
    };
    assert_eq!(&*moved[0].step.0, "tenant/t/tenant.switch");
    assert_eq!(outcome.exit_code(), 5);
    assert_eq!(
        bench.cloud.picture()[plans::TENANT_ITEM]["stamp"],
        "old".into()
    );
    assert!(block(bench.progress()).resumable_until().is_none());
}

#[test]
fn what_cannot_be_seen_never_passes() {
    let a = plans::stamp("a");
    let look = plans::check(
        &a,
        StepKind::StampHealth,
        vec![plans::is(plans::TENANT_ITEM, "not_reported", true)],
        crate::plan::format::Patience::NONE,
    );
    let bench = Bench::new(vec![look]);
    let outcome = block(bench.apply());
    let report = outcome.report().expect("it ran");
    assert_eq!(report.open[0].cause, Some(Cause::Unseen));
    assert_eq!(outcome.exit_code(), 7);
}

#[test]
fn a_call_that_never_ends_is_given_up_as_unknown() {
    let bench = Bench::new(plans::journey());
    bench
        .cloud
        .world()
        .slow
        .insert(plans::at(plans::MACHINES), 100_000);
    let outcome = block(bench.apply());
    let report = outcome.report().expect("it ran");
    let unknown: Vec<&str> = report
        .with(StepStatus::Unknown)
        .map(|s| &*s.step.0)
        .collect();
    assert_eq!(unknown, ["stamp/a/stamp.deploy"]);
    assert_eq!(outcome.exit_code(), 7);
}
