//! Drives what is under way: whatever can go on does, then the journal is written, then time
//! may pass.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
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
    ///
    /// What goes on in the meantime without coming to its end may have begun to wait for a time,
    /// or for the journal. So as soon as anything has gone on, all is looked at anew.
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
        let waiting = context.timers.len();
        let running = &mut self.running;
        let mut is_woken = false;
        let gone_on = poll_fn(|cx| match running.poll_next_unpin(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending if std::mem::replace(&mut is_woken, true) => Poll::Ready(None),
            Poll::Pending if context.timers.len() != waiting || context.log.is_due() => {
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            biased;
            () = self.stop.changed() => Some(Turn::Stopped),
            done = unconstrained(gone_on) => done.map(Turn::Finished),
            () = time => {
                context.timers.fire(context.now());
                None
            }
        }
    }
}
