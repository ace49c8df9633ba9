//! Decision table DT-1, row by row, with the boundary matrix of X-6 and every band of X-4.

use stampctl_contract::FaultClass;
use stampctl_contract::Gap;
use stampctl_contract::Kind;

use crate::model::Dimension;
use crate::model::Load;
use crate::model::Percent;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::policy::Band;
use crate::model::policy::ClassRules;
use crate::model::policy::Consolidate;
use crate::model::stamp::DesiredStamp;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Tier;
use crate::model::tenant::Wish;

use super::placement::ClassRule;
use super::placement::Decision;
use super::placement::Ineligible;
use super::placement::LeaveReason;
use super::placement::OpenReason;
use super::placement::PoolIneligible;
use super::placement::StampOrigin;
use super::placement::Unplaceable;
use super::placement::Why;
use super::testing;
use super::testing::Answer;
use super::testing::HERE;
use super::testing::Setting;
use super::testing::even;
use super::testing::home;
use super::testing::id;
use super::testing::opened;

const ONE: &str = "shared-eastus2-001";
const TWO: &str = "shared-eastus2-002";
const THREE: &str = "shared-eastus2-003";

fn decision<'a>(placement: &'a Answer, tenant: &str) -> &'a Decision {
    let found = placement.decisions.get(&id(tenant));
    found.unwrap_or_else(|| panic!("{tenant} is not placed: {:?}", placement.unplaceable))
}

fn refusal<'a>(placement: &'a Answer, tenant: &str) -> &'a Unplaceable {
    let found = placement.unplaceable.get(&id(tenant));
    found.unwrap_or_else(|| panic!("{tenant} is placed: {:?}", placement.decisions))
}

/// The reasons and their counts.
fn reasons(refusal: &Unplaceable) -> Vec<(Ineligible, u32)> {
    let told = refusal.passed_over.iter();
    told.map(|passed| (passed.why, passed.count)).collect()
}

/// One stamp at `points`, and a tenant that asks for next to nothing.
fn at(points: u64) -> Answer {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, points);
    setting.tenant("new").demand = Some(Load::default());
    setting.placed()
}

#[test]
fn a_stamp_takes_tenants_strictly_below_85_percent() {
    assert_eq!(home(&at(8_499), "new").as_deref(), Some(ONE));
    for points in [8_500, 8_501] {
        let placement = at(points);
        let why = reasons(refusal(&placement, "new"));
        assert_eq!(why, [(Ineligible::Band(Dimension::Cpu), 1)]);
    }
}

#[test]
fn the_boundary_holds_for_capacities_that_no_basis_point_divides() {
    for capacity in [1, 7, 10, 333, 64_000] {
        for (points, takes) in [(8_499, true), (8_500, false), (8_501, false)] {
            let mut setting = Setting::with_cores(0);
            let stamp = setting.serving(ONE, points);
            stamp.shape.as_mut().expect("shaped").capacity = even(capacity);
            setting.tenant("new").demand = Some(Load::default());
            let placed = home(&setting.placed(), "new").is_some();
            assert_eq!(placed, takes, "{points} of {capacity}");
        }
    }
}

#[test]
fn the_projected_load_stays_strictly_below_85_percent() {
    for (needs, takes) in [(499, true), (500, false), (501, false)] {
        for dimension in Dimension::ALL {
            let mut setting = Setting::with_cores(0);
            setting.serving(ONE, 8_000);
            let mut demand = Load::default();
            demand[dimension] = needs;
            setting.tenant("new").demand = Some(demand);
            let placement = setting.placed();
            assert_eq!(home(&placement, "new").is_some(), takes, "{needs}");
            if !takes {
                let why = reasons(refusal(&placement, "new"));
                assert_eq!(why, [(Ineligible::WouldReach(dimension), 1)]);
            }
        }
    }
}

#[test]
fn a_shared_stamp_takes_the_hundredth_tenant_and_no_further_one() {
    for (living, takes) in [(98, true), (99, true), (100, false)] {
        let mut setting = Setting::with_cores(0);
        setting.serving(ONE, 0);
        for number in 0..living {
            let name = format!("old-{number}");
            setting.living(&name, ONE).demand = Some(even(1));
        }
        setting.tenant("new").demand = Some(even(1));
        let placement = setting.placed();
        assert_eq!(home(&placement, "new").is_some(), takes, "{living}");
        if !takes {
            assert_eq!(reasons(refusal(&placement, "new")), [(Ineligible::Full, 1)]);
        }
    }
}

