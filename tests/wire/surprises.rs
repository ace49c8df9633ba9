//! What Azure does that a caller does not expect, over HTTP: the provider copes, or stops and says
//! why. The ids are those of docs/azure.md 9.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_azure::Places;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Provider as _;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Verb;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm::ErrorStyle;
use stampctl_sim::arm::Options;
use stampctl_sim::arm::Surprises;

use crate::laws;
use crate::served::Served;

struct Bench {
    served: Served,
    calls: std::cell::Cell<u32>,
}

impl Bench {
    fn new(surprises: Surprises) -> Self {
        Self::with(
            Options {
                surprises,
                ..Options::default()
            },
            laws::places(),
        )
    }

    fn with(options: Options, places: Places) -> Self {
        Self::on(&laws::ground(), options, places)
    }

    fn on(world: &WorldSpec, options: Options, places: Places) -> Self {
        Self {
            served: Served::with(world, places, options),
            calls: std::cell::Cell::new(0),
        }
    }

    /// Performs to the end, on the cloud's clock.
    async fn done(&self, address: &Address, verb: Verb) -> Result<Option<Resource>, Fault> {
        let operation = Operation {
            address: address.clone(),
            verb,
            precondition: Precondition::Any,
        };
        self.calls.set(self.calls.get() + 1);
        let key = format!("key-{}", self.calls.get());
        let mut outcome = self.served.azure.perform(&operation, &key).await?;
        for _ in 0..200 {
            match outcome {
                Outcome::Done(resource) => return Ok(resource),
                Outcome::Accepted(ticket) => {
                    self.pass(ticket.retry_after_seconds.max(1));
                    outcome = self.served.azure.poll(&ticket).await?;
                }
            }
        }
        panic!("{address} does not end");
    }

    async fn put(&self, address: &Address, settings: Json) -> Result<Option<Resource>, Fault> {
        let settings = read(settings);
        self.done(address, Verb::Put { settings }).await
    }

    #[track_caller]
    fn made(result: Result<Option<Resource>, Fault>) -> Resource {
        result.expect("it is made").expect("it is there")
    }

    async fn group(&self) -> Address {
        let at = group();
        Self::made(
            self.put(&at, json!({ "region": "eastus2", "tags": {} }))
                .await,
        );
        at
    }

    async fn delete(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.done(address, Verb::Delete).await
    }

    fn pass(&self, seconds: u32) {
        self.served.sim.advance(seconds).expect("time passes");
    }

    fn second(&self) -> i64 {
        self.served.sim.now().as_second()
    }

    /// Asks the cloud itself.
    async fn raw(&self, method: &str, path: &str, id: &str, body: Json) -> (u16, Json) {
        let url = format!("{}{path}", self.served.base);
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let ask = reqwest::Client::new().request(method, url);
        let ask = ask.header("x-ms-client-request-id", id).json(&body);
        let answer = ask.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        (status, serde_json::from_str(&text).unwrap_or(Json::Null))
    }

    async fn plan(&self, rule: Json) {
        let (status, _) = self
            .raw("POST", "/_sim/faults", "", json!({ "rules": [rule] }))
            .await;
        assert_eq!(status, 204);
    }
}

fn read(settings: Json) -> Settings {
    serde_json::from_value(settings).expect("settings")
}

fn at(kind: Kind, rest: &[&str]) -> Address {
    let parts: Vec<&str> = ["sub-a", "rg-s"].iter().chain(rest).copied().collect();
    Address::new(kind, &parts).expect("an address")
}

fn group() -> Address {
    at(Kind::ResourceGroup, &[])
}

fn account() -> (Address, Json) {
    let settings = json!({ "region": "eastus2", "sku": "Standard_LRS", "tags": {} });
    (at(Kind::StorageAccount, &["stsurprise"]), settings)
}

fn reservation() -> (Address, Json) {
    let settings = json!({ "region": "eastus2", "zones": ["1"], "sku": "Standard_D8s_v5",
        "family": "standardDSv5Family", "vcpus": 8, "instances": 1, "tags": {} });
    (at(Kind::CapacityReservation, &["crg-s"]), settings)
}

