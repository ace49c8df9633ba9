//! Apply at scale, on a virtual clock: how near the makespan comes to what no order could beat,
//! what the journal takes, and how long it takes to go on with a long run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;
use stampctl::apply;
use stampctl::apply::Apply;
use stampctl::apply::ApplyOutcome;
use stampctl::apply::DrivenClock;
use stampctl::approve::Trust;
use stampctl::model::Policy;
use stampctl::model::Seconds;
use stampctl::plan::format::Act;
use stampctl::plan::format::Body;
use stampctl::plan::format::Bounds;
use stampctl::plan::format::Digest;
use stampctl::plan::format::Edge;
use stampctl::plan::format::Opening;
use stampctl::plan::format::Plan;
use stampctl::plan::format::RuleId;
use stampctl::plan::format::Step;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::plan::format::Subject;
use stampctl::store::LocalStore;
use stampctl::store::Who;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Settings;
use stampctl_contract::Ticket;
use stampctl_contract::Verb;

/// A fleet's longest ordinary run: every call may come as late as this many days.
const DAYS: u64 = 10_000;

/// A step to be: the seconds that its call takes, and the steps before it.
struct Job {
    seconds: u32,
    after: Vec<usize>,
}

/// Runs three shapes of plan and one long run, and prints what they took.
pub(crate) fn run() -> io::Result<()> {
    for (name, jobs) in [("wide", wide()), ("deep", deep()), ("mixed", mixed())] {
        for budget in [10, 40] {
            makespan(name, &jobs, budget)?;
        }
    }
    resume(100_000)
}

/// Many tenants, each with a few calls of its own.
fn wide() -> Vec<Job> {
    let mut jobs = Vec::new();
    for tenant in 0..1_500 {
        for call in 0..3 {
            let after = if call == 0 {
                vec![]
            } else {
                vec![jobs.len() - 1]
            };
            jobs.push(Job {
                seconds: seconds(tenant * 3 + call, 5, 90),
                after,
            });
        }
    }
    jobs
}

/// A few stamps one after the other, and little beside them.
fn deep() -> Vec<Job> {
    let mut jobs = Vec::new();
    for chain in 0..4 {
        for link in 0..250 {
            let after = if link == 0 {
                vec![]
            } else {
                vec![jobs.len() - 1]
            };
            jobs.push(Job {
                seconds: seconds(chain * 250 + link, 10, 300),
                after,
            });
        }
    }
    for one in 0..300 {
        jobs.push(Job {
            seconds: seconds(one, 5, 60),
            after: vec![],
        });
    }
    jobs
}

/// Stamps that are built, and tenants that move to them when they serve.
fn mixed() -> Vec<Job> {
    let mut jobs = Vec::new();
    for stamp in 0..60 {
        let first = jobs.len();
        for link in 0..10 {
            let after = if link == 0 {
                vec![]
            } else {
                vec![jobs.len() - 1]
            };
            jobs.push(Job {
                seconds: seconds(first + link, 30, 600),
                after,
            });
        }
        let serves = jobs.len() - 1;
        for tenant in 0..20 {
            for call in 0..4 {
                let after = if call == 0 {
                    vec![serves]
                } else {
                    vec![jobs.len() - 1]
                };
                // A copy takes longer than the rest.
                let most = if call == 1 { 900 } else { 60 };
                jobs.push(Job {
                    seconds: seconds(stamp * 80 + tenant * 4 + call, 5, most),
                    after,
                });
            }
        }
    }
    jobs
}

/// A number between two, the same for the same seed.
fn seconds(seed: usize, least: u32, most: u32) -> u32 {
    let mut mixed = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    least + u32::try_from((mixed >> 33) % u64::from(most - least)).unwrap_or(0)
}

fn makespan(name: &str, jobs: &[Job], budget: usize) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(jobs, folder.path())?;
    let (outcome, took) = bench.apply(budget)?;
    if !matches!(outcome, ApplyOutcome::Done(_)) {
        return Err(io::Error::other(format!("{name}: {outcome:?}")));
    }
    let span = bench
        .cloud
        .world()
        .now
        .duration_since(Timestamp::UNIX_EPOCH)
        .as_secs();
    let mut ends: Vec<u64> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let begins = job.after.iter().map(|&at| ends[at]).max().unwrap_or(0);
        ends.push(begins + u64::from(job.seconds));
    }
    let critical = ends.into_iter().max().unwrap_or(0);
    let work: u64 = jobs.iter().map(|job| u64::from(job.seconds)).sum();
    let bound = critical.max(work.div_ceil(budget as u64));
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = span as f64 / bound as f64;
    println!(
        "{name:<6} {:>5} steps, {budget} at a time: makespan {span} s, critical path {critical} s, \
         work / budget {} s: {ratio:.3} x the larger (budget 1.05); {:.0} ms; {} bytes of journal \
         a step (budget 2048)",
        jobs.len(),
        work / budget as u64,
        took.as_secs_f64() * 1e3,
        journal_bytes(folder.path())? / jobs.len() as u64,
    );
    Ok(())
}

