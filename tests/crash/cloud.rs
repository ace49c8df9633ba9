//! The simulated cloud, at whose calls the process dies, or which it calls twice, on order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Ticket;
use stampctl_contract::Value;
use stampctl_sim::Sim;

/// Whether the process lives. Its end is a future that never comes back; who drives it drops it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life(Arc<AtomicBool>);

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn begins_again(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(crate) async fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
        std::future::pending::<()>().await;
    }

    /// Does not come back where the process is dead: what was polled after its end in the same
    /// turn never happened.
    pub(crate) async fn is_needed(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// What happens at a call.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    /// The process dies, and nothing was changed.
    DieBefore,
    /// The process dies, and the change is made.
    DieAfter,
    /// The call fails, and nothing was changed.
    Fail(Fault),
    /// The change is made, and the answer is lost.
    Lose(Fault),
    /// The call reaches the cloud twice; the first answer is heard.
    Twice,
    /// The call reaches the cloud twice; the second answer is heard.
    TwiceHeardLate,
}

#[derive(Default)]
pub(crate) struct Orders {
    /// Mishaps by the number of the call, from 0.
    pub(crate) mishaps: BTreeMap<usize, Mishap>,
    /// Calls with such a key fail whenever they are made.
    pub(crate) broken: BTreeMap<String, Fault>,
    /// A mishap of every call.
    pub(crate) always: Option<Mishap>,
    /// The fewest stamps that served after any call.
    pub(crate) least_active: Option<usize>,
    /// Every call that was asked for, with its key.
    pub(crate) calls: Vec<(String, Operation)>,
}

/// The simulated cloud as a mortal process sees it.
pub(crate) struct Cloud {
    pub(crate) sim: Sim,
    pub(crate) life: Life,
    orders: Mutex<Orders>,
}

impl Cloud {
    pub(crate) fn new(sim: Sim, life: Life) -> Self {
        Self {
            sim,
            life,
            orders: Mutex::default(),
        }
    }

    pub(crate) fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().expect("no test panics with the lock")
    }

    fn note(&self, operation: &Operation, key: &str) -> Option<Mishap> {
        let mut orders = self.orders();
        let number = orders.calls.len();
        orders.calls.push((key.to_owned(), operation.clone()));
        if let Some(fault) = orders.broken.get(key) {
            return Some(Mishap::Fail(fault.clone()));
        }
        let planned = orders.mishaps.remove(&number);
        planned.or_else(|| orders.always.clone())
    }
}

#[async_trait]
impl Provider for Cloud {
    fn name(&self) -> &'static str {
        self.sim.name()
    }

    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    async fn observe(&self, scope: &Scope) -> Observation {
        self.sim.observe(scope).await
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.sim.read(address).await
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        self.sim.list(query).await
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        self.life.is_needed().await;
        let done = self.meet(operation, key).await;
        let active = self.active().await;
        let mut orders = self.orders();
        orders.least_active = orders
            .least_active
            .map_or(Some(active), |least| Some(least.min(active)));
        done
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        self.sim.poll(ticket).await
    }
}

impl Cloud {
    /// How many stamps the registry says to serve.
    pub(crate) async fn active(&self) -> usize {
        let query = Query {
            kind: Some(Kind::RegistryItem),
            beneath: String::new(),
            equals: None,
        };
        let entries = self.sim.list(&query).await.expect("a list");
        let stamps = entries
            .iter()
            .filter(|entry| entry.address.path().contains("/stamps/"));
        stamps
            .filter(|entry| entry.settings.get("state").and_then(Value::as_str) == Some("active"))
            .count()
    }

    /// Makes a call, or lets its mishap happen.
    async fn meet(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        match self.note(operation, key) {
            None => self.sim.perform(operation, key).await,
            Some(Mishap::DieBefore) => {
                self.life.end().await;
                unreachable!("the dead do not go on")
            }
            Some(Mishap::DieAfter) => {
                // What came of it, nobody hears.
                let _ = self.sim.perform(operation, key).await;
                self.life.end().await;
                unreachable!("the dead do not go on")
            }
            Some(Mishap::Fail(fault)) => Err(fault),
            Some(Mishap::Lose(fault)) => {
                // Where the cloud refuses it, that is what is heard.
                self.sim.perform(operation, key).await?;
                Err(fault.ambiguous())
            }
            Some(Mishap::Twice) => {
                let first = self.sim.perform(operation, key).await;
                let _ = self.sim.perform(operation, key).await;
                first
            }
            Some(Mishap::TwiceHeardLate) => {
                let _ = self.sim.perform(operation, key).await;
                self.sim.perform(operation, key).await
            }
        }
    }
}