fn allocation() -> Address {
    let parts = [
        "mg-platform",
        "qg-shared",
        "sub-a",
        "eastus2",
        "standardDSv5Family",
    ];
    Address::new(Kind::QuotaAllocation, &parts).expect("an address")
}

const A: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";

#[track_caller]
fn refused(result: Result<Option<Resource>, Fault>, class: FaultClass, code: &str) -> Fault {
    let fault = result.expect_err("it is refused");
    assert_eq!((fault.class, fault.code.as_str()), (class, code), "{fault}");
    fault
}

#[tokio::test]
async fn s42_a_container_is_made_again_when_the_old_one_is_gone() {
    let bench = Bench::new(Surprises {
        container_seconds: 90,
        ..Surprises::default()
    });
    bench.group().await;
    let (at_account, settings) = account();
    Bench::made(bench.put(&at_account, settings).await);
    let container = at(Kind::BlobContainer, &["stsurprise", "tenant-ann"]);
    let wanted = json!({ "tenant": "ann" });
    Bench::made(bench.put(&container, wanted.clone()).await);
    bench.delete(&container).await.expect("it goes");
    let from = bench.second();
    let again = Bench::made(bench.put(&container, wanted).await);
    assert_eq!(again.text("tenant"), Some("ann"));
    assert!(bench.second() - from >= 90, "not before it is free");
}

#[tokio::test]
async fn s42_a_container_that_never_ends_to_go_is_said() {
    let bench = Bench::new(Surprises {
        container_seconds: 86_400,
        ..Surprises::default()
    });
    bench.group().await;
    let (at_account, settings) = account();
    Bench::made(bench.put(&at_account, settings).await);
    let container = at(Kind::BlobContainer, &["stsurprise", "tenant-ann"]);
    Bench::made(bench.put(&container, json!({ "tenant": "ann" })).await);
    bench.delete(&container).await.expect("it goes");
    let again = bench.put(&container, json!({ "tenant": "ann" })).await;
    refused(again, FaultClass::Conflict, "ContainerBeingDeleted");
}

#[tokio::test]
async fn s41_a_name_that_somebody_has_stops_and_is_said() {
    let bench = Bench::new(Surprises {
        taken: vec!["stsurprise".to_owned(), "sql-taken".to_owned()],
        ..Surprises::default()
    });
    bench.group().await;
    let (at_account, settings) = account();
    assert_eq!(
        bench.served.azure.read(&at_account).await.expect("seen"),
        None
    );
    let fault = refused(
        bench.put(&at_account, settings).await,
        FaultClass::Permanent,
        "StorageAccountAlreadyTaken",
    );
    assert!(fault.message.contains("stsurprise"), "{fault}");
    let server = at(Kind::SqlServer, &["sql-taken"]);
    let server = bench.put(&server, json!({ "region": "eastus2", "tags": {} }));
    refused(server.await, FaultClass::Permanent, "NameAlreadyExists");
}

#[tokio::test]
async fn s41_the_name_of_an_account_stays_taken_after_its_group_is_gone() {
    let bench = Bench::new(Surprises {
        name_seconds: 600,
        ..Surprises::default()
    });
    let group = bench.group().await;
    let (at_account, settings) = account();
    Bench::made(bench.put(&at_account, settings.clone()).await);
    // What is there is written again without trouble.
    Bench::made(bench.put(&at_account, settings.clone()).await);
    bench.delete(&group).await.expect("it goes");
    bench.group().await;
    let early = bench.put(&at_account, settings.clone()).await;
    refused(early, FaultClass::Permanent, "StorageAccountAlreadyTaken");
    bench.pass(600);
    Bench::made(bench.put(&at_account, settings).await);
}

