//! Every example goes the same way through the simulated cloud in process and through Azure over
//! HTTP: the same plans, the same exit codes, the same world at the end.
//!
//! The examples are those that are there; one that is added is tried without being named here.
//! With `--nocapture` each tells how many calls it took.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use stampctl::model::Fleet;
use stampctl::plan::format::Body;
use stampctl::plan::format::Plan;
use stampctl_contract::Provider as _;
use stampctl_sim::arm::Options;
use stampctl_sim::arm::Surprises;

use crate::picture;
use crate::picture::Tenants;
use crate::places;
use crate::places::on_azure;
use crate::places::with_databases;
use crate::script;
use crate::script::Command;
use crate::script::Variant;
use crate::side::Side;
use crate::side::planned;

/// Parts that the examples are tried in, beside each other.
const PARTS: usize = 4;

#[tokio::test]
async fn the_first_part_of_the_examples_goes_both_ways() {
    go(0).await;
}

#[tokio::test]
async fn the_second_part_of_the_examples_goes_both_ways() {
    go(1).await;
}

#[tokio::test]
async fn the_third_part_of_the_examples_goes_both_ways() {
    go(2).await;
}

#[tokio::test]
async fn the_fourth_part_of_the_examples_goes_both_ways() {
    go(3).await;
}

async fn go(part: usize) {
    let all = examples();
    assert!(all.len() >= 14, "only {} examples", all.len());
    let only = std::env::var("STAMPCTL_FLEET").ok();
    for example in all.into_iter().skip(part).step_by(PARTS) {
        if only.as_ref().is_none_or(|only| example.ends_with(only)) {
            tell(&example).await;
        }
    }
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleets");
    let entries = std::fs::read_dir(root).expect("examples");
    let mut all: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    all.retain(|path| path.is_dir());
    all.sort();
    all
}

/// A fleet for both ways.
struct Twins {
    near: Fleet,
    far: Fleet,
}

/// The fleets that a script speaks of; `None` where one does not load.
fn fleets(example: &Path, commands: &[(String, Command)]) -> Option<BTreeMap<Variant, Twins>> {
    let mut fleets = BTreeMap::new();
    let spoken_of = commands.iter().filter_map(|(_, command)| match command {
        Command::Plan(variant) | Command::Apply(variant) => Some(variant.clone()),
        _ => None,
    });
    for variant in spoken_of.chain([Variant::default()]) {
        let near = with_databases(places::load(example, &variant).fleet?);
        let far = on_azure(&near);
        fleets.insert(variant, Twins { near, far });
    }
    Some(fleets)
}

async fn tell(example: &Path) {
    let name = example.file_name().expect("a name").display().to_string();
    let commands = script::of(example);
    match fleets(example, &commands) {
        None => refused(&name, example, &commands),
        Some(fleets) => {
            for tenants in [Tenants::Still, Tenants::Write] {
                follow(&name, example, &commands, &fleets, tenants).await;
            }
        }
    }
}

/// Every example ends as it should though the cloud lags in all that it can lag in.
#[tokio::test]
async fn the_examples_arrive_in_a_cloud_that_lags() {
    for example in examples() {
        let name = example.file_name().unwrap_or_default().to_string_lossy();
        let commands = script::of(&example);
        let Some(fleets) = fleets(&example, &commands) else {
            continue;
        };
        let first = &fleets[&Variant::default()].near;
        let mut spec = places::world(&example, first);
        spec.switches.writes_per_hour = 0;
        let places = places::places(first, &spec);
        let surprises = Surprises {
            container_seconds: 45,
            lock_seconds: 30,
            reservation_seconds: 40,
            hidden_group_seconds: 5,
            early_child_seconds: 15,
            old_view_seconds: 4,
            unknown_operation_seconds: 3,
            ..Surprises::default()
        };
        let options = Options {
            surprises,
            ..Options::default()
        };
        let mut far = Side::with(&spec, places, options);
        for (_, command) in &commands {
            match command {
                Command::Plan(_) => {}
                Command::Apply(variant) => {
                    far.apply(&fleets[variant].far).await;
                }
                Command::Confirm(step) => far.confirm(step).await,
                Command::Advance(seconds) => {
                    far.sim.advance(*seconds).expect("time passes");
                }
            }
        }
        far.sim.advance(3_600).expect("time passes");
        let (_, last) = commands.last().expect("a script");
        if let Command::Plan(variant) = last {
            let fleet = &fleets[variant].far;
            let plan = planned(fleet, &far.look(fleet).await);
            let left: Vec<String> = plan.body.steps.iter().map(|s| s.id.to_string()).collect();
            assert_eq!(left, [""; 0], "{name}: left to do");
        }
        assert_eq!(far.sim.lost_quota().expect("counts"), [], "{name}");
    }
}

