//! One stamp: its resources, its tags, and what it holds of quota.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::model::Fleet;
use crate::model::QuotaKey;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::names;
use crate::model::stamp::Isolation;
use crate::model::stamp::Shape;
use crate::observe::Inventory;

/// The tag that says which stamp a resource belongs to.
pub const TAG_STAMP: &str = "StampId";
/// The tag that says which fleet a resource belongs to.
pub const TAG_FLEET: &str = "stampctl-fleet";
/// The tag that repeats the stamp's state.
pub const TAG_STATUS: &str = "Status";
/// The tag that repeats the stamp's number of tenants.
pub const TAG_TENANTS: &str = "TenantCount";
/// The tag that repeats the stamp's kind.
pub const TAG_TYPE: &str = "StampType";

/// A resource to be: where, and every writable setting.
pub type Drawn = (Address, Settings);

/// What one stamp is made of.
#[derive(Clone, Debug)]
pub struct StampBlueprint {
    /// Its id.
    pub id: StampId,
    /// Which generation of the id this is (design §11.7).
    pub generation: u32,
    /// The name of this generation.
    pub physical: String,
    /// Its shape.
    pub shape: Shape,
    /// Its registry entry.
    pub item: Address,
    /// Its resource group, with the tags that do not depend on its state.
    pub group: Drawn,
    /// Its SQL server.
    pub sql_server: Drawn,
    /// The database that its tenants share; `None` where each has its own.
    pub shared_database: Option<Drawn>,
    /// Where such a database is, or would be.
    pub common_database: Address,
    /// Its storage account.
    pub storage: Drawn,
    /// Its scale sets, by zone.
    pub scale_sets: Vec<Drawn>,
    /// Its origin, enabled; `None` without ingress.
    pub origin: Option<Drawn>,
    /// Its health alert.
    pub alert: Drawn,
    /// Its lock, if it is protected.
    pub lock: Option<Drawn>,
    /// What health probes say of it.
    pub health: Address,
    /// What is measured of it.
    pub metrics: Address,
    /// The account that its cores come from; `None`: its subscription's own quota.
    pub account: Option<QuotaKey>,
}

impl StampBlueprint {
    /// The tags of its resource group in a state and with a number of tenants, over what else
    /// is tagged there.
    pub fn group_tags(&self, seen: Option<&Value>, status: StampState, tenants: u32) -> Value {
        let mut tags = seen.and_then(Value::as_map).cloned().unwrap_or_default();
        if let Some(own) = self.group.1.get("tags").and_then(Value::as_map) {
            tags.extend(own.clone());
        }
        tags.insert(TAG_STATUS.to_owned(), Value::text(status_word(status)));
        tags.insert(TAG_TENANTS.to_owned(), Value::text(tenants.to_string()));
        Value::Map(tags)
    }

    /// The same resource without traffic.
    pub fn origin_disabled(&self) -> Option<Drawn> {
        self.origin.clone().map(|(address, mut settings)| {
            settings.insert("enabled".to_owned(), false.into());
            (address, settings)
        })
    }

    /// Where its lock is, whether it has one or not.
    pub fn lock_address(&self) -> Option<Address> {
        let group = self.group.0.part("resource_group")?;
        let parts = [
            self.shape.subscription.as_str(),
            group,
            &names::lock(&self.physical),
        ];
        Address::new(Kind::Lock, &parts).ok()
    }

    /// Cores of all its machines.
    pub fn cores(&self) -> u64 {
        self.shape.compute.cores()
    }
}

/// The tag's word for a state: what people search for in the portal (S0-30).
pub fn status_word(state: StampState) -> &'static str {
    match state {
        StampState::Creating => "Creating",
        StampState::Active => "Active",
        StampState::Draining => "Draining",
        StampState::Ready => "Standby",
        StampState::Isolated => "Isolated",
        StampState::Failed => "Failed",
        StampState::Releasing | StampState::QuotaReturned => "Releasing",
        StampState::Deleting | StampState::Deleted => "Retired",
    }
}

/// The generation that a plan works on: the one that exists, or the one after the last that was.
pub fn generation(inventory: &Inventory, stamp: &StampId) -> u32 {
    match inventory.stamps.get(stamp) {
        None => 1,
        Some(seen) if seen.state == StampState::Deleted => seen.generation + 1,
        Some(seen) => seen.generation,
    }
}

