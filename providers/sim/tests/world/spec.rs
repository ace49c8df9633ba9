//! World files: what they expand to, and what they are refused for.

use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::spec::GroupSpec;
use stampctl_sim::spec::LimitSpec;

use crate::bench::FLEET;
use crate::bench::GROUP;
use crate::bench::fleet;
use crate::bench::spec;

#[test]
fn a_stamp_and_its_tenants_expand_to_all_that_they_are_made_of() {
    let cloud = fleet();
    let all = cloud.0.show().expect("a world").resources;
    let beneath = |path: &str| {
        let found = all.iter().filter(|it| it.address.is_beneath(path));
        found.map(|it| it.address.kind().word()).collect::<Vec<_>>()
    };
    assert_eq!(
        beneath("s1/rg-stamp-a"),
        [
            "resource_group",
            "scale_set",
            "scale_set",
            "sql_server",
            "sql_database",
            "tenant_schema",
            "tenant_schema",
            "storage_account",
            "blob_container",
            "blob_container",
            "alert",
        ]
    );
    let group = cloud.get("resource_group/s1/rg-stamp-a");
    assert_eq!(group.tag("TenantCount"), Some("2"));
    assert_eq!(group.tag("Status"), Some("Active"));
    assert_eq!(group.tag("stampctl-fleet"), Some("contoso"));
    let item = cloud.get("registry_item/contoso/stamps/a");
    assert_eq!(item.text("since"), Some("2025-12-02T00:00:00Z"));
    assert_eq!(item.text("physical"), Some("a"));
    assert!(item.etag.is_some());
    let tenant = cloud.get("registry_item/contoso/tenants/bob");
    assert_eq!(tenant.truth("held"), Some(true));
    assert_eq!(tenant.truth("routed"), Some(true));
    assert_eq!(cloud.0.show().expect("a world").calls.mutating, 0);
}

#[test]
fn a_world_is_the_same_every_time() {
    let show = || fleet().0.show().expect("a world");
    assert_eq!(show(), show());
}

#[test]
fn the_default_world_is_what_is_declared_and_nothing_else() {
    let group = GroupSpec {
        name: "qg".into(),
        management_group: "mg".into(),
        subscriptions: vec!["s1".into()],
        limits: vec![LimitSpec {
            region: "eastus2".into(),
            family: "standardDSv5Family".into(),
            cores: 640,
        }],
        allocations: Vec::new(),
    };
    let spec = WorldSpec::declared([("s1".into(), "id".into())], [group]);
    let sim = Sim::in_memory(&spec).expect("a world");
    let all = sim.show().expect("a world");
    assert_eq!(all.resources.len(), 3);
    assert_eq!(all.now.to_string(), "2026-01-01T00:00:00Z");
    let found = all
        .resources
        .iter()
        .find(|it| it.address.to_string() == GROUP);
    assert_eq!(found.and_then(|it| it.int("available")), Some(640));
    let empty = WorldSpec::from_yaml("").expect("an empty file");
    assert_eq!(empty, WorldSpec::default());
}

#[test]
fn a_world_that_makes_no_sense_says_where() {
    let told = |text: &str| match WorldSpec::from_yaml(text).map(|spec| Sim::in_memory(&spec)) {
        Err(error) => error.to_string(),
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(_)) => String::new(),
    };
    for (text, says) in [
        ("nonsense: 1", "nonsense"),
        ("tenants: [{ id: a, stamp: b }]", "no stamp `b`"),
        ("resources: [{ address: a/b }]", "unknown kind `a`"),
        (
            "resources: [{ address: sql_server/s/g/n }]",
            "subscription `s`",
        ),
        (
            "subscriptions: { s: i }\nresources: [{ address: sql_server/s/g/n }]",
            "resource_group/s/g",
        ),
        ("subscriptions: { 'a/b': i }", "a/b"),
        ("now: yesterday", "now"),
    ] {
        assert!(told(text).contains(says), "{text}: {}", told(text));
    }
    let too_many = FLEET.replace("cores: 640", "cores: 100");
    assert!(
        told(&too_many).contains("GroupQuotaExceeded"),
        "{}",
        told(&too_many)
    );
    let hot = FLEET.replace("cpu: 42.5", "cpu: 1e9");
    assert!(told(&hot).contains("no percentage"));
    let odd = FLEET.replacen("Standard_D8s_v5", "Big", 3);
    assert!(told(&odd).contains("`Big` is no VM size"), "{}", told(&odd));
}

#[test]
fn a_later_generation_and_a_tombstone() {
    let text = FLEET.replace("{ id: b,", "{ id: b, generation: 2,");
    let sim = Sim::in_memory(&WorldSpec::from_yaml(&text).expect("a file")).expect("a world");
    let all = sim.show().expect("a world").resources;
    assert!(
        all.iter()
            .any(|it| it.address.name() == "vmss-stamp-b-g2-zone1")
    );
    let text = FLEET.replace("{ id: b,", "{ id: b, state: deleted,");
    let sim = Sim::in_memory(&WorldSpec::from_yaml(&text).expect("a file")).expect("a world");
    let all = sim.show().expect("a world").resources;
    let of_b = all
        .iter()
        .filter(|it| it.address.path().contains("stamp-b"));
    assert_eq!(of_b.count(), 0);
    assert_eq!(spec("").stamps.len(), 2);
}
