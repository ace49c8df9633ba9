//! The fault matrix: every operation that a plan performs on Azure, met with every way in which a
//! request goes wrong, ends in the world that the plan promised or in an honest stop from which
//! that world is reached.
//!
//! Real HTTP on loopback: the Azure provider against the simulated cloud's Resource Manager face.
//! `tests/snapshots/matrix.txt` is the matrix; `STAMPCTL_BLESS=1` writes it anew.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its own switches and files, and prints the matrix"
)]

#[path = "matrix/bench.rs"]
mod bench;
#[path = "matrix/cell.rs"]
mod cell;
#[path = "matrix/fault.rs"]
mod fault;
#[path = "matrix/laws.rs"]
mod laws;
#[path = "matrix/rows.rs"]
mod rows;
#[path = "matrix/scenario.rs"]
mod scenario;
#[path = "matrix/served.rs"]
mod served;
#[path = "matrix/store.rs"]
mod store;
#[path = "matrix/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stampctl::plan::format::Act;
use stampctl::plan::format::StepKind;
use stampctl_azure::Http;

use bench::Bench;
use fault::Column;
use rows::Calm;
use rows::Row;
use scenario::Scenario;

/// A column that takes longer stands still: it runs on a clock that waits for nobody.
const STANDS_STILL: Duration = Duration::from_mins(2);

/// The fleets whose plans make the operations.
fn scenarios() -> Vec<Scenario> {
    let own = ["gateway", "group", "guard", "leave", "move"];
    let mut all: Vec<Scenario> = own.into_iter().map(Scenario::own).collect();
    for name in [
        "drift",
        "enterprise",
        "offboarding",
        "quickstart",
        "resize",
        "retire",
        "standby",
    ] {
        all.push(Scenario::example(name, &[]));
    }
    all.push(Scenario::example("no-quota", &[("increase", "request")]));
    all
}

/// Every row, and the shortest run in which it occurs.
fn pick(calms: &[Calm]) -> BTreeMap<String, (&Calm, &Row)> {
    let mut picked: BTreeMap<String, (&Calm, &Row)> = BTreeMap::new();
    for calm in calms {
        for row in &calm.rows {
            let known = picked.entry(row.to_string()).or_insert((calm, row));
            if calm.requests < known.0.requests {
                *known = (calm, row);
            }
        }
    }
    picked
}

fn block<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}

#[test]
fn every_operation_meets_every_fault() {
    let http = Arc::new(Http::new().expect("a client"));
    let calms: Vec<Calm> = block(async {
        let mut calms = Vec::new();
        for scenario in scenarios() {
            calms.push(Calm::of(scenario, &http).await);
        }
        calms
    });
    let rows = pick(&calms);
    let only = std::env::var("STAMPCTL_ROW").unwrap_or_default();
    let wanted = rows.iter().filter(|(name, _)| name.contains(&only));
    let mut columns: BTreeMap<&str, (&Calm, Vec<&Row>)> = BTreeMap::new();
    for (_, (calm, row)) in wanted {
        let entry = columns.entry(&calm.scenario.name);
        entry.or_insert_with(|| (calm, Vec::new())).1.push(row);
    }
    let jobs: Vec<_> = columns
        .values()
        .flat_map(|(calm, rows)| Column::all().map(move |column| (*calm, rows, column)))
        .collect();
    let next = AtomicUsize::new(0);
    let table: Mutex<BTreeMap<String, BTreeMap<Column, String>>> = Mutex::default();
    let broken: Mutex<Vec<String>> = Mutex::default();
    let work = async || {
        let http = Arc::new(Http::new().expect("a client"));
        while let Some((calm, rows, column)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let run = cell::column(calm, rows, *column, &http);
            let ends = match tokio::time::timeout(STANDS_STILL, run).await {
                Ok(Ok(ends)) => ends,
                other => {
                    let why = other.map_or("it stands still".to_owned(), |no| format!("{no:?}"));
                    let why = why.replace("\\n", "\n");
                    let what = format!("{}: {column:?}: {why}", calm.scenario.name);
                    broken.lock().expect("no panics").push(what);
                    continue;
                }
            };
            let mut table = table.lock().expect("no panics");
            for (row, end) in ends {
                table.entry(row).or_default().insert(*column, end.word());
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| block(work()));
        }
    });
    let broken = broken.into_inner().expect("no panics");
    let table = table.into_inner().expect("no panics");
    compare(&table, &broken, only.is_empty());
}

/// Prints the matrix, and compares it with its snapshot where it is whole.
fn compare(table: &BTreeMap<String, BTreeMap<Column, String>>, broken: &[String], whole: bool) {
    let drawn = table::draw(table);
    println!("{drawn}");
    let cells: Vec<&String> = table.values().flat_map(BTreeMap::values).collect();
    let right = cells.iter().filter(|word| **word == "ok").count();
    let none = cells.iter().filter(|word| **word == "-").count();
    println!(
        "{} rows, {} cells: {right} right, {} stops, {none} with nothing to strike",
        table.len(),
        cells.len(),
        cells.len() - right - none
    );
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    if !whole {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/matrix.txt");
    if std::env::var_os("STAMPCTL_BLESS").is_some() {
        std::fs::write(&path, &drawn).expect("the snapshot is written");
    }
    let meant = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(&meant, &drawn);
    let diff = diff.unified_diff().header("snapshot", "now").to_string();
    assert!(meant == drawn, "{diff}");
}

/// Kinds of steps that no plan here has, and why.
const ABSENT: &[(StepKind, &str)] = &[];

/// The table of kinds is closed: one that is new needs a fleet that makes it, or a reason here.
#[test]
fn every_kind_of_step_is_met_or_excused() {
    let mut acts = BTreeSet::new();
    let mut looks = BTreeSet::new();
    block(async {
        let http = Arc::new(Http::new().expect("a client"));
        for scenario in scenarios() {
            let bench = Bench::new(&scenario, &http, None).await;
            for step in &bench.plan.borrow().body.steps {
                match step.act {
                    Act::Call { .. } => acts.insert(step.kind),
                    Act::Check { .. } => looks.insert(step.kind),
                };
            }
        }
    });
    for kind in StepKind::ALL {
        let excused = ABSENT.iter().any(|(absent, _)| absent == kind);
        let met = acts.contains(kind) || looks.contains(kind);
        assert!(met != excused, "{kind}: met {met}, excused {excused}");
    }
    assert!(acts.is_disjoint(&looks), "a kind either acts or looks");
}
