//! Every kind is put, read back, changed and deleted over the wire, and every request that goes
//! out is valid by Microsoft's schemas.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test"
)]

mod support;

use std::sync::Arc;

use serde_json::json;
use stampctl_azure::Azure;
use stampctl_azure::Vault;
use stampctl_azure::actions;
use stampctl_azure::wire::Request;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;
use support::GUID;
use support::Keeper;
use support::azure;
use support::places;
use support::schemas::Figures;
use support::schemas::Judge;

fn at(kind: Kind, parts: &[&str]) -> Address {
    Address::new(kind, parts).unwrap()
}

fn settings(json: serde_json::Value) -> Settings {
    serde_json::from_value(json).unwrap()
}

fn operation(address: &Address, verb: Verb) -> Operation {
    Operation {
        address: address.clone(),
        verb,
        precondition: Precondition::Any,
    }
}

async fn done(azure: &Azure, operation: &Operation) -> Result<Option<Resource>, Fault> {
    let mut outcome = azure.perform(operation, "key").await?;
    for _ in 0..50 {
        match outcome {
            Outcome::Done(resource) => return Ok(resource),
            Outcome::Accepted(ticket) => outcome = azure.poll(&ticket).await?,
        }
    }
    panic!("{} does not end", operation.address);
}

async fn put(azure: &Azure, address: &Address, wanted: &Settings) -> Resource {
    let verb = Verb::Put {
        settings: wanted.clone(),
    };
    let put = done(azure, &operation(address, verb)).await;
    put.unwrap_or_else(|fault| panic!("{address}: {fault}"))
        .unwrap()
}

fn tags() -> serde_json::Value {
    json!({"StampId": "a", "stampctl-fleet": "f"})
}

fn crg() -> (Address, Settings) {
    let wanted = json!({"region": "eastus2", "zones": ["1", "2"], "sku": "Standard_D8s_v5",
        "family": "standardDSv5Family", "vcpus": 8, "instances": 5, "tags": tags()});
    (
        at(Kind::CapacityReservation, &["shared", "rg-a", "crg-a"]),
        settings(wanted),
    )
}