#[test]
fn data_kept_through_a_soak_counts_on_its_source() {
    let mut setting = Setting::with_cores(0);
    setting.fleet.policy.placement.max_tenants_per_shared = 1;
    setting.serving(ONE, 0);
    setting.serving(TWO, 0);
    setting.living("moved", TWO);
    let seen = setting.world.tenants.get_mut(&id("moved")).expect("seen");
    seen.moved_from = Some(id(ONE));
    setting.tenant("new");
    let placement = setting.placed();
    assert_eq!(reasons(refusal(&placement, "new")), [(Ineligible::Full, 2)]);
    assert_eq!(placement.stamps[&id(ONE)].tenants_before, 1);
    assert_eq!(placement.stamps[&id(ONE)].tenants_after, 1);
}

#[test]
fn five_hundred_users_are_shared_and_one_more_is_dedicated() {
    for (users, stamp) in [(500, ONE), (501, "dedicated-new-eastus2")] {
        let mut setting = Setting::with_cores(640);
        setting.serving(ONE, 0);
        setting.pool("own", StampKind::Dedicated, 0, 5);
        setting.tenant("new").users = users;
        assert_eq!(home(&setting.placed(), "new").as_deref(), Some(stamp));
    }
}

#[test]
fn each_class_rule_is_named() {
    let rule = |change: &dyn Fn(&mut Setting)| {
        let mut setting = Setting::with_cores(640);
        setting.serving(ONE, 0);
        setting.pool("own", StampKind::Dedicated, 0, 5);
        setting.tenant("new");
        change(&mut setting);
        let placement = setting.placed();
        let decision = decision(&placement, "new");
        match &decision.why {
            Why::Dedicated(rule) if decision.row == 3 => Some(*rule),
            Why::BestFit if decision.row == 4 => None,
            other => panic!("{other:?}"),
        }
    };
    let enforce = |setting: &mut Setting| {
        setting.fleet.policy.placement.class_rules = ClassRules::Enforce;
    };
    assert_eq!(rule(&|_| ()), None);
    assert_eq!(
        rule(&|s| s.tenant("new").tier = Tier::Enterprise),
        Some(ClassRule::Tier)
    );
    assert_eq!(
        rule(&|s| s.tenant("new").enterprise_contract = true),
        Some(ClassRule::Contract)
    );
    assert_eq!(
        rule(&|s| s.tenant("new").users = 501),
        Some(ClassRule::Users)
    );
    let cpu = |cpu| Some(Load { cpu, ..even(1) });
    assert_eq!(rule(&|s| s.tenant("new").demand = cpu(2_001)), None);
    assert_eq!(
        rule(&|s| {
            enforce(s);
            s.tenant("new").demand = cpu(2_000);
        }),
        None
    );
    assert_eq!(
        rule(&|s| {
            enforce(s);
            s.tenant("new").demand = cpu(2_001);
        }),
        Some(ClassRule::Cpu)
    );
    assert_eq!(
        rule(&|s| {
            enforce(s);
            s.tenant("new").requests_per_day = Some(1_000_001);
        }),
        Some(ClassRule::Requests)
    );
    assert_eq!(
        rule(&|s| {
            enforce(s);
            s.fleet.policy.placement.noisy_storage_gib = 1;
            s.tenant("new").demand = Some(Load {
                storage: 1_025,
                ..even(1)
            });
        }),
        Some(ClassRule::Storage)
    );
    assert_eq!(
        rule(&|s| s.tenant("new").demand = cpu(8_500)),
        Some(ClassRule::Size)
    );
}

#[test]
fn a_missing_metric_is_unknown_and_blocks() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 100);
    setting.metrics(ONE, &[100, 100, 100]);
    setting.tenant("new");
    let placement = setting.placed();
    let why = reasons(refusal(&placement, "new"));
    assert_eq!(why, [(Ineligible::Unknown(Dimension::Dtu), 1)]);
    let stamp = &placement.stamps[&id(ONE)];
    assert_eq!(stamp.band, Band::Unknown);
    assert_eq!(stamp.load_before.first_unknown(), Some(Dimension::Dtu));
    assert_eq!(stamp.load_before.cpu, Some(100));
}

