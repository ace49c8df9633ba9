//! One resource as it is now, by direct GET.

mod quota;

use std::sync::Arc;

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::azure::Azure;
use crate::fault::permanent;
use crate::map::container;
use crate::map::edge;
use crate::map::gateway;
use crate::map::groups;
use crate::map::ingress;
use crate::map::json;
use crate::map::kubernetes;
use crate::map::network;
use crate::map::path;
use crate::map::reservation;
use crate::map::scale_set;
use crate::map::sku;
use crate::map::sql;
use crate::map::storage;
use crate::text::encode;

pub(crate) use quota::group_id;

impl Azure {
    /// The resource, or `None` where there certainly is none.
    pub(crate) async fn fetch(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        let mut found = self.glance(address).await?;
        if let Some(resource) = &mut found
            && matches!(address.kind(), Kind::SqlDatabase | Kind::BlobContainer)
        {
            self.add_content(address, &mut resource.settings).await?;
        }
        Ok(found)
    }

    /// The same without what is known of its content, which takes calls elsewhere.
    pub(crate) async fn glance(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        let settings = match address.kind() {
            Kind::RegistryItem => return self.item(address).await,
            Kind::Subscription => self.subscription(address).await?,
            Kind::Quota => self.quota(address).await?,
            Kind::QuotaGroup => self.quota_group(address).await?,
            Kind::GroupQuota => {
                let limit = self.group_limit(address).await?;
                limit.map(|limit| limit.settings())
            }
            Kind::QuotaAllocation => self.allocation(address).await?,
            Kind::CapacityReservation => self.reservation_settings(address).await?,
            Kind::ScaleSet => self.scale_set_settings(address).await?,
            Kind::NodePool => self.node_pool_settings(address).await?,
            Kind::GatewayPool => {
                let gateway = self.gateway(address).await?;
                let pool = gateway.as_ref();
                let pool = pool.and_then(|found| network::pool(found, address.name()));
                pool.map(network::read_pool)
            }
            Kind::Backup => self.backup(address).await?,
            Kind::StampMetrics | Kind::TenantMetrics => self.measure(address).await?,
            Kind::Health => self.health(address).await?,
            Kind::TenantSchema => return Err(no_schemas()),
            _ => self.plain(address).await?,
        };
        Ok(settings.map(|settings| Resource {
            address: address.clone(),
            settings,
            etag: None,
        }))
    }

    /// The ARM JSON at an address.
    pub(crate) async fn raw(&self, address: &Address) -> Result<Option<Json>, Fault> {
        let (id, version) = path::id(address, &self.places)?;
        self.client.get(&self.url(&id, version)).await
    }

