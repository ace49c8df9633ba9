//! Writing the journal during a run: many steps' records in one durable write.

use std::cell::RefCell;

use tokio::sync::oneshot;

use super::clock::Clock;
use super::conditions::Memory;
use crate::journal::Event;
use crate::journal::Progress;
use crate::journal::StepProgress;
use crate::plan::format::StepId;
use crate::store::Lease;
use crate::store::RunJournal;
use crate::store::Store;
use crate::store::StoreError;

/// The journal cannot be written; nothing more may be done. Why is known to who flushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written")]
pub(super) struct Broken;

/// A run's journal, shared by its steps.
pub(super) struct Log<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    lease: Lease,
    state: RefCell<State>,
}

struct State {
    journal: RunJournal,
    waiting: Vec<oneshot::Sender<()>>,
    broken: Option<StoreError>,
}

impl<'a> Log<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        lease: Lease,
        journal: RunJournal,
    ) -> Self {
        let state = State {
            journal,
            waiting: Vec::new(),
            broken: None,
        };
        Self {
            store,
            clock,
            lease,
            state: RefCell::new(state),
        }
    }

    /// Takes in what happened. It is durable before anything that comes after it is done.
    pub(super) fn note(&self, event: Event) -> Result<(), Broken> {
        self.stage(&[event])
    }

    /// Takes in what is about to happen, and comes back when that is durable.
    pub(super) async fn commit(&self, events: &[Event]) -> Result<(), Broken> {
        self.stage(events)?;
        let durable = {
            let mut state = self.state.borrow_mut();
            let (sender, receiver) = oneshot::channel();
            state.waiting.push(sender);
            receiver
        };
        durable.await.map_err(|_| Broken)
    }

    /// Writes all that was taken in. Called by who drives the steps, when none of them can go on
    /// without it.
    pub(super) async fn flush(&self) -> Result<(), Broken> {
        let (staged, waiting) = {
            let mut state = self.state.borrow_mut();
            if state.broken.is_some() {
                return Err(Broken);
            }
            let waiting = std::mem::take(&mut state.waiting);
            if state.journal.is_flushed() {
                (None, waiting)
            } else {
                (Some(state.journal.take_staged()), waiting)
            }
        };
        if let Some(staged) = staged {
            match self.write(staged).await {
                Ok(bytes) => self.state.borrow_mut().journal.written(&bytes),
                Err(error) => {
                    self.state.borrow_mut().broken = Some(error);
                    return Err(Broken);
                }
            }
        }
        for sender in waiting {
            // A step that is no longer there need not know.
            let _ = sender.send(());
        }
        Ok(())
    }

    /// Whether something waits for a flush.
    pub(super) fn is_due(&self) -> bool {
        let state = self.state.borrow();
        !state.waiting.is_empty() || !state.journal.is_flushed()
    }

    /// Looks at how far the run is.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Progress) -> T) -> T {
        look(self.state.borrow().journal.progress())
    }

    /// Keeps the lock.
    pub(super) async fn renew(&self) -> Result<(), Broken> {
        match self.store.renew(&self.lease).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.state.borrow_mut().broken = Some(error);
                Err(Broken)
            }
        }
    }

    /// Gives the lock and the journal back, with what broke it.
    pub(super) fn close(self) -> (Lease, RunJournal, Option<StoreError>) {
        let state = self.state.into_inner();
        (self.lease, state.journal, state.broken)
    }

    async fn write(
        &self,
        staged: Result<(u64, Vec<u8>), StoreError>,
    ) -> Result<Vec<u8>, StoreError> {
        let (length, bytes) = staged?;
        let run = self.state.borrow().journal.run().clone();
        self.store.append(&self.lease, &run, length, &bytes).await?;
        Ok(bytes)
    }

    fn stage(&self, events: &[Event]) -> Result<(), Broken> {
        let mut state = self.state.borrow_mut();
        if state.broken.is_some() {
            return Err(Broken);
        }
        let at = self.clock.now();
        match state.journal.stage(self.lease.epoch, at, events) {
            Ok(()) => Ok(()),
            Err(error) => {
                state.broken = Some(error);
                Err(Broken)
            }
        }
    }
}

impl Memory for Log<'_> {
    fn step(&self, step: &StepId) -> StepProgress {
        self.with(|progress| progress.step(step))
    }
}

impl Memory for Progress {
    fn step(&self, step: &StepId) -> StepProgress {
        Self::step(self, step)
    }
}
