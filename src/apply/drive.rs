//! Drives what is under way: whatever can go on does, then the journal is written, then time
//! may pass.

use std::pin::Pin;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::task::unconstrained;

use super::context::Context;
use super::stop::StopWatch;

/// Something under way.
pub(super) type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// All that is under way.
pub(super) struct Driver<'a, T> {
    running: FuturesUnordered<Running<'a, T>>,
    stop: StopWatch,
}

/// What happened next.
#[derive(Debug)]
pub(super) enum Turn<T> {
    /// Something came to its end.
    Finished(T),
    /// The run was asked to stop, or asked again.
    Stopped,
    /// The journal cannot be written.
    Broken,
    /// Nothing is under way, and everything is written.
    Idle,
}

impl<'a, T> Driver<'a, T> {
    pub(super) fn new(stop: StopWatch) -> Self {
        Self {
            running: FuturesUnordered::new(),
            stop,
        }
    }

    /// Begins something.
    pub(super) fn start(&mut self, what: Running<'a, T>) {
        self.running.push(what);
    }

    /// Goes on until something happens.
    pub(super) async fn next(&mut self, context: &Context<'_>) -> Turn<T> {
        loop {
            // Also where nothing is left to wait for: steps that give up because the run is to
            // stop must not make it look as if it had failed.
            if self.stop.has_changed() {
                return Turn::Stopped;
            }
            // One write takes the records of all that came to need one. The runtime's share of
            // work for one turn does not count here: what it makes wait is woken by a turn that
            // never comes, because this loop does not give way before all of it has gone on.
            if let Some(Some(done)) = unconstrained(self.running.next()).now_or_never() {
                return Turn::Finished(done);
            }
            if context.log.is_due() {
                if context.log.flush().await.is_err() {
                    return Turn::Broken;
                }
                continue;
            }
            if self.running.is_empty() {
                return Turn::Idle;
            }
            if context.log.renew().await.is_err() {
                return Turn::Broken;
            }
            if let Some(turn) = self.wait(context).await {
                return turn;
            }
        }
    }

    /// Waits for whatever comes first. A clock that does not pass by itself is moved only when
    /// all that is under way waits for it.
    async fn wait(&mut self, context: &Context<'_>) -> Option<Turn<T>> {
        let all_wait = context.timers.len() >= self.running.len();
        let next_time = context.timers.earliest();
        let next_time = next_time.filter(|_| context.clock.flows() || all_wait);
        let time = async {
            match next_time {
                Some(at) => context.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let before = standing(context);
        let running = &mut self.running;
        let further = std::future::poll_fn(|cx| match running.poll_next_unpin(cx) {
            Poll::Ready(done) => Poll::Ready(done.map(Turn::Finished)),
            // An answer came from outside, and what it let go on now needs the journal or waits
            // for a time. Nobody else would wake this loop for that.
            Poll::Pending if standing(context) != before => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            biased;
            () = self.stop.changed() => Some(Turn::Stopped),
            turn = unconstrained(further) => turn,
            () = time => {
                context.timers.fire(context.now());
                None
            }
        }
    }
}

/// What the choice of what to wait for rests on: whether the journal is due, how many wait for a
/// time, and for which.
fn standing(context: &Context<'_>) -> (bool, usize, Option<Timestamp>) {
    let timers = &context.timers;
    (context.log.is_due(), timers.len(), timers.earliest())
}
