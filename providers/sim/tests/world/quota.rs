//! Quota and compute, beyond what every provider promises.

use stampctl_contract::FaultClass;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Verb;

use crate::bench::ALLOCATION;
use crate::bench::CRG;
use crate::bench::GROUP;
use crate::bench::QUOTA;
use crate::bench::change;
use crate::bench::fleet;
use crate::bench::fleet_with;
use crate::bench::now;
use crate::bench::patch;
use crate::bench::put;

const ZONE_1: &str = "scale_set/s1/rg-stamp-a/vmss-stamp-a-zone1";
const B_ZONE_1: &str = "scale_set/s1/rg-stamp-b/vmss-stamp-b-zone1";

#[test]
fn a_stamp_of_the_file_holds_its_cores_once() {
    let cloud = fleet();
    assert_eq!(cloud.int(QUOTA, "usage"), 128);
    assert_eq!(cloud.int(QUOTA, "limit"), 128);
    assert_eq!(cloud.int(GROUP, "available"), 512);
    assert_eq!(cloud.int(CRG, "instances"), 8);
    assert_eq!(cloud.int(CRG, "attached"), 8);
}

#[test]
fn deallocated_machines_count_until_they_are_scaled_to_zero() {
    let cloud = fleet();
    cloud.done(&patch(B_ZONE_1, r#"{"power": "deallocated"}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 128);
    cloud.done(&patch(B_ZONE_1, r#"{"instances": 0}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 96);
}

#[test]
fn by_a_switch_deallocated_machines_do_not_count() {
    let cloud = fleet_with("switches: { deallocated_counts: false }");
    cloud.done(&patch(B_ZONE_1, r#"{"power": "deallocated"}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 96);
    cloud.done(&patch(B_ZONE_1, r#"{"power": "running"}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 128);
}

#[test]
fn a_reservation_keeps_its_cores_after_its_machines_are_gone() {
    let cloud = fleet();
    cloud.release("a");
    assert_eq!(cloud.int(QUOTA, "usage"), 128);
    cloud.refused(&put(ALLOCATION, r#"{"cores": 64}"#), FaultClass::Quota);
    cloud.done(&patch(CRG, r#"{"instances": 0}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 64);
    cloud.allocate(64);
    assert_eq!(cloud.int(GROUP, "available"), 576);
    cloud.conserved();
}

#[test]
fn deallocated_machines_stay_attached() {
    let cloud = fleet();
    for zone in ["1", "2"] {
        let set = format!("scale_set/s1/rg-stamp-a/vmss-stamp-a-zone{zone}");
        cloud.done(&patch(&set, r#"{"power": "deallocated"}"#));
    }
    assert_eq!(cloud.int(CRG, "attached"), 8);
    cloud.refused(&change(CRG, Verb::Delete), FaultClass::Conflict);
    cloud.done(&patch(CRG, r#"{"instances": 0}"#));
}

#[test]
fn a_reservation_used_from_elsewhere_holds_its_resource_group() {
    let cloud = fleet();
    let capacity = "resource_group/s1/rg-capacity";
    cloud.refused(&change(capacity, Verb::Delete), FaultClass::Conflict);
}

#[test]
fn machines_above_the_reservation_count_extra() {
    let cloud = fleet();
    cloud.allocate(144);
    cloud.done(&patch(ZONE_1, r#"{"instances": 6}"#));
    assert_eq!(cloud.int(QUOTA, "usage"), 144);
    cloud.refused(&patch(ZONE_1, r#"{"instances": 7}"#), FaultClass::Quota);
}

#[test]
fn a_region_can_be_out_of_machines() {
    let cloud = fleet_with("capacity: { eastus2/Standard_D8s_v5: 17 }");
    cloud.allocate(640);
    cloud.done(&patch(B_ZONE_1, r#"{"instances": 5}"#));
    cloud.refused(
        &patch(B_ZONE_1, r#"{"instances": 6}"#),
        FaultClass::Capacity,
    );
    cloud.refused(&patch(CRG, r#"{"instances": 9}"#), FaultClass::Capacity);
}

#[test]
fn a_plain_lower_limit_credits_no_group() {
    let cloud = fleet();
    cloud.allocate(256);
    cloud.done(&put(QUOTA, r#"{"limit": 192}"#));
    assert_eq!(cloud.int(GROUP, "available"), 384);
    cloud.conserved();
}

#[test]
fn a_subscription_gives_only_what_it_got_unless_it_may() {
    let give = put(
        "quota_allocation/mg/qg/s2/eastus2/standardDSv5Family",
        r#"{"cores": -8}"#,
    );
    let own =
        "quota: [{ subscription: s2, region: eastus2, family: standardDSv5Family, cores: 10 }]";
    fleet_with(own).refused(&give, FaultClass::Permanent);
    let cloud = fleet_with(&format!(
        "{own}\nswitches: {{ subscriptions_may_give: true }}"
    ));
    cloud.done(&give);
    assert_eq!(cloud.int(GROUP, "available"), 520);
    assert_eq!(cloud.int("quota/s2/eastus2/standardDSv5Family", "limit"), 2);
    cloud.conserved();
    cloud.done(&change("subscription/s2", Verb::Delete));
    cloud.conserved();
}

#[test]
fn a_group_limit_is_raised_after_a_while_and_lowered_at_once() {
    let cloud = fleet();
    let Ok(Outcome::Accepted(ticket)) = cloud.try_do(&put(GROUP, r#"{"limit": 700}"#)) else {
        panic!("it is not at once");
    };
    cloud.pass(3_599);
    assert_eq!(cloud.int(GROUP, "limit"), 640);
    cloud.pass(1);
    assert!(matches!(
        now(cloud.0.poll(&ticket)),
        Ok(Outcome::Done(Some(_)))
    ));
    assert_eq!(cloud.int(GROUP, "available"), 572);
    cloud.done(&put(GROUP, r#"{"limit": 128}"#));
    assert_eq!(cloud.int(GROUP, "available"), 0);
    cloud.refused(&put(GROUP, r#"{"limit": 127}"#), FaultClass::Quota);
}

#[test]
fn two_changes_at_once_are_a_conflict_and_the_same_one_is_one() {
    let cloud = fleet_with("latency: { scale_set: 120 }");
    let first = patch(B_ZONE_1, r#"{"instances": 3}"#);
    let Ok(Outcome::Accepted(ticket)) = cloud.try_do(&first) else {
        panic!("it is not at once");
    };
    assert_eq!(cloud.try_do(&first), Ok(Outcome::Accepted(ticket.clone())));
    cloud.refused(
        &patch(B_ZONE_1, r#"{"instances": 2}"#),
        FaultClass::Conflict,
    );
    cloud.pass(120);
    assert!(matches!(
        now(cloud.0.poll(&ticket)),
        Ok(Outcome::Done(Some(_)))
    ));
    assert_eq!(cloud.int(B_ZONE_1, "instances"), 3);
}

#[test]
fn an_accepted_change_can_still_fail() {
    let cloud = fleet_with("latency: { scale_set: 120 }");
    cloud.allocate(136);
    let more = patch(B_ZONE_1, r#"{"instances": 5}"#);
    let Ok(Outcome::Accepted(ticket)) = cloud.try_do(&more) else {
        panic!("it is not at once");
    };
    cloud.allocate(128);
    cloud.pass(120);
    let fault = now(cloud.0.poll(&ticket)).expect_err("the quota is gone");
    assert_eq!(fault.class, FaultClass::Quota);
    assert_eq!(cloud.int(B_ZONE_1, "instances"), 4);
}

#[test]
fn an_api_subscription_needs_its_user_and_a_policy_its_subscription() {
    let cloud = fleet();
    let user = "api_user/s1/rg-api/apim/ann-admin";
    let subscription = "api_subscription/s1/rg-api/apim/ann-subscription";
    let policy = "api_policy/s1/rg-api/apim/ann-subscription";
    let wanted = r#"{"product": "standard-tier", "user": "ann-admin", "state": "active"}"#;
    cloud.refused(&put(subscription, wanted), FaultClass::Permanent);
    cloud.refused(&put(policy, r#"{"xml": "<a/>"}"#), FaultClass::Permanent);
    cloud.done(&put(user, r#"{"email": "ann@a.test", "state": "active"}"#));
    cloud.done(&put(subscription, wanted));
    cloud.done(&put(policy, r#"{"xml": "<a/>"}"#));
    cloud.refused(&change(user, Verb::Delete), FaultClass::Conflict);
    cloud.done(&change(subscription, Verb::Delete));
    assert_eq!(cloud.read(policy), None);
    cloud.done(&change(user, Verb::Delete));
}
