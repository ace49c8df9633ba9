//! A thread that does a store's calls.
//!
//! A command runs its stages one after another, each on a runtime of its own that ends with it.
//! Connections must outlive them, and the lock has to be renewed while the command thinks.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::store::StoreError;

/// The thread. Dropping it ends whatever it does.
pub(super) struct Host {
    runtime: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts the thread.
    pub(super) fn start() -> Result<Self, StoreError> {
        let failed = |source| StoreError::Io {
            action: "start",
            file: "the store's thread".to_owned(),
            source,
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                // The sender's end says the same as its word.
                let _ = runtime.block_on(ended);
                runtime.shutdown_timeout(Duration::ZERO);
            })
            .map_err(failed)?;
        Ok(Self {
            runtime: handle,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Does something there and comes back with what came of it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let task = self.runtime.spawn(work);
        task.await.map_err(|fault| StoreError::Io {
            action: "go on with",
            file: "the store's thread".to_owned(),
            source: std::io::Error::other(fault),
        })
    }

    /// Does something there for as long as what is returned lives.
    pub(super) fn keep(&self, work: impl Future<Output = ()> + Send + 'static) -> Kept {
        Kept(self.runtime.spawn(work).abort_handle())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Something that the thread does. Dropping it ends it.
pub(super) struct Kept(AbortHandle);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}
