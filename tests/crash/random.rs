//! Whatever the fleet and the world: a plan that is not refused verifies, applies through
//! whatever goes wrong on the way, and leaves nothing to do. No quota is lost or made, and enough
//! stamps serve all the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::verify::verify;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_sim::WorldSpec;

use crate::cases;
use crate::cloud::Mishap;
use crate::scenario::Bench;
use crate::scenario::Scenario;

/// A stamp: its machines in the world (none: it is not there) and in the manifest (none: it is to
/// be retired), and what is desired.
#[derive(Clone, Debug)]
struct Stamp {
    seen: Option<u32>,
    wanted: Option<u32>,
    rests: bool,
}

/// A tenant: its users, the stamp that it lives on (none: it is new), and whether it leaves.
#[derive(Clone, Debug)]
struct Tenant {
    users: u32,
    home: Option<usize>,
    leaves: bool,
}

#[derive(Clone, Debug)]
struct Case {
    stamps: Vec<Stamp>,
    tenants: Vec<Tenant>,
    /// Which call goes wrong, and how.
    wrong: Vec<(usize, usize)>,
}

fn case() -> impl Strategy<Value = Case> {
    let machines = || prop::sample::select(vec![4_u32, 8, 12]);
    let stamp = (
        prop::option::weighted(0.8, machines()),
        prop::option::weighted(0.8, machines()),
        prop::bool::weighted(0.15),
    );
    let stamp = stamp.prop_map(|(seen, wanted, rests)| Stamp {
        seen,
        wanted,
        rests,
    });
    let tenant = (
        10..400_u32,
        // Any of up to five.
        prop::option::weighted(0.7, 0..60_usize),
        prop::bool::weighted(0.2),
    );
    let tenant = tenant.prop_map(|(users, home, leaves)| Tenant {
        users,
        home,
        leaves,
    });
    (
        prop::collection::vec(stamp, 2..5),
        prop::collection::vec(tenant, 0..6),
        prop::collection::vec((0..80_usize, 0..6_usize), 0..6),
    )
        .prop_map(|(stamps, tenants, wrong)| Case {
            stamps,
            tenants,
            wrong,
        })
}

impl Case {
    /// The stamp that a tenant lives on, by number.
    fn home(&self, tenant: &Tenant) -> Option<usize> {
        let there: Vec<usize> = (0..self.stamps.len())
            .filter(|at| self.stamps[*at].seen.is_some())
            .collect();
        let home = tenant.home?;
        (!there.is_empty()).then(|| there[home % there.len()])
    }

    fn manifest(&self) -> String {
        let mut text = HEAD.to_owned();
        text.push_str("stamps:\n");
        for (number, stamp) in self.stamps.iter().enumerate() {
            let machines = stamp.wanted.or(stamp.seen).unwrap_or(4);
            let desired = match stamp {
                Stamp { wanted: None, .. } => "retired",
                Stamp {
                    rests: true,
                    seen: Some(_),
                    ..
                } => "standby",
                _ => "active",
            };
            if stamp.seen.is_none() && stamp.wanted.is_none() {
                continue;
            }
            let _ = writeln!(
                text,
                "  shared-eastus2-00{number}: {{ kind: shared, region: eastus2, zones: [\"1\", \"2\"], \
                 subscription: shared-eastus2, quota_group: qg, capacity_reservation: crg, \
                 compute: {{ sku: Standard_D8s_v5, instances: {machines} }}, desired: {desired} }}"
            );
        }
        text.push_str(
            "  shared-eastus2-009: { kind: shared, region: eastus2, zones: [\"1\", \"2\"], \
                       subscription: shared-eastus2, quota_group: qg, capacity_reservation: crg, \
                       compute: { sku: Standard_D8s_v5, instances: 12 } }\n",
        );
        if !self.tenants.is_empty() {
            text.push_str("tenants:\n");
        }
        for (number, tenant) in self.tenants.iter().enumerate() {
            let known = tenant.leaves && self.home(tenant).is_some();
            let desired = if known { ", desired: offboarded" } else { "" };
            let _ = writeln!(
                text,
                "  tenant-{number}: {{ users: {}, tier: standard, region: eastus2{desired} }}",
                tenant.users
            );
        }
        text
    }

    fn world(&self) -> String {
        let mut text = WORLD.to_owned();
        text.push_str("stamps:\n");
        let mut stamp = |number: usize, machines: u32| {
            let _ = writeln!(
                text,
                "  - {{ id: shared-eastus2-00{number}, subscription: shared-eastus2, region: eastus2, \
                 zones: [\"1\", \"2\"], sku: Standard_D8s_v5, instances: {machines}, quota_group: qg, \
                 reservation: crg, ingress: {{ subscription: shared-eastus2, resource_group: rg-ingress, \
                 profile: fd, group: stamps, host: shared-eastus2-00{number}.random.example.com, weight: 500 }}, \
                 metrics: {{ cpu: 20, memory: 20, storage: 20, dtu: 10 }} }}"
            );
        };
        for (number, one) in self.stamps.iter().enumerate() {
            if let Some(machines) = one.seen {
                stamp(number, machines);
            }
        }
        stamp(9, 12);
        let homes = self.tenants.iter().enumerate();
        let homes: Vec<(usize, usize, &Tenant)> = homes
            .filter_map(|(number, tenant)| Some((number, self.home(tenant)?, tenant)))
            .collect();
        if !homes.is_empty() {
            text.push_str("tenants:\n");
        }
        for (number, home, tenant) in homes {
            let _ = writeln!(
                text,
                "  - {{ id: tenant-{number}, stamp: shared-eastus2-00{home}, region: eastus2, \
                 users: {}, tier: standard }}",
                tenant.users
            );
        }
        text
    }
}