#[tokio::test]
async fn s48_the_name_of_an_api_service_is_kept_while_it_is_soft_deleted() {
    let bench = Bench::new(Surprises {
        name_seconds: 600,
        ..Surprises::default()
    });
    bench.group().await;
    let path = format!(
        "{A}/resourceGroups/rg-s/providers/Microsoft.ApiManagement/service/apim-s?api-version=2022-08-01"
    );
    let body = json!({ "location": "eastus2" });
    let put = async || bench.raw("PUT", &path, "x", body.clone()).await;
    assert!(put().await.0 < 300);
    let url = format!("{}{path}", bench.served.base);
    let gone = reqwest::Client::new().delete(url).header("If-Match", "*");
    assert!(gone.send().await.expect("an answer").status().is_success());
    let (status, said) = put().await;
    let code = said["error"]["code"].as_str();
    assert_eq!(
        (status, code),
        (409, Some("ServiceAlreadyExistsInSoftDeletedState"))
    );
    bench.pass(600);
    assert!(put().await.0 < 300);
}

#[tokio::test]
async fn s26_a_lock_that_is_gone_and_still_holds_is_waited_for() {
    let bench = Bench::new(Surprises {
        lock_seconds: 60,
        ..Surprises::default()
    });
    let group = bench.group().await;
    let lock = at(Kind::Lock, &["keep"]);
    Bench::made(bench.put(&lock, json!({ "level": "CanNotDelete" })).await);
    refused(
        bench.delete(&group).await,
        FaultClass::Denied,
        "ScopeLocked",
    );
    bench.delete(&lock).await.expect("it goes");
    let from = bench.second();
    bench.delete(&group).await.expect("it goes");
    assert!(bench.second() - from >= 60);
    assert_eq!(bench.served.azure.read(&group).await.expect("seen"), None);
}

#[tokio::test]
async fn s15_a_group_of_reservations_goes_when_its_last_reservation_has() {
    let bench = Bench::new(Surprises {
        reservation_seconds: 60,
        ..Surprises::default()
    });
    bench.group().await;
    grant(&bench).await;
    let (address, settings) = reservation();
    Bench::made(bench.put(&address, settings).await);
    let from = bench.second();
    bench.delete(&address).await.expect("it goes");
    assert!(bench.second() - from >= 60);
    let path = format!(
        "{A}/resourceGroups/rg-s/providers/Microsoft.Compute/capacityReservationGroups/crg-s?api-version=2024-07-01"
    );
    assert_eq!(bench.raw("GET", &path, "x", Json::Null).await.0, 404);
}

async fn grant(bench: &Bench) {
    Bench::made(bench.put(&allocation(), json!({ "cores": 64 })).await);
}

#[tokio::test]
async fn s28_a_group_that_is_not_found_yet_is_waited_for() {
    let bench = Bench::new(Surprises {
        hidden_group_seconds: 20,
        early_child_seconds: 50,
        ..Surprises::default()
    });
    let from = bench.second();
    bench.group().await;
    assert!(bench.second() - from >= 20, "it is done when it is seen");
    let (address, settings) = account();
    Bench::made(bench.put(&address, settings).await);
    assert!(bench.second() - from >= 50);
}

#[tokio::test]
async fn s27_a_change_is_done_when_it_is_seen_and_the_next_keeps_it() {
    let bench = Bench::new(Surprises {
        old_view_seconds: 25,
        ..Surprises::default()
    });
    bench.group().await;
    let (address, settings) = account();
    Bench::made(bench.put(&address, settings).await);
    let patch = |change: Json| Verb::Patch {
        settings: read(change),
    };
    let changed = bench.done(&address, patch(json!({ "sku": "Standard_ZRS" })));
    assert_eq!(Bench::made(changed.await).text("sku"), Some("Standard_ZRS"));
    // A change that began from the old view would undo the one before.
    let tagged = bench.done(&address, patch(json!({ "tags": { "owner": "ann" } })));
    assert_eq!(Bench::made(tagged.await).text("sku"), Some("Standard_ZRS"));
    bench.pass(60);
    let now = bench
        .served
        .azure
        .read(&address)
        .await
        .expect("seen")
        .expect("there");
    assert_eq!(
        (now.text("sku"), now.tag("owner")),
        (Some("Standard_ZRS"), Some("ann"))
    );
}

