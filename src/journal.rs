//! What was done, written down before and after it is done. Pure.
//!
//! A journal is newline-delimited JSON, one record a line. Each record carries the checksum of
//! the one before it and its own, so that a flipped bit, a record that is missing, doubled or
//! out of place is seen. A last line without its newline is what a crash leaves behind and is
//! cut off by the next append; anything else that is not legal is damage. Where the bytes are
//! kept is the business of [`crate::store`].

pub mod event;
pub mod record;
pub mod status;
pub mod progress;

pub use event::Baseline;
pub use event::Cause;
pub use event::Event;
pub use event::FailedWith;
pub use event::Opened;
pub use event::RunId;
pub use event::Signal;
pub use progress::Call;
pub use progress::Progress;
pub use progress::StepProgress;
pub use record::Contents;
pub use record::Epoch;
pub use record::JournalError;
pub use record::Record;
pub use record::Tail;
pub use status::StepStatus;

#[cfg(test)]
mod tests;