    /// The URL of a path beneath Resource Manager.
    pub(crate) fn url(&self, path: &str, version: &str) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        let manager = &self.client.endpoints().manager;
        format!("{manager}{path}{joint}api-version={version}")
    }

    async fn plain(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let found = if address.kind() == Kind::ApiPolicy {
            let (id, version) = path::id(address, &self.places)?;
            let path = format!("{id}?format=rawxml");
            self.client.get(&self.url(&path, version)).await?
        } else {
            self.raw(address).await?
        };
        Ok(found.and_then(|found| read_plain(address.kind(), &found)))
    }

    /// The gateway that a backend pool is a part of.
    pub(crate) async fn gateway(&self, pool: &Address) -> Result<Option<Json>, Fault> {
        let (id, version) = path::id(pool, &self.places)?;
        let url = self.url(network::gateway_of(&id), version);
        self.client.get(&url).await
    }

    /// Adds what is known of the content: what the logs say, else what a listing of blobs says.
    async fn add_content(&self, address: &Address, settings: &mut Settings) -> Result<(), Fault> {
        if !self.places.workspaces.is_empty()
            && let Some(measured) = self.measure(address).await?
        {
            settings.extend(measured);
        }
        if address.kind() == Kind::BlobContainer
            && !settings.contains_key("digest")
            && let Some((records, digest)) = self.blob_content(address).await?
        {
            settings.insert("records".to_owned(), records.into());
            settings.insert("digest".to_owned(), digest.into());
        }
        Ok(())
    }

    async fn subscription(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let id = path::subscription(address.name(), &self.places);
        let found = self.client.get(&self.url(&id, path::SUBSCRIPTIONS)).await?;
        Ok(found.as_ref().map(groups::read_subscription))
    }

    /// A group of reservations with its instance view, and its reservations.
    pub(crate) async fn reservation(
        &self,
        address: &Address,
    ) -> Result<Option<reservation::Found>, Fault> {
        let (id, version) = path::id(address, &self.places)?;
        let url = self.url(&format!("{id}?$expand=instanceView"), version);
        let Some(group) = self.client.get(&url).await? else {
            return Ok(None);
        };
        let url = self.url(&format!("{id}/capacityReservations"), version);
        let reservations = self.client.list(&url).await?;
        Ok(Some(reservation::Found {
            group,
            reservations,
        }))
    }

    async fn reservation_settings(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let Some(found) = self.reservation(address).await? else {
            return Ok(None);
        };
        let unknown = reservation::unknown_size(&found).is_some();
        let sizes = self.sizes_for(unknown, address, &found.group).await?;
        Ok(reservation::read(&found, &sizes))
    }

    /// A scale set, with its instance view where it has instances.
    pub(crate) async fn scale_set(
        &self,
        address: &Address,
    ) -> Result<Option<scale_set::Found>, Fault> {
        let Some(model) = self.raw(address).await? else {
            return Ok(None);
        };
        let mut view = Json::Null;
        if json::int(&model, &["sku", "capacity"]) != Some(0) {
            let (id, version) = path::id(address, &self.places)?;
            let url = self.url(&format!("{id}/instanceView"), version);
            view = self.client.get(&url).await?.unwrap_or(Json::Null);
        }
        Ok(Some(scale_set::Found { model, view }))
    }

    async fn scale_set_settings(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let Some(found) = self.scale_set(address).await? else {
            return Ok(None);
        };
        let unknown = scale_set::unknown_size(&found.model).is_some();
        let sizes = self.sizes_for(unknown, address, &found.model).await?;
        Ok(Some(scale_set::read(&found, &sizes, &self.places)))
    }

    /// A pool of nodes, with where its cluster is.
    pub(crate) async fn node_pool(
        &self,
        address: &Address,
    ) -> Result<Option<kubernetes::Found>, Fault> {
        let Some(pool) = self.raw(address).await? else {
            return Ok(None);
        };
        let (id, version) = path::id(address, &self.places)?;
        let url = self.url(kubernetes::cluster_of(&id), version);
        let cluster = self.client.get(&url).await?;
        let location = cluster.as_ref();
        let location = location.and_then(|it| json::text(it, &["location"]));
        let location = location.map(str::to_owned);
        Ok(Some(kubernetes::Found { pool, location }))
    }

    async fn node_pool_settings(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let Some(found) = self.node_pool(address).await? else {
            return Ok(None);
        };
        let unknown = kubernetes::unknown_size(&found.pool).is_some();
        let place = serde_json::json!({"location": found.location});
        let sizes = self.sizes_for(unknown, address, &place).await?;
        Ok(Some(kubernetes::read_pool(&found, &sizes, &self.places)))
    }

    async fn sizes_for(
        &self,
        unknown: bool,
        address: &Address,
        resource: &Json,
    ) -> Result<Arc<sku::Catalogue>, Fault> {
        let region = json::text(resource, &["location"]).map(crate::text::region);
        match (region, address.part("subscription")) {
            (Some(region), Some(subscription)) if unknown => {
                self.sizes(subscription, &region).await
            }
            _ => Ok(Arc::default()),
        }
    }

    /// The sizes of a region, asked once.
    pub(crate) async fn sizes(
        &self,
        subscription: &str,
        region: &str,
    ) -> Result<Arc<sku::Catalogue>, Fault> {
        let mut kept = self.sizes.lock().await;
        if let Some(known) = kept.get(region) {
            return Ok(known.clone());
        }
        let items = self.offers(subscription, region).await?;
        let known = Arc::new(sku::catalogue(&items));
        kept.insert(region.to_owned(), known.clone());
        Ok(known)
    }

    /// The sizes of a region with this subscription's restrictions, as the cloud lists them.
    pub(crate) async fn offers(
        &self,
        subscription: &str,
        region: &str,
    ) -> Result<Vec<Json>, Fault> {
        let id = path::subscription(subscription, &self.places);
        let filter = encode(&format!("location eq '{region}'"));
        let path = format!("{id}/providers/Microsoft.Compute/skus?$filter={filter}");
        self.client.list(&self.url(&path, path::SKUS)).await
    }

    /// What the logs say of a resource group, with what the machines say themselves.
    async fn health(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let parts: Vec<&str> = address.parts().collect();
        let group = Address::new(Kind::ResourceGroup, &parts)
            .map_err(|error| permanent("InvalidAddress", error.to_string()))?;
        if self.raw(&group).await?.is_none() {
            return Ok(None);
        }
        let mut settings = Settings::new();
        if !self.places.workspaces.is_empty()
            && let Some(measured) = self.measure(address).await?
        {
            settings = measured;
        }
        if !settings.contains_key("live")
            && let Some(live) = self.machines_live(&group).await?
        {
            settings.insert("live".to_owned(), Value::Bool(live));
        }
        Ok(Some(settings))
    }

    /// Whether all machines of a resource group's scale sets run; `None` where there are none.
    async fn machines_live(&self, group: &Address) -> Result<Option<bool>, Fault> {
        let (id, _) = path::id(group, &self.places)?;
        let sets = format!("{id}/providers/Microsoft.Compute/virtualMachineScaleSets");
        let list = self.client.list(&self.url(&sets, path::COMPUTE)).await?;
        let (mut running, mut all) = (0, 0);
        for set in &list {
            let Some(name) = json::text(set, &["name"]) else {
                continue;
            };
            let view = format!("{sets}/{}/instanceView", encode(name));
            let view = self.client.get(&self.url(&view, path::COMPUTE)).await?;
            let (up, there) = view.as_ref().map_or((0, 0), scale_set::counts);
            running += up;
            all += there;
        }
        Ok((all > 0).then_some(running == all))
    }
}