/// Draws one stamp.
pub(super) fn draw(
    fleet: &Fleet,
    inventory: &Inventory,
    stamp: &Stamp,
    shape: &Shape,
) -> Result<StampBlueprint, AddressError> {
    let generation = generation(inventory, &stamp.id);
    let physical = names::generation(&stamp.id, generation);
    let site = Site {
        shape,
        physical: &physical,
        group: names::resource_group(&physical),
    };
    let own = own_tags(fleet, &stamp.id);
    let group_tags = group_tags(stamp, shape, &own);
    let region = || ("region".to_owned(), Value::text(shape.region.shared()));
    let tags = || ("tags".to_owned(), Value::Map(own.clone()));
    let sku = |name: &str| ("sku".to_owned(), Value::text(name));
    let server = names::sql_server(&physical);
    let common = [
        site.subscription(),
        &site.group,
        &server,
        names::SHARED_DATABASE,
    ];
    let common_database = Address::new(Kind::SqlDatabase, &common)?;
    Ok(StampBlueprint {
        id: stamp.id.clone(),
        generation,
        item: Address::new(
            Kind::RegistryItem,
            &[&fleet.registry, "stamps", stamp.id.as_str()],
        )?,
        group: (
            Address::new(Kind::ResourceGroup, &[site.subscription(), &site.group])?,
            Settings::from([region(), ("tags".to_owned(), Value::Map(group_tags))]),
        ),
        sql_server: (
            site.at(Kind::SqlServer, &server)?,
            Settings::from([region(), tags()]),
        ),
        shared_database: match shape.isolation {
            Isolation::Database => None,
            Isolation::Schema | Isolation::Rows => {
                let settings = Settings::from([sku(&shape.sql_sku), tags()]);
                Some((common_database.clone(), settings))
            }
        },
        common_database,
        storage: (
            site.at(Kind::StorageAccount, &names::storage_account(&physical))?,
            Settings::from([region(), sku(&shape.storage_sku), tags()]),
        ),
        scale_sets: scale_sets(fleet, &site, &own)?,
        origin: origin(&site)?,
        alert: (
            site.at(Kind::Alert, &names::health_alert(&physical))?,
            Settings::from([
                ("enabled".to_owned(), true.into()),
                ("target".to_owned(), Value::text(stamp.id.shared())),
                tags(),
            ]),
        ),
        lock: stamp.protect.then(|| site.lock()).transpose()?,
        health: Address::new(Kind::Health, &[site.subscription(), &site.group])?,
        metrics: Address::new(Kind::StampMetrics, &[site.subscription(), &site.group])?,
        account: shape.quota_group.clone().map(|group| QuotaKey {
            group,
            region: shape.region.clone(),
            family: shape.compute.sku.family.clone(),
        }),
        shape: shape.clone(),
        physical,
    })
}

/// Where a stamp's resources are.
struct Site<'a> {
    shape: &'a Shape,
    physical: &'a str,
    group: String,
}

impl Site<'_> {
    fn subscription(&self) -> &str {
        self.shape.subscription.as_str()
    }

    fn lock(&self) -> Result<Drawn, AddressError> {
        let settings = Settings::from([("level".to_owned(), Value::text("CanNotDelete"))]);
        Ok((self.at(Kind::Lock, &names::lock(self.physical))?, settings))
    }

    fn at(&self, kind: Kind, name: &str) -> Result<Address, AddressError> {
        Address::new(kind, &[self.subscription(), &self.group, name])
    }
}

fn own_tags(fleet: &Fleet, stamp: &StampId) -> BTreeMap<String, Value> {
    BTreeMap::from([
        (TAG_STAMP.to_owned(), Value::text(stamp.shared())),
        (TAG_FLEET.to_owned(), Value::text(fleet.name.shared())),
    ])
}

/// The tags of the group: the manifest's, and over them our own.
fn group_tags(
    stamp: &Stamp,
    shape: &Shape,
    own: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let meant = stamp.tags.iter();
    let mut tags: BTreeMap<String, Value> = meant
        .map(|(name, value)| (name.clone(), Value::text(value.as_str())))
        .collect();
    tags.extend(own.clone());
    tags.insert(TAG_TYPE.to_owned(), Value::text(type_word(shape.kind)));
    tags
}

fn type_word(kind: StampKind) -> &'static str {
    match kind {
        StampKind::Shared => "Shared",
        StampKind::Dedicated => "Dedicated",
    }
}

fn scale_sets(
    fleet: &Fleet,
    site: &Site<'_>,
    own: &BTreeMap<String, Value>,
) -> Result<Vec<Drawn>, AddressError> {
    let shape = site.shape;
    let reservation = match &shape.capacity_reservation {
        None => Value::text(""),
        Some(name) => match fleet.capacity_reservations.get(name) {
            None => Value::text(""),
            Some(r) => {
                let parts = [r.subscription.as_str(), &r.resource_group, name.as_str()];
                Value::text(Address::new(Kind::CapacityReservation, &parts)?.to_string())
            }
        },
    };
    let split = shape.compute.split(shape.zones.len());
    let sets = shape.zones.iter().zip(split).map(|(zone, instances)| {
        let sku = &shape.compute.sku;
        let settings = Settings::from([
            ("region".to_owned(), Value::text(shape.region.shared())),
            ("zone".to_owned(), Value::text(zone.as_str())),
            ("sku".to_owned(), Value::text(sku.name.as_str())),
            ("family".to_owned(), Value::text(sku.family.as_str())),
            ("vcpus".to_owned(), sku.vcpus.into()),
            ("instances".to_owned(), instances.into()),
            ("power".to_owned(), Value::text("running")),
            ("reservation".to_owned(), reservation.clone()),
            ("tags".to_owned(), Value::Map(own.clone())),
        ]);
        Ok((
            site.at(Kind::ScaleSet, &names::scale_set(site.physical, zone))?,
            settings,
        ))
    });
    sets.collect()
}

/// An origin has no tags: Front Door keeps none.
fn origin(site: &Site<'_>) -> Result<Option<Drawn>, AddressError> {
    let Some(ingress) = &site.shape.ingress else {
        return Ok(None);
    };
    let name = names::origin(site.physical);
    let parts = [
        ingress.subscription.as_str(),
        &ingress.resource_group,
        &ingress.profile,
        &ingress.group,
        &name,
    ];
    let settings = Settings::from([
        ("host".to_owned(), Value::text(ingress.host.as_str())),
        ("weight".to_owned(), ingress.weight.into()),
        ("enabled".to_owned(), true.into()),
    ]);
    Ok(Some((Address::new(Kind::Origin, &parts)?, settings)))
}
