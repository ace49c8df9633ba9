//! A small fleet's world, and short words for what is done to it.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Provider;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;
use stampctl_contract::conformance::Cloud;
use stampctl_contract::conformance::Ground;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;

/// Two stamps of 8 × 8 cores, the first with a reservation, in one subscription.
pub(crate) const FLEET: &str = r#"
fleet: contoso
registry: contoso
subscriptions: { s1: one, s2: two }
quota_groups:
  - { name: qg, management_group: mg, subscriptions: [s1, s2],
      limits: [{ region: eastus2, family: standardDSv5Family, cores: 640 }] }
reservations:
  - { name: crg, subscription: s1, resource_group: rg-capacity, region: eastus2,
      zones: ["1", "2"], sku: Standard_D8s_v5 }
stamps:
  - { id: a, subscription: s1, region: eastus2, zones: ["1", "2"], sku: Standard_D8s_v5,
      instances: 8, quota_group: qg, reservation: crg,
      ingress: { subscription: s1, resource_group: rg-ingress, profile: fd, group: g, host: a.test },
      metrics: { cpu: 42.5, memory: 30, dtu: 10, connections: 40 } }
  - { id: b, subscription: s1, region: eastus2, zones: ["1", "2"], sku: Standard_D8s_v5,
      instances: 8, quota_group: qg, isolation: database,
      ingress: { subscription: s1, resource_group: rg-ingress, profile: fd, group: g, host: b.test } }
tenants:
  - { id: ann, stamp: a, users: 150, requests: 500, measured: { cpu_millicores: 900 } }
  - { id: bob, stamp: a, users: 20, held: true }
"#;

pub(crate) const QUOTA: &str = "quota/s1/eastus2/standardDSv5Family";
pub(crate) const GROUP: &str = "group_quota/mg/qg/eastus2/standardDSv5Family";
pub(crate) const ALLOCATION: &str = "quota_allocation/mg/qg/s1/eastus2/standardDSv5Family";
pub(crate) const CRG: &str = "capacity_reservation/s1/rg-capacity/crg";
pub(crate) const ORIGIN: &str = "origin/s1/rg-ingress/fd/g/origin-a";

pub(crate) struct Bench(pub(crate) Sim);

pub(crate) fn fleet() -> Bench {
    fleet_with("")
}

pub(crate) fn fleet_with(extra: &str) -> Bench {
    Bench(Sim::in_memory(&spec(extra)).expect("a world"))
}

pub(crate) fn spec(extra: &str) -> WorldSpec {
    WorldSpec::from_yaml(&format!("{FLEET}{extra}")).expect("a world file")
}

/// Runs a future that never waits: the simulated cloud answers at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

pub(crate) fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

pub(crate) fn settings(json: &str) -> Settings {
    serde_json::from_str(json).expect("settings")
}

pub(crate) fn change(address: &str, verb: Verb) -> Operation {
    Operation {
        address: at(address),
        verb,
        precondition: Precondition::Any,
    }
}

pub(crate) fn put(address: &str, json: &str) -> Operation {
    let settings = settings(json);
    change(address, Verb::Put { settings })
}

pub(crate) fn patch(address: &str, json: &str) -> Operation {
    let settings = settings(json);
    change(address, Verb::Patch { settings })
}

pub(crate) fn copy(to: &str, from: &str, tenant: &str) -> Operation {
    let (from, tenant) = (at(from), tenant.to_owned());
    change(to, Verb::Copy { from, tenant })
}

impl Bench {
    pub(crate) fn try_do(&self, operation: &Operation) -> Result<Outcome, Fault> {
        now(self.0.perform(operation, "test"))
    }

    #[track_caller]
    pub(crate) fn done(&self, operation: &Operation) {
        let outcome = self.try_do(operation);
        assert!(
            matches!(outcome, Ok(Outcome::Done(_))),
            "{operation:?}: {outcome:?}"
        );
    }

    #[track_caller]
    pub(crate) fn refused(&self, operation: &Operation, class: FaultClass) {
        let before = self.0.show().expect("a world").resources;
        let fault = self.try_do(operation).expect_err("it is refused");
        assert_eq!(fault.class, class, "{fault}");
        assert_eq!(self.0.show().expect("a world").resources, before);
    }

    pub(crate) fn read(&self, address: &str) -> Option<Resource> {
        now(self.0.read(&at(address))).expect("a read")
    }

    #[track_caller]
    pub(crate) fn get(&self, address: &str) -> Resource {
        self.read(address)
            .unwrap_or_else(|| panic!("{address} is not there"))
    }

    #[track_caller]
    pub(crate) fn int(&self, address: &str, name: &str) -> i64 {
        let resource = self.get(address);
        resource
            .int(name)
            .unwrap_or_else(|| panic!("{name} of {address}"))
    }

    #[track_caller]
    pub(crate) fn text(&self, address: &str, name: &str) -> String {
        let resource = self.get(address);
        resource
            .text(name)
            .unwrap_or_else(|| panic!("{name} of {address}"))
            .to_owned()
    }

    pub(crate) fn truth(&self, address: &str, name: &str) -> Option<bool> {
        self.get(address).get(name).and_then(Value::as_bool)
    }

    pub(crate) fn pass(&self, seconds: u32) {
        self.0.advance(seconds).expect("the clock moves");
    }

    pub(crate) fn lost(&self) -> i64 {
        let lost = self.0.lost_quota().expect("a ledger");
        lost.iter().map(|one| one.cores).sum()
    }

    /// Releases all compute of a stamp, the way X-70 says.
    pub(crate) fn release(&self, stamp: &str) {
        for zone in ["1", "2"] {
            let set = format!("scale_set/s1/rg-stamp-{stamp}/vmss-stamp-{stamp}-zone{zone}");
            self.done(&patch(&set, r#"{"power": "deallocated"}"#));
            self.done(&patch(&set, r#"{"instances": 0, "reservation": ""}"#));
        }
    }

    #[track_caller]
    pub(crate) fn allocate(&self, cores: i64) {
        self.done(&put(ALLOCATION, &format!(r#"{{"cores": {cores}}}"#)));
    }

    /// The group's cores are all somewhere.
    #[track_caller]
    pub(crate) fn conserved(&self) {
        let all = self.0.show().expect("a world").resources;
        let cores = all.iter().filter_map(|it| it.int("cores"));
        let sum = self.int(GROUP, "available") + cores.sum::<i64>();
        assert_eq!(sum, self.int(GROUP, "limit"));
    }
}

/// The ground on which every provider is tested.
pub(crate) fn ground() -> Bench {
    let text = "
subscriptions: { a: one, b: two, c: three }
resources:
  - { address: resource_group/c/rg-edge, settings: { region: eastus2, tags: {} } }
quota_groups:
  - { name: qg, management_group: mg, subscriptions: [a, b],
      limits: [{ region: eastus2, family: standardDSv5Family, cores: 64 }] }
";
    let spec = WorldSpec::from_yaml(text).expect("a world file");
    Bench(Sim::in_memory(&spec).expect("a world"))
}

impl Cloud for Bench {
    fn provider(&self) -> &dyn Provider {
        &self.0
    }

    fn pass(&self, seconds: u32) {
        self.0.advance(seconds).expect("the clock moves");
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