#[tokio::test]
async fn s11_a_request_that_waits_for_people_stops_and_is_said() {
    let bench = Bench::new(Surprises {
        escalates: vec!["standardDSv5Family".to_owned()],
        ..Surprises::default()
    });
    let asked = bench.put(&allocation(), json!({ "cores": 64 })).await;
    refused(asked, FaultClass::Quota, "Escalated");
    let raised = Address::new(
        Kind::GroupQuota,
        &["mg-platform", "qg-shared", "eastus2", "standardDSv5Family"],
    );
    let raised = raised.expect("an address");
    let asked = bench.put(&raised, json!({ "limit": 700 })).await;
    refused(asked, FaultClass::Quota, "Escalated");
}

#[tokio::test]
async fn s12_a_refusal_after_a_success_is_found() {
    let bench = Bench::new(Surprises {
        refuses_late: vec!["standardDSv5Family".to_owned()],
        ..Surprises::default()
    });
    let asked = bench.put(&allocation(), json!({ "cores": 64 })).await;
    let fault = refused(asked, FaultClass::Quota, "QuotaNotAvailableForResource");
    assert!(fault.message.contains("not the one"), "{fault}");
    let left = bench.served.azure.read(&allocation()).await.expect("seen");
    assert_eq!(left.and_then(|it| it.int("cores")).unwrap_or(0), 0);
}

#[tokio::test]
async fn s05_a_namespace_takes_its_time_and_a_refusal_is_repeated() {
    let options = Options {
        unregistered: vec!["Microsoft.Storage".to_owned()],
        surprises: Surprises {
            registering_seconds: 120,
            ..Surprises::default()
        },
        ..Options::default()
    };
    let bench = Bench::with(options, laws::places());
    bench.group().await;
    let (address, settings) = account();
    let code = "MissingSubscriptionRegistration";
    let early = bench.put(&address, settings.clone()).await;
    refused(early, FaultClass::Permanent, code);
    let path = |rest: &str| format!("{A}/providers/Microsoft.Storage{rest}?api-version=2022-12-01");
    let state = async || bench.raw("GET", &path(""), "s", Json::Null).await.1;
    assert_eq!(state().await["registrationState"], "NotRegistered");
    let account_path = format!(
        "{A}/resourceGroups/rg-s/providers/Microsoft.Storage/storageAccounts/stsurprise?api-version=2023-05-01"
    );
    let body =
        json!({ "location": "eastus2", "kind": "StorageV2", "sku": { "name": "Standard_LRS" } });
    let same = async || {
        bench
            .raw("PUT", &account_path, "one-id", body.clone())
            .await
    };
    assert_eq!(same().await.0, 409);
    bench.raw("POST", &path("/register"), "r", Json::Null).await;
    assert_eq!(state().await["registrationState"], "Registering");
    refused(
        bench.put(&address, settings.clone()).await,
        FaultClass::Permanent,
        code,
    );
    bench.pass(120);
    assert_eq!(state().await["registrationState"], "Registered");
    assert_eq!(
        same().await.1["error"]["code"],
        code,
        "the same id hears the same"
    );
    // The provider's ids are new with each attempt.
    Bench::made(bench.put(&address, settings).await);
}

#[tokio::test]
async fn s06_an_operation_that_is_not_found_yet_is_asked_again() {
    for seconds in [5, 600] {
        let bench = Bench::new(Surprises {
            unknown_operation_seconds: seconds,
            ..Surprises::default()
        });
        bench.group().await;
        grant(&bench).await;
        let (address, settings) = reservation();
        let made = Bench::made(bench.put(&address, settings).await);
        assert_eq!(made.int("instances"), Some(1), "{seconds}");
        bench.delete(&address).await.expect("it goes");
    }
}

