//! Folders, overlays, variables and controller documents.

use stampctl::model::Seconds;

use super::BASE;
use super::at;
use super::files;
use super::fleet;
use super::folder;
use super::told;
use super::with;

#[test]
fn files_of_a_folder_are_joined_by_key() {
    let a = BASE;
    let b = "policy: { limits: { tenants_moved: 7 } }\ntenants: { a: { region: eastus2 } }\n";
    let c = "policy {\n  limits = { stamps_retired = 3 }\n}\ntenant \"b\" {\n  region = \"eastus2\"\n}\n";
    let fleet = fleet(files(&[
        ("a.yaml", a),
        ("b.yml", b),
        ("c.hcl", c),
        ("world.yaml", "x: ["),
        ("env/x.yaml", "y"),
    ]));
    assert_eq!(fleet.tenants.len(), 2);
    assert_eq!(
        (
            fleet.policy.limits.tenants_moved,
            fleet.policy.limits.stamps_retired
        ),
        (Some(7), 3)
    );
}

#[test]
fn the_same_key_in_two_files_shows_both_places() {
    let loaded = files(&[
        ("a.yaml", BASE),
        (
            "b.yaml",
            "fleet: other\nstamps: { shared-eastus2-001: {} }\n",
        ),
    ]);
    assert_eq!(
        told(&loaded),
        [("E0105".to_owned(), 1), ("E0105".to_owned(), 2)]
    );
    for diagnostic in &loaded.diagnostics {
        let files: Vec<String> = diagnostic
            .labels
            .iter()
            .map(|(s, _)| loaded.sources.place(*s).file)
            .collect();
        assert!(
            files[0].ends_with("b.yaml") && files[1].ends_with("a.yaml"),
            "{files:?}"
        );
    }
}

#[test]
fn overlays_replace_scalars_and_lists_and_join_maps() {
    let base = format!(
        "{BASE}variables: {{ users: 5 }}\npolicy: {{ capacity: {{ min_active_stamps: 2, max_stamps: 9 }} }}\ntenants: {{ a: {{ region: eastus2, users: \"${{var.users}}\" }} }}\n"
    );
    let yaml = "environment: prod\npolicy: { capacity: { min_active_stamps: 1 } }\nvariables: { users: 6 }\nstamps: { shared-eastus2-001: { zones: [\"1\", \"2\"] } }\n";
    let hcl = "environment = \"prod\"\npolicy {\n  capacity = { min_active_stamps = 1 }\n}\nvariable \"users\" {\n  default = 6\n}\nstamp \"shared-eastus2-001\" {\n  zones = [\"1\", \"2\"]\n}\n";
    let plain = folder(&[("fleet.yaml", &base)]);
    let before = fleet(at(plain.path()));
    for (name, overlay) in [("env/prod.yaml", yaml), ("env/prod.hcl", hcl)] {
        let there = folder(&[("fleet.yaml", &base), (name, overlay)]);
        let over = fleet(with(there.path(), Some("prod"), &[]));
        assert_eq!(over.policy.capacity.min_active_stamps, 1);
        assert_eq!(over.policy.capacity.max_stamps, 9);
        assert_eq!(over.tenants.values().next().unwrap().users, 6);
        assert_eq!(
            over.stamps
                .values()
                .next()
                .unwrap()
                .shape
                .as_ref()
                .unwrap()
                .zones
                .len(),
            2
        );
        assert_eq!(fleet(at(there.path())), before);
        let given = fleet(with(there.path(), Some("prod"), &[("users", "77")]));
        assert_eq!(given.tenants.values().next().unwrap().users, 77);
    }
    let missing = with(plain.path(), Some("prod"), &[]);
    assert_eq!(told(&missing)[0].0, "E0307");
}

#[test]
fn variables_must_be_declared_and_set() {
    let text = format!("{BASE}variables: {{ size: null, name: x }}\n");
    let there = folder(&[("fleet.yaml", &text)]);
    assert_eq!(told(&at(there.path())), [("E0309".to_owned(), 7)]);
    let loaded = with(there.path(), None, &[("size", "3"), ("nam", "y")]);
    assert_eq!(told(&loaded), [("E0308".to_owned(), 1)]);
    assert_eq!(
        loaded.diagnostics.iter().next().unwrap().help.as_deref(),
        Some("did you mean `name`?")
    );
    assert!(with(there.path(), None, &[("size", "3")]).fleet.is_some());
}

