//! A fleet and its world in memory: planned, verified, applied to the end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future as _;
use std::path::Path;
use std::task::Poll;

use jiff::Timestamp;
use stampctl::apply;
use stampctl::apply::Apply;
use stampctl::apply::ApplyOutcome;
use stampctl::apply::DrivenClock;
use stampctl::apply::Report;
use stampctl::approve::Trust;
use stampctl::journal::StepStatus;
use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::model::Fleet;
use stampctl::model::ProviderRef;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Condition;
use stampctl::plan::format::Plan;
use stampctl::plan::format::Step;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::store;
use stampctl::store::Holder;
use stampctl::store::Who;
use stampctl::verify;
use stampctl_contract::Provider;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::spec::GroupSpec;
use stampctl_sim::spec::LimitSpec;

use crate::cloud::Cloud;
use crate::cloud::Life;
use crate::store::Memory;

/// An example, its environment, and its variables.
type Example = (
    &'static str,
    Option<&'static str>,
    &'static [(&'static str, &'static str)],
);

/// The examples that load.
const EXAMPLES: &[Example] = &[
    ("drift", None, &[]),
    ("enterprise", None, &[]),
    ("hot-stamp", None, &[]),
    ("missing-metric", None, &[]),
    ("no-quota", None, &[("increase", "request")]),
    ("offboarding", None, &[]),
    ("onboarding", None, &[]),
    ("quickstart", None, &[]),
    ("quickstart-hcl", None, &[]),
    ("resize", None, &[]),
    ("retire", None, &[]),
    ("standby", None, &[]),
    ("two-regions", None, &[]),
    ("two-regions", Some("prod"), &[]),
];

/// How often a run is taken up again before it counts as endless.
const PATIENCE: usize = 200;

/// A fleet, how its world begins, and the plan that brings the one to the other.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) fleet: Fleet,
    pub(crate) world: WorldSpec,
    pub(crate) plan: Plan,
    pub(crate) bytes: Vec<u8>,
}

impl Scenario {
    /// Every example.
    pub(crate) fn examples() -> impl Iterator<Item = Self> {
        EXAMPLES
            .iter()
            .map(|(name, environment, variables)| Self::example(name, *environment, variables))
    }

    /// One example, as it stands.
    pub(crate) fn named(name: &str) -> Self {
        Self::example(name, None, &[])
    }

    fn example(name: &str, environment: Option<&str>, variables: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/fleets")
            .join(name);
        let mut given = BTreeMap::new();
        for (key, value) in variables {
            given.insert((*key).to_owned(), (*value).to_owned());
        }
        let loaded = manifest::load(&LoadRequest {
            path: path.clone(),
            environment: environment.map(str::to_owned),
            variables: given,
        });
        let fleet = loaded
            .fleet
            .unwrap_or_else(|| panic!("{name}: {:#?}", loaded.diagnostics));
        let world = world(&path, &fleet);
        let suffix = environment.map(|name| format!(" --env {name}"));
        Self::of(
            format!("{name}{}", suffix.unwrap_or_default()),
            fleet,
            world,
        )
    }

    /// A fleet in a world; it is planned.
    pub(crate) fn of(name: String, fleet: Fleet, mut world: WorldSpec) -> Self {
        world.registry.get_or_insert_with(|| fleet.registry.clone());
        world.fleet.get_or_insert_with(|| fleet.name.to_string());
        let sim = Sim::in_memory(&world).expect("a world");
        let plan = block(planned(&fleet, &sim));
        let bytes = plan.to_bytes().expect("bytes");
        Self {
            name,
            fleet,
            world,
            plan,
            bytes,
        }
    }

    /// A fresh world and an empty store.
    pub(crate) fn bench(&self) -> Bench<'_> {
        let life = Life::default();
        let sim = Sim::in_memory(&self.world).expect("a world");
        Bench {
            scenario: self,
            cloud: Cloud::new(sim, life.clone()),
            store: Memory::new(life),
            told: RefCell::default(),
        }
    }

    /// The bench after a run that nothing disturbed.
    pub(crate) fn undisturbed(&self) -> Bench<'_> {
        let bench = self.bench();
        let codes = bench.to_the_end();
        let end = codes.last().copied();
        assert_eq!(end, Some(0), "{}: {codes:?}", self.name);
        // An increase takes the cloud longer than a step may wait.
        let waits = |step: &Step| step.kind == StepKind::QuotaIncrease;
        let slow = self.plan.body.steps.iter().any(waits);
        let calm = |code: &i32| matches!(code, 0 | 6) || (slow && *code == 7);
        assert!(codes.iter().all(calm), "{}: {codes:?}", self.name);
        bench
    }
}

