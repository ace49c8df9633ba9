//! The planner against the simulated cloud: what is planned, done and planned again.

#![expect(
    clippy::disallowed_methods,
    reason = "the page of edges is written when asked for by STAMPCTL_BLESS"
)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl::verify;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

/// A world with quota and nothing else, as the quickstart begins.
const EMPTY: &str = "\
registry: registry
subscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }
quota_groups:
  - name: qg-shared-stamps
    management_group: mg-platform
    subscriptions: [shared-eastus2]
    limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }]
";

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("examples/fleets")
        .join(name)
}

fn load(name: &str) -> Fleet {
    let request = manifest::LoadRequest {
        path: folder(name),
        ..manifest::LoadRequest::default()
    };
    let loaded = manifest::load(&request);
    assert!(loaded.fleet.is_some(), "{:#?}", loaded.diagnostics);
    loaded.fleet.expect("loads")
}

fn world(text: &str, fleet: &Fleet) -> Sim {
    let mut spec = WorldSpec::from_yaml(text).expect("a world");
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    Sim::in_memory(&spec).expect("a world")
}

async fn planned(fleet: &Fleet, sim: &Sim) -> Plan {
    let inventory = observe::observe(fleet, sim).await;
    let placement = place::place(fleet, &inventory);
    let once = plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans");
    let twice = plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans");
    assert_eq!(once.to_bytes(), twice.to_bytes());
    once
}

/// Does what the plan says, step by step; the checks are apply's.
async fn obey(plan: &Plan, sim: &Sim) {
    for step in &plan.body.steps {
        for (at, operation) in step.act.operations().iter().enumerate() {
            let mut outcome = sim
                .perform(operation, &plan.key(&step.id, at))
                .await
                .unwrap_or_else(|fault| panic!("{}: {operation:?}: {fault}", step.id));
            while let Outcome::Accepted(ticket) = outcome {
                sim.advance(ticket.retry_after_seconds.max(1))
                    .expect("advances");
                outcome = sim.poll(&ticket).await.expect("polls");
            }
        }
        sim.advance(61).expect("advances");
    }
}

async fn comes_to_rest(fleet: &Fleet, sim: &Sim) {
    let plan = planned(fleet, sim).await;
    assert!(!plan.is_empty());
    assert_eq!(plan.refusals().count(), 0, "{:#?}", plan.body.findings);
    let violations = verify::verify(&plan);
    assert!(violations.is_empty(), "{violations:#?}");
    obey(&plan, sim).await;
    sim.advance(30 * 3600).expect("advances");
    let again = planned(fleet, sim).await;
    assert!(again.is_empty(), "{:#?}", again.body.steps);
    assert!(sim.lost_quota().expect("a world").is_empty());
}

#[tokio::test]
async fn a_retirement_comes_to_rest_and_loses_no_quota() {
    let fleet = load("retire");
    let text = fs::read_to_string(folder("retire").join("world.yaml")).expect("a world");
    comes_to_rest(&fleet, &world(&text, &fleet)).await;
}

#[tokio::test]
async fn an_empty_world_becomes_the_fleet() {
    let fleet = load("quickstart");
    comes_to_rest(&fleet, &world(EMPTY, &fleet)).await;
}

/// Every edge of the examples' plans: what waits, for what, and the rules that say so.
async fn edges() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut edges: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for example in fs::read_dir(folder("")).expect("examples") {
        let path = example.expect("an example").path();
        let request = manifest::LoadRequest {
            path: path.clone(),
            ..manifest::LoadRequest::default()
        };
        // One example is there for its mistakes.
        let Some(fleet) = manifest::load(&request).fleet else {
            continue;
        };
        let text = fs::read_to_string(path.join("world.yaml"));
        let plan = planned(&fleet, &world(&text.unwrap_or_default(), &fleet)).await;
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

/// `docs/workflows.md` ends with the edges as they are planned.
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
