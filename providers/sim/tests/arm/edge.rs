//! Front Door, Traffic Manager, gateways, alerts, API Management.

use serde_json::json;

use crate::bench::A;
use crate::bench::Bench;

#[test]
fn an_origin_has_weight_and_state() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let profile = format!("{group}/providers/Microsoft.Cdn/profiles/fd");
    let v = "2024-02-01";
    bench
        .put(
            &profile,
            v,
            &json!({ "location": "Global", "sku": { "name": "Standard_AzureFrontDoor" } }),
        )
        .ok(201);
    bench
        .put(
            &format!("{profile}/afdEndpoints/e"),
            v,
            &json!({ "location": "Global" }),
        )
        .ok(201);
    let origins = format!("{profile}/originGroups/stamps");
    bench
        .put(
            &origins,
            v,
            &json!({ "properties": { "loadBalancingSettings": { "sampleSize": 4 } } }),
        )
        .ok(201);
    let path = format!("{origins}/origins/one");
    let body = json!({ "properties": { "hostName": "a.example.com", "httpPort": 80, "priority": 1, "weight": 500, "enabledState": "Enabled" } });
    bench.put(&path, v, &body).ok(201);
    let change =
        json!({ "properties": { "weight": 1, "priority": 4, "enabledState": "Disabled" } });
    bench.call("PATCH", &path, v, &change).ok(200);
    let seen = bench.get(&path, v).ok(200).body;
    assert_eq!(
        (
            &seen["properties"]["enabledState"],
            &seen["properties"]["httpPort"]
        ),
        (&json!("Disabled"), &json!(80))
    );
    let show = bench.sim.show().expect("a world");
    let one = show
        .resources
        .iter()
        .find(|one| one.address.name() == "one")
        .expect("the origin");
    assert_eq!(
        (one.int("weight"), one.truth("enabled")),
        (Some(0), Some(false))
    );
    let bad = json!({ "properties": { "weight": 1001 } });
    bench
        .call("PATCH", &path, v, &bad)
        .refused(400, "BadRequest");
    assert_eq!(
        bench.get(&format!("{origins}/origins"), v).ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    bench.delete(&path, v).ok(200);
    bench.get(&path, v).refused(404, "ResourceNotFound");
}

#[test]
fn a_profile_has_endpoints_and_groups_and_takes_them_along() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let profile = format!("{group}/providers/Microsoft.Cdn/profiles/fd");
    let (endpoint, origins) = (
        format!("{profile}/afdEndpoints/e"),
        format!("{profile}/originGroups/og"),
    );
    let v = "2024-02-01";
    let standing = json!({ "properties": { "loadBalancingSettings": { "sampleSize": 4 } } });
    bench
        .put(&origins, v, &standing)
        .refused(404, "ParentResourceNotFound");
    let body = json!({ "location": "Global", "tags": { "owner": "test" },
        "sku": { "name": "Standard_AzureFrontDoor" } });
    let made = bench.put(&profile, v, &body).ok(201);
    bench.follow(&made).ok(200);
    let other = json!({ "location": "Global", "sku": { "name": "Premium_AzureFrontDoor" } });
    bench.put(&profile, v, &other).refused(400, "BadRequest");
    let body = json!({ "location": "Global", "properties": { "enabledState": "Disabled" } });
    bench.put(&endpoint, v, &body).ok(201);
    let seen = bench.get(&endpoint, v).ok(200).body;
    assert_eq!(seen["properties"]["enabledState"], "Disabled");
    assert_eq!(seen["properties"]["hostName"], "e-fd.z01.azurefd.net");
    let probed = json!({ "properties": {
        "loadBalancingSettings": { "sampleSize": 4 },
        "healthProbeSettings": { "probePath": "/live", "probeIntervalInSeconds": 30,
            "probeProtocol": "Https", "probeRequestType": "HEAD" } } });
    bench
        .put(&origins, v, &json!({ "properties": {} }))
        .refused(400, "BadRequest");
    bench.put(&origins, v, &probed).ok(201);
    let rarely =
        json!({ "properties": { "healthProbeSettings": { "probeIntervalInSeconds": 256 } } });
    bench
        .call("PATCH", &origins, v, &rarely)
        .refused(400, "BadRequest");
    let often = json!({ "properties": { "healthProbeSettings": { "probeIntervalInSeconds": 5 } } });
    bench.call("PATCH", &origins, v, &often).ok(200);
    let seen = bench.get(&origins, v).ok(200).body;
    let probe = &seen["properties"]["healthProbeSettings"];
    assert_eq!(
        (&probe["probePath"], &probe["probeIntervalInSeconds"]),
        (&json!("/live"), &json!(5))
    );
    let types = "'microsoft.cdn/profiles', 'microsoft.cdn/profiles/afdendpoints'";
    let query = json!({ "query": format!("Resources | where type in~ ({types})") });
    let path = "/providers/Microsoft.ResourceGraph/resources";
    let rows = bench.call("POST", path, "2024-04-01", &query).ok(200);
    assert_eq!(rows.body["count"], 2);
    let route = format!("{endpoint}/routes/all");
    let body =
        json!({ "properties": { "originGroup": { "id": origins }, "patternsToMatch": ["/*"] } });
    bench.put(&route, v, &body).ok(201);
    bench.delete(&origins, v).refused(409, "Conflict");
    bench.delete(&route, v).ok(200);
    let gone = bench.delete(&origins, v).ok(202);
    bench.follow(&gone);
    bench.put(&origins, v, &probed).ok(201);
    let gone = bench.delete(&profile, v).ok(202);
    bench.follow(&gone);
    for one in [&profile, &endpoint, &origins] {
        bench.get(one, v).refused(404, "ResourceNotFound");
    }
}