const HEAD: &str = "version: 1
fleet: random
provider: { sim: {} }
policy: { limits: { stamps_retired: 9, tenants_moved: 99 } }
subscriptions: { shared-eastus2: { id: 11111111-1111-1111-1111-111111111111 } }
quota_groups:
  qg: { management_group: mg, subscriptions: [shared-eastus2], limits: [{ region: eastus2, family: standardDSv5Family, cores: 800 }] }
capacity_reservations:
  crg: { subscription: shared-eastus2, region: eastus2, zones: [\"1\", \"2\"], sku: Standard_D8s_v5 }
ingress: { subscription: shared-eastus2, resource_group: rg-ingress, profile: fd, group: stamps }
";

const WORLD: &str = "subscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }
quota_groups:
  - { name: qg, management_group: mg, subscriptions: [shared-eastus2], limits: [{ region: eastus2, family: standardDSv5Family, cores: 800 }] }
reservations:
  - { name: crg, subscription: shared-eastus2, resource_group: rg-capacity-crg, region: eastus2, zones: [\"1\", \"2\"], sku: Standard_D8s_v5 }
";

fn scenario(case: &Case) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fleet.yaml");
    std::fs::write(&path, case.manifest()).expect("written");
    let loaded = manifest::load(&LoadRequest {
        path,
        environment: None,
        variables: BTreeMap::new(),
    });
    let fleet = loaded.fleet;
    let fleet = fleet.unwrap_or_else(|| panic!("{:#?}\n{}", loaded.diagnostics, case.manifest()));
    let world = WorldSpec::from_yaml(&case.world()).expect("a world");
    Scenario::of("random".to_owned(), fleet, world)
}

fn mishap(sort: usize) -> Mishap {
    let fault = |class| Fault::new(class, "Injected", "a fault of the test");
    match sort {
        0 => Mishap::DieBefore,
        1 => Mishap::DieAfter,
        2 => Mishap::Fail(fault(FaultClass::Transient)),
        3 => Mishap::Fail(fault(FaultClass::Denied)),
        4 => Mishap::Lose(fault(FaultClass::Transient)),
        _ => Mishap::Twice,
    }
}

/// Cores are neither lost nor made: what the group has is free or allocated.
fn assert_conserved(bench: &Bench<'_>) {
    let resources = bench.cloud.sim.show().expect("shows").resources;
    let sum = |kind: Kind, name: &str| -> i64 {
        let of = resources.iter().filter(|r| r.address.kind() == kind);
        of.filter_map(|r| r.settings.get(name)?.as_int()).sum()
    };
    let all = sum(Kind::GroupQuota, "available") + sum(Kind::QuotaAllocation, "cores");
    assert_eq!(all, sum(Kind::GroupQuota, "limit"));
}

/// The law, for one case.
fn comes_to_rest(case: &Case) -> Result<(), TestCaseError> {
    let first = scenario(case);
    let violations = verify(&first.plan);
    let refused = first.plan.refusals().count() > 0;
    prop_assert!(refused || violations.is_empty(), "{violations:#?}");
    if refused {
        return Ok(());
    }
    let bench = first.bench();
    let before = bench.active();
    for (number, sort) in &case.wrong {
        bench.cloud.orders().mishaps.insert(*number, mishap(*sort));
    }
    let codes = bench.to_the_end();
    prop_assert!(codes.last() == Some(&0), "{codes:?}");
    let least = bench.cloud.orders().least_active.unwrap_or(before);
    prop_assert!(least >= before.min(2), "{least} of {before} stamps served");
    assert_conserved(&bench);
    bench.assert_rest("random");
    Ok(())
}

/// A stamp that shrinks takes in the tenants of one that goes: what it returns must not wait for
/// what the other returns, which waits for the tenants.
#[test]
fn a_stamp_that_shrinks_takes_in_tenants_of_one_that_goes() {
    let stamp = |seen, wanted| Stamp {
        seen: Some(seen),
        wanted,
        rests: false,
    };
    let tenant = |users, home| Tenant {
        users,
        home,
        leaves: false,
    };
    let case = Case {
        stamps: vec![stamp(4, None), stamp(12, Some(4))],
        tenants: vec![tenant(10, Some(0)), tenant(12, None)],
        wrong: Vec::new(),
    };
    comes_to_rest(&case).expect("it comes to rest");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(cases(24)).expect("few"),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_fleet_comes_to_rest(case in case()) {
        comes_to_rest(&case)?;
    }
}
