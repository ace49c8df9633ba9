//! The verifier from outside.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its own files; the page of rules is written when asked for"
)]

use std::collections::BTreeMap;
use std::path::Path;

use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Condition;
use stampctl::plan::format::StepKind;
use stampctl::verify;
use stampctl::verify::rules_page;
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleets/onboarding");
    let request = LoadRequest {
        path: root.clone(),
        environment: None,
        variables: BTreeMap::new(),
    };
    let fleet = manifest::load(&request).fleet.expect("the example loads");
    let world = std::fs::read_to_string(root.join("world.yaml")).expect("a world");
    let sim = Sim::in_memory(&WorldSpec::from_yaml(&world).expect("a world")).expect("a cloud");
    let mut inventory = observe::observe(&fleet, &sim).await;
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