/// The world that an example's `world.yaml` describes, or a cloud as the manifest declares it.
fn world(path: &Path, fleet: &Fleet) -> WorldSpec {
    let ProviderRef::Sim { world } = &fleet.provider else {
        panic!("an example lives in the simulated cloud");
    };
    if let Some(file) = world {
        let text = std::fs::read_to_string(path.join(file)).expect("a world");
        return WorldSpec::from_yaml(&text).expect("a world");
    }
    let subscriptions = fleet.subscriptions.values();
    let groups = fleet.quota_groups.values().map(|group| GroupSpec {
        name: group.name.to_string(),
        management_group: group.management_group.clone(),
        subscriptions: group
            .subscriptions
            .iter()
            .map(ToString::to_string)
            .collect(),
        limits: group
            .limits
            .iter()
            .map(|limit| LimitSpec {
                region: limit.region.to_string(),
                family: limit.family.clone(),
                cores: u32::try_from(limit.cores.0).expect("few"),
            })
            .collect(),
        allocations: Vec::new(),
    });
    WorldSpec::declared(
        subscriptions.map(|one| (one.name.to_string(), one.id.clone())),
        groups,
    )
}

/// Observes, places and plans.
pub(crate) async fn planned(fleet: &Fleet, cloud: &dyn Provider) -> Plan {
    let inventory = observe::observe(fleet, cloud).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

/// Runs a future to its end.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A scenario under way.
pub(crate) struct Bench<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) cloud: Cloud,
    pub(crate) store: Memory,
    /// What failed, attempt by attempt.
    told: RefCell<Vec<String>>,
}

impl Bench<'_> {
    /// Applies once; `None` where the process died on the way.
    pub(crate) fn apply(&self) -> Option<ApplyOutcome> {
        self.cloud.life.begins_again();
        let sim = &self.cloud.sim;
        let clock = DrivenClock::new(|| sim.now(), |at| to(sim, at));
        let (_handle, stop) = apply::stop();
        let verify = |plan: &Plan| -> Vec<String> {
            let violations = verify::verify(plan);
            violations.iter().map(ToString::to_string).collect()
        };
        let trust = Trust::default();
        let who = who();
        let run = apply::apply(Apply {
            bytes: &self.scenario.bytes,
            provider: &self.cloud,
            store: &self.store,
            clock: &clock,
            verify: &verify,
            trust: &trust,
            approvals: &[],
            who: &who,
            tool: "stampctl test",
            concurrency: apply::CONCURRENCY,
            stop: &stop,
            events: &|_| {},
        });
        let mut run = Box::pin(run);
        // What is left of a dead process is dropped.
        block(std::future::poll_fn(|cx| {
            let polled = run.as_mut().poll(cx).map(Some);
            if polled.is_pending() && self.cloud.life.is_over() {
                return Poll::Ready(None);
            }
            polled
        }))
    }

    /// Applies until everything is done, with soaks waited for, questions answered, the dead
    /// started again and the failed taken up again. The exit code of every attempt; -1 for a
    /// death.
    pub(crate) fn to_the_end(&self) -> Vec<i32> {
        let mut codes = Vec::new();
        while codes.len() < PATIENCE {
            let Some(outcome) = self.apply() else {
                codes.push(-1);
                continue;
            };
            codes.push(i32::from(outcome.exit_code()));
            if !self.goes_on(&outcome) {
                return codes;
            }
        }
        let told = self.told.borrow();
        let last = told.last();
        panic!("{}: no end: {codes:?} {last:#?}", self.scenario.name);
    }

    /// Does what has to be done before the run can go on; `false` where it is at its end.
    pub(crate) fn goes_on(&self, outcome: &ApplyOutcome) -> bool {
        match outcome {
            ApplyOutcome::Paused(report) => self.pass_gates(report),
            ApplyOutcome::Failed(report) => {
                self.told.borrow_mut().push(format!("{:?}", report.open));
            }
            ApplyOutcome::Broken(_) => {}
            // A world that has moved is planned anew, not resumed.
            ApplyOutcome::Done(_)
            | ApplyOutcome::AlreadyDone(_)
            | ApplyOutcome::NothingToDo
            | ApplyOutcome::Moved(..) => return false,
            other => panic!("{}: {other:#?}", self.scenario.name),
        }
        true
    }

    fn pass_gates(&self, report: &Report) {
        let asks = |id: &StepId| {
            let steps = &self.scenario.plan.body.steps;
            steps.iter().any(|step| {
                let conditions = step.act.conditions().iter();
                step.id == *id
                    && conditions
                        .clone()
                        .any(|c| matches!(c, Condition::Confirmed { .. }))
            })
        };
        let mut answered = false;
        for gate in report.with(StepStatus::Waiting) {
            if gate.until.is_none() && asks(&gate.step) {
                let by = Holder::new(&who(), &report.run, "confirm", self.cloud.now());
                block(store::confirm(&self.store, &report.run, &gate.step, &by))
                    .unwrap_or_else(|e| panic!("{}: {e}", gate.step));
                answered = true;
            }
        }
        if answered {
            return;
        }
        if let Some(due) = report.next_due() {
            to(&self.cloud.sim, due);
        } else if self
            .cloud
            .sim
            .advance_to_next()
            .expect("advances")
            .is_none()
        {
            self.cloud.sim.advance(600).expect("advances");
        }
    }

    /// What is there, without the times at which it came to be.
    ///
    /// Which plan was used last is left out: a run that had to be planned anew has used another.
    pub(crate) fn picture(&self) -> Vec<(String, Settings)> {
        let resources = self.cloud.sim.show().expect("shows").resources;
        let told = resources
            .into_iter()
            .map(timeless)
            .map(|(address, mut settings)| {
                settings.remove("last_plan");
                (address, settings)
            });
        told.collect()
    }

    /// Calls that the journal knows to have begun and not to have ended.
    pub(crate) fn ambiguous(&self) -> u64 {
        let runs = block(store::unfinished(&self.store, self.cloud.now())).expect("reads");
        let open = runs.iter().map(|run| {
            let progress = run.progress();
            let begun = progress.steps().filter(|(_, step)| {
                let doubtful = matches!(step.status, StepStatus::Started | StepStatus::Unknown);
                doubtful && step.call.is_some()
            });
            begun.count() + usize::from(progress.burning && !progress.burnt)
        });
        open.sum::<usize>() as u64
    }

    /// How many stamps serve.
    pub(crate) fn active(&self) -> usize {
        block(self.cloud.active())
    }

    /// How often the cloud was changed.
    pub(crate) fn calls(&self) -> u64 {
        self.cloud.sim.calls().expect("counts").mutating
    }

    /// What must hold at the end of any run: no quota is lost, and nothing is left to do.
    #[track_caller]
    pub(crate) fn assert_rest(&self, when: &str) {
        let lost = self.cloud.sim.lost_quota().expect("counts");
        assert!(lost.is_empty(), "{when}: {lost:?}");
        // Counts and measurements settle within the day.
        self.cloud.sim.advance(30 * 3600).expect("advances");
        let again = block(planned(&self.scenario.fleet, &self.cloud));
        let left: Vec<&str> = again.body.steps.iter().map(|step| &*step.id.0).collect();
        let changes = &again.body.changes;
        assert!(left.is_empty(), "{when}: left to do: {left:?} {changes:?}");
    }
}

