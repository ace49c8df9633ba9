//! How the faults of a store end a command.

use super::exit::Exit;
use super::stop::Stop;
use crate::store::Holder;
use crate::store::StoreError;

/// A store did not do what it was asked to.
pub(super) fn store_stop(fault: &StoreError) -> Stop {
    let exit = match fault {
        StoreError::Locked(_) | StoreError::Fenced { .. } | StoreError::OtherRun(_) => Exit::Locked,
        StoreError::Journal(_) | StoreError::Damaged { .. } => Exit::Damaged,
        StoreError::NotLocked
        | StoreError::NoRun(_)
        | StoreError::NotNow(_)
        | StoreError::Io { .. }
        | StoreError::Poisoned => Exit::Error,
    };
    match fault {
        StoreError::Locked(Some(holder)) | StoreError::OtherRun(Some(holder)) => {
            Stop::new(exit, format!("{fault}: {}", who(holder))).help(format!(
                "wait until it is done; if that process is gone for good: stampctl unlock {}",
                holder.run
            ))
        }
        StoreError::Locked(None) | StoreError::OtherRun(None) => {
            Stop::new(exit, format!("{fault}, and who holds it cannot be read"))
        }
        StoreError::Journal(_) | StoreError::Damaged { .. } => Stop::new(exit, fault.to_string())
            .help("nothing was called; keep the file, and compare the cloud with the plan"),
        _ => Stop::new(exit, fault.to_string()),
    }
}

/// Who holds the lock, for what, and since when.
fn who(holder: &Holder) -> String {
    format!(
        "held by {} for {} of run {}, since {}",
        holder.name(),
        holder.purpose,
        holder.run,
        holder.since
    )
}
