//! How a fleet is: its stamps with state, band and load, unfinished runs, and what waits until
//! when. Pure. What was not seen is UNKNOWN, never zero.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::Ink;
use super::page::Page;
use super::page::Setting;
use super::table::Align;
use super::table::Table;
use super::words;
use crate::model::Dimension;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::policy::Band;

/// How a fleet is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The fleet.
    pub fleet: String,
    /// The environment.
    pub environment: Option<String>,
    /// When it was looked at.
    pub observed_at: String,
    /// Its stamps, in order of id.
    pub stamps: Vec<StampStatus>,
    /// Tenants by state; the key is the state's word.
    pub tenants: BTreeMap<String, u64>,
    /// Accounts of quota.
    pub quota: Vec<QuotaStatus>,
    /// Runs that are not finished.
    pub runs: Vec<RunStatus>,
    /// What was not seen, in words.
    pub gaps: Vec<String>,
}

/// How a stamp is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StampStatus {
    /// The stamp.
    pub id: String,
    /// Shared or dedicated.
    pub kind: StampKind,
    /// Its region.
    pub region: String,
    /// Where it is in its life; absent: UNKNOWN.
    pub state: Option<StampState>,
    /// Whether it takes tenants.
    pub accepting: bool,
    /// Its band.
    pub band: Band,
    /// Basis points of its capacity in each dimension; absent: UNKNOWN.
    pub load: BTreeMap<Dimension, Option<u64>>,
    /// Its tenants; absent: UNKNOWN.
    pub tenants: Option<u64>,
    /// The most that it takes.
    pub tenants_max: Option<u64>,
    /// The pool that made it; absent: the manifest names it.
    pub pool: Option<String>,
    /// Whether the manifest knows it.
    pub managed: bool,
}

/// How an account of quota is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotaStatus {
    /// The account.
    pub account: String,
    /// Cores in all; absent: UNKNOWN.
    pub limit: Option<u64>,
    /// Cores that can still be allocated; absent: UNKNOWN.
    pub available: Option<u64>,
}

/// A run that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    /// The run.
    pub run: String,
    /// The plan's first digits.
    pub plan: String,
    /// When it began.
    pub since: String,
    /// Who holds the lock, if someone does.
    pub holder: Option<String>,
    /// Steps that are done.
    pub done: u64,
    /// Steps in all.
    pub steps: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Steps that may or may not have been done.
    pub unknown: u64,
    /// What waits, for what, and until when.
    pub waits: Vec<RunWait>,
    /// The command that goes on.
    pub resume: String,
}

/// What waits in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunWait {
    /// The step.
    pub step: String,
    /// For what.
    pub what: String,
    /// Until when, if a clock says so.
    pub until: Option<String>,
}

const UNKNOWN: &str = "UNKNOWN";

/// The status as text.
pub fn text(status: &Status, setting: Setting) -> String {
    let mut page = Page::new(setting);
    let environment = status.environment.as_ref().map(|name| format!(" ({name})"));
    let title = format!(
        "Fleet {}{}, observed {}",
        status.fleet,
        environment.unwrap_or_default(),
        status.observed_at
    );
    page.item(0, "", Ink::Heading, &title);
    page.gap();
    write_stamps(&mut page, &status.stamps);
    write_tenants(&mut page, &status.tenants);
    write_quota(&mut page, &status.quota);
    for run in &status.runs {
        write_run(&mut page, run);
    }
    if !status.gaps.is_empty() {
        page.heading("Not seen");
        for gap in &status.gaps {
            page.item(2, "?", Ink::Care, gap);
        }
    }
    page.finish()
}

/// The stamps alone, for `list`.
pub fn stamps(stamps: &[StampStatus], setting: Setting) -> String {
    let mut page = Page::new(setting);
    write_stamps(&mut page, stamps);
    page.finish()
}

