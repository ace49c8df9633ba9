//! One run of a scenario through the wire: planned, applied, taken up again, planned anew.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Mutex;

use jiff::Timestamp;
use stampctl::apply;
use stampctl::apply::Apply;
use stampctl::apply::ApplyOutcome;
use stampctl::apply::DrivenClock;
use stampctl::apply::Report;
use stampctl::apply::What;
use stampctl::approve::Trust;
use stampctl::journal::StepStatus;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Condition;
use stampctl::plan::format::Plan;
use stampctl::plan::format::StepId;
use stampctl::store;
use stampctl::store::Holder;
use stampctl::store::Who;
use stampctl::verify;
use stampctl_azure::Http;
use stampctl_contract::Provider;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_sim::Sim;

use crate::laws::Laws;
use crate::scenario::Scenario;
use crate::served::Served;
use crate::served::lock;
use crate::store::Memory;

/// How often a run may pause before it counts as endless.
const PATIENCE: usize = 40;

/// A scenario under way.
pub(crate) struct Bench<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) served: Served,
    pub(crate) plan: RefCell<Plan>,
    pub(crate) store: Memory,
    /// What every attempt came to.
    pub(crate) outcomes: RefCell<Vec<ApplyOutcome>>,
    laws: Arc<Mutex<Laws>>,
}

/// Observes, places and plans.
pub(crate) async fn planned(fleet: &Fleet, cloud: &dyn Provider) -> Plan {
    let inventory = observe::observe(fleet, cloud).await;
    let placement = place::place(fleet, &inventory);
    plan::plan(fleet, &inventory, &placement, "stampctl test").expect("plans")
}

impl<'a> Bench<'a> {
    /// A fresh world and an empty store, with the plan made in it or given.
    pub(crate) async fn new(scenario: &'a Scenario, http: &Arc<Http>, plan: Option<&Plan>) -> Self {
        let laws: Arc<Mutex<Laws>> = Arc::default();
        let places = scenario.places.clone();
        let served = Served::start(&scenario.world, places, http, Arc::clone(&laws));
        let plan = match plan {
            Some(plan) => plan.clone(),
            None => planned(&scenario.fleet, &served).await,
        };
        Self {
            scenario,
            served,
            plan: RefCell::new(plan),
            store: Memory::default(),
            outcomes: RefCell::default(),
            laws,
        }
    }

    /// Applies once.
    pub(crate) async fn apply(&self) -> u8 {
        let sim = &self.served.sim;
        let clock = DrivenClock::new(|| sim.now(), |at| to(sim, at));
        let (_handle, stop) = apply::stop();
        let verify = |plan: &Plan| -> Vec<String> {
            let violations = verify::verify(plan);
            violations.iter().map(ToString::to_string).collect()
        };
        let bytes = self.plan.borrow().to_bytes().expect("bytes");
        let (trust, who) = (Trust::default(), who());
        let outcome = apply::apply(Apply {
            bytes: &bytes,
            provider: &self.served,
            store: &self.store,
            clock: &clock,
            verify: &verify,
            trust: &trust,
            approvals: &[],
            who: &who,
            tool: "stampctl test",
            concurrency: 1,
            stop: &stop,
            events: &|event| self.note(&event.what),
        })
        .await;
        let code = outcome.exit_code();
        self.outcomes.borrow_mut().push(outcome);
        code
    }

    /// Applies until all is done or it stops for something that time and answers do not mend.
    /// The exit code of the last attempt.
    pub(crate) async fn until_it_ends(&self) -> u8 {
        for _ in 0..PATIENCE {
            let code = self.apply().await;
            let paused = match self.outcomes.borrow().last() {
                Some(ApplyOutcome::Paused(report)) => report.clone(),
                _ => return code,
            };
            self.pass_gates(&paused).await;
        }
        let name = &self.scenario.name;
        panic!("{name}: no end: {:#?}", self.outcomes.borrow().last());
    }

    fn note(&self, what: &What) {
        if let What::Succeeded { step } = what {
            lock(&self.laws).succeeded(step);
        }
    }

    async fn pass_gates(&self, report: &Report) {
        let asks = |id: &StepId| {
            let plan = self.plan.borrow();
            plan.body.steps.iter().any(|step| {
                let mut conditions = step.act.conditions().iter();
                step.id == *id && conditions.any(|c| matches!(c, Condition::Confirmed { .. }))
            })
        };
        let mut answered = false;
        for gate in report.with(StepStatus::Waiting) {
            if gate.until.is_none() && asks(&gate.step) {
                let by = Holder::new(&who(), &report.run, "confirm", self.served.now());
                store::confirm(&self.store, &report.run, &gate.step, &by)
                    .await
                    .unwrap_or_else(|e| panic!("{}: {e}", gate.step));
                answered = true;
            }
        }
        if answered {
            return;
        }
        let sim = &self.served.sim;
        match report.next_due() {
            Some(due) => to(sim, due),
            None => {
                sim.advance(3_600).expect("advances");
            }
        }
    }

    /// The laws that were broken on the way.
    pub(crate) fn laws(&self) -> Result<(), String> {
        let mut laws = lock(&self.laws);
        laws.look(&self.served.sim);
        match laws.broken.first() {
            None => Ok(()),
            Some(first) => Err(first.clone()),
        }
    }

    /// What the last attempt came to.
    pub(crate) fn told(&self) -> String {
        format!("{:#?}", self.outcomes.borrow().last())
    }

    /// Nothing is left to do.
    pub(crate) async fn assert_rest(&self, when: &str) {
        assert_eq!(self.laws(), Ok(()), "{when}");
        // Counts and measurements settle within the day.
        self.served.sim.advance(30 * 3600).expect("advances");
        let again = planned(&self.scenario.fleet, &self.served).await;
        let left: Vec<&str> = again.body.steps.iter().map(|step| &*step.id.0).collect();
        assert!(left.is_empty(), "{when}: left to do: {left:?}");
    }

    /// What is there, without the times at which it came to be.
    ///
    /// Which plan was used last is left out: a run that had to be planned anew has used another.
    pub(crate) fn picture(&self) -> Vec<(String, Settings)> {
        let resources = self.served.sim.show().expect("shows").resources;
        resources.into_iter().map(timeless).collect()
    }
}

/// Who applies.
fn who() -> Who {
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

/// A resource without what depends on when things were done, and by which run.
fn timeless(resource: Resource) -> (String, Settings) {
    let mut settings = resource.settings;
    settings.retain(|name, _| !matches!(name.as_ref(), "records" | "digest" | "run" | "last_plan"));
    for value in settings.values_mut() {
        if let Value::Text(text) = value
            && text.parse::<Timestamp>().is_ok()
        {
            *value = Value::Text("TIME".into());
        }
    }
    (resource.address.to_string(), settings)
}
