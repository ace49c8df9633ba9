//! The simulated cloud through the wire: the Azure provider, real HTTP on loopback, and the
//! simulated cloud's Resource Manager face keep the same laws as the cloud in process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::model::stamp::Isolation;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::Vault;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Settings;
use stampctl_contract::conformance;
use stampctl_contract::conformance::Cloud;
use stampctl_contract::conformance::Ground;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

/// A clock that is the simulated cloud's: waiting moves it.
struct Virtual(Arc<Sim>);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, time: Duration) {
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        self.0
            .advance(u32::try_from(seconds).unwrap_or(u32::MAX))
            .expect("time passes");
    }
}

/// A simulated cloud that is served on loopback for as long as this lives.
struct Served {
    sim: Arc<Sim>,
    azure: Azure,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start(spec: &WorldSpec, places: Places) -> Self {
        let sim = Arc::new(Sim::in_memory(spec).expect("a world"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let world = Arc::clone(&sim);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                let until = async move {
                    let _ = stopped.await;
                };
                arm::serve(world, listener, arm::Options::default(), until)
                    .await
                    .expect("serves");
            });
        });
        let mut endpoints = Endpoints::at(&base);
        endpoints.blobs = Some(format!("{base}/blob/{{account}}"));
        let config = Config {
            endpoints,
            credential: Credential::Static {
                token: Secret::new("test"),
            },
            rates: Rates::default(),
            places,
        };
        let transport = Arc::new(Http::new().expect("a client"));
        let clock = Arc::new(Virtual(Arc::clone(&sim)));
        let azure = Azure::new(config, transport, clock).expect("loopback");
        Self {
            sim,
            azure,
            stop: Some(stop),
            server: Some(server),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

impl Cloud for Served {
    fn provider(&self) -> &dyn Provider {
        &self.azure
    }

    fn pass(&self, seconds: u32) {
        self.sim.advance(seconds).expect("time passes");
    }

    fn ground(&self) -> Ground {
        Ground {
            subscriptions: ["sub-a".to_owned(), "sub-b".to_owned()],
            group: ("mg-platform".to_owned(), "qg-shared".to_owned()),
            region: "eastus2".to_owned(),
            family: "standardDSv5Family".to_owned(),
            cores: 640,
            sku: "Standard_D8s_v5".to_owned(),
            vcpus: 8,
            registry: "registry".to_owned(),
        }
    }
}

fn ground() -> WorldSpec {
    WorldSpec::from_yaml(
        "registry: registry
subscriptions:
  sub-a: 11111111-1111-1111-1111-111111111111
  sub-b: 22222222-2222-2222-2222-222222222222
  sub-vault: 33333333-3333-3333-3333-333333333333
quota_groups:
  - name: qg-shared
    management_group: mg-platform
    subscriptions: [sub-a, sub-b]
    limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }]
resources:
  - { address: resource_group/sub-vault/rg-backup, settings: { region: eastus2, tags: {} } }
  - { address: sql_server/sub-vault/rg-backup/sql-backup, settings: { region: eastus2, tags: {} } }
  - { address: storage_account/sub-vault/rg-backup/stbackup,
      settings: { region: eastus2, sku: Standard_LRS, tags: {} } }
",
    )
    .expect("a world")
}

/// The home of backups outlives every stamp.
fn vault() -> Vault {
    Vault {
        subscription: "sub-vault".to_owned(),
        resource_group: "rg-backup".to_owned(),
        server: "sql-backup".to_owned(),
        account: "stbackup".to_owned(),
        region: "eastus2".to_owned(),
    }
}

fn places() -> Places {
    Places {
        subscriptions: [
            (
                "sub-a".to_owned(),
                "11111111-1111-1111-1111-111111111111".to_owned(),
            ),
            (
                "sub-b".to_owned(),
                "22222222-2222-2222-2222-222222222222".to_owned(),
            ),
            (
                "sub-vault".to_owned(),
                "33333333-3333-3333-3333-333333333333".to_owned(),
            ),
        ]
        .into(),
        regions: vec!["eastus2".to_owned()],
        workspaces: vec!["la-platform".to_owned()],
        vaults: [("vault".to_owned(), vault())].into(),
        ..Places::default()
    }
}

#[tokio::test]
async fn the_laws_hold_through_the_wire() {
    if let Err(broken) = conformance::check(|| Served::start(&ground(), places())).await {
        let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"));
    }
}