#[test]
fn endpoints_of_traffic_have_weights_and_stand_in_their_profile() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let v = "2022-04-01";
    let profile = format!("{group}/providers/Microsoft.Network/trafficmanagerprofiles/tm");
    let body =
        json!({ "location": "global", "properties": { "trafficRoutingMethod": "Weighted" } });
    bench.put(&profile, v, &body).ok(201);
    let endpoint = format!("{profile}/externalEndpoints/e");
    let of = |weight: i64| {
        json!({ "properties": {
            "target": "a.example.com", "endpointStatus": "Enabled", "weight": weight } })
    };
    for none in [0, 1001] {
        bench
            .put(&endpoint, v, &of(none))
            .refused(400, "BadRequest");
    }
    bench.put(&endpoint, v, &of(10)).ok(201);
    let change = json!({ "properties": { "weight": 20, "endpointStatus": "Disabled" } });
    bench.call("PATCH", &endpoint, v, &change).ok(200);
    let seen = bench.get(&endpoint, v).ok(200).body;
    assert_eq!(
        (&seen["properties"]["weight"], &seen["properties"]["target"]),
        (&json!(20), &json!("a.example.com"))
    );
    let shown = bench.get(&profile, v).ok(200).body;
    let inside = &shown["properties"]["endpoints"][0]["properties"];
    assert_eq!(inside["endpointStatus"], "Disabled");
    let gone = bench.delete(&endpoint, v).ok(200);
    assert_eq!(gone.body, json!({ "boolean": true }));
    bench.delete(&endpoint, v).ok(204);
    bench.put(&endpoint, v, &of(1)).ok(201);
    bench.delete(&profile, v).ok(200);
    bench.get(&endpoint, v).refused(404, "ResourceNotFound");
}

