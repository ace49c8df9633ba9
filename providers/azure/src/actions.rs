//! The role actions that requests need: what plan needs, and what apply needs more. Pure.
//!
//! A test holds the lists against every request that the tests send, and `docs/azure.md` against
//! the lists.

use crate::wire::Method;

/// What `observe` and `plan` need, all of it reading.
pub const PLAN: &[&str] = &[
    "Microsoft.ApiManagement/service/policyFragments/read",
    "Microsoft.ApiManagement/service/products/read",
    "Microsoft.ApiManagement/service/subscriptions/read",
    "Microsoft.ApiManagement/service/users/read",
    "Microsoft.Authorization/locks/read",
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Cdn/profiles/afdEndpoints/read",
    "Microsoft.Cdn/profiles/originGroups/origins/read",
    "Microsoft.Cdn/profiles/originGroups/read",
    "Microsoft.Cdn/profiles/read",
    "Microsoft.Compute/capacityReservationGroups/capacityReservations/read",
    "Microsoft.Compute/capacityReservationGroups/read",
    "Microsoft.Compute/locations/usages/read",
    "Microsoft.Compute/skus/read",
    "Microsoft.Compute/virtualMachineScaleSets/instanceView/read",
    "Microsoft.Compute/virtualMachineScaleSets/read",
    "Microsoft.ContainerService/managedClusters/agentPools/read",
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/read",
    "Microsoft.Insights/metricAlerts/read",
    "Microsoft.Network/applicationGateways/read",
    "Microsoft.Network/trafficmanagerprofiles/externalEndpoints/read",
    "Microsoft.Network/trafficmanagerprofiles/read",
    "Microsoft.Quota/groupQuotas/read",
    "Microsoft.Quota/groupQuotas/resourceProviders/groupQuotaLimits/read",
    "Microsoft.Quota/groupQuotas/resourceProviders/groupQuotaRequests/read",
    "Microsoft.Quota/groupQuotas/resourceProviders/quotaAllocationRequests/read",
    "Microsoft.Quota/groupQuotas/subscriptions/read",
    "Microsoft.Quota/quotaRequests/read",
    "Microsoft.ResourceGraph/resources/read",
    "Microsoft.Resources/subscriptions/providers/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    "Microsoft.Sql/servers/databases/read",
    "Microsoft.Sql/servers/elasticPools/read",
    "Microsoft.Sql/servers/read",
    "Microsoft.Storage/storageAccounts/blobServices/containers/read",
    "Microsoft.Storage/storageAccounts/read",
];

/// What `apply` needs besides. Cancelling a subscription is left out: who wants it grants
/// `Microsoft.Subscription/cancel/action`.
pub const APPLY: &[&str] = &[
    "Microsoft.ApiManagement/service/policyFragments/delete",
    "Microsoft.ApiManagement/service/policyFragments/write",
    "Microsoft.ApiManagement/service/products/delete",
    "Microsoft.ApiManagement/service/products/write",
    "Microsoft.ApiManagement/service/subscriptions/delete",
    "Microsoft.ApiManagement/service/subscriptions/write",
    "Microsoft.ApiManagement/service/users/delete",
    "Microsoft.ApiManagement/service/users/write",
    "Microsoft.Authorization/locks/delete",
    "Microsoft.Authorization/locks/write",
    "Microsoft.Cdn/profiles/afdEndpoints/delete",
    "Microsoft.Cdn/profiles/afdEndpoints/write",
    "Microsoft.Cdn/profiles/delete",
    "Microsoft.Cdn/profiles/originGroups/delete",
    "Microsoft.Cdn/profiles/originGroups/origins/delete",
    "Microsoft.Cdn/profiles/originGroups/origins/write",
    "Microsoft.Cdn/profiles/originGroups/write",
    "Microsoft.Cdn/profiles/write",
    "Microsoft.Compute/capacityReservationGroups/capacityReservations/delete",
    "Microsoft.Compute/capacityReservationGroups/capacityReservations/write",
    "Microsoft.Compute/capacityReservationGroups/delete",
    "Microsoft.Compute/capacityReservationGroups/deploy/action",
    "Microsoft.Compute/capacityReservationGroups/write",
    "Microsoft.Compute/virtualMachineScaleSets/deallocate/action",
    "Microsoft.Compute/virtualMachineScaleSets/delete",
    "Microsoft.Compute/virtualMachineScaleSets/manualupgrade/action",
    "Microsoft.Compute/virtualMachineScaleSets/start/action",
    "Microsoft.Compute/virtualMachineScaleSets/write",
    "Microsoft.ContainerService/managedClusters/agentPools/delete",
    "Microsoft.ContainerService/managedClusters/agentPools/write",
    "Microsoft.ContainerService/managedClusters/delete",
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/delete",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/write",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/write",
    "Microsoft.Insights/metricAlerts/delete",
    "Microsoft.Insights/metricAlerts/write",
    "Microsoft.Network/applicationGateways/write",
    "Microsoft.Network/trafficmanagerprofiles/externalEndpoints/delete",
    "Microsoft.Network/trafficmanagerprofiles/externalEndpoints/write",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Quota/groupQuotas/delete",
    "Microsoft.Quota/groupQuotas/resourceProviders/groupQuotaLimits/write",
    "Microsoft.Quota/groupQuotas/resourceProviders/quotaAllocations/write",
    "Microsoft.Quota/groupQuotas/subscriptions/delete",
    "Microsoft.Quota/groupQuotas/subscriptions/write",
    "Microsoft.Quota/groupQuotas/write",
    "Microsoft.Quota/quotas/write",
    "Microsoft.Resources/subscriptions/resourceGroups/delete",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Sql/servers/databases/delete",
    "Microsoft.Sql/servers/databases/write",
    "Microsoft.Sql/servers/delete",
    "Microsoft.Sql/servers/elasticPools/delete",
    "Microsoft.Sql/servers/elasticPools/write",
    "Microsoft.Sql/servers/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
    "Microsoft.Storage/storageAccounts/blobServices/containers/write",
    "Microsoft.Storage/storageAccounts/delete",
    "Microsoft.Storage/storageAccounts/write",
];

/// The action that a request to Resource Manager needs, by the rule that its operations follow:
/// provider, types, and `read`, `write`, `delete` or the name of what is done.
pub fn needed(method: Method, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path).trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let at = segments
        .iter()
        .rposition(|it| it.eq_ignore_ascii_case("providers"));
    let at = at.filter(|at| *at + 1 < segments.len());
    let (space, rest) = match at {
        Some(at) => (segments[at + 1], &segments[at + 2..]),
        None => ("Microsoft.Resources", segments.as_slice()),
    };
    let mut types: Vec<&str> = rest.iter().copied().step_by(2).collect();
    // `blobServices/default` and `subscriptions/x/resourcegroups` follow the rule; a question by
    // POST to Resource Graph reads.
    let posted = method == Method::Post && !space.eq_ignore_ascii_case("Microsoft.ResourceGraph");
    let verb = match method {
        Method::Put | Method::Patch => "write",
        Method::Delete => "delete",
        Method::Post if posted => "action",
        Method::Get | Method::Post => "read",
    };
    if posted && rest.len() % 2 == 0 {
        types.push(rest.last().copied().unwrap_or_default());
    }
    format!("{space}/{}/{verb}", types.join("/"))
}

/// Whether a list has an action; actions are equal whatever their case.
pub fn has(list: &[&str], action: &str) -> bool {
    list.iter().any(|it| it.eq_ignore_ascii_case(action))
}
