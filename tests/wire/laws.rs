//! The laws that hold for every provider hold through the wire.

use stampctl_azure::Places;
use stampctl_azure::Vault;
use stampctl_contract::Provider;
use stampctl_contract::conformance;
use stampctl_contract::conformance::Cloud;
use stampctl_contract::conformance::Ground;
use stampctl_sim::WorldSpec;

use crate::served::Served;

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
            gateway: ["sub-vault", "rg-edge", "agw"].map(str::to_owned),
        }
    }
}

pub(crate) fn ground() -> WorldSpec {
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
  - { address: resource_group/sub-vault/rg-edge, settings: { region: eastus2, tags: {} } }
  - { address: gateway_pool/sub-vault/rg-edge/agw/standing, settings: { members: [] } }
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

pub(crate) fn places() -> Places {
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
