//! Laws that hold for every fleet, judged by a program that shares nothing with placement but
//! its types: it adds everything up again from the manifest, the world and the answer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::model::Dimension;
use crate::model::Load;
use crate::model::Percent;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::policy::Consolidate;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Tier;
use crate::model::tenant::Wish;

use super::placement::Ineligible;
use super::placement::LeaveReason;
use super::placement::PassedOver;
use super::placement::StampOrigin;
use super::placement::Why;
use super::testing::Answer;
use super::testing::HERE;
use super::testing::Setting;
use super::testing::even;
use super::testing::id;
use super::why_not;

const REGIONS: [&str; 2] = ["eastus2", "westeurope"];

/// A stamp: region, state, load, and one number that decides about its oddities.
type AnyStamp = (usize, u8, u64, u8);

/// A tenant: region, home, its four needs, and one number that decides about its oddities.
type AnyTenant = (usize, Option<u8>, [u64; 4], u8);

/// What a fleet is made from; prints shorter than the fleet.
type Raw = (Vec<AnyStamp>, Vec<AnyTenant>, (u32, u32, u64));

/// A fleet with everything that can go wrong in it, each now and then.
fn settings() -> impl Strategy<Value = Raw> {
    let stamp = (0..2_usize, 0..10_u8, 0..10_000_u64, 0..16_u8);
    let needs = proptest::array::uniform4(1..1_500_u64);
    let tenant = (0..2_usize, proptest::option::of(0..8_u8), needs, 0..24_u8);
    let stamps = proptest::collection::vec(stamp, 0..7);
    let tenants = proptest::collection::vec(tenant, 0..30);
    let pools = (0..3_u32, 0..5_u32, 0..600_u64);
    (stamps, tenants, pools)
}

fn name_of(index: usize, region: usize) -> String {
    format!("shared-{}-{:03}", REGIONS[region], index + 1)
}

fn setting(raw: &Raw) -> Setting {
    let (stamps, tenants, (min, more, cores)) = raw;
    let (min, more, cores) = (*min, *more, *cores);
    let mut setting = Setting::with_cores(cores);
    setting.fleet.policy.placement.max_tenants_per_shared = 6;
    setting.pool("own", StampKind::Dedicated, 0, more + 1);
    setting.pool("shared", StampKind::Shared, min, min + more);
    for (index, &(region, state, points, odd)) in stamps.iter().enumerate() {
        let name = name_of(index, region);
        let stamp = setting.declare(&name, StampKind::Shared, REGIONS[region]);
        match odd {
            0 => stamp.accepting = false,
            1 => stamp.desired = DesiredStamp::Retired,
            2 => stamp.desired = DesiredStamp::Standby,
            3 => stamp.role = Role::Dr,
            _ => {}
        }
        let state = match state {
            0 => None,
            1 => Some(StampState::Creating),
            2 => Some(StampState::Ready),
            3 => Some(StampState::Deleted),
            _ => Some(StampState::Active),
        };
        if let Some(state) = state {
            setting.seen(&name, StampKind::Shared, REGIONS[region], state);
            let known = if odd == 4 { 3 } else { 4 };
            // What is being built has reported nothing yet.
            if state != StampState::Creating {
                setting.metrics(&name, &[points; 4][..known]);
            }
        }
        if odd == 5 && region == 0 {
            // The pool made it.
            setting.fleet.stamps.remove(&id(&name));
        }
    }
    for (index, &(region, home, needs, odd)) in tenants.iter().enumerate() {
        let name = format!("t-{index:02}");
        let home = home
            .and_then(|home| stamps.get(usize::from(home)).map(|stamp| (home, stamp)))
            .map(|(home, stamp)| name_of(usize::from(home), stamp.0));
        let tenant = match &home {
            Some(home) => setting.living(&name, home),
            None => setting.tenant(&name),
        };
        let [cpu, memory, storage, dtu] = needs;
        tenant.demand = Some(Load {
            cpu,
            memory,
            storage,
            dtu,
        });
        tenant.region = id(REGIONS[region]);
        match odd {
            0 => tenant.tier = Tier::Enterprise,
            1 => tenant.users = 501,
            2..6 => tenant.anti_affinity = Some("group".into()),
            6 => tenant.desired = DesiredTenant::Offboarded,
            7 if !stamps.is_empty() => {
                tenant.placement = Wish::Stamp(id(&name_of(0, stamps[0].0)));
            }
            8 => tenant.demand = Some(even(8_000)),
            9 => {
                setting.fleet.tenants.remove(&id(&name));
            }
            _ => {}
        }
    }
    setting
}

