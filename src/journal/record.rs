//! Records, their chain of checksums, and reading them back. Pure.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::Event;
use super::RunId;

/// Hexadecimal digits of a checksum: 64 bits. It finds damage; it is no signature.
const SUM_DIGITS: usize = 16;

/// What stands between a record's body and its checksum.
const SUM_KEY: &str = ",\"sum\":\"";

/// What stands after the checksum.
const SUM_END: &str = "\"}";

/// What the first record has in place of a predecessor's checksum.
pub const GENESIS: &str = "0000000000000000";

/// Which holder of the lock wrote something. It only grows; whoever has a smaller one than the
/// store's is fenced off.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, from 1 without a gap.
    pub seq: u64,
    /// The lock's epoch when it was written.
    pub epoch: Epoch,
    /// The run.
    pub run: RunId,
    /// When it was written, by the run's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The checksum of the record before it.
    pub prev: String,
}

/// Why a journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It is not what was written.
    #[error("the journal is damaged at record {record}: {why}")]
    Damaged {
        /// The record's number, counted in lines from 1.
        record: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A record could not be put into bytes.
    #[error("a record cannot be written: {0}")]
    Unwritable(String),
}

/// Where the next record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Bytes that are good. What follows them is a torn record.
    pub length: u64,
    /// The number of the last record; 0 where there is none.
    pub seq: u64,
    /// The checksum of the last record.
    pub sum: String,
    /// The epoch of the last record.
    pub epoch: Epoch,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            length: 0,
            seq: 0,
            sum: GENESIS.to_owned(),
            epoch: Epoch(0),
        }
    }
}

/// A journal that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its records.
    pub records: Vec<Record>,
    /// Where the next one goes.
    pub tail: Tail,
    /// Whether something was torn off at the end.
    pub torn: bool,
}

impl Tail {
    /// Whether these bytes end here: as many as were read, the last record with the same checksum.
    /// The checksums are chained, so what stands before is what was read, too.
    pub fn is_end_of(&self, bytes: &[u8]) -> bool {
        let end = format!("{SUM_KEY}{}{SUM_END}\n", self.sum);
        self.length > 0 && bytes.len() as u64 == self.length && bytes.ends_with(end.as_bytes())
    }

    /// The bytes of the records that tell of these events, and the tail behind them.
    pub fn extend(
        &self,
        run: &RunId,
        epoch: Epoch,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(Vec<u8>, Vec<Record>, Self), JournalError> {
        let mut tail = self.clone();
        let mut bytes = Vec::new();
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let record = Record {
                seq: tail.seq + 1,
                epoch,
                run: run.clone(),
                at,
                event: event.clone(),
                prev: tail.sum,
            };
            let (line, sum) = record.to_line()?;
            tail = Self {
                length: tail.length + line.len() as u64,
                seq: record.seq,
                sum,
                epoch,
            };
            bytes.extend_from_slice(&line);
            records.push(record);
        }
        Ok((bytes, records, tail))
    }
}

impl Record {
    /// The record's line, newline included, and its checksum.
    fn to_line(&self) -> Result<(Vec<u8>, String), JournalError> {
        let mut line =
            serde_json::to_vec(self).map_err(|e| JournalError::Unwritable(e.to_string()))?;
        // The closing brace makes way for the checksum, which covers everything before it.
        line.pop();
        let sum = sum_of(&line);
        line.extend_from_slice(SUM_KEY.as_bytes());
        line.extend_from_slice(sum.as_bytes());
        line.extend_from_slice(SUM_END.as_bytes());
        line.push(b'\n');
        Ok((line, sum))
    }

    /// The record of a line without its newline, and its checksum.
    fn from_line(line: &[u8]) -> Result<(Self, String), String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let ending = SUM_KEY.len() + SUM_DIGITS + SUM_END.len();
        let split = text.len().checked_sub(ending);
        let (body, end) = split
            .and_then(|at| text.split_at_checked(at))
            .ok_or("it has no checksum")?;
        let stated = end
            .strip_prefix(SUM_KEY)
            .and_then(|rest| rest.strip_suffix(SUM_END))
            .ok_or("it has no checksum")?;
        let sum = sum_of(body.as_bytes());
        if stated != sum {
            return Err("its checksum is not the one of its text".to_owned());
        }
        let record = serde_json::from_str(&format!("{body}}}"))
            .map_err(|e| format!("it is no record of this format: {e}"))?;
        Ok((record, sum))
    }
}

impl Contents {
    /// Reads the first record alone; `None` where there is no whole one.
    pub fn first(bytes: &[u8], run: &RunId) -> Result<Option<Record>, JournalError> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        Ok(Self::read(&bytes[..=end], run)?.records.pop())
    }

    /// Reads a journal's bytes.
    ///
    /// Fails on anything but a torn last record. An empty journal has no records: whether that
    /// is damage is known only to who knows that the run exists.
    pub fn read(bytes: &[u8], run: &RunId) -> Result<Self, JournalError> {
        let mut contents = Self {
            records: Vec::new(),
            tail: Tail::default(),
            torn: false,
        };
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            contents.push(line, run)?;
            rest = after.get(1..).unwrap_or_default();
        }
        contents.torn = !rest.is_empty();
        // A whole record followed by one byte that is no newline is not torn: its newline was
        // changed.
        if let Some((_, line)) = rest.split_last()
            && Record::from_line(line).is_ok()
        {
            let record = contents.tail.seq + 1;
            let why = "its line does not end as it was written".to_owned();
            return Err(JournalError::Damaged { record, why });
        }
        Ok(contents)
    }

    fn push(&mut self, line: &[u8], run: &RunId) -> Result<(), JournalError> {
        let number = self.tail.seq + 1;
        let damaged = |why: String| JournalError::Damaged {
            record: number,
            why,
        };
        let (record, sum) = Record::from_line(line).map_err(damaged)?;
        if record.prev != self.tail.sum {
            return Err(damaged(
                "it does not follow the record before it".to_owned(),
            ));
        }
        if record.seq != number {
            return Err(damaged(format!("it has the number {}", record.seq)));
        }
        if record.run != *run {
            return Err(damaged(format!("it belongs to run {}", record.run)));
        }
        if record.epoch < self.tail.epoch {
            return Err(damaged(format!(
                "its epoch {} is older than {}",
                record.epoch, self.tail.epoch
            )));
        }
        self.tail = Tail {
            length: self.tail.length + line.len() as u64 + 1,
            seq: record.seq,
            sum,
            epoch: record.epoch,
        };
        self.records.push(record);
        Ok(())
    }
}

fn sum_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut sum = String::with_capacity(SUM_DIGITS);
    for byte in Sha256::digest(bytes).iter().take(SUM_DIGITS / 2) {
        // Writing to a String cannot fail.
        let _ = write!(sum, "{byte:02x}");
    }
    sum
}
