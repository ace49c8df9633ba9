//! The planner against the simulated cloud: what is planned, done and planned again.

use std::path::Path;

use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

fn load(dir: &str) -> Fleet {
    let request = manifest::LoadRequest {
        path: Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/fleets")
            .join(dir),
        environment: None,
        variables: std::collections::BTreeMap::default(),
    };
    let loaded = manifest::load(&request);
    assert!(loaded.fleet.is_some(), "{:#?}", loaded.diagnostics);
    loaded.fleet.expect("loads")
}

async fn planned(fleet: &Fleet, sim: &Sim) -> Plan {
    let inventory = observe::observe(fleet, sim).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

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

fn world(dir: &str, fleet: &Fleet) -> Sim {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/fleets")
        .join(dir);
    let text = std::fs::read_to_string(path.join("world.yaml")).expect("a world");
    let mut spec = WorldSpec::from_yaml(&text).expect("a world");
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    Sim::in_memory(&spec).expect("a world")
}

#[tokio::test]
async fn try_one() {
    let name = std::env::var("TRY").unwrap_or("retire".into());
    let fleet = load(&name);
    let sim = world(&name, &fleet);
    let plan = planned(&fleet, &sim).await;
    let view = stampctl::render::View::of(&plan, stampctl::render::view::Level::Operation, None);
    println!("{}", stampctl::render::text(&view, Default::default()));
    for violation in stampctl::verify::verify(&plan) {
        println!("VIOLATION {violation:?}");
    }
    obey(&plan, &sim).await;
    sim.advance(3600 * 30).expect("advances");
    let again = planned(&fleet, &sim).await;
    let view = stampctl::render::View::of(&again, stampctl::render::view::Level::Property, None);
    println!(
        "AGAIN {}",
        stampctl::render::text(&view, Default::default())
    );
    println!("lost {:?}", sim.lost_quota());
    assert!(again.is_empty());
}
#[tokio::test]
async fn the_quickstart_comes_to_rest() {
    let fleet = load("quickstart");
    let spec = WorldSpec::from_yaml(
        "registry: registry\nsubscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }\nquota_groups:\n  - { name: qg-shared-stamps, management_group: mg-platform, subscriptions: [shared-eastus2], limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }] }\n",
    )
    .expect("a world");
    let sim = Sim::in_memory(&spec).expect("a world");
    let plan = planned(&fleet, &sim).await;
    println!(
        "{}",
        String::from_utf8_lossy(&plan.to_bytes().expect("bytes"))
    );
    obey(&plan, &sim).await;
    sim.advance(3600 * 30).expect("advances");
    let again = planned(&fleet, &sim).await;
    println!(
        "AGAIN {}",
        String::from_utf8_lossy(&again.to_bytes().expect("bytes"))
    );
    assert!(again.is_empty());
}
