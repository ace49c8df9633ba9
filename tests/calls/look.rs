//! A look at a thousand stamps and ten thousand tenants: what it takes, and that it sees what is
//! there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stampctl::observe;
use stampctl::observe::Inventory;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_contract::Kind;
use stampctl_contract::Provider as _;
use stampctl_contract::Query;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::cloud::Served;
use crate::cloud::fleet;

const STAMPS: usize = 1_000;
const TENANTS: usize = 10_000;
const SUBSCRIPTIONS: usize = 10;
const REGIONS: [&str; 2] = ["eastus2", "westeurope"];
/// Front Door takes 50 origins to a group.
const ORIGINS: usize = 50;
/// Items of the registry to a page.
const PAGE: usize = 1_000;
const WORKSPACES: usize = 2;

fn guid(at: usize) -> String {
    format!("00000000-0000-0000-0000-{at:012}")
}

fn region(subscription: usize) -> &'static str {
    REGIONS[subscription % REGIONS.len()]
}

/// All that a thousand stamps have, with a database and a container for each tenant.
fn world() -> WorldSpec {
    let mut text = String::from("fleet: large\nregistry: large\nage_days: 1\nsubscriptions:\n");
    for at in 0..SUBSCRIPTIONS {
        let _ = writeln!(text, "  sub-{at}: {}", guid(at));
    }
    text.push_str("quota:\n");
    for at in 0..SUBSCRIPTIONS {
        let place = format!("subscription: sub-{at}, region: {}", region(at));
        let _ = writeln!(
            text,
            "  - {{ {place}, family: standardDSv5Family, cores: 16 }}"
        );
    }
    text.push_str("quota_groups:\n  - name: qg\n    management_group: mg\n    subscriptions: [");
    let names: Vec<String> = (0..SUBSCRIPTIONS).map(|at| format!("sub-{at}")).collect();
    let _ = writeln!(text, "{}]\n    limits:", names.join(", "));
    for region in REGIONS {
        let _ = writeln!(
            text,
            "      - {{ region: {region}, family: standardDSv5Family, cores: 20000 }}"
        );
    }
    text.push_str("reservations:\n");
    for at in 0..SUBSCRIPTIONS {
        let _ = writeln!(
            text,
            "  - {{ name: crg-{at}, subscription: sub-{at}, resource_group: rg-capacity-{at}, \
             region: {}, zones: [\"1\", \"2\"], sku: Standard_D8s_v5 }}",
            region(at)
        );
    }
    text.push_str("stamps:\n");
    for at in 0..STAMPS {
        let sub = at % SUBSCRIPTIONS;
        let within = at / SUBSCRIPTIONS / ORIGINS;
        let protected = at % 10 == 3;
        let _ = writeln!(
            text,
            "  - {{ id: s-{at:04}, subscription: sub-{sub}, region: {}, zones: [\"1\", \"2\"], \
             sku: Standard_D8s_v5, instances: 2, quota_group: qg, reservation: crg-{sub}, \
             isolation: database, protected: {protected}, metrics: {{ cpu: 40, memory: 30, \
             storage: 20, dtu: 10 }}, ingress: {{ subscription: sub-{sub}, resource_group: \
             rg-edge-{sub}, profile: fd, group: og-{within}, host: s-{at}.example.com }} }}",
            region(sub)
        );
    }
    text.push_str("tenants:\n");
    for at in 0..TENANTS {
        let _ = writeln!(
            text,
            "  - {{ id: t-{at:05}, stamp: s-{:04}, users: 10, measured: {{ cpu_millicores: 9, \
             memory_mib: 9, storage_mib: 9, dtu_centi: 9 }}, requests: 5 }}",
            at % STAMPS
        );
    }
    ingress(&mut text);
    WorldSpec::from_yaml(&text).expect("a world")
}

/// The profiles that traffic comes through, each in its own group.
fn ingress(text: &mut String) {
    text.push_str("resources:\n");
    for at in 0..SUBSCRIPTIONS {
        let _ = writeln!(
            text,
            "  - {{ address: resource_group/sub-{at}/rg-edge-{at}, settings: {{ region: {}, \
             tags: {{}} }} }}",
            region(at)
        );
        let ingress = format!("sub-{at}/rg-edge-{at}/fd");
        let _ = writeln!(
            text,
            "  - {{ address: ingress_profile/{ingress}, settings: {{ sku: \
             Standard_AzureFrontDoor, tags: {{}} }} }}"
        );
        for group in 0..STAMPS / SUBSCRIPTIONS / ORIGINS {
            let _ = writeln!(
                text,
                "  - {{ address: origin_group/{ingress}/og-{group}, settings: {{ probe: /live, \
                 interval: 30 }} }}"
            );
        }
    }
}

fn places() -> Places {
    let groups = (0..SUBSCRIPTIONS).flat_map(|sub| {
        let groups = STAMPS / SUBSCRIPTIONS / ORIGINS;
        (0..groups).map(move |group| {
            [
                format!("sub-{sub}"),
                format!("rg-edge-{sub}"),
                "fd".to_owned(),
                format!("og-{group}"),
            ]
        })
    });
    Places {
        subscriptions: (0..SUBSCRIPTIONS)
            .map(|at| (format!("sub-{at}"), guid(at)))
            .collect(),
        regions: REGIONS.map(str::to_owned).to_vec(),
        workspaces: (0..WORKSPACES).map(|at| format!("la-{at}")).collect(),
        origin_groups: groups.collect(),
        ..Places::default()
    }
}

