//! Tenants' data: content that grows while its tenant writes, copies of one tenant's content,
//! and backups. Pure.
//!
//! Content is a chain of segments, each written in one place. Its digest is a function of that
//! chain: a faithful copy has the digest of its source, and two copies that were written to in
//! different places never agree again.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::World;
use super::data_of;
use super::schema::permanent;
use super::schema::text;
use super::write::writes;
use crate::hex::hex;

/// One tenant's content in one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) tenant: String,
    /// The digest of all closed segments.
    prefix: String,
    /// Where the open segment was written.
    home: String,
    /// Records in the open segment.
    segment: u64,
    pub(crate) records: u64,
    /// Since when its tenant writes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writing_since: Option<i64>,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) taken_at: i64,
    /// The idempotency key of the call that took it.
    key: String,
    pub(crate) parts: Vec<(Class, Content)>,
}

/// Content of one class cannot become content of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Sql,
    Blob,
}

impl Content {
    /// No records yet.
    pub(crate) fn empty(tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            prefix: String::new(),
            home: String::new(),
            segment: 0,
            records: 0,
            writing_since: None,
        }
    }

    /// So many records, written here.
    pub(crate) fn seeded(tenant: &str, home: &Address, records: u64) -> Self {
        Self {
            home: home.to_string(),
            segment: records,
            records,
            ..Self::empty(tenant)
        }
    }

    /// The content as it is at `now`, with nobody writing.
    fn settled(&self, home: &Address, now: i64, per_hour: u32) -> Self {
        let mut content = self.clone();
        let Some(since) = content.writing_since.take() else {
            return content;
        };
        let seconds = u64::try_from(now - since).unwrap_or(0);
        let written = seconds.saturating_mul(u64::from(per_hour)) / 3600;
        if written == 0 {
            return content;
        }
        let home = home.to_string();
        if content.home != home {
            content.prefix = content.digest();
            content.home = home;
            content.segment = 0;
        }
        content.segment = content.segment.saturating_add(written);
        content.records = content.records.saturating_add(written);
        content
    }

    pub(crate) fn digest(&self) -> String {
        hash(&[
            &self.tenant,
            &self.prefix,
            &self.home,
            &self.segment.to_string(),
        ])
    }
}

/// Records and digest of several contents; of one, that one's own.
pub(crate) fn total(parts: &[(Class, Content)]) -> (u64, String) {
    let records = parts.iter().map(|(_, content)| content.records);
    let records = records.fold(0, u64::saturating_add);
    if let [(_, only)] = parts {
        return (records, only.digest());
    }
    let mut digests: Vec<String> = parts
        .iter()
        .map(|(class, content)| format!("{class:?}/{}/{}", content.tenant, content.digest()))
        .collect();
    digests.sort();
    let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
    (records, hash(&digests))
}

impl World {
    /// All content in one data resource or backup, as it is now.
    pub(crate) fn contents(&self, address: &Address) -> Vec<(Class, Content)> {
        let Some(entry) = self.resources.get(address) else {
            return Vec::new();
        };
        if let Some(snapshot) = &entry.snapshot {
            return snapshot.parts.clone();
        }
        let mut found = Vec::new();
        self.collect(address, &mut found);
        if address.kind() == Kind::SqlDatabase {
            for (schema, _) in self.beneath(Kind::TenantSchema, address.path()) {
                self.collect(schema, &mut found);
            }
        }
        found
    }

    fn collect(&self, address: &Address, found: &mut Vec<(Class, Content)>) {
        let content = self
            .resources
            .get(address)
            .and_then(|entry| entry.content.as_ref());
        if let (Some(class), Some(content)) = (class_of(address.kind()), content) {
            let settled = content.settled(address, self.now, self.switches.writes_per_hour);
            found.push((class, settled));
        }
    }

    /// Refuses a copy that would carry, or overwrite, anything but this tenant's content (I-7).
    pub(crate) fn judge_copy(
        &self,
        to: &Address,
        from: &Address,
        tenant: &str,
    ) -> Result<(), Fault> {
        let Some(target) = self.resources.get(to) else {
            return Err(permanent(
                "ResourceNotFound",
                format!("{to} does not exist"),
            ));
        };
        if !self.resources.contains_key(from) {
            return Err(permanent(
                "ResourceNotFound",
                format!("{from} does not exist"),
            ));
        }
        match &target.content {
            Some(content) if content.tenant == tenant => {}
            _ => {
                let why = format!("{to} is no place for the content of `{tenant}` alone");
                return Err(permanent("TenantMismatch", why));
            }
        }
        if self.source_of(to, from, tenant).is_none() {
            let why = format!("{from} holds nothing of `{tenant}` that {to} could take");
            return Err(permanent("NoSuchContent", why));
        }
        Ok(())
    }

