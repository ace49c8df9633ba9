//! The in-process face of the simulated cloud.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Observation;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Ticket;

use crate::faults::Call;
use crate::faults::CallVerb;
use crate::faults::FaultRule;
use crate::log::Log;
use crate::spec::SpecError;
use crate::spec::WorldSpec;
use crate::world::Calls;
use crate::world::Event;
use crate::world::LostQuota;
use crate::world::World;

/// Why the simulated cloud could not be opened or kept.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The world file makes no sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The folder could not be read or written.
    #[error("the simulated cloud's folder: {0}")]
    Io(#[from] std::io::Error),
    /// A file of the folder was altered.
    #[error("the simulated cloud is damaged: {}: {why}", .file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The simulated cloud as a [`Provider`].
pub struct Sim {
    inner: Mutex<Inner>,
}

struct Inner {
    world: World,
    log: Option<Log>,
    /// Reads that were answered and are not in the log yet. They are not worth a write each.
    reads: u64,
}

/// What `sim show` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Show {
    /// The cloud's time.
    pub now: Timestamp,
    /// How often it was called.
    pub calls: Calls,
    /// Quota that is gone for good.
    pub lost_quota: Vec<LostQuota>,
    /// Operations in progress.
    pub in_progress: Vec<Ticket>,
    /// Planned faults, and how often each has struck.
    pub faults: Vec<(FaultRule, u64)>,
    /// When something changes next without a call.
    pub next_wakeup: Option<Timestamp>,
    /// Every resource, ordered by address.
    pub resources: Vec<Resource>,
}

impl Sim {
    /// A cloud that lives as long as this value.
    pub fn in_memory(spec: &WorldSpec) -> Result<Self, SimError> {
        Ok(Self::over(World::try_from(spec)?, None))
    }

    /// The cloud kept in `dir`; where there is none yet, it starts as `seed` says.
    pub fn open(dir: &Path, seed: &WorldSpec) -> Result<Self, SimError> {
        let (log, world) = Log::open(dir, || Ok(World::try_from(seed)?))?;
        Ok(Self::over(world, Some(log)))
    }

