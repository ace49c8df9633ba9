//! A store in memory, at whose writes the process dies on order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use async_trait::async_trait;
use stampctl::approve;
use stampctl::journal::Epoch;
use stampctl::journal::RunId;
use stampctl::plan::format::Digest;
use stampctl::store::Holder;
use stampctl::store::Lease;
use stampctl::store::Store;
use stampctl::store::StoreError;

use crate::cloud::Life;

/// A write at which the process dies, and how many of its bytes are durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastWrite {
    /// The write, counted from 0.
    pub(crate) number: usize,
    /// Its bytes that are kept.
    pub(crate) bytes: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) journals: BTreeMap<RunId, Vec<u8>>,
    plans: BTreeMap<String, Vec<u8>>,
    approvals: BTreeMap<String, Vec<u8>>,
    holder: Option<Holder>,
    epoch: u64,
    /// The length of every write, in order.
    pub(crate) writes: Vec<Vec<u8>>,
    pub(crate) last: Option<LastWrite>,
}

/// A store in memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    files: Arc<Mutex<Files>>,
    life: Life,
}

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
    pub(crate) fn new(life: Life) -> Self {
        Self {
            files: Arc::default(),
            life,
        }
    }

    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().expect("no test panics with the lock")
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

    /// Writes, and says whether the process dies at it.
    fn write(
        &self,
        lease: &Lease,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let mut files = self.files();
        if files.epoch != lease.epoch.0 {
            let (ours, current) = (lease.epoch, Epoch(files.epoch));
            return Err(StoreError::Fenced { ours, current });
        }
        let number = files.writes.len();
        files.writes.push(bytes.to_vec());
        let last = files.last.filter(|last| last.number == number);
        let mut kept = last.map_or(bytes, |last| &bytes[..last.bytes.min(bytes.len())]);
        if length == 0 && kept.len() < bytes.len() {
            // A journal is created with its first records in it, or not at all.
            kept = &[];
        }
        let length = usize::try_from(length).expect("fits");
        let known = files.journals.get(run).map_or(0, Vec::len);
        assert!(
            known >= length && (length > 0 || known == 0),
            "a write at {length} of a journal of {known} bytes"
        );
        if length + kept.len() > 0 {
            let journal = files.journals.entry(run.clone()).or_default();
            journal.truncate(length);
            journal.extend_from_slice(kept);
        }
        Ok(last.is_some())
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
        self.life.is_needed().await;
        if self.write(lease, run, length, bytes)? {
            self.life.end().await;
        }
        Ok(())
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files().plans.get(&digest.0).cloned())
    }

    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.files().plans.insert(digest.0.clone(), bytes.to_vec());
        Ok(())
    }

    async fn approvals(&self, digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let files = self.files();
        let found = files.approvals.iter();
        let found = found.filter(|(name, _)| approve::is_for(name, digest));
        Ok(found.map(|(n, b)| (n.clone(), b.clone())).collect())
    }

    async fn put_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
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
