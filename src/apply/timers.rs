//! What waits for a time. Waiting goes through here, so that the run knows when everything
//! waits, and a clock that has to be moved may be.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::oneshot;

/// Why somebody who waited goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// It is time.
    Due,
    /// The run is to stop.
    Stopped,
}

/// All that wait.
#[derive(Debug, Default)]
pub(super) struct Timers(RefCell<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<(Timestamp, u64), Waiter>,
    count: u64,
    stopped: bool,
}

#[derive(Debug)]
struct Waiter {
    wake: oneshot::Sender<Woken>,
    gives_way: bool,
}

impl Timers {
    /// Waits until that time. Where `gives_way`, a run that is to stop ends the wait.
    pub(super) async fn until(&self, at: Timestamp, gives_way: bool) -> Woken {
        let receiver = {
            let mut queue = self.0.borrow_mut();
            if queue.stopped && gives_way {
                return Woken::Stopped;
            }
            let (wake, receiver) = oneshot::channel();
            let number = queue.count;
            queue.count += 1;
            queue
                .waiting
                .insert((at, number), Waiter { wake, gives_way });
            receiver
        };
        receiver.await.unwrap_or(Woken::Stopped)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().waiting.len()
    }

    /// The time that somebody waits for first.
    pub(super) fn earliest(&self) -> Option<Timestamp> {
        let queue = self.0.borrow();
        queue.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Wakes all whose time has come.
    pub(super) fn fire(&self, now: Timestamp) {
        let mut queue = self.0.borrow_mut();
        while let Some(entry) = queue.waiting.first_entry() {
            if entry.key().0 > now {
                break;
            }
            // Who has gone meanwhile need not be woken.
            let _ = entry.remove().wake.send(Woken::Due);
        }
    }

    /// Ends every wait that gives way, now and from now on.
    pub(super) fn stop(&self) {
        let mut queue = self.0.borrow_mut();
        queue.stopped = true;
        let waiting = std::mem::take(&mut queue.waiting);
        for (key, waiter) in waiting {
            if waiter.gives_way {
                let _ = waiter.wake.send(Woken::Stopped);
            } else {
                queue.waiting.insert(key, waiter);
            }
        }
    }
}
