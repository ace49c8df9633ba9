//! Scale sets, reservations, quota, quota groups.

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::A;
use crate::bench::B;
use crate::bench::Bench;
use crate::bench::Response;
use crate::bench::V;

const Q: &str = "2025-09-01";
const FAMILY: &str = "standardDSv5Family";
const GROUPS: &str =
    "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Quota/groupQuotas";

fn set(capacity: i64, reservation: Option<&str>) -> Json {
    json!({
        "location": "eastus2",
        "zones": ["1"],
        "sku": { "name": "Standard_D4s_v5", "tier": "Standard", "capacity": capacity },
        "tags": { "owner": "test" },
        "properties": {
            "orchestrationMode": "Uniform",
            "upgradePolicy": { "mode": "Manual" },
            "virtualMachineProfile": {
                "licenseType": "None",
                "capacityReservation": reservation.map(|id| json!({ "capacityReservationGroup": { "id": id } })),
            },
        },
    })
}

fn usage(bench: &Bench, subscription: &str) -> (i64, i64) {
    let path = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/eastus2/usages"
    );
    let all = bench.get(&path, V).ok(200).body;
    let mut all = all["value"].as_array().into_iter().flatten();
    let one = all.find(|one| one["name"]["value"] == FAMILY);
    one.map_or((0, 0), |one| {
        let number = |name: &str| one[name].as_i64().unwrap_or(-1);
        (number("limit"), number("currentValue"))
    })
}

fn succeeded(bench: &Bench, first: &Response) {
    let end = bench.follow(first);
    assert_eq!(end.body["status"], "Succeeded", "{}", end.text);
}

#[test]
fn a_scale_set_goes_round() {
    let bench = Bench::new("latency: { scale_set: 120 }");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss");
    let first = bench.put(&path, V, &set(4, None)).ok(201);
    assert_eq!(first.body["properties"]["provisioningState"], "Creating");
    assert_eq!(
        bench.get(&path, V).ok(200).body["properties"]["provisioningState"],
        "Creating"
    );
    succeeded(&bench, &first);
    let seen = bench.get(&path, V).ok(200).body;
    assert_eq!(
        seen["properties"]["virtualMachineProfile"]["licenseType"],
        "None"
    );
    assert_eq!(seen["sku"]["capacity"], 4);
    assert_eq!(usage(&bench, A), (64, 16));
    bench
        .put(&path, V, &set(17, None))
        .refused(409, "OperationNotAllowed");
    let change = json!({ "sku": { "capacity": 2 } });
    let first = bench.call("PATCH", &path, V, &change).ok(200);
    succeeded(&bench, &first);
    let first = bench
        .call("POST", &format!("{path}/deallocate"), V, &Json::Null)
        .ok(202);
    succeeded(&bench, &first);
    let view = bench.get(&format!("{path}/instanceView"), V).ok(200).body;
    let codes = view["virtualMachine"]["statusesSummary"].to_string();
    assert!(codes.contains("PowerState/deallocated"), "{codes}");
    assert_eq!(usage(&bench, A), (64, 8));
    let machines = bench
        .get(&format!("{path}/virtualMachines"), V)
        .ok(200)
        .body;
    assert_eq!(machines["value"].as_array().map(Vec::len), Some(2));
    let first = bench
        .call("POST", &format!("{path}/start"), V, &Json::Null)
        .ok(202);
    succeeded(&bench, &first);
    let gone = json!({ "instanceIds": ["1"] });
    let first = bench
        .call("POST", &format!("{path}/delete"), V, &gone)
        .ok(202);
    succeeded(&bench, &first);
    assert_eq!(usage(&bench, A), (64, 4));
    let first = bench.delete(&path, V).ok(202);
    succeeded(&bench, &first);
    bench.get(&path, V).refused(404, "ResourceNotFound");
    bench.delete(&path, V).ok(204);
}

#[test]
fn an_old_version_is_refused() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss");
    bench.put(&path, V, &set(1, None)).ok(201);
    let etag = bench.get(&path, V).ok(200).body["etag"]
        .as_str()
        .expect("a version")
        .to_owned();
    bench.put(&path, V, &set(2, None)).ok(200);
    let put = |header: (&str, &str)| {
        let headers = [("Content-Type", "application/json"), header];
        bench.raw(
            "PUT",
            &format!("{path}?api-version={V}"),
            &headers,
            &set(3, None).to_string(),
        )
    };
    put(("If-Match", &etag))
        .expect("an answer")
        .refused(412, "PreconditionFailed");
    put(("If-None-Match", "*"))
        .expect("an answer")
        .refused(412, "PreconditionFailed");
    let etag = bench.get(&path, V).ok(200).body["etag"]
        .as_str()
        .expect("a version")
        .to_owned();
    put(("If-Match", &etag)).expect("an answer").ok(200);
}

