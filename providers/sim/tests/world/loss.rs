//! Quota that is lost for good, and the ways to delete that lose none (S0-96, S0-104, S0-106).

use stampctl_contract::FaultClass;
use stampctl_contract::Verb;

use crate::bench::ALLOCATION;
use crate::bench::CRG;
use crate::bench::GROUP;
use crate::bench::QUOTA;
use crate::bench::change;
use crate::bench::fleet;
use crate::bench::patch;
use crate::bench::put;

#[test]
fn a_delete_after_the_return_loses_nothing() {
    let cloud = fleet();
    cloud.release("a");
    cloud.done(&patch(CRG, r#"{"instances": 0}"#));
    cloud.allocate(64);
    cloud.done(&change("resource_group/s1/rg-stamp-a", Verb::Delete));
    assert_eq!(cloud.lost(), 0);
    assert_eq!(cloud.int(GROUP, "limit"), 640);
    cloud.conserved();
}

#[test]
fn spare_cores_of_the_subscription_are_nobodys_loss() {
    let cloud = fleet();
    cloud.allocate(192);
    cloud.release("b");
    cloud.allocate(128);
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 0);
}

#[test]
fn a_delete_of_running_machines_loses_their_cores() {
    let cloud = fleet();
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 64);
    assert_eq!(cloud.int(GROUP, "limit"), 576);
    assert_eq!(cloud.int(GROUP, "available"), 512);
    assert_eq!(cloud.int(ALLOCATION, "cores"), 64);
    assert_eq!(cloud.int(QUOTA, "limit"), 64);
    cloud.conserved();
    let lost = cloud.0.lost_quota().expect("a ledger");
    assert_eq!(lost[0].cause.to_string(), "resource_group/s1/rg-stamp-b");
}

#[test]
fn a_delete_of_released_compute_before_the_return_loses_as_much() {
    let cloud = fleet();
    cloud.release("b");
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 64);
    cloud.conserved();
}

#[test]
fn a_partial_return_loses_the_rest() {
    let cloud = fleet();
    cloud.release("b");
    cloud.allocate(100);
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 36);
    cloud.conserved();
}

#[test]
fn one_return_does_not_pay_for_two_stamps() {
    let cloud = fleet();
    cloud.release("a");
    cloud.release("b");
    cloud.done(&patch(CRG, r#"{"instances": 0}"#));
    cloud.allocate(64);
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 0);
    cloud.done(&change("resource_group/s1/rg-stamp-a", Verb::Delete));
    assert_eq!(cloud.lost(), 64);
}

#[test]
fn a_scale_set_deleted_by_itself_loses_them_too() {
    let cloud = fleet();
    for zone in ["1", "2"] {
        let set = format!("scale_set/s1/rg-stamp-b/vmss-stamp-b-zone{zone}");
        cloud.done(&change(&set, Verb::Delete));
    }
    assert_eq!(cloud.lost(), 64);
}

#[test]
fn a_stamp_in_use_again_has_nothing_returned() {
    let cloud = fleet();
    let sets = ["1", "2"].map(|zone| format!("scale_set/s1/rg-stamp-b/vmss-stamp-b-zone{zone}"));
    cloud.release("b");
    cloud.allocate(64);
    cloud.allocate(128);
    for set in &sets {
        cloud.done(&patch(set, r#"{"instances": 4, "power": "running"}"#));
    }
    cloud.done(&change("resource_group/s1/rg-stamp-b", Verb::Delete));
    assert_eq!(cloud.lost(), 64);
}

#[test]
fn a_deleted_subscription_takes_all_its_allocations() {
    let cloud = fleet();
    cloud.allocate(200);
    cloud.done(&change("subscription/s1", Verb::Delete));
    assert_eq!(cloud.lost(), 200);
    assert_eq!(cloud.int(GROUP, "limit"), 440);
    assert_eq!(cloud.read("resource_group/s1/rg-stamp-a"), None);
    cloud.conserved();
    let group = cloud.get("quota_group/mg/qg");
    let members = group.get("subscriptions").map(ToString::to_string);
    assert_eq!(members.as_deref(), Some(r#"["s2"]"#));
}

#[test]
fn a_cancelled_subscription_takes_them_as_well_and_changes_no_more() {
    let cloud = fleet();
    cloud.done(&patch("subscription/s1", r#"{"state": "cancelled"}"#));
    assert_eq!(cloud.lost(), 128);
    cloud.refused(&put(ALLOCATION, r#"{"cores": 8}"#), FaultClass::Denied);
    cloud.conserved();
}

/// A cluster with a pool of two nodes of 8 cores, which the group gave for it.
fn with_nodes() -> crate::bench::Bench {
    let cloud = fleet();
    cloud.allocate(144);
    let region = r#"{"region": "eastus2"}"#;
    cloud.done(&put("resource_group/s1/rg-aks", region));
    cloud.done(&put("cluster/s1/rg-aks/aks", region));
    cloud.done(&put(
        NODES,
        r#"{"region": "eastus2", "zones": ["1"], "sku": "Standard_D8s_v5", "instances": 2,
            "family": "standardDSv5Family", "vcpus": 8, "power": "running"}"#,
    ));
    assert_eq!(cloud.int(QUOTA, "usage"), 144);
    cloud
}

const NODES: &str = "node_pool/s1/rg-aks/aks/one";

#[test]
fn a_delete_of_running_nodes_loses_their_cores() {
    for doomed in [NODES, "cluster/s1/rg-aks/aks", "resource_group/s1/rg-aks"] {
        let cloud = with_nodes();
        cloud.done(&change(doomed, Verb::Delete));
        assert_eq!(cloud.lost(), 16, "{doomed}");
        assert_eq!(cloud.int(QUOTA, "usage"), 128, "{doomed}");
        cloud.conserved();
    }
}

#[test]
fn nodes_that_are_returned_before_they_go_are_no_loss() {
    for doomed in [NODES, "cluster/s1/rg-aks/aks", "resource_group/s1/rg-aks"] {
        let cloud = with_nodes();
        cloud.done(&patch(NODES, r#"{"power": "deallocated"}"#));
        cloud.done(&patch(NODES, r#"{"instances": 0}"#));
        cloud.allocate(128);
        cloud.done(&change(doomed, Verb::Delete));
        assert_eq!(cloud.lost(), 0, "{doomed}");
        cloud.conserved();
    }
}
