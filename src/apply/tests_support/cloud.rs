//! A tiny cloud in memory, with faults on order and a clock that is moved.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
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
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::plans;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(crate) enum Wrong {
    /// It fails and changes nothing.
    Before(Fault),
    /// It is done, and its answer is lost.
    After(Fault),
    /// The process dies; the call is not made.
    DieBefore,
    /// The process dies; the call is made.
    DieAfter,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) resources: BTreeMap<Address, Resource>,
    /// Every call that reached the cloud, with its key.
    pub(crate) calls: Vec<(String, Operation)>,
    /// What goes wrong with the calls of a number, from 0.
    pub(crate) wrong: BTreeMap<usize, Wrong>,
    /// What goes wrong with every call on an address.
    pub(crate) always: BTreeMap<Address, Fault>,
    /// Reads that fail once.
    pub(crate) blind: BTreeSet<Address>,
    /// Addresses that cannot be read.
    pub(crate) hidden: BTreeSet<Address>,
    /// Calls that take their time: seconds.
    pub(crate) slow: BTreeMap<Address, u64>,
    pub(crate) dead: bool,
    /// Whether answers come from elsewhere, as over a network: not in the turn that asks.
    pub(crate) remote: bool,
    pending: BTreeMap<String, (Timestamp, Operation)>,
    versions: u64,
}

/// A tiny cloud.
#[derive(Clone, Debug)]
pub(crate) struct Cloud(Arc<Mutex<World>>);

impl Cloud {
    /// The cloud in which [`plans::journey`] begins.
    pub(crate) fn new() -> Self {
        let cloud = Self(Arc::new(Mutex::new(World {
            now: Timestamp::UNIX_EPOCH,
            resources: BTreeMap::new(),
            calls: vec![],
            wrong: BTreeMap::new(),
            always: BTreeMap::new(),
            blind: BTreeSet::new(),
            hidden: BTreeSet::new(),
            slow: BTreeMap::from([(plans::at(plans::MACHINES), 300)]),
            dead: false,
            remote: false,
            pending: BTreeMap::new(),
            versions: 0,
        })));
        cloud.set(
            plans::ALLOCATION,
            plans::settings([("cores", 32_i64.into())]),
        );
        let tenant = [("frozen", false.into()), ("stamp", "old".into())];
        cloud.set(plans::TENANT_ITEM, plans::settings(tenant));
        let content = [("records", 1000_i64.into()), ("digest", "d1".into())];
        cloud.set(plans::OLD, plans::settings(content));
        cloud
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics with the lock")
    }

    pub(crate) fn set(&self, address: &str, settings: Settings) {
        self.world().set(&plans::at(address), settings);
    }

    pub(crate) fn advance(&self, to: Timestamp) {
        let mut world = self.world();
        world.now = world.now.max(to);
    }

    /// What is there, without versions and without which run did it.
    pub(crate) fn picture(&self) -> BTreeMap<String, Settings> {
        let world = self.world();
        let all = world.resources.values().map(|resource| {
            let mut settings = resource.settings.clone();
            settings.remove("run");
            (resource.address.to_string(), settings)
        });
        all.collect()
    }

    pub(crate) fn calls(&self) -> usize {
        self.world().calls.len()
    }

    async fn travel(&self) {
        let remote = self.world().remote;
        if remote {
            tokio::task::yield_now().await;
        }
    }

    async fn die(&self) {
        self.world().dead = true;
        std::future::pending::<()>().await;
    }
}

impl World {
    fn set(&mut self, address: &Address, settings: Settings) {
        self.versions += 1;
        let etag = Some(Etag(format!("v{}", self.versions).into()));
        let resource = Resource {
            address: address.clone(),
            settings,
            etag,
        };
        self.resources.insert(address.clone(), resource);
    }