/// The quickstart with a database for each tenant, as a fleet on Azure must have it (§11.28).
fn quickstart() -> Fleet {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleets/quickstart");
    let request = manifest::LoadRequest {
        path,
        environment: None,
        variables: std::collections::BTreeMap::default(),
    };
    let mut fleet = manifest::load(&request)
        .fleet
        .expect("the quickstart loads");
    let stamps = fleet
        .stamps
        .values_mut()
        .filter_map(|stamp| stamp.shape.as_mut());
    for shape in stamps.chain(fleet.pools.values_mut().map(|pool| &mut pool.shape)) {
        shape.isolation = Isolation::Database;
    }
    fleet
}

async fn planned(fleet: &Fleet, provider: &dyn Provider) -> Plan {
    let inventory = observe::observe(fleet, provider).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

async fn obey(plan: &Plan, provider: &dyn Provider, sim: &Sim) {
    for step in &plan.body.steps {
        for (at, operation) in step.act.operations().iter().enumerate() {
            let key = plan.key(&step.id, at);
            let mut outcome = provider
                .perform(operation, &key)
                .await
                .unwrap_or_else(|fault| panic!("{}: {}: {fault}", step.id, operation.address));
            while let Outcome::Accepted(ticket) = outcome {
                sim.advance(ticket.retry_after_seconds.max(1))
                    .expect("time passes");
                outcome = provider.poll(&ticket).await.expect("polls");
            }
        }
        sim.advance(61).expect("time passes");
    }
}

/// What the fleet holds in a cloud: everything but what time alone changes. No tags and none
/// reported are the same.
async fn world(sim: &Sim) -> Vec<(Address, Settings)> {
    let all = Query {
        kind: None,
        beneath: String::new(),
        equals: None,
    };
    let found = sim.list(&all).await.expect("the world is read");
    let passing = [
        Kind::StampMetrics,
        Kind::TenantMetrics,
        Kind::Health,
        Kind::SqlDatabase,
        Kind::BlobContainer,
    ];
    let lasting = found
        .into_iter()
        .filter(|resource| !passing.contains(&resource.address.kind()));
    let plain = lasting.map(|mut resource| {
        resource.settings.retain(|name, value| {
            name != "tags" || value.as_map().is_none_or(|tags| !tags.is_empty())
        });
        (resource.address, resource.settings)
    });
    plain.collect()
}

#[tokio::test]
async fn the_quickstart_is_the_same_through_the_wire() {
    let fleet = quickstart();
    let spec = WorldSpec::from_yaml(
        "registry: registry
fleet: quickstart
subscriptions: { shared-eastus2: 11111111-1111-1111-1111-111111111111 }
quota_groups:
  - name: qg-shared-stamps
    management_group: mg-platform
    subscriptions: [shared-eastus2]
    limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }]
resources:
  - { address: resource_group/shared-eastus2/rg-ingress, settings: { region: eastus2, tags: {} } }
",
    )
    .expect("a world");
    let id = "11111111-1111-1111-1111-111111111111".to_owned();
    let group = ["shared-eastus2", "rg-ingress", "fd-quickstart", "stamps"].map(str::to_owned);
    let served = Served::start(
        &spec,
        Places {
            subscriptions: [("shared-eastus2".to_owned(), id)].into(),
            regions: vec!["eastus2".to_owned()],
            workspaces: vec!["la-platform".to_owned()],
            origin_groups: vec![group],
            ..Places::default()
        },
    );
    let near = Sim::in_memory(&spec).expect("a world");
    let here = planned(&fleet, &near).await;
    let there = planned(&fleet, &served.azure).await;
    let text = |plan: &Plan| String::from_utf8(plan.to_bytes().expect("bytes")).expect("UTF-8");
    let (left, right) = (text(&here), text(&there));
    let diff = similar::TextDiff::from_lines(&left, &right);
    assert!(
        here.body == there.body,
        "{}",
        diff.unified_diff().header("in process", "through HTTP")
    );
    obey(&here, &near, &near).await;
    obey(&there, &served.azure, &served.sim).await;
    near.advance(3_600).expect("time passes");
    served.sim.advance(3_600).expect("time passes");
    let lines = |world: Vec<(Address, Settings)>| -> String {
        let told = world.iter().map(|(at, settings)| {
            format!("{at} {}\n", serde_json::to_string(settings).expect("JSON"))
        });
        told.collect()
    };
    let (left, right) = (lines(world(&near).await), lines(world(&served.sim).await));
    let diff = similar::TextDiff::from_lines(&left, &right);
    assert!(left == right, "{}", diff.unified_diff().context_radius(0));
    let left: Vec<String> = planned(&fleet, &served.azure)
        .await
        .body
        .steps
        .iter()
        .map(|s| s.id.to_string())
        .collect();
    assert_eq!(left, [""; 0]);
}
