//! Clusters and their pools of nodes: shapes, quota, power, and what goes with what.

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::A;
use crate::bench::Bench;
use crate::bench::V;

const AKS: &str = "2024-05-01";

fn used(bench: &Bench) -> Json {
    let path = format!("/subscriptions/{A}/providers/Microsoft.Compute/locations/eastus2/usages");
    let all = bench.get(&path, V).ok(200).body;
    let all = all["value"].as_array().expect("a list");
    let family = |one: &&Json| one["name"]["value"] == "standardDSv5Family";
    all.iter().find(family).expect("a family")["currentValue"].clone()
}

fn pool(count: u32, power: &str) -> Json {
    json!({ "properties": {
        "mode": "User", "count": count, "vmSize": "Standard_D8s_v5", "availabilityZones": ["1", "2"],
        "powerState": { "code": power }, "tags": { "owner": "test" } } })
}

#[test]
fn a_cluster_makes_its_first_pool_and_takes_all_with_it() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks");
    let user = format!("{cluster}/agentPools/user");
    bench
        .put(&user, AKS, &pool(1, "Running"))
        .refused(404, "ParentResourceNotFound");
    let of = |count: u32| {
        json!({ "location": "eastus2", "identity": { "type": "SystemAssigned" },
            "tags": { "owner": "test" }, "properties": { "dnsPrefix": "aks",
            "agentPoolProfiles": [{ "name": "system", "mode": "System", "count": count,
                "vmSize": "Standard_D8s_v5", "type": "VirtualMachineScaleSets" }] } })
    };
    let made = bench.put(&cluster, AKS, &of(1)).ok(201);
    bench.follow(&made).ok(200);
    assert_eq!(used(&bench), 8);
    let made = bench.put(&user, AKS, &pool(2, "Running")).ok(201);
    bench.follow(&made).ok(200);
    assert_eq!(used(&bench), 24);
    bench
        .put(&user, AKS, &pool(8, "Running"))
        .refused(400, "ErrCode_InsufficientVCPUQuota");
    let mut other = pool(2, "Running");
    other["properties"]["vmSize"] = "Standard_D16s_v5".into();
    bench
        .put(&user, AKS, &other)
        .refused(400, "PropertyChangeNotAllowed");
    bench.put(&user, AKS, &pool(2, "Stopped")).ok(200);
    let seen = bench.get(&user, AKS).ok(200).body;
    let inner = &seen["properties"];
    assert_eq!(inner["powerState"]["code"], "Stopped");
    assert_eq!(inner["tags"]["owner"], "test");
    assert_eq!(seen.get("tags"), None, "a pool's tags are properties");
    let listed = bench.get(&format!("{cluster}/agentPools"), AKS).ok(200);
    assert_eq!(listed.body["value"].as_array().map(Vec::len), Some(2));
    let seen = bench.get(&cluster, AKS).ok(200).body;
    let profiles = &seen["properties"]["agentPoolProfiles"];
    assert_eq!(
        (&profiles[0]["name"], &profiles[1]["name"]),
        (&json!("system"), &json!("user"))
    );
    let tags = json!({ "tags": { "owner": "other" } });
    bench.call("PATCH", &cluster, AKS, &tags).ok(200);
    assert_eq!(bench.get(&cluster, AKS).body["tags"]["owner"], "other");
    let types = "microsoft.containerservice/managedclusters";
    let query = json!({ "query": format!("Resources | where type =~ '{types}'") });
    let path = "/providers/Microsoft.ResourceGraph/resources";
    let rows = bench.call("POST", path, "2024-04-01", &query).ok(200).body;
    let profiles = rows["data"][0]["properties"]["agentPoolProfiles"].as_array();
    assert_eq!(profiles.map(Vec::len), Some(2));
    let system = format!("{cluster}/agentPools/system");
    bench.delete(&system, AKS).refused(400, "InvalidParameter");
    let gone = bench.delete(&user, AKS).ok(202);
    bench.follow(&gone);
    bench.delete(&user, AKS).ok(204);
    let gone = bench.delete(&cluster, AKS).ok(202);
    bench.follow(&gone);
    for one in [&cluster, &system] {
        bench.get(one, AKS).refused(404, "ResourceNotFound");
    }
    assert_eq!(used(&bench), 0);
}

#[test]
fn nodes_are_taken_from_a_reservation() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let reservations = format!("{group}/providers/Microsoft.Compute/capacityReservationGroups/crg");
    let body = json!({ "location": "eastus2", "zones": ["1"] });
    bench.put(&reservations, V, &body).ok(201);
    let body = json!({ "location": "eastus2", "zones": ["1"],
        "sku": { "name": "Standard_D8s_v5", "capacity": 3 } });
    let one = format!("{reservations}/capacityReservations/one");
    bench.put(&one, V, &body).ok(201);
    assert_eq!(used(&bench), 24);
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks");
    let body = json!({ "location": "eastus2", "properties": { "dnsPrefix": "aks" } });
    bench.put(&cluster, AKS, &body).ok(201);
    let path = format!("{cluster}/agentPools/user");
    let mut wanted = pool(2, "Running");
    wanted["properties"]["capacityReservationGroupID"] = reservations.clone().into();
    bench.put(&path, AKS, &wanted).ok(201);
    assert_eq!(used(&bench), 24, "the reservation has them already");
    let seen = bench.get(&path, AKS).ok(200).body;
    let link = seen["properties"]["capacityReservationGroupID"].as_str();
    assert_eq!(link, Some(reservations.as_str()));
    bench.delete(&one, V).refused(409, "OperationNotAllowed");
    let gone = bench.delete(&path, AKS).ok(202);
    bench.follow(&gone);
    assert_eq!(used(&bench), 24);
}
