//! Fleets whose plans perform every operation: the examples, each tenant with a database of its
//! own as Azure must have it, and small fleets for what no example does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::model::Fleet;
use stampctl::model::ProviderRef;
use stampctl::model::fleet::ApiGateway;
use stampctl::model::stamp::Isolation;
use stampctl_azure::Places;
use stampctl_azure::Vault;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_sim::WorldSpec;
use stampctl_sim::spec::GroupSpec;
use stampctl_sim::spec::IsolationSpec;
use stampctl_sim::spec::LimitSpec;
use stampctl_sim::spec::ResourceSpec;

/// A fleet, how its world begins, and where in Azure things are.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) fleet: Fleet,
    pub(crate) world: WorldSpec,
    pub(crate) places: Places,
}

impl Scenario {
    /// One example.
    pub(crate) fn example(name: &str, variables: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::load(name, &root.join("examples/fleets").join(name), variables)
    }

    /// A fleet of this test's own.
    pub(crate) fn own(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::load(name, &root.join("tests/matrix/fleets").join(name), &[])
    }

    fn load(name: &str, path: &Path, variables: &[(&str, &str)]) -> Self {
        let given = variables.iter();
        let loaded = manifest::load(&LoadRequest {
            path: path.to_owned(),
            environment: None,
            variables: given
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        });
        let fleet = loaded.fleet;
        let mut fleet = fleet.unwrap_or_else(|| panic!("{name}: {:#?}", loaded.diagnostics));
        apart(&mut fleet);
        let mut world = world(path, &fleet);
        for stamp in &mut world.stamps {
            stamp.isolation = IsolationSpec::Database;
        }
        // An increase that takes longer than a step may wait stops a run that is well.
        world.switches.group_increase_seconds = 600;
        world.registry.get_or_insert_with(|| fleet.registry.clone());
        world.fleet.get_or_insert_with(|| fleet.name.to_string());
        fleet.provider = ProviderRef::Azure {
            management_group: "mg-platform".to_owned(),
        };
        let places = furnish(&fleet, &mut world);
        Self {
            name: name.to_owned(),
            fleet,
            world,
            places,
        }
    }
}

/// Each tenant has a database of its own.
fn apart(fleet: &mut Fleet) {
    let stamps = fleet.stamps.values_mut();
    let stamps = stamps.filter_map(|stamp| stamp.shape.as_mut());
    for shape in stamps.chain(fleet.pools.values_mut().map(|pool| &mut pool.shape)) {
        shape.isolation = Isolation::Database;
    }
}

/// The world that `world.yaml` describes, or a cloud as the manifest declares it.
fn world(path: &Path, fleet: &Fleet) -> WorldSpec {
    let ProviderRef::Sim { world } = &fleet.provider else {
        panic!("an example lives in the simulated cloud");
    };
    if let Some(file) = world {
        let text = std::fs::read_to_string(path.join(file)).expect("a world");
        return WorldSpec::from_yaml(&text).expect("a world");
    }
    let subscriptions = fleet.subscriptions.values();
    let groups = fleet.quota_groups.values().map(|group| GroupSpec {
        name: group.name.to_string(),
        management_group: group.management_group.clone(),
        subscriptions: group
            .subscriptions
            .iter()
            .map(ToString::to_string)
            .collect(),
        limits: group
            .limits
            .iter()
            .map(|limit| LimitSpec {
                region: limit.region.to_string(),
                family: limit.family.clone(),
                cores: u32::try_from(limit.cores.0).expect("few"),
            })
            .collect(),
        allocations: Vec::new(),
    });
    WorldSpec::declared(
        subscriptions.map(|one| (one.name.to_string(), one.id.clone())),
        groups,
    )
}

/// Adds what stands beside a fleet: the group of its ingress, and a vault that outlives every
/// stamp.
fn furnish(fleet: &Fleet, world: &mut WorldSpec) -> Places {
    const VAULTS: &str = "sub-vault";
    const VAULTS_ID: &str = "99999999-9999-9999-9999-999999999999";
    let region = "eastus2";
    world
        .subscriptions
        .insert(VAULTS.to_owned(), VAULTS_ID.to_owned());
    let mut add = |kind, parts: &[&str], settings: &[(&str, &str)]| {
        let mut all = Settings::from([("tags".to_owned(), Value::Map(BTreeMap::new()))]);
        for (name, value) in settings {
            all.insert((*name).to_owned(), Value::text(*value));
        }
        let address = Address::new(kind, parts).expect("an address");
        if !world.resources.iter().any(|one| one.address == address) {
            world.resources.push(ResourceSpec {
                address,
                settings: all,
            });
        }
    };
    let here = [("region", region)];
    let stamps = fleet.stamps.values();
    let shapes = stamps.filter_map(|stamp| stamp.shape.as_ref());
    let shapes = shapes.chain(fleet.pools.values().map(|pool| &pool.shape));
    let mut groups = BTreeSet::new();
    for ingress in shapes.filter_map(|shape| shape.ingress.as_ref()) {
        let subscription = ingress.subscription.as_str();
        add(
            Kind::ResourceGroup,
            &[subscription, &ingress.resource_group],
            &here,
        );
        groups.insert([
            subscription.to_owned(),
            ingress.resource_group.clone(),
            ingress.profile.clone(),
            ingress.group.clone(),
        ]);
    }
    add(Kind::ResourceGroup, &[VAULTS, "rg-backup"], &here);
    add(Kind::SqlServer, &[VAULTS, "rg-backup", "sql-backup"], &here);
    let account = [("region", region), ("sku", "Standard_LRS")];
    add(
        Kind::StorageAccount,
        &[VAULTS, "rg-backup", "stbackup"],
        &account,
    );
    let vault = Vault {
        subscription: VAULTS.to_owned(),
        resource_group: "rg-backup".to_owned(),
        server: "sql-backup".to_owned(),
        account: "stbackup".to_owned(),
        region: region.to_owned(),
    };
    Places {
        subscriptions: world.subscriptions.clone(),
        regions: vec![region.to_owned()],
        workspaces: vec!["la-platform".to_owned()],
        gateways: fleet.api.iter().map(gateway).collect(),
        origin_groups: groups.into_iter().collect(),
        vaults: [(fleet.vault.clone(), vault)].into(),
        ..Places::default()
    }
}

/// Where the operator says that the fleet's gateway is.
fn gateway(api: &ApiGateway) -> [String; 3] {
    let subscription = api.subscription.to_string();
    [
        subscription,
        api.resource_group.clone(),
        api.service.clone(),
    ]
}
