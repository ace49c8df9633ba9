//! The names that an example world's stamps and tenants get, so that a world file stays short.
//!
//! These are the rules of the planner's `model::names`, said once more: a provider may not use
//! the planner, and a world written for a fleet must be the one that the planner looks for.
//! A test of the root package holds both equal.

/// The longest name of a storage account that Azure takes.
const STORAGE_NAME: usize = 24;

/// The database that a shared stamp's tenants share.
pub const SHARED_DATABASE: &str = "db-tenants";

/// The name of one physical generation of a stamp.
pub fn generation(stamp: &str, generation: u32) -> String {
    if generation <= 1 {
        stamp.to_owned()
    } else {
        format!("{stamp}-g{generation}")
    }
}

/// The resource group that holds the stamp and nothing else.
pub fn resource_group(physical: &str) -> String {
    format!("rg-stamp-{physical}")
}

/// The stamp whose resource group this is.
pub fn physical_of(resource_group: &str) -> Option<&str> {
    resource_group.strip_prefix("rg-stamp-")
}

/// The stamp's scale set in a zone.
pub fn scale_set(physical: &str, zone: &str) -> String {
    format!("vmss-stamp-{physical}-zone{zone}")
}

/// The stamp's SQL server.
pub fn sql_server(physical: &str) -> String {
    format!("sql-stamp-{physical}")
}

/// A tenant's own database.
pub fn tenant_database(tenant: &str) -> String {
    format!("db-{tenant}")
}

/// A tenant's blob container.
pub fn tenant_container(tenant: &str) -> String {
    format!("tenant-{tenant}")
}

/// The stamp's storage account: lower-case letters and digits, at most 24, with a checksum.
pub fn storage_account(physical: &str) -> String {
    let plain: String = physical
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let sum = format!("{:08x}", fnv1a(physical.as_bytes()));
    let room = STORAGE_NAME - "st".len() - sum.len();
    let kept: String = plain.chars().take(room).collect();
    format!("st{kept}{sum}")
}

/// The stamp's origin in the ingress profile.
pub fn origin(physical: &str) -> String {
    format!("origin-{physical}")
}

/// The stamp's health alert.
pub fn health_alert(physical: &str) -> String {
    format!("alert-{physical}-health")
}

/// The stamp's lock, where it is protected.
pub fn lock(physical: &str) -> String {
    format!("lock-{physical}")
}

/// A tenant's user of the API gateway.
pub fn api_user(tenant: &str) -> String {
    format!("{tenant}-admin")
}

/// A tenant's subscription of the API gateway, and its policy.
pub fn api_subscription(tenant: &str) -> String {
    format!("{tenant}-subscription")
}

/// FNV-1a, 32 bits: a checksum for names, not for security.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
