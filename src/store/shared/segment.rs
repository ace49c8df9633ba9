//! The pieces of a journal: a line that says where a piece goes and who wrote it, then its bytes.

use std::collections::btree_map::Entry;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use serde::Deserialize;
use serde::Serialize;

use super::Core;
use super::objects::RUNS;
use super::objects::Written;
use super::objects::damaged;
use crate::journal::Epoch;
use crate::journal::RunId;
use crate::plan::format::Digest;
use crate::store::StoreError;

const FORMAT: &str = "stampctl.segment/v1";
const ENDING: &str = ".jsonl";

/// How many pieces are read at a time.
const AT_A_TIME: usize = 16;

/// How often a write is tried whose answers are lost.
const TRIES: u32 = 3;

/// How far a journal goes, as it was last read or written here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The number of the last piece; 0: there is none.
    seq: u64,
    /// Bytes of the journal.
    length: u64,
    /// The epoch of the last piece.
    epoch: Epoch,
}

/// The first line of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    run: RunId,
    seq: u64,
    /// The epoch of the lock under which it was written.
    epoch: Epoch,
    /// Where its bytes go; whatever stood from there on is cut off.
    at: u64,
    /// How many they are.
    bytes: u64,
    /// Their digest.
    digest: Digest,
}

impl Core {
    /// The bytes of a run's journal.
    pub(super) async fn journal(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        let (extent, bytes) = self.read(run).await?;
        self.remember(run, Some(extent));
        Ok((extent.seq > 0).then_some(bytes))
    }

    /// Writes a piece of a run's journal.
    pub(super) async fn append(
        &self,
        epoch: Epoch,
        run: &RunId,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.lock.may_write(epoch).await?;
        let known = self.known(run);
        let extent = match known {
            Some(extent) => extent,
            None => self.read(run).await?.0,
        };
        if (length == 0 && extent.seq > 0) || length > extent.length {
            let why = format!("the journal of run {run} has {} bytes", extent.length);
            return Err(StoreError::NotNow(why));
        }
        // Until it is certain how this ends, how far the journal goes is not known.
        self.remember(run, None);
        let seq = self
            .create(epoch, run, extent.seq + 1, length, bytes)
            .await?;
        self.lock.is_in_force(epoch).await?;
        let extent = Extent {
            seq,
            length: length + bytes.len() as u64,
            epoch,
        };
        self.remember(run, Some(extent));
        Ok(())
    }

    /// Creates the next piece, and gives its number.
    async fn create(
        &self,
        epoch: Epoch,
        run: &RunId,
        first: u64,
        at: u64,
        bytes: &[u8],
    ) -> Result<u64, StoreError> {
        let mut seq = first;
        let mut tries = 0;
        loop {
            let name = name(run, seq);
            let piece = piece(run, seq, epoch, at, bytes)?;
            let lost = match self.objects.put_if(&name, &piece, None).await? {
                Written::Done(_) => return Ok(seq),
                Written::Refused => None,
                Written::Unknown(fault) => Some(fault),
            };
            match (self.objects.bytes(&name).await?, lost) {
                // It was this write, or one before it, whose answer was lost.
                (Some(there), _) if there == piece => return Ok(seq),
                (Some(there), _) => {
                    let (head, _) = parse(run, seq, &there)?;
                    if head.epoch > epoch {
                        return Err(StoreError::Fenced {
                            ours: epoch,
                            current: head.epoch,
                        });
                    }
                    if head.epoch == epoch {
                        return Err(damaged(&name, "somebody else wrote it under our epoch"));
                    }
                    // Its writer lost the lock before it could believe in the write, so nothing
                    // was done because of it; the next piece cuts it off.
                    seq += 1;
                }
                (None, Some(fault)) if tries == TRIES => return Err(fault),
                (None, Some(_)) => tries += 1,
                (None, None) => return Err(damaged(&name, "it is there and cannot be read")),
            }
        }
    }