    fn check(&self, operation: &Operation) -> Result<(), Fault> {
        let seen = self.resources.get(&operation.address);
        let holds = match &operation.precondition {
            Precondition::Any => true,
            Precondition::Absent => seen.is_none(),
            Precondition::Version(etag) => seen.is_some_and(|s| s.etag.as_ref() == Some(etag)),
        };
        if !holds {
            return Err(Fault::new(FaultClass::Conflict, "412", "it was changed"));
        }
        if seen.is_none() && matches!(operation.verb, Verb::Patch { .. }) {
            return Err(Fault::new(FaultClass::Permanent, "404", "nothing there"));
        }
        Ok(())
    }

    fn act(&mut self, operation: &Operation) {
        let address = &operation.address;
        match &operation.verb {
            Verb::Put { settings } => self.set(address, settings.clone()),
            Verb::Patch { settings } => {
                let mut all = self.resources[address].settings.clone();
                all.extend(settings.clone());
                self.set(address, all);
            }
            Verb::Delete => {
                self.resources.remove(address);
            }
            Verb::Copy { from, .. } => {
                let source = self.resources[from].settings.clone();
                let mut all = self.resources[address].settings.clone();
                for name in ["records", "digest"] {
                    all.insert(name.to_owned(), source[name].clone());
                }
                self.set(address, all);
            }
        }
        if *address == plans::at(plans::MACHINES) {
            let live = plans::settings([("live", Value::Bool(true))]);
            self.set(&plans::at(plans::HEALTH), live);
        }
    }

    fn settle(&mut self) {
        let due = |at: &Timestamp| *at <= self.now;
        let done = self.pending.iter().filter(|(_, (at, _))| due(at));
        let done: Vec<String> = done.map(|(id, _)| id.clone()).collect();
        for id in done {
            if let Some((_, operation)) = self.pending.remove(&id) {
                self.act(&operation);
            }
        }
    }
}

#[async_trait]
impl Provider for Cloud {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn now(&self) -> Timestamp {
        self.world().now
    }

    async fn observe(&self, _scope: &Scope) -> Observation {
        unreachable!("an apply does not observe")
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.travel().await;
        let mut world = self.world();
        world.settle();
        if world.blind.remove(address) || world.hidden.contains(address) {
            return Err(Fault::new(FaultClass::Transient, "503", "try again"));
        }
        Ok(world.resources.get(address).cloned())
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        let mut world = self.world();
        world.settle();
        let found = world.resources.values().filter(|r| query.admits(r));
        Ok(found.cloned().collect())
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        self.travel().await;
        let wrong = {
            let mut world = self.world();
            assert!(!world.dead, "the dead make no calls");
            world.settle();
            let number = world.calls.len();
            world.wrong.remove(&number)
        };
        if let Some(Wrong::DieBefore) = wrong {
            self.die().await;
        }
        let done = {
            let mut world = self.world();
            world.calls.push((key.to_owned(), operation.clone()));
            if let Some(Wrong::Before(fault)) = wrong {
                return Err(fault);
            }
            if let Some(fault) = world.always.get(&operation.address) {
                return Err(fault.clone());
            }
            world.check(operation)?;
            if let Some(seconds) = world.slow.get(&operation.address) {
                let wait = SignedDuration::from_secs(i64::try_from(*seconds).expect("short"));
                let due = world.now.checked_add(wait).expect("early");
                let ticket = Ticket {
                    id: key.to_owned(),
                    address: operation.address.clone(),
                    retry_after_seconds: 20,
                };
                world
                    .pending
                    .insert(key.to_owned(), (due, operation.clone()));
                Outcome::Accepted(ticket)
            } else {
                world.act(operation);
                Outcome::Done(world.resources.get(&operation.address).cloned())
            }
        };
        match wrong {
            Some(Wrong::DieAfter) => {
                self.die().await;
                unreachable!("the dead do not go on")
            }
            Some(Wrong::After(fault)) => Err(fault.ambiguous()),
            _ => Ok(done),
        }
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        self.travel().await;
        let mut world = self.world();
        world.settle();
        if world.pending.contains_key(&ticket.id) {
            return Ok(Outcome::Accepted(ticket.clone()));
        }
        Ok(Outcome::Done(world.resources.get(&ticket.address).cloned()))
    }
}