    /// Makes this tenant's content at `to` that at `from`. Judged before.
    pub(crate) fn copy(&mut self, to: &Address, from: &Address, tenant: &str) {
        let Some(content) = self.source_of(to, from, tenant) else {
            return;
        };
        self.remember(to);
        if let Some(entry) = self.resources.get_mut(to) {
            entry.content = Some(content);
        }
        if let Some(item) = self.index.writers.get(to).cloned() {
            self.start_writer(to, &item);
        }
    }

    fn source_of(&self, to: &Address, from: &Address, tenant: &str) -> Option<Content> {
        let class = class_of(to.kind())?;
        let mut found = self.contents(from).into_iter();
        let (_, content) = found.find(|(it, content)| *it == class && content.tenant == tenant)?;
        Some(content)
    }

    /// Refuses a backup of what is not there.
    pub(crate) fn judge_backup(&self, new: &Settings) -> Result<(), Fault> {
        let named = text(new, "source");
        match named.parse::<Address>() {
            Ok(source) if self.resources.contains_key(&source) => Ok(()),
            Ok(source) => {
                let why = format!("{source} does not exist");
                Err(permanent("ResourceNotFound", why))
            }
            Err(error) => Err(permanent("InvalidParameter", format!("`source`: {error}"))),
        }
    }

    /// Takes a backup, unless the same call took it before.
    pub(crate) fn take_backup(
        &mut self,
        address: &Address,
        new: &Settings,
        old: Option<&Settings>,
        key: &str,
    ) {
        let taken = self
            .resources
            .get(address)
            .and_then(|entry| entry.snapshot.as_ref());
        if old == Some(new) && taken.is_some_and(|taken| taken.key == key) {
            return;
        }
        let tenant = text(new, "tenant");
        let mut parts: Vec<(Class, Content)> = text(new, "source")
            .parse()
            .map(|source| self.all_within(&source))
            .unwrap_or_default();
        parts.retain(|(_, content)| tenant.is_empty() || content.tenant == tenant);
        let taken_at = self.now;
        if let Some(entry) = self.resources.get_mut(address) {
            entry.snapshot = Some(Snapshot {
                taken_at,
                key: key.to_owned(),
                parts,
            });
        }
    }

    /// All content in a resource and in what it contains.
    fn all_within(&self, source: &Address) -> Vec<(Class, Content)> {
        let kinds: &[Kind] = match source.kind() {
            Kind::ResourceGroup => &[Kind::SqlDatabase, Kind::TenantSchema, Kind::BlobContainer],
            Kind::SqlServer => &[Kind::SqlDatabase, Kind::TenantSchema],
            Kind::StorageAccount => &[Kind::BlobContainer],
            Kind::RegistryItem => {
                let item = self.resources.get(source).map(|entry| &entry.settings);
                let data = item.map(data_of).unwrap_or_default();
                return data.iter().flat_map(|it| self.contents(it)).collect();
            }
            _ => return self.contents(source),
        };
        let mut found = Vec::new();
        for kind in kinds {
            for (address, _) in self.beneath(*kind, source.path()) {
                self.collect(address, &mut found);
            }
        }
        found
    }

    /// Lets a tenant's writers follow its registry item.
    pub(crate) fn move_writers(
        &mut self,
        item: &Address,
        old: Option<&Settings>,
        new: Option<&Settings>,
    ) {
        for data in old.map(data_of).unwrap_or_default() {
            self.stop_writer(&data);
        }
        for data in new
            .filter(|new| writes(new))
            .map(data_of)
            .unwrap_or_default()
        {
            self.start_writer(&data, item);
        }
    }

    /// Changes the content at an address, for a world that begins with some.
    pub(crate) fn fill(&mut self, address: &Address, change: impl FnOnce(&mut Content)) {
        if let Some(entry) = self.resources.get_mut(address)
            && let Some(content) = &mut entry.content
        {
            change(content);
        }
    }

    pub(crate) fn start_writer(&mut self, data: &Address, item: &Address) {
        let now = self.now;
        if let Some(entry) = self.resources.get_mut(data)
            && let Some(content) = &mut entry.content
            && content.tenant == item.name()
            && content.writing_since.is_none()
        {
            content.writing_since = Some(now);
        }
    }

    fn stop_writer(&mut self, data: &Address) {
        let (now, per_hour) = (self.now, self.switches.writes_per_hour);
        if let Some(entry) = self.resources.get_mut(data)
            && let Some(content) = &mut entry.content
        {
            *content = content.settled(data, now, per_hour);
        }
    }
}

fn class_of(kind: Kind) -> Option<Class> {
    match kind {
        Kind::SqlDatabase | Kind::TenantSchema => Some(Class::Sql),
        Kind::BlobContainer => Some(Class::Blob),
        _ => None,
    }
}

fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    hex(&digest, 16)
}