/// Follows a script on both sides.
async fn follow(
    name: &str,
    example: &Path,
    commands: &[(String, Command)],
    fleets: &BTreeMap<Variant, Twins>,
    tenants: Tenants,
) {
    let first = &fleets[&Variant::default()].near;
    let mut spec = places::world(example, first);
    if tenants == Tenants::Still {
        spec.switches.writes_per_hour = 0;
    }
    let mut near = Side::near(&spec);
    let mut far = Side::far(&spec, places::places(first, &spec));
    let mut steps = 0;
    let mut looks = Vec::new();
    let mut last = None;
    for (line, command) in commands {
        let when = format!("{name}: {line}");
        match command {
            Command::Plan(variant) => {
                let before = far.requests();
                let plan = same_plan(&when, &near, &far, &fleets[variant]).await;
                looks.push(far.requests() - before);
                steps += plan.body.steps.len();
                last = Some(plan);
            }
            Command::Apply(variant) => {
                let twins = &fleets[variant];
                let here = near.apply(&twins.near).await;
                let there = far.apply(&twins.far).await;
                assert_eq!(here, there, "{when}");
            }
            Command::Confirm(step) => {
                near.confirm(step).await;
                far.confirm(step).await;
            }
            Command::Advance(seconds) => {
                near.sim.advance(*seconds).expect("time passes");
                far.sim.advance(*seconds).expect("time passes");
            }
        }
        let now = near.sim.now().max(far.sim.now());
        near.until(now);
        far.until(now);
    }
    let last = last.expect("a script ends with a plan");
    let left: Vec<String> = last.body.steps.iter().map(|s| s.id.to_string()).collect();
    assert_eq!(left, [""; 0], "{name}: left to do");
    for side in [&near, &far] {
        // What was measured on the way settles.
        side.sim.advance(3_600).expect("time passes");
        assert_eq!(side.sim.lost_quota().expect("counts"), [], "{name}");
    }
    let (here, there) = (
        picture::of(&near, tenants).await,
        picture::of(&far, tenants).await,
    );
    same(name, &here, &there);
    let calls = near.sim.calls().expect("counts");
    println!(
        "{name}, tenants {tenants:?}: {steps} steps, {} resources at the end; {} changes in process; \
         {} requests over HTTP, of them for plans {looks:?}",
        here.lines().count(),
        calls.mutating,
        far.requests(),
    );
}

/// A fleet that does not load is refused before there is a plan, and so before any call.
fn refused(name: &str, example: &Path, commands: &[(String, Command)]) {
    let loaded = places::load(example, &Variant::default());
    assert!(
        loaded.fleet.is_none() && !loaded.diagnostics.is_empty(),
        "{name}"
    );
    assert!(commands.is_empty(), "{name}: {commands:?} of no fleet");
    println!(
        "{name}: refused with {} diagnostics, no call",
        loaded.diagnostics.len()
    );
}

/// Plans on both sides. The plans are one but for the provider's name, and the fleet's digest that
/// the name is part of.
async fn same_plan(when: &str, near: &Side, far: &Side, fleets: &Twins) -> Plan {
    let here = near.look(&fleets.near).await;
    let there = far.look(&fleets.far).await;
    assert_eq!(
        (&here.gaps, &there.gaps),
        (&vec![], &vec![]),
        "{when}: not seen"
    );
    let plan = planned(&fleets.near, &here);
    // What would be planned in process for the fleet that is on Azure: to the byte the same.
    let twin = planned(&fleets.far, &here);
    let through = planned(&fleets.far, &there);
    same(when, &text(&twin.body), &text(&through.body));
    assert_eq!(plan.body.provider, "sim");
    assert_eq!(through.body.provider, "azure");
    let renamed = Body {
        provider: plan.body.provider.clone(),
        manifest: plan.body.manifest.clone(),
        ..through.body
    };
    same(when, &text(&plan.body), &text(&renamed));
    plan
}

fn text(body: &Body) -> String {
    serde_json::to_string_pretty(body).expect("JSON")
}

#[track_caller]
fn same(when: &str, near: &str, far: &str) {
    let diff = similar::TextDiff::from_lines(near, far);
    assert!(
        near == far,
        "{when}\n{}",
        diff.unified_diff()
            .context_radius(2)
            .header("in process", "over HTTP")
    );
}