/// The settings of a kind that is one ARM resource and no more.
pub(crate) fn read_plain(kind: Kind, found: &Json) -> Option<Settings> {
    Some(match kind {
        Kind::ResourceGroup => return groups::read_group(found),
        Kind::Lock => groups::read_lock(found),
        Kind::Cluster => kubernetes::read_cluster(found),
        Kind::SqlServer => sql::read_server(found),
        Kind::ElasticPool => sql::read_pool(found),
        Kind::SqlDatabase => sql::read_database(found),
        Kind::StorageAccount => storage::read_account(found),
        Kind::BlobContainer => storage::read_container(found),
        Kind::IngressProfile => ingress::read_profile(found),
        Kind::IngressEndpoint => ingress::read_endpoint(found),
        Kind::OriginGroup => ingress::read_group(found),
        Kind::Origin => edge::read_origin(found),
        Kind::TrafficEndpoint => network::read_endpoint(found),
        Kind::GatewayPool => network::read_pool(found),
        Kind::Alert => edge::read_alert(found),
        Kind::ApiProduct => gateway::read_product(found),
        Kind::RegistryContainer => container::read(found),
        Kind::ApiUser => gateway::read_user(found),
        Kind::ApiSubscription => gateway::read_subscription(found),
        Kind::ApiPolicy => gateway::read_policy(found),
        _ => return None,
    })
}

/// Tenants in shared databases wait for the provider that speaks to databases (design §11.28).
pub(crate) fn no_schemas() -> Fault {
    permanent(
        "IsolationNotSupported",
        "a tenant on Azure has a database of its own (`isolation: database`); schemas and rows in \
         shared databases are not spoken to yet",
    )
}