/// What each kind is put as and must be read back as.
fn cases() -> Vec<(Address, Settings)> {
    let within = |kind, rest: &[&str]| {
        let mut parts = vec!["shared", "rg-a"];
        parts.extend(rest);
        at(kind, &parts)
    };
    let region = json!({"region": "eastus2", "tags": tags()});
    let policy = "<policies><inbound><base/><rate-limit calls=\"1\" renewal-period=\"300\"/>\
        </inbound><backend><base/></backend><outbound><base/></outbound>\
        <on-error><base/></on-error></policies>";
    let plain = [
        (within(Kind::ResourceGroup, &[]), region.clone()),
        (within(Kind::SqlServer, &["sql-a"]), region),
        (
            within(Kind::SqlDatabase, &["sql-a", "db-ann"]),
            json!({"sku": "S3", "tenant": "ann", "tags": tags()}),
        ),
        (
            within(Kind::Cluster, &["aks"]),
            json!({"region": "eastus2", "tags": tags()}),
        ),
        (
            within(Kind::ElasticPool, &["sql-a", "p1"]),
            json!({"sku": "StandardPool", "capacity": 100, "tags": tags()}),
        ),
        (
            within(Kind::SqlDatabase, &["sql-a", "db-pooled"]),
            json!({"sku": "pool:p1", "tenant": "bob", "tags": {}}),
        ),
        (
            within(Kind::StorageAccount, &["sta"]),
            json!({"region": "eastus2", "sku": "Standard_ZRS", "tags": tags()}),
        ),
        (
            within(Kind::BlobContainer, &["sta", "tenant-ann"]),
            json!({"tenant": "ann"}),
        ),
        (
            within(Kind::IngressProfile, &["afd"]),
            json!({"sku": "Standard_AzureFrontDoor", "tags": tags()}),
        ),
        (
            within(Kind::IngressEndpoint, &["afd", "app"]),
            json!({"enabled": true, "tags": tags()}),
        ),
        (
            within(Kind::OriginGroup, &["afd", "og"]),
            json!({"probe": "/healthz", "interval": 30}),
        ),
        (
            within(Kind::OriginGroup, &["afd", "og-unasked"]),
            json!({"probe": ""}),
        ),
        (
            within(Kind::Origin, &["afd", "og", "origin-a"]),
            json!({"host": "a.example.com", "weight": 500, "enabled": true}),
        ),
        (
            within(Kind::Origin, &["afd", "og", "origin-b"]),
            json!({"host": "b.example.com", "weight": 0, "enabled": true}),
        ),
        (
            within(Kind::Origin, &["afd", "og", "origin-c"]),
            json!({"host": "c.example.com", "weight": 7, "enabled": false}),
        ),
        (
            within(Kind::TrafficEndpoint, &["tm", "stamp-a"]),
            json!({"host": "a.example.com", "weight": 10, "enabled": true}),
        ),
        (
            within(Kind::TrafficEndpoint, &["tm", "stamp-b"]),
            json!({"host": "b.example.com", "weight": 1000, "enabled": false}),
        ),
        (
            within(Kind::GatewayPool, &["agw", "stamp-a"]),
            json!({"members": ["a.example.com", "10.0.0.4"]}),
        ),
        (
            within(Kind::GatewayPool, &["agw", "stamp-b"]),
            json!({"members": []}),
        ),
        (
            within(Kind::Alert, &["alert-a"]),
            json!({"enabled": true, "target": "a-001", "tags": tags()}),
        ),
        (
            within(Kind::Lock, &["lock-a"]),
            json!({"level": "CanNotDelete"}),
        ),
        (
            within(Kind::ApiProduct, &["apim", "basic"]),
            json!({"title": "Basic", "state": "published", "approval": false}),
        ),
        (
            within(Kind::RegistryContainer, &["acct", "stampctl", "registry"]),
            json!({"partition_key": "/collection"}),
        ),
        (
            within(Kind::ApiUser, &["apim", "ann-admin"]),
            json!({"email": "a@b.example", "state": "active"}),
        ),
        (
            within(Kind::ApiSubscription, &["apim", "ann-subscription"]),
            json!({"product": "basic", "user": "ann-admin", "state": "active"}),
        ),
        (
            within(Kind::ApiPolicy, &["apim", "ann-subscription"]),
            json!({"xml": policy}),
        ),
    ];
    let mut cases: Vec<(Address, Settings)> = plain
        .into_iter()
        .map(|(address, json)| (address, settings(json)))
        .collect();
    cases.push(crg());
    for (name, instances, reservation) in [
        ("vmss-a", 4, crg().0.to_string()),
        ("vmss-b", 0, String::new()),
    ] {
        let wanted = json!({"region": "eastus2", "zone": "1", "sku": "Standard_D8s_v5",
            "family": "standardDSv5Family", "vcpus": 8, "instances": instances,
            "power": "deallocated", "reservation": reservation, "tags": tags()});
        cases.push((within(Kind::ScaleSet, &[name]), settings(wanted)));
    }
    for (name, instances, power, zones, reservation) in [
        ("one", 2, "running", json!(["1", "2"]), String::new()),
        ("two", 4, "deallocated", json!(["1"]), crg().0.to_string()),
        ("none", 0, "deallocated", json!([]), String::new()),
    ] {
        let wanted = json!({"region": "eastus2", "zones": zones, "sku": "Standard_D8s_v5",
            "family": "standardDSv5Family", "vcpus": 8, "instances": instances,
            "power": power, "reservation": reservation, "tags": tags()});
        cases.push((within(Kind::NodePool, &["aks", name]), settings(wanted)));
    }
    cases
}

fn read_back(resource: &Resource, wanted: &Settings) {
    for (name, value) in wanted {
        assert_eq!(
            resource.get(name),
            Some(value),
            "{} `{name}`",
            resource.address
        );
    }
}

