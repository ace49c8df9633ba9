//! A store in a folder beside the fleet, for one machine.
//!
//! ```text
//! .stampctl/
//!   journal/{run}.jsonl     approvals/{digest}.{principal}.sig     plans/{digest}.json
//!   lock                    held by `flock` for the life of the process
//!   epoch, epoch.guard      the number of the newest hold; who reads or raises it
//! ```
//!
//! Every file is opened beneath the folder's own descriptor, never through a symbolic link.
//! Calls block for as long as the disk takes, a few milliseconds.

mod files;
mod lock;

use std::path::Path;

use async_trait::async_trait;

use super::Holder;
use super::Lease;
use super::Store;
use super::StoreError;
use crate::journal::RunId;
use crate::plan::format::Digest;
use files::Folder;

const JOURNAL: &str = "journal";
const PLANS: &str = "plans";
const APPROVALS: &str = "approvals";
const ENDING: &str = ".jsonl";

/// A store in a folder.
#[derive(Debug)]
pub struct LocalStore {
    root: Folder,
    journal: Folder,
    plans: Folder,
    approvals: Folder,
}

impl LocalStore {
    /// Opens the store in `folder`, and creates what is missing of it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let root = Folder::open(folder)?;
        Ok(Self {
            journal: root.sub(JOURNAL)?,
            plans: root.sub(PLANS)?,
            approvals: root.sub(APPROVALS)?,
            root,
        })
    }
}

#[async_trait]
impl Store for LocalStore {
    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut runs = Vec::new();
        for name in self.journal.names()? {
            if let Some(stem) = name.strip_suffix(ENDING)
                && let Ok(run) = stem.parse()
            {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    async fn journal(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.journal.read(&format!("{run}{ENDING}"))
    }

    async fn append(
        &self,
        lease: &Lease,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        // The guard is held over the write, so that no newer holder can come between the look at
        // the epoch and the bytes.
        let guard = lock::EpochGuard::take(&self.root)?;
        let current = guard.current()?.unwrap_or_default();
        if current != lease.epoch {
            return Err(StoreError::Fenced {
                ours: lease.epoch,
                current,
            });
        }
        let name = format!("{run}{ENDING}");
        if length == 0 {
            self.journal.create(&name, bytes)
        } else {
            self.journal.write_at(&name, length, bytes)
        }
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.plans.read(&super::plan_name(digest)?)
    }

    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.plans.replace(&super::plan_name(digest)?, bytes)
    }

    async fn approvals(&self, digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        for name in self.approvals.names()? {
            if crate::approve::is_for(&name, digest)
                && let Some(bytes) = self.approvals.read(&name)?
            {
                found.push((name, bytes));
            }
        }
        Ok(found)
    }

    async fn put_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.approvals.replace(name, bytes)
    }

    async fn acquire(&self, holder: &Holder) -> Result<Lease, StoreError> {
        let fresh = self.journal.names()?.is_empty();
        lock::acquire(&self.root, holder, fresh)
    }

    async fn renew(&self, _lease: &Lease) -> Result<(), StoreError> {
        // The kernel keeps the lock for as long as the process lives.
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        drop(lease);
        Ok(())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        match lock::holder(&self.root)? {
            lock::Held::Free => Ok(None),
            lock::Held::By(holder) => Ok(Some(*holder)),
            lock::Held::BySomebody => Err(StoreError::Locked(None)),
        }
    }

    async fn break_lock(&self, run: &RunId, by: &Holder) -> Result<Lease, StoreError> {
        lock::break_lock(&self.root, run, by)
    }
}

#[cfg(test)]
mod tests;
