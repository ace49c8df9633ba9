//! The verifier from outside.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its own files; the page of rules is written when asked for"
)]

use std::path::Path;

use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::observe::Inventory;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Condition;
use stampctl::plan::format::StepKind;
use stampctl::verify;
use stampctl::verify::rules_page;
use stampctl_contract::Settings;
use stampctl_contract::Verb;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

/// `docs/rules.md` is written from the rules; `STAMPCTL_BLESS=1` writes it.
#[test]
fn the_page_of_rules_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    if std::env::var_os("STAMPCTL_BLESS").is_some() {
        std::fs::write(path, rules_page()).expect("docs/rules.md can be written");
    }
    let page = std::fs::read_to_string(path).expect("docs/rules.md can be read");
    assert!(page == rules_page(), "run the tests with STAMPCTL_BLESS=1");
}

/// A cloud that reports no last hour is judged by the policy's statistic: planner and verifier
/// agree on that (P-3).
#[tokio::test]
async fn a_stamp_without_a_last_hour_still_takes_tenants() {
    let (fleet, mut inventory) = example("onboarding").await;
    for seen in inventory.resources.values_mut() {
        seen.settings.retain(|name, _| !name.starts_with("latest_"));
    }
    let placement = place::place(&fleet, &inventory);
    let plan = plan::plan(&fleet, &inventory, &placement, "stampctl test").expect("plans");
    let statistic = plan.body.steps.iter().any(|step| {
        let conditions = step.act.conditions().iter();
        step.kind == StepKind::CapacityRecheck
            && conditions.clone().any(|condition| {
                matches!(condition, Condition::AtMost { setting, .. } if setting == "cpu")
            })
    });
    assert!(
        statistic,
        "no measured stamp takes a tenant in this example"
    );
    assert_eq!(verify::verify(&plan), []);
}

/// What an example means, and the world that it begins in.
async fn example(name: &str) -> (Fleet, Inventory) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/fleets")
        .join(name);
    let request = LoadRequest {
        path: root.clone(),
        ..LoadRequest::default()
    };
    let fleet = manifest::load(&request).fleet.expect("the example loads");
    let world = std::fs::read_to_string(root.join("world.yaml")).expect("a world");
    let sim = Sim::in_memory(&WorldSpec::from_yaml(&world).expect("a world")).expect("a cloud");
    let inventory = observe::observe(&fleet, &sim).await;
    (fleet, inventory)
}

/// A weight is written without a word about whether traffic is let in (P-2).
#[tokio::test]
async fn the_weight_of_a_stamp_can_be_changed() {
    let (mut fleet, inventory) = example("standby").await;
    let stamp = fleet.stamps.values_mut().next().expect("a stamp");
    let shape = stamp.shape.as_mut().expect("a shape");
    shape.ingress.as_mut().expect("an ingress").weight = 250;
    let placement = place::place(&fleet, &inventory);
    let plan = plan::plan(&fleet, &inventory, &placement, "stampctl test").expect("plans");
    let weighed = plan.body.steps.iter().any(|step| {
        let mut calls = step.act.operations().iter();
        let weight = Settings::from([("weight".to_owned(), 250_u32.into())]);
        let verb = Verb::Patch { settings: weight };
        step.kind == StepKind::StampUpdate && calls.any(|call| call.verb == verb)
    });
    assert!(weighed, "{:#?}", plan.body.steps);
    assert_eq!(verify::verify(&plan), []);
}
