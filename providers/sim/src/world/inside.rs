//! Resources inside others: where each must be, what it refuses to become, and what goes with it.
//! Pure.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::World;
use super::schema::conflict;
use super::schema::int;
use super::schema::permanent;
use super::schema::text;

impl World {
    /// Refuses a database in a pool that its server does not have.
    pub(crate) fn judge_pooled(&self, database: &Address, new: &Settings) -> Result<(), Fault> {
        match pool_of(database, new) {
            Some(pool) if !self.resources.contains_key(&pool) => Err(permanent(
                "TargetElasticPoolDoesNotExist",
                format!("{pool} does not exist"),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses a cluster without a region, or in another than it was made in.
    pub(crate) fn judge_cluster(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let region = text(new, "region");
        let old = self.resources.get(address);
        let old = old.map(|entry| text(&entry.settings, "region"));
        if region.is_empty() || old.is_some_and(|old| old != region) {
            let why = format!("{address}: `region` is given once, when the cluster is made");
            return Err(permanent("InvalidParameter", why));
        }
        Ok(())
    }

    /// Refuses a pool of nodes that is not where its cluster is, that would become another, or
    /// that there is no quota or no room for.
    pub(crate) fn judge_node_pool(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let cluster = parent_of(address).and_then(|cluster| self.resources.get(&cluster));
        let region = cluster.map_or("", |cluster| text(&cluster.settings, "region"));
        if text(new, "region") != region {
            let why = format!("{address}: its cluster is in `{region}`");
            return Err(permanent("InvalidParameter", why));
        }
        if let Some(entry) = self.resources.get(address) {
            let old = &entry.settings;
            for fixed in ["zones", "sku", "family", "vcpus", "reservation"] {
                if old.get(fixed) != new.get(fixed) {
                    let why = format!("`{fixed}` of a pool of nodes cannot change");
                    return Err(permanent("PropertyChangeNotAllowed", why));
                }
            }
        }
        self.judge_scale_set(address, new)
    }

    /// Refuses a container without a key, and another key than it was made with.
    pub(crate) fn judge_container(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let key = text(new, "partition_key");
        let old = self.resources.get(address);
        let old = old.map(|entry| text(&entry.settings, "partition_key"));
        if !key.starts_with('/') || old.is_some_and(|old| old != key) {
            let why = format!("{address}: `partition_key` is a path, given once when it is made");
            return Err(permanent("BadRequest", why));
        }
        Ok(())
    }

    /// Refuses to take away a pool that a database is in.
    pub(crate) fn judge_pool_goes(&self, pool: &Address) -> Result<(), Fault> {
        let server = pool.parts().take(3).collect::<Vec<_>>().join("/");
        let mut databases = self.beneath(Kind::SqlDatabase, &server);
        let inside = databases
            .find(|(database, entry)| pool_of(database, &entry.settings).as_ref() == Some(pool));
        match inside {
            Some((database, _)) => {
                let why = format!("{database} is in {pool}");
                Err(conflict("ElasticPoolNotEmpty", why))
            }
            None => Ok(()),
        }
    }

    /// Refuses to take away a product that somebody is subscribed to.
    pub(crate) fn judge_product_goes(&self, product: &Address) -> Result<(), Fault> {
        let service = product.parts().take(3).collect::<Vec<_>>().join("/");
        let mut subscriptions = self.beneath(Kind::ApiSubscription, &service);
        let taken = subscriptions.find(|(_, entry)| {
            let named = text(&entry.settings, "product");
            named.rsplit('/').next() == Some(product.name())
        });
        match taken {
            Some((subscription, _)) => {
                let why = format!("{subscription} is to {product}");
                Err(conflict("ProductHasSubscriptions", why))
            }
            None => Ok(()),
        }
    }

    /// What is kept in a registry's container: the provider keeps a registry in the container
    /// `registry` of the database `stampctl`, in the account of the registry's name.
    pub(crate) fn items_of(&self, container: &Address) -> Vec<Address> {
        let part = |name| container.part(name).unwrap_or_default();
        if (part("database"), part("name")) != ("stampctl", "registry") {
            return Vec::new();
        }
        let items = self.beneath(Kind::RegistryItem, part("account"));
        items.map(|(item, _)| item.clone()).collect()
    }

    /// Refuses a profile without a size, and another size than it was made with.
    pub(crate) fn judge_profile(&self, address: &Address, new: &Settings) -> Result<(), Fault> {
        let sku = text(new, "sku");
        let old = self.resources.get(address);
        let old = old.map(|entry| text(&entry.settings, "sku"));
        if sku.is_empty() || old.is_some_and(|old| old != sku) {
            let why = format!("{address}: `sku` is given once, when the profile is made");
            return Err(permanent("BadRequest", why));
        }
        Ok(())
    }
}

/// Refuses a pool without a size.
pub(crate) fn judge_pool(address: &Address, new: &Settings) -> Result<(), Fault> {
    if !text(new, "sku").is_empty() && (1..=1_000_000).contains(&int(new, "capacity")) {
        return Ok(());
    }
    let why = format!("{address} wants `sku`, and a `capacity` above 0");
    Err(permanent("ElasticPoolSkuCombinationInvalid", why))
}

/// The elastic pool that a database of these settings is in.
pub(crate) fn pool_of(database: &Address, settings: &Settings) -> Option<Address> {
    let pool = text(settings, "sku").strip_prefix("pool:")?;
    let mut parts: Vec<&str> = database.parts().take(3).collect();
    parts.push(pool);
    Address::new(Kind::ElasticPool, &parts).ok()
}

/// Refuses probes that are too often or too rare.
pub(crate) fn judge_probe(address: &Address, new: &Settings) -> Result<(), Fault> {
    let probes = !text(new, "probe").is_empty();
    if probes && !(1..=255).contains(&int(new, "interval")) {
        let why = format!("{address}: `interval` is within 1 and 255 seconds");
        return Err(permanent("BadRequest", why));
    }
    Ok(())
}

/// Refuses an endpoint without a host, and weights that there are not.
pub(crate) fn judge_endpoint(address: &Address, new: &Settings) -> Result<(), Fault> {
    if text(new, "host").is_empty() || !(1..=1000).contains(&int(new, "weight")) {
        let why = format!("{address} wants `host`, and a `weight` within 1 and 1000");
        return Err(permanent("BadRequest", why));
    }
    Ok(())
}

/// Refuses members that are no texts, or empty.
pub(crate) fn judge_members(address: &Address, new: &Settings) -> Result<(), Fault> {
    let members = new.get("members").and_then(Value::as_list).unwrap_or(&[]);
    let named = |member: &Value| member.as_str().is_some_and(|name| !name.is_empty());
    if members.iter().all(named) {
        return Ok(());
    }
    let why = format!("{address}: a member is a host name or an address");
    Err(permanent("InvalidRequestFormat", why))
}

/// Refuses states that a product cannot be in.
pub(crate) fn judge_product(address: &Address, new: &Settings) -> Result<(), Fault> {
    if matches!(text(new, "state"), "published" | "notPublished") && !text(new, "title").is_empty()
    {
        return Ok(());
    }
    let why = format!("{address} wants `title`, and a `state` of `published` or `notPublished`");
    Err(permanent("ValidationError", why))
}

/// Whether a resource of kind `inner` goes with one of kind `outer` that it is in.
pub(crate) fn goes_with(inner: Kind, outer: Kind) -> bool {
    match outer {
        Kind::Subscription => inner.parts().first() == Some(&"subscription"),
        Kind::ResourceGroup => inner.parts().get(1) == Some(&"resource_group"),
        Kind::Cluster => inner == Kind::NodePool,
        Kind::SqlServer => matches!(
            inner,
            Kind::ElasticPool | Kind::SqlDatabase | Kind::TenantSchema
        ),
        Kind::SqlDatabase => inner == Kind::TenantSchema,
        Kind::StorageAccount => inner == Kind::BlobContainer,
        Kind::IngressProfile => matches!(
            inner,
            Kind::IngressEndpoint | Kind::OriginGroup | Kind::Origin
        ),
        Kind::OriginGroup => inner == Kind::Origin,
        Kind::QuotaGroup => matches!(inner, Kind::GroupQuota | Kind::QuotaAllocation),
        Kind::ApiSubscription => inner == Kind::ApiPolicy,
        _ => false,
    }
}

/// What must exist before the resource can. For an origin its ingress is always there,
/// as a Traffic Manager profile, a gateway of either kind and a registry are for theirs.
pub(crate) fn parent_of(address: &Address) -> Option<Address> {
    let parts: Vec<&str> = address.parts().collect();
    let (kind, take) = match address.kind() {
        Kind::CapacityReservation
        | Kind::ScaleSet
        | Kind::Cluster
        | Kind::SqlServer
        | Kind::StorageAccount
        | Kind::IngressProfile
        | Kind::TrafficEndpoint
        | Kind::GatewayPool
        | Kind::RegistryContainer
        | Kind::Alert
        | Kind::Lock => (Kind::ResourceGroup, 2),
        Kind::IngressEndpoint | Kind::OriginGroup => (Kind::IngressProfile, 3),
        Kind::NodePool => (Kind::Cluster, 3),
        Kind::ElasticPool | Kind::SqlDatabase => (Kind::SqlServer, 3),
        Kind::TenantSchema => (Kind::SqlDatabase, 4),
        Kind::BlobContainer => (Kind::StorageAccount, 3),
        Kind::ApiPolicy => (Kind::ApiSubscription, 4),
        Kind::Subscription
        | Kind::Quota
        | Kind::QuotaGroup
        | Kind::GroupQuota
        | Kind::QuotaAllocation
        | Kind::ResourceGroup
        | Kind::Origin
        | Kind::ApiProduct
        | Kind::ApiUser
        | Kind::ApiSubscription
        | Kind::Backup
        | Kind::RegistryItem
        | Kind::StampMetrics
        | Kind::TenantMetrics
        | Kind::Health => return None,
    };
    Address::new(kind, parts.get(..take)?).ok()
}
