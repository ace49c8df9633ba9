//! Groups, tags, locks, errors, operations.

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::A;
use crate::bench::Bench;

const V: &str = "2024-07-01";

#[test]
fn a_group_goes_round() {
    let bench = Bench::new("latency: { resource_group: 60 }");
    let path = format!("/subscriptions/{A}/resourceGroups/rg-a");
    let body = json!({ "location": "East US 2", "tags": { "owner": "test" }, "managedBy": "me" });
    let first = bench.put(&path, V, &body).ok(201);
    assert_eq!(bench.follow(&first).body["status"], "Succeeded");
    let seen = bench.get(&path, V).ok(200).body;
    assert_eq!(seen["tags"]["owner"], "test");
    assert_eq!(seen["managedBy"], "me");
    assert_eq!(seen["location"], "eastus2");
    bench.call("HEAD", &path, V, &Json::Null).ok(204);
    bench
        .put(&path, V, &json!({ "location": "eastus" }))
        .refused(409, "InvalidResourceGroupLocation");
    let first = bench.delete(&path, V).ok(202);
    assert_eq!(first.header("retry-after"), Some("15"));
    bench.follow(&first).ok(200);
    bench.get(&path, V).refused(404, "ResourceGroupNotFound");
    bench.delete(&path, V).refused(404, "ResourceGroupNotFound");
}