#[test]
fn metrics_that_were_not_seen_are_unknown() {
    let mut hidden = Setting::with_cores(0);
    hidden.serving(ONE, 100);
    hidden
        .world
        .resources
        .retain(|address, _| address.kind() != Kind::StampMetrics);
    hidden.tenant("new");
    let absent = hidden.placed();
    hidden.world.gaps.push(Gap {
        kind: Some(Kind::StampMetrics),
        beneath: "sub".into(),
        class: FaultClass::Throttled,
        reason: "429".into(),
    });
    for placement in [absent, hidden.placed()] {
        let why = reasons(refusal(&placement, "new"));
        assert_eq!(why, [(Ineligible::Unknown(Dimension::Cpu), 1)]);
    }
}

#[test]
fn a_young_stamp_is_judged_by_what_its_tenants_need() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 9_900);
    let address = stampctl_contract::Address::new(
        Kind::StampMetrics,
        &["sub", "rg-stamp-shared-eastus2-001"],
    );
    let metrics = setting.world.resources.get_mut(&address.expect("valid"));
    let samples = stampctl_contract::Value::Int(23);
    metrics
        .expect("there")
        .settings
        .insert("samples".into(), samples);
    setting.living("old", ONE).demand = Some(even(200));
    setting.tenant("new");
    let placement = setting.placed();
    assert_eq!(home(&placement, "new").as_deref(), Some(ONE));
    let stamp = &placement.stamps[&id(ONE)];
    assert!(stamp.young);
    assert_eq!(stamp.load_before.known(), Some(even(200)));
    assert_eq!(stamp.load_after.known(), Some(even(300)));
}

#[test]
fn the_last_hour_counts_where_it_is_worse() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 100);
    let name = "rg-stamp-shared-eastus2-001";
    let numbers = [
        ("cpu", 100),
        ("memory", 100),
        ("storage", 100),
        ("dtu", 100),
        ("latest_memory", 8_500),
        ("samples", 168),
    ];
    setting.resource(Kind::StampMetrics, &["sub", name], &numbers);
    setting.tenant("new");
    let placement = setting.placed();
    let why = reasons(refusal(&placement, "new"));
    assert_eq!(why, [(Ineligible::Band(Dimension::Memory), 1)]);
}

#[test]
fn every_band_is_what_x_4_says() {
    let told = [
        (6_999, Band::Open, true, true),
        (7_000, Band::Plan, true, true),
        (8_499, Band::Plan, true, true),
        (8_500, Band::Provision, false, true),
        (8_999, Band::Provision, false, true),
        (9_000, Band::Pause, false, false),
        (9_499, Band::Pause, false, false),
        (9_500, Band::Deny, false, false),
    ];
    for (points, band, automatic, pinned) in told {
        let mut setting = Setting::with_cores(0);
        setting.serving(ONE, points);
        setting.tenant("any").demand = Some(Load::default());
        let pin = setting.tenant("pin");
        pin.demand = Some(Load::default());
        pin.placement = Wish::Stamp(id(ONE));
        let placement = setting.placed();
        assert_eq!(placement.stamps[&id(ONE)].band, band);
        assert_eq!(home(&placement, "any").is_some(), automatic, "{points}");
        assert_eq!(home(&placement, "pin").is_some(), pinned, "{points}");
        if pinned {
            assert_eq!(decision(&placement, "pin").row, 2);
        }
    }
}

#[test]
fn row_1_keeps_what_is_valid_even_on_a_hot_or_unknown_stamp() {
    for points in [&[9_400; 4][..], &[100][..]] {
        let mut setting = Setting::with_cores(0);
        setting.serving(ONE, 0);
        setting.metrics(ONE, points);
        setting.serving(TWO, 0);
        setting.living("old", ONE);
        let placement = setting.placed();
        let decision = decision(&placement, "old");
        assert_eq!((decision.row, &decision.why), (1, &Why::Stays));
        assert!(!decision.is_move() && decision.passed_over.is_empty());
        assert!(placement.bounds.moves.is_empty());
    }
}

#[test]
fn row_2_obeys_region_kind_and_class() {
    let why = |change: &dyn Fn(&mut Setting)| {
        let mut setting = Setting::with_cores(0);
        setting.serving(ONE, 0);
        setting.tenant("pin").placement = Wish::Stamp(id(ONE));
        change(&mut setting);
        reasons(refusal(&setting.placed(), "pin"))
    };
    assert_eq!(
        why(&|s| s.tenant("pin").region = id("westeurope")),
        [(Ineligible::Region, 1)]
    );
    assert_eq!(
        why(&|s| s.tenant("pin").tier = Tier::Enterprise),
        [(Ineligible::Kind, 1)]
    );
    assert_eq!(
        why(&|s| s.serving(ONE, 0).accepting = false),
        [(Ineligible::Closed, 1)]
    );
    assert_eq!(
        why(&|s| s.tenant("pin").placement = Wish::Stamp(id("nowhere"))),
        [(Ineligible::State, 1)]
    );
}

