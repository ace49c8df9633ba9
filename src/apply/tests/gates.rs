//! Gates, signals and locks.

use super::*;
use crate::journal::Signal;
use crate::plan::format::StepKind;
use crate::store::Holder;
use crate::store::confirm;
use crate::store::unlock;

#[test]
fn gates_that_are_not_due_pause_the_run() {
    let bench = Bench::new(plans::journey());
    let ApplyOutcome::Paused(report) = block(bench.apply()) else {
        panic!("it did not pause");
    };
    let t = plans::tenant("t");
    let waiting: Vec<&str> = report
        .with(StepStatus::Waiting)
        .map(|s| &*s.step.0)
        .collect();
    assert_eq!(waiting, [&*plans::id(&t, StepKind::TenantSoak).0]);
    let due = report.next_due().expect("time will do");
    // A moment before it is due nothing goes on, and nothing is called.
    let calls = bench.cloud.calls();
    bench.cloud.advance(
        due.checked_sub(jiff::SignedDuration::from_secs(1))
            .expect("a time"),
    );
    assert_eq!(block(bench.apply()).exit_code(), 6);
    assert_eq!(bench.cloud.calls(), calls);
    bench.cloud.advance(due);
    let ApplyOutcome::Paused(report) = block(bench.apply()) else {
        panic!("it did not pause");
    };
    let gate = plans::id(&t, StepKind::TenantConfirm);
    assert_eq!(report.next_due(), None);
    assert_eq!(report.open[0].step, gate);

    // Only a gate that waits can be answered.
    let by = Holder::new(&bench.who(), &report.run, "confirm", due);
    let early = plans::id(&t, StepKind::SourceDelete);
    assert!(block(confirm(&bench.store, &report.run, &early, &by)).is_err());
    block(confirm(&bench.store, &report.run, &gate, &by)).expect("it waits");
    let outcome = block(bench.apply());
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
}

#[test]
fn a_signal_lets_what_runs_finish_and_the_run_is_resumed() {
    for signal in [Signal::Interrupt, Signal::Terminate, Signal::HangUp] {
        let bench = Bench::new(plans::journey());
        let undisturbed = Bench::new(plans::journey());
        block(undisturbed.to_the_end());
        // While the machines are being made.
        let stopped = block(bench.apply_as(&|event| {
            let looking = matches!(&event.what, What::Looking { step, .. } if step.0.ends_with("stamp.deploy"));
            if looking && bench.watch.get() == crate::apply::stop::Stop::No {
                bench.handle.request(signal);
            }
        }));
        let outcome = stopped.expect("nobody dies");
        assert!(matches!(outcome, ApplyOutcome::Stopped(..)), "{outcome:?}");
        assert_eq!(outcome.exit_code(), signal.exit_code());
        assert!(
            bench.cloud.picture().contains_key(plans::MACHINES),
            "it was finished"
        );
        let (handle, watch) = stop();
        let bench = Bench {
            handle,
            watch,
            ..bench
        };
        assert_eq!(block(bench.to_the_end()).exit_code(), 0);
        assert_eq!(bench.cloud.picture(), undisturbed.cloud.picture());
        assert_eq!(bench.cloud.calls(), undisturbed.cloud.calls());
    }
}

#[test]
fn a_signal_before_the_first_step_starts_none() {
    let bench = Bench::new(plans::journey());
    bench.handle.request(Signal::Terminate);
    let outcome = block(bench.apply());
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
    assert_eq!(bench.cloud.calls(), 1, "the mark and nothing else");
}

#[test]
fn a_second_signal_leaves_what_runs_to_the_next_run() {
    let bench = Bench::new(plans::journey());
    let stopped = block(bench.apply_as(&|event| {
        if matches!(&event.what, What::Looking { step, .. } if step.0.ends_with("stamp.deploy")) {
            bench.handle.request(Signal::Interrupt);
            bench.handle.request(Signal::Interrupt);
        }
    }));
    let outcome = stopped.expect("nobody dies");
    let ApplyOutcome::Stopped(Signal::Interrupt, report) = &outcome else {
        panic!("it was not stopped: {outcome:?}");
    };
    let unknown: Vec<&str> = report
        .with(StepStatus::Unknown)
        .map(|s| &*s.step.0)
        .collect();
    assert_eq!(unknown, ["stamp/a/stamp.deploy"]);
    assert!(!bench.cloud.picture().contains_key(plans::MACHINES));
    // The ticket is in the journal: the next run asks after it and calls nothing twice.
    let (handle, watch) = stop();
    let bench = Bench {
        handle,
        watch,
        ..bench
    };
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    let undisturbed = Bench::new(plans::journey());
    block(undisturbed.to_the_end());
    assert_eq!(bench.cloud.calls(), undisturbed.cloud.calls());
}

#[test]
fn a_lock_is_broken_by_name_and_its_holder_is_fenced_off() {
    let bench = Bench::new(plans::journey());
    let told = RefCell::new(None);
    let outcome = block(bench.apply_as(&|event| {
        let deploying =
            matches!(&event.what, What::Looking { step, .. } if step.0.ends_with("stamp.deploy"));
        if !deploying || told.borrow().is_some() {
            return;
        }
        let holder = bench.store.files().holder.clone().expect("is held");
        let now = bench.cloud.world().now;
        let wrong = "other-1".parse().expect("a run's id");
        let by = Holder::new(&bench.who(), &holder.run, "unlock", now);
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        let refused = Box::pin(unlock(&bench.store, &wrong, &by))
            .as_mut()
            .poll(context);
        assert!(matches!(refused, std::task::Poll::Ready(Err(_))));
        let broken = Box::pin(unlock(&bench.store, &holder.run, &by))
            .as_mut()
            .poll(context);
        if let std::task::Poll::Ready(in_flight) = broken {
            *told.borrow_mut() = Some(in_flight.expect("breaks"));
        }
    }));
    let in_flight = told.into_inner().expect("it answered at once");
    assert_eq!(
        in_flight,
        [plans::id(&plans::stamp("a"), StepKind::StampDeploy)]
    );
    let outcome = outcome.expect("nobody dies");
    assert_eq!(outcome.exit_code(), 8, "{outcome:?}");
    let calls = bench.cloud.calls();
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    assert!(bench.cloud.calls() > calls);
}

#[test]
fn a_damaged_journal_stops_everything() {
    let bench = Bench::new(plans::journey());
    assert_eq!(block(bench.apply()).exit_code(), 6);
    let calls = bench.cloud.calls();
    let whole = bench.store.files().journals.clone();
    let (run, bytes) = whole.first_key_value().expect("there is a run");
    for at in (0..bytes.len()).step_by(37) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        bench.store.files().journals.insert(run.clone(), damaged);
        assert_eq!(block(bench.apply()).exit_code(), 9, "byte {at}");
    }
    bench.store.files().journals.insert(run.clone(), vec![]);
    assert_eq!(block(bench.apply()).exit_code(), 9);
    assert_eq!(bench.cloud.calls(), calls);
}
