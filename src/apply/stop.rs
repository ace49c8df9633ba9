//! Stopping a run from outside: once gently, twice at once.

use tokio::sync::watch;

use crate::journal::Signal;

/// How urgently a run is to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// Not at all.
    #[default]
    No,
    /// Start nothing new, finish what runs.
    Gently(Signal),
    /// Leave what runs where it is; its outcome is found out by the next run.
    Now(Signal),
}

impl Stop {
    /// The signal, if there was one.
    pub fn signal(self) -> Option<Signal> {
        match self {
            Self::No => None,
            Self::Gently(signal) | Self::Now(signal) => Some(signal),
        }
    }
}

/// The end that a signal handler holds.
#[derive(Clone, Debug)]
pub struct StopHandle(watch::Sender<Stop>);

/// The end that a run holds.
#[derive(Clone, Debug)]
pub struct StopWatch(watch::Receiver<Stop>);

/// Both ends.
pub fn stop() -> (StopHandle, StopWatch) {
    let (sender, receiver) = watch::channel(Stop::No);
    (StopHandle(sender), StopWatch(receiver))
}

impl StopHandle {
    /// Asks the run to stop; asked a second time, it stops at once.
    pub fn request(&self, signal: Signal) {
        self.0.send_modify(|stop| {
            *stop = match *stop {
                Stop::No => Stop::Gently(signal),
                Stop::Gently(first) | Stop::Now(first) => Stop::Now(first),
            }
        });
    }
}

impl StopWatch {
    /// How urgently the run is to stop.
    pub fn get(&self) -> Stop {
        *self.0.borrow()
    }

    /// Whether the run was asked to stop, or asked again, since the last look.
    pub(super) fn has_changed(&mut self) -> bool {
        let changed = self.0.has_changed().unwrap_or(false);
        if changed {
            self.0.mark_unchanged();
        }
        changed
    }

    /// Comes back when the run is asked to stop, or asked again.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}
