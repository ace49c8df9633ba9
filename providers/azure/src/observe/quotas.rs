//! Quota, usage, locks, and quota groups: a call for each subscription and region, or group and
//! region.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Scope;
use stampctl_contract::Settings;

use super::Seen;
use crate::azure::Azure;
use crate::map::groups;
use crate::map::json;
use crate::map::path;
use crate::map::quota;
use crate::text::fold;

impl Azure {
    pub(super) async fn see_quotas(&self, scope: &Scope, seen: &mut Seen) {
        let mut families = BTreeMap::new();
        let mut regions: BTreeSet<String> = self.places.regions.iter().cloned().collect();
        for name in &scope.subscriptions {
            let mut own: BTreeSet<String> = self.places.regions.iter().cloned().collect();
            own.extend(seen.regions.get(name).into_iter().flatten().cloned());
            regions.extend(own.iter().cloned());
            for region in own {
                match self.usages(name, &region).await {
                    Err(fault) => seen.gap(Some(Kind::Quota), format!("{name}/{region}"), &fault),
                    Ok(all) => {
                        for (family, settings) in all {
                            families.insert(fold(&family), family.clone());
                            let parts = [name.as_str(), &region, &family];
                            if let Ok(address) = Address::new(Kind::Quota, &parts) {
                                seen.add(address, settings);
                            }
                        }
                    }
                }
            }
            self.see_locks(name, seen).await;
        }
        for (management_group, group) in &scope.quota_groups {
            self.see_group(management_group, group, &regions, &families, seen)
                .await;
        }
    }

    async fn see_locks(&self, name: &str, seen: &mut Seen) {
        let id = path::subscription(name, &self.places);
        let path = format!("{id}/providers/Microsoft.Authorization/locks");
        match self.client.list(&self.url(&path, path::LOCKS)).await {
            Err(fault) => seen.gap(Some(Kind::Lock), name, &fault),
            Ok(locks) => {
                for lock in &locks {
                    let id = json::text(lock, &["id"]).unwrap_or_default();
                    let address = path::address(id, &self.places);
                    if let Some(address) = address.filter(|it| it.kind() == Kind::Lock) {
                        seen.add(address, groups::read_lock(lock));
                    }
                }
            }
        }
    }

    async fn see_group(
        &self,
        management_group: &str,
        group: &str,
        regions: &BTreeSet<String>,
        families: &BTreeMap<String, String>,
        seen: &mut Seen,
    ) {
        let Ok(address) = Address::new(Kind::QuotaGroup, &[management_group, group]) else {
            return;
        };
        let members = match self.members(&address).await {
            Err(fault) => {
                for kind in [Kind::QuotaGroup, Kind::GroupQuota, Kind::QuotaAllocation] {
                    seen.gap(Some(kind), address.path(), &fault);
                }
                return;
            }
            Ok(None) => return,
            Ok(Some(members)) => members,
        };
        let names = members
            .iter()
            .map(|id| self.places.subscription_name(id).to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        seen.add(address.clone(), quota::members_setting(names));
        let id = path::quota_group(management_group, group);
        for region in regions {
            let url = self.url(&quota::limits_path(&id, region), path::QUOTA);
            let limits = match self.client.get(&url).await {
                Ok(answer) => answer.as_ref().map(quota::read_limits).unwrap_or_default(),
                Err(fault) => {
                    for kind in [Kind::GroupQuota, Kind::QuotaAllocation] {
                        let beneath = address.path();
                        seen.gap(Some(kind), beneath, &fault);
                    }
                    continue;
                }
            };
            for limit in limits {
                let family = families.get(&fold(&limit.family)).unwrap_or(&limit.family);
                let parts = [management_group, group, region.as_str(), family];
                if let Ok(at) = Address::new(Kind::GroupQuota, &parts) {
                    seen.add(at, limit.settings());
                }
                for member in &members {
                    let name = self.places.subscription_name(member);
                    let parts = [management_group, group, name, region.as_str(), family];
                    if let Ok(at) = Address::new(Kind::QuotaAllocation, &parts) {
                        let cores = Settings::from([("cores".to_owned(), limit.of(member).into())]);
                        seen.add(at, cores);
                    }
                }
            }
        }
    }
}
