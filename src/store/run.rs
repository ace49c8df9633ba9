//! A run's journal in a store: reading it, appending to it, and the two things that are written
//! into it from outside the run, an answered gate and a broken lock.

use jiff::Timestamp;

use super::Holder;
use super::Lease;
use super::Store;
use super::StoreError;
use crate::journal::Contents;
use crate::journal::Epoch;
use crate::journal::Event;
use crate::journal::JournalError;
use crate::journal::Progress;
use crate::journal::RunId;
use crate::journal::StepStatus;
use crate::journal::Tail;
use crate::plan::format::Digest;
use crate::plan::format::StepId;

/// A run's journal, and how far the run is.
#[derive(Debug)]
pub struct RunJournal {
    run: RunId,
    progress: Progress,
    tail: Tail,
    written: u64,
    staged: Vec<u8>,
    poisoned: bool,
}

impl RunJournal {
    /// The journal of a run that has not been opened.
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            progress: Progress::default(),
            tail: Tail::default(),
            written: 0,
            staged: Vec::new(),
            poisoned: false,
        }
    }

    /// Reads a run's journal.
    ///
    /// A journal without a whole record is damaged: a store creates a journal with its first
    /// records in it, or not at all.
    pub async fn load(store: &dyn Store, run: &RunId) -> Result<Self, StoreError> {
        let bytes = store.journal(run).await?;
        let bytes = bytes.ok_or_else(|| StoreError::NoRun(run.clone()))?;
        let contents = Contents::read(&bytes, run)?;
        if contents.records.is_empty() {
            let why = "it has no record, and a journal is never without its first".to_owned();
            return Err(JournalError::Damaged { record: 1, why }.into());
        }
        Ok(Self {
            progress: Progress::of(&contents.records)?,
            written: contents.tail.length,
            tail: contents.tail,
            ..Self::new(run.clone())
        })
    }

    /// Reads the journal again, as it is now under the lock. What was read before need not be
    /// judged once more where nothing was added to it: a long run's journal has a record for
    /// each thing that each of 100,000 steps did.
    pub async fn reload(self, store: &dyn Store) -> Result<Self, StoreError> {
        match store.journal(&self.run).await? {
            Some(bytes) if self.tail.is_end_of(&bytes) => Ok(self),
            _ => Self::load(store, &self.run).await,
        }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// How far it is, with what is not written yet.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether everything is written.
    pub fn is_flushed(&self) -> bool {
        self.staged.is_empty()
    }

    /// Takes in what happened, to be written by the next flush.
    ///
    /// An event that cannot follow is refused, and then the journal takes nothing more.
    pub fn stage(
        &mut self,
        epoch: Epoch,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.poisoned = true;
        let (bytes, records, tail) = self.tail.extend(&self.run, epoch, at, events)?;
        for record in &records {
            self.progress.push(record)?;
        }
        self.staged.extend_from_slice(&bytes);
        self.tail = tail;
        self.poisoned = false;
        Ok(())
    }

    /// What has to be written, and where. Until [`Self::written`] says that it is, the journal
    /// takes nothing: what could not be written must not be acted on.
    pub fn take_staged(&mut self) -> Result<(u64, Vec<u8>), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.poisoned = true;
        Ok((self.written, std::mem::take(&mut self.staged)))
    }

    /// Says that what was taken is durable.
    pub fn written(&mut self, bytes: &[u8]) {
        self.written += bytes.len() as u64;
        self.poisoned = false;
    }

    /// Writes down what happened, all of it in one durable write.
    pub async fn append(
        &mut self,
        store: &dyn Store,
        lease: &Lease,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), StoreError> {
        self.stage(lease.epoch, at, events)?;
        let (length, bytes) = self.take_staged()?;
        store.append(lease, &self.run, length, &bytes).await?;
        self.written(&bytes);
        Ok(())
    }
}

/// The run of the plan with this digest, if the store has one.
pub async fn find_run(
    store: &dyn Store,
    digest: &Digest,
) -> Result<Option<RunJournal>, StoreError> {
    match find_run_id(store, digest).await? {
        Some(run) => RunJournal::load(store, &run).await.map(Some),
        None => Ok(None),
    }
}

