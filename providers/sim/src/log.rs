//! The world on disk: a log of events, each on a line with its checksum, and now and then a
//! snapshot. Several processes may use one folder; every call holds its lock.
//!
//! `CURRENT` names a generation `n`; `snapshot-n.json` is the world at its start and `log-n.jsonl`
//! what happened since. A line that was cut off by a crash is the last one and counts as never
//! written. Any other line that does not match its checksum is damage.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use crate::SimError;
use crate::hex::hex;
use crate::world::Event;
use crate::world::World;

/// A log is folded into a snapshot once it is this long and longer than the last snapshot, so
/// that snapshots cost no call more than a constant, shared out.
const LEAST_LOG: u64 = 4 << 20;

/// The folder of one world, open.
pub(crate) struct Log {
    dir: PathBuf,
    lock: File,
    generation: u64,
    file: File,
    /// Up to where the log has been read or written.
    offset: u64,
    snapshot_bytes: u64,
    /// Whether memory may be ahead of the disk, after a write that failed.
    stale: bool,
}

/// The folder's lock, held.
pub(crate) struct Locked<'a>(&'a File);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Closing the file would free the lock as well; there is nothing to do about a failure.
        let _ = self.0.unlock();
    }
}

impl Log {
    /// Opens the folder, or starts it with `first`.
    pub(crate) fn open(
        dir: &Path,
        first: impl FnOnce() -> Result<World, SimError>,
    ) -> Result<(Self, World), SimError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = private()
            .create(true)
            .truncate(false)
            .open(dir.join("LOCK"))?;
        lock.lock()?;
        let held = lock.try_clone()?;
        let _guard = Locked(&held);
        let generation = current(dir)?;
        let (generation, world) = if let Some(generation) = generation {
            (generation, None)
        } else {
            let world = first()?;
            write_snapshot(dir, 0, &world)?;
            (0, Some(world))
        };
        let file = open_log(dir, generation)?;
        let mut log = Self {
            dir: dir.to_path_buf(),
            lock,
            generation,
            file,
            offset: 0,
            snapshot_bytes: 0,
            stale: false,
        };
        let world = match world {
            Some(world) => world,
            None => log.reload()?,
        };
        Ok((log, world))
    }

    /// Takes the folder's lock and brings `world` up to what other processes did.
    pub(crate) fn refresh(&mut self, world: &mut World) -> Result<(), SimError> {
        self.lock.lock()?;
        let fresh = self.catch_up(world);
        if fresh.is_err() {
            self.release();
        }
        fresh
    }

    /// Frees the folder's lock.
    pub(crate) fn release(&self) {
        drop(Locked(&self.lock));
    }

    /// Makes an event durable. The lock must be held.
    pub(crate) fn append(&mut self, event: &Event, sync: bool) -> Result<(), SimError> {
        let written = self.try_append(event, sync);
        self.stale |= written.is_err();
        written
    }

    /// Folds the log into a snapshot, if that is due. The lock must be held.
    pub(crate) fn compact(&mut self, world: &World) -> Result<(), SimError> {
        if self.offset < LEAST_LOG.max(self.snapshot_bytes) {
            return Ok(());
        }
        let old = self.generation;
        self.snapshot_bytes = write_snapshot(&self.dir, old + 1, world)?;
        self.generation = old + 1;
        self.file = open_log(&self.dir, self.generation)?;
        self.offset = 0;
        // What is left of the old generation is never read again.
        let _ = std::fs::remove_file(log_path(&self.dir, old));
        let _ = std::fs::remove_file(snapshot_path(&self.dir, old));
        Ok(())
    }

    fn catch_up(&mut self, world: &mut World) -> Result<(), SimError> {
        let generation = current(&self.dir)?.ok_or(SimError::Damaged {
            file: self.dir.join("CURRENT"),
            why: "it is gone".into(),
        })?;
        if self.stale || generation != self.generation {
            self.generation = generation;
            self.file = open_log(&self.dir, generation)?;
            *world = self.reload()?;
            self.stale = false;
            return Ok(());
        }
        if self.file.metadata()?.len() != self.offset {
            // After half a replay, memory is neither the old world nor the new one.
            self.stale = true;
            self.replay(world)?;
            self.stale = false;
        }
        Ok(())
    }

    /// The world from snapshot and log.
    fn reload(&mut self) -> Result<World, SimError> {
        let path = snapshot_path(&self.dir, self.generation);
        let text = std::fs::read_to_string(&path)?;
        self.snapshot_bytes = text.len() as u64;
        let (line, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let json = unsealed(line).filter(|_| rest.is_empty());
        let damaged = |why: String| SimError::Damaged {
            file: path.clone(),
            why,
        };
        let json = json.ok_or_else(|| damaged("it does not match its checksum".into()))?;
        let mut world: World =
            serde_json::from_str(json).map_err(|error| damaged(error.to_string()))?;
        world.reindex();
        self.offset = 0;
        self.replay(&mut world)?;
        Ok(world)
    }

    /// Lets everything that the log holds after `offset` happen, and cuts off a torn last line.
    fn replay(&mut self, world: &mut World) -> Result<(), SimError> {
        let length = self.file.metadata()?.len();
        let damaged = |at: u64, why: &str| SimError::Damaged {
            file: log_path(&self.dir, self.generation),
            why: format!("at byte {at}: {why}"),
        };
        if length < self.offset {
            return Err(damaged(length, "it was cut off"));
        }
        self.file.seek(SeekFrom::Start(self.offset))?;
        let mut tail = Vec::new();
        self.file.read_to_end(&mut tail)?;
        let mut at = 0;
        while let Some(found) = tail.iter().skip(at).position(|byte| *byte == b'\n') {
            let line = tail.get(at..at + found).unwrap_or_default();
            let place = self.offset + at as u64;
            let json = std::str::from_utf8(line).ok().and_then(unsealed);
            let event = json.and_then(|json| serde_json::from_str::<Event>(json).ok());
            let Some(event) = event else {
                return Err(damaged(place, "a line does not match its checksum"));
            };
            world.apply(&event);
            at += found + 1;
        }
        self.offset += at as u64;
        if at < tail.len() {
            self.file.set_len(self.offset)?;
        }
        Ok(())
    }

    fn try_append(&mut self, event: &Event, sync: bool) -> Result<(), SimError> {
        let line = sealed(&serde_json::to_string(event).map_err(io::Error::other)?);
        self.file.seek(SeekFrom::Start(self.offset))?;
        self.file.write_all(line.as_bytes())?;
        if sync {
            self.file.sync_data()?;
        }
        self.offset += line.len() as u64;
        Ok(())
    }
}

