//! Metrics and health: what is scripted, what is derived, and what is unknown.

use stampctl_contract::Verb;

use crate::bench::ORIGIN;
use crate::bench::change;
use crate::bench::fleet;
use crate::bench::fleet_with;
use crate::bench::patch;
use crate::bench::put;

const METRICS: &str = "stamp_metrics/s1/rg-stamp-a";
const HEALTH: &str = "health/s1/rg-stamp-a";

#[test]
fn what_is_scripted_is_measured_and_what_is_not_is_unknown() {
    let cloud = fleet();
    assert_eq!(cloud.int(METRICS, "cpu"), 4_250);
    assert_eq!(cloud.int(METRICS, "latest_cpu"), 4_250);
    assert_eq!(cloud.int(METRICS, "samples"), 720);
    assert_eq!(cloud.get(METRICS).get("storage"), None);
    assert_eq!(cloud.int("stamp_metrics/s1/rg-stamp-b", "storage"), 0);
    assert_eq!(
        cloud.int("tenant_metrics/contoso/ann", "cpu_millicores"),
        900
    );
    assert_eq!(
        cloud.int("tenant_metrics/contoso/ann", "requests_per_day"),
        500
    );
    assert_eq!(
        cloud
            .get("tenant_metrics/contoso/bob")
            .get("cpu_millicores"),
        None
    );
    assert_eq!(cloud.read("stamp_metrics/s1/rg-capacity"), None);
}

#[test]
fn a_script_goes_on_with_time() {
    let later = "metrics: { cpu: 42.5, memory: 30, dtu: 10, connections: 40 },\n      \
                 metrics_after_hours: { 2: { cpu: 92 } } }";
    let text = crate::bench::FLEET.replace(
        "metrics: { cpu: 42.5, memory: 30, dtu: 10, connections: 40 } }",
        later,
    );
    let spec = stampctl_sim::WorldSpec::from_yaml(&text).expect("a world file");
    let cloud = crate::bench::Bench(stampctl_sim::Sim::in_memory(&spec).expect("a world"));
    cloud.pass(7_199);
    assert_eq!(cloud.int(METRICS, "cpu"), 4_250);
    cloud.pass(1);
    assert_eq!(cloud.int(METRICS, "cpu"), 9_200);
    assert_eq!(cloud.get(METRICS).get("memory"), None);
}

#[test]
fn connections_end_a_while_after_the_origin_is_disabled() {
    let cloud = fleet();
    assert_eq!(cloud.int(METRICS, "connections"), 40);
    cloud.done(&patch(ORIGIN, r#"{"enabled": false}"#));
    assert_eq!(cloud.int(METRICS, "connections"), 40);
    cloud.pass(60);
    assert_eq!(cloud.int(METRICS, "connections"), 20);
    cloud.pass(59);
    assert_eq!(cloud.int(METRICS, "connections"), 1);
    cloud.pass(1);
    assert_eq!(cloud.int(METRICS, "connections"), 0);
    assert_eq!(cloud.int(METRICS, "jobs"), 0);
    cloud.done(&patch(ORIGIN, r#"{"enabled": true}"#));
    assert_eq!(cloud.int(METRICS, "connections"), 40);
}

#[test]
fn by_a_switch_connections_never_end() {
    let cloud = fleet_with("switches: { stuck_connections: [a] }");
    cloud.done(&patch(ORIGIN, r#"{"enabled": false}"#));
    cloud.pass(86_400);
    assert_eq!(cloud.int(METRICS, "connections"), 40);
    cloud.release("a");
    assert_eq!(cloud.int(METRICS, "connections"), 0);
}

#[test]
fn a_stamp_is_healthy_a_while_after_its_machines_run() {
    let cloud = fleet();
    assert_eq!(cloud.truth(HEALTH, "smoke"), Some(true));
    assert_eq!(cloud.truth(HEALTH, "traffic"), Some(true));
    let set = "scale_set/s1/rg-stamp-a/vmss-stamp-a-zone1";
    cloud.done(&patch(set, r#"{"power": "deallocated"}"#));
    assert_eq!(cloud.truth(HEALTH, "live"), Some(false));
    cloud.done(&patch(set, r#"{"power": "running"}"#));
    cloud.pass(59);
    assert_eq!(cloud.truth(HEALTH, "ready"), Some(false));
    assert_eq!(cloud.truth(HEALTH, "traffic"), Some(false));
    cloud.pass(1);
    assert_eq!(cloud.truth(HEALTH, "ready"), Some(true));
    assert_eq!(cloud.truth(HEALTH, "traffic"), Some(true));
    cloud.done(&patch(ORIGIN, r#"{"weight": 0}"#));
    assert_eq!(cloud.truth(HEALTH, "ready"), Some(true));
    assert_eq!(cloud.truth(HEALTH, "traffic"), Some(false));
}

#[test]
fn the_clock_can_be_moved_to_what_happens_next() {
    let cloud = fleet();
    assert_eq!(cloud.0.advance_to_next().expect("a clock"), None);
    cloud.done(&patch(ORIGIN, r#"{"enabled": false}"#));
    let before = cloud.0.show().expect("a world").now;
    let after = cloud
        .0
        .advance_to_next()
        .expect("a clock")
        .expect("a wakeup");
    assert_eq!(after.as_second() - before.as_second(), 120);
    assert_eq!(cloud.int(METRICS, "connections"), 0);
    assert_eq!(cloud.0.next_wakeup().expect("a clock"), None);
}

#[test]
fn a_young_stamp_has_few_samples_and_no_figures() {
    let cloud = fleet();
    cloud.allocate(640);
    let group = "resource_group/s1/rg-stamp-new";
    cloud.done(&put(group, r#"{"region": "eastus2", "tags": {}}"#));
    let metrics = "stamp_metrics/s1/rg-stamp-new";
    assert_eq!(cloud.read(metrics), None);
    cloud.done(&put(
        "scale_set/s1/rg-stamp-new/vmss",
        r#"{"region": "eastus2", "zone": "1", "sku": "Standard_D8s_v5", "instances": 2,
            "family": "standardDSv5Family", "vcpus": 8, "power": "running", "reservation": ""}"#,
    ));
    assert_eq!(cloud.int(metrics, "samples"), 0);
    assert_eq!(cloud.get(metrics).get("cpu"), None);
    cloud.pass(3 * 3_600);
    assert_eq!(cloud.int(metrics, "samples"), 3);
    assert_eq!(cloud.int(metrics, "cpu"), 0);
    cloud.done(&change(group, Verb::Delete));
    assert_eq!(cloud.read(metrics), None);
}

#[test]
fn requests_end_shortly_after_a_tenant_is_unrouted() {
    let cloud = fleet();
    let metrics = "tenant_metrics/contoso/ann";
    assert_eq!(cloud.int(metrics, "active_requests"), 3);
    cloud.done(&patch(
        "registry_item/contoso/tenants/ann",
        r#"{"routed": false}"#,
    ));
    cloud.pass(29);
    assert_eq!(cloud.int(metrics, "active_requests"), 3);
    cloud.pass(1);
    assert_eq!(cloud.int(metrics, "active_requests"), 0);
}