#[test]
fn row_3_uses_the_declared_stamp_before_a_pool() {
    let own = "dedicated-big-eastus2";
    let mut setting = Setting::with_cores(640);
    setting.pool("own", StampKind::Dedicated, 0, 5);
    setting.declare(own, StampKind::Dedicated, HERE);
    setting.tenant("big").tier = Tier::Enterprise;
    let placement = setting.placed();
    let decision = decision(&placement, "big");
    assert_eq!((decision.stamp.as_str(), decision.row), (own, 3));
    assert!(opened(&placement).is_empty());
}

#[test]
fn row_3_opens_a_stamp_as_large_as_its_tenant_and_keeps_it_so() {
    let mut setting = Setting::with_cores(640);
    setting.pool("own", StampKind::Dedicated, 0, 5);
    let big = setting.tenant("big");
    big.users = 900;
    big.demand = Some(Load {
        cpu: 9_000,
        ..even(100)
    });
    let placement = setting.placed();
    let stamp = &placement.stamps[&id("dedicated-big-eastus2")];
    let shape = stamp.stamp.shape.as_ref().expect("shaped");
    assert_eq!(shape.compute.instances, 9);
    assert_eq!(shape.capacity.cpu, 11_250);
    let why = OpenReason::Dedicated(id("big"));
    let pool = id("own");
    assert_eq!(stamp.origin, StampOrigin::Opened { pool, why });
    let again = setting.applied(&placement).placed();
    let kept = &again.stamps[&id("dedicated-big-eastus2")];
    assert_eq!(kept.stamp.shape, stamp.stamp.shape);
    assert_eq!(kept.origin, StampOrigin::Pool(id("own")));
}

#[test]
fn row_3_builds_a_dedicated_stamp_again_under_its_id() {
    let own = "dedicated-big-eastus2";
    let mut setting = Setting::with_cores(640);
    setting.pool("own", StampKind::Dedicated, 0, 5);
    setting.seen(own, StampKind::Dedicated, HERE, StampState::Deleted);
    setting.tenant("big").tier = Tier::Enterprise;
    assert_eq!(home(&setting.placed(), "big").as_deref(), Some(own));
}

#[test]
fn row_4_takes_the_least_utilised_then_the_fewest_tenants_then_the_first() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 5_000);
    setting.serving(TWO, 4_000);
    setting.serving("shared-eastus2-003", 4_000);
    setting.tenant("new");
    let placement = setting.placed();
    let decision = decision(&placement, "new");
    assert_eq!((decision.stamp.as_str(), decision.row), (TWO, 4));
    assert_eq!(decision.why, Why::BestFit);
    setting.living("old", TWO).demand = Some(even(1));
    let told = home(&setting.placed(), "new");
    assert_eq!(told.as_deref(), Some("shared-eastus2-003"));
}

#[test]
fn row_4_passes_over_what_is_closed_to_tenants() {
    let mut setting = Setting::with_cores(0);
    setting.serving("a-closed", 0).accepting = false;
    setting.serving("b-standby", 0).desired = DesiredStamp::Standby;
    setting.serving("c-retired", 0).desired = DesiredStamp::Retired;
    setting.serving("d-dr", 0).role = testing::DR;
    setting.serving("e-shut", 0);
    let shut = setting.world.stamps.get_mut(&id("e-shut")).expect("seen");
    shut.accepting = false;
    setting.serving("f-draining", 0);
    setting.seen("f-draining", StampKind::Shared, HERE, StampState::Draining);
    setting.seen("g-far", StampKind::Shared, "westeurope", StampState::Active);
    setting.declare("g-far", StampKind::Shared, "westeurope");
    setting.seen("h-own", StampKind::Dedicated, HERE, StampState::Active);
    setting.declare("h-own", StampKind::Dedicated, HERE);
    setting.seen("i-stray", StampKind::Shared, HERE, StampState::Active);
    setting.tenant("new");
    let placement = setting.placed();
    let told = reasons(refusal(&placement, "new"));
    let meant = [
        (Ineligible::Region, 1),
        (Ineligible::Kind, 1),
        (Ineligible::State, 2),
        (Ineligible::Closed, 3),
        (Ineligible::Dr, 1),
    ];
    assert_eq!(told, meant);
    let sum: u32 = told.iter().map(|(_, count)| count).sum();
    assert_eq!(sum as usize, placement.stamps.len());
    assert!(!placement.stamps.contains_key(&id("i-stray")));
}