fn current(dir: &Path) -> Result<Option<u64>, SimError> {
    let path = dir.join("CURRENT");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let number = text.trim().parse();
    number.map(Some).map_err(|_| SimError::Damaged {
        file: path,
        why: "it holds no number".into(),
    })
}

/// Writes a snapshot and makes it the current one; its size.
fn write_snapshot(dir: &Path, generation: u64, world: &World) -> Result<u64, SimError> {
    let json = serde_json::to_string(world).map_err(io::Error::other)?;
    let text = sealed(&json);
    // A log of this generation can only be the rest of a snapshot that a crash cut short.
    open_log(dir, generation)?.set_len(0)?;
    replace(dir, &snapshot_path(dir, generation), text.as_bytes())?;
    replace(
        dir,
        &dir.join("CURRENT"),
        format!("{generation}\n").as_bytes(),
    )?;
    Ok(text.len() as u64)
}

/// Replaces a file whole, durably.
fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = private().create(true).truncate(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(dir)?.sync_all()
}

fn open_log(dir: &Path, generation: u64) -> io::Result<File> {
    private()
        .create(true)
        .truncate(false)
        .open(log_path(dir, generation))
}

fn log_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("log-{generation}.jsonl"))
}

fn snapshot_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("snapshot-{generation}.json"))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// A line: the checksum, a space, the text.
fn sealed(json: &str) -> String {
    format!("{} {json}\n", checksum(json))
}

fn unsealed(line: &str) -> Option<&str> {
    let (sum, json) = line.split_once(' ')?;
    (sum == checksum(json)).then_some(json)
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex(&digest, 8)
}