#[test]
fn a_reservation_goes_round() {
    let bench = Bench::new("latency: { capacity_reservation: 20 }");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Compute/capacityReservationGroups/crg");
    let body = json!({ "location": "eastus2", "zones": ["1", "2"], "tags": { "owner": "test" } });
    let first = bench.put(&path, V, &body).ok(201);
    assert_eq!(first.body["properties"]["provisioningState"], "Creating");
    succeeded(&bench, &first);
    for zone in ["1", "2"] {
        let one = format!("{path}/capacityReservations/crg-zone{zone}");
        let body = json!({ "location": "eastus2", "zones": [zone], "sku": { "name": "Standard_D4s_v5", "capacity": 3 } });
        let first = bench.put(&one, V, &body).ok(201);
        succeeded(&bench, &first);
    }
    assert_eq!(usage(&bench, A), (64, 24));
    let scale = format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss");
    bench.put(&scale, V, &set(2, Some(&path))).ok(201);
    assert_eq!(usage(&bench, A), (64, 24));
    let seen = bench
        .get(&format!("{path}?$expand=instanceView"), V)
        .ok(200)
        .body;
    assert_eq!(
        seen["properties"]["virtualMachinesAssociated"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let one = format!("{path}/capacityReservations/crg-zone1");
    let view = bench
        .get(&format!("{one}?$expand=instanceView"), V)
        .ok(200)
        .body;
    assert_eq!(
        view["properties"]["instanceView"]["utilizationInfo"]["currentCapacity"],
        3
    );
    let first = bench
        .call("PATCH", &one, V, &json!({ "sku": { "capacity": 5 } }))
        .ok(200);
    assert_eq!(first.body["sku"]["capacity"], 5);
    succeeded(&bench, &first);
    bench.delete(&path, V).refused(409, "CannotDeleteResource");
    let first = bench.delete(&scale, V).ok(202);
    succeeded(&bench, &first);
    for zone in ["1", "2"] {
        let first = bench
            .delete(&format!("{path}/capacityReservations/crg-zone{zone}"), V)
            .ok(202);
        succeeded(&bench, &first);
    }
    assert_eq!(usage(&bench, A), (64, 0));
    bench.delete(&path, V).ok(202);
    bench.get(&path, V).refused(404, "ResourceNotFound");
}

#[test]
fn a_reservation_of_the_world_is_shown_by_zones() {
    let bench = Bench::new(
        r#"reservations:
  - { name: crg, subscription: sub-a, resource_group: rg-c, region: eastus2, zones: ["1", "2"],
      sku: Standard_D4s_v5, instances: 5 }"#,
    );
    let path = format!(
        "/subscriptions/{A}/resourceGroups/rg-c/providers/Microsoft.Compute/capacityReservationGroups/crg"
    );
    let all = bench
        .get(&format!("{path}/capacityReservations"), V)
        .ok(200)
        .body;
    let all: Vec<_> = all["value"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (&one["name"], &one["sku"]["capacity"]))
        .map(|(name, capacity)| format!("{name}{capacity}"))
        .collect();
    assert_eq!(all, ["\"crg-zone1\"3", "\"crg-zone2\"2"]);
    let listed =
        format!("/subscriptions/{A}/providers/Microsoft.Compute/capacityReservationGroups");
    assert_eq!(
        bench.get(&listed, V).ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn quota_is_asked_for_and_never_falls_below_use() {
    let bench = Bench::new("");
    let scope = format!(
        "/subscriptions/{A}/providers/Microsoft.Compute/locations/eastus2/providers/Microsoft.Quota"
    );
    let path = format!("{scope}/quotas/{FAMILY}");
    assert_eq!(
        bench.get(&path, Q).ok(200).body["properties"]["limit"]["value"],
        64
    );
    let ask = |limit: i64| {
        json!({ "properties": {
            "limit": { "limitObjectType": "LimitValue", "value": limit },
            "name": { "value": FAMILY },
        } })
    };
    let first = bench.put(&path, Q, &ask(80)).ok(202);
    assert_eq!(first.header("retry-after"), Some("30"));
    succeeded(&bench, &first);
    assert_eq!(usage(&bench, A), (80, 0));
    let group = bench.group(A, "rg");
    let scale = format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss");
    bench.put(&scale, V, &set(10, None)).ok(201);
    bench
        .put(&path, Q, &ask(39))
        .refused(409, "QuotaBelowUsage");
    let all = bench.get(&format!("{scope}/usages"), Q).ok(200).body;
    assert_eq!(all["value"][0]["properties"]["usages"]["value"], 40);
    bench.get(&format!("{scope}/quotas"), Q).ok(200);
    assert_eq!(
        bench.get(&format!("{scope}/quotaRequests"), Q).ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    bench
        .get(&format!("{scope}/quotas/nonsense"), Q)
        .refused(400, "InvalidResourceName");
    let skus = format!(
        "/subscriptions/{A}/providers/Microsoft.Compute/skus?$filter=location%20eq%20%27eastus2%27"
    );
    assert!(
        bench
            .get(&skus, "2021-07-01")
            .ok(200)
            .text
            .contains("Standard_D4s_v5")
    );
}

fn allocations(subscription: &str) -> String {
    format!(
        "/providers/Microsoft.Management/managementGroups/mg/subscriptions/{subscription}/providers/Microsoft.Quota/groupQuotas/qg/resourceProviders/Microsoft.Compute/quotaAllocations/eastus2"
    )
}

fn ask(limit: i64) -> Json {
    json!({ "properties": { "value": [{ "properties": { "resourceName": FAMILY, "limit": limit } }] } })
}

fn available(bench: &Bench) -> (i64, i64) {
    let path = format!("{GROUPS}/qg/resourceProviders/Microsoft.Compute/groupQuotaLimits/eastus2");
    let seen = bench.get(&path, Q).ok(200).body;
    let one = &seen["properties"]["value"][0]["properties"];
    (
        one["limit"].as_i64().unwrap_or(-1),
        one["availableLimit"].as_i64().unwrap_or(-1),
    )
}

#[test]
fn a_group_gives_cores_and_takes_them_back() {
    let bench = Bench::new("latency: { quota_allocation: 150 }");
    assert_eq!(available(&bench), (100, 100));
    let first = bench.call("PATCH", &allocations(A), Q, &ask(104)).ok(202);
    let url = first
        .header("location")
        .expect("a way")
        .split_once(&bench.at.to_string())
        .expect("this host")
        .1
        .to_owned();
    let open = bench.get(&url, "").ok(200);
    assert_eq!(
        open.body["status"], "Accepted",
        "a Location that answers 200 and is not done"
    );
    succeeded(&bench, &first);
    assert_eq!(usage(&bench, A), (104, 0));
    assert_eq!(available(&bench), (100, 60));
    let seen = bench.get(&allocations(A), Q).ok(200).body;
    assert_eq!(seen["value"][0]["properties"]["limit"], 104);
    bench
        .call("PATCH", &allocations(B), Q, &ask(61))
        .refused(409, "InsufficientQuota");
    let first = bench.call("PATCH", &allocations(A), Q, &ask(64)).ok(202);
    succeeded(&bench, &first);
    assert_eq!(available(&bench), (100, 100));
    let requests = allocations(A).replace("quotaAllocations/eastus2", "quotaAllocationRequests");
    let all = bench
        .get(&format!("{requests}?$filter=location%20eq%20eastus2"), Q)
        .ok(200)
        .body;
    assert_eq!(all["value"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_quota_group_goes_round() {
    let bench = Bench::new("switches: { group_increase_seconds: 60 }");
    let path = format!("{GROUPS}/other");
    let first = bench
        .put(
            &path,
            Q,
            &json!({ "properties": { "displayName": "mine" } }),
        )
        .ok(201);
    succeeded(&bench, &first);
    assert_eq!(
        bench.get(&path, Q).ok(200).body["properties"]["displayName"],
        "mine"
    );
    assert_eq!(
        bench.get(GROUPS, Q).ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let member = format!("{path}/subscriptions/{B}");
    bench
        .put(&member, Q, &Json::Null)
        .refused(409, "SubscriptionAlreadyInGroupQuota");
    bench
        .delete(&format!("{GROUPS}/qg/subscriptions/{B}"), Q)
        .ok(204);
    let first = bench.put(&member, Q, &Json::Null).ok(201);
    succeeded(&bench, &first);
    bench.get(&member, Q).ok(200);
    let members = bench.get(&format!("{path}/subscriptions"), Q).ok(200).body;
    assert_eq!(members["value"][0]["name"], B);
    let limits = format!("{path}/resourceProviders/Microsoft.Compute/groupQuotaLimits/eastus2");
    assert_eq!(bench.get(&limits, Q).ok(200).body, json!({}));
    let first = bench.call("PATCH", &limits, Q, &ask(50)).ok(202);
    succeeded(&bench, &first);
    let seen = bench.get(&limits, Q).ok(200).body;
    assert_eq!(
        seen["properties"]["value"][0]["properties"]["availableLimit"],
        50
    );
    let usages = format!("{path}/resourceProviders/Microsoft.Compute/locationUsages/eastus2");
    bench.get(&usages, Q).ok(200);
    bench
        .delete(&path, Q)
        .refused(409, "GroupQuotaHasSubscriptions");
    bench.delete(&member, Q).ok(204);
    bench.delete(&path, Q).ok(204);
    bench.get(&path, Q).ok(404);
}

#[test]
fn quota_is_lost_with_what_held_it() {
    let bench = Bench::new("");
    let first = bench.call("PATCH", &allocations(B), Q, &ask(40)).ok(202);
    succeeded(&bench, &first);
    let path = format!("/subscriptions/{B}/providers/Microsoft.Subscription/cancel");
    bench.call("POST", &path, "2021-10-01", &Json::Null).ok(200);
    assert_eq!(available(&bench).0, 60);
    let lost = bench.sim.lost_quota().expect("a world");
    assert_eq!(lost.iter().map(|one| one.cores).sum::<i64>(), 40);
}