    /// Reads all pieces.
    async fn read(&self, run: &RunId) -> Result<(Extent, Vec<u8>), StoreError> {
        let names = self.objects.names(&format!("{RUNS}/{run}")).await?;
        let numbers = (1_u64..).zip(names);
        let mut pieces = stream::iter(numbers)
            .map(async |(seq, listed)| {
                let name = name(run, seq);
                if name.rsplit('/').next() != Some(listed.as_str()) {
                    return Err(damaged(&name, "it is missing, or something else is there"));
                }
                let bytes = self.objects.bytes(&name).await?;
                let bytes = bytes.ok_or_else(|| damaged(&name, "it was listed and is gone"))?;
                Ok((name, seq, bytes))
            })
            .buffered(AT_A_TIME);
        let mut extent = Extent::default();
        let mut journal = Vec::new();
        while let Some((name, seq, bytes)) = pieces.try_next().await? {
            let (head, body) = parse(run, seq, &bytes)?;
            if head.epoch < extent.epoch {
                return Err(damaged(
                    &name,
                    "its epoch is older than that of the one before",
                ));
            }
            let at = usize::try_from(head.at).ok();
            let at = at.filter(|at| *at <= journal.len());
            let at = at.ok_or_else(|| damaged(&name, "it begins behind the end of the journal"))?;
            journal.truncate(at);
            journal.extend_from_slice(body);
            extent = Extent {
                seq,
                length: journal.len() as u64,
                epoch: head.epoch,
            };
        }
        Ok((extent, journal))
    }

    fn known(&self, run: &RunId) -> Option<Extent> {
        let extents = self.extents.lock();
        let extents = extents.unwrap_or_else(std::sync::PoisonError::into_inner);
        extents.get(run).copied()
    }

    fn remember(&self, run: &RunId, extent: Option<Extent>) {
        let extents = self.extents.lock();
        let mut extents = extents.unwrap_or_else(std::sync::PoisonError::into_inner);
        match (extents.entry(run.clone()), extent) {
            (entry, Some(extent)) => {
                entry.insert_entry(extent);
            }
            (Entry::Occupied(entry), None) => {
                entry.remove();
            }
            (Entry::Vacant(_), None) => {}
        }
    }
}

fn name(run: &RunId, seq: u64) -> String {
    format!("{RUNS}/{run}/{seq:020}{ENDING}")
}

fn piece(
    run: &RunId,
    seq: u64,
    epoch: Epoch,
    at: u64,
    bytes: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let head = Head {
        format: FORMAT.to_owned(),
        run: run.clone(),
        seq,
        epoch,
        at,
        bytes: bytes.len() as u64,
        digest: Digest::of(bytes),
    };
    let mut piece = serde_json::to_vec(&head).map_err(|e| StoreError::NotNow(e.to_string()))?;
    piece.push(b'\n');
    piece.extend_from_slice(bytes);
    Ok(piece)
}

fn parse<'a>(run: &RunId, seq: u64, piece: &'a [u8]) -> Result<(Head, &'a [u8]), StoreError> {
    let bad = |why: &str| damaged(&name(run, seq), why);
    let end = piece.iter().position(|byte| *byte == b'\n');
    let (head, rest) = end
        .and_then(|end| piece.split_at_checked(end))
        .ok_or_else(|| bad("it has no first line"))?;
    let body = rest.get(1..).unwrap_or_default();
    let head: Head =
        serde_json::from_slice(head).map_err(|_| bad("its first line is none of this format"))?;
    if head.format != FORMAT {
        return Err(bad("it has another format"));
    }
    if head.run != *run || head.seq != seq {
        return Err(bad("it is a piece of something else"));
    }
    if head.bytes != body.len() as u64 || head.digest != Digest::of(body) {
        return Err(bad("its bytes are not those that were written"));
    }
    Ok((head, body))
}