#[test]
fn controller_documents_become_policy() {
    let autoscaler = include_str!("autoscaler.yaml");
    let health = include_str!("health.yaml");
    let fleet = fleet(files(&[
        ("a.yaml", autoscaler),
        ("fleet.yaml", BASE),
        ("h.yaml", health),
    ]));
    let policy = fleet.policy;
    // These documents state the defaults; further down, others.
    assert_eq!(
        policy.autoscale,
        stampctl::model::policy::AutoscalePolicy::default()
    );
    assert_eq!(
        (
            policy.capacity.min_active_stamps,
            policy.capacity.max_stamps
        ),
        (2, 10)
    );
    assert_eq!(policy.standby.max_age, Seconds(72 * 3_600));
    assert_eq!(
        (policy.health.interval, policy.health.max_retries),
        (Seconds(30), 3)
    );
    let other = autoscaler
        .replace("maxStamps: 10", "maxStamps: 17")
        .replace("72h", "48h");
    let fleet = super::fleet(files(&[("a.yaml", &other), ("fleet.yaml", BASE)]));
    assert_eq!(
        (
            fleet.policy.capacity.max_stamps,
            fleet.policy.standby.max_age
        ),
        (17, Seconds(48 * 3_600))
    );
    let twice = format!("{BASE}policy: {{ capacity: {{ max_stamps: 4 }} }}\n");
    assert_eq!(
        told(&files(&[("a.yaml", autoscaler), ("fleet.yaml", &twice)]))[0].0,
        "E0105"
    );
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = "version: 1
fleet: contoso
provider: { sim: {} }
subscriptions: { sub: { id: 11111111-1111-1111-1111-111111111111 } }
stamps:
  a: &a
    region: &r eastus2
    subscription: sub
    compute: &c { sku: Standard_D8s_v5, instances: 8 }
  b: { <<: *a, compute: { <<: *c, instances: 2 } }
tenants:
  t: { region: *r }
";
    let fleet = fleet(files(&[("f.yaml", text)]));
    let instances: Vec<u32> = fleet
        .stamps
        .values()
        .map(|s| s.shape.as_ref().unwrap().compute.instances)
        .collect();
    assert_eq!(instances, [8, 2]);
    assert_eq!(
        fleet.tenants.values().next().unwrap().region.as_str(),
        "eastus2"
    );
}

#[test]
fn places_of_things_are_known() {
    let there = folder(&[(
        "f.yaml",
        &format!("{BASE}tenants:\n  b: {{ region: eastus2 }}\n  a: {{ region: eastus2 }}\n"),
    )]);
    let loaded = at(there.path());
    let line = |path: &str| {
        loaded
            .places
            .place_of(path)
            .map(|s| loaded.sources.place(s).line)
    };
    assert_eq!(line("stamps/shared-eastus2-001"), Some(6));
    assert_eq!(
        (line("tenants/a"), line("tenants/b"), line("tenants/c")),
        (Some(9), Some(8), None)
    );
    assert_eq!(line("fleet"), Some(2));
}

#[test]
fn an_azure_fleet_keeps_tenants_in_databases() {
    let azure = BASE.replace("{ sim: {} }", "{ azure: { management_group: mg } }");
    let fleet = fleet(files(&[("f.yaml", &azure)]));
    let shape = fleet.stamps.values().next().unwrap().shape.clone().unwrap();
    assert_eq!(shape.isolation, stampctl::model::stamp::Isolation::Database);
    let rows = azure.replace(
        "region: eastus2,",
        "region: eastus2, data: { isolation: schema },",
    );
    assert_eq!(
        told(&files(&[("f.yaml", &rows)])),
        [("E0220".to_owned(), 6)]
    );
}

#[test]
fn a_fault_that_every_stamp_shares_is_one_finding() {
    let text = BASE.replace("stamps:\n", "ingress: { subscription: sub }\nstamps:\n  b: { region: eastus2, subscription: sub, compute: { sku: Standard_D8s_v5, instances: 8 } }\n");
    let missing = ["resource_group", "profile", "group"].map(|_| ("E0108".to_owned(), 5));
    assert_eq!(told(&files(&[("f.yaml", &text)])), missing);
}

#[test]
fn a_fleet_of_shared_stamps_with_pins_loads_without_ingress() {
    let text = "version: 1
fleet: pair
provider:
  sim: {}
policy:
  capacity: { min_active_stamps: 0, max_stamps: 100000 }
  placement: { max_tenants_per_shared: 1000000 }
subscriptions:
  sub-eastus2: { id: 00000000-0000-0000-0000-000000000001 }
quota_groups:
  qg:
    management_group: mg
    subscriptions: [sub-eastus2]
    limits:
      - { region: eastus2, family: standardDSv5Family, cores: 64 }
capacity_reservations:
  crg-eastus2: { subscription: sub-eastus2, region: eastus2, zones: [\"1\", \"2\"], sku: Standard_D8s_v5 }
stamps:
  shared-eastus2-001: { kind: shared, region: eastus2, zones: [\"1\", \"2\"], subscription: sub-eastus2, quota_group: qg, capacity_reservation: crg-eastus2, compute: { sku: Standard_D8s_v5, instances: 8 } }
tenants:
  t0000000: { users: 5, tier: basic, region: eastus2, placement: shared-eastus2-001 }
";
    let loaded = files(&[("fleet.yaml", text)]);
    assert!(loaded.diagnostics.is_empty());
    let fleet = fleet(loaded);
    let stamp = fleet
        .stamps
        .values()
        .next()
        .unwrap()
        .shape
        .as_ref()
        .unwrap();
    assert_eq!((stamp.ingress.as_ref(), stamp.compute.cores()), (None, 64));
    assert_eq!(fleet.policy.capacity.min_active_stamps, 0);
}

#[test]
fn an_overlay_can_name_another_provider() {
    let there = folder(&[
        ("fleet.yaml", BASE),
        (
            "env/prod.yaml",
            "provider: { azure: { management_group: mg } }\n",
        ),
    ]);
    let fleet = fleet(with(there.path(), Some("prod"), &[]));
    assert!(matches!(
        fleet.provider,
        stampctl::model::fleet::ProviderRef::Azure { .. }
    ));
}
