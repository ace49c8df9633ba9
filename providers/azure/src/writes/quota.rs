//! Changes of quota, in the absolute numbers of the wire.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::azure::Azure;
use crate::fault::conflict;
use crate::fault::permanent;
use crate::map::path;
use crate::map::quota;
use crate::map::schema;
use crate::reads::group_id;
use crate::step::Step;

impl Azure {
    pub(super) async fn put_quota(
        &self,
        address: &Address,
        settings: &Settings,
    ) -> Result<Vec<Step>, Fault> {
        let wanted = schema::int(settings, "limit");
        let now = self.quota(address).await?.unwrap_or_default();
        let (limit, usage) = (schema::int(&now, "limit"), schema::int(&now, "usage"));
        if wanted == limit {
            return Ok(Vec::new());
        }
        if wanted < limit {
            // The service offers no reduction (S25); cores are given back through allocations.
            let why = format!("limit {limit}, usage {usage}; a limit is not lowered to {wanted}");
            return Err(Fault::new(
                FaultClass::Quota,
                "QuotaReductionNotSupported",
                why,
            ));
        }
        let part = |name| address.part(name).unwrap_or_default();
        let scope = path::compute_scope(part("subscription"), part("region"), &self.places);
        Ok(vec![quota::put_limit(&scope, address.name(), wanted)])
    }

    pub(super) async fn put_group_quota(
        &self,
        address: &Address,
        settings: &Settings,
    ) -> Result<Vec<Step>, Fault> {
        let wanted = schema::int(settings, "limit");
        let now = self
            .group_limit(address)
            .await?
            .unwrap_or_else(|| quota::GroupLimit {
                family: address.name().to_owned(),
                ..quota::GroupLimit::default()
            });
        if now.limit == Some(wanted) {
            return Ok(Vec::new());
        }
        let allocated: i64 = now.allocated.iter().map(|(_, cores)| cores).sum();
        if wanted < allocated {
            let why = format!("{allocated} cores are allocated, more than {wanted}");
            return Err(Fault::new(FaultClass::Quota, "QuotaBelowUsage", why));
        }
        let region = address.part("region").unwrap_or_default();
        let group = group_id(address);
        Ok(vec![quota::put_group_limit(&group, region, &now, wanted)])
    }

    /// The wire takes the subscription's new limit, so the change is added to the one it has. What
    /// is allocated is read before and after that limit; where it moved in between, somebody else
    /// is at it, or an earlier attempt of ours has only now taken effect (S10).
    pub(super) async fn put_allocation(
        &self,
        address: &Address,
        settings: &Settings,
    ) -> Result<Vec<Step>, Fault> {
        let part = |name| address.part(name).unwrap_or_default();
        let (wanted, family) = (schema::int(settings, "cores"), address.name());
        let id = self.places.subscription(part("subscription"));
        if !self.is_member(address, id).await? {
            let why = format!(
                "`{}` is no member of `{}`",
                part("subscription"),
                part("group")
            );
            return Err(permanent("NotAMember", why));
        }
        let before = self.group_limit(address).await?;
        let usages = self.usages(part("subscription"), part("region")).await?;
        let after = self.group_limit(address).await?;
        if before != after {
            return Err(conflict(
                "QuotaMoves",
                "the group's allocations changed while being read",
            ));
        }
        let Some(group) = after else {
            let why = format!("the group has nothing of {family} in {}", part("region"));
            return Err(Fault::new(FaultClass::Quota, "InsufficientQuota", why));
        };
        let own = usages
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(family));
        let Some((_, own)) = own else {
            let why = format!("{} offers no {family} to it", part("region"));
            return Err(permanent("RegionNotSupported", why));
        };
        let more = wanted - group.of(id);
        if more == 0 {
            return Ok(Vec::new());
        }
        if let Some(free) = group.available.filter(|free| more > *free) {
            let why = format!("{more} more cores are wanted, the group has {free}");
            return Err(Fault::new(FaultClass::Quota, "InsufficientQuota", why));
        }
        let limit = schema::int(own, "limit") + more;
        let used = schema::int(own, "usage");
        if limit < used {
            let why = format!("{used} cores are in use, {limit} would be left");
            return Err(Fault::new(FaultClass::Quota, "QuotaBelowUsage", why));
        }
        let base = path::allocations(part("management_group"), part("group"), id);
        Ok(vec![quota::put_allocation(
            &base,
            part("region"),
            family,
            limit,
        )])
    }

    pub(super) async fn put_quota_group(
        &self,
        address: &Address,
        settings: &Settings,
    ) -> Result<Vec<Step>, Fault> {
        let id = group_id(address);
        let names = settings.get("subscriptions").and_then(Value::as_list);
        let names = names.unwrap_or_default().iter();
        let wanted: Vec<String> = names
            .filter_map(|name| Some(self.places.subscription(name.as_str()?).to_owned()))
            .collect();
        let now = self.members(address).await?;
        let mut steps = Vec::new();
        if now.is_none() {
            steps.push(quota::put_group(&id, address.name()));
        }
        steps.extend(quota::set_members(&id, &wanted, &now.unwrap_or_default()));
        Ok(steps)
    }
}