#[tokio::test]
async fn what_is_put_is_read_back_and_put_again_and_gone_after_a_delete() {
    let (azure, keeper) = azure(places());
    keep_gateway(&keeper);
    for (address, wanted) in cases() {
        read_back(&put(&azure, &address, &wanted).await, &wanted);
        read_back(&azure.read(&address).await.unwrap().unwrap(), &wanted);
        let first = azure.read(&address).await.unwrap();
        put(&azure, &address, &wanted).await;
        assert_eq!(
            azure.read(&address).await.unwrap(),
            first,
            "{address} twice"
        );
    }
    let query = Query {
        kind: Some(Kind::ResourceGroup),
        beneath: "shared".to_owned(),
        equals: None,
    };
    assert_eq!(azure.list(&query).await.unwrap().len(), 1);
    for (address, _) in cases().into_iter().rev() {
        for _ in 0..2 {
            let gone = done(&azure, &operation(&address, Verb::Delete)).await;
            assert_eq!(gone.unwrap(), None, "{address}");
        }
        assert_eq!(azure.read(&address).await.unwrap(), None, "{address}");
    }
    judged(&keeper, "resources");
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (azure, keeper) = azure(places());
    let patch = |address: &Address, change: serde_json::Value| {
        let verb = Verb::Patch {
            settings: settings(change),
        };
        operation(address, verb)
    };
    keep_gateway(&keeper);
    for (address, wanted) in cases() {
        put(&azure, &address, &wanted).await;
    }
    let set = at(Kind::ScaleSet, &["shared", "rg-a", "vmss-a"]);
    for change in [
        json!({"power": "running"}),
        json!({"instances": 0}),
        json!({"reservation": ""}),
    ] {
        let seen = done(&azure, &patch(&set, change.clone()))
            .await
            .unwrap()
            .unwrap();
        read_back(&seen, &settings(change));
    }
    let pool = at(Kind::NodePool, &["shared", "rg-a", "aks", "two"]);
    for change in [
        json!({"instances": 3}),
        json!({"power": "running"}),
        json!({"power": "deallocated", "tags": {}}),
        json!({"instances": 0}),
    ] {
        let seen = done(&azure, &patch(&pool, change.clone())).await;
        read_back(&seen.unwrap().unwrap(), &settings(change));
    }
    for fixed in [
        json!({"sku": "Standard_D16s_v5"}),
        json!({"zones": ["3"]}),
        json!({"reservation": ""}),
    ] {
        let fault = done(&azure, &patch(&pool, fixed)).await.unwrap_err();
        assert_eq!(fault.code, "PropertyChangeNotAllowed");
    }
    let cluster = at(Kind::Cluster, &["shared", "rg-a", "aks"]);
    done(&azure, &patch(&cluster, json!({"tags": {"x": "y"}})))
        .await
        .unwrap();
    let origin = at(Kind::Origin, &["shared", "rg-a", "afd", "og", "origin-a"]);
    let off = done(&azure, &patch(&origin, json!({"enabled": false}))).await;
    let off = off.unwrap().unwrap();
    assert_eq!(
        (off.truth("enabled"), off.int("weight")),
        (Some(false), Some(500))
    );
    let none = at(Kind::Alert, &["shared", "rg-a", "none"]);
    let fault = done(&azure, &patch(&none, json!({"enabled": false})))
        .await
        .unwrap_err();
    assert_eq!(fault.class, FaultClass::Permanent);
    judged(&keeper, "patches");
}

/// A gateway as the service shows it, with rules that point at its parts.
fn keep_gateway(keeper: &Keeper) {
    keeper.keep(
        GATEWAY,
        json!({"location": "eastus2", "etag": "W/\"7\"", "zones": ["1"], "properties": {
            "provisioningState": "Succeeded", "operationalState": "Running",
            "resourceGuid": "g", "sku": {"name": "Standard_v2", "tier": "Standard_v2"},
            "backendAddressPools": [{"name": "standing", "id": format!("{GATEWAY}/backendAddressPools/standing"),
                "etag": "W/\"7\"", "type": "Microsoft.Network/applicationGateways/backendAddressPools",
                "properties": {"provisioningState": "Succeeded",
                    "backendAddresses": [{"ipAddress": "10.0.0.9"}]}}],
            "requestRoutingRules": [{"name": "rule", "etag": "W/\"7\"", "properties": {
                "provisioningState": "Succeeded", "ruleType": "Basic", "priority": 1,
                "backendAddressPool": {"id": format!("{GATEWAY}/backendAddressPools/standing")}}}],
        }}),
    );
}