#[tokio::test]
async fn s07_refusals_are_understood_however_they_are_spelled() {
    for errors in [
        ErrorStyle::Plain,
        ErrorStyle::Capitals,
        ErrorStyle::Bare,
        ErrorStyle::Nested,
        ErrorStyle::Details,
    ] {
        let bench = Bench::new(Surprises {
            errors,
            ..Surprises::default()
        });
        let group = bench.group().await;
        let lock = at(Kind::Lock, &["keep"]);
        Bench::made(bench.put(&lock, json!({ "level": "CanNotDelete" })).await);
        refused(
            bench.delete(&group).await,
            FaultClass::Denied,
            "ScopeLocked",
        );
        let (address, settings) = reservation();
        let short = bench.put(&address, settings).await;
        let short = short.expect_err("there is no quota");
        assert_eq!(short.class, FaultClass::Quota, "{errors:?}: {short}");
    }
    for errors in [ErrorStyle::Html, ErrorStyle::Empty] {
        let bench = Bench::new(Surprises {
            errors,
            ..Surprises::default()
        });
        let group = bench.group().await;
        let lock = at(Kind::Lock, &["keep"]);
        Bench::made(bench.put(&lock, json!({ "level": "CanNotDelete" })).await);
        // Only the status is left to go by.
        refused(bench.delete(&group).await, FaultClass::Conflict, "Http409");
    }
}

#[tokio::test]
async fn s36_one_code_has_many_meanings() {
    let quota = "Operation could not be completed as it results in exceeding approved Cores quota.";
    for (message, class) in [
        (quota, FaultClass::Quota),
        ("Another operation is in progress.", FaultClass::Conflict),
        ("It has associated virtual machines.", FaultClass::Conflict),
        ("There are too many requests.", FaultClass::Throttled),
        ("It is not supported here.", FaultClass::Permanent),
    ] {
        let bench = Bench::new(Surprises::default());
        bench.group().await;
        let rule = json!({ "fault": "conflict", "path": "*/storageAccounts/*",
            "code": "OperationNotAllowed", "message": message });
        bench.plan(rule).await;
        let (address, settings) = account();
        let asked = bench.put(&address, settings).await;
        refused(asked, class, "OperationNotAllowed");
    }
}

#[tokio::test]
async fn s49_the_last_origin_of_a_route_stays() {
    let bench = Bench::new(Surprises::default());
    bench.group().await;
    let origin = |name: &str| at(Kind::Origin, &["afd", "og", name]);
    let on = |host: &str| json!({ "host": host, "weight": 500, "enabled": true });
    Bench::made(bench.put(&origin("a"), on("a.example.com")).await);
    let profile = format!("{A}/resourceGroups/rg-s/providers/Microsoft.Cdn/profiles/afd");
    let above = [
        (
            String::new(),
            json!({ "location": "global", "sku": { "name": "Standard_AzureFrontDoor" } }),
        ),
        (
            "/originGroups/og".to_owned(),
            json!({ "properties": { "loadBalancingSettings": { "sampleSize": 4, "successfulSamplesRequired": 3 } } }),
        ),
        (
            "/afdEndpoints/e".to_owned(),
            json!({ "location": "global" }),
        ),
    ];
    for (rest, body) in above {
        let path = format!("{profile}{rest}?api-version=2024-02-01");
        let (status, said) = bench.raw("PUT", &path, "x", body).await;
        assert!(status < 300, "{rest}: {status} {said}");
    }
    let route = format!("{profile}/afdEndpoints/e/routes/r?api-version=2024-02-01");
    let body =
        json!({ "properties": { "originGroup": { "id": format!("{profile}/originGroups/og") } } });
    let (status, said) = bench.raw("PUT", &route, "x", body).await;
    assert!(status < 300, "{status} {said}");
    let gone = bench.delete(&origin("a")).await;
    refused(gone, FaultClass::Conflict, "Conflict");
    let off = Verb::Patch {
        settings: read(json!({ "enabled": false })),
    };
    let off = bench.done(&origin("a"), off).await;
    refused(off, FaultClass::Conflict, "Conflict");
    Bench::made(bench.put(&origin("b"), on("b.example.com")).await);
    bench.delete(&origin("a")).await.expect("it goes");
}

