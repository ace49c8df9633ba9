//! The names of cloud resources, derived from ids and nothing else (S0-29, X-1, X-38).
//!
//! A resource's name is a function of the fleet and the logical key, so that what a crash left
//! behind is found again by looking, never by remembering.

use super::StampId;
use super::TenantId;

/// The longest name of a storage account that Azure takes.
const STORAGE_NAME: usize = 24;

/// The name of one physical generation of a stamp: the id itself first, then `{id}-g2`, ….
pub fn generation(stamp: &StampId, generation: u32) -> String {
    if generation <= 1 {
        stamp.to_string()
    } else {
        format!("{stamp}-g{generation}")
    }
}

/// The resource group that holds the stamp and nothing else.
pub fn resource_group(physical: &str) -> String {
    format!("rg-stamp-{physical}")
}

/// The stamp's scale set in a zone.
pub fn scale_set(physical: &str, zone: &str) -> String {
    format!("vmss-stamp-{physical}-zone{zone}")
}

/// The stamp's SQL server.
pub fn sql_server(physical: &str) -> String {
    format!("sql-stamp-{physical}")
}

/// The database that a shared stamp's tenants share.
pub const SHARED_DATABASE: &str = "db-tenants";

/// A tenant's own database.
pub fn tenant_database(tenant: &TenantId) -> String {
    format!("db-{tenant}")
}

/// A tenant's blob container.
pub fn tenant_container(tenant: &TenantId) -> String {
    format!("tenant-{tenant}")
}

/// The stamp's storage account: lower-case letters and digits, at most 24, with a checksum where
/// the id had to be cut or lost a hyphen, so that two stamps never share a name.
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

/// The backup of a whole stamp before it is retired.
pub fn stamp_backup(physical: &str) -> String {
    format!("retire-{physical}")
}

/// The snapshot of a tenant before it leaves `stamp`.
pub fn tenant_snapshot(tenant: &TenantId, physical: &str) -> String {
    format!("move-{tenant}-from-{physical}")
}

/// A tenant's export when it is offboarded.
pub fn tenant_export(tenant: &TenantId) -> String {
    format!("export-{tenant}")
}

/// A tenant's user of the API gateway (S1-37).
pub fn api_user(tenant: &TenantId) -> String {
    format!("{tenant}-admin")
}

/// A tenant's subscription of the API gateway, and its policy (S1-38, X-54).
pub fn api_subscription(tenant: &TenantId) -> String {
    format!("{tenant}-subscription")
}

/// FNV-1a, 32 bits: a checksum for names, not for security.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_names_are_legal_and_distinct() {
        let names = [
            "shared-eastus2-001",
            "shared-eastus2-0-01",
            "sharedeastus2001",
        ]
        .map(storage_account);
        for name in &names {
            assert!(name.len() <= STORAGE_NAME);
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            );
        }
        assert_ne!(names[0], names[1]);
        assert_ne!(names[0], names[2]);
    }
}
