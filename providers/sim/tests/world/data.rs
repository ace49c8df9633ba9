//! Tenants that write, copies that follow them, and backups.

use stampctl_contract::FaultClass;
use stampctl_contract::Verb;

use crate::bench::Bench;
use crate::bench::change;
use crate::bench::copy;
use crate::bench::fleet;
use crate::bench::patch;
use crate::bench::put;

const ITEM: &str = "registry_item/contoso/tenants/ann";
const HOME: &str = "tenant_schema/s1/rg-stamp-a/sql-stamp-a/db-tenants/ann";
const SHARED: &str = "sql_database/s1/rg-stamp-a/sql-stamp-a/db-tenants";
const NEW: &str = "sql_database/s1/rg-stamp-b/sql-stamp-b/db-ann";

fn with_new_home() -> Bench {
    let cloud = fleet();
    cloud.done(&put(NEW, r#"{"sku": "S3", "tenant": "ann"}"#));
    cloud
}

#[test]
fn a_served_tenant_writes_and_a_frozen_one_does_not() {
    let cloud = fleet();
    assert_eq!(cloud.int(HOME, "records"), 1_000);
    cloud.pass(3_600);
    assert_eq!(cloud.int(HOME, "records"), 1_060);
    cloud.done(&patch(ITEM, r#"{"frozen": true}"#));
    let digest = cloud.text(HOME, "digest");
    cloud.pass(3_600);
    assert_eq!(cloud.int(HOME, "records"), 1_060);
    assert_eq!(cloud.text(HOME, "digest"), digest);
    cloud.done(&patch(ITEM, r#"{"frozen": false, "routed": false}"#));
    cloud.pass(3_600);
    assert_eq!(cloud.int(HOME, "records"), 1_060);
}

#[test]
fn a_copy_of_a_tenant_that_writes_is_soon_behind() {
    let cloud = with_new_home();
    cloud.done(&copy(NEW, HOME, "ann"));
    assert_eq!(cloud.text(NEW, "digest"), cloud.text(HOME, "digest"));
    cloud.pass(60);
    assert_ne!(cloud.text(NEW, "digest"), cloud.text(HOME, "digest"));
    cloud.done(&patch(ITEM, r#"{"frozen": true}"#));
    cloud.done(&copy(NEW, HOME, "ann"));
    cloud.pass(60);
    assert_eq!(cloud.text(NEW, "digest"), cloud.text(HOME, "digest"));
}

#[test]
fn after_the_switch_the_new_home_grows_and_the_old_one_does_not() {
    let cloud = with_new_home();
    cloud.done(&patch(ITEM, r#"{"frozen": true}"#));
    cloud.done(&copy(NEW, HOME, "ann"));
    let data = format!(r#"{{"frozen": false, "stamp": "b", "data": ["{NEW}"]}}"#);
    cloud.done(&patch(ITEM, &data));
    cloud.pass(3_600);
    assert_eq!(cloud.int(NEW, "records"), 1_060);
    assert_eq!(cloud.int(HOME, "records"), 1_000);
}

#[test]
fn as_many_records_written_elsewhere_are_not_the_same_content() {
    let cloud = with_new_home();
    cloud.done(&patch(ITEM, r#"{"frozen": true}"#));
    cloud.done(&copy(NEW, HOME, "ann"));
    for home in [NEW, HOME] {
        cloud.done(&patch(
            ITEM,
            &format!(r#"{{"frozen": false, "data": ["{home}"]}}"#),
        ));
        cloud.pass(3_600);
    }
    assert_eq!(cloud.int(NEW, "records"), cloud.int(HOME, "records"));
    assert_ne!(cloud.text(NEW, "digest"), cloud.text(HOME, "digest"));
}

#[test]
fn a_copy_from_a_shared_database_brings_one_tenant() {
    let cloud = with_new_home();
    let tenants = |at: &str| cloud.get(at).get("tenants").map(ToString::to_string);
    assert_eq!(tenants(SHARED).as_deref(), Some(r#"["ann","bob"]"#));
    cloud.done(&copy(NEW, SHARED, "ann"));
    assert_eq!(tenants(NEW).as_deref(), Some(r#"["ann"]"#));
    assert_eq!(cloud.int(NEW, "records"), 1_000);
    assert_eq!(cloud.int(SHARED, "records"), 2_000);
    cloud.refused(&copy(NEW, SHARED, "bob"), FaultClass::Permanent);
    cloud.refused(&copy(SHARED, NEW, "ann"), FaultClass::Permanent);
    cloud.refused(
        &put(NEW, r#"{"sku": "S3", "tenant": "bob"}"#),
        FaultClass::Conflict,
    );
}

#[test]
fn content_of_a_database_is_no_blob() {
    let cloud = fleet();
    let blob = cloud.get(ITEM);
    let data = blob
        .get("data")
        .and_then(stampctl_contract::Value::as_list)
        .expect("a list");
    let blob = data[1].as_str().expect("an address");
    cloud.refused(&copy(HOME, blob, "ann"), FaultClass::Permanent);
}

#[test]
fn a_backup_of_a_stamp_holds_all_its_tenants_and_can_be_restored() {
    let cloud = fleet();
    let whole = "backup/s1/vault/retire-a";
    cloud.done(&put(
        whole,
        r#"{"source": "resource_group/s1/rg-stamp-a", "tenant": ""}"#,
    ));
    assert_eq!(cloud.int(whole, "records"), 4_000);
    let own = "backup/s1/vault/export-ann";
    cloud.done(&put(
        own,
        r#"{"source": "resource_group/s1/rg-stamp-a", "tenant": "ann"}"#,
    ));
    assert_eq!(cloud.int(own, "records"), 2_000);
    let digest = cloud.text(HOME, "digest");
    cloud.done(&change(HOME, Verb::Delete));
    cloud.done(&put(HOME, r#"{"model": "schema"}"#));
    assert_eq!(cloud.int(HOME, "records"), 0);
    cloud.done(&copy(HOME, whole, "ann"));
    assert_eq!(cloud.text(HOME, "digest"), digest);
}

#[test]
fn the_same_call_takes_a_backup_once_and_another_takes_it_anew() {
    use stampctl_contract::Provider;
    let cloud = fleet();
    let at = "backup/s1/vault/x";
    let take = put(at, &format!(r#"{{"source": "{HOME}", "tenant": "ann"}}"#));
    let call = |key: &str| {
        crate::bench::now(cloud.0.perform(&take, key)).expect("a backup");
        cloud.int(at, "records")
    };
    assert_eq!(call("one"), 1_000);
    cloud.pass(3_600);
    assert_eq!(call("one"), 1_000);
    assert_eq!(call("two"), 1_060);
}
