//! The lock of a shared store: one object, changed only by who has read its newest version.

use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::time::Duration;

use object_store::UpdateVersion;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Mutex;

use super::Elapsed;
use super::Terms;
use super::objects::Found;
use super::objects::Objects;
use super::objects::Written;
use super::objects::damaged;
use crate::journal::Epoch;
use crate::journal::RunId;
use crate::store::Holder;
use crate::store::StoreError;

const FORMAT: &str = "stampctl.lock/v1";
const LOCK: &str = "lock.json";

/// How often a lock is looked at that changes all the time.
const TRIES: u32 = 5;

/// What the lock's object says. It is as old as its last renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: String,
    /// The newest hold's epoch.
    epoch: Epoch,
    /// Who holds it; `None`: it was given back.
    holder: Option<Holder>,
    /// For how long without a renewal.
    lease_seconds: u64,
    /// How often it was renewed.
    renewal: u64,
    /// The process that wrote this. Two on machines alike are told apart by it.
    writer: String,
}

struct Seen {
    record: Record,
    found: Found,
}

/// Our hold.
struct Held {
    record: Record,
    version: UpdateVersion,
    /// When the last renewal was begun.
    since: Duration,
}

/// The lock.
pub(super) struct Lock {
    objects: Objects,
    terms: Terms,
    elapsed: Elapsed,
    writer: String,
    held: Mutex<Option<Held>>,
}

impl Lock {
    pub(super) fn new(objects: Objects, terms: Terms, elapsed: Elapsed) -> Self {
        let random = RandomState::new().hash_one(std::process::id());
        Self {
            objects,
            terms,
            elapsed,
            writer: format!("{random:016x}"),
            held: Mutex::new(None),
        }
    }

    /// Takes the lock, if nobody has it or whoever has it let it lapse.
    pub(super) async fn acquire(&self, by: &Holder) -> Result<Epoch, StoreError> {
        for _ in 0..TRIES {
            let seen = self.look().await?;
            if let Some(seen) = &seen
                && let Some(holder) = &seen.record.holder
                && !self.has_lapsed(seen).await?
            {
                return Err(StoreError::Locked(Some(Box::new(holder.clone()))));
            }
            if let Some(epoch) = self.take(seen.as_ref(), by).await? {
                return Ok(epoch);
            }
        }
        Err(StoreError::Locked(None))
    }

    /// Takes the lock from the run that has it.
    pub(super) async fn break_from(&self, run: &RunId, by: &Holder) -> Result<Epoch, StoreError> {
        for _ in 0..TRIES {
            let seen = self.look().await?.ok_or(StoreError::NotLocked)?;
            match &seen.record.holder {
                None => return Err(StoreError::NotLocked),
                Some(holder) if holder.run == *run => {}
                Some(holder) => {
                    return Err(StoreError::OtherRun(Some(Box::new(holder.clone()))));
                }
            }
            if let Some(epoch) = self.take(Some(&seen), by).await? {
                return Ok(epoch);
            }
        }
        Err(StoreError::Locked(None))
    }

    /// Renews the hold if that is due.
    pub(super) async fn renew(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.renew_after(epoch, self.terms.renew_every()).await
    }

    /// Renews the hold if too little is left of it for a write and the call that follows.
    pub(super) async fn may_write(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.renew_after(epoch, self.terms.may_begin_within()).await
    }

    /// Renews the hold again and again, until it is lost. Each failure is tried again: whether
    /// one matters is for whoever writes next.
    pub(super) async fn keep(&self, epoch: Epoch) {
        loop {
            tokio::time::sleep(self.terms.renew_every() / 5).await;
            if let Err(StoreError::Fenced { .. }) = self.renew(epoch).await {
                return;
            }
        }
    }

