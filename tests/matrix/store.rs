//! A store in memory: journals that outlive a run, and one lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use async_trait::async_trait;
use stampctl::journal::Epoch;
use stampctl::journal::RunId;
use stampctl::plan::format::Digest;
use stampctl::store::Holder;
use stampctl::store::Lease;
use stampctl::store::Store;
use stampctl::store::StoreError;

#[derive(Clone, Debug, Default)]
struct Files {
    journals: BTreeMap<RunId, Vec<u8>>,
    plans: BTreeMap<String, Vec<u8>>,
    holder: Option<Holder>,
    epoch: u64,
}

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Files>>);

struct Hold(Memory);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.files().holder = None;
    }
}

impl Memory {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().expect("no test panics with the lock")
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
        assert_eq!(files.epoch, lease.epoch.0, "nobody else holds the lock");
        let journal = files.journals.entry(run.clone()).or_default();
        journal.truncate(usize::try_from(length).expect("fits"));
        journal.extend_from_slice(bytes);
        Ok(())
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files().plans.get(&digest.0).cloned())
    }

    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.files().plans.insert(digest.0.clone(), bytes.to_vec());
        Ok(())
    }

    async fn approvals(&self, _digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        Ok(Vec::new())
    }

    async fn put_approval(&self, _name: &str, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn acquire(&self, holder: &Holder) -> Result<Lease, StoreError> {
        let mut files = self.files();
        if let Some(holder) = &files.holder {
            return Err(StoreError::Locked(Some(Box::new(holder.clone()))));
        }
        files.epoch += 1;
        let epoch = Epoch(files.epoch);
        files.holder = Some(Holder {
            epoch,
            ..holder.clone()
        });
        Ok(Lease::tied_to(epoch, Hold(self.clone())))
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

    async fn break_lock(&self, _run: &RunId, _by: &Holder) -> Result<Lease, StoreError> {
        Err(StoreError::NotLocked)
    }
}
