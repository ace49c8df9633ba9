//! The simulated cloud keeps the laws of every provider: at once and slowly, in memory and on
//! disk, fresh and lagging.

use stampctl_contract::Provider;
use stampctl_contract::conformance;
use stampctl_contract::conformance::Cloud;
use stampctl_contract::conformance::Ground;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

const WORLD: &str = r"
subscriptions: { a: one, b: two, c: three }
resources:
  - { address: resource_group/c/rg-edge, settings: { region: eastus2, tags: {} } }
quota_groups:
  - { name: qg, management_group: mg, subscriptions: [a, b],
      limits: [{ region: eastus2, family: standardDSv5Family, cores: 64 }] }
";

struct Bench {
    sim: Sim,
    /// Holds the folder, if there is one, until the cloud is gone.
    _dir: Option<tempfile::TempDir>,
}

impl Cloud for Bench {
    fn provider(&self) -> &dyn Provider {
        &self.sim
    }

    fn pass(&self, seconds: u32) {
        self.sim.advance(seconds).expect("the clock moves");
    }

    fn ground(&self) -> Ground {
        Ground {
            subscriptions: ["a".into(), "b".into()],
            group: ("mg".into(), "qg".into()),
            region: "eastus2".into(),
            family: "standardDSv5Family".into(),
            cores: 64,
            sku: "Standard_D4s_v5".into(),
            vcpus: 4,
            registry: "registry".into(),
            gateway: ["c".into(), "rg-edge".into(), "agw".into()],
        }
    }
}

async fn keeps_the_laws(extra: &str, on_disk: bool) {
    let spec = WorldSpec::from_yaml(&format!("{WORLD}{extra}")).expect("a world");
    let make = || {
        if !on_disk {
            let sim = Sim::in_memory(&spec).expect("a cloud");
            return Bench { sim, _dir: None };
        }
        let dir = tempfile::tempdir().expect("a folder");
        let sim = Sim::open(dir.path(), &spec).expect("a cloud");
        Bench {
            sim,
            _dir: Some(dir),
        }
    };
    if let Err(broken) = conformance::check(make).await {
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        panic!("{}", broken.join("\n"));
    }
}

#[tokio::test]
async fn at_once() {
    keeps_the_laws("", false).await;
}

#[tokio::test]
async fn slowly() {
    keeps_the_laws(
        "latency: { quota_allocation: 30, resource_group: 60, capacity_reservation: 20, \
         scale_set: 120, sql_server: 60, sql_database: 45, backup: 120, copy: 300 }",
        false,
    )
    .await;
}

#[tokio::test]
async fn on_disk() {
    keeps_the_laws("switches: { fsync: false }", true).await;
}

#[tokio::test]
async fn with_a_lag() {
    keeps_the_laws("switches: { observe_lag_seconds: 60 }", false).await;
}
