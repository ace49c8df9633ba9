//! Before a plan is made: providers registered, sizes offered, permissions there.
//!
//! What is found is told, never repaired. The causes are kept apart: not offered (this), quota
//! exceeded (the inventory tells), no capacity (only the allocation itself tells).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::preflight::Cause;
use stampctl_contract::preflight::Machines;
use stampctl_contract::preflight::Needs;
use stampctl_contract::preflight::Obstacle;
use stampctl_contract::preflight::Stops;

use crate::actions;
use crate::azure::Azure;
use crate::map::json;
use crate::map::path;
use crate::map::sku;

/// The resource providers that resources of a fleet are of, with their kinds.
pub const PROVIDERS: [(&str, &[Kind]); 10] = [
    (
        "Microsoft.ApiManagement",
        &[
            Kind::ApiProduct,
            Kind::ApiUser,
            Kind::ApiSubscription,
            Kind::ApiPolicy,
        ],
    ),
    (
        "Microsoft.Cdn",
        &[
            Kind::IngressProfile,
            Kind::IngressEndpoint,
            Kind::OriginGroup,
            Kind::Origin,
        ],
    ),
    (
        "Microsoft.Compute",
        &[Kind::ScaleSet, Kind::NodePool, Kind::CapacityReservation],
    ),
    (
        "Microsoft.ContainerService",
        &[Kind::Cluster, Kind::NodePool],
    ),
    ("Microsoft.DocumentDB", &[Kind::RegistryContainer]),
    ("Microsoft.Insights", &[Kind::Alert]),
    (
        "Microsoft.Network",
        &[Kind::ScaleSet, Kind::TrafficEndpoint, Kind::GatewayPool],
    ),
    ("Microsoft.Quota", &[Kind::Quota, Kind::QuotaAllocation]),
    (
        "Microsoft.Sql",
        &[Kind::SqlServer, Kind::ElasticPool, Kind::SqlDatabase],
    ),
    (
        "Microsoft.Storage",
        &[Kind::StorageAccount, Kind::BlobContainer],
    ),
];

/// The kind that an action of a role is about, and which of its calls. What is decided elsewhere
/// than on the subscription (a quota group's management group, a subnet) is left out.
fn acted_on(action: &str) -> Option<(Kind, Stops)> {
    let (place, verb) = action.rsplit_once('/')?;
    let stops = match verb {
        "write" => Stops::Writes,
        "delete" => Stops::Deletes,
        _ => return None,
    };
    let kind = match place {
        "Microsoft.ApiManagement/service/policyFragments" => Kind::ApiPolicy,
        "Microsoft.ApiManagement/service/products" => Kind::ApiProduct,
        "Microsoft.ApiManagement/service/subscriptions" => Kind::ApiSubscription,
        "Microsoft.ApiManagement/service/users" => Kind::ApiUser,
        "Microsoft.Authorization/locks" => Kind::Lock,
        "Microsoft.Cdn/profiles" => Kind::IngressProfile,
        "Microsoft.Cdn/profiles/afdEndpoints" => Kind::IngressEndpoint,
        "Microsoft.Cdn/profiles/originGroups" => Kind::OriginGroup,
        "Microsoft.Cdn/profiles/originGroups/origins" => Kind::Origin,
        "Microsoft.Compute/capacityReservationGroups" => Kind::CapacityReservation,
        "Microsoft.Compute/virtualMachineScaleSets" => Kind::ScaleSet,
        "Microsoft.ContainerService/managedClusters" => Kind::Cluster,
        "Microsoft.ContainerService/managedClusters/agentPools" => Kind::NodePool,
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"
        | "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers" => {
            Kind::RegistryContainer
        }
        "Microsoft.Insights/metricAlerts" => Kind::Alert,
        "Microsoft.Network/applicationGateways" => Kind::GatewayPool,
        "Microsoft.Network/trafficmanagerprofiles/externalEndpoints" => Kind::TrafficEndpoint,
        "Microsoft.Quota/quotas" => Kind::Quota,
        "Microsoft.Resources/subscriptions/resourceGroups" => Kind::ResourceGroup,
        "Microsoft.Sql/servers" => Kind::SqlServer,
        "Microsoft.Sql/servers/databases" => Kind::SqlDatabase,
        "Microsoft.Sql/servers/elasticPools" => Kind::ElasticPool,
        "Microsoft.Storage/storageAccounts" => Kind::StorageAccount,
        "Microsoft.Storage/storageAccounts/blobServices/containers" => Kind::BlobContainer,
        _ => return None,
    };
    Some((kind, stops))
}