fn manifest() -> String {
    let mut text =
        String::from("version: 1\nfleet: large\nregistry: large\nprovider: { sim: {} }\n");
    text.push_str("subscriptions:\n");
    for at in 0..SUBSCRIPTIONS {
        let _ = writeln!(text, "  sub-{at}: {{ id: {} }}", guid(at));
    }
    let names: Vec<String> = (0..SUBSCRIPTIONS).map(|at| format!("sub-{at}")).collect();
    let _ = write!(
        text,
        "quota_groups:\n  qg:\n    management_group: mg\n    subscriptions: [{}]\n    limits:\n",
        names.join(", ")
    );
    for region in REGIONS {
        let _ = writeln!(
            text,
            "      - {{ region: {region}, family: standardDSv5Family, cores: 20000 }}"
        );
    }
    text
}

/// What Resource Manager answers for: one GET each would see it. The registry and what is measured
/// are elsewhere.
fn is_managed(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::RegistryItem
            | Kind::TenantSchema
            | Kind::StampMetrics
            | Kind::TenantMetrics
            | Kind::Health
            | Kind::Backup
    )
}

#[tokio::test]
async fn a_thousand_stamps_are_seen_in_a_hundredth_of_the_calls() {
    let spec = world();
    let near = Sim::in_memory(&spec).expect("a world");
    let served = Served::start(&spec, arm::Options::default());
    let azure = served.azure(places(), Rates::default());
    let fleet = fleet(&manifest());
    let there = served.meanwhile(observe::observe(&fleet, &azure)).await;
    let log = served.log().await;

    let all = Query {
        kind: None,
        beneath: String::new(),
        equals: None,
    };
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for resource in near.list(&all).await.expect("the world") {
        *kinds.entry(resource.address.kind()).or_default() += 1;
    }
    let of = |kind: Kind| kinds.get(&kind).copied().unwrap_or(0);
    let managed: usize = kinds
        .iter()
        .filter(|(kind, _)| is_managed(**kind))
        .map(|it| it.1)
        .sum();
    let tenants = of(Kind::BlobContainer) + of(Kind::SqlDatabase);
    let items = of(Kind::RegistryItem);

    let is_log = |path: &str| path.starts_with("/logs/");
    let is_item = |path: &str| path.starts_with("/cosmos/");
    let calls = log.count(|_, path, _| !is_log(path) && !is_item(path));
    let queries = log.count(|_, path, _| is_log(path));
    let pages = log.count(|_, path, _| is_item(path));
    let failed = log.count(|_, _, status| status >= 300);
    println!(
        "{managed} resources of Resource Manager ({} without the tenants' {tenants}) were seen in \
         {calls} calls, {WORKSPACES} workspaces in {queries} queries, {items} items in {pages} pages",
        managed - tenants
    );
    for (path, count) in by_place(log.all().map(|call| call.1)) {
        println!("  {count:>4} {path}");
    }
    assert_eq!(
        (of(Kind::ResourceGroup), of(Kind::ScaleSet)),
        (STAMPS + 20, STAMPS * 2)
    );
    assert_eq!((of(Kind::Origin), of(Kind::Lock)), (STAMPS, STAMPS / 10));
    assert_eq!(failed, 0);
    assert!(
        calls * 100 <= managed,
        "{calls} calls for {managed} resources"
    );
    assert_eq!(queries, WORKSPACES);
    assert_eq!(pages, items.div_ceil(PAGE));

    let here = observe::observe(&fleet, &near).await;
    same(&here, &there);
}

/// The same as in process, but for containers, which take a call for each account.
fn same(here: &Inventory, there: &Inventory) {
    assert_eq!(here.stamps.len(), STAMPS);
    assert_eq!(here.tenants.len(), TENANTS);
    assert!(here.stamps == there.stamps, "stamps differ");
    assert!(here.tenants == there.tenants, "tenants differ");
    assert_eq!(here.fleet_item, there.fleet_item);
    for (address, seen) in &here.resources {
        let mut seen = seen.clone();
        if address.kind() == Kind::Origin {
            // Front Door keeps no tags of origins.
            seen.settings.remove("tags");
        }
        assert_eq!(Some(&seen), there.resources.get(address), "{address}");
    }
    // Azure tells also of quota that there is none of, and of all families together.
    for (address, seen) in &there.resources {
        if !here.resources.contains_key(address) {
            let none = |name: &str| seen.int(name).unwrap_or(0) == 0;
            let empty = none("limit") && none("usage") && none("cores");
            let quota = matches!(address.kind(), Kind::Quota | Kind::QuotaAllocation);
            assert!(
                quota && (empty || address.name() == "cores"),
                "{address}: {seen:?}"
            );
        }
    }
    assert_eq!(here.gaps, []);
    let hidden: Vec<(Option<Kind>, &str)> = there
        .gaps
        .iter()
        .map(|gap| (gap.kind, gap.beneath.as_str()))
        .collect();
    let names: Vec<String> = (0..SUBSCRIPTIONS).map(|at| format!("sub-{at}")).collect();
    let expected: Vec<(Option<Kind>, &str)> = names
        .iter()
        .map(|name| (Some(Kind::BlobContainer), name.as_str()))
        .collect();
    assert_eq!(hidden, expected);
}

/// Calls by path, subscriptions and names left out.
fn by_place<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for path in paths {
        let parts: Vec<&str> = path.split('/').collect();
        let last = parts.iter().rev().take(2).rev();
        let last: Vec<&str> = last
            .map(|part| if part.contains('-') { "*" } else { part })
            .collect();
        *all.entry(last.join("/")).or_default() += 1;
    }
    all
}