    fn over(world: World, log: Option<Log>) -> Self {
        let inner = Inner {
            world,
            log,
            reads: 0,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// Moves the clock; what falls due happens. The new time.
    pub fn advance(&self, seconds: u32) -> Result<Timestamp, SimError> {
        self.exclusively(|inner| {
            inner.happen(&Event::Advance { seconds })?;
            Ok(inner.world.now())
        })
    }

    /// Moves the clock to the next time at which something changes by itself; `None` where
    /// nothing will.
    pub fn advance_to_next(&self) -> Result<Option<Timestamp>, SimError> {
        self.exclusively(|inner| {
            let Some(next) = inner.world.next_wakeup() else {
                return Ok(None);
            };
            let seconds = next.as_second() - inner.world.now().as_second();
            let seconds = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
            inner.happen(&Event::Advance { seconds })?;
            Ok(Some(inner.world.now()))
        })
    }

    /// When something changes next without a call.
    pub fn next_wakeup(&self) -> Result<Option<Timestamp>, SimError> {
        self.exclusively(|inner| Ok(inner.world.next_wakeup()))
    }

    /// Plans a fault.
    pub fn inject(&self, rule: FaultRule) -> Result<(), SimError> {
        self.exclusively(|inner| inner.happen(&Event::Inject { rule }).map(|_| ()))
    }

    /// How often the cloud was called.
    pub fn calls(&self) -> Result<Calls, SimError> {
        self.exclusively(|inner| Ok(inner.calls()))
    }

    /// Quota that is gone for good.
    pub fn lost_quota(&self) -> Result<Vec<LostQuota>, SimError> {
        self.exclusively(|inner| Ok(inner.world.lost_quota().to_vec()))
    }

    /// Everything there is to see.
    pub fn show(&self) -> Result<Show, SimError> {
        self.exclusively(|inner| {
            Ok(Show {
                now: inner.world.now(),
                calls: inner.calls(),
                lost_quota: inner.world.lost_quota().to_vec(),
                in_progress: inner.world.in_progress(),
                faults: inner.world.faults.fired(),
                next_wakeup: inner.world.next_wakeup(),
                resources: inner.world.everything(),
            })
        })
    }

    /// Runs `work` with the newest world, with no other process in between.
    fn exclusively<T>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, SimError>,
    ) -> Result<T, SimError> {
        let mut inner = self.lock();
        let Inner { world, log, .. } = &mut *inner;
        if let Some(log) = log {
            log.refresh(world)?;
        }
        let done = work(&mut inner);
        if let Some(log) = &inner.log {
            log.release();
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in between leaves at worst a call that was not counted.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a read, unless a planned fault strikes it.
    fn reading<T>(
        &self,
        call: &Call<'_>,
        work: impl FnOnce(&World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let answer = self.exclusively(|inner| {
            inner.reads += 1;
            Ok(match inner.struck(call)?.first() {
                Some(rule) => Err(inner.world.faults.fault(*rule).unwrap_or_else(unkept)),
                None => work(&inner.world),
            })
        });
        answer.unwrap_or_else(|error| Err(lost(&error)))
    }
}

impl Inner {
    /// Lets an event happen, durably.
    fn happen(&mut self, event: &Event) -> Result<crate::world::Answer, SimError> {
        if self.reads > 0 {
            let count = std::mem::take(&mut self.reads);
            self.settle(&Event::Reads { count }, false)?;
        }
        self.settle(event, self.world.switches.fsync)
    }

    fn settle(&mut self, event: &Event, sync: bool) -> Result<crate::world::Answer, SimError> {
        let answer = self.world.apply(event);
        if let Some(log) = &mut self.log {
            log.append(event, sync)?;
            log.compact(&self.world)?;
        }
        Ok(answer)
    }

    /// Counts the rules that match a read; those that strike it.
    fn struck(&mut self, call: &Call<'_>) -> Result<Vec<usize>, SimError> {
        let mut struck = Vec::new();
        for (rule, fired) in self.world.faults.struck_by(call) {
            self.happen(&Event::Struck { rule, fired })?;
            if fired {
                struck.push(rule);
            }
        }
        Ok(struck)
    }

    fn calls(&self) -> Calls {
        let mut calls = self.world.calls();
        calls.reads += self.reads;
        calls
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if self.lock().reads == 0 {
            return;
        }
        // Reads that are not counted harm nobody.
        let _ = self.exclusively(|inner| {
            let count = std::mem::take(&mut inner.reads);
            inner.settle(&Event::Reads { count }, false).map(|_| ())
        });
    }
}

#[async_trait]
impl Provider for Sim {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn now(&self) -> Timestamp {
        let now = self.exclusively(|inner| Ok(inner.world.now()));
        now.unwrap_or_else(|_| self.lock().world.now())
    }

    async fn observe(&self, scope: &Scope) -> Observation {
        let call = reads(CallVerb::Observe, None, String::new());
        let seen = self.exclusively(|inner| {
            inner.reads += 1;
            let struck = inner.struck(&call)?;
            let gaps = struck
                .iter()
                .filter_map(|rule| inner.world.faults.gap(*rule));
            let gaps = gaps.collect();
            Ok(inner.world.observe(scope, gaps))
        });
        seen.unwrap_or_else(|error| Observation {
            observed_at: self.lock().world.now(),
            resources: Vec::new(),
            gaps: vec![Gap {
                kind: None,
                beneath: String::new(),
                class: FaultClass::Permanent,
                reason: error.to_string(),
            }],
        })
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.read_now(address)
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        self.list_now(query)
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        self.perform_now(operation, key)
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        self.poll_now(ticket)
    }
}

/// The provider's calls without the wait, for faces of this crate.
impl Sim {
    /// Looks at the world as it is. No call, no fault.
    pub(crate) fn look<T>(&self, work: impl FnOnce(&World) -> T) -> Result<T, SimError> {
        self.exclusively(|inner| Ok(work(&inner.world)))
    }

    pub(crate) fn read_now(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        let call = reads(CallVerb::Read, Some(address.kind()), address.to_string());
        self.reading(&call, |world| Ok(world.read(address)))
    }

    pub(crate) fn list_now(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        let place = query.kind.map_or("*", Kind::word);
        let call = reads(
            CallVerb::List,
            query.kind,
            format!("{place}/{}", query.beneath),
        );
        self.reading(&call, |world| Ok(world.list(query)))
    }

    pub(crate) fn perform_now(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        let event = Event::Perform {
            operation: operation.clone(),
            key: key.to_owned(),
        };
        let answer = self.exclusively(|inner| inner.happen(&event));
        let answer = answer.map_err(|error| lost(&error).ambiguous())?;
        if answer.dies {
            // The world file allowed it: this is what a kill at this very point looks like.
            std::process::abort();
        }
        answer.result
    }

    pub(crate) fn poll_now(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        let (kind, address) = (ticket.address.kind(), ticket.address.to_string());
        let call = reads(CallVerb::Poll, Some(kind), address);
        self.reading(&call, |world| world.poll(ticket))
    }
}

fn reads(verb: CallVerb, kind: Option<Kind>, address: String) -> Call<'static> {
    Call {
        verb,
        kind,
        address,
        key: "",
    }
}

fn lost(error: &SimError) -> Fault {
    Fault::new(FaultClass::Permanent, "SimulatedCloud", error.to_string())
}

fn unkept() -> Fault {
    Fault::new(FaultClass::Transient, "Injected", "a planned fault")
}