const GATEWAY: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-a/providers/Microsoft.Network/applicationGateways/agw";

#[tokio::test]
async fn a_pool_is_written_into_its_gateway_on_the_gateways_version() {
    let (azure, keeper) = azure(places());
    let pool = at(Kind::GatewayPool, &["shared", "rg-a", "agw", "stamp-a"]);
    let members = settings(json!({"members": ["a.example.com", "10.0.0.4"]}));
    let verb = Verb::Put {
        settings: members.clone(),
    };
    let fault = done(&azure, &operation(&pool, verb)).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.code.as_str()),
        (FaultClass::Permanent, "ParentResourceNotFound")
    );
    keep_gateway(&keeper);
    put(&azure, &pool, &members).await;
    let asked = keeper.asked.lock().unwrap().clone();
    let written = asked.iter().rfind(|it| it.method.word() == "PUT").unwrap();
    let condition = written.headers.iter().find(|(name, _)| *name == "if-match");
    assert_eq!(condition.map(|(_, value)| value.as_str()), Some("W/\"7\""));
    let gateway = keeper.at(GATEWAY).unwrap();
    let inner = &gateway["properties"];
    assert_eq!(
        inner["backendAddressPools"][0]["properties"]["backendAddresses"],
        json!([{"ipAddress": "10.0.0.9"}]),
        "another pool is left as it is"
    );
    assert_eq!(
        inner["backendAddressPools"][1]["properties"]["backendAddresses"],
        json!([{"fqdn": "a.example.com"}, {"ipAddress": "10.0.0.4"}])
    );
    assert_eq!(inner["requestRoutingRules"][0]["name"], "rule");
    assert_eq!(inner["sku"]["name"], "Standard_v2");
    let gone = done(&azure, &operation(&pool, Verb::Delete)).await;
    assert_eq!(gone.unwrap(), None);
    let gateway = keeper.at(GATEWAY).unwrap();
    let pools = gateway["properties"]["backendAddressPools"].as_array();
    assert_eq!(pools.map(Vec::len), Some(1));
    judged(&keeper, "pools of a gateway");
}

#[tokio::test]
async fn a_reservation_is_split_over_zones_and_keeps_what_is_used() {
    let (azure, keeper) = azure(places());
    let (address, mut wanted) = crg();
    put(&azure, &address, &wanted).await;
    let id = format!(
        "/subscriptions/{GUID}/resourceGroups/rg-a/providers/Microsoft.Compute/capacityReservationGroups/crg-a"
    );
    let capacity = |zone: &str| {
        let at = format!("{id}/capacityReservations/crg-a-zone{zone}");
        keeper.at(&at).map(|it| it["sku"]["capacity"].clone())
    };
    assert_eq!(
        (capacity("1"), capacity("2")),
        (Some(json!(3)), Some(json!(2)))
    );
    wanted.insert("zones".to_owned(), Value::List(vec!["1".into()]));
    put(&azure, &address, &wanted).await;
    assert_eq!((capacity("1"), capacity("2")), (Some(json!(5)), None));
    let mut group = keeper.at(&id).unwrap();
    group["properties"] = json!({"virtualMachinesAssociated": [{"id": "a"}, {"id": "b"}]});
    keeper.keep(&id, group);
    assert_eq!(
        azure.read(&address).await.unwrap().unwrap().int("attached"),
        Some(2)
    );
    wanted.insert("instances".to_owned(), 1_i64.into());
    let less = operation(&address, Verb::Put { settings: wanted });
    for refused in [less, operation(&address, Verb::Delete)] {
        let fault = done(&azure, &refused).await.unwrap_err();
        assert_eq!(
            (fault.class, fault.ambiguous),
            (FaultClass::Conflict, false)
        );
    }
    judged(&keeper, "reservations");
}

