//! One resource as it is now, by direct GET.

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
use crate::map::edge;
use crate::map::gateway;
use crate::map::groups;
use crate::map::json;
use crate::map::path;
use crate::map::quota;
use crate::map::reservation;
use crate::map::scale_set;
use crate::map::sku;
use crate::map::sql;
use crate::map::storage;
use crate::text::encode;

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

    /// Limit and usage of every family of a subscription in a region: one call.
    pub(crate) async fn usages(
        &self,
        subscription: &str,
        region: &str,
    ) -> Result<Vec<(String, Settings)>, Fault> {
        let scope = path::compute_scope(subscription, region, &self.places);
        let url = self.url(&format!("{scope}/usages"), path::COMPUTE);
        Ok(quota::read_usages(&self.client.list(&url).await?))
    }

    pub(crate) async fn quota(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let part = |name| address.part(name).unwrap_or_default();
        let all = self.usages(part("subscription"), part("region")).await?;
        let found = all
            .into_iter()
            .find(|(family, _)| family.eq_ignore_ascii_case(address.name()));
        Ok(found.map(|(_, settings)| settings))
    }

    async fn quota_group(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let Some(members) = self.members(address).await? else {
            return Ok(None);
        };
        let names = members
            .iter()
            .map(|id| self.places.subscription_name(id).to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(Some(quota::members_setting(names)))
    }

    /// The ids of a group's members; `None` where there is no group. Takes any address in it.
    pub(crate) async fn members(&self, address: &Address) -> Result<Option<Vec<String>>, Fault> {
        let id = group_id(address);
        if self
            .client
            .get(&self.url(&id, path::QUOTA))
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let url = self.url(&format!("{id}/subscriptions"), path::QUOTA);
        Ok(Some(quota::read_members(&self.client.list(&url).await?)))
    }

    /// A group's limit of the family of a `group_quota` or `quota_allocation`.
    pub(crate) async fn group_limit(
        &self,
        address: &Address,
    ) -> Result<Option<quota::GroupLimit>, Fault> {
        let region = address.part("region").unwrap_or_default();
        let url = self.url(&quota::limits_path(&group_id(address), region), path::QUOTA);
        let answer = self.client.get(&url).await?;
        let all = answer.as_ref().map(quota::read_limits).unwrap_or_default();
        Ok(all
            .into_iter()
            .find(|limit| limit.family.eq_ignore_ascii_case(address.name())))
    }

    async fn allocation(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let Some(limit) = self.group_limit(address).await? else {
            return Ok(None);
        };
        let name = address.part("subscription").unwrap_or_default();
        let id = self.places.subscription(name);
        let cores = limit.of(id);
        if cores == 0 && !self.is_member(address, id).await? {
            return Ok(None);
        }
        Ok(Some(Settings::from([("cores".to_owned(), cores.into())])))
    }

    pub(crate) async fn is_member(&self, address: &Address, id: &str) -> Result<bool, Fault> {
        let path = format!("{}/subscriptions/{}", group_id(address), encode(id));
        let found = self.client.get(&self.url(&path, path::QUOTA)).await?;
        Ok(found.is_some())
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

    /// The fault code of the newest request for quota that failed, if the cloud tells.
    pub(crate) async fn refusal(&self, address: &Address) -> Option<String> {
        let part = |name| address.part(name).unwrap_or_default();
        let path = match address.kind() {
            Kind::QuotaAllocation => {
                let id = self.places.subscription(part("subscription"));
                let base = path::allocations(part("management_group"), part("group"), id);
                let filter = encode(&format!("location eq {}", part("region")));
                format!("{base}/quotaAllocationRequests?$filter={filter}")
            }
            Kind::GroupQuota => {
                let filter = encode(&format!("location eq {}", part("region")));
                let base = format!("{}/resourceProviders/Microsoft.Compute", group_id(address));
                format!("{base}/groupQuotaRequests?$filter={filter}")
            }
            _ => {
                let scope = path::compute_scope(part("subscription"), part("region"), &self.places);
                format!("{scope}/providers/Microsoft.Quota/quotaRequests")
            }
        };
        let items = self.client.list(&self.url(&path, path::QUOTA)).await.ok()?;
        quota::read_refusal(&items)
    }
}

/// The id of the quota group that an address lies in.
pub(crate) fn group_id(address: &Address) -> String {
    let part = |name| address.part(name).unwrap_or_default();
    path::quota_group(part("management_group"), part("group"))
}

/// The settings of a kind that is one ARM resource and no more.
pub(crate) fn read_plain(kind: Kind, found: &Json) -> Option<Settings> {
    Some(match kind {
        Kind::ResourceGroup => return groups::read_group(found),
        Kind::Lock => groups::read_lock(found),
        Kind::SqlServer => sql::read_server(found),
        Kind::SqlDatabase => sql::read_database(found),
        Kind::StorageAccount => storage::read_account(found),
        Kind::BlobContainer => storage::read_container(found),
        Kind::Origin => edge::read_origin(found),
        Kind::Alert => edge::read_alert(found),
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