#[test]
fn a_gateway_is_written_whole_on_its_version() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let v = "2024-01-01";
    let gateway = format!("{group}/providers/Microsoft.Network/applicationGateways/gw");
    let of = |pools: serde_json::Value| {
        json!({ "location": "eastus2", "properties": {
            "enableHttp2": true, "backendAddressPools": pools } })
    };
    let pool = |name: &str, host: &str| json!({ "name": name, "properties": { "backendAddresses": [{ "fqdn": host }] } });
    bench
        .put(&gateway, v, &of(json!([pool("one", "a.example.com")])))
        .ok(201);
    let seen = bench.get(&gateway, v).ok(200).body;
    assert_eq!(seen["properties"]["enableHttp2"], true);
    let first = &seen["properties"]["backendAddressPools"][0];
    assert_eq!(
        first["id"],
        format!("{gateway}/backendAddressPools/one").as_str()
    );
    assert_eq!(
        first["properties"]["backendAddresses"][0]["fqdn"],
        "a.example.com"
    );
    // Two have read this version; the second to write is told.
    let etag = seen["etag"].as_str().expect("a version").to_owned();
    let put = |pools: serde_json::Value| {
        let path = format!("{gateway}?api-version={v}");
        let headers = [
            ("Content-Type", "application/json"),
            ("If-Match", etag.as_str()),
        ];
        let answer = bench.raw("PUT", &path, &headers, &of(pools).to_string());
        answer.expect("an answer")
    };
    let (one, two) = (pool("one", "a.example.com"), pool("two", "10.0.0.4"));
    put(json!([one, two])).ok(200);
    put(json!([one])).refused(412, "PreconditionFailed");
    let show = || {
        let world = bench.sim.show().expect("a world");
        let pools = world.resources.into_iter();
        let pools = pools.filter(|it| it.address.kind().word() == "gateway_pool");
        pools
            .map(|it| it.address.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(show(), ["one", "two"]);
    let query =
        json!({ "query": "Resources | where type =~ 'microsoft.network/applicationgateways'" });
    let path = "/providers/Microsoft.ResourceGraph/resources";
    let rows = bench.call("POST", path, "2024-04-01", &query).ok(200).body;
    let pools = rows["data"][0]["properties"]["backendAddressPools"].as_array();
    assert_eq!(pools.map(Vec::len), Some(2));
    let mut routed = of(json!([one]));
    routed["properties"]["requestRoutingRules"] = json!([{ "name": "rule", "properties": {
        "backendAddressPool": { "id": format!("{gateway}/backendAddressPools/two") } } }]);
    bench
        .put(&gateway, v, &routed)
        .refused(400, "InvalidResourceReference");
    assert_eq!(show(), ["one", "two"]);
    bench.put(&gateway, v, &of(json!([two]))).ok(200);
    assert_eq!(show(), ["two"]);
    bench.delete(&gateway, v).ok(200);
    assert_eq!(show(), Vec::<String>::new());
    bench.get(&gateway, v).refused(404, "ResourceNotFound");
}

#[test]
fn an_alert_goes_round() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Insights/metricAlerts/alert");
    let body = json!({ "location": "global", "tags": { "hidden-stampctl-target": "rg" }, "properties": {
        "severity": 1, "enabled": true, "scopes": [group], "evaluationFrequency": "PT1M", "windowSize": "PT5M",
        "criteria": { "odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria", "allOf": [] } } });
    bench.put(&path, "2018-03-01", &body).ok(200);
    let off = json!({ "properties": { "enabled": false } });
    bench.call("PATCH", &path, "2018-03-01", &off).ok(200);
    let seen = bench.get(&path, "2018-03-01").ok(200).body;
    assert_eq!(
        (
            &seen["properties"]["enabled"],
            &seen["properties"]["severity"]
        ),
        (&json!(false), &json!(1))
    );
    bench.delete(&path, "2018-03-01").ok(200);
}

#[test]
fn the_api_gateway_wants_versions() {
    let bench = Bench::new("");
    let v = "2022-08-01";
    let group = bench.group(A, "rg");
    let service = format!("{group}/providers/Microsoft.ApiManagement/service/apim");
    let user = format!("{service}/users/u");
    bench.put(&user, v, &json!({ "properties": { "email": "u@example.com", "firstName": "u", "lastName": "tenant" } })).ok(201);
    let one = format!("{service}/subscriptions/s");
    let body = json!({ "properties": { "ownerId": "/users/u", "scope": "/products/gold", "displayName": "s" } });
    bench.put(&one, v, &body).ok(201);
    let seen = bench.get(&one, v).ok(200);
    assert!(
        seen.body["properties"]["scope"]
            .as_str()
            .is_some_and(|scope| scope.ends_with("/products/gold"))
    );
    let policy = format!("{service}/policyFragments/s");
    bench
        .put(
            &policy,
            v,
            &json!({ "properties": { "format": "rawxml", "value": "<fragment/>" } }),
        )
        .ok(201);
    assert_eq!(
        bench.get(&policy, v).ok(200).body["properties"]["value"],
        "<fragment/>"
    );
    bench.delete(&one, v).refused(400, "MissingIfMatchHeader");
    let delete = |path: &str, etag: &str| {
        let path = format!("{path}?api-version={v}");
        bench
            .raw("DELETE", &path, &[("If-Match", etag)], "")
            .expect("an answer")
    };
    delete(&user, "*").ok(409);
    delete(&one, "\"old\"").refused(412, "PreconditionFailed");
    delete(&one, "*").ok(200);
    delete(&user, "*").ok(200);
    delete(&user, "*").ok(204);
}