/// Cores of every stamp of [`HERE`] that the plan has to build.
pub(super) fn cores_taken(setting: &Setting, placement: &Answer) -> i64 {
    let builds = |id: &StampId| {
        let seen = setting.world.stamps.get(id);
        let coming = [StampState::Deleted, StampState::Creating];
        seen.is_none_or(|seen| coming.contains(&seen.state))
    };
    let cores = placement
        .stamps
        .iter()
        .filter(|(id, placed)| builds(id) && placed.stamp.desired != DesiredStamp::Retired)
        .filter_map(|(_, placed)| placed.stamp.shape.as_ref())
        .filter(|shape| shape.region.as_str() == HERE)
        .map(|shape| shape.compute.cores());
    i64::try_from(cores.sum::<u64>()).expect("small")
}

/// The judge: everything is added up again.
struct Judge<'a> {
    setting: &'a Setting,
    placement: &'a Answer,
}

impl Judge<'_> {
    /// The stamp that the tenant lives on, while both are alive.
    fn home(&self, tenant: &TenantId) -> Option<&StampId> {
        let seen = self.setting.world.tenants.get(tenant)?;
        let stamp = self.setting.world.stamps.get(&seen.stamp)?;
        let alive = !seen.state.is_terminal() && stamp.state != StampState::Deleted;
        alive.then_some(&seen.stamp)
    }

    fn demand(&self, tenant: &TenantId) -> Load {
        let meant = self.setting.fleet.tenants.get(tenant);
        meant.and_then(|tenant| tenant.demand).unwrap_or_default()
    }

    fn arrivals(&self, stamp: &StampId) -> Vec<&TenantId> {
        let arrives = |tenant: &TenantId, decision: &super::Decision| {
            decision.stamp == *stamp && self.home(tenant) != Some(stamp)
        };
        let decisions = self.placement.decisions.iter();
        decisions
            .filter(|(tenant, decision)| arrives(tenant, decision))
            .map(|(tenant, _)| tenant)
            .collect()
    }

    /// Every tenant that is to be served has one answer, and nobody else has.
    fn answers_everyone_once(&self) {
        for (id, tenant) in &self.setting.fleet.tenants {
            let answers = usize::from(self.placement.decisions.contains_key(id))
                + usize::from(self.placement.unplaceable.contains_key(id));
            let served = tenant.desired == DesiredTenant::Active;
            assert_eq!(answers, usize::from(served), "{id}");
        }
        let all = self.placement.decisions.len() + self.placement.unplaceable.len();
        let served = self.setting.fleet.tenants.values();
        assert_eq!(
            all,
            served
                .filter(|t| t.desired == DesiredTenant::Active)
                .count()
        );
    }

    /// H1 to H5 for every stamp that receives a tenant.
    fn keeps_the_hard_rules(&self) {
        for (id, placed) in &self.placement.stamps {
            let arrivals = self.arrivals(id);
            if arrivals.is_empty() {
                continue;
            }
            let stamp = &placed.stamp;
            let shape = stamp.shape.as_ref().expect("a shape");
            assert_eq!(stamp.desired, DesiredStamp::Active, "{id}");
            assert!(stamp.accepting && stamp.role == Role::Pool, "{id}");
            let seen = self.setting.world.stamps.get(id).map(|seen| seen.state);
            let rebuilt = seen == Some(StampState::Deleted) && shape.kind == StampKind::Dedicated;
            let ready = [None, Some(StampState::Creating), Some(StampState::Active)];
            assert!(ready.contains(&seen) || rebuilt, "{id} is {seen:?}");
            let before = placed.load_before.known().expect("known");
            let after = arrivals
                .iter()
                .fold(before, |sum, tenant| sum.plus(&self.demand(tenant)));
            let all_pinned = arrivals
                .iter()
                .all(|tenant| self.setting.fleet.tenants[*tenant].placement != Wish::Auto);
            let limit = if all_pinned { 90 } else { 85 };
            assert!(after.is_below(&shape.capacity, limit), "{id}: {after:?}");
            let most = if shape.kind == StampKind::Shared {
                6
            } else {
                1
            };
            assert!(placed.tenants_before + count(&arrivals) <= most, "{id}");
            for tenant in arrivals {
                let meant = &self.setting.fleet.tenants[tenant];
                assert_eq!(meant.region, shape.region, "{tenant}");
                assert!(!needs_its_own(meant) || shape.kind == StampKind::Dedicated);
                self.shares_with_none_of_its_group(tenant, meant, id);
            }
        }
    }

    fn shares_with_none_of_its_group(&self, tenant: &TenantId, meant: &Tenant, stamp: &StampId) {
        let Some(group) = &meant.anti_affinity else {
            return;
        };
        for (other, decision) in &self.placement.decisions {
            let theirs = &self.setting.fleet.tenants[other].anti_affinity;
            let together = decision.stamp == *stamp && other != tenant;
            assert!(
                !together || theirs.as_ref() != Some(group),
                "{tenant} {other}"
            );
        }
    }

    /// Nobody moves without a reason that the judge sees too.
    fn moves_only_whom_it_must(&self) {
        for (tenant, decision) in &self.placement.decisions {
            let Some(home) = self.home(tenant) else {
                // It is new, or what it lived on is gone.
                let missing = Why::Left(LeaveReason::StampMissing);
                assert!(decision.was.is_none() || decision.why == missing);
                continue;
            };
            let meant = &self.setting.fleet.tenants[tenant];
            if decision.stamp == *home {
                continue;
            }
            assert!(decision.is_move() && matches!(decision.why, Why::Left(_)));
            let placed = self.placement.stamps.get(home);
            let fine = placed.is_some_and(|placed| {
                let shape = placed.stamp.shape.as_ref().expect("a shape");
                let load = placed.load_before.known().unwrap_or_default();
                placed.stamp.desired != DesiredStamp::Retired
                    && shape.region == meant.region
                    && load.is_below(&shape.capacity, 95)
            });
            let pinned = meant.placement != Wish::Auto;
            let grouped = meant.anti_affinity.is_some();
            let forced = !fine || pinned || grouped || needs_its_own(meant);
            assert!(forced, "{tenant} moved: {decision:?}");
        }
        let moves = self.placement.decisions.values().filter(|d| d.is_move());
        let bounds = &self.placement.bounds.moves;
        let told: u32 = bounds.iter().map(|bound| bound.moves).sum();
        assert_eq!(told as usize, moves.count());
        assert!(bounds.iter().all(|bound| bound.moves >= bound.at_least));
    }

    /// Loads and numbers are what went in, less what goes out.
    fn adds_up(&self) {
        for (id, placed) in &self.placement.stamps {
            let arrivals = self.arrivals(id);
            let leaves = |tenant: &&TenantId| {
                let meant = self.setting.fleet.tenants.get(*tenant);
                let ends = meant.is_some_and(|t| t.desired != DesiredTenant::Active);
                let moves = self.placement.decisions.get(*tenant);
                ends || moves.is_some_and(|decision| decision.stamp != *id)
            };
            let living: Vec<&TenantId> = self
                .setting
                .world
                .tenants
                .keys()
                .filter(|tenant| self.home(tenant) == Some(id))
                .collect();
            let gone: Vec<&TenantId> = living.iter().copied().filter(leaves).collect();
            assert_eq!(placed.tenants_before, count(&living), "{id}");
            let after = count(&living) + count(&arrivals) - count(&gone);
            assert_eq!(placed.tenants_after, after, "{id}");
            let sum = |tenants: &[&TenantId]| {
                let demands = tenants.iter().map(|tenant| self.demand(tenant));
                demands.fold(Load::default(), |sum, one| sum.plus(&one))
            };
            if let Some(before) = placed.load_before.known() {
                let managed = living
                    .iter()
                    .all(|t| self.setting.fleet.tenants.contains_key(*t));
                assert!(!managed || before.max(&sum(&living)) == before, "{id}");
                let after = before.plus(&sum(&arrivals)).minus(&sum(&gone));
                assert_eq!(placed.load_after.known(), Some(after), "{id}");
            }
        }
    }

    /// Pools stay within their bounds and within the cores there are.
    fn opens_within_bounds(&self) {
        let opened = self
            .placement
            .stamps
            .values()
            .filter(|placed| matches!(placed.origin, StampOrigin::Opened { .. }));
        let opened: Vec<_> = opened.collect();
        if opened.is_empty() {
            return;
        }
        let available = self.setting.world.resources.values();
        let available = available.filter_map(|seen| seen.int("available")).sum();
        assert!(cores_taken(self.setting, self.placement) <= available);
        for placed in opened {
            let StampOrigin::Opened { pool, .. } = &placed.origin else {
                continue;
            };
            let pool = &self.setting.fleet.pools[pool];
            let alike = self.placement.stamps.values().filter(|other| {
                let shape = other.stamp.shape.as_ref().expect("a shape");
                let dead = self.setting.world.stamps.get(&other.stamp.id);
                shape.region == pool.shape.region
                    && shape.kind == pool.shape.kind
                    && other.stamp.desired != DesiredStamp::Retired
                    && dead.is_none_or(|seen| seen.state != StampState::Deleted)
            });
            assert!(count(&alike.collect::<Vec<_>>()) <= pool.max);
            let before = self.setting.world.stamps.contains_key(&placed.stamp.id);
            assert!(!before || pool.shape.kind == StampKind::Dedicated);
        }
    }

    /// What was passed over is what each pair says, and a refusal accounts for every stamp.
    fn explains_itself(&self) {
        let decided = self.placement.decisions.iter().filter(|(_, d)| d.row > 2);
        let decided = decided.map(|(tenant, decision)| (tenant, &decision.passed_over));
        for (tenant, told) in decided {
            assert_eq!(counts(told), self.reasons(tenant), "{tenant}");
        }
        for (tenant, refusal) in &self.placement.unplaceable {
            if self.setting.fleet.tenants[tenant].placement != Wish::Auto {
                continue;
            }
            let told = counts(&refusal.passed_over);
            assert_eq!(told, self.reasons(tenant), "{tenant}");
            let sum: u32 = told.values().sum();
            assert_eq!(sum as usize, self.placement.stamps.len(), "{tenant}");
        }
    }

    fn reasons(&self, tenant: &TenantId) -> BTreeMap<Ineligible, u32> {
        let Setting { fleet, world } = self.setting;
        let placement = super::place(fleet, world);
        let mut counts = BTreeMap::new();
        for stamp in self.placement.stamps.keys() {
            if let Some(why) = why_not(fleet, world, &placement, tenant, stamp) {
                *counts.entry(why).or_default() += 1;
            }
        }
        counts
    }
}