#[tokio::test]
async fn registry_items_have_versions() {
    let (azure, _) = azure(places());
    let item = at(Kind::RegistryItem, &["tenants", "stamps", "a~b#c?"]);
    let write = |n: i64, precondition: Precondition| Operation {
        address: item.clone(),
        verb: Verb::Put {
            settings: settings(json!({"n": n, "list": ["x"], "map": {"k": true}})),
        },
        precondition,
    };
    let first = done(&azure, &write(1, Precondition::Absent))
        .await
        .unwrap()
        .unwrap();
    let again = done(&azure, &write(1, Precondition::Absent))
        .await
        .unwrap_err();
    assert_eq!(again.class, FaultClass::Conflict);
    let second = done(&azure, &write(2, Precondition::Any))
        .await
        .unwrap()
        .unwrap();
    assert_ne!(first.etag, second.etag);
    assert_eq!(azure.read(&item).await.unwrap(), Some(second.clone()));
    let late = write(3, Precondition::Version(first.etag.unwrap()));
    assert_eq!(
        done(&azure, &late).await.unwrap_err().class,
        FaultClass::Conflict
    );
    let timely = write(3, Precondition::Version(second.etag.unwrap()));
    done(&azure, &timely).await.unwrap();
    let patch = operation(
        &item,
        Verb::Patch {
            settings: settings(json!({"m": 1})),
        },
    );
    let patched = done(&azure, &patch).await.unwrap().unwrap();
    assert_eq!((patched.int("n"), patched.int("m")), (Some(3), Some(1)));
    let query = Query {
        kind: Some(Kind::RegistryItem),
        beneath: "tenants/stamps".to_owned(),
        equals: Some(("n".to_owned(), 3_i64.into())),
    };
    assert_eq!(azure.list(&query).await.unwrap(), [patched]);
    done(&azure, &operation(&item, Verb::Delete)).await.unwrap();
    assert_eq!(azure.read(&item).await.unwrap(), None);
}

fn quota_world() -> (Azure, Arc<Keeper>) {
    let (azure, keeper) = azure(places());
    let scope = format!("/subscriptions/{GUID}/providers/Microsoft.Compute/locations/eastus2");
    keeper.keep(
        &format!("{scope}/usages/a"),
        json!({"name": {"value": "standardDSv5Family"}, "limit": 40, "currentValue": 24}),
    );
    let group = "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Quota/groupQuotas/qg";
    keeper.keep(group, json!({"properties": {}}));
    keeper.keep(&format!("{group}/subscriptions/{GUID}"), json!({}));
    let rows = json!([{"properties": {"resourceName": "standarddsv5family", "limit": 100,
        "availableLimit": 68, "allocatedToSubscriptions": {"value": [
            {"subscriptionId": GUID.to_uppercase(), "quotaAllocated": 32}]}}}]);
    keeper.keep(
        &format!("{group}/resourceProviders/Microsoft.Compute/groupQuotaLimits/eastus2"),
        json!({"properties": {"nextLink": "", "value": rows}}),
    );
    (azure, keeper)
}

