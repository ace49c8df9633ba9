//! Quota, quota groups and allocations as they are now.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use crate::azure::Azure;
use crate::map::path;
use crate::map::quota;
use crate::text::encode;

impl Azure {
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

    pub(super) async fn quota_group(&self, address: &Address) -> Result<Option<Settings>, Fault> {
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

    pub(super) async fn allocation(&self, address: &Address) -> Result<Option<Settings>, Fault> {
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
