//! Addresses and ARM ids: one table, both ways. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::Mapped;
use crate::config::Places;
use crate::fault::permanent;
use crate::text::encode;
use crate::text::fold;

/// One kind: the id beneath its subscription, where `{part}` is a part of the address, and the
/// version of the API.
type Row = (Kind, &'static str, &'static str);

/// Compute, as the schemas are pinned.
pub const COMPUTE: &str = "2024-07-01";
/// Kubernetes clusters.
pub const CLUSTERS: &str = "2024-05-01";
/// Quota and quota groups; other versions are other APIs (S13).
pub const QUOTA: &str = "2025-09-01";
/// Resource groups and tags.
pub const RESOURCES: &str = "2024-07-01";
/// Subscriptions.
pub const SUBSCRIPTIONS: &str = "2022-12-01";
/// Locks.
pub const LOCKS: &str = "2020-05-01";
/// Resource Graph.
pub const GRAPH: &str = "2024-04-01";
/// VM sizes.
pub const SKUS: &str = "2021-07-01";
/// SQL.
pub const SQL: &str = "2021-11-01";
/// Storage.
pub const STORAGE: &str = "2023-05-01";
/// Front Door.
pub const FRONT_DOOR: &str = "2024-02-01";
/// Traffic Manager.
pub const TRAFFIC: &str = "2022-04-01";
/// Application Gateways.
pub const NETWORK: &str = "2024-01-01";
/// API Management.
pub const GATEWAY: &str = "2022-08-01";
/// Cosmos DB's accounts and containers.
pub const COSMOS: &str = "2024-05-15";
/// Alert rules.
pub const ALERTS: &str = "2018-03-01";

/// A resource group, beneath which most kinds are.
const GROUP: &str = "resourceGroups/{resource_group}";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Kind::ResourceGroup, "", RESOURCES),
    (Kind::CapacityReservation, "/providers/Microsoft.Compute/capacityReservationGroups/{name}", COMPUTE),
    (Kind::ScaleSet, "/providers/Microsoft.Compute/virtualMachineScaleSets/{name}", COMPUTE),
    (Kind::Cluster, "/providers/Microsoft.ContainerService/managedClusters/{name}", CLUSTERS),
    (Kind::NodePool, "/providers/Microsoft.ContainerService/managedClusters/{cluster}/agentPools/{name}", CLUSTERS),
    (Kind::SqlServer, "/providers/Microsoft.Sql/servers/{name}", SQL),
    (Kind::ElasticPool, "/providers/Microsoft.Sql/servers/{server}/elasticPools/{name}", SQL),
    (Kind::SqlDatabase, "/providers/Microsoft.Sql/servers/{server}/databases/{name}", SQL),
    (Kind::StorageAccount, "/providers/Microsoft.Storage/storageAccounts/{name}", STORAGE),
    (Kind::BlobContainer, "/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{name}", STORAGE),
    (Kind::IngressProfile, "/providers/Microsoft.Cdn/profiles/{name}", FRONT_DOOR),
    (Kind::IngressEndpoint, "/providers/Microsoft.Cdn/profiles/{profile}/afdEndpoints/{name}", FRONT_DOOR),
    (Kind::OriginGroup, "/providers/Microsoft.Cdn/profiles/{profile}/originGroups/{name}", FRONT_DOOR),
    (Kind::Origin, "/providers/Microsoft.Cdn/profiles/{profile}/originGroups/{group}/origins/{name}", FRONT_DOOR),
    (Kind::TrafficEndpoint, "/providers/Microsoft.Network/trafficmanagerprofiles/{profile}/externalEndpoints/{name}", TRAFFIC),
    (Kind::GatewayPool, "/providers/Microsoft.Network/applicationGateways/{gateway}/backendAddressPools/{name}", NETWORK),
    (Kind::Alert, "/providers/Microsoft.Insights/metricAlerts/{name}", ALERTS),
    (Kind::Lock, "/providers/Microsoft.Authorization/locks/{name}", LOCKS),
    (Kind::ApiProduct, "/providers/Microsoft.ApiManagement/service/{service}/products/{name}", GATEWAY),
    (Kind::RegistryContainer, "/providers/Microsoft.DocumentDB/databaseAccounts/{account}/sqlDatabases/{database}/containers/{name}", COSMOS),
    (Kind::ApiUser, "/providers/Microsoft.ApiManagement/service/{service}/users/{name}", GATEWAY),
    (Kind::ApiSubscription, "/providers/Microsoft.ApiManagement/service/{service}/subscriptions/{name}", GATEWAY),
    (Kind::ApiPolicy, "/providers/Microsoft.ApiManagement/service/{service}/policyFragments/{name}", GATEWAY),
];

