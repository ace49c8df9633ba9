//! What a plan says that it takes, against what the cloud then counted.

use std::fmt::Write as _;

use stampctl::model::Fleet;
use stampctl::model::Seconds;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Forecast;
use stampctl::plan::format::Plan;
use stampctl::render;
use stampctl::render::view::Level;
use stampctl::render::view::View;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::cloud::Served;
use crate::cloud::fleet;

const ID: &str = "11111111-1111-1111-1111-111111111111";

/// Two stamps with a database for each tenant, and eight tenants.
pub(crate) fn small() -> Fleet {
    fleet(&manifest())
}

/// Its manifest.
pub(crate) fn manifest() -> String {
    let mut text = format!(
        "version: 1
fleet: small
registry: small
provider: {{ azure: {{ management_group: mg }} }}
subscriptions: {{ sub: {{ id: {ID} }} }}
quota_groups:
  qg:
    management_group: mg
    subscriptions: [sub]
    limits: [{{ region: eastus2, family: standardDSv5Family, cores: 640 }}]
capacity_reservations:
  crg: {{ subscription: sub, region: eastus2, zones: [\"1\", \"2\"], sku: Standard_D8s_v5 }}
ingress: {{ subscription: sub, resource_group: rg-ingress, profile: fd, group: stamps }}
stamps:
  s-1: &shared
    kind: shared
    region: eastus2
    zones: [\"1\", \"2\"]
    subscription: sub
    quota_group: qg
    capacity_reservation: crg
    data: {{ isolation: database }}
    compute: {{ sku: Standard_D8s_v5, instances: 8 }}
    ingress: {{ weight: 500 }}
  s-2:
    <<: *shared
tenants:
"
    );
    for at in 0..8 {
        let _ = writeln!(
            text,
            "  t-{at}: {{ users: 10, tier: standard, region: eastus2 }}"
        );
    }
    text
}

pub(crate) fn world() -> WorldSpec {
    WorldSpec::from_yaml(&format!(
        "registry: small
fleet: small
subscriptions: {{ sub: {ID} }}
quota_groups:
  - name: qg
    management_group: mg
    subscriptions: [sub]
    limits: [{{ region: eastus2, family: standardDSv5Family, cores: 640 }}]
resources:
  - {{ address: resource_group/sub/rg-ingress, settings: {{ region: eastus2, tags: {{}} }} }}
"
    ))
    .expect("a world")
}

pub(crate) fn places() -> Places {
    let group = ["sub", "rg-ingress", "fd", "stamps"].map(str::to_owned);
    Places {
        subscriptions: [("sub".to_owned(), ID.to_owned())].into(),
        regions: vec!["eastus2".to_owned()],
        workspaces: vec!["la".to_owned()],
        origin_groups: vec![group],
        ..Places::default()
    }
}

pub(crate) async fn planned(fleet: &Fleet, provider: &dyn Provider) -> Plan {
    let inventory = observe::observe(fleet, provider).await;
    let placement = place::place(fleet, &inventory);
    let plan = plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans");
    let forecast = provider.forecast(&plan.work());
    let forecast = forecast.map(|forecast| Forecast {
        calls: forecast.calls,
        at_least: Seconds(forecast.at_least_seconds),
    });
    plan.foreseen(forecast).expect("seals")
}

#[tokio::test]
async fn a_plan_says_what_it_takes() {
    let fleet = small();
    let served = Served::start(&world(), arm::Options::default());
    let azure = served.azure(places(), Rates::default());
    let near = Sim::in_memory(&world()).expect("a world");
    let here = planned(&fleet, &near).await;
    let there = served.meanwhile(planned(&fleet, &azure)).await;
    assert!(here.body == there.body, "the body is the same");
    assert_eq!(here.seal.forecast, None);
    let forecast = there.seal.forecast.expect("Azure says");
    let bytes = there.to_bytes().expect("bytes");
    assert_eq!(there.check_seal(&bytes), Ok(()));
    assert_eq!(Plan::from_bytes(&bytes).expect("reads"), there);

    served.forget().await;
    served
        .apply(&there, &azure, 10, std::future::pending())
        .await;
    let calls = served.log().await.all().count() as u64;
    println!(
        "{} steps: {} calls were foreseen, {calls} were made",
        there.body.steps.len(),
        forecast.calls
    );
    assert!(forecast.calls <= calls, "a forecast is a least");
    assert!(forecast.calls * 3 >= calls * 2, "and not far from it");
}

#[test]
fn what_it_takes_is_shown_where_it_is_known() {
    let near = Sim::in_memory(&world()).expect("a world");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let plan = runtime.block_on(planned(&small(), &near));
    let told = |plan: &Plan| {
        let view = View::of(plan, Level::Resource, None);
        let text = render::text::text(&view, render::page::Setting::default());
        let json = serde_json::to_string(&view).expect("JSON");
        let comment = render::markdown::comment(&view);
        let page = render::html::page(&view);
        [text, json, comment, page]
    };
    for text in told(&plan) {
        assert!(!text.contains("by its limits"), "nothing limits it");
    }
    let plan = plan
        .foreseen(Some(Forecast {
            calls: 1240,
            at_least: Seconds(104),
        }))
        .expect("seals");
    for text in told(&plan) {
        let line = "at least 1,240 calls to azure; at least 1m 44s by its limits";
        assert!(text.contains(line), "{text}");
    }
}
