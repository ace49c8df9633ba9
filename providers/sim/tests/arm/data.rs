//! SQL, storage, blobs, the registry, logs, Resource Graph, metrics.

use serde_json::Value as Json;
use serde_json::json;

use crate::bench::A;
use crate::bench::B;
use crate::bench::Bench;
use crate::bench::V;

const SQL: &str = "2021-11-01";
const STORAGE: &str = "2023-05-01";

fn server(bench: &Bench, group: &str, name: &str) -> String {
    let path = format!("{group}/providers/Microsoft.Sql/servers/{name}");
    let body = json!({ "location": "eastus2", "properties": {
        "administratorLogin": "admin", "administratorLoginPassword": "not a secret" } });
    let done = bench.put(&path, SQL, &body).ok(201);
    assert!(!done.text.contains("not a secret"));
    path
}

fn database(tenant: &str) -> Json {
    json!({
        "location": "eastus2",
        "sku": { "name": "S3" },
        "tags": { "hidden-stampctl-tenant": tenant },
        "properties": { "createMode": "Default" },
    })
}

#[test]
fn a_database_goes_round_and_is_copied() {
    let bench = Bench::new("latency: { sql_database: 45, copy: 300 }");
    let group = bench.group(A, "rg");
    let one = format!("{}/databases/db", server(&bench, &group, "sql-a"));
    let other = format!("{}/databases/db", server(&bench, &group, "sql-b"));
    let first = bench.put(&one, SQL, &database("contoso")).ok(201);
    assert_eq!(first.header("retry-after"), Some("15"));
    bench.follow(&first).ok(200);
    let seen = bench.get(&one, SQL).ok(200).body;
    assert_eq!(seen["properties"]["currentServiceObjectiveName"], "S3");
    assert_eq!(seen["tags"]["hidden-stampctl-tenant"], "contoso");
    let mut copy = database("contoso");
    copy["properties"] = json!({ "createMode": "Copy", "sourceDatabaseId": one });
    let first = bench.put(&other, SQL, &copy).ok(201);
    let end = bench.follow(&first);
    assert_eq!(end.body["status"], "Succeeded", "{}", end.text);
    let digests: Vec<_> = bench
        .sim
        .show()
        .expect("a world")
        .resources
        .iter()
        .filter(|one| one.address.name() == "db")
        .map(|one| {
            (
                one.text("tenant").map(str::to_owned),
                one.text("digest").map(str::to_owned),
            )
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
    let all = one.trim_end_matches("/db");
    assert_eq!(
        bench.get(all, SQL).ok(200).body["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let change = json!({ "sku": { "name": "S4" } });
    let first = bench.call("PATCH", &one, SQL, &change).ok(202);
    bench.follow(&first);
    assert_eq!(bench.get(&one, SQL).ok(200).body["sku"]["name"], "S4");
    bench.follow(&bench.delete(&one, SQL).ok(202));
    bench.delete(&one, SQL).ok(204);
    let lost = format!("{group}/providers/Microsoft.Sql/servers/none/databases/db");
    bench
        .put(&lost, SQL, &database("x"))
        .refused(404, "ParentResourceNotFound");
}

#[test]
fn an_elastic_pool_holds_databases() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let path = format!("{}/elasticPools/pool", server(&bench, &group, "sql-a"));
    let body = json!({ "location": "eastus2", "sku": { "name": "StandardPool", "capacity": 100 },
        "properties": { "perDatabaseSettings": { "maxCapacity": 50.0 } } });
    bench.put(&path, SQL, &body).ok(201);
    let seen = bench.get(&path, SQL).ok(200).body;
    assert_eq!(
        seen["properties"]["perDatabaseSettings"]["maxCapacity"],
        50.0
    );
    let more = json!({ "sku": { "name": "StandardPool", "capacity": 200 } });
    bench.call("PATCH", &path, SQL, &more).ok(202);
    let seen = bench.get(&path, SQL).ok(200).body;
    assert_eq!(seen["sku"]["capacity"], 200);
    let inside = path.replace("/elasticPools/pool", "/databases/db");
    let in_pool = |name: &str| {
        let id = path.replace("/pool", name);
        json!({ "location": "eastus2", "properties": { "elasticPoolId": id } })
    };
    bench
        .put(&inside, SQL, &in_pool("/none"))
        .refused(400, "TargetElasticPoolDoesNotExist");
    bench.put(&inside, SQL, &in_pool("/pool")).ok(201);
    bench.delete(&path, SQL).refused(400, "ElasticPoolNotEmpty");
    let alone = json!({ "sku": { "name": "S3" } });
    bench.call("PATCH", &inside, SQL, &alone).ok(202);
    let seen = bench.get(&inside, SQL).ok(200).body;
    assert_eq!(seen["properties"].get("elasticPoolId"), None);
    assert_eq!(seen["sku"]["name"], "S3");
    bench.call("PATCH", &inside, SQL, &in_pool("/pool")).ok(202);
    bench.delete(&path, SQL).refused(400, "ElasticPoolNotEmpty");
    bench.delete(&inside, SQL).ok(202);
    let query =
        json!({ "query": "Resources | where type =~ 'microsoft.sql/servers/elasticpools'" });
    let rows = bench.call(
        "POST",
        "/providers/Microsoft.ResourceGraph/resources",
        "2024-04-01",
        &query,
    );
    assert_eq!(rows.ok(200).body["data"][0]["name"], "pool");
    let gone = bench.delete(&path, SQL).ok(202);
    bench.follow(&gone);
    bench.get(&path, SQL).refused(404, "ResourceNotFound");
    bench
        .put(
            &path,
            SQL,
            &json!({ "location": "eastus2", "properties": {} }),
        )
        .refused(400, "ElasticPoolSkuCombinationInvalid");
}

#[test]
fn containers_and_their_blobs() {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let account =
        |name: &str| format!("{group}/providers/Microsoft.Storage/storageAccounts/{name}");
    let body =
        json!({ "location": "eastus2", "kind": "StorageV2", "sku": { "name": "Standard_ZRS" } });
    for name in ["staa", "stbb"] {
        let first = bench.put(&account(name), STORAGE, &body).ok(202);
        assert_eq!(first.header("retry-after"), None, "it is done");
        let path = format!("{}/blobServices/default/containers/c", account(name));
        let body = json!({ "properties": { "publicAccess": "None", "metadata": { "tenant": "contoso" } } });
        bench.put(&path, STORAGE, &body).ok(201);
        let seen = bench.get(&path, STORAGE).ok(200).body;
        assert_eq!(seen["properties"]["metadata"]["tenant"], "contoso");
    }
    bench
        .put(&account("Not-A-Name"), STORAGE, &body)
        .refused(400, "AccountNameInvalid");
    let version = ("x-ms-version", "2023-11-03");
    let list = |name: &str| {
        let path = format!("/blob/{name}/c?restype=container&comp=list");
        bench
            .raw("GET", &path, &[version], "")
            .expect("an answer")
            .ok(200)
            .text
    };
    assert!(!list("staa").contains("<Blob>"), "no records yet");
    let headers = [
        version,
        ("x-ms-copy-source", "http://127.0.0.1/blob/staa/c/content"),
    ];
    bench
        .raw("PUT", "/blob/stbb/c/content", &headers, "")
        .expect("an answer")
        .ok(201);
    assert_eq!(list("staa"), list("stbb"));
    bench.delete(&account("staa"), STORAGE).ok(200);
    bench.delete(&account("staa"), STORAGE).ok(204);
}

#[test]
fn the_registry_keeps_versions_and_pages() {
    let bench = Bench::new("");
    let docs = "/cosmos/reg/dbs/stampctl/colls/registry/docs";
    let key = ("x-ms-documentdb-partitionkey", "[\"tenants\"]");
    let body = |id: &str, n: i64| {
        json!({ "id": id, "collection": "tenants", "settings": { "n": n } }).to_string()
    };
    let put = |method: &str, path: &str, header: (&str, &str), text: &str| {
        bench
            .raw(method, path, &[key, header], text)
            .expect("an answer")
    };
    let none = ("x-none", "");
    let first = put("POST", docs, none, &body("a", 1)).ok(201);
    let etag = first.body["_etag"].as_str().expect("a version").to_owned();
    put("POST", docs, none, &body("a", 2)).ok(409);
    put(
        "POST",
        docs,
        ("x-ms-documentdb-is-upsert", "true"),
        &body("a", 2),
    )
    .ok(200);
    let one = format!("{docs}/a");
    put("PUT", &one, ("If-Match", &etag), &body("a", 3)).refused(412, "PreconditionFailed");
    put("POST", docs, none, &body("b", 2)).ok(201);
    put("GET", &one, none, "").ok(200);
    put("GET", &format!("{docs}/none"), none, "").ok(404);
    let query = |sql: &str, parameters: Json, from: &str| {
        let headers = [
            ("x-ms-documentdb-isquery", "true"),
            ("x-ms-max-item-count", "1"),
            ("x-ms-continuation", from),
        ];
        let body = json!({ "query": sql, "parameters": parameters }).to_string();
        bench.raw("POST", docs, &headers, &body).expect("an answer")
    };
    let page = query("SELECT * FROM c", json!([]), "").ok(200);
    let next = page
        .header("x-ms-continuation")
        .expect("a next page")
        .to_owned();
    let page = query("SELECT * FROM c", json!([]), &next).ok(200);
    assert_eq!(page.body["Documents"][0]["id"], "b");
    assert_eq!(page.header("x-ms-continuation"), None);
    let sql = "SELECT * FROM c WHERE c.collection = @collection AND c.settings[\"n\"] = @value";
    let parameters = json!([
        { "name": "@collection", "value": "tenants" },
        { "name": "@value", "value": 2 },
    ]);
    let found = query(sql, parameters, "").ok(200);
    assert_eq!(found.body["Documents"][0]["settings"]["n"], 2);
    query("SELECT TOP 1 * FROM c", json!([]), "").ok(400);
    put("DELETE", &one, none, "").ok(204);
    put("DELETE", &one, none, "").ok(404);
}

const STAMP: &str = r#"fleet: contoso
reservations:
  - { name: crg, subscription: sub-a, resource_group: rg-c, region: eastus2, zones: ["1"], sku: Standard_D4s_v5 }
stamps:
  - id: one
    subscription: sub-a
    region: eastus2
    zones: ["1"]
    sku: Standard_D4s_v5
    instances: 2
    quota_group: qg
    reservation: crg
    metrics: { cpu: 42.5, memory: 30, storage: 20, dtu: 10 }
"#;

#[test]
fn what_is_measured_comes_as_rows() {
    let bench = Bench::new(STAMP);
    let ask = |query: &str| {
        let body = json!({ "query": query, "timespan": "P8D" });
        let path = "/logs/v1/workspaces/w/query";
        bench
            .raw("POST", path, &[], &body.to_string())
            .expect("an answer")
    };
    let one = ask("StampctlMeasures | where Kind == 'stamp_metrics' and Path == '11111111-1111-4111-8111-111111111111/rg-stamp-one' | project Kind, Path, Settings").ok(200);
    let row = &one.body["tables"][0]["rows"][0];
    let settings: Json = serde_json::from_str(row[2].as_str().expect("JSON")).expect("JSON");
    assert_eq!(settings["cpu"], 4250);
    let all = ask("StampctlMeasures | project Kind, Path, Settings").ok(200);
    assert!(
        all.body["tables"][0]["rows"]
            .as_array()
            .is_some_and(|rows| rows.len() > 2)
    );
    ask("Heartbeat | take 1").refused(400, "BadArgumentError");
    let group = format!("/subscriptions/{A}/resourceGroups/rg-stamp-one");
    let vmss =
        format!("{group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-stamp-one-zone1");
    let metrics = format!(
        "{vmss}/providers/Microsoft.Insights/metrics?metricnames=Percentage%20CPU&timespan=PT1H"
    );
    let seen = bench.get(&metrics, "2024-02-01").ok(200).body;
    assert_eq!(
        seen["value"][0]["timeseries"][0]["data"][0]["average"],
        42.5
    );
}

#[test]
fn the_graph_finds_all_by_pages_and_lags() {
    let bench = Bench::new(&format!("{STAMP}switches: {{ observe_lag_seconds: 60 }}"));
    let ask = |query: &str, top: u64, token: Option<&str>| {
        let mut options = json!({ "$top": top, "resultFormat": "objectArray" });
        if let Some(token) = token {
            options["$skipToken"] = token.into();
        }
        let body = json!({ "subscriptions": [A, B], "query": query, "options": options });
        let path = "/providers/Microsoft.ResourceGraph/resources";
        bench.call("POST", path, "2024-04-01", &body)
    };
    let query = "Resources | where type in~ ('microsoft.compute/virtualmachinescalesets', 'microsoft.sql/servers', 'microsoft.compute/capacityreservationgroups/capacityreservations') | project id, name, type, properties | order by id asc";
    let mut token = None;
    let mut names = Vec::new();
    loop {
        let page = ask(query, 2, token.as_deref()).ok(200).body;
        let rows = page["data"].as_array().expect("rows");
        names.extend(
            rows.iter()
                .map(|row| row["name"].as_str().expect("a name").to_owned()),
        );
        assert!(rows.iter().all(|row| row.get("tags").is_none()));
        match page["$skipToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(
        names,
        ["crg-zone1", "vmss-stamp-one-zone1", "sql-stamp-one"]
    );
    let machines = "ComputeResources | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines' | summarize count = count() by set, power";
    let page = ask(machines, 1000, None).ok(200).body;
    assert_eq!(
        (&page["data"][0]["count"], &page["data"][0]["power"]),
        (&json!(2), &json!("PowerState/running"))
    );
    bench.group(A, "rg-new");
    let groups = "ResourceContainers | where type in~ ('microsoft.resources/subscriptions/resourcegroups') | project id, name";
    let sees = || ask(groups, 1000, None).ok(200).text.contains("rg-new");
    assert!(!sees(), "it is a minute behind");
    bench.sim.advance(61).expect("time passes");
    assert!(sees());
    let listed = bench
        .get(&format!("/subscriptions/{A}/resources"), V)
        .ok(200)
        .text;
    assert!(listed.contains("sql-stamp-one"));
}
