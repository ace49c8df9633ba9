//! Taking, reading and dropping backups.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::azure::Azure;
use crate::config::Vault;
use crate::fault::permanent;
use crate::journey::Journey;
use crate::map::backup;
use crate::map::backup::Record;
use crate::map::json;
use crate::map::path;
use crate::map::schema;
use crate::map::sql;
use crate::map::storage;
use crate::reads::no_schemas;
use crate::step::Step;
use crate::text::encode;

const SERVERS: &str = "Microsoft.Sql/servers";
const ACCOUNTS: &str = "Microsoft.Storage/storageAccounts";

impl Azure {
    fn vault(&self, address: &Address) -> Result<&Vault, Fault> {
        let name = address.part("vault").unwrap_or_default();
        self.places.vaults.get(name).ok_or_else(|| {
            let why =
                format!("no SQL server and storage account are configured for vault `{name}`");
            permanent("NoVault", why)
        })
    }

    fn home(&self, address: &Address) -> Result<(&Vault, Address), Fault> {
        let vault = self.vault(address)?;
        let container = backup::container(address, vault);
        let container = container.ok_or_else(|| permanent("InvalidName", address.to_string()))?;
        Ok((vault, container))
    }

    /// A backup's settings. One that was begun and is not whole is not there: who asks whether a
    /// call has taken it must not take a part for the whole. It counts as verified where the logs
    /// say so, or where all of its copies are there to be read.
    pub(crate) async fn backup(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let (vault, container) = self.home(address)?;
        let Some(found) = self.raw(&container).await? else {
            return Ok(None);
        };
        let Some(record) = Record::read(&found).filter(|record| record.whole) else {
            return Ok(None);
        };
        let mut settings = record.settings();
        if !self.places.workspaces.is_empty()
            && let Some(measured) = self.measure(address).await?
        {
            settings.extend(measured);
        }
        if !settings.contains_key("verified") {
            let verified = self.copies_are_there(vault, &record).await?;
            settings.insert("verified".to_owned(), Value::Bool(verified));
        }
        Ok(Some(settings))
    }

