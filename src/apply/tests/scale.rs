//! Many steps: what they cost, and faults at random.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Settings;

use super::super::tests_support::cloud::Wrong;
use super::super::tests_support::memory::Kept;
use super::*;
use crate::plan::format::Condition;
use crate::plan::format::StepKind;
use crate::store::LocalStore;

/// Tenants with three calls each, one after the other.
fn tenants(count: usize) -> Vec<Step> {
    let one = |number: usize| {
        let t = plans::tenant(&format!("t{number}"));
        let data = format!("sql_database/sub/rg/sql/db-{number}");
        let item = format!("registry_item/registry/tenants/t{number}");
        let make = plans::call(&t, StepKind::TenantData, vec![plans::put(&data, [])])
            .fact(plans::absent(&data));
        let look = plans::check(
            &t,
            StepKind::TenantHealth,
            vec![Condition::Present {
                address: plans::at(&data),
            }],
            crate::plan::format::Patience::NONE,
        )
        .after(&make.id);
        let route =
            plans::call(&t, StepKind::RouteRegister, vec![plans::put(&item, [])]).after(&look.id);
        [make, look, route]
    };
    (0..count).flat_map(one).collect()
}

#[test]
fn a_journal_grows_with_the_steps_and_is_written_once_a_wave() {
    let bench = Bench::new(tenants(100));
    assert_eq!(block(bench.apply()).exit_code(), 0);
    let files = bench.store.files();
    let bytes: usize = files.journals.values().map(Vec::len).sum();
    assert!(bytes / 300 < 2_048, "{} bytes a step", bytes / 300);
    // 200 calls, ten at a time: twenty waves, each with one write or two.
    assert!(files.appends <= 60, "{} writes", files.appends);
}

/// The runtime gives a task a share of work for one turn. A run is one task; it must not stop
/// where its share ends.
#[test]
fn a_long_run_of_slow_calls_comes_to_its_end() {
    let bench = Bench::new(tenants(400));
    for number in 0..400_u64 {
        let data = plans::at(&format!("sql_database/sub/rg/sql/db-{number}"));
        bench.cloud.world().slow.insert(data, 5 + number % 60);
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(block(bench.apply()).exit_code()));
    let code = receiver.recv_timeout(std::time::Duration::from_mins(2));
    assert_eq!(code, Ok(0), "it hangs, or fails");
}

/// An answer that comes through a network wakes the run in the middle of its wait. What it lets go
/// on needs the journal next, or a time to pass, and must get it.
#[test]
fn answers_from_afar_let_a_run_go_on() {
    // The journey comes to a gate.
    for (steps, end) in [(tenants(1), 0), (tenants(30), 0), (plans::journey(), 6)] {
        let bench = Bench::new(steps);
        bench.cloud.world().far = true;
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(block(bench.apply()).exit_code()));
        let code = receiver.recv_timeout(std::time::Duration::from_secs(30));
        assert_eq!(code, Ok(end), "it hangs, or fails");
    }
}

#[test]
fn a_real_folder_holds_a_whole_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalStore::open(folder.path()).expect("opens");
    let bench = Bench::new(tenants(5));
    let (reading, moving) = (bench.cloud.clone(), bench.cloud.clone());
    let clock = DrivenClock::new(move || reading.world().now, move |to| moving.advance(to));
    let who = bench.who();
    let run = Apply {
        bytes: &bench.bytes,
        provider: &bench.cloud,
        store: &store,
        clock: &clock,
        verify: &|_| vec![],
        trust: &bench.trust,
        approvals: &[],
        who: &who,
        tool: "test",
        concurrency: 2,
        stop: &bench.watch,
        events: &|_| {},
    };
    assert_eq!(block(apply(run)).exit_code(), 0);
    assert!(matches!(block(apply(run)), ApplyOutcome::AlreadyDone(_)));
    let plan = block(store.plan(&bench.plan.seal.digest)).expect("reads");
    assert_eq!(plan.as_ref(), Some(&bench.bytes));
    // With the disk gone, nothing is called.
    let calls = bench.cloud.calls();
    let other = Bench::new(tenants(6));
    let run = Apply {
        bytes: &other.bytes,
        provider: &other.cloud,
        ..run
    };
    std::fs::remove_dir_all(folder.path().join("journal")).expect("removes");
    let outcome = block(apply(run));
    assert_ne!(outcome.exit_code(), 0, "{outcome:?}");
    assert_eq!((bench.cloud.calls(), other.cloud.calls()), (calls, 0));
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let class = proptest::sample::select(vec![
        FaultClass::Transient,
        FaultClass::Throttled,
        FaultClass::Conflict,
    ]);
    let fault = class.prop_map(|class| Fault::new(class, "fault", "injected"));
    prop_oneof![
        Just(Wrong::DieBefore),
        Just(Wrong::DieAfter),
        fault.clone().prop_map(Wrong::Before),
        fault.prop_map(Wrong::After),
    ]
}

/// The world and the calls of a run to which nothing happened.
static UNDISTURBED: OnceLock<(BTreeMap<String, Settings>, usize)> = OnceLock::new();

/// How many cases a test of chance runs, so that a campaign can ask for more.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test may take is the tester's"
)]
fn cases() -> u32 {
    let asked = std::env::var("STAMPCTL_TEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_happens_on_the_way_the_world_is_the_same(
        wrongs in proptest::collection::btree_map(0..30_usize, wrong(), 0..8),
        append in proptest::option::of((0..60_usize, 0..3_u8)),
    ) {
        let (picture, calls) = UNDISTURBED.get_or_init(|| {
            let undisturbed = Bench::new(plans::journey());
            block(undisturbed.to_the_end());
            (undisturbed.cloud.picture(), undisturbed.cloud.calls())
        });
        let bench = Bench::new(plans::journey());
        let mut ambiguous = wrongs.len();
        bench.cloud.world().wrong = wrongs;
        if let Some((number, kept)) = append {
            ambiguous += 1;
            let kept = [Kept::Nothing, Kept::Half, Kept::All][usize::from(kept)];
            bench.store.files().fails = Some((number, kept));
        }
        let mut end = block(bench.to_the_end());
        for _ in 0..8 {
            if !matches!(end, ApplyOutcome::Failed(_)) {
                break;
            }
            end = block(bench.to_the_end());
        }
        prop_assert_eq!(end.exit_code(), 0, "{:?}", end);
        prop_assert_eq!(&bench.cloud.picture(), picture);
        let most = calls + ambiguous;
        prop_assert!(bench.cloud.calls() <= most, "{} calls, at most {}", bench.cloud.calls(), most);
    }
}
