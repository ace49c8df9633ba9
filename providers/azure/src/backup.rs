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
use crate::step::Step;
use crate::text::encode;

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

    /// A backup's settings. It counts as verified where the logs say so, or where all of its
    /// copies are there to be read.
    pub(crate) async fn backup(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let (vault, container) = self.home(address)?;
        let Some(found) = self.raw(&container).await? else {
            return Ok(None);
        };
        let Some(record) = Record::read(&found) else {
            return Ok(None);
        };
        let mut settings = record.settings();
        if !self.places.workspaces.is_empty()
            && let Some(measured) = self.measure(address).await?
        {
            settings.extend(measured);
        }
        if !settings.contains_key("verified") {
            let verified = record.whole && self.copies_are_there(vault, &record).await?;
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
        let (databases, blobs) = self.data_of(&source).await?;
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
            whole: false,
        };
        let (container_id, _) = path::id(&container, &self.places)?;
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
        let opened = storage::put_with(&container_id, &record.metadata());
        if let Some(blobs) = blobs {
            // Blobs need the container there before any of them is copied.
            let open = Journey::to(&container, key, vec![opened], Settings::new());
            if let Outcome::Accepted(_) = self.travel(open).await? {
                return Err(permanent("Backup", "a container was not made at once"));
            }
            self.copy_blobs(&container, &blobs).await?;
        } else {
            steps.insert(0, opened);
        }
        record.whole = true;
        steps.push(storage::put_with(&container_id, &record.metadata()));
        self.travel(Journey::to(address, key, steps, Settings::new()))
            .await
    }

    /// The databases and the container that a source stands for.
    async fn data_of(&self, source: &Address) -> Result<(Vec<Address>, Option<Address>), Fault> {
        match source.kind() {
            Kind::SqlDatabase => Ok((vec![source.clone()], None)),
            Kind::BlobContainer => Ok((Vec::new(), Some(source.clone()))),
            Kind::SqlServer => Ok((self.server_databases(source).await?, None)),
            Kind::ResourceGroup => {
                let mut all = Vec::new();
                for server in self.servers(source).await? {
                    all.extend(self.server_databases(&server).await?);
                }
                Ok((all, None))
            }
            Kind::RegistryItem => self.data_named_by(source).await,
            kind => Err(not_backed_up(&format!("a `{kind}`"))),
        }
    }

    /// What the registry's entry of a tenant names as its `data`: a database, a container or both.
    /// An entry that names none is refused, because a backup of nothing would look like one.
    async fn data_named_by(
        &self,
        entry: &Address,
    ) -> Result<(Vec<Address>, Option<Address>), Fault> {
        let found = self
            .item(entry)
            .await?
            .ok_or_else(|| permanent("ResourceNotFound", format!("{entry} does not exist")))?;
        let named = found.get("data").and_then(Value::as_list);
        let (mut databases, mut container) = (Vec::new(), None);
        for one in named.unwrap_or_default() {
            let address = one.as_str().and_then(|text| text.parse::<Address>().ok());
            match address {
                Some(it) if it.kind() == Kind::SqlDatabase => databases.push(it),
                Some(it) if it.kind() == Kind::BlobContainer && container.is_none() => {
                    container = Some(it);
                }
                _ => return Err(not_backed_up(&format!("{one} of {entry}"))),
            }
        }
        if databases.is_empty() && container.is_none() {
            return Err(not_backed_up(&format!("{entry}, which names no data,")));
        }
        Ok((databases, container))
    }

    async fn servers(&self, group: &Address) -> Result<Vec<Address>, Fault> {
        let (id, version) = path::id(group, &self.places)?;
        let filter = encode("resourceType eq 'Microsoft.Sql/servers'");
        let url = self.url(&format!("{id}/resources?$filter={filter}"), version);
        let found = self.client.list(&url).await?;
        let ids = found.iter().filter_map(|it| json::text(it, &["id"]));
        Ok(ids
            .filter_map(|id| path::address(id, &self.places))
            .filter(|it| it.kind() == Kind::SqlServer)
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

    /// Drops a backup: its copies, then its record.
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
        let (id, version) = path::id(&container, &self.places)?;
        steps.push(Step::delete(id, version));
        self.travel(Journey::away(address, key, steps)).await
    }
}

fn not_backed_up(what: &str) -> Fault {
    permanent("BackupSource", format!("{what} is not backed up"))
}