    /// Gives the lock back, if it is still ours.
    pub(super) async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.record.epoch == epoch) {
            *held = None;
        }
        for _ in 0..TRIES {
            let Some(seen) = self.look().await? else {
                return Ok(());
            };
            if seen.record.epoch != epoch || seen.record.holder.is_none() {
                return Ok(());
            }
            let free = Record {
                holder: None,
                renewal: seen.record.renewal + 1,
                writer: self.writer.clone(),
                ..seen.record
            };
            if self
                .write(&free, Some(&seen.found.version))
                .await?
                .is_some()
            {
                return Ok(());
            }
        }
        // It lapses by itself.
        Ok(())
    }

    /// Who has the lock and did not let it lapse.
    pub(super) async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        let Some(seen) = self.look().await? else {
            return Ok(None);
        };
        if seen.record.holder.is_none() {
            return Ok(None);
        }
        // Whoever may only read cannot ask for the time there, and then the lock counts as held.
        let lapsed = self.has_lapsed(&seen).await.unwrap_or(false);
        Ok(seen.record.holder.filter(|_| !lapsed))
    }

    /// Whether this epoch is still the newest.
    pub(super) async fn is_in_force(&self, epoch: Epoch) -> Result<(), StoreError> {
        let current = self.look().await?.map(|seen| seen.record.epoch);
        let current = current.ok_or_else(|| damaged(LOCK, "it is gone while it is held"))?;
        if current == epoch {
            return Ok(());
        }
        Err(StoreError::Fenced {
            ours: epoch,
            current,
        })
    }

    async fn renew_after(&self, epoch: Epoch, age: Duration) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        let Some(ours) = held.as_mut().filter(|held| held.record.epoch == epoch) else {
            drop(held);
            self.is_in_force(epoch).await?;
            return Err(StoreError::NotLocked);
        };
        let now = (self.elapsed)();
        if now.saturating_sub(ours.since) < age {
            return Ok(());
        }
        let record = Record {
            renewal: ours.record.renewal + 1,
            ..ours.record.clone()
        };
        if let Some(version) = self.write(&record, Some(&ours.version)).await? {
            *ours = Held {
                record,
                version,
                since: now,
            };
            return Ok(());
        }
        *held = None;
        drop(held);
        self.is_in_force(epoch).await?;
        Err(StoreError::NotLocked)
    }

    /// Writes that `by` has the lock, with the next epoch; `None`: somebody came first.
    async fn take(&self, seen: Option<&Seen>, by: &Holder) -> Result<Option<Epoch>, StoreError> {
        let epoch = match seen {
            Some(seen) => Epoch(seen.record.epoch.0 + 1),
            // Without its object the lock has no epoch, and one who was fenced off could come
            // back with the first.
            None if self.objects.runs().await?.is_empty() => Epoch(1),
            None => return Err(damaged(LOCK, "it is gone, and there are journals")),
        };
        let record = Record {
            format: FORMAT.to_owned(),
            epoch,
            holder: Some(Holder {
                epoch,
                ..by.clone()
            }),
            lease_seconds: self.terms.lease().as_secs(),
            renewal: 0,
            writer: self.writer.clone(),
        };
        let since = (self.elapsed)();
        let mut held = self.held.lock().await;
        let version = seen.map(|seen| &seen.found.version);
        let Some(version) = self.write(&record, version).await? else {
            return Ok(None);
        };
        *held = Some(Held {
            record,
            version,
            since,
        });
        Ok(Some(epoch))
    }

    /// Writes the object if it has not changed; `None` where it has. Where the answer is lost,
    /// the object itself tells.
    async fn write(
        &self,
        record: &Record,
        version: Option<&UpdateVersion>,
    ) -> Result<Option<UpdateVersion>, StoreError> {
        let bytes = serde_json::to_vec(record).map_err(|e| StoreError::NotNow(e.to_string()))?;
        let mut tries = 0;
        loop {
            let lost = match self.objects.put_if(LOCK, &bytes, version).await? {
                Written::Done(version) => return Ok(Some(version)),
                Written::Refused => None,
                Written::Unknown(fault) => Some(fault),
            };
            let there = self.objects.get(LOCK).await?;
            let there_is = there.as_ref().map(|found| &found.version);
            match (there_is == version, lost) {
                // Not written yet, as far as anybody can see.
                (true, Some(fault)) if tries == TRIES => return Err(fault),
                (true, Some(_)) => tries += 1,
                _ => {
                    let ours = there.filter(|found| found.bytes == bytes);
                    return Ok(ours.map(|found| found.version));
                }
            }
        }
    }

    async fn has_lapsed(&self, seen: &Seen) -> Result<bool, StoreError> {
        let age = self.objects.age(seen.found.modified).await?;
        // The terms are those of who holds it.
        let terms = Terms::of(Duration::from_secs(seen.record.lease_seconds));
        Ok(age > terms.lapses_after())
    }

    async fn look(&self) -> Result<Option<Seen>, StoreError> {
        let Some(found) = self.objects.get(LOCK).await? else {
            return Ok(None);
        };
        let record: Record = serde_json::from_slice(&found.bytes)
            .map_err(|_| damaged(LOCK, "it is no lock of this format"))?;
        if record.format != FORMAT {
            return Err(damaged(LOCK, "it has another format"));
        }
        Ok(Some(Seen { record, found }))
    }
}
