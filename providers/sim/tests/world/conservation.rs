//! Whatever is called in whatever order, with whatever faults: a group's cores are all somewhere,
//! no limit is below what is in use, and the sums that the cloud keeps are those of its resources.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;
use stampctl_sim::FaultRule;
use stampctl_sim::FaultWord;
use stampctl_sim::Sim;

use crate::bench::Bench;
use crate::bench::CRG;
use crate::bench::GROUP;
use crate::bench::change;
use crate::bench::patch;
use crate::bench::put;
use crate::bench::spec;

#[derive(Clone, Debug)]
enum Act {
    Do(Operation),
    Pass(u32),
    Plan(FaultWord),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let subscription = prop::sample::select(vec!["s1", "s2"]);
    let allocate = (subscription.clone(), -8_i64..400).prop_map(|(to, cores)| {
        let at = format!("quota_allocation/mg/qg/{to}/eastus2/standardDSv5Family");
        put(&at, &format!(r#"{{"cores": {cores}}}"#))
    });
    let limit = (subscription.clone(), 0_i64..400).prop_map(|(of, cores)| {
        let at = format!("quota/{of}/eastus2/standardDSv5Family");
        put(&at, &format!(r#"{{"limit": {cores}}}"#))
    });
    let group = (0_i64..900).prop_map(|cores| put(GROUP, &format!(r#"{{"limit": {cores}}}"#)));
    let set = prop::sample::select(vec!["a", "b"]);
    let set = (set, prop::sample::select(vec!["1", "2"])).prop_map(|(stamp, zone)| {
        format!("scale_set/s1/rg-stamp-{stamp}/vmss-stamp-{stamp}-zone{zone}")
    });
    let size = (set.clone(), 0_i64..9)
        .prop_map(|(at, count)| patch(&at, &format!(r#"{{"instances": {count}}}"#)));
    let power = (
        set.clone(),
        prop::sample::select(vec!["running", "deallocated"]),
    )
        .prop_map(|(at, power)| patch(&at, &format!(r#"{{"power": "{power}"}}"#)));
    let attach = (set.clone(), prop::sample::select(vec!["", CRG]))
        .prop_map(|(at, uses)| patch(&at, &format!(r#"{{"reservation": "{uses}"}}"#)));
    let reserve = (0_i64..12).prop_map(|count| patch(CRG, &format!(r#"{{"instances": {count}}}"#)));
    let delete = prop::sample::select(vec![
        "resource_group/s1/rg-stamp-a",
        "resource_group/s1/rg-stamp-b",
        "resource_group/s1/rg-capacity",
        "scale_set/s1/rg-stamp-a/vmss-stamp-a-zone1",
        CRG,
        "quota_allocation/mg/qg/s1/eastus2/standardDSv5Family",
        "subscription/s1",
        "subscription/s2",
    ]);
    let delete = delete.prop_map(|at| change(at, Verb::Delete));
    let call = prop_oneof![
        4 => allocate, 1 => limit, 1 => group, 4 => size, 3 => power, 2 => attach, 3 => reserve,
        1 => delete,
    ];
    let fault = prop::sample::select(vec![
        FaultWord::FailBefore,
        FaultWord::FailAfter,
        FaultWord::NeverComplete,
        FaultWord::Lie,
        FaultWord::Late,
    ]);
    let act = prop_oneof![
        10 => call.prop_map(Act::Do),
        2 => (1_u32..4_000).prop_map(Act::Pass),
        1 => fault.prop_map(Act::Plan),
    ];
    prop::collection::vec(act, 1..60)
}

/// Cores in use by what the resources themselves say, worked out the slow way.
fn usage(cloud: &Bench, counts_deallocated: bool) -> i64 {
    let all = cloud.0.show().expect("a world").resources;
    let mut covered: BTreeMap<String, i64> = BTreeMap::new();
    let mut cores = 0;
    for set in all.iter().filter(|it| it.address.kind() == Kind::ScaleSet) {
        let counts = counts_deallocated || set.text("power") == Some("running");
        let instances = if counts {
            set.int("instances").unwrap_or(0)
        } else {
            0
        };
        match set.text("reservation") {
            None | Some("") => cores += instances * 8,
            Some(uses) => *covered.entry(uses.to_owned()).or_default() += instances,
        }
    }
    for reservation in all
        .iter()
        .filter(|it| it.address.kind() == Kind::CapacityReservation)
    {
        let used = covered
            .get(&reservation.address.to_string())
            .copied()
            .unwrap_or(0);
        cores += used.max(reservation.int("instances").unwrap_or(0)) * 8;
    }
    cores
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_or_lost_unseen(acts in acts(), slow: bool, counts: bool) {
        let latency = if slow { "latency: { quota_allocation: 30, scale_set: 120 }" } else { "" };
        let switch = format!("switches: {{ deallocated_counts: {counts} }}");
        let world = spec(&format!("{latency}\n{switch}"));
        let cloud = Bench(Sim::in_memory(&world).expect("a world"));
        let mut raised = 0;
        for act in acts {
            match act {
                Act::Do(operation) => {
                    let _refusals_are_part_of_it = cloud.try_do(&operation);
                }
                Act::Pass(seconds) => cloud.pass(seconds),
                Act::Plan(fault) => {
                    let mut rule = FaultRule::new(fault);
                    rule.nth = Some(2);
                    cloud.0.inject(rule).expect("a rule");
                }
            }
            cloud.conserved();
            prop_assert!(cloud.int(GROUP, "available") >= 0);
            let wanted = usage(&cloud, counts);
            if let Some(quota) = cloud.read("quota/s1/eastus2/standardDSv5Family") {
                prop_assert_eq!(quota.int("usage"), Some(wanted));
                prop_assert!(quota.int("limit") >= Some(wanted), "{:?}", quota);
            }
            // The ledger of losses only grows.
            prop_assert!(cloud.lost() >= raised);
            raised = cloud.lost();
        }
    }
}