#[tokio::test]
async fn quota_is_read_and_moved_in_absolute_numbers() {
    let (azure, keeper) = quota_world();
    let family = "standardDSv5Family";
    let number = |kind, parts: Vec<&'static str>, name: &'static str| {
        let azure = &azure;
        async move {
            azure
                .read(&at(kind, &parts))
                .await
                .unwrap()
                .unwrap()
                .int(name)
        }
    };
    let quota = vec!["shared", "eastus2", family];
    assert_eq!(number(Kind::Quota, quota.clone(), "limit").await, Some(40));
    assert_eq!(number(Kind::Quota, quota, "usage").await, Some(24));
    let group = vec!["mg", "qg", "eastus2", family];
    assert_eq!(
        number(Kind::GroupQuota, group.clone(), "available").await,
        Some(68)
    );
    let allocation = ["mg", "qg", "shared", "eastus2", family];
    assert_eq!(
        number(Kind::QuotaAllocation, allocation.to_vec(), "cores").await,
        Some(32)
    );

    let allocate = |cores: i64| {
        let wanted = settings(json!({"cores": cores}));
        operation(
            &at(Kind::QuotaAllocation, &allocation),
            Verb::Put { settings: wanted },
        )
    };
    for (cores, code) in [(101, "InsufficientQuota"), (15, "QuotaBelowUsage")] {
        let fault = done(&azure, &allocate(cores)).await.unwrap_err();
        assert_eq!(
            (fault.class, fault.code.as_str()),
            (FaultClass::Quota, code)
        );
    }
    // 32 of the limit of 40 are the group's: 16 of them given back leave a limit of 24.
    let _ = azure.perform(&allocate(16), "k").await.unwrap();
    let asked = keeper.asked.lock().unwrap().clone();
    let patch = asked
        .iter()
        .rfind(|it| it.url.contains("quotaAllocations"))
        .unwrap();
    let stampctl_azure::wire::Body::Json(body) = &patch.body else {
        panic!("no body");
    };
    assert_eq!(body["properties"]["value"][0]["properties"]["limit"], 24);

    let wanted = settings(json!({"limit": 120}));
    let more = operation(
        &at(Kind::GroupQuota, &group),
        Verb::Put { settings: wanted },
    );
    let _ = azure.perform(&more, "k").await.unwrap();
    let wanted = settings(json!({"limit": 48}));
    let own = at(Kind::Quota, &["shared", "eastus2", family]);
    let _ = azure
        .perform(&operation(&own, Verb::Put { settings: wanted }), "k")
        .await
        .unwrap();
    let less = settings(json!({"limit": 20}));
    let fault = done(&azure, &operation(&own, Verb::Put { settings: less }))
        .await
        .unwrap_err();
    assert_eq!(fault.class, FaultClass::Quota);

    let group = at(Kind::QuotaGroup, &["mg", "qg2"]);
    let seen = put(
        &azure,
        &group,
        &settings(json!({"subscriptions": ["shared"]})),
    )
    .await;
    assert_eq!(
        seen.get("subscriptions"),
        Some(&Value::List(vec!["shared".into()]))
    );
    done(&azure, &operation(&group, Verb::Delete))
        .await
        .unwrap();
    judged(&keeper, "quota");
}