/// A run of many steps whose last one fails; then the same again, when it does not.
fn resume(steps: usize) -> io::Result<()> {
    let mut jobs = Vec::with_capacity(steps);
    for at in 0..steps {
        let after = if at % 8 == 0 { vec![] } else { vec![at - 1] };
        jobs.push(Job { seconds: 0, after });
    }
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(&jobs, folder.path())?;
    let last = address(steps - 1)?;
    bench.cloud.world().broken.insert(last.clone());
    let (failed, first) = bench.apply(40)?;
    bench.cloud.world().broken.remove(&last);
    let (done, second) = bench.apply(40)?;
    if !matches!(
        (&failed, &done),
        (ApplyOutcome::Failed(_), ApplyOutcome::Done(_))
    ) {
        return Err(io::Error::other("the run did not fail and then go on"));
    }
    println!(
        "{steps} steps: first run {:.0} ms ({:.1} us a step), resumed after its failure in {:.0} ms \
         (budget 2000); plan of {} MB, journal of {} MB",
        first.as_secs_f64() * 1e3,
        first.as_secs_f64() * 1e6 / f64::from(u32::try_from(steps).unwrap_or(u32::MAX)),
        second.as_secs_f64() * 1e3,
        bench.bytes.len() / 1_000_000,
        journal_bytes(folder.path())? / 1_000_000,
    );
    Ok(())
}

