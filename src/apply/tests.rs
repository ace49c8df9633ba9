//! An apply from its front door, on a tiny cloud in memory.

mod crash;
mod failure;
mod gates;
mod remote;
mod scale;

use std::cell::RefCell;

use jiff::Timestamp;

use super::tests_support::cloud::Cloud;
use super::tests_support::memory::Memory;
use super::tests_support::plans;
use super::*;
use crate::approve::Trust;
use crate::journal::StepStatus;
use crate::plan::format::Plan;
use crate::plan::format::Step;
use crate::store::Store;
use crate::store::Who;

/// A plan, a cloud and a store.
pub(super) struct Bench {
    pub(super) plan: Plan,
    pub(super) bytes: Vec<u8>,
    pub(super) cloud: Cloud,
    pub(super) store: Memory,
    pub(super) trust: Trust,
    pub(super) approvals: Vec<(String, Vec<u8>)>,
    pub(super) refusals: Vec<String>,
    pub(super) events: RefCell<Vec<ApplyEvent>>,
    pub(super) handle: StopHandle,
    pub(super) watch: StopWatch,
    pub(super) pid: u32,
}

impl Bench {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self::with(plans::sealed(steps))
    }

    pub(super) fn with(plan: Plan) -> Self {
        let (handle, watch) = stop();
        Self {
            bytes: plan.to_bytes().expect("writes"),
            plan,
            cloud: Cloud::new(),
            store: Memory::default(),
            trust: Trust::default(),
            approvals: vec![],
            refusals: vec![],
            events: RefCell::default(),
            handle,
            watch,
            pid: 17,
        }
    }

    pub(super) fn who(&self) -> Who {
        Who {
            pid: self.pid,
            host: "build-1".to_owned(),
            user: "ada".to_owned(),
        }
    }

    /// Applies once; `None` where the process died on the way.
    pub(super) async fn try_apply(&self) -> Option<ApplyOutcome> {
        self.apply_as(&|_| {}).await
    }

    pub(super) async fn apply_as(&self, listen: &dyn Fn(&ApplyEvent)) -> Option<ApplyOutcome> {
        let (reading, moving) = (self.cloud.clone(), self.cloud.clone());
        let clock = DrivenClock::new(move || reading.world().now, move |to| moving.advance(to));
        let who = self.who();
        let verify = |_: &Plan| self.refusals.clone();
        let events = |event: &ApplyEvent| {
            self.events.borrow_mut().push(event.clone());
            listen(event);
        };
        let run = apply(Apply {
            bytes: &self.bytes,
            provider: &self.cloud,
            store: &self.store,
            clock: &clock,
            verify: &verify,
            trust: &self.trust,
            approvals: &self.approvals,
            who: &who,
            tool: "test",
            concurrency: CONCURRENCY,
            stop: &self.watch,
            events: &events,
        });
        let mut run = Box::pin(run);
        // The process is dead when the cloud says so: what is left of it is dropped.
        std::future::poll_fn(|cx| {
            let polled = run.as_mut().poll(cx).map(Some);
            if polled.is_pending() && self.cloud.world().dead {
                return std::task::Poll::Ready(None);
            }
            polled
        })
        .await
    }

    pub(super) async fn apply(&self) -> ApplyOutcome {
        self.try_apply().await.expect("nobody dies")
    }

    /// Applies until it is done, whatever happens on the way: gates are waited for and answered.
    pub(super) async fn to_the_end(&self) -> ApplyOutcome {
        for _ in 0..30 {
            self.cloud.world().dead = false;
            {
                let mut files = self.store.files();
                files.failed = false;
            }
            let Some(outcome) = self.try_apply().await else {
                self.store.files().holder = None;
                continue;
            };
            match outcome {
                ApplyOutcome::Paused(report) => self.pass_gates(&report).await,
                ApplyOutcome::Broken(_) => {}
                outcome => return outcome,
            }
        }
        panic!("it does not come to an end");
    }

    async fn pass_gates(&self, report: &Report) {
        if let Some(due) = report.next_due() {
            self.cloud.advance(due);
            return;
        }
        for gate in report.with(StepStatus::Waiting) {
            let now = self.cloud.world().now;
            let by = crate::store::Holder::new(&self.who(), &report.run, "confirm", now);
            let answered = crate::store::confirm(&self.store, &report.run, &gate.step, &by).await;
            match answered {
                Ok(()) | Err(crate::store::StoreError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(super) async fn progress(&self) -> crate::journal::Progress {
        let found = crate::store::find_run(&self.store, &self.plan.seal.digest).await;
        let journal = found.expect("reads").expect("there is a run");
        journal.progress().clone()
    }
}

pub(super) fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn a_store_in_memory_is_a_store() {
    block(crate::store::conformance::all(&Memory::default()));
}

#[test]
fn a_plan_is_applied_from_its_first_step_to_its_last() {
    let bench = Bench::new(plans::journey());
    let outcome = block(bench.to_the_end());
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    let picture = bench.cloud.picture();
    assert_eq!(picture[plans::STAMP_ITEM]["state"], "active".into());
    assert_eq!(picture[plans::TENANT_ITEM]["stamp"], "a".into());
    assert_eq!(picture[plans::NEW]["digest"], "d1".into());
    assert!(!picture.contains_key(plans::OLD));
    // One call for each operation, and the mark.
    let operations = bench
        .plan
        .body
        .steps
        .iter()
        .map(|s| s.act.operations().len());
    assert_eq!(bench.cloud.calls(), operations.sum::<usize>() + 1);
    let numbers: Vec<u64> = bench.events.borrow().iter().map(|e| e.sequence).collect();
    assert!(numbers.windows(2).all(|w| w[1] == w[0] + 1 || w[1] == 1));
    // A day was waited for, and nothing was slept.
    assert!(bench.cloud.world().now > "1970-01-02T00:00:00Z".parse::<Timestamp>().expect("a time"));
}

#[test]
fn a_plan_is_applied_once() {
    let bench = Bench::new(plans::journey());
    block(bench.to_the_end());
    let (calls, picture) = (bench.cloud.calls(), bench.cloud.picture());
    let again = block(bench.apply());
    assert!(matches!(again, ApplyOutcome::AlreadyDone(_)), "{again:?}");
    assert_eq!(again.exit_code(), 0);
    // From another machine, which has another store, it is used up.
    let elsewhere = Bench {
        store: Memory::default(),
        ..bench
    };
    let again = block(elsewhere.apply());
    assert_ne!(again.exit_code(), 0);
    assert_eq!(
        (elsewhere.cloud.calls(), elsewhere.cloud.picture()),
        (calls, picture)
    );
}

#[test]
fn the_mark_tells_two_machines_apart() {
    let bench = Bench::new(plans::journey());
    assert_eq!(block(bench.apply()).exit_code(), 6);
    let mut steps = plans::journey();
    for step in &mut steps {
        step.expects.clear();
    }
    let one = Bench::new(steps.clone());
    assert_eq!(block(one.apply()).exit_code(), 6);
    let two = Bench {
        store: Memory::default(),
        pid: 18,
        ..Bench::new(steps)
    };
    let two = Bench {
        cloud: one.cloud.clone(),
        ..two
    };
    let calls = two.cloud.calls();
    let outcome = block(two.apply());
    assert!(
        matches!(outcome, ApplyOutcome::Unapproved(Denied::Used { .. })),
        "{outcome:?}"
    );
    assert_eq!((outcome.exit_code(), two.cloud.calls()), (4, calls));
}

#[test]
fn each_check_refuses_with_its_own_code_and_calls_nothing() {
    let code = |change: &dyn Fn(&mut Bench)| {
        let mut bench = Bench::new(plans::journey());
        change(&mut bench);
        let outcome = block(bench.apply());
        assert_eq!(bench.cloud.calls(), 0, "{outcome:?}");
        outcome.exit_code()
    };
    assert_eq!(code(&|b| b.bytes[2000] ^= 1), 9);
    assert_eq!(code(&|b| b.bytes.push(b'\n')), 9);
    assert_eq!(code(&|b| b.refusals.push("O-1".to_owned())), 3);
    assert_eq!(code(&|b| b.trust = b.trust.clone().at_least(1)), 4);
    assert_eq!(
        code(&|b| b
            .cloud
            .advance("1970-01-03T00:00:00Z".parse().expect("a time"))),
        5
    );
    let moved = plans::settings([("cores", 33_i64.into())]);
    assert_eq!(code(&|b| b.cloud.set(plans::ALLOCATION, moved.clone())), 5);
}

#[test]
fn a_fact_that_moved_is_named_with_the_step_it_matters_to() {
    let bench = Bench::new(plans::journey());
    bench.cloud.set(
        plans::ALLOCATION,
        plans::settings([("cores", 33_i64.into())]),
    );
    // What cannot be seen for a moment is looked at again.
    bench
        .cloud
        .world()
        .blind
        .insert(plans::at(plans::STAMP_ITEM));
    let ApplyOutcome::Moved(moved, None) = block(bench.apply()) else {
        panic!("the world has moved");
    };
    let named: Vec<&str> = moved.iter().map(|m| &*m.step.0).collect();
    assert_eq!(named, ["stamp/a/quota.allocate"]);
    assert!(moved[0].evidence.contains("is 33, wanted 32"));
}

#[test]
fn two_applies_do_not_meet() {
    let bench = Bench::new(plans::journey());
    let other = Bench::new(plans::journey());
    let other = Bench {
        cloud: bench.cloud.clone(),
        store: bench.store.clone(),
        pid: 99,
        ..other
    };
    let second = RefCell::new(None);
    // In the middle of the first, the second is tried.
    let first = block(bench.apply_as(&|event| {
        if matches!(event.what, What::Succeeded { .. }) && second.borrow().is_none() {
            let mut apply = Box::pin(other.apply());
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if let std::task::Poll::Ready(outcome) = apply.as_mut().poll(&mut context) {
                *second.borrow_mut() = Some(outcome);
            }
        }
    }));
    assert_eq!(first.expect("nobody dies").exit_code(), 6);
    let second = second.into_inner().expect("it answered at once");
    let ApplyOutcome::Locked(Some(holder)) = &second else {
        panic!("it went ahead: {second:?}");
    };
    assert_eq!((holder.pid, second.exit_code()), (17, 8));
}

#[test]
fn an_approval_is_needed_once_and_holds_for_the_whole_run() {
    let mut plan = plans::sealed(plans::journey()).body;
    plan.policy.approvals.minimum_irreversible = 1;
    let plan = Plan::seal(
        plan,
        "test",
        Timestamp::UNIX_EPOCH,
        crate::plan::format::Digest::of(b""),
    )
    .expect("seals");
    let key = ssh_key::PrivateKey::from(ssh_key::private::Ed25519Keypair::from_seed(&[1; 32]));
    let private = key.to_openssh(ssh_key::LineEnding::LF).expect("encodes");
    let public = key.public_key().to_openssh().expect("encodes");
    let mut bench = Bench::with(plan);
    // Only the manifest asks for it, but who may give it is the operator's word.
    assert_eq!(block(bench.apply()).exit_code(), 4);
    bench.trust = Trust::parse(&format!("ada {public}")).expect("reads");
    assert_eq!(block(bench.apply()).exit_code(), 4);
    let signature = crate::approve::sign(&bench.plan, private.as_bytes(), None).expect("signs");
    let name = crate::approve::file_name(&bench.plan.seal.digest, "ada");
    bench.approvals = vec![(name, signature.into_bytes())];
    assert_eq!(block(bench.apply()).exit_code(), 6);
    // The store keeps it for the resume.
    bench.approvals.clear();
    assert_eq!(block(bench.to_the_end()).exit_code(), 0);
    let kept = block(bench.store.approvals(&bench.plan.seal.digest)).expect("reads");
    assert_eq!(kept.len(), 1);
}
