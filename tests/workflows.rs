//! `docs/workflows.md` ends with the edges of the examples' plans, as they are planned.

#![expect(
    clippy::disallowed_methods,
    reason = "the page is written when asked for by STAMPCTL_BLESS"
)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::spec::GroupSpec;
use stampctl_sim::spec::LimitSpec;

/// The simulated cloud as an example begins: its world, or what its manifest declares.
fn cloud(fleet: &Fleet, world: Option<&str>) -> Sim {
    let subscriptions = fleet.subscriptions.values();
    let subscriptions = subscriptions.map(|s| (s.name.to_string(), s.id.clone()));
    let groups = fleet.quota_groups.values().map(|group| GroupSpec {
        name: group.name.to_string(),
        management_group: group.management_group.clone(),
        subscriptions: group
            .subscriptions
            .iter()
            .map(ToString::to_string)
            .collect(),
        limits: group
            .limits
            .iter()
            .map(|limit| LimitSpec {
                region: limit.region.to_string(),
                family: limit.family.clone(),
                cores: u32::try_from(limit.cores.0).expect("a few cores"),
            })
            .collect(),
        allocations: Vec::new(),
    });
    let mut spec = match world {
        Some(text) => WorldSpec::from_yaml(text).expect("a world"),
        None => WorldSpec::declared(subscriptions, groups),
    };
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    Sim::in_memory(&spec).expect("a world")
}

async fn planned(fleet: &Fleet, sim: &Sim) -> Plan {
    let inventory = observe::observe(fleet, sim).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

/// Every edge of the examples' plans: what waits, for what, and the rules that say so.
async fn edges() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut edges: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleets");
    for example in fs::read_dir(examples).expect("examples") {
        let path = example.expect("an example").path();
        let request = manifest::LoadRequest {
            path: path.clone(),
            ..manifest::LoadRequest::default()
        };
        // One example is there for its mistakes.
        let Some(fleet) = manifest::load(&request).fleet else {
            continue;
        };
        let world = fs::read_to_string(path.join("world.yaml")).ok();
        let plan = planned(&fleet, &cloud(&fleet, world.as_deref())).await;
        let kinds: BTreeMap<_, _> = plan.body.steps.iter().map(|s| (&s.id, s.kind)).collect();
        for step in &plan.body.steps {
            for edge in &step.after {
                let pair = (step.kind.to_string(), kinds[&edge.step].to_string());
                edges.entry(pair).or_default().insert(edge.rule.to_string());
            }
        }
    }
    edges
}

#[tokio::test]
async fn the_page_of_workflows_is_fresh() {
    const MARK: &str = "STAMPCTL_BLESS=1` writes it anew.\n\n";
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((waits, first), rules) in edges().await {
        let rules: Vec<String> = rules.into_iter().collect();
        let line = format!("{first} ({})", rules.join(", "));
        lists.entry(waits).or_default().push(line);
    }
    let fresh = lists
        .iter()
        .fold(String::new(), |mut page, (waits, firsts)| {
            let _ = writeln!(page, "- `{waits}` ← {}", firsts.join(", "));
            page
        });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/workflows.md");
    let page = fs::read_to_string(&path).expect("docs/workflows.md can be read");
    let (written, listed) = page.split_once(MARK).expect("the section of edges");
    if std::env::var_os("STAMPCTL_BLESS").is_some() {
        fs::write(&path, format!("{written}{MARK}{fresh}")).expect("the page can be written");
    } else {
        assert!(listed == fresh, "run the test with STAMPCTL_BLESS=1");
    }
    assert!(lists.contains_key("stamp.delete"));
}