#[test]
fn a_product_stays_while_somebody_is_subscribed_to_it() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let v = "2022-08-01";
    let service = format!("{group}/providers/Microsoft.ApiManagement/service/apim");
    let product = format!("{service}/products/basic");
    let body = json!({ "properties": { "state": "published" } });
    bench
        .put(&product, v, &body)
        .refused(400, "ValidationError");
    let body = json!({ "properties": { "displayName": "Basic", "description": "for all",
        "state": "published", "approvalRequired": true, "subscriptionRequired": true } });
    bench.put(&product, v, &body).ok(201);
    bench.put(&product, v, &body).ok(200);
    let seen = bench.get(&product, v).ok(200).body;
    let inner = &seen["properties"];
    assert_eq!(
        (&inner["approvalRequired"], &inner["description"]),
        (&json!(true), &json!("for all"))
    );
    let body = json!({ "properties": {
        "email": "a@b.example", "firstName": "a", "lastName": "b" } });
    bench.put(&format!("{service}/users/u"), v, &body).ok(201);
    let body = json!({ "properties": {
        "ownerId": "/users/u", "scope": "/products/basic", "displayName": "s" } });
    let subscription = format!("{service}/subscriptions/s");
    bench.put(&subscription, v, &body).ok(201);
    let delete = |path: &str| {
        let path = format!("{path}?api-version={v}");
        let answer = bench.raw("DELETE", &path, &[("If-Match", "*")], "");
        answer.expect("an answer")
    };
    bench
        .delete(&product, v)
        .refused(400, "MissingIfMatchHeader");
    delete(&product).refused(400, "ValidationError");
    delete(&subscription).ok(200);
    delete(&product).ok(200);
    delete(&product).ok(204);
}

#[test]
fn a_container_of_a_registry_is_made_and_takes_its_items_along() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let v = "2024-05-15";
    let account = format!("{group}/providers/Microsoft.DocumentDB/databaseAccounts/acct");
    let body = json!({ "location": "eastus2", "properties": {
        "databaseAccountOfferType": "Standard", "locations": [{ "locationName": "eastus2" }] } });
    let made = bench.put(&account, v, &body).ok(200);
    assert!(made.header("azure-asyncoperation").is_some());
    let database = format!("{account}/sqlDatabases/stampctl");
    let body = json!({ "properties": { "resource": { "id": "stampctl" }, "options": {} } });
    let made = bench.put(&database, v, &body).ok(202);
    bench.follow(&made).ok(200);
    let container = format!("{database}/containers/registry");
    let of = |key: &str| {
        json!({ "properties": { "options": {}, "resource": { "id": "registry",
            "partitionKey": { "paths": [key], "kind": "Hash" } } } })
    };
    let made = bench.put(&container, v, &of("/collection")).ok(202);
    bench.follow(&made).ok(200);
    let seen = bench.get(&container, v).ok(200).body;
    let key = &seen["properties"]["resource"]["partitionKey"]["paths"];
    assert_eq!(*key, json!(["/collection"]));
    bench
        .put(&container, v, &of("/other"))
        .refused(400, "BadRequest");
    let headers = [
        ("x-ms-documentdb-partitionkey", "[\"notes\"]"),
        ("Content-Type", "application/json"),
    ];
    let docs = "/cosmos/acct/dbs/stampctl/colls/registry/docs";
    let item = json!({ "id": "one", "collection": "notes", "settings": { "n": 1 } });
    let made = bench.raw("POST", docs, &headers, &item.to_string());
    made.expect("an answer").ok(201);
    let gone = bench.delete(&container, v).ok(202);
    bench.follow(&gone);
    bench.get(&container, v).refused(404, "ResourceNotFound");
    let read = bench.raw("GET", &format!("{docs}/one"), &headers, "");
    assert_eq!(read.expect("an answer").status, 404);
    bench.put(&container, v, &of("/collection")).ok(202);
    bench.delete(&account, v).ok(202);
    bench.get(&container, v).refused(404, "ResourceNotFound");
}