fn write_stamps(page: &mut Page, stamps: &[StampStatus]) {
    if stamps.is_empty() {
        page.line(0, "No stamps.");
        return;
    }
    let mut columns = vec![
        ("stamp", Align::Left),
        ("kind", Align::Left),
        ("region", Align::Left),
        ("state", Align::Left),
        ("band", Align::Left),
    ];
    columns.extend(
        Dimension::ALL
            .iter()
            .map(|dimension| (dimension.word(), Align::Right)),
    );
    columns.extend([("tenants", Align::Right), ("from", Align::Left)]);
    let mut table = Table::new(&columns);
    for stamp in stamps {
        let mut cells = vec![
            stamp.id.clone(),
            stamp.kind.word().to_owned(),
            stamp.region.clone(),
            state(stamp),
            stamp.band.word().to_owned(),
        ];
        let load = Dimension::ALL
            .iter()
            .map(|d| percent(stamp.load.get(d).copied().flatten()));
        cells.extend(load);
        let most = stamp
            .tenants_max
            .map(|most| format!("/{most}"))
            .unwrap_or_default();
        cells.push(format!("{}{most}", known(stamp.tenants)));
        cells.push(match (&stamp.pool, stamp.managed) {
            (_, false) => "not in the manifest".to_owned(),
            (Some(pool), true) => format!("pool {pool}"),
            (None, true) => "manifest".to_owned(),
        });
        table.row(cells);
    }
    page.table(0, &table);
}

/// The state as people say it; the registry's `ready` is a stamp on standby.
fn state(stamp: &StampStatus) -> String {
    let word = match stamp.state {
        None => UNKNOWN,
        Some(StampState::Ready) => "standby",
        Some(state) => state.word(),
    };
    if stamp.accepting || stamp.state != Some(StampState::Active) {
        word.to_owned()
    } else {
        format!("{word}, closed")
    }
}

/// Basis points as percent with both decimals, so that 84.99 does not look like 85.
fn percent(points: Option<u64>) -> String {
    points.map_or_else(
        || UNKNOWN.to_owned(),
        |points| format!("{}.{:02} %", points / 100, points % 100),
    )
}

fn known(number: Option<u64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), words::number)
}

fn write_tenants(page: &mut Page, tenants: &BTreeMap<String, u64>) {
    page.gap();
    let total: u64 = tenants.values().sum();
    let states: Vec<String> = tenants
        .iter()
        .map(|(state, count)| format!("{} {state}", words::number(*count)))
        .collect();
    let states = if states.is_empty() {
        String::new()
    } else {
        format!(": {}", states.join(", "))
    };
    page.line(
        0,
        &format!("{}{states}", words::count(total, "tenant", "tenants")),
    );
}

fn write_quota(page: &mut Page, quota: &[QuotaStatus]) {
    if quota.is_empty() {
        return;
    }
    page.gap();
    let mut table = Table::new(&[
        ("quota", Align::Left),
        ("limit", Align::Right),
        ("available", Align::Right),
    ]);
    for account in quota {
        table.row([
            account.account.clone(),
            known(account.limit),
            known(account.available),
        ]);
    }
    page.table(0, &table);
}

fn write_run(page: &mut Page, run: &RunStatus) {
    page.heading(&format!(
        "Run {} of plan {} is not finished, since {}",
        run.run, run.plan, run.since
    ));
    if let Some(holder) = &run.holder {
        page.line(2, &format!("held by {holder}"));
    }
    page.line(
        2,
        &format!(
            "{} of {} steps done, {} failed, {} unknown",
            words::number(run.done),
            words::number(run.steps),
            run.failed,
            run.unknown
        ),
    );
    for wait in &run.waits {
        let until = wait
            .until
            .as_ref()
            .map(|until| format!(" (until {until})"))
            .unwrap_or_default();
        page.item(
            2,
            ":",
            Ink::Care,
            &format!("{}{until}: {}", wait.step, wait.what),
        );
    }
    page.line(2, "to go on:");
    page.raw(4, Ink::Plain, &run.resume);
}
