//! Where the journal, the approvals and the lock are kept.
//!
//! A store keeps bytes and decides who may write them; what they mean is the business of
//! [`crate::journal`]. Every write is durable when its call returns, or it has failed: a failure
//! is final for the run, because nothing may be done that cannot be written down.

pub mod lease;
pub mod run;
pub mod local;
pub mod shared;
#[cfg(test)]
pub(crate) mod conformance;

use async_trait::async_trait;

use crate::journal::Epoch;
use crate::journal::JournalError;
use crate::journal::RunId;
use crate::plan::format::Digest;

pub use lease::Holder;
pub use lease::Lease;
pub use lease::Who;
pub use local::LocalStore;
pub use run::RunJournal;
pub use run::confirm;
pub use run::find_run;
pub use run::find_run_id;
pub use run::unfinished;
pub use run::unlock;
pub use shared::SharedStore;

/// Why a store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the fleet's lock; who, if it could be read.
    #[error("the fleet is locked")]
    Locked(Option<Box<Holder>>),
    /// The lock was taken from us: a newer epoch is in force.
    #[error("this run was fenced off: its lock has epoch {ours}, the store is at {current}")]
    Fenced {
        /// The epoch of our lock.
        ours: Epoch,
        /// The epoch in force.
        current: Epoch,
    },
    /// The lock is held by another run than the one named.
    #[error("the lock is held by another run")]
    OtherRun(Option<Box<Holder>>),
    /// Nobody holds the lock.
    #[error("nobody holds the lock")]
    NotLocked,
    /// The store has no such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// What was asked for does not fit where the run is.
    #[error("{0}")]
    NotNow(String),
    /// A journal is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the store is not what was written.
    #[error("{file} is damaged: {why}")]
    Damaged {
        /// The file, relative to the store.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Reading or writing has failed.
    #[error("cannot {action} {file}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The run's journal could not be written before, so it is not written again.
    #[error("the journal could not be written, so nothing more is done")]
    Poisoned,
}

/// A place for what stampctl writes for itself, one fleet a place.
#[async_trait]
pub trait Store: Send + Sync {
    /// Every run that has a journal, in order of id.
    async fn runs(&self) -> Result<Vec<RunId>, StoreError>;

    /// The bytes of a run's journal, torn tail included; `None` where there is none.
    async fn journal(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes `bytes` at `length` into a run's journal and cuts off whatever stood behind, in one
    /// durable write. At length 0 the journal is created; it must not exist.
    ///
    /// Fails with [`StoreError::Fenced`] where the lease's epoch is no longer in force; checking
    /// and writing are one.
    async fn append(
        &self,
        lease: &Lease,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError>;

    /// The plan file with this digest, if it was kept.
    async fn plan(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a plan file, so that its run can be resumed from here.
    async fn put_plan(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError>;

    /// The approvals of a plan: signature files with their names, in order of name.
    async fn approvals(&self, digest: &Digest) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Keeps an approval under a name as [`crate::approve::file_name`] makes it.
    async fn put_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Takes the fleet's lock, with an epoch larger than any before; never waits for it.
    async fn acquire(&self, holder: &Holder) -> Result<Lease, StoreError>;

    /// Keeps the lock, where the store lets it lapse. Cheap where there is nothing to do.
    async fn renew(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Gives the lock back.
    async fn release(&self, lease: Lease) -> Result<(), StoreError>;

    /// Who holds the lock; `None`: nobody does.
    async fn holder(&self) -> Result<Option<Holder>, StoreError>;

    /// Takes the lock from the run that holds it and gives it to `by`, with a larger epoch.
    async fn break_lock(&self, run: &RunId, by: &Holder) -> Result<Lease, StoreError>;
}

/// The name of a plan's file. A digest is only trusted as a name when it looks like one.
fn plan_name(digest: &Digest) -> Result<String, StoreError> {
    let hexadecimal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    if digest.0.len() != 64 || !digest.0.chars().all(hexadecimal) {
        return Err(StoreError::NotNow(
            "a plan's digest is not one of SHA-256".to_owned(),
        ));
    }
    Ok(format!("{digest}.json"))
}
