//! One way to a cloud: the simulated cloud in process, or the same cloud as Azure behind HTTP.
//! Commands do here what the program's commands do.

use std::sync::Arc;

use jiff::Timestamp;
use stampctl::apply;
use stampctl::apply::Apply;
use stampctl::apply::ApplyOutcome;
use stampctl::apply::DrivenClock;
use stampctl::apply::OpenStep;
use stampctl::approve::Trust;
use stampctl::model::Fleet;
use stampctl::observe;
use stampctl::observe::Inventory;
use stampctl::place;
use stampctl::plan;
use stampctl::plan::format::Plan;
use stampctl::plan::format::StepId;
use stampctl::store;
use stampctl::store::Holder;
use stampctl::store::LocalStore;
use stampctl::store::Store as _;
use stampctl::store::Who;
use stampctl::verify;
use stampctl_azure::Places;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm::Options;

use crate::served::Served;

const TOOL: &str = "stampctl test";

/// A cloud, the way to it, and the store of its runs.
pub(crate) struct Side {
    pub(crate) sim: Arc<Sim>,
    served: Option<Served>,
    store: LocalStore,
    _folder: tempfile::TempDir,
    /// Digest and run of each plan that was applied, in order.
    pub(crate) runs: Vec<(String, String)>,
}

/// How an apply ended: the exit code, the steps that are done, those that are open.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    code: u8,
    succeeded: usize,
    open: Vec<OpenStep>,
}

impl PartialEq for Ending {
    /// What was seen, and until when a step waits, is each cloud's own.
    fn eq(&self, other: &Self) -> bool {
        let open = |ending: &Self| -> Vec<_> {
            let open = ending.open.iter();
            open.map(|step| (step.step.clone(), step.status)).collect()
        };
        (self.code, self.succeeded, open(self)) == (other.code, other.succeeded, open(other))
    }
}

impl Ending {
    fn of(outcome: &ApplyOutcome) -> Self {
        // Done, waiting, or failed as a script wants it; all else is a fault of the test.
        let code = outcome.exit_code();
        assert!(matches!(code, 0 | 6 | 7), "{outcome:#?}");
        let report = outcome.report();
        Self {
            code,
            succeeded: report.map_or(0, |report| report.succeeded),
            open: report.map_or_else(Vec::new, |report| report.open.clone()),
        }
    }
}

impl Side {
    /// The cloud in process.
    pub(crate) fn near(spec: &WorldSpec) -> Self {
        Self::of(Arc::new(Sim::in_memory(spec).expect("a world")), None)
    }

    /// The cloud as Azure, through HTTP.
    pub(crate) fn far(spec: &WorldSpec, places: Places) -> Self {
        Self::with(spec, places, Options::default())
    }

    /// The cloud as Azure, with what is asked for of it.
    pub(crate) fn with(spec: &WorldSpec, places: Places, options: Options) -> Self {
        let served = Served::with(spec, places, options);
        Self::of(Arc::clone(&served.sim), Some(served))
    }

    fn of(sim: Arc<Sim>, served: Option<Served>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            sim,
            served,
            store: LocalStore::open(folder.path()).expect("a store"),
            _folder: folder,
            runs: Vec::new(),
        }
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        match &self.served {
            Some(served) => &served.azure,
            None => &*self.sim,
        }
    }

    /// HTTP requests so far.
    pub(crate) fn requests(&self) -> u64 {
        let served = self.served.iter();
        let counts = served.flat_map(|served| served.azure.client().calls().into_values());
        counts.sum()
    }

    pub(crate) async fn look(&self, fleet: &Fleet) -> Inventory {
        observe::observe(fleet, self.provider()).await
    }

    /// Goes on with an unfinished run, or plans and applies.
    pub(crate) async fn apply(&mut self, fleet: &Fleet) -> Ending {
        let now = self.sim.now();
        let unfinished = store::unfinished(&self.store, now).await.expect("a store");
        let opened = unfinished
            .first()
            .and_then(|run| run.progress().opened.as_ref());
        let bytes = if let Some(opened) = opened {
            let kept = self.store.plan(&opened.plan).await.expect("a store");
            kept.expect("the plan of the run")
        } else {
            let plan = planned(fleet, &self.look(fleet).await);
            let violations = verify::verify(&plan);
            assert!(violations.is_empty(), "{violations:#?}");
            if plan.refusals().count() > 0 {
                return Ending {
                    code: 3,
                    ..Ending::default()
                };
            }
            plan.to_bytes().expect("bytes")
        };
        let outcome = self.obey(&bytes).await;
        if let Some(report) = outcome.report() {
            let digest = Plan::from_bytes(&bytes).expect("a plan").seal.digest.0;
            let run = (digest, report.run.to_string());
            if !self.runs.contains(&run) {
                self.runs.push(run);
            }
        }
        Ending::of(&outcome)
    }

    async fn obey(&self, bytes: &[u8]) -> ApplyOutcome {
        let sim = &self.sim;
        let clock = DrivenClock::new(|| sim.now(), |at| self.until(at));
        let (_handle, stop) = apply::stop();
        let verify = |plan: &Plan| -> Vec<String> {
            let violations = verify::verify(plan);
            violations.iter().map(ToString::to_string).collect()
        };
        let who = who();
        apply::apply(Apply {
            bytes,
            provider: self.provider(),
            store: &self.store,
            clock: &clock,
            verify: &verify,
            trust: &Trust::default(),
            approvals: &[],
            who: &who,
            tool: TOOL,
            concurrency: apply::CONCURRENCY,
            stop: &stop,
            events: &|_| {},
        })
        .await
    }

    /// Says yes to a gate of the run that waits.
    pub(crate) async fn confirm(&self, step: &StepId) {
        let now = self.sim.now();
        let unfinished = store::unfinished(&self.store, now).await.expect("a store");
        let run = unfinished.first().expect("a run that waits").run();
        let by = Holder::new(&who(), run, "confirm", now);
        store::confirm(&self.store, run, step, &by)
            .await
            .unwrap_or_else(|e| panic!("{step}: {e}"));
    }

    /// Lets time pass up to a moment.
    pub(crate) fn until(&self, at: Timestamp) {
        let rest = at.duration_since(self.sim.now());
        let seconds = rest.as_secs() + i64::from(rest.subsec_nanos() > 0);
        let seconds = u32::try_from(seconds.max(0)).expect("near");
        self.sim.advance(seconds).expect("time passes");
    }
}

/// Places and plans, without another look.
pub(crate) fn planned(fleet: &Fleet, inventory: &Inventory) -> Plan {
    let placement = place::place(fleet, inventory);
    plan::plan(fleet, inventory, &placement, TOOL).expect("plans")
}

fn who() -> Who {
    Who {
        pid: 17,
        host: "build-1".to_owned(),
        user: "ada".to_owned(),
    }
}