#[test]
fn row_5_joins_a_stamp_that_is_being_built() {
    for state in [None, Some(StampState::Creating)] {
        let mut setting = Setting::with_cores(64);
        setting.declare(ONE, StampKind::Shared, HERE);
        if let Some(state) = state {
            setting.seen(ONE, StampKind::Shared, HERE, state);
        }
        setting.tenant("new");
        let placement = setting.placed();
        let decision = decision(&placement, "new");
        assert_eq!((decision.stamp.as_str(), decision.row), (ONE, 5));
    }
}

#[test]
fn row_6_opens_the_next_number_that_was_never_used() {
    let mut setting = Setting::with_cores(640);
    setting.serving(ONE, 8_500);
    setting.seen(
        "shared-eastus2-007",
        StampKind::Shared,
        HERE,
        StampState::Deleted,
    );
    setting.pool("pool", StampKind::Shared, 0, 3);
    setting.tenant("a-new");
    setting.tenant("b-new");
    let placement = setting.placed();
    assert_eq!(opened(&placement), ["shared-eastus2-008"]);
    let rows = ["a-new", "b-new"].map(|t| decision(&placement, t).row);
    assert_eq!(rows, [6, 5]);
    let stamp = &placement.stamps[&id("shared-eastus2-008")];
    let why = OpenReason::Demand(id("a-new"));
    let pool = id("pool");
    assert_eq!(stamp.origin, StampOrigin::Opened { pool, why });
}

#[test]
fn row_8_says_why_the_pool_opened_nothing() {
    let why = |cores, max, change: &dyn Fn(&mut Setting)| {
        let mut setting = Setting::with_cores(cores);
        setting.pool("pool", StampKind::Shared, 0, max);
        setting.tenant("new");
        change(&mut setting);
        let placement = setting.placed();
        let refusal = refusal(&placement, "new");
        assert_eq!(refusal.pools.len(), 1);
        refusal.pools[0].why.clone()
    };
    assert_eq!(why(640, 0, &|_| ()), PoolIneligible::Maximum(0));
    let quota = |free| PoolIneligible::Quota { needed: 64, free };
    assert_eq!(why(63, 5, &|_| ()), quota(63));
    let declared = |s: &mut Setting| {
        s.declare("x-other", StampKind::Shared, HERE).accepting = false;
    };
    assert_eq!(why(127, 5, &declared), quota(63));
    let hidden = |s: &mut Setting| {
        s.world.resources.clear();
        s.world.gaps.push(Gap {
            kind: None,
            beneath: "mg".into(),
            class: FaultClass::Denied,
            reason: "403".into(),
        });
    };
    assert_eq!(why(640, 5, &hidden), PoolIneligible::QuotaUnknown);
}

#[test]
fn unused_cores_of_the_subscription_count_too() {
    let mut setting = Setting::with_cores(32);
    let place = ["sub", HERE, "standardDSv5Family"];
    setting.resource(Kind::Quota, &place, &[("limit", 96), ("usage", 64)]);
    let given = ["mg", "group", "sub", HERE, "standardDSv5Family"];
    setting.resource(Kind::QuotaAllocation, &given, &[("cores", 96)]);
    setting.pool("pool", StampKind::Shared, 0, 5);
    setting.tenant("new");
    assert_eq!(home(&setting.placed(), "new").as_deref(), Some(ONE));
}

#[test]
fn a_pool_opens_its_minimum_and_counts_declared_stamps() {
    let mut setting = Setting::with_cores(640);
    setting.serving(ONE, 0);
    setting.pool("pool", StampKind::Shared, 3, 10);
    let placement = setting.placed();
    assert_eq!(opened(&placement), [TWO, "shared-eastus2-003"]);
    let again = setting.applied(&placement).placed();
    assert!(opened(&again).is_empty());
}