#[tokio::test]
async fn copies_and_backups_are_of_one_tenant() {
    let mut places = places();
    places.workspaces = vec!["w".to_owned()];
    places.vaults.insert(
        "vault".to_owned(),
        Vault {
            subscription: "shared".to_owned(),
            resource_group: "rg-backup".to_owned(),
            server: "sql-backup".to_owned(),
            account: "stbackup".to_owned(),
            region: "eastus2".to_owned(),
        },
    );
    let (azure, keeper) = azure(places);
    let region = settings(json!({"region": "eastus2"}));
    for server in ["sql-a", "sql-b"] {
        put(
            &azure,
            &at(Kind::SqlServer, &["shared", "rg-a", server]),
            &region,
        )
        .await;
    }
    let database = |server: &str, tenant: &str| {
        at(
            Kind::SqlDatabase,
            &["shared", "rg-a", server, &format!("db-{tenant}")],
        )
    };
    let (from, to, bob) = (
        database("sql-a", "ann"),
        database("sql-b", "ann"),
        database("sql-b", "bob"),
    );
    for (one, tenant) in [(&from, "ann"), (&to, "ann"), (&bob, "bob")] {
        put(
            &azure,
            one,
            &settings(json!({"sku": "S3", "tenant": tenant})),
        )
        .await;
    }
    let copy = |to: &Address, tenant: &str| {
        let verb = Verb::Copy {
            from: from.clone(),
            tenant: tenant.to_owned(),
        };
        operation(to, verb)
    };
    let copied = done(&azure, &copy(&to, "ann")).await.unwrap().unwrap();
    assert_eq!(
        (copied.text("tenant"), copied.text("sku")),
        (Some("ann"), Some("S3"))
    );
    let before = keeper.asked.lock().unwrap().len();
    done(&azure, &copy(&to, "ann")).await.unwrap();
    let asked = keeper.asked.lock().unwrap()[before..].to_vec();
    let changes = asked.iter().filter(|it| it.method.word() != "GET");
    assert_eq!(changes.count(), 0, "the same call again copies nothing");
    for tenant in ["ann", "bob"] {
        let fault = done(&azure, &copy(&bob, tenant)).await.unwrap_err();
        assert_eq!(fault.class, FaultClass::Permanent);
    }
    keeper.rows.lock().unwrap().push(json!([
        "sql_database",
        format!("{GUID}/rg-a/sql-a/db-ann"),
        "{\"digest\":\"d1\",\"records\":7,\"tenant\":\"not measured\"}"
    ]));
    let seen = azure.read(&from).await.unwrap().unwrap();
    assert_eq!(
        (seen.text("digest"), seen.int("records")),
        (Some("d1"), Some(7))
    );
    assert_eq!(seen.text("tenant"), Some("ann"));

    let backup = at(Kind::Backup, &["shared", "vault", "snapshot-ann"]);
    let wanted = settings(json!({"source": from.to_string(), "tenant": "ann"}));
    let taken = put(&azure, &backup, &wanted).await;
    read_back(&taken, &wanted);
    assert_eq!(taken.truth("verified"), Some(true));
    done(&azure, &operation(&from, Verb::Delete)).await.unwrap();
    assert_eq!(
        azure
            .read(&backup)
            .await
            .unwrap()
            .unwrap()
            .truth("verified"),
        Some(true)
    );
    done(&azure, &operation(&backup, Verb::Delete))
        .await
        .unwrap();
    assert_eq!(azure.read(&backup).await.unwrap(), None);
    judged(&keeper, "copies and backups");
}