/// The id of the run of the plan with this digest. Reads how each journal begins, and no more.
pub async fn find_run_id(store: &dyn Store, digest: &Digest) -> Result<Option<RunId>, StoreError> {
    for run in store.runs().await? {
        if !run.as_str().starts_with(digest.short()) {
            continue;
        }
        let Some(bytes) = store.journal(&run).await? else {
            continue;
        };
        match Contents::first(&bytes, &run)?.map(|record| record.event) {
            Some(Event::Opened(opened)) if opened.plan != *digest => {}
            // Anything else is judged by who reads the whole of it.
            _ => return Ok(Some(run)),
        }
    }
    Ok(None)
}

/// The runs that can still be resumed at a time, the one that was opened last first.
pub async fn unfinished(store: &dyn Store, now: Timestamp) -> Result<Vec<RunJournal>, StoreError> {
    let mut unfinished = Vec::new();
    for run in store.runs().await? {
        let journal = RunJournal::load(store, &run).await?;
        let until = journal.progress().resumable_until();
        if until.is_some_and(|until| now <= until) {
            unfinished.push(journal);
        }
    }
    unfinished.sort_by_key(|journal| std::cmp::Reverse(journal.progress().opened_at));
    Ok(unfinished)
}

/// Answers a gate of a run: writes down that a person has said yes to it.
///
/// Fails where the gate has not been reached, and while somebody holds the lock.
pub async fn confirm(
    store: &dyn Store,
    run: &RunId,
    step: &StepId,
    by: &Holder,
) -> Result<(), StoreError> {
    let lease = store.acquire(by).await?;
    let written = confirm_under(store, &lease, run, step, by).await;
    let released = store.release(lease).await;
    written.and(released)
}

async fn confirm_under(
    store: &dyn Store,
    lease: &Lease,
    run: &RunId,
    step: &StepId,
    by: &Holder,
) -> Result<(), StoreError> {
    let mut journal = RunJournal::load(store, run).await?;
    let status = journal.progress().status(step);
    if status != StepStatus::Waiting {
        let word = status.word();
        let what = format!("{step} does not wait for an answer: it is {word} in run {run}");
        return Err(StoreError::NotNow(what));
    }
    let events = [
        Event::TakenOver {
            by: by.name(),
            purpose: by.purpose.clone(),
        },
        Event::Confirmed {
            step: step.clone(),
            by: by.user.clone(),
        },
    ];
    journal.append(store, lease, by.since, &events).await?;
    Ok(())
}

/// Takes the lock from the run that holds it, writes that into the run's journal, and leaves the
/// lock free. Gives the steps whose calls may still be under way.
///
/// Fails where another run holds the lock, or nobody does.
pub async fn unlock(
    store: &dyn Store,
    run: &RunId,
    by: &Holder,
) -> Result<Vec<StepId>, StoreError> {
    let lease = store.break_lock(run, by).await?;
    let written = unlock_under(store, &lease, run, by).await;
    let released = store.release(lease).await;
    let in_flight = written?;
    released?;
    Ok(in_flight)
}

async fn unlock_under(
    store: &dyn Store,
    lease: &Lease,
    run: &RunId,
    by: &Holder,
) -> Result<Vec<StepId>, StoreError> {
    // A run takes the lock before it writes its first record; then there is nothing to write to.
    if store.journal(run).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut journal = RunJournal::load(store, run).await?;
    let in_doubt = |status| {
        matches!(
            status,
            StepStatus::Started | StepStatus::Unknown | StepStatus::Undoing
        )
    };
    let in_flight = journal
        .progress()
        .steps()
        .filter(|(_, step)| in_doubt(step.status))
        .map(|(id, _)| id.clone())
        .collect();
    if !journal.progress().completed {
        let event = Event::Unlocked { by: by.name() };
        journal.append(store, lease, by.since, &[event]).await?;
    }
    Ok(in_flight)
}
