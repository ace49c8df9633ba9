//! Before a plan is applied: providers registered, sizes offered, permissions there.
//!
//! What is found is told, never repaired. The causes are kept apart: not offered (this), quota
//! exceeded (the inventory tells), no capacity (only the allocation itself tells).

use serde_json::Value as Json;
use stampctl_contract::Fault;

use crate::azure::Azure;
use crate::map::json;
use crate::map::path;
use crate::map::sku;
use crate::text::encode;

/// The resource providers that the fleet's resources are of.
pub const PROVIDERS: [&str; 9] = [
    "Microsoft.ApiManagement",
    "Microsoft.Cdn",
    "Microsoft.Compute",
    "Microsoft.Insights",
    "Microsoft.Network",
    "Microsoft.Quota",
    "Microsoft.Resources",
    "Microsoft.Sql",
    "Microsoft.Storage",
];

/// Something that will make calls fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The subscription's name.
    pub subscription: String,
    /// The code that the call would fail with.
    pub code: &'static str,
    /// What it is, and what would help.
    pub why: String,
}

impl Azure {
    /// Which of `providers` are not registered in a subscription: one call.
    pub async fn unregistered(
        &self,
        subscription: &str,
        providers: &[&str],
    ) -> Result<Vec<Obstacle>, Fault> {
        let id = path::subscription(subscription, &self.places);
        let url = self.url(&format!("{id}/providers"), path::RESOURCES);
        let known = self.client.list(&url).await?;
        let registered = |name: &str| {
            known.iter().any(|it: &Json| {
                let state = json::text(it, &["registrationState"]);
                json::text(it, &["namespace"]).is_some_and(|is| is.eq_ignore_ascii_case(name))
                    && state.is_some_and(|is| is.eq_ignore_ascii_case("Registered"))
            })
        };
        let missing = providers.iter().filter(|name| !registered(name));
        Ok(missing
            .map(|name| Obstacle {
                subscription: subscription.to_owned(),
                code: "MissingSubscriptionRegistration",
                why: format!("{name} is not registered; `az provider register -n {name}`"),
            })
            .collect())
    }

    /// Whether a size can be had in a region and zone by this subscription, quota and capacity
    /// aside: one call for each region.
    pub async fn not_offered(
        &self,
        subscription: &str,
        region: &str,
        zone: &str,
        size: &str,
    ) -> Result<Option<Obstacle>, Fault> {
        let items = self.offers(subscription, region).await?;
        Ok(sku::restriction(&items, size, zone).map(|why| Obstacle {
            subscription: subscription.to_owned(),
            code: "SkuNotAvailable",
            why,
        }))
    }

    /// Which of `actions` the caller may not do in a resource group, or in the subscription where
    /// `group` is empty: one call.
    pub async fn not_permitted(
        &self,
        subscription: &str,
        group: &str,
        actions: &[&str],
    ) -> Result<Vec<Obstacle>, Fault> {
        let mut id = path::subscription(subscription, &self.places);
        if !group.is_empty() {
            id = format!("{id}/resourceGroups/{}", encode(group));
        }
        let path = format!("{id}/providers/Microsoft.Authorization/permissions");
        let granted = self.client.list(&self.url(&path, "2022-04-01")).await?;
        let may = |action: &str| {
            granted.iter().any(|it| {
                let hit = |list: &str| {
                    json::list(it, &[list])
                        .iter()
                        .filter_map(Json::as_str)
                        .any(|pattern| covers(pattern, action))
                };
                hit("actions") && !hit("notActions")
            })
        };
        let missing = actions.iter().filter(|action| !may(action));
        Ok(missing
            .map(|action| Obstacle {
                subscription: subscription.to_owned(),
                code: "AuthorizationFailed",
                why: format!("the caller may not {action}; see docs/azure.md for the roles"),
            })
            .collect())
    }
}

/// Whether a pattern of a role (`Microsoft.Compute/*/read`) covers an action.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = action.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = "";
    let mut starred = false;
    for part in parts {
        starred = true;
        last = part;
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty() || (starred && action.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn patterns_of_roles() {
        let action = "Microsoft.Compute/virtualMachineScaleSets/write";
        for pattern in [
            "*",
            "Microsoft.Compute/*",
            "*/write",
            "microsoft.compute/*/WRITE",
            action,
        ] {
            assert!(covers(pattern, action), "{pattern}");
        }
        for pattern in [
            "*/read",
            "Microsoft.Sql/*",
            "Microsoft.Compute",
            "Microsoft.Compute/*/rite/x",
        ] {
            assert!(!covers(pattern, action), "{pattern}");
        }
    }
}
