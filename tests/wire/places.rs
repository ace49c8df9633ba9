//! A fleet and its world, made ready for both ways: what a fleet on Azure has to have, what the
//! operator has beside it, and where the operator says that all of it is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::manifest::Loaded;
use stampctl::model::Fleet;
use stampctl::model::ProviderRef;
use stampctl::model::stamp::Ingress;
use stampctl::model::stamp::Isolation;
use stampctl::model::stamp::Shape;
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

use crate::script::Variant;

/// The subscription of what outlives every stamp; no fleet has it.
const PLATFORM: &str = "platform-backup";
const PLATFORM_ID: &str = "99999999-9999-9999-9999-999999999999";

/// Reads an example as a command of its script does.
pub(crate) fn load(example: &Path, variant: &Variant) -> Loaded {
    manifest::load(&LoadRequest {
        path: example.to_owned(),
        environment: variant.environment.clone(),
        variables: variant.variables.clone(),
    })
}

/// The fleet with a database for each tenant, as a fleet on Azure must have it (design §11.28).
pub(crate) fn with_databases(mut fleet: Fleet) -> Fleet {
    let stamps = fleet.stamps.values_mut();
    let shapes = stamps.filter_map(|stamp| stamp.shape.as_mut());
    for shape in shapes.chain(fleet.pools.values_mut().map(|pool| &mut pool.shape)) {
        shape.isolation = Isolation::Database;
    }
    fleet
}

/// The same fleet on Azure.
pub(crate) fn on_azure(fleet: &Fleet) -> Fleet {
    let groups = fleet.quota_groups.values();
    let above = groups.map(|group| group.management_group.clone()).next();
    Fleet {
        provider: ProviderRef::Azure {
            management_group: above.unwrap_or_default(),
        },
        ..fleet.clone()
    }
}

/// The world that an example begins in, with a database for each tenant, and with what the
/// operator has beside the fleet: the resource groups of ingress and gateway, the home of
/// backups.
pub(crate) fn world(example: &Path, fleet: &Fleet) -> WorldSpec {
    let ProviderRef::Sim { world } = &fleet.provider else {
        panic!("an example lives in the simulated cloud");
    };
    let mut spec = match world {
        Some(file) => {
            let text = std::fs::read_to_string(example.join(file)).expect("a world");
            WorldSpec::from_yaml(&text).expect("a world")
        }
        None => declared(fleet),
    };
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    for stamp in &mut spec.stamps {
        stamp.isolation = IsolationSpec::Database;
    }
    let region = regions(fleet, &spec).into_iter().next().expect("a region");
    let beside = groups_beside(fleet, &spec);
    for (subscription, group) in &beside {
        place(
            &mut spec,
            Kind::ResourceGroup,
            &[subscription, group],
            &region,
            &[],
        );
    }
    let vault = vault(region.clone());
    let id = PLATFORM_ID.to_owned();
    spec.subscriptions.insert(PLATFORM.to_owned(), id);
    let group = [PLATFORM, &vault.resource_group];
    place(&mut spec, Kind::ResourceGroup, &group, &region, &[]);
    let server = [PLATFORM, &vault.resource_group, &vault.server];
    place(&mut spec, Kind::SqlServer, &server, &region, &[]);
    let account = [PLATFORM, &vault.resource_group, &vault.account];
    let sku = [("sku", Value::text("Standard_LRS"))];
    place(&mut spec, Kind::StorageAccount, &account, &region, &sku);
    spec
}

/// The cloud of a fleet that names no world.
fn declared(fleet: &Fleet) -> WorldSpec {
    let subscriptions = fleet.subscriptions.values();
    let groups = fleet.quota_groups.values().map(|group| {
        let limits = group.limits.iter().map(|limit| LimitSpec {
            region: limit.region.to_string(),
            family: limit.family.clone(),
            cores: u32::try_from(limit.cores.0).expect("few"),
        });
        let members = group.subscriptions.iter();
        GroupSpec {
            name: group.name.to_string(),
            management_group: group.management_group.clone(),
            subscriptions: members.map(ToString::to_string).collect(),
            limits: limits.collect(),
            allocations: Vec::new(),
        }
    });
    WorldSpec::declared(
        subscriptions.map(|one| (one.name.to_string(), one.id.clone())),
        groups,
    )
}