/// The ARM id of a resource, and the version of its API. Only kinds in the table have one.
pub fn id(address: &Address, places: &Places) -> Mapped<(String, &'static str)> {
    let row = TABLE.iter().find(|(kind, ..)| *kind == address.kind());
    let (_, below, version) = row.ok_or_else(|| {
        permanent(
            "NoSuchResource",
            format!("`{}` is no ARM resource", address.kind()),
        )
    })?;
    let mut path = format!("{GROUP}{below}");
    for name in address.kind().parts() {
        let part = address.part(name).unwrap_or_default();
        if matches!(part, "." | "..") {
            return Err(permanent("InvalidName", format!("`{part}` is no name")));
        }
        path = path.replace(&format!("{{{name}}}"), &encode(part));
    }
    let name = address.part("subscription").unwrap_or_default();
    let subscription = encode(places.subscription(name));
    Ok((format!("/subscriptions/{subscription}/{path}"), version))
}

/// The id of a subscription.
pub fn subscription(name: &str, places: &Places) -> String {
    format!("/subscriptions/{}", encode(places.subscription(name)))
}

/// The scope of compute's quota in a region.
pub fn compute_scope(name: &str, region: &str, places: &Places) -> String {
    let subscription = subscription(name, places);
    format!(
        "{subscription}/providers/Microsoft.Compute/locations/{}",
        encode(region)
    )
}

/// The id of a quota group.
pub fn quota_group(management_group: &str, group: &str) -> String {
    format!(
        "/providers/Microsoft.Management/managementGroups/{}/providers/Microsoft.Quota/groupQuotas/{}",
        encode(management_group),
        encode(group)
    )
}

/// The place of one subscription's allocations in a quota group.
pub fn allocations(management_group: &str, group: &str, subscription_id: &str) -> String {
    format!(
        "/providers/Microsoft.Management/managementGroups/{}/subscriptions/{}/providers/Microsoft.Quota/groupQuotas/{}/resourceProviders/Microsoft.Compute",
        encode(management_group),
        encode(subscription_id),
        encode(group)
    )
}

/// The address of an ARM id, if the table has its type. Types and fixed words are equal whatever
/// their case; names keep theirs.
pub fn address(id: &str, places: &Places) -> Option<Address> {
    let rest = id.trim_matches('/');
    let segments: Vec<&str> = rest.split('/').collect();
    let [word, subscription, tail @ ..] = segments.as_slice() else {
        return None;
    };
    if !word.eq_ignore_ascii_case("subscriptions") {
        return None;
    }
    let name = places.subscription_name(subscription);
    if tail.is_empty() {
        return Address::new(Kind::Subscription, &[name]).ok();
    }
    TABLE.iter().find_map(|(kind, below, _)| {
        let pattern = format!("{GROUP}{below}");
        let pattern: Vec<&str> = pattern.split('/').collect();
        if pattern.len() != tail.len() {
            return None;
        }
        let mut parts = vec![name];
        for (want, have) in pattern.iter().zip(tail) {
            if want.starts_with('{') {
                parts.push(have);
            } else if !want.eq_ignore_ascii_case(have) {
                return None;
            }
        }
        Address::new(*kind, &parts).ok()
    })
}

/// Whether two ARM ids name one resource.
pub fn same(one: &str, other: &str) -> bool {
    fold(one.trim_matches('/')) == fold(other.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            subscriptions: [("shared".to_owned(), "AB-1".to_owned())].into(),
            ..Places::default()
        }
    }

    #[test]
    fn every_row_goes_there_and_back() {
        for (kind, ..) in TABLE {
            let names: Vec<String> = kind
                .parts()
                .iter()
                .map(|part| format!("n-{part}"))
                .collect();
            let mut parts: Vec<&str> = names.iter().map(String::as_str).collect();
            parts[0] = "shared";
            let address = Address::new(*kind, &parts).unwrap();
            let (id, version) = id(&address, &places()).unwrap();
            assert!(!version.is_empty());
            assert!(id.starts_with("/subscriptions/AB-1/resourceGroups/n-resource_group"));
            assert_eq!(super::address(&id, &places()), Some(address.clone()));
            let shouted = id
                .replace("providers", "PROVIDERS")
                .replace("AB-1", "ab-1")
                .replace("Microsoft.", "microsoft.");
            assert_eq!(super::address(&shouted, &places()), Some(address));
        }
    }

    #[test]
    fn names_cannot_leave_their_segment() {
        let parts = ["shared", "a?b", "x#y"];
        let address = Address::new(Kind::ScaleSet, &parts).unwrap();
        let (id, _) = id(&address, &places()).unwrap();
        assert!(id.contains("a%3Fb") && id.ends_with("x%23y"));
    }

    #[test]
    fn foreign_ids_are_no_addresses() {
        for foreign in [
            "",
            "/x/y",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d",
        ] {
            assert_eq!(address(foreign, &places()), None, "{foreign}");
        }
    }
}