/// Who applies.
pub(crate) fn who() -> Who {
    Who {
        pid: 17,
        host: "build-1".to_owned(),
        user: "ada".to_owned(),
    }
}

/// Moves the cloud's clock to a time.
fn to(sim: &Sim, at: Timestamp) {
    let rest = at.duration_since(sim.now());
    let seconds = rest.as_secs() + i64::from(rest.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds.max(0)).expect("near");
    sim.advance(seconds).expect("advances");
}

/// A resource without what depends on when things were done: times, the run's name, and what
/// tenants wrote in the meantime.
fn timeless(resource: Resource) -> (String, Settings) {
    let mut settings = resource.settings;
    settings.retain(|name, _| !matches!(name.as_ref(), "records" | "digest" | "run"));
    for value in settings.values_mut() {
        if let Value::Text(text) = value
            && text.parse::<Timestamp>().is_ok()
        {
            *value = Value::Text("TIME".into());
        }
    }
    (resource.address.to_string(), settings)
}

/// Both worlds are one, but for time.
#[track_caller]
pub(crate) fn assert_same_world(bench: &Bench<'_>, calm: &Bench<'_>, when: &str) {
    let lost = bench.cloud.sim.lost_quota().expect("counts");
    assert!(lost.is_empty(), "{when}: {lost:?}");
    let (here, there) = (bench.picture(), calm.picture());
    for (one, side) in [(&here, &there), (&there, &here)]
        .map(|(a, b)| {
            let only = a.iter().filter(|one| !b.contains(one));
            only.cloned().collect::<Vec<_>>()
        })
        .into_iter()
        .zip(["only here", "only undisturbed"])
    {
        assert!(one.is_empty(), "{when}: {side}: {one:#?}");
    }
}
