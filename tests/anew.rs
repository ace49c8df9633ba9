//! The journal is lost: whatever an interrupted plan left in the world, planning anew from it
//! gives a plan that the verifier accepts, that can be done, and that comes to rest without
//! losing a core of quota.

use std::collections::BTreeMap;
use std::path::Path;

use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl::plan::format::Step;
use stampctl::verify;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

const FLEETS: [&str; 9] = [
    "onboarding",
    "hot-stamp",
    "enterprise",
    "missing-metric",
    "drift",
    "standby",
    "offboarding",
    "resize",
    "retire",
];

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/fleets")
        .join(name)
}

fn load(name: &str) -> Fleet {
    let request = manifest::LoadRequest {
        path: folder(name),
        environment: None,
        variables: BTreeMap::default(),
    };
    manifest::load(&request).fleet.expect("the example loads")
}

fn world(name: &str, fleet: &Fleet) -> Sim {
    let text = std::fs::read_to_string(folder(name).join("world.yaml")).expect("a world");
    let mut spec = WorldSpec::from_yaml(&text).expect("a world");
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    Sim::in_memory(&spec).expect("a world")
}

async fn planned(fleet: &Fleet, sim: &Sim) -> Plan {
    let inventory = observe::observe(fleet, sim).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

/// Does what a step says, without looking at what it expects.
async fn obey(plan: &Plan, step: &Step, sim: &Sim) -> Result<(), String> {
    for (at, operation) in step.act.operations().iter().enumerate() {
        let key = plan.key(&step.id, at);
        let fault = |fault| format!("{}: {}: {fault}", step.id, operation.address);
        let mut outcome = sim.perform(operation, &key).await.map_err(fault)?;
        while let Outcome::Accepted(ticket) = outcome {
            sim.advance(ticket.retry_after_seconds.max(1))
                .map_err(|e| e.to_string())?;
            outcome = sim.poll(&ticket).await.map_err(|fault| fault.to_string())?;
        }
    }
    sim.advance(61).map(drop).map_err(|e| e.to_string())
}

/// Does the first steps of a plan, plans anew and does all of that.
async fn interrupted(fleet: &Fleet, sim: &Sim, done: usize) -> Result<(), String> {
    let first = planned(fleet, sim).await;
    for step in &first.body.steps[..done] {
        obey(&first, step, sim).await?;
    }
    let second = planned(fleet, sim).await;
    let violations: Vec<String> = verify::verify(&second)
        .iter()
        .map(ToString::to_string)
        .collect();
    if !violations.is_empty() {
        return Err(format!(
            "the second plan is refused: {}",
            violations.join("; ")
        ));
    }
    for step in &second.body.steps {
        obey(&second, step, sim).await?;
    }
    let third = planned(fleet, sim).await;
    let left: Vec<String> = third
        .body
        .steps
        .iter()
        .map(|step| step.id.to_string())
        .collect();
    let refused: Vec<&str> = third
        .refusals()
        .map(|finding| finding.what.as_str())
        .collect();
    let lost = sim.lost_quota().map_err(|e| e.to_string())?;
    if left.is_empty() && refused.is_empty() && lost.is_empty() {
        return Ok(());
    }
    Err(format!("left {left:?}, refused {refused:?}, lost {lost:?}"))
}

#[tokio::test]
async fn every_interrupted_plan_is_planned_anew() {
    let mut wrong = Vec::new();
    for name in FLEETS {
        let fleet = load(name);
        let steps = planned(&fleet, &world(name, &fleet)).await.body.steps;
        assert!(!steps.is_empty(), "{name} has something to do");
        for done in 0..=steps.len() {
            let sim = world(name, &fleet);
            if let Err(why) = interrupted(&fleet, &sim, done).await {
                let last = done
                    .checked_sub(1)
                    .map_or("nothing", |last| &*steps[last].id.0);
                wrong.push(format!(
                    "{name}, {done} of {} done, last {last}: {why}",
                    steps.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
