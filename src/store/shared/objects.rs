//! Objects beneath a prefix: read, created once, replaced if unchanged, listed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use object_store::ObjectStore;
use object_store::ObjectStoreExt as _;
use object_store::PutMode;
use object_store::PutOptions;
use object_store::PutPayload;
use object_store::UpdateVersion;
use object_store::path::Path;

use crate::journal::RunId;
use crate::store::StoreError;

/// Where journals are.
pub(super) const RUNS: &str = "runs";

/// Written to learn what time it is where the objects are.
const CLOCK: &str = "clock";

/// Objects beneath a prefix.
#[derive(Clone)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// An object that was read.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) version: UpdateVersion,
    /// When it was written, by the clock of where it is.
    pub(super) modified: Timestamp,
}

/// What came of a write that has a condition.
pub(super) enum Written {
    /// It is written.
    Done(UpdateVersion),
    /// Its condition does not hold; or it did, and the answer to the write that did it was lost.
    Refused,
    /// Nobody knows whether it is written.
    Unknown(StoreError),
}

impl Objects {
    pub(super) fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// An object, or `None` where there is none.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let found = match self.store.get(&self.path(name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(failed("read", name, fault)),
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let modified = found.meta.last_modified.timestamp_millis();
        let size = found.meta.size;
        let bytes = found.bytes().await;
        let bytes = bytes.map_err(|fault| failed("read", name, fault))?;
        if bytes.len() as u64 != size {
            return Err(damaged(name, "it came with other than its own length"));
        }
        Ok(Some(Found {
            bytes: bytes.to_vec(),
            version,
            modified: Timestamp::from_millisecond(modified)
                .map_err(|_| damaged(name, "its date is out of range"))?,
        }))
    }

    /// The bytes of an object.
    pub(super) async fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(name).await?.map(|found| found.bytes))
    }

    /// Writes an object, whatever stood there.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let path = self.path(name);
        let put = self.store.put(&path, PutPayload::from(bytes)).await;
        put.map(drop).map_err(|fault| failed("write", name, fault))
    }

    /// Writes an object if it is not there (`version`: none) or still has that version.
    pub(super) async fn put_if(
        &self,
        name: &str,
        bytes: &[u8],
        version: Option<&UpdateVersion>,
    ) -> Result<Written, StoreError> {
        let mode = version.map_or(PutMode::Create, |version| PutMode::Update(version.clone()));
        let options = PutOptions::from(mode);
        let payload = PutPayload::from(bytes.to_vec());
        match self
            .store
            .put_opts(&self.path(name), payload, options)
            .await
        {
            Ok(put) => Ok(Written::Done(put.into())),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => Ok(Written::Refused),
            Err(fault @ object_store::Error::Generic { .. }) => {
                Ok(Written::Unknown(failed("write", name, fault)))
            }
            Err(fault @ object_store::Error::NotFound { .. }) => {
                let why = format!("the container is not there: {fault}");
                Err(io("write", name, std::io::Error::other(why)))
            }
            Err(fault) => Err(failed("write", name, fault)),
        }
    }

    /// How long ago something was written, by the clock of where it is.
    pub(super) async fn age(&self, modified: Timestamp) -> Result<Duration, StoreError> {
        self.put(CLOCK, Vec::new()).await?;
        let head = self.store.head(&self.path(CLOCK)).await;
        let head = head.map_err(|fault| failed("read", CLOCK, fault))?;
        let now = Timestamp::from_millisecond(head.last_modified.timestamp_millis())
            .map_err(|_| damaged(CLOCK, "its date is out of range"))?;
        // A date in the future is no age.
        Ok(Duration::try_from(now.duration_since(modified)).unwrap_or_default())
    }

    /// The names of the objects in a folder, in order.
    pub(super) async fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let prefix = self.path(folder);
        let listed = self.store.list(Some(&prefix));
        let mut names: Vec<String> = listed
            .try_filter_map(async |meta| {
                let mut rest = meta.location.prefix_match(&prefix).into_iter().flatten();
                let name = rest.next().map(|part| part.as_ref().to_owned());
                Ok(name.filter(|_| rest.next().is_none()))
            })
            .try_collect()
            .await
            .map_err(|fault| failed("list", folder, fault))?;
        names.sort();
        Ok(names)
    }

    /// The runs that have a journal, in order of id.
    pub(super) async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let listed = self.store.list_with_delimiter(Some(&self.path(RUNS))).await;
        let listed = listed.map_err(|fault| failed("list", RUNS, fault))?;
        let names = listed.common_prefixes.iter();
        let names = names.filter_map(|path| path.filename()?.parse().ok());
        let mut runs: Vec<RunId> = names.collect();
        runs.sort();
        Ok(runs)
    }

    fn path(&self, name: &str) -> Path {
        let mut path = self.prefix.clone();
        path.extend(name.split('/'));
        path
    }
}

/// An object is not what was written.
pub(super) fn damaged(file: &str, why: &str) -> StoreError {
    StoreError::Damaged {
        file: file.to_owned(),
        why: why.to_owned(),
    }
}

fn failed(action: &'static str, file: &str, fault: object_store::Error) -> StoreError {
    io(action, file, std::io::Error::other(fault))
}

fn io(action: &'static str, file: &str, source: std::io::Error) -> StoreError {
    StoreError::Io {
        action,
        file: file.to_owned(),
        source,
    }
}