fn journal_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.join("journal"))? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|e| e == "jsonl" || e == "ndjson")
        {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

fn address(at: usize) -> io::Result<Address> {
    Address::new(Kind::ResourceGroup, &["sub", &format!("rg-{at}")]).map_err(io::Error::other)
}

/// A plan, a cloud and a folder for the journal.
struct Bench {
    bytes: Vec<u8>,
    cloud: Cloud,
    store: LocalStore,
}

impl Bench {
    fn new(jobs: &[Job], folder: &Path) -> io::Result<Self> {
        let mut latencies = BTreeMap::new();
        let mut steps: Vec<Step> = Vec::with_capacity(jobs.len());
        for (at, job) in jobs.iter().enumerate() {
            let address = address(at)?;
            let tenant = format!("t{at}").parse().map_err(io::Error::other)?;
            let after = job.after.iter().map(|&before| Edge {
                step: steps[before].id.clone(),
                rule: RuleId::known("P-3"),
            });
            let after = after.collect();
            steps.push(step(Subject::Tenant(tenant), address.clone(), after));
            latencies.insert(address, job.seconds);
        }
        let plan = Plan::seal(
            body(steps)?,
            "bench",
            Timestamp::UNIX_EPOCH,
            Digest::of(b""),
        );
        let bytes = plan
            .and_then(|plan| plan.to_bytes())
            .map_err(io::Error::other)?;
        let store = LocalStore::open(folder).map_err(io::Error::other)?;
        Ok(Self {
            bytes,
            cloud: Cloud::new(latencies),
            store,
        })
    }

    fn apply(&self, concurrency: usize) -> io::Result<(ApplyOutcome, Duration)> {
        let (reading, moving) = (self.cloud.clone(), self.cloud.clone());
        let clock = DrivenClock::new(move || reading.world().now, move |to| moving.advance(to));
        let (_handle, watch) = apply::stop();
        let who = Who {
            pid: 1,
            host: "bench".to_owned(),
            user: "bench".to_owned(),
        };
        let trust = Trust::default();
        let begun = Instant::now();
        let run = apply::apply(Apply {
            bytes: &self.bytes,
            provider: &self.cloud,
            store: &self.store,
            clock: &clock,
            verify: &|_| vec![],
            trust: &trust,
            approvals: &[],
            who: &who,
            tool: "bench",
            concurrency,
            stop: &watch,
            events: &|_| {},
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(run);
        Ok((outcome, begun.elapsed()))
    }
}

fn step(subject: Subject, address: Address, after: Vec<Edge>) -> Step {
    let kind = StepKind::TenantData;
    let operation = Operation {
        address,
        verb: Verb::Put {
            settings: Settings::from([("region".to_owned(), "eastus2".into())]),
        },
        precondition: Precondition::Any,
    };
    Step {
        id: StepId::of(&subject, kind),
        kind,
        subject,
        stamps: vec![],
        why: "its data goes there".to_owned(),
        act: Act::Call {
            operations: vec![operation],
        },
        expects: vec![],
        after,
        undo: vec![],
        hazard: kind.hazard(),
    }
}

fn body(steps: Vec<Step>) -> io::Result<Body> {
    let mut policy = Policy::default();
    policy.plan.expires_after = Seconds(DAYS * 86_400);
    policy.plan.resume_within = Seconds(DAYS * 86_400);
    Ok(Body {
        fleet: "bench".parse().map_err(io::Error::other)?,
        environment: None,
        provider: "bench".to_owned(),
        registry: "registry".to_owned(),
        manifest: Digest::of(b""),
        policy,
        tenants: 0,
        opening: Opening::default(),
        changes: vec![],
        steps,
        rules: BTreeMap::new(),
        ledger: vec![],
        decisions: BTreeMap::new(),
        bounds: Bounds::default(),
        findings: vec![],
    })
}

/// A cloud whose calls take the time that they are given.
#[derive(Clone)]
struct Cloud(Arc<Mutex<World>>);

struct World {
    now: Timestamp,
    latencies: BTreeMap<Address, u32>,
    broken: BTreeSet<Address>,
    resources: BTreeMap<Address, Resource>,
    due: BTreeMap<String, Timestamp>,
    version: u64,
}

impl Cloud {
    fn new(latencies: BTreeMap<Address, u32>) -> Self {
        Self(Arc::new(Mutex::new(World {
            now: Timestamp::UNIX_EPOCH,
            latencies,
            broken: BTreeSet::new(),
            resources: BTreeMap::new(),
            due: BTreeMap::new(),
            version: 0,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance(&self, to: Timestamp) {
        let mut world = self.world();
        world.now = world.now.max(to);
    }
}

impl World {
    fn put(&mut self, operation: &Operation) -> Option<Resource> {
        let (Verb::Put { settings } | Verb::Patch { settings }) = &operation.verb else {
            return None;
        };
        self.version += 1;
        let address = operation.address.clone();
        let mut all = self
            .resources
            .remove(&address)
            .map(|r| r.settings)
            .unwrap_or_default();
        all.extend(settings.clone());
        let etag = Some(Etag(self.version.to_string().into()));
        let resource = Resource {
            address: address.clone(),
            settings: all,
            etag,
        };
        self.resources.insert(address, resource.clone());
        Some(resource)
    }
}

#[async_trait]
impl Provider for Cloud {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn now(&self) -> Timestamp {
        self.world().now
    }

    async fn observe(&self, _: &Scope) -> Observation {
        Observation {
            observed_at: self.now(),
            resources: vec![],
            gaps: vec![],
        }
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        Ok(self.world().resources.get(address).cloned())
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        let world = self.world();
        Ok(world
            .resources
            .values()
            .filter(|resource| query.admits(resource))
            .cloned()
            .collect())
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        let mut world = self.world();
        if world.broken.contains(&operation.address) {
            return Err(Fault::new(FaultClass::Permanent, "400", "not today"));
        }
        let resource = world.put(operation);
        match world.latencies.get(&operation.address).copied() {
            None | Some(0) => Ok(Outcome::Done(resource)),
            Some(seconds) => {
                let span = SignedDuration::from_secs(i64::from(seconds));
                let due = world.now.checked_add(span).unwrap_or(Timestamp::MAX);
                world.due.insert(key.to_owned(), due);
                Ok(Outcome::Accepted(Ticket {
                    id: key.to_owned(),
                    address: operation.address.clone(),
                    retry_after_seconds: seconds,
                }))
            }
        }
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        let world = self.world();
        if world
            .due
            .get(&ticket.id)
            .is_some_and(|due| *due > world.now)
        {
            return Ok(Outcome::Accepted(ticket.clone()));
        }
        Ok(Outcome::Done(world.resources.get(&ticket.address).cloned()))
    }
}
