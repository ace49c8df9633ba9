//! The lock of a local store: `flock` on a file that says who holds it, and an epoch that grows
//! with every hold.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use rustix::fs::FlockOperation;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::files::Folder;
use super::files::failed;
use super::files::io_failed;
use crate::journal::Epoch;
use crate::journal::RunId;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::StoreError;

const LOCK: &str = "lock";
const EPOCH: &str = "epoch";
const GUARD: &str = "epoch.guard";

/// The longest description of a holder that is read.
const LONGEST: usize = 4096;

/// Who holds the lock.
pub(super) enum Held {
    /// Nobody.
    Free,
    /// This holder.
    By(Box<Holder>),
    /// Somebody who has not said so yet.
    BySomebody,
}

/// Whoever holds it is the only one who looks at the epoch or raises it. Dropping gives it back.
pub(super) struct EpochGuard<'a> {
    root: &'a Folder,
    _file: File,
}

impl<'a> EpochGuard<'a> {
    /// Takes the guard; others hold it for the time of one write.
    pub(super) fn take(root: &'a Folder) -> Result<Self, StoreError> {
        let file = root.open_or_create(GUARD)?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .map_err(failed("lock", &root.path(GUARD)))?;
        Ok(Self { root, _file: file })
    }

    /// The newest hold's epoch; `None` where nobody ever held the lock.
    pub(super) fn current(&self) -> Result<Option<Epoch>, StoreError> {
        let Some(bytes) = self.root.read(EPOCH)? else {
            return Ok(None);
        };
        let number = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .and_then(|text| text.parse().ok());
        number
            .map(|n| Some(Epoch(n)))
            .ok_or_else(|| StoreError::Damaged {
                file: self.root.path(EPOCH),
                why: "it is not a number".to_owned(),
            })
    }

    /// Begins a new epoch. `fresh` says that the store has no journal, so that the epoch may be
    /// missing; where there is one, its loss could let a fenced holder back in.
    fn raise(&self, fresh: bool) -> Result<Epoch, StoreError> {
        let current = match self.current()? {
            Some(epoch) => epoch,
            None if fresh => Epoch(0),
            None => {
                return Err(StoreError::Damaged {
                    file: self.root.path(EPOCH),
                    why: "it is gone, and there are journals".to_owned(),
                });
            }
        };
        let next = Epoch(current.0 + 1);
        self.root.replace(EPOCH, format!("{next}\n").as_bytes())?;
        Ok(next)
    }
}

/// Takes the lock, if it is free.
pub(super) fn acquire(root: &Folder, holder: &Holder, fresh: bool) -> Result<Lease, StoreError> {
    loop {
        let file = root.open_or_create(LOCK)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(StoreError::Locked(told(&file).map(Box::new))),
            Err(errno) => return Err(failed("lock", &root.path(LOCK))(errno)),
        }
        // A lock that was broken is another file under the same name.
        if root.identity(LOCK) != identity(&file) {
            continue;
        }
        let epoch = EpochGuard::take(root)?.raise(fresh)?;
        tell(root, LOCK, &file, holder, epoch)?;
        return Ok(Lease::tied_to(epoch, Hold { file }));
    }
}

/// Who holds the lock.
pub(super) fn holder(root: &Folder) -> Result<Held, StoreError> {
    let Some(file) = root.open_file(LOCK, OFlags::RDONLY)? else {
        return Ok(Held::Free);
    };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Held::Free),
        Err(Errno::WOULDBLOCK) => {
            Ok(told(&file).map_or(Held::BySomebody, |holder| Held::By(Box::new(holder))))
        }
        Err(errno) => Err(failed("lock", &root.path(LOCK))(errno)),
    }
}

/// Puts a new lock, held by us, in the place of the one that `run` holds.
pub(super) fn break_lock(root: &Folder, run: &RunId, by: &Holder) -> Result<Lease, StoreError> {
    let guard = EpochGuard::take(root)?;
    match holder(root)? {
        Held::Free => return Err(StoreError::NotLocked),
        Held::By(holder) if holder.run == *run => {}
        Held::By(holder) => return Err(StoreError::OtherRun(Some(holder))),
        Held::BySomebody => return Err(StoreError::OtherRun(None)),
    }
    let temporary = format!("lock.{}", std::process::id());
    root.remove(&temporary)?;
    let file = root.open_or_create(&temporary)?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(failed("lock", &root.path(&temporary)))?;
    // The epoch first: from here on the old holder writes nothing.
    let epoch = guard.raise(false)?;
    tell(root, &temporary, &file, by, epoch)?;
    root.rename(&temporary, LOCK)?;
    Ok(Lease::tied_to(epoch, Hold { file }))
}

/// The hold: the kernel lets go of it when the file is closed, also by the death of the process.
struct Hold {
    file: File,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // What the file says no longer holds; if it cannot be emptied, `flock` still tells.
        let _ = self.file.set_len(0);
    }
}

fn tell(
    root: &Folder,
    name: &str,
    file: &File,
    holder: &Holder,
    epoch: Epoch,
) -> Result<(), StoreError> {
    let holder = Holder {
        epoch,
        ..holder.clone()
    };
    let path = root.path(name);
    let bytes = serde_json::to_vec(&holder).map_err(|e| StoreError::NotNow(e.to_string()))?;
    file.set_len(0)
        .and_then(|()| file.write_all_at(&bytes, 0))
        .map_err(|source| io_failed("write", &path, source))
}

fn told(file: &File) -> Option<Holder> {
    let mut bytes = vec![0; LONGEST];
    let length = file.read_at(&mut bytes, 0).ok()?;
    serde_json::from_slice(bytes.get(..length)?).ok()
}

fn identity(file: &File) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstat(file).ok()?;
    Some((stat.st_dev, stat.st_ino))
}
