//! Signals: the first asks the run to stop, the second to stop at once, the third ends the
//! process.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::apply::StopHandle;
use crate::cli::stop::Stop;
use crate::journal::Signal;

/// Signals so far.
static HEARD: AtomicU32 = AtomicU32::new(0);

/// Whether there was a signal.
pub(super) fn heard() -> bool {
    HEARD.load(Ordering::Relaxed) > 0
}

/// Listens for as long as the process lives, on a thread of its own: the run may be busy for
/// long without giving way.
pub(super) fn listen(handle: StopHandle) -> Result<(), Stop> {
    let failed = |fault: std::io::Error| Stop::error(format!("cannot listen to signals: {fault}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    // The handlers stand before the run begins.
    let (ready, stands) = std::sync::mpsc::channel();
    let work = move || {
        runtime.block_on(async move {
            let set = || -> std::io::Result<_> {
                Ok((
                    signal(SignalKind::interrupt())?,
                    signal(SignalKind::terminate())?,
                    signal(SignalKind::hangup())?,
                ))
            };
            let (mut interrupt, mut terminate, mut hang_up) = match set() {
                Ok(signals) => {
                    let _ = ready.send(Ok(()));
                    signals
                }
                Err(fault) => {
                    let _ = ready.send(Err(fault));
                    return;
                }
            };
            loop {
                let heard = tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    _ = hang_up.recv() => Signal::HangUp,
                };
                if HEARD.fetch_add(1, Ordering::Relaxed) >= 2 {
                    // The journal is intact at any moment.
                    std::process::exit(i32::from(heard.exit_code()));
                }
                handle.request(heard);
            }
        });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(work)
        .map_err(failed)?;
    match stands.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) => Err(failed(fault)),
        Err(_) => Err(Stop::error("cannot listen to signals")),
    }
}
