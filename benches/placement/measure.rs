//! Time on the processor and memory, as the system counts them.

use std::fs;
use std::time::Duration;
use std::time::Instant;

/// Runs the work. Gives its result and the time that it had a processor, or the wall's time
/// where the system does not count.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (wall, before) = (Instant::now(), on_processor());
    let result = work();
    let time = on_processor()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    (result, time.unwrap_or_else(|| wall.elapsed()))
}

/// Forgets the largest memory so far.
pub(crate) fn reset_peak() {
    // Where this is not possible the peak is that of all gates so far, which is larger.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The largest memory since the last reset.
pub(crate) fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024)
}

fn on_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
