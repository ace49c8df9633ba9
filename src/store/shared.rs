//! A store in a container of blobs, for a fleet that more than one machine applies to.
//!
//! ```text
//! {prefix}/{fleet}/
//!   runs/{run}/{seq}.jsonl     a piece of a journal; created once, never changed
//!   plans/{digest}.json        approvals/{digest}.{principal}.sig
//!   lock.json                  the epoch, who holds the lock, and how often that was renewed
//!   clock                      written to learn what time it is there
//! ```
//!
//! The lock lapses when it is not renewed, and can be taken over after that and the time that a
//! call of the dead holder may still take (reliability R5). Every piece of a journal carries the
//! epoch of its writer. A writer looks at the lock after each write and believes the write only
//! when its own epoch is still in force: whoever takes the lock reads the journal later than that,
//! so it sees everything that an earlier holder acted on.
//!
//! Ages are measured by the blobs' own dates, and what is left of one's own hold by a clock that
//! only moves forward, so that no two machines' clocks are ever compared.

mod host;
mod lock;
mod objects;
pub mod place;
mod segment;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;

use super::Holder;
use super::Lease;
use super::Store;
use super::StoreError;
use crate::journal::RunId;
use crate::plan::format::Digest;
use host::Host;
use lock::Lock;
use objects::Objects;
use segment::Extent;
pub use terms::Terms;

const PLANS: &str = "plans";
const APPROVALS: &str = "approvals";

/// How long it has been since some moment. It only grows, also while the machine sleeps.
pub type Elapsed = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A store in a container of blobs.
pub struct SharedStore {
    core: Arc<Core>,
    host: Option<Host>,
}

/// What the store's own thread and its callers share.
struct Core {
    objects: Objects,
    lock: Lock,
    extents: Mutex<BTreeMap<RunId, Extent>>,
}

impl SharedStore {
    /// A store in `objects` beneath `prefix`. Whoever holds its lock has to call
    /// [`Store::renew`] often enough.
    pub fn new(
        objects: Arc<dyn ObjectStore>,
        prefix: Path,
        terms: Terms,
        elapsed: Elapsed,
    ) -> Self {
        let objects = Objects::new(objects, prefix);
        let core = Core {
            lock: Lock::new(objects.clone(), terms, elapsed),
            objects,
            extents: Mutex::default(),
        };
        Self {
            core: Arc::new(core),
            host: None,
        }
    }

    /// The same with a thread of its own, which does the calls and renews the lock whatever its
    /// holder is busy with.
    pub fn hosted(self) -> Result<Self, StoreError> {
        Ok(Self {
            host: Some(Host::start()?),
            ..self
        })
    }

    async fn on<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.core));
        match &self.host {
            Some(host) => host.run(work).await?,
            None => work.await,
        }
    }

    fn lease(&self, epoch: crate::journal::Epoch) -> Lease {
        match &self.host {
            Some(host) => {
                let core = Arc::clone(&self.core);
                Lease::tied_to(epoch, host.keep(async move { core.lock.keep(epoch).await }))
            }
            None => Lease::remote(epoch),
        }
    }
}

#[async_trait]
impl Store for SharedStore {
    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.on(|core| async move { core.objects.runs().await })
            .await
    }

    async fn journal(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        let run = run.clone();
        self.on(|core| async move { core.journal(&run).await })
            .await
    }

    async fn append(
        &self,
        lease: &Lease,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let (epoch, run, bytes) = (lease.epoch, run.clone(), bytes.to_vec());
        self.on(|core| async move { core.append(epoch, &run, length, &bytes).await })
            .await
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let name = format!("{PLANS}/{}", super::plan_name(digest)?);
        self.on(|core| async move { core.objects.bytes(&name).await })
            .await
    }

    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let name = format!("{PLANS}/{}", super::plan_name(digest)?);
        let bytes = bytes.to_vec();
        self.on(|core| async move { core.objects.put(&name, bytes).await })
            .await
    }

    async fn approvals(&self, digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let digest = digest.clone();
        self.on(|core| async move {
            let mut found = Vec::new();
            for name in core.objects.names(APPROVALS).await? {
                if crate::approve::is_for(&name, &digest)
                    && let Some(bytes) = core.objects.bytes(&format!("{APPROVALS}/{name}")).await?
                {
                    found.push((name, bytes));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn put_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if name.contains(['/', '\\']) {
            let why = "the name of an approval is not one of a file".to_owned();
            return Err(StoreError::NotNow(why));
        }
        let (name, bytes) = (format!("{APPROVALS}/{name}"), bytes.to_vec());
        self.on(|core| async move { core.objects.put(&name, bytes).await })
            .await
    }

    async fn acquire(&self, holder: &Holder) -> Result<Lease, StoreError> {
        let holder = holder.clone();
        let epoch = self
            .on(|core| async move { core.lock.acquire(&holder).await })
            .await?;
        Ok(self.lease(epoch))
    }

    async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let epoch = lease.epoch;
        self.on(|core| async move { core.lock.renew(epoch).await })
            .await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        let epoch = lease.epoch;
        // Ends the renewing first.
        drop(lease);
        self.on(|core| async move { core.lock.release(epoch).await })
            .await
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.on(|core| async move { core.lock.holder().await })
            .await
    }

    async fn break_lock(&self, run: &RunId, by: &Holder) -> Result<Lease, StoreError> {
        let (run, by) = (run.clone(), by.clone());
        let epoch = self
            .on(|core| async move { core.lock.break_from(&run, &by).await })
            .await?;
        Ok(self.lease(epoch))
    }
}

#[cfg(test)]
mod tests;
