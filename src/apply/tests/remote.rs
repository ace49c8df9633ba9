//! A cloud whose answers take a turn, as all over a network do.

use super::*;
use crate::apply::tests_support::cloud::Wrong;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

/// More turns than any of these runs takes.
const TURNS: usize = 100_000;

/// The run's end; fails where it stands still.
fn end_of(bench: &Bench) -> ApplyOutcome {
    block(async {
        let stands_still = async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            end = bench.to_the_end() => end,
            () = stands_still => panic!("it stands still"),
        }
    })
}

#[test]
fn what_begins_to_wait_while_the_run_waits_is_woken() {
    let near = Bench::new(plans::journey());
    assert_eq!(end_of(&near).exit_code(), 0);
    let far = Bench::new(plans::journey());
    far.cloud.world().remote = true;
    assert_eq!(end_of(&far).exit_code(), 0);
    assert_eq!(far.cloud.picture(), near.cloud.picture());
}

#[test]
fn a_retry_that_begins_while_the_run_waits_is_made() {
    let calls = {
        let calm = Bench::new(plans::journey());
        assert_eq!(end_of(&calm).exit_code(), 0);
        calm.cloud.calls()
    };
    for number in 1..calls {
        let bench = Bench::new(plans::journey());
        let fault = Fault::new(FaultClass::Transient, "503", "injected");
        {
            let mut world = bench.cloud.world();
            world.remote = true;
            world.wrong.insert(number, Wrong::Before(fault));
        }
        assert_eq!(end_of(&bench).exit_code(), 0, "call {number}");
    }
}
