//! Cells: a run that meets one fault at every request that is asked for, one after the other. A
//! run that stops is taken up again when what stopped it is gone, and meets the next. So one run
//! answers for many cells, and each of them comes upon a world in which others went wrong before.

use std::collections::BTreeMap;
use std::sync::Arc;

use stampctl::apply::ApplyOutcome;
use stampctl::journal::StepStatus;
use stampctl::store;
use stampctl::store::RunJournal;
use stampctl_azure::Http;

use crate::bench::Bench;
use crate::bench::planned;
use crate::fault::Column;
use crate::fault::Word;
use crate::rows::Calm;
use crate::rows::Row;

/// How often a run may stop: more than it has requests.
const MOST_STOPS: usize = 400;

/// How a cell ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The run went past it, into the world that the plan promised.
    Right,
    /// It stopped with this exit code, and went on into that world when the fault was gone.
    Resumed(u8),
    /// It stopped with this exit code; the fleet planned anew came to that world.
    Anew(u8),
    /// The fault has nothing to strike here.
    None,
}

impl End {
    /// As the matrix shows it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Right => "ok".to_owned(),
            Self::Resumed(code) => format!("{code}"),
            Self::Anew(code) => format!("{code}*"),
            Self::None => "-".to_owned(),
        }
    }
}

/// The cells of a column in a scenario, by their row's name. Says what law is broken, if one is.
pub(crate) async fn column(
    calm: &Calm,
    rows: &[&Row],
    column: Column,
    http: &Arc<Http>,
) -> Result<BTreeMap<String, End>, String> {
    let mut ends = BTreeMap::new();
    let mut left: Vec<&Row> = Vec::new();
    for row in rows {
        // That what was deleted is not found is no fault.
        if column.word == Word::NotFound && row.method == "DELETE" {
            ends.insert(row.to_string(), End::None);
        } else {
            left.push(row);
        }
    }
    while !left.is_empty() {
        let seen = run(calm, &left, column, http).await?;
        if seen.is_empty() {
            let names: Vec<String> = left.iter().map(ToString::to_string).collect();
            return Err(format!("the fault does not strike: {names:?}"));
        }
        left.retain(|row| !seen.contains_key(&row.to_string()));
        ends.extend(seen);
    }
    Ok(ends)
}

/// One run, at all of these requests of which the fault strikes; those that it came to.
async fn run(
    calm: &Calm,
    rows: &[&Row],
    column: Column,
    http: &Arc<Http>,
) -> Result<BTreeMap<String, End>, String> {
    let bench = Bench::new(&calm.scenario, http, Some(&calm.plan)).await;
    {
        let mut wire = bench.served.wire();
        wire.column = Some(column);
        wire.aims = rows.iter().map(|row| (row.aim(), 0)).collect();
    }
    let mut ends = BTreeMap::new();
    let mut stopped: Vec<String> = Vec::new();
    for _ in 0..MOST_STOPS {
        let code = bench.until_it_ends().await;
        let struck = struck(&bench, rows);
        if code == 0 {
            ends.extend(struck.iter().map(|row| (row.to_string(), End::Right)));
            bench.served.lift().await;
            bench.laws()?;
            same(&bench, calm)?;
            return Ok(ends);
        }
        if struck.is_empty() {
            // What is there stays as it is: the fleet has to be planned anew.
            bench.served.wire().aims.clear();
            anew(&bench).await?;
            for name in &stopped {
                if let Some(end) = ends.get_mut(name)
                    && let End::Resumed(first) = *end
                {
                    *end = End::Anew(first);
                }
            }
            bench.laws()?;
            same(&bench, calm)?;
            return Ok(ends);
        }
        honest(&bench)?;
        for row in &struck {
            let end = if is_done(&bench, row).await? {
                End::Right
            } else {
                End::Resumed(code)
            };
            ends.insert(row.to_string(), end);
        }
        bench.served.lift().await;
        // Nobody comes back at once; what the cloud is still at ends meanwhile.
        bench.served.sim.advance(1_200).expect("time passes");
        stopped = struck.iter().map(ToString::to_string).collect();
    }
    Err(format!("no end: {}", bench.told()))
}

/// The rows whose fault has struck and is not lifted.
fn struck<'a>(bench: &Bench<'_>, rows: &[&'a Row]) -> Vec<&'a Row> {
    let wire = bench.served.wire();
    let hit = rows
        .iter()
        .filter(|row| wire.aims.get(&row.aim()).is_some_and(|n| *n > 0));
    hit.copied().collect()
}

/// Whether the row's step is done, by the journal.
async fn is_done(bench: &Bench<'_>, row: &Row) -> Result<bool, String> {
    let plan = bench.plan.borrow().seal.digest.clone();
    let run = store::find_run_id(&bench.store, &plan).await;
    let Some(run) = run.map_err(|e| e.to_string())? else {
        return Ok(false);
    };
    // Reading it judges every record: an illegal one is an error.
    let journal = RunJournal::load(&bench.store, &run).await;
    let journal = journal.map_err(|e| format!("the journal: {e}"))?;
    let progress = journal.progress();
    Ok(match &row.step {
        Some(step) => progress.status(step) == StepStatus::Succeeded,
        None => progress.burnt,
    })
}

/// A stop says at which step it was and why.
fn honest(bench: &Bench<'_>) -> Result<(), String> {
    let outcomes = bench.outcomes.borrow();
    match outcomes.last() {
        Some(ApplyOutcome::Failed(report) | ApplyOutcome::Moved(_, Some(report))) => {
            let mut open = report.open.iter();
            if !open.any(|step| step.fault.is_some() || !step.evidence.is_empty()) {
                return Err(format!("it does not say why: {report:#?}"));
            }
        }
        Some(ApplyOutcome::Broken(why)) if !why.is_empty() => {}
        other => return Err(format!("no honest stop: {other:#?}")),
    }
    Ok(())
}

/// Plans anew and applies that.
async fn anew(bench: &Bench<'_>) -> Result<(), String> {
    for _ in 0..3 {
        let plan = planned(&bench.scenario.fleet, &bench.served).await;
        *bench.plan.borrow_mut() = plan;
        if bench.until_it_ends().await == 0 {
            return Ok(());
        }
    }
    Err(format!("planned anew: {}", bench.told()))
}

fn same(bench: &Bench<'_>, calm: &Calm) -> Result<(), String> {
    let here = bench.picture();
    for (one, other, side) in [
        (&here, &calm.picture, "only here"),
        (&calm.picture, &here, "only where nothing went wrong"),
    ] {
        let only: Vec<_> = one.iter().filter(|it| !other.contains(it)).collect();
        if !only.is_empty() {
            return Err(format!("another world: {side}: {only:#?}"));
        }
    }
    Ok(())
}
