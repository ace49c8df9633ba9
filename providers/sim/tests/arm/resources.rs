//! Groups, tags, locks, versions, errors, operations.

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::A;
use crate::bench::B;
use crate::bench::Bench;
use crate::bench::V;

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
    bench.call("HEAD", &path, V, &Json::Null).ok(404);
}

#[test]
fn subscriptions_and_namespaces_are_shown() {
    let bench = Bench::new("");
    let all = bench.get("/subscriptions", "2022-12-01").ok(200).body;
    assert_eq!(all["value"].as_array().map(Vec::len), Some(2));
    let one = bench
        .get(&format!("/subscriptions/{B}"), "2022-12-01")
        .ok(200);
    assert_eq!(one.body["displayName"], "sub-b");
    assert_eq!(one.body["state"], "Enabled");
    bench
        .get(
            "/subscriptions/33333333-3333-4333-8333-333333333333",
            "2022-12-01",
        )
        .refused(404, "SubscriptionNotFound");
    let locations = format!("/subscriptions/{A}/locations");
    let locations = bench.get(&locations, "2022-12-01").ok(200).body;
    assert_eq!(locations["value"][0]["name"], "eastus2");
    let peers = json!({ "location": "eastus2", "subscriptionIds": [format!("subscriptions/{B}")] });
    let path = format!("/subscriptions/{A}/providers/Microsoft.Resources/checkZonePeers/");
    bench.call("POST", &path, "2022-12-01", &peers).ok(200);
}

#[test]
fn a_namespace_is_registered_before_it_is_used() {
    let options = stampctl_sim::arm::Options {
        unregistered: vec!["Microsoft.Sql".to_owned()],
        ..Default::default()
    };
    let bench = Bench::with("", options);
    let group = bench.group(A, "rg");
    let server = format!("{group}/providers/Microsoft.Sql/servers/sql-a");
    let body = json!({ "location": "eastus2" });
    bench
        .put(&server, "2021-11-01", &body)
        .refused(409, "MissingSubscriptionRegistration");
    let path = format!("/subscriptions/{A}/providers/Microsoft.Sql");
    let state = |bench: &Bench| bench.get(&path, V).ok(200).body["registrationState"].clone();
    assert_eq!(state(&bench), "NotRegistered");
    bench
        .call("POST", &format!("{path}/register"), V, &Json::Null)
        .ok(200);
    assert_eq!(state(&bench), "Registered");
    let done = bench.put(&server, "2021-11-01", &body);
    assert!([200, 201].contains(&done.status), "{}", done.text);
}

#[test]
fn versions_are_asked_for_and_checked() {
    let bench = Bench::new("");
    let path = format!("/subscriptions/{A}/resourceGroups/rg-a");
    let raw = |query: &str| {
        bench
            .raw("GET", &format!("{path}{query}"), &[], "")
            .expect("an answer")
    };
    raw("").refused(400, "MissingApiVersionParameter");
    raw("?api-version=new").refused(400, "InvalidApiVersionParameter");
    raw("?api-version=1999-01-01").refused(400, "NoRegisteredProviderFound");
    bench
        .get(&format!("{path}/providers/Microsoft.Nonsense/things/x"), V)
        .refused(404, "InvalidResourceNamespace");
}

#[test]
fn tags_are_merged_replaced_and_taken() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Resources/tags/default");
    let apply = |operation: &str, tags: Json| {
        let body = json!({ "operation": operation, "properties": { "tags": tags } });
        bench.call("PATCH", &path, V, &body).ok(200);
        bench.get(&group, V).ok(200).body["tags"].clone()
    };
    assert_eq!(
        apply("Merge", json!({ "a": "1" })),
        json!({ "owner": "test", "a": "1" })
    );
    assert_eq!(apply("Delete", json!({ "owner": "" })), json!({ "a": "1" }));
    assert_eq!(apply("Replace", json!({ "b": "2" })), json!({ "b": "2" }));
    let change = json!({ "tags": { "c": "3" } });
    assert_eq!(
        bench.call("PATCH", &group, V, &change).ok(200).body["tags"],
        json!({ "c": "3" })
    );
    let listed = format!(
        "/subscriptions/{A}/resourcegroups?$filter=tagName%20eq%20%27c%27%20and%20tagValue%20eq%20%273%27"
    );
    let listed = bench.get(&listed, V).ok(200).body;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(1));
    bench.delete(&path, V).ok(200);
    assert_eq!(
        bench.get(&path, V).ok(200).body["properties"]["tags"],
        json!({})
    );
}