fn count<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).expect("few")
}

fn counts(told: &[PassedOver]) -> BTreeMap<Ineligible, u32> {
    for passed in told {
        assert!(passed.first.len() == passed.count.min(3) as usize);
        assert!(passed.first.is_sorted());
    }
    told.iter()
        .map(|passed| (passed.why, passed.count))
        .collect()
}

/// The class rules that these fleets can meet: no demand is too large for a shared stamp.
fn needs_its_own(tenant: &Tenant) -> bool {
    tenant.tier == Tier::Enterprise || tenant.users > 500
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_independent_judge_finds_nothing(raw in settings()) {
        let setting = setting(&raw);
        let placement = setting.placed();
        let judge = Judge { setting: &setting, placement: &placement };
        judge.answers_everyone_once();
        judge.keeps_the_hard_rules();
        judge.moves_only_whom_it_must();
        judge.adds_up();
        judge.opens_within_bounds();
    }

    #[test]
    fn every_answer_explains_itself(raw in settings()) {
        let setting = setting(&raw);
        let placement = setting.placed();
        Judge { setting: &setting, placement: &placement }.explains_itself();
    }

    /// Voluntary moves obey everything that others obey, and their budget.
    #[test]
    fn consolidation_obeys_the_judge(raw in settings(), max_moves in 0..8_u32) {
        let mut setting = setting(&raw);
        setting.fleet.policy.capacity.min_active_stamps = 1;
        let fill = Percent(80);
        let budget = Consolidate { max_moves, fill };
        setting.fleet.policy.placement.consolidate = Some(budget);
        let placement = setting.placed();
        let judge = Judge { setting: &setting, placement: &placement };
        judge.answers_everyone_once();
        judge.keeps_the_hard_rules();
        judge.adds_up();
        let voluntary = |d: &&super::Decision| matches!(d.why, Why::Consolidated(_));
        let moves = placement.decisions.values().filter(voluntary).count();
        prop_assert!(moves <= max_moves as usize);
    }

    /// Who was placed once is never touched again.
    #[test]
    fn placing_again_moves_nobody(raw in settings()) {
        let setting = setting(&raw);
        let placement = setting.placed();
        let again = setting.applied(&placement).placed();
        for (tenant, decision) in &placement.decisions {
            let now = again.decisions.get(tenant);
            prop_assert!(now.is_some_and(|now| now.row == 1), "{tenant}: {now:?}");
            prop_assert_eq!(now.map(|now| &now.stamp), Some(&decision.stamp));
        }
        if placement.unplaceable.is_empty() {
            let moves = again.decisions.values().filter(|d| d.is_move()).count();
            prop_assert_eq!(moves, 0);
        }
    }

    /// Where no stamp holds more than it would be given, the bound holds.
    #[test]
    fn no_answer_beats_its_lower_bound(raw in settings()) {
        let setting = setting(&raw);
        let placement = setting.placed();
        if placement.unplaceable.is_empty() {
            for bound in &placement.bounds.stamps {
                let frozen = placement.stamps.values().any(|placed| {
                    let shape = placed.stamp.shape.as_ref().expect("a shape");
                    let load = placed.load_after.known();
                    shape.region == bound.region
                        && (placed.tenants_after > 6
                            || load.is_none_or(|load| !load.is_below(&shape.capacity, 85)))
                });
                let odd = bound.kind == StampKind::Dedicated;
                prop_assert!(frozen || odd || bound.at_least <= bound.stamps, "{bound:?}");
            }
        }
    }

    /// The order in which a fleet is written down does not matter.
    #[test]
    fn the_order_of_the_input_does_not_matter(
        needs in proptest::collection::vec(proptest::array::uniform4(1..1_500_u64), 1..40),
    ) {
        let build = |order: &mut dyn Iterator<Item = usize>| {
            let mut setting = Setting::with_cores(6_400);
            setting.pool("pool", StampKind::Shared, 1, 10);
            for index in order {
                let [cpu, memory, storage, dtu] = needs[index];
                let tenant = setting.tenant(&format!("t-{index}"));
                tenant.demand = Some(Load { cpu, memory, storage, dtu });
            }
            setting.placed()
        };
        let forwards = build(&mut (0..needs.len()));
        let backwards = build(&mut (0..needs.len()).rev());
        prop_assert_eq!(forwards, backwards);
    }
}

/// The bound is exact where one dimension binds and tenants divide a stamp evenly.
#[test]
fn a_fleet_from_nothing_opens_what_it_must() {
    let mut setting = Setting::with_cores(6_400);
    setting.fleet.policy.capacity.max_stamps = 100;
    setting.pool("pool", StampKind::Shared, 0, 100);
    for number in 0..160 {
        let tenant = setting.tenant(&format!("t-{number:03}"));
        let cpu = if number % 2 == 0 { 1_600 } else { 400 };
        tenant.demand = Some(Load { cpu, ..even(10) });
    }
    let placement = setting.placed();
    assert!(placement.unplaceable.is_empty());
    let bound = &placement.bounds.stamps[0];
    assert_eq!(bound.binding, Some(Dimension::Cpu));
    assert!(bound.stamps >= bound.at_least && bound.stamps <= bound.at_least + 2);
    let used: std::collections::BTreeSet<&StampId> =
        placement.decisions.values().map(|d| &d.stamp).collect();
    assert_eq!(used.len(), placement.stamps.len());
}
