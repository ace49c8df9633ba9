//! A plan is sealed, written and judged at the same time: the file is the largest thing that a
//! plan makes, and its judge needs nothing of it.

use std::io;
use std::io::BufWriter;
use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::cloud::Cloud;
use super::outfile::Begun;
use super::planning;
use super::stop::Stop;
use crate::model::Fleet;
use crate::observe::Inventory;
use crate::plan::format::Body;
use crate::plan::format::Digest;
use crate::plan::format::FORMAT;
use crate::plan::format::Plan;
use crate::plan::format::PlanError;
use crate::plan::format::lines;
use crate::plan::format::seal;
use crate::verify;
use crate::verify::Violation;

/// Bytes that are handed over at once.
const PIECE: usize = 1 << 18;
/// Pieces that may wait: who writes them is not slower for long.
const WAITING: usize = 16;

/// A plan that is sealed and judged.
pub(super) struct Judged {
    pub(super) plan: Plan,
    pub(super) violations: Vec<Violation>,
    /// Its file, but for the seal.
    begun: Option<Begun>,
}

/// Makes a plan, seals and judges it, and begins its file where it is to be kept.
pub(super) fn plan(
    fleet: &Fleet,
    inventory: &Inventory,
    file: Option<&Path>,
) -> Result<Judged, Stop> {
    let (body, rest) = planning::unsealed(fleet, inventory)?;
    let mut begun = file.map(Begun::new).transpose()?;
    if let Some(begun) = &mut begun {
        begun.add(&seal::head(FORMAT).map_err(unsealed)?)?;
    }
    let (digest, violations) = thread::scope(|scope| {
        let (feed, pieces) = mpsc::sync_channel(WAITING);
        let digest = scope.spawn(|| take(pieces, begun.as_mut()));
        let bytes = scope.spawn(|| give(&body, feed));
        let violations = verify::body(&body);
        let bytes = planning::joined(bytes.join());
        // Why nobody took the bytes says more than that nobody did.
        let digest = planning::joined(digest.join())?;
        bytes.map_err(unsealed)?;
        Ok::<_, Stop>((digest, violations))
    })?;
    let plan = Plan::with_digest(body, digest, planning::TOOL, inventory.observed_at, rest);
    Ok(Judged {
        plan: plan.map_err(unsealed)?,
        violations,
        begun,
    })
}

impl Judged {
    /// The same, with what the plan takes of this cloud in its seal.
    pub(super) fn foreseen(self, cloud: &Cloud) -> Result<Self, Stop> {
        Ok(Self {
            plan: planning::foreseen(self.plan, cloud)?,
            ..self
        })
    }

    /// Does something with the plan and its violations while the file is ended.
    pub(super) fn keep<T>(
        self,
        meanwhile: impl FnOnce(&Plan, &[Violation]) -> T,
    ) -> Result<(Plan, T), Stop> {
        let Self {
            plan,
            violations,
            begun,
        } = self;
        let end = || -> Result<(), Stop> {
            let Some(mut begun) = begun else {
                return Ok(());
            };
            begun.add(&seal::foot(&plan.seal).map_err(unsealed)?)?;
            begun.end()
        };
        let (ended, result) = planning::beside(end, || meanwhile(&plan, &violations));
        ended?;
        Ok((plan, result))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
fn unsealed(fault: PlanError) -> Stop {
    Stop::error(format!("the plan cannot be saved: {fault}"))
}

/// Hands over the body's bytes, piece by piece.
fn give(body: &Body, feed: SyncSender<Vec<u8>>) -> Result<(), PlanError> {
    let mut pieces = BufWriter::with_capacity(PIECE, Feed(feed));
    let unreadable = |fault: &dyn std::fmt::Display| PlanError::Unreadable(fault.to_string());
    lines::body(body, &mut pieces).map_err(|fault| unreadable(&fault))?;
    io::Write::flush(&mut pieces).map_err(|fault| unreadable(&fault))
}

/// Hashes the pieces, and writes them where they are kept.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is dropped where it fails, which ends `give`"
)]
fn take(pieces: Receiver<Vec<u8>>, mut begun: Option<&mut Begun>) -> Result<Digest, Stop> {
    let mut hash = seal::Hash::default();
    for piece in &pieces {
        hash.update(&piece);
        if let Some(begun) = &mut begun {
            begun.add(&piece)?;
        }
    }
    Ok(hash.digest())
}

/// Pieces on their way to another thread.
struct Feed(SyncSender<Vec<u8>>);

impl io::Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.send(bytes.to_vec());
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