fn leaves(machines: u32) -> Bench {
    let mut world = laws::ground();
    world.capacity = [("eastus2/Standard_D8s_v5".to_owned(), machines)].into();
    let options = Options {
        surprises: Surprises {
            leaves: true,
            ..Surprises::default()
        },
        ..Options::default()
    };
    Bench::on(&world, options, laws::places())
}

#[tokio::test]
async fn s14_a_refused_increase_leaves_a_wish_that_is_not_believed() {
    let bench = leaves(3);
    bench.group().await;
    grant(&bench).await;
    let (address, mut settings) = reservation();
    Bench::made(bench.put(&address, settings.clone()).await);
    settings["instances"] = json!(5);
    refused(
        bench.put(&address, settings.clone()).await,
        FaultClass::Capacity,
        "AllocationFailed",
    );
    let path = format!(
        "{A}/resourceGroups/rg-s/providers/Microsoft.Compute/capacityReservationGroups/crg-s/capacityReservations/crg-s-zone1?api-version=2024-07-01"
    );
    let shown = async || {
        let (_, body) = bench.raw("GET", &path, "x", Json::Null).await;
        (
            body["sku"]["capacity"].clone(),
            body["properties"]["provisioningState"].clone(),
        )
    };
    assert_eq!(shown().await, (json!(5), json!("Failed")));
    let is = bench
        .served
        .azure
        .read(&address)
        .await
        .expect("seen")
        .expect("there");
    assert_eq!(is.int("instances"), Some(1), "the truth, not the wish");
    // Asked for what it has, it is well again.
    settings["instances"] = json!(1);
    Bench::made(bench.put(&address, settings).await);
    assert_eq!(shown().await, (json!(1), json!("Succeeded")));
}

#[tokio::test]
async fn s33_what_was_made_before_the_machines_ran_out_is_seen() {
    let bench = leaves(3);
    bench.group().await;
    grant(&bench).await;
    let set = at(Kind::ScaleSet, &["vmss-s"]);
    let settings = json!({ "region": "eastus2", "zone": "1", "sku": "Standard_D8s_v5",
        "family": "standardDSv5Family", "vcpus": 8, "instances": 5, "power": "running",
        "reservation": "", "tags": {} });
    let short = bench.put(&set, settings).await;
    refused(short, FaultClass::Capacity, "AllocationFailed");
    let is = bench
        .served
        .azure
        .read(&set)
        .await
        .expect("seen")
        .expect("there");
    assert_eq!(is.int("instances"), Some(3));
    let quota = ["sub-a", "eastus2", "standardDSv5Family"];
    let quota = Address::new(Kind::Quota, &quota).expect("an address");
    let quota = bench
        .served
        .azure
        .read(&quota)
        .await
        .expect("seen")
        .expect("there");
    assert_eq!(quota.int("usage"), Some(24), "they hold quota");
    bench.delete(&set).await.expect("it goes");
}

#[tokio::test]
async fn s23_the_regions_cores_are_a_limit_of_their_own() {
    let bench = Bench::new(Surprises {
        regional_cores: Some(20),
        ..Surprises::default()
    });
    bench.group().await;
    grant(&bench).await;
    let (address, mut settings) = reservation();
    settings["instances"] = json!(2);
    Bench::made(bench.put(&address, settings.clone()).await);
    settings["instances"] = json!(3);
    let fault = refused(
        bench.put(&address, settings).await,
        FaultClass::Quota,
        "OperationNotAllowed",
    );
    assert!(fault.message.contains("Total Regional Cores"), "{fault}");
    let path =
        format!("{A}/providers/Microsoft.Compute/locations/eastus2/usages?api-version=2024-07-01");
    let (_, usages) = bench.raw("GET", &path, "x", Json::Null).await;
    let all = usages["value"].as_array().expect("a list");
    let cores = all.iter().find(|one| one["name"]["value"] == "cores");
    let cores = cores.expect("the region's");
    assert_eq!(
        (&cores["limit"], &cores["currentValue"]),
        (&json!(20), &json!(16))
    );
}