#[test]
fn a_hot_stamp_without_an_open_one_beside_it_gets_company() {
    for (points, opens) in [(8_499, false), (8_500, true), (9_900, true)] {
        let mut setting = Setting::with_cores(640);
        setting.serving(ONE, points);
        setting.pool("pool", StampKind::Shared, 0, 10);
        let placement = setting.placed();
        assert_eq!(!opened(&placement).is_empty(), opens, "{points}");
        if opens {
            let stamp = &placement.stamps[&id(TWO)];
            let why = OpenReason::Band(id(ONE));
            let pool = id("pool");
            assert_eq!(stamp.origin, StampOrigin::Opened { pool, why });
            let again = setting.applied(&placement).placed();
            assert!(opened(&again).is_empty());
        }
        setting.serving(TWO, 8_000);
        assert!(opened(&setting.placed()).is_empty());
    }
}

#[test]
fn every_trigger_moves_the_tenant_and_is_named() {
    let why = |change: &dyn Fn(&mut Setting)| {
        let mut setting = Setting::with_cores(640);
        setting.serving(ONE, 0);
        setting.serving(TWO, 100);
        setting.pool("own", StampKind::Dedicated, 0, 5);
        setting.living("old", ONE);
        change(&mut setting);
        let placement = setting.placed();
        let decision = decision(&placement, "old").clone();
        assert!(decision.is_move());
        assert_eq!(placement.bounds.moves.len(), 1);
        assert_eq!(placement.bounds.moves[0].moves, 1);
        assert_eq!(placement.bounds.moves[0].at_least, 1);
        let from = &placement.stamps.get(&id(ONE));
        assert!(from.is_none_or(|from| from.tenants_after == 0));
        (decision.row, decision.why)
    };
    let left = |row, reason| (row, Why::Left(reason));
    assert_eq!(
        why(&|s| s.serving(ONE, 0).desired = DesiredStamp::Retired),
        left(4, LeaveReason::StampRetired)
    );
    assert_eq!(
        why(&|s| {
            s.fleet.stamps.remove(&id(ONE));
        }),
        left(4, LeaveReason::StampMissing)
    );
    assert_eq!(
        why(&|s| {
            s.tenant("old").region = id("westeurope");
            s.seen("far", StampKind::Shared, "westeurope", StampState::Active);
            s.metrics("far", &[0; 4]);
            s.declare("far", StampKind::Shared, "westeurope");
        }),
        left(4, LeaveReason::Region)
    );
    assert_eq!(
        why(&|s| s.tenant("old").users = 501),
        left(3, LeaveReason::Dedicated(ClassRule::Users))
    );
    assert_eq!(
        why(&|s| s.tenant("old").placement = Wish::Stamp(id(TWO))),
        left(2, LeaveReason::Pinned)
    );
    assert_eq!(
        why(&|s| {
            s.metrics(ONE, &[10, 9_500, 10, 10]);
        }),
        left(4, LeaveReason::Overload(Dimension::Memory))
    );
}

#[test]
fn an_overloaded_stamp_sheds_the_fewest_that_help() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 9_699);
    setting.serving(TWO, 0);
    for (name, cpu) in [("a", 100), ("b", 250), ("c", 200), ("d", 150)] {
        setting.living(name, ONE).demand = Some(even(cpu));
    }
    let placement = setting.placed();
    // 200 of 10,000 must go: one of them is enough, and the smaller one is cheaper to copy.
    let homes = ["a", "b", "c", "d"].map(|t| home(&placement, t).expect("placed"));
    assert_eq!(homes, [ONE, ONE, TWO, ONE]);
    let bound = &placement.bounds.moves[0];
    assert_eq!(
        (bound.cause.as_str(), bound.at_least, bound.exact),
        ("overload", 1, true)
    );
}

#[test]
fn an_overloaded_stamp_keeps_whom_nobody_takes() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 9_600);
    setting.living("old", ONE).demand = Some(even(400));
    let placement = setting.placed();
    let refusal = refusal(&placement, "old");
    assert_eq!(refusal.was, Some(id(ONE)));
    let why = LeaveReason::Overload(Dimension::Cpu);
    assert_eq!(refusal.leaves, Some(why));
    assert_eq!(placement.stamps[&id(ONE)].tenants_after, 1);
}

