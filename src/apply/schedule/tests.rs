//! What may start beside what: laws of the schedule over any steps and claims.

use proptest::prelude::*;

use super::super::claims::Claims;
use super::super::tests_support::plans;
use super::*;
use crate::plan::format::StepKind;

/// Steps in a row, each waiting for some of those before it.
fn steps(edges: &[Vec<usize>]) -> Vec<Step> {
    let named = |at: usize| plans::stamp(&format!("s{at}"));
    let kind = StepKind::StampUpdate;
    edges
        .iter()
        .enumerate()
        .map(|(at, before)| {
            let step = plans::call(&named(at), kind, vec![]);
            before.iter().fold(step, |step, before| {
                step.after(&plans::id(&named(*before % at.max(1)), kind))
            })
        })
        .collect()
}

fn some_steps() -> impl Strategy<Value = Vec<Step>> {
    let edges = proptest::collection::vec(any::<proptest::sample::Index>(), 0..4);
    proptest::collection::vec(edges, 1..40).prop_map(|all| {
        let edges: Vec<Vec<usize>> = all
            .iter()
            .enumerate()
            .map(|(at, before)| match at {
                0 => vec![],
                _ => before.iter().map(|index| index.index(at)).collect(),
            })
            .collect();
        steps(&edges)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_step_comes_once_and_after_those_it_waits_for(steps in some_steps(), seed in any::<u64>()) {
        let mut schedule = Schedule::new(&steps, |_| false).expect("has an order");
        let mut under_way: Vec<usize> = vec![];
        let mut done: Vec<StepId> = vec![];
        let mut seed = seed;
        loop {
            while let Some(at) = schedule.take(Lane::Calls) {
                for edge in &steps[at].after {
                    prop_assert!(done.contains(&edge.step), "{} came too early", steps[at].id);
                }
                under_way.push(at);
            }
            if under_way.is_empty() {
                break;
            }
            // They end in any order.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = usize::try_from(seed >> 33).expect("fits") % under_way.len();
            let at = under_way.swap_remove(index);
            prop_assert!(!done.contains(&steps[at].id));
            done.push(steps[at].id.clone());
            schedule.done(at);
        }
        prop_assert_eq!(done.len(), steps.len());
    }
}

#[test]
fn what_is_no_order_is_refused() {
    let (a, b) = (plans::stamp("a"), plans::stamp("b"));
    let kind = StepKind::StampUpdate;
    let one = plans::call(&a, kind, vec![]);
    let two = plans::call(&b, kind, vec![]);
    let loops = vec![one.clone().after(&two.id), two.clone().after(&one.id)];
    assert!(Schedule::new(&loops, |_| false).is_err());
    assert!(Schedule::new(&[one.clone().after(&two.id)], |_| false).is_err());
    assert!(Schedule::new(&[one.clone(), one], |_| false).is_err());
}

#[test]
fn a_stamps_own_calls_are_alone_and_tenants_share_it() {
    let kind = StepKind::TenantUpdate;
    let on = |subject, stamps: &[&str]| {
        let mut step = plans::call(&subject, kind, vec![]);
        step.stamps = stamps.iter().map(|id| id.parse().expect("an id")).collect();
        step
    };
    let whole = on(plans::stamp("a"), &["a"]);
    let (one, two) = (
        on(plans::tenant("t"), &["a"]),
        on(plans::tenant("u"), &["a", "b"]),
    );
    let again = on(plans::tenant("t"), &["b"]);
    let mut claims = Claims::default();
    assert!(claims.claim(&one, 0));
    assert!(claims.claim(&two, 1), "tenants share a stamp");
    assert!(!claims.claim(&again, 2), "a tenant has one call at a time");
    assert!(!claims.claim(&whole, 3), "a stamp's own call is alone");
    assert_eq!(claims.release(&two), Vec::<usize>::new());
    let mut freed = claims.release(&one);
    freed.sort_unstable();
    assert_eq!(freed, [2, 3]);
    assert!(claims.claim(&whole, 3));
    assert!(!claims.claim(&one, 0));
    assert_eq!(claims.release(&whole), [0]);
}