/// What the operator's file of places says, where it is not what the manifest knows.
pub(crate) fn places(fleet: &Fleet, spec: &WorldSpec) -> Places {
    let regions = regions(fleet, spec);
    let region = regions.first().expect("a region").clone();
    let gateway = fleet.api.as_ref().map(|api| {
        [
            api.subscription.to_string(),
            api.resource_group.clone(),
            api.service.clone(),
        ]
    });
    Places {
        subscriptions: spec.subscriptions.clone(),
        regions: regions.into_iter().collect(),
        workspaces: vec!["la-platform".to_owned()],
        origin_groups: origin_groups(fleet, spec).into_iter().collect(),
        gateways: gateway.into_iter().collect(),
        vaults: BTreeMap::from([(fleet.vault.clone(), vault(region))]),
        ..Places::default()
    }
}

/// Whether something lies in the home of backups.
pub(crate) fn is_in_vault(address: &Address) -> bool {
    address.part("subscription") == Some(PLATFORM)
        && matches!(address.kind(), Kind::SqlDatabase | Kind::BlobContainer)
}

fn vault(region: String) -> Vault {
    Vault {
        subscription: PLATFORM.to_owned(),
        resource_group: "rg-backup".to_owned(),
        server: "sql-backup".to_owned(),
        account: "stbackup".to_owned(),
        region,
    }
}

fn shapes(fleet: &Fleet) -> impl Iterator<Item = &Shape> {
    let stamps = fleet.stamps.values();
    let stamps = stamps.filter_map(|stamp| stamp.shape.as_ref());
    stamps.chain(fleet.pools.values().map(|pool| &pool.shape))
}

/// Every region in which the fleet has or had something.
fn regions(fleet: &Fleet, spec: &WorldSpec) -> BTreeSet<String> {
    let meant = shapes(fleet).map(|shape| shape.region.to_string());
    let there = spec.stamps.iter().map(|stamp| stamp.region.clone());
    meant.chain(there).collect()
}

/// Every origin group that the fleet uses or used.
fn origin_groups(fleet: &Fleet, spec: &WorldSpec) -> BTreeSet<[String; 4]> {
    let meant = |ingress: &Ingress| {
        [
            ingress.subscription.to_string(),
            ingress.resource_group.clone(),
            ingress.profile.clone(),
            ingress.group.clone(),
        ]
    };
    let meant = shapes(fleet)
        .filter_map(|shape| shape.ingress.as_ref())
        .map(meant);
    let there = spec
        .stamps
        .iter()
        .filter_map(|stamp| stamp.ingress.as_ref());
    let there = there.map(|ingress| {
        [
            ingress.subscription.clone(),
            ingress.resource_group.clone(),
            ingress.profile.clone(),
            ingress.group.clone(),
        ]
    });
    meant.chain(there).collect()
}

/// The resource groups of ingress and gateway, with their subscriptions.
fn groups_beside(fleet: &Fleet, spec: &WorldSpec) -> BTreeSet<(String, String)> {
    let ingress = origin_groups(fleet, spec).into_iter();
    let ingress = ingress.map(|[subscription, group, ..]| (subscription, group));
    let gateway = fleet.api.iter();
    let gateway = gateway.map(|api| (api.subscription.to_string(), api.resource_group.clone()));
    ingress.chain(gateway).collect()
}

/// Adds a resource that the world file is silent about.
fn place(spec: &mut WorldSpec, kind: Kind, parts: &[&str], region: &str, more: &[(&str, Value)]) {
    let address = Address::new(kind, parts).expect("an address");
    if spec.resources.iter().any(|known| known.address == address) {
        return;
    }
    let mut settings = Settings::from([
        ("region".to_owned(), Value::text(region)),
        ("tags".to_owned(), Value::Map(BTreeMap::new())),
    ]);
    let more = more
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    settings.extend(more);
    spec.resources.push(ResourceSpec { address, settings });
}