#[test]
fn one_group_never_shares_a_stamp() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 0);
    setting.serving(TWO, 0);
    for name in ["a", "b", "c"] {
        setting.living(name, ONE).anti_affinity = Some("g".into());
    }
    let placement = setting.placed();
    assert_eq!(decision(&placement, "a").row, 1);
    assert_eq!(home(&placement, "b").as_deref(), Some(TWO));
    let why = LeaveReason::AntiAffinity("g".into());
    assert_eq!(decision(&placement, "b").why, Why::Left(why));
    let told = reasons(refusal(&placement, "c"));
    assert_eq!(told, [(Ineligible::AntiAffinity, 2)]);
}

#[test]
fn tenants_that_end_free_their_load_when_the_plan_is_done() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 2_000);
    setting.living("ends", ONE).demand = Some(even(500));
    setting.tenant("ends").desired = DesiredTenant::Erased;
    let placement = setting.placed();
    assert!(placement.decisions.is_empty() && placement.unplaceable.is_empty());
    let stamp = &placement.stamps[&id(ONE)];
    assert_eq!(stamp.load_before.known(), Some(even(2_000)));
    assert_eq!(stamp.load_after.known(), Some(even(1_500)));
    assert_eq!((stamp.tenants_before, stamp.tenants_after), (1, 0));
}

#[test]
fn a_dedicated_stamp_whose_last_tenant_leaves_is_retired() {
    let own = "dedicated-big-eastus2";
    for (keep, desired) in [(false, DesiredStamp::Retired), (true, DesiredStamp::Active)] {
        let mut setting = Setting::with_cores(0);
        setting.seen(own, StampKind::Dedicated, HERE, StampState::Active);
        setting.metrics(own, &[100; 4]);
        setting.declare(own, StampKind::Dedicated, HERE).keep_empty = keep;
        setting.living("big", own).desired = DesiredTenant::Offboarded;
        let placement = setting.placed();
        assert_eq!(placement.stamps[&id(own)].stamp.desired, desired);
        // Once it is gone, the same manifest does not ask for it again.
        let again = setting.applied(&placement).placed();
        assert_eq!(again.stamps[&id(own)].stamp.desired, desired);
    }
}

#[test]
fn unmanaged_tenants_count_and_stay() {
    let mut setting = Setting::with_cores(0);
    setting.fleet.policy.placement.max_tenants_per_shared = 1;
    setting.serving(ONE, 0).desired = DesiredStamp::Retired;
    setting.living("stray", ONE);
    setting.fleet.tenants.clear();
    let placement = setting.placed();
    assert!(placement.decisions.is_empty() && placement.unplaceable.is_empty());
    assert_eq!(placement.stamps[&id(ONE)].tenants_after, 1);
}

#[test]
fn a_move_that_has_not_settled_is_not_followed_by_another() {
    let mut setting = Setting::with_cores(0);
    setting.serving(ONE, 0);
    setting.serving(TWO, 0).desired = DesiredStamp::Retired;
    setting.living("moved", TWO);
    let seen = setting.world.tenants.get_mut(&id("moved")).expect("seen");
    seen.moved_from = Some(id(ONE));
    let placement = setting.placed();
    assert_eq!(decision(&placement, "moved").row, 1);
}

#[test]
fn a_pool_made_stamp_is_retired_by_its_id_alone() {
    let mut setting = Setting::with_cores(640);
    setting.pool("pool", StampKind::Shared, 0, 5);
    setting.serving(ONE, 0);
    let stamp = setting.serving(TWO, 0);
    stamp.shape = None;
    stamp.desired = DesiredStamp::Retired;
    setting.fleet.stamps.remove(&id(ONE));
    setting.living("old", TWO);
    let placement = setting.placed();
    let retired = &placement.stamps[&id(TWO)];
    assert_eq!(
        retired.stamp.shape,
        Some(testing::shape(StampKind::Shared, HERE))
    );
    assert_eq!(retired.stamp.desired, DesiredStamp::Retired);
    assert_eq!(home(&placement, "old").as_deref(), Some(ONE));
    assert_eq!(
        placement.stamps[&id(ONE)].origin,
        StampOrigin::Pool(id("pool"))
    );
}

#[test]
fn a_tenant_that_fits_no_stamp_ends_in_a_refusal() {
    let mut setting = Setting::with_cores(640_000);
    setting.pool("pool", StampKind::Shared, 0, 10);
    setting.pool("own", StampKind::Dedicated, 0, 10);
    setting.tenant("huge").demand = Some(Load {
        storage: 8_500,
        ..even(1)
    });
    let placement = setting.placed();
    let refusal = refusal(&placement, "huge");
    assert_eq!(
        refusal.pools[0].why,
        PoolIneligible::TooLarge(Dimension::Storage)
    );
    assert!(opened(&placement).is_empty());
}