#[tokio::test]
async fn what_the_cloud_computes_and_does_not_know_is_refused() {
    let (azure, keeper) = azure(places());
    let cases = [
        (Kind::Health, vec!["shared", "rg-a"], json!({"live": true})),
        (
            Kind::Quota,
            vec!["shared", "r", "f"],
            json!({"limit": 1, "usage": 0}),
        ),
        (
            Kind::ScaleSet,
            vec!["shared", "rg-a", "v"],
            json!({"colour": "red"}),
        ),
        (
            Kind::TenantSchema,
            vec!["shared", "g", "s", "d", "t"],
            json!({"model": "rows"}),
        ),
        (
            Kind::Alert,
            vec!["shared", "..", "x"],
            json!({"enabled": true}),
        ),
    ];
    for (kind, parts, wanted) in cases {
        let verb = Verb::Put {
            settings: settings(wanted),
        };
        let fault = done(&azure, &operation(&at(kind, &parts), verb))
            .await
            .unwrap_err();
        assert_eq!(fault.class, FaultClass::Permanent, "{kind}");
    }
    assert!(keeper.asked.lock().unwrap().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_thousand_stamps_are_seen_in_few_calls() {
    let mut places = places();
    places.workspaces = vec!["w".to_owned()];
    let (azure, keeper) = azure(places);
    keeper.keep(
        &format!("/subscriptions/{GUID}"),
        json!({"properties": {"state": "Enabled"}}),
    );
    for n in 0..1000 {
        let group = format!("/subscriptions/{GUID}/resourceGroups/rg-{n}");
        keeper.keep(
            &group,
            json!({"location": "East US 2", "tags": {"StampId": "x"}}),
        );
        // Resource Graph shouts the group's name now and then.
        let inside = format!("/subscriptions/{GUID}/resourceGroups/RG-{n}/providers");
        let size = "Standard_D8s_v5;standardDSv5Family;8";
        for zone in 1..=2 {
            let model = json!({"location": "eastus2", "zones": [zone.to_string()],
                "sku": {"name": "Standard_D8s_v5", "capacity": 2},
                "tags": {"hidden-stampctl-size": size}, "properties": {}});
            keeper.keep(
                &format!("{inside}/Microsoft.Compute/virtualMachineScaleSets/v-{zone}"),
                model,
            );
        }
        let sql = format!("{inside}/Microsoft.Sql/servers/sql-{n}");
        keeper.keep(&sql, json!({"location": "eastus2"}));
        keeper.keep(&format!("{sql}/databases/master"), json!({}));
        keeper.keep(
            &format!("{inside}/Microsoft.Storage/storageAccounts/st{n}"),
            json!({"location": "eastus2", "sku": {"name": "Standard_ZRS"}}),
        );
        keeper.keep(
            &format!("{inside}/Microsoft.Insights/metricAlerts/alert-{n}"),
            json!({"properties": {"enabled": true}}),
        );
        keeper.rows.lock().unwrap().push(json!([
            "stamp_metrics",
            format!("{GUID}/rg-{n}"),
            "{\"cpu\": 4200}"
        ]));
    }
    let scope = Scope {
        subscriptions: vec!["shared".to_owned()],
        quota_groups: Vec::new(),
        registry: "tenants".to_owned(),
    };
    let seen = azure.observe(&scope).await;
    let count = |kind| {
        let of_kind = seen.resources.iter().filter(|it| it.address.kind() == kind);
        of_kind.count()
    };
    assert_eq!(count(Kind::ResourceGroup), 1000);
    assert_eq!(count(Kind::ScaleSet), 2000);
    assert_eq!(count(Kind::SqlDatabase), 0, "`master` is the server's own");
    assert_eq!(count(Kind::StampMetrics), 1000);
    assert!(seen.resources.is_sorted_by_key(|it| it.address.clone()));
    let set = at(Kind::ScaleSet, &["shared", "rg-7", "v-1"]);
    let set = seen.resources.iter().find(|it| it.address == set).unwrap();
    assert_eq!((set.int("vcpus"), set.get("power")), (Some(8), None));
    let calls = keeper.asked.lock().unwrap().len();
    println!(
        "{} resources of 1,000 stamps were seen in {calls} calls",
        seen.resources.len()
    );
    assert!(calls * 100 <= seen.resources.len(), "{calls} calls");
    let gaps: Vec<Option<Kind>> = seen.gaps.iter().map(|gap| gap.kind).collect();
    assert_eq!(
        gaps,
        [Some(Kind::BlobContainer)],
        "what took too many calls is a gap"
    );
    judged(&keeper, "observation");
}

#[test]
fn the_documentation_lists_the_actions() {
    let docs = include_str!("../../../docs/azure.md");
    for action in actions::PLAN.iter().chain(actions::APPLY) {
        assert!(docs.contains(&format!("\"{action}\"")), "{action}");
    }
}

/// Reads need what plan needs, and changes what apply needs.
fn permitted(requests: &[Request]) {
    for request in requests {
        let rest = request.url.strip_prefix(support::BASE).unwrap();
        if rest.starts_with("/logs/") || rest.starts_with("/cosmos/") {
            continue;
        }
        let action = actions::needed(request.method, rest);
        let lists: &[&[&str]] = if action.ends_with("/read") {
            &[actions::PLAN]
        } else {
            &[actions::APPLY]
        };
        let listed = lists.iter().any(|list| actions::has(list, &action));
        assert!(listed, "{action} is needed for {rest}");
    }
}

/// Judges all that a keeper was asked, and prints the figures.
fn judged(keeper: &Keeper, what: &str) {
    permitted(&keeper.asked.lock().unwrap());
    let Some(judge) = Judge::find() else { return };
    let asked = keeper.asked.lock().unwrap().clone();
    let mut figures = Figures::default();
    let mut wrong = judge.judge(&asked, &mut figures);
    wrong.sort();
    wrong.dedup();
    println!(
        "{what}: {} requests of {} operations and {} bodies are valid; {} of services without a \
         schema",
        figures.requests,
        figures.operations.len(),
        figures.bodies,
        figures.not_covered
    );
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
    assert!(figures.requests > 0);
}
