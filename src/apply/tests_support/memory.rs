//! A store in memory, whose writes fail on order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use async_trait::async_trait;

use crate::journal::Epoch;
use crate::journal::RunId;
use crate::plan::format::Digest;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::Store;
use crate::store::StoreError;

/// How much of a failing write is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    Nothing,
    Half,
    All,
}

#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) journals: BTreeMap<RunId, Vec<u8>>,
    plans: BTreeMap<String, Vec<u8>>,
    approvals: BTreeMap<String, Vec<u8>>,
    pub(crate) holder: Option<Holder>,
    pub(crate) epoch: u64,
    pub(crate) appends: usize,
    /// Which append fails, from 0, and what of it is kept.
    pub(crate) fails: Option<(usize, Kept)>,
    pub(crate) failed: bool,
    /// The cloud that must not be called once a write has failed.
    pub(crate) watched: Option<super::cloud::Cloud>,
}

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Files>>);

/// The hold of a process: gone with it.
struct Hold(Memory, Epoch);

impl Drop for Hold {
    fn drop(&mut self) {
        let mut files = self.0.files();
        if files.holder.as_ref().is_some_and(|h| h.epoch == self.1) {
            files.holder = None;
        }
    }
}

impl Memory {
    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().expect("no test panics with the lock")
    }

    fn hold(&self, holder: &Holder) -> Lease {
        let mut files = self.files();
        files.epoch += 1;
        let epoch = Epoch(files.epoch);
        files.holder = Some(Holder {
            epoch,
            ..holder.clone()
        });
        Lease::tied_to(epoch, Hold(self.clone(), epoch))
    }
}

#[async_trait]
impl Store for Memory {
    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(self.files().journals.keys().cloned().collect())
    }

    async fn journal(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files().journals.get(run).cloned())
    }

    async fn append(
        &self,
        lease: &Lease,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let mut files = self.files();
        assert!(!files.failed, "nothing is written after a failed write");
        if files.epoch != lease.epoch.0 {
            let (ours, current) = (lease.epoch, Epoch(files.epoch));
            return Err(StoreError::Fenced { ours, current });
        }
        let fails = files.fails.filter(|(number, _)| *number == files.appends);
        files.appends += 1;
        let kept = match fails {
            None | Some((_, Kept::All)) => bytes,
            Some((_, Kept::Half)) if length > 0 => &bytes[..bytes.len() / 2],
            Some(_) => &[],
        };
        let length = usize::try_from(length).expect("fits");
        let known = files.journals.get(run).map_or(0, Vec::len);
        if known < length || (length == 0 && known > 0) {
            return Err(StoreError::NotNow("it is not as long".to_owned()));
        }
        if length + kept.len() > 0 {
            let journal = files.journals.entry(run.clone()).or_default();
            journal.truncate(length);
            journal.extend_from_slice(kept);
        }
        if fails.is_some() {
            files.failed = true;
            if let Some(cloud) = &files.watched {
                cloud.world().dead = true;
            }
            return Err(StoreError::Io {
                action: "write",
                file: "journal".to_owned(),
                source: std::io::Error::from(std::io::ErrorKind::StorageFull),
            });
        }
        Ok(())
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files().plans.get(&digest.0).cloned())
    }

    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if digest.0.len() != 64 {
            return Err(StoreError::NotNow("no digest".to_owned()));
        }
        self.files().plans.insert(digest.0.clone(), bytes.to_vec());
        Ok(())
    }

    async fn approvals(&self, digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let files = self.files();
        let found = files.approvals.iter();
        let found = found.filter(|(name, _)| crate::approve::is_for(name, digest));
        Ok(found.map(|(n, b)| (n.clone(), b.clone())).collect())
    }

    async fn put_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if name.contains('/') {
            return Err(StoreError::NotNow("no name".to_owned()));
        }
        let mut files = self.files();
        files.approvals.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn acquire(&self, holder: &Holder) -> Result<Lease, StoreError> {
        if let Some(holder) = &self.files().holder {
            return Err(StoreError::Locked(Some(Box::new(holder.clone()))));
        }
        Ok(self.hold(holder))
    }

    async fn renew(&self, _lease: &Lease) -> Result<(), StoreError> {
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        drop(lease);
        Ok(())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        Ok(self.files().holder.clone())
    }

    async fn break_lock(&self, run: &RunId, by: &Holder) -> Result<Lease, StoreError> {
        let holder = self.files().holder.clone();
        match holder {
            None => Err(StoreError::NotLocked),
            Some(holder) if holder.run == *run => Ok(self.hold(by)),
            Some(holder) => Err(StoreError::OtherRun(Some(Box::new(holder)))),
        }
    }
}