#[test]
fn what_was_not_seen_moves_nobody_and_is_nobody_new() {
    let mut setting = Setting::with_cores(640);
    setting.pool("pool", StampKind::Shared, 0, 5);
    setting.declare(ONE, StampKind::Shared, HERE);
    setting.serving("shared-eastus2-003", 0);
    setting.living("declared", ONE);
    setting.living("pool-made", TWO);
    setting.tenant("new");
    setting.world.gaps.push(Gap {
        kind: Some(Kind::RegistryItem),
        beneath: "registry".into(),
        class: FaultClass::Throttled,
        reason: "429".into(),
    });
    let placement = setting.placed();
    assert_eq!(decision(&placement, "declared").row, 1);
    assert_eq!(placement.stamps[&id(ONE)].band, Band::Unknown);
    assert_eq!(refusal(&placement, "pool-made").was, Some(id(TWO)));
    assert_eq!(refusal(&placement, "new").was, None);
    assert_eq!(placement.decisions.len(), 1);
}

/// Three stamps of a pool, the last of them nearly empty.
fn half_empty(max_moves: u32) -> Setting {
    let mut setting = Setting::with_cores(0);
    setting.fleet.policy.placement.consolidate = Some(Consolidate {
        max_moves,
        fill: Percent(83),
    });
    setting.pool("pool", StampKind::Shared, 2, 5);
    for (name, points) in [(ONE, 7_000), (TWO, 8_150), (THREE, 300)] {
        setting.serving(name, points);
        setting.fleet.stamps.remove(&id(name));
    }
    for number in 0..4 {
        setting.living(&format!("one-{number}"), ONE);
        setting.living(&format!("two-{number}"), TWO);
    }
    for name in ["a", "b", "c"] {
        setting.living(name, THREE);
    }
    setting
}

#[test]
fn consolidation_empties_a_stamp_within_its_budget() {
    let setting = half_empty(3);
    let placement = setting.placed();
    let homes = ["a", "b", "c"].map(|t| home(&placement, t).expect("placed"));
    // Fullest first, to 83 %: one of them fits beside 81.5 %.
    assert_eq!(homes, [TWO, ONE, ONE]);
    let why = Why::Consolidated(id(THREE));
    assert_eq!(decision(&placement, "a").why, why);
    let stamp = &placement.stamps[&id(THREE)];
    assert_eq!(stamp.stamp.desired, DesiredStamp::Retired);
    assert_eq!(stamp.tenants_after, 0);
    let bound = &placement.bounds.moves[0];
    let told = (bound.cause.as_str(), bound.moves, bound.at_least);
    assert_eq!(told, ("consolidation", 3, 0));
    let again = setting.applied(&placement).placed();
    assert!(again.bounds.moves.is_empty());
}

#[test]
fn consolidation_stops_at_every_limit() {
    let quiet = |change: &dyn Fn(&mut Setting)| {
        let mut setting = half_empty(3);
        change(&mut setting);
        let placement = setting.placed();
        let consolidated = |d: &Decision| matches!(d.why, Why::Consolidated(_));
        let retired = placement.stamps[&id(THREE)].stamp.desired == DesiredStamp::Retired;
        !retired && !placement.decisions.values().any(consolidated)
    };
    assert!(!quiet(&|_| ()));
    assert!(quiet(&|s| s.fleet.policy.placement.consolidate = None));
    assert!(quiet(&|s| *s = half_empty(2)));
    assert!(quiet(&|s| s.fleet.policy.limits.tenants_moved = Some(2)));
    assert!(quiet(&|s| s.fleet.policy.limits.stamps_retired = 0));
    assert!(quiet(&|s| s.fleet.policy.capacity.min_active_stamps = 3));
    assert!(quiet(&|s| s.pool("pool", StampKind::Shared, 3, 5)));
    assert!(quiet(&|s| s.tenant("a").placement = Wish::Stamp(id(THREE))));
    assert!(quiet(&|s| {
        s.fleet.tenants.remove(&id("a"));
    }));
    assert!(quiet(&|s| s.metrics(THREE, &[300; 3])));
    assert!(quiet(&|s| {
        s.serving(THREE, 300);
    }));
    // Someone waits for a place, or the region opens a stamp.
    assert!(quiet(&|s| s.tenant("new").tier = Tier::Enterprise));
}