impl Azure {
    /// Everything that stands in the way of what a fleet may need: two calls for each
    /// subscription, and one for each in whose region it may want machines.
    pub(crate) async fn look_ahead(&self, needs: &Needs) -> Vec<Obstacle> {
        let mut found = Vec::new();
        for subscription in &needs.subscriptions {
            match self.unregistered(subscription).await {
                Ok(missing) => found.extend(missing),
                Err(fault) => {
                    let kinds = PROVIDERS.iter().flat_map(|(_, kinds)| kinds.iter());
                    let kinds: BTreeSet<Kind> = kinds.copied().collect();
                    let what = "which providers are registered";
                    found.push(unseen(subscription, kinds, Stops::Writes, what, &fault));
                }
            }
            match self.not_permitted(subscription).await {
                Ok(missing) => found.extend(missing),
                Err(fault) => found.extend(unjudged(subscription, &told(&fault))),
            }
        }
        let mut places: BTreeMap<(&str, &str), Vec<&Machines>> = BTreeMap::new();
        for machines in &needs.machines {
            let place = (machines.subscription.as_str(), machines.region.as_str());
            places.entry(place).or_default().push(machines);
        }
        for ((subscription, region), machines) in places {
            let offers = self.offers(subscription, region).await;
            found.extend(machines.into_iter().filter_map(|it| wanted(it, &offers)));
        }
        found.sort();
        found.dedup();
        found
    }

    /// Which providers are not registered in a subscription: one call.
    async fn unregistered(&self, subscription: &str) -> Result<Vec<Obstacle>, Fault> {
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
        let missing = PROVIDERS.iter().filter(|(name, _)| !registered(name));
        Ok(missing
            .map(|(name, kinds)| Obstacle {
                cause: Cause::NotRegistered,
                subscription: subscription.to_owned(),
                kinds: kinds.to_vec(),
                stops: Stops::Writes,
                why: format!("{name} is not registered in {subscription}"),
                help: format!("`az provider register -n {name} --subscription ...`"),
            })
            .collect())
    }

    /// What of what an apply needs the caller may not do in a subscription: one call. A caller who
    /// may do none of it plans only, and then it is UNKNOWN what the one who applies may do.
    async fn not_permitted(&self, subscription: &str) -> Result<Vec<Obstacle>, Fault> {
        let id = path::subscription(subscription, &self.places);
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
        let judged = actions::APPLY.iter();
        let judged: Vec<(&str, Kind, Stops)> = judged
            .filter_map(|action| acted_on(action).map(|(kind, stops)| (*action, kind, stops)))
            .collect();
        if !judged.iter().any(|(action, ..)| may(action)) {
            let why = "the identity that plans only reads";
            return Ok(unjudged(subscription, why));
        }
        let missing = judged.into_iter().filter(|(action, ..)| !may(action));
        Ok(missing
            .map(|(action, kind, stops)| Obstacle {
                cause: Cause::NotPermitted,
                subscription: subscription.to_owned(),
                kinds: vec![kind],
                stops,
                why: format!("the caller may not {action} in {subscription}"),
                help: "grant it the role; docs/azure.md lists the actions".to_owned(),
            })
            .collect())
    }
}

/// It is UNKNOWN what whoever applies may do.
fn unjudged(subscription: &str, why: &str) -> Vec<Obstacle> {
    let judged = actions::APPLY.iter().filter_map(|action| acted_on(action));
    let kinds: BTreeSet<Kind> = judged.map(|(kind, _)| kind).collect();
    [Stops::Writes, Stops::Deletes]
        .map(|stops| Obstacle {
            cause: Cause::Unseen,
            subscription: subscription.to_owned(),
            kinds: kinds.iter().copied().collect(),
            stops,
            why: format!("what the identity that applies may do in {subscription}: {why}"),
            help: "see that its role has the actions of docs/azure.md".to_owned(),
        })
        .into()
}

/// What stands in the way of machines of a size.
fn wanted(machines: &Machines, offers: &Result<Vec<Json>, Fault>) -> Option<Obstacle> {
    let Machines {
        subscription,
        region,
        zone,
        sku: size,
    } = machines;
    let stops = Stops::Machines {
        region: region.clone(),
        zone: zone.clone(),
        sku: size.clone(),
    };
    let kinds = [Kind::ScaleSet, Kind::CapacityReservation];
    match offers {
        Err(fault) => {
            let what = format!("whether {size} is offered in {region}");
            Some(unseen(subscription, kinds.into(), stops, &what, fault))
        }
        Ok(offers) => sku::restriction(offers, size, zone).map(|why| Obstacle {
            cause: Cause::NotOffered,
            subscription: subscription.clone(),
            kinds: kinds.to_vec(),
            stops,
            why: format!("{why} ({region}, zone {zone})"),
            help: "choose another size, zone or region, or ask Microsoft for access; this is \
                   neither quota nor a lack of machines"
                .to_owned(),
        }),
    }
}

fn told(fault: &Fault) -> String {
    format!("{}: {}", fault.code, fault.message)
}

fn unseen(
    subscription: &str,
    kinds: BTreeSet<Kind>,
    stops: Stops,
    what: &str,
    fault: &Fault,
) -> Obstacle {
    Obstacle {
        cause: Cause::Unseen,
        subscription: subscription.to_owned(),
        kinds: kinds.into_iter().collect(),
        stops,
        why: format!("{what} in {subscription}: {}", told(fault)),
        help: "plan again, or give the reader the right to see it".to_owned(),
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
    use super::acted_on;
    use super::covers;
    use crate::actions;

    #[test]
    fn actions_that_a_subscription_decides_are_judged() {
        let judged = actions::APPLY.iter().filter(|it| acted_on(it).is_some());
        assert_eq!(judged.count(), 47);
    }

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
