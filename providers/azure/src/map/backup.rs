//! Backups: a container of the vault's storage account for each, whose metadata is its record. Pure.
//!
//! What is backed up of databases are copies on the vault's SQL server (`createMode: Copy`, which
//! is consistent as of its end and can be queried), and of containers copies of their blobs, each
//! in a container beside the record's. Long-term retention cannot be asked for at a moment; exports need a login's
//! password in the request.

use serde_json::Value as Json;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::storage;
use crate::config::Vault;
use crate::text::hex;

/// The record's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The backup's own subscription and name, as its address has them.
    pub home: (String, String),
    /// What was backed up: an address.
    pub source: String,
    /// The tenant, or nothing for all of it.
    pub tenant: String,
    /// The key of the call that took it.
    pub key: String,
    /// When, in RFC 3339.
    pub taken_at: String,
    /// The databases that are copies of it.
    pub copies: Vec<String>,
    /// The containers that are copies of it.
    pub containers: Vec<String>,
    /// Whether everything was copied.
    pub whole: bool,
}

impl Record {
    /// As a container's metadata, whose names are identifiers.
    pub fn metadata(&self) -> Json {
        json!({
            "subscription": self.home.0,
            "name": self.home.1,
            "source": self.source,
            "tenant": self.tenant,
            "key": self.key,
            "taken_at": self.taken_at,
            "copies": self.copies.join(","),
            "containers": self.containers.join(","),
            "whole": if self.whole { "true" } else { "false" },
        })
    }

    /// Of a container, if it is the record of a backup.
    pub fn read(container: &Json) -> Option<Self> {
        let text = |name| storage::metadata(container, name).map(str::to_owned);
        let names = |name| -> Vec<String> {
            let listed = text(name).unwrap_or_default();
            let names = listed.split(',').filter(|it| !it.is_empty());
            names.map(str::to_owned).collect()
        };
        Some(Self {
            home: (text("subscription")?, text("name")?),
            source: text("source")?,
            tenant: text("tenant").unwrap_or_default(),
            key: text("key").unwrap_or_default(),
            taken_at: text("taken_at").unwrap_or_default(),
            copies: names("copies"),
            containers: names("containers"),
            whole: text("whole").as_deref() == Some("true"),
        })
    }

    /// The settings of the backup, without what its content says.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::from([
            ("source".to_owned(), self.source.as_str().into()),
            ("tenant".to_owned(), self.tenant.as_str().into()),
        ]);
        if self.whole {
            settings.insert("taken_at".to_owned(), self.taken_at.as_str().into());
        }
        settings
    }
}

/// The container of a backup's record.
pub fn container(backup: &Address, vault: &Vault) -> Option<Address> {
    beside(vault, &safe(backup.name()))
}

/// A container of the vault's account.
pub fn beside(vault: &Vault, name: &str) -> Option<Address> {
    let parts = [
        &*vault.subscription,
        &vault.resource_group,
        &vault.account,
        name,
    ];
    Address::new(Kind::BlobContainer, &parts).ok()
}

/// A copy's address on the vault's server.
pub fn copy(vault: &Vault, name: &str) -> Option<Address> {
    let parts = [
        &*vault.subscription,
        &vault.resource_group,
        &vault.server,
        name,
    ];
    Address::new(Kind::SqlDatabase, &parts).ok()
}

/// The name of the copy of a database.
pub fn copy_name(backup: &Address, database: &str) -> String {
    safe(&format!("{}-{database}", backup.name()))
}

/// The name of the copy of a container.
pub fn container_name(backup: &Address, source: &Address) -> String {
    let account = source.part("account").unwrap_or_default();
    safe(&format!("{}-{account}-{}", backup.name(), source.name()))
}

/// A name that containers and databases take: lower-case letters, digits and single hyphens, at
/// most 63. One that is otherwise gets a checksum in place of what cannot be.
fn safe(name: &str) -> String {
    let plain = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !name.contains("--")
            && !name.starts_with('-')
            && !name.ends_with('-')
    };
    if plain(name) && (3..=63).contains(&name.len()) {
        return name.to_owned();
    }
    let sum = Sha256::digest(name.as_bytes());
    format!("backup-{}", hex(&sum, 12))
}
