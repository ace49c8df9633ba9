//! What a run says, and how a fleet is.

use std::collections::BTreeMap;

use stampctl::model::Dimension;
use stampctl::model::StampKind;
use stampctl::model::StampState;
use stampctl::model::policy::Band;
use stampctl::render::json;
use stampctl::render::page::Setting;
use stampctl::render::progress;
use stampctl::render::progress::Ending;
use stampctl::render::progress::Happened;
use stampctl::render::progress::News;
use stampctl::render::status;
use stampctl::render::status::QuotaStatus;
use stampctl::render::status::RunStatus;
use stampctl::render::status::RunWait;
use stampctl::render::status::StampStatus;
use stampctl::render::status::Status;

use crate::sample::HOSTILE;

#[test]
fn every_piece_of_news_is_one_line() {
    let hostile = || HOSTILE.to_owned();
    let what = [
        Happened::Started,
        Happened::Running { left: None },
        Happened::Running { left: Some(90) },
        Happened::Waiting {
            what: "`usage` is at most 128".to_owned(),
            until: Some("2026-03-01T10:00:00Z".to_owned()),
        },
        Happened::Retrying {
            attempt: 2,
            after: 30,
            why: hostile(),
        },
        Happened::Succeeded,
        Happened::FoundDone,
        Happened::Failed { why: hostile() },
        Happened::Unknown { why: hostile() },
        Happened::NotDue {
            what: "a person's answer".to_owned(),
            until: None,
        },
        Happened::Undone,
    ];
    let lines: Vec<String> = what
        .into_iter()
        .map(|what| {
            let news = News {
                number: 7,
                of: 1_234,
                step: "stamp/a/quota.return".to_owned(),
                elapsed: 65,
                what,
            };
            progress::line(&news, Setting::default())
        })
        .collect();
    assert!(
        lines
            .iter()
            .all(|line| !line.contains('\n') && !line.contains('\u{1b}'))
    );
    golden!("progress", lines.join("\n"));
}

fn ending() -> Ending {
    Ending {
        run: "r-20260301-1".to_owned(),
        plan: "6f866aaf6c67".to_owned(),
        elapsed: 3_725,
        done: 20,
        failed: vec![("stamp/a/quota.return".to_owned(), HOSTILE.to_owned())],
        unknown: vec![(
            "tenant/b/tenant.copy".to_owned(),
            "the answer was lost on the way".to_owned(),
        )],
        waiting: vec![(
            "tenant/c/tenant.soak".to_owned(),
            "at least 1d have passed".to_owned(),
            Some("2026-03-02T09:00:00Z".to_owned()),
        )],
        undone: vec!["tenant/b/tenant.freeze".to_owned()],
        not_started: (0..60)
            .map(|n| format!("tenant/t-{n:02}/tenant.data"))
            .collect(),
        stopped: None,
        resume: Some("stampctl apply plan.json".to_owned()),
    }
}

#[test]
fn a_run_that_failed_says_how_to_go_on() {
    golden!("ending", progress::ending(&ending(), Setting::default()));
}

#[test]
fn the_first_line_is_the_verdict() {
    let verdict = |ending: &Ending| {
        let text = progress::ending(ending, Setting::default());
        text.lines().next().expect("a line").to_owned()
    };
    let mut run = ending();
    run.stopped = Some("a second interrupt".to_owned());
    assert!(verdict(&run).contains("stopped by a second interrupt"));
    run.stopped = None;
    assert!(verdict(&run).contains("steps failed"));
    run.failed.clear();
    assert!(
        verdict(&run).contains("steps failed"),
        "an unknown step is no success"
    );
    run.unknown.clear();
    assert!(verdict(&run).contains("paused"));
    run.waiting.clear();
    assert!(verdict(&run).contains("not finished"));
    run.not_started.clear();
    assert!(verdict(&run).contains("everything is done"));
}

fn fleet() -> Status {
    let load = |cpu| {
        BTreeMap::from([
            (Dimension::Cpu, cpu),
            (Dimension::Memory, Some(1_203)),
            (Dimension::Storage, Some(0)),
            (Dimension::Dtu, Some(10_450)),
        ])
    };
    let stamp = |id: &str, state, band, cpu, tenants| StampStatus {
        id: id.to_owned(),
        kind: StampKind::Shared,
        region: "eastus2".to_owned(),
        state,
        accepting: true,
        band,
        load: load(cpu),
        tenants,
        tenants_max: Some(100),
        pool: None,
        managed: true,
    };
    let mut closed = stamp(
        "shared-eastus2-001",
        Some(StampState::Active),
        Band::Plan,
        Some(8_499),
        Some(99),
    );
    closed.accepting = false;
    let mut standby = stamp(
        "shared-eastus2-002",
        Some(StampState::Ready),
        Band::Unknown,
        None,
        None,
    );
    standby.pool = Some("shared-eastus2".to_owned());
    let mut stray = stamp("shared-eastus2-009", None, Band::Unknown, None, None);
    stray.managed = false;
    Status {
        fleet: "contoso".to_owned(),
        environment: Some("prod".to_owned()),
        observed_at: "2026-03-01T09:00:00Z".to_owned(),
        stamps: vec![closed, standby, stray],
        tenants: BTreeMap::from([("active".to_owned(), 1_240), ("migrating".to_owned(), 1)]),
        quota: vec![QuotaStatus {
            account: "qg/eastus2/standardDSv5Family".to_owned(),
            limit: Some(640),
            available: None,
        }],
        runs: vec![RunStatus {
            run: "r-20260301-1".to_owned(),
            plan: "6f866aaf6c67".to_owned(),
            since: "2026-03-01T08:00:00Z".to_owned(),
            holder: Some(HOSTILE.to_owned()),
            done: 16,
            steps: 31,
            failed: 0,
            unknown: 1,
            waits: vec![RunWait {
                step: "tenant/tailwind/tenant.soak".to_owned(),
                what: "at least 1d have passed".to_owned(),
                until: Some("2026-03-02T09:00:00Z".to_owned()),
            }],
            resume: "stampctl apply .".to_owned(),
        }],
        gaps: vec![HOSTILE.to_owned()],
    }
}

#[test]
fn a_fleet_tells_how_it_is() {
    golden!("status", status::text(&fleet(), Setting::default()));
    golden!("list", status::stamps(&fleet().stamps, Setting::default()));
    golden!("status-json", json::pretty(&fleet()).expect("JSON"));
}
