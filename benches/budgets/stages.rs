//! Each stage by itself, in the order in which the program runs them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use stampctl::blueprint;
use stampctl::diff;
use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::observe::Inventory;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl::render;
use stampctl::render::Level;
use stampctl::render::View;
use stampctl::render::page::Setting;
use stampctl::verify;

/// What each stage took, one line each: its name, microseconds, and the KiB at most until then.
struct Clock {
    begun: Instant,
}

impl Clock {
    fn told<T>(&mut self, stage: &str, result: T) -> T {
        let took = self.begun.elapsed();
        println!("{stage} {} {}", took.as_micros(), most_memory());
        self.begun = Instant::now();
        result
    }
}

/// Parses the inputs, side by side as `plan` does, and drops them: what every planner must do at
/// least.
pub(crate) fn parse(folder: &Path) -> io::Result<()> {
    let mut clock = Clock {
        begun: Instant::now(),
    };
    let (loaded, inventory) = std::thread::scope(|scope| {
        let inventory = scope.spawn(|| inventory(folder));
        let loaded = manifest::load(&request(folder));
        (loaded, inventory.join())
    });
    clock.told("parse", ());
    let sound = loaded.fleet.is_some() && matches!(inventory, Ok(Ok(_)));
    drop((loaded, inventory));
    clock.told("drop", ());
    if sound {
        Ok(())
    } else {
        Err(io::Error::other("an input is not sound"))
    }
}

/// Runs every stage on a fleet that was written.
pub(crate) fn run(folder: &Path) -> io::Result<()> {
    let mut clock = Clock {
        begun: Instant::now(),
    };
    let loaded = clock.told("load", manifest::load(&request(folder)));
    let Some(fleet) = &loaded.fleet else {
        return Err(io::Error::other(format!(
            "{:?}",
            loaded.diagnostics.iter().next()
        )));
    };
    let inventory = clock.told("observed", inventory(folder)?);
    let placement = clock.told("place", place::place(fleet, &inventory));
    let blueprint = blueprint::draw(fleet, &inventory, &placement).map_err(io::Error::other)?;
    let blueprint = clock.told("blueprint", blueprint);
    let differences = clock.told("diff", diff::diff(&blueprint, &inventory));
    drop((differences, blueprint));
    clock.begun = Instant::now();
    // Draws and compares once more, and seals.
    let plan = plan::plan(fleet, &inventory, &placement, "bench").map_err(io::Error::other)?;
    let plan = clock.told("plan", plan);
    let violations = clock.told("verify", verify::verify(&plan));
    assert!(
        violations.is_empty(),
        "a plan that breaks a rule: {}",
        violations[0]
    );
    let view = clock.told("view", View::of(&plan, Level::Resource, None));
    let text = clock.told("text", render::text(&view, Setting::default()));
    let bytes = clock.told("bytes", plan.to_bytes().map_err(io::Error::other)?);
    fs::write(folder.join("plan.json"), &bytes)?;
    clock.told("write", ());
    let read = clock.told("read", Plan::from_bytes(&bytes).map_err(io::Error::other)?);
    clock.told("check", read.check_seal(&bytes).map_err(io::Error::other)?);
    eprintln!(
        "{} stamps, {} tenants, {} changes, {} steps, {} MB of plan, {} lines of text, {:?}",
        inventory.stamps.len(),
        fleet.tenants.len(),
        plan.body.changes.len(),
        plan.body.steps.len(),
        bytes.len() / 1_000_000,
        text.lines().count(),
        plan.body.findings.iter().take(3).collect::<Vec<_>>(),
    );
    Ok(())
}

fn request(folder: &Path) -> LoadRequest {
    LoadRequest {
        path: folder.join("fleet.yaml"),
        ..LoadRequest::default()
    }
}

fn inventory(folder: &Path) -> io::Result<Inventory> {
    let bytes = fs::read(folder.join("observed.json"))?;
    Inventory::from_bytes(&bytes).map_err(io::Error::other)
}

/// The most memory that this process held so far, in KiB; 0 where the system does not say.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// Lines of [`Clock`], read back.
pub(crate) fn read(said: &str) -> Vec<(String, Duration, u64)> {
    let lines = said.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let stage = words.next()?.to_owned();
        let took = Duration::from_micros(words.next()?.parse().ok()?);
        Some((stage, took, words.next()?.parse().ok()?))
    });
    lines.collect()
}