    async fn copies_are_there(&self, vault: &Vault, record: &Record) -> Result<bool, Fault> {
        for name in &record.copies {
            let Some(copy) = backup::copy(vault, name) else {
                return Ok(false);
            };
            match self.raw(&copy).await? {
                Some(database) if sql::online(&database) => {}
                _ => return Ok(false),
            }
        }
        for name in &record.containers {
            let copy = backup::beside(vault, name);
            let found = match copy {
                Some(copy) => self.raw(&copy).await?,
                None => None,
            };
            if found.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a backup. The call that took it may be repeated; another call takes it anew.
    pub(crate) async fn take_backup(
        &self,
        address: &Address,
        settings: &Settings,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let (vault, container) = self.home(address)?;
        let source_text = schema::text(settings, "source");
        let source: Address = source_text
            .parse()
            .map_err(|_| permanent("InvalidParameter", format!("`{source_text}` is no source")))?;
        let found = self.raw(&container).await?;
        let before = found.as_ref().and_then(Record::read);
        if let Some(record) = before.filter(|it| it.whole && it.key == key) {
            if record.source != source_text {
                return Err(permanent(
                    "InvalidParameter",
                    "this key took another backup",
                ));
            }
            let none = Journey::to(address, key, Vec::new(), Settings::new());
            return self.travel(none).await;
        }
        let (databases, containers) = self.parts_of(&source).await?;
        let mut record = Record {
            home: (
                address.part("subscription").unwrap_or_default().to_owned(),
                address.name().to_owned(),
            ),
            source: source_text.to_owned(),
            tenant: schema::text(settings, "tenant").to_owned(),
            key: key.to_owned(),
            taken_at: self.client.now().to_string(),
            copies: Vec::new(),
            containers: Vec::new(),
            whole: false,
        };
        for source in &containers {
            record
                .containers
                .push(self.copy_container(address, vault, source, key).await?);
        }
        let mut steps = Vec::new();
        for database in &databases {
            let name = backup::copy_name(address, database.name());
            let copy =
                backup::copy(vault, &name).ok_or_else(|| permanent("InvalidName", name.clone()))?;
            let now = self.raw(&copy).await?;
            let (id, _) = path::id(&copy, &self.places)?;
            let (from, _) = path::id(database, &self.places)?;
            steps.extend(sql::copy(
                &id,
                &from,
                &Settings::new(),
                &vault.region,
                now.as_ref(),
                key,
            ));
            record.copies.push(name);
        }
        let (id, _) = path::id(&container, &self.places)?;
        steps.insert(0, storage::put_with(&id, &record.metadata()));
        record.whole = true;
        steps.push(storage::put_with(&id, &record.metadata()));
        self.travel(Journey::to(address, key, steps, Settings::new()))
            .await
    }

    /// Copies a container's blobs into one of the vault's; its name.
    async fn copy_container(
        &self,
        backup: &Address,
        vault: &Vault,
        source: &Address,
        key: &str,
    ) -> Result<String, Fault> {
        let name = backup::container_name(backup, source);
        let copy =
            backup::beside(vault, &name).ok_or_else(|| permanent("InvalidName", name.clone()))?;
        let found = self.raw(source).await?;
        let found = found
            .ok_or_else(|| permanent("ResourceNotFound", format!("{source} does not exist")))?;
        let tenant = storage::metadata(&found, storage::TENANT).unwrap_or_default();
        let settings = Settings::from([(storage::TENANT.to_owned(), tenant.into())]);
        let (id, _) = path::id(&copy, &self.places)?;
        let now = self.raw(&copy).await?;
        // Blobs need the container there before any of them is copied.
        let opened = storage::put_container(&id, &settings, now.as_ref())?;
        let open = Journey::to(&copy, key, vec![opened], Settings::new());
        if let Outcome::Accepted(_) = self.travel(open).await? {
            return Err(permanent("Backup", "a container was not made at once"));
        }
        self.copy_blobs(&copy, source).await?;
        Ok(name)
    }

    /// The databases and containers that a source stands for.
    async fn parts_of(&self, source: &Address) -> Result<(Vec<Address>, Vec<Address>), Fault> {
        match source.kind() {
            Kind::SqlDatabase => Ok((vec![source.clone()], Vec::new())),
            Kind::BlobContainer => Ok((Vec::new(), vec![source.clone()])),
            Kind::SqlServer => Ok((self.server_databases(source).await?, Vec::new())),
            Kind::StorageAccount => Ok((Vec::new(), self.account_containers(source).await?)),
            Kind::ResourceGroup => {
                let (mut databases, mut containers) = (Vec::new(), Vec::new());
                for server in self.within(source, Kind::SqlServer, SERVERS).await? {
                    databases.extend(self.server_databases(&server).await?);
                }
                for account in self.within(source, Kind::StorageAccount, ACCOUNTS).await? {
                    containers.extend(self.account_containers(&account).await?);
                }
                Ok((databases, containers))
            }
            Kind::RegistryItem => self.data_of(source).await,
            kind => Err(permanent(
                "BackupSource",
                format!("a `{kind}` is not backed up"),
            )),
        }
    }

    /// Where a tenant's registry entry says that its data is.
    async fn data_of(&self, item: &Address) -> Result<(Vec<Address>, Vec<Address>), Fault> {
        let found = self.item(item).await?;
        let found =
            found.ok_or_else(|| permanent("ResourceNotFound", format!("{item} does not exist")))?;
        let data = found.get("data").and_then(Value::as_list);
        let (mut databases, mut containers) = (Vec::new(), Vec::new());
        for one in data.unwrap_or_default() {
            let text = one.as_str().unwrap_or_default();
            let address: Address = text.parse().map_err(|_| {
                permanent("InvalidParameter", format!("{item}: `{text}` is no data"))
            })?;
            match address.kind() {
                Kind::SqlDatabase => databases.push(address),
                Kind::BlobContainer => containers.push(address),
                Kind::TenantSchema => return Err(no_schemas()),
                kind => {
                    let why = format!("{item}: a `{kind}` is not backed up");
                    return Err(permanent("BackupSource", why));
                }
            }
        }
        Ok((databases, containers))
    }

    async fn account_containers(&self, account: &Address) -> Result<Vec<Address>, Fault> {
        let found = self.containers(account).await?;
        Ok(found.into_iter().map(|(address, _)| address).collect())
    }

    /// The resources of a group that are of this type.
    async fn within(&self, group: &Address, kind: Kind, word: &str) -> Result<Vec<Address>, Fault> {
        let (id, version) = path::id(group, &self.places)?;
        let filter = encode(&format!("resourceType eq '{word}'"));
        let url = self.url(&format!("{id}/resources?$filter={filter}"), version);
        let found = self.client.list(&url).await?;
        let ids = found.iter().filter_map(|it| json::text(it, &["id"]));
        Ok(ids
            .filter_map(|id| path::address(id, &self.places))
            .filter(|it| it.kind() == kind)
            .collect())
    }

    async fn server_databases(&self, server: &Address) -> Result<Vec<Address>, Fault> {
        let (id, version) = path::id(server, &self.places)?;
        let url = self.url(&format!("{id}/databases"), version);
        let found = self.client.list(&url).await?;
        let names = found.iter().filter_map(sql::user_database);
        Ok(names
            .filter_map(|name| {
                let mut parts: Vec<&str> = server.parts().collect();
                parts.push(name);
                Address::new(Kind::SqlDatabase, &parts).ok()
            })
            .collect())
    }

    /// Drops a backup: its copies, and its record last.
    pub(crate) async fn drop_backup(&self, address: &Address, key: &str) -> Result<Outcome, Fault> {
        let (vault, container) = self.home(address)?;
        let found = self.raw(&container).await?;
        let record = found.as_ref().and_then(Record::read).unwrap_or_default();
        let mut steps = Vec::new();
        for copy in record
            .copies
            .iter()
            .filter_map(|it| backup::copy(vault, it))
        {
            let (id, version) = path::id(&copy, &self.places)?;
            steps.push(Step::delete(id, version));
        }
        let beside = record.containers.iter();
        let beside = beside.filter_map(|name| backup::beside(vault, name));
        for container in beside.chain([container]) {
            let (id, version) = path::id(&container, &self.places)?;
            steps.push(Step::delete(id, version));
        }
        self.travel(Journey::away(address, key, steps)).await
    }
}