#[test]
fn hidden_tags_are_kept_and_are_no_tags_of_the_world() {
    let bench = Bench::new("");
    let path = format!("/subscriptions/{A}/resourceGroups/rg");
    let tags = json!({ "a": "1", "hidden-stampctl-x": "2" });
    bench
        .put(&path, V, &json!({ "location": "eastus2", "tags": tags }))
        .ok(201);
    assert_eq!(bench.get(&path, V).ok(200).body["tags"], tags);
    let show = bench.sim.show().expect("a world");
    let group = show.resources.iter().find(|one| one.address.name() == "rg");
    let group = group.expect("the group");
    assert_eq!(
        (group.tag("a"), group.tag("hidden-stampctl-x")),
        (Some("1"), None)
    );
}

#[test]
fn a_lock_holds_a_group_and_what_is_in_it() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let server = format!("{group}/providers/Microsoft.Sql/servers/sql-a");
    bench.put(&server, "2021-11-01", &json!({ "location": "eastus2" }));
    let locks = format!("{group}/providers/Microsoft.Authorization/locks");
    let lock = format!("{locks}/keep");
    let body = json!({ "properties": { "level": "CanNotDelete", "notes": "mine" } });
    let done = bench.put(&lock, "2020-05-01", &body).ok(201);
    assert_eq!(done.body["properties"]["notes"], "mine");
    assert_eq!(
        bench.get(&locks, "2020-05-01").ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    bench.delete(&group, V).refused(409, "ScopeLocked");
    bench
        .delete(&server, "2021-11-01")
        .refused(409, "ScopeLocked");
    bench.delete(&lock, "2020-05-01").ok(200);
    bench.delete(&lock, "2020-05-01").ok(204);
    bench.delete(&group, V).ok(202);
    bench
        .get(&server, "2021-11-01")
        .refused(404, "ResourceGroupNotFound");
}

#[test]
fn a_lock_of_a_resource_holds_its_group() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let server = format!("{group}/providers/Microsoft.Sql/servers/sql-a");
    bench.put(&server, "2021-11-01", &json!({ "location": "eastus2" }));
    let lock = format!("{server}/providers/Microsoft.Authorization/locks/keep");
    let body = json!({ "properties": { "level": "CanNotDelete" } });
    bench.put(&lock, "2020-05-01", &body).ok(201);
    bench.delete(&group, V).refused(409, "ScopeLocked");
    bench.delete(&lock, "2020-05-01").ok(200);
    bench.delete(&group, V).ok(202);
}

#[test]
fn an_operation_url_cannot_be_altered() {
    let bench = Bench::new("latency: { scale_set: 60 }");
    let group = bench.group(A, "rg");
    let first = bench.delete(&group, V).ok(202);
    let url = first
        .header("location")
        .expect("a way")
        .replace("m=DELETE", "m=PUT");
    let path = url.split_once(&bench.at.to_string()).expect("this host").1;
    bench.get(path, "").refused(404, "NotFound");
}

#[test]
fn it_listens_on_loopback_only() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::new("");
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0")
            .await
            .expect("a port");
        let served = stampctl_sim::arm::serve(
            std::sync::Arc::clone(&bench.sim),
            listener,
            stampctl_sim::arm::Options::default(),
            std::future::pending(),
        );
        let refused = served.await.expect_err("others could reach it");
        assert!(refused.to_string().contains("loopback"), "{refused}");
    });
}
