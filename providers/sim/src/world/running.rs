//! Calls that change something: faults, preconditions, operations that take time. Pure.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Ticket;
use stampctl_contract::Verb;

use super::Answer;
use super::World;
use super::schema;
use super::schema::conflict;
use super::schema::int;
use super::schema::permanent;
use crate::faults::Call;
use crate::faults::Strike;

/// The longest wait that a ticket asks for, in seconds.
const LONGEST_WAIT: u32 = 30;

/// An operation that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) ticket: Ticket,
    pub(crate) number: u64,
    /// When it ends; `i64::MAX` for never.
    pub(crate) due: i64,
    operation: Operation,
    key: String,
    /// How it ended.
    ended: Option<Result<(), Fault>>,
    /// Whether the caller was told that it is done already.
    silent: bool,
}

impl Running {
    pub(crate) fn is_open(&self) -> bool {
        self.ended.is_none() && self.due < i64::MAX
    }

    /// Whether other operations on the resource must wait for it.
    pub(crate) fn blocks(&self) -> bool {
        self.is_open() && !self.silent
    }
}

impl World {
    /// A mutating call.
    pub(crate) fn perform(&mut self, operation: &Operation, key: &str) -> Answer {
        self.calls.mutating += 1;
        let call = Call::of(operation, key);
        let Some(strike) = self.faults.strike(&call) else {
            return Answer {
                result: self.start(operation, key),
                dies: false,
            };
        };
        let mut dies = false;
        let result = match strike {
            Strike::Before(fault) => Err(fault),
            Strike::After(fault) => match self.start(operation, key) {
                Ok(_) => Err(fault.ambiguous()),
                Err(refused) => Err(refused),
            },
            Strike::Never => self
                .judge(operation)
                .map(|()| Outcome::Accepted(self.enqueue(operation, key, i64::MAX, false))),
            Strike::Lie => self.judge(operation).map(|()| pretended(operation)),
            Strike::Late(seconds) => self.judge(operation).map(|()| {
                let due = self.now + i64::from(seconds);
                self.enqueue(operation, key, due, true);
                pretended(operation)
            }),
            Strike::DieBefore => {
                dies = true;
                Err(permanent("Died", "the caller died before the effect"))
            }
            Strike::DieAfter => {
                dies = true;
                self.start(operation, key)
            }
        };
        Answer { result, dies }
    }

    fn start(&mut self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        if let Some(id) = self.index.busy.get(&operation.address)
            && let Some(running) = self.running.get(id)
        {
            if running.operation == *operation && running.key == key {
                return Ok(Outcome::Accepted(running.ticket.clone()));
            }
            let why = format!("{}: {id} is in progress", operation.address);
            return Err(conflict("AnotherOperationInProgress", why));
        }
        self.judge(operation)?;
        let seconds = self.seconds_for(operation);
        if seconds > 0 {
            let due = self.now + i64::from(seconds);
            return Ok(Outcome::Accepted(self.enqueue(operation, key, due, false)));
        }
        self.carry_out(operation, key);
        Ok(Outcome::Done(self.read(&operation.address)))
    }

    /// Refuses what the cloud would refuse, and changes nothing.
    fn judge(&self, operation: &Operation) -> Result<(), Fault> {
        let address = &operation.address;
        let entry = self.resources.get(address);
        match &operation.precondition {
            Precondition::Any => {}
            Precondition::Absent if entry.is_none() => {}
            Precondition::Absent => {
                return Err(conflict("ResourceExists", format!("{address} exists")));
            }
            Precondition::Version(version) => {
                let now = entry.and_then(|entry| entry.etag.as_ref());
                if now != Some(version) {
                    let now = now.map_or("absent", |etag| &etag.0);
                    let why = format!("{address} is at `{now}`, not at `{version}`");
                    return Err(conflict("PreconditionFailed", why));
                }
            }
        }
        match &operation.verb {
            Verb::Put { settings } => {
                schema::check(address.kind(), settings)?;
                self.judge_write(address, settings)
            }
            Verb::Patch { settings } => {
                schema::check(address.kind(), settings)?;
                self.judge_write(address, &self.intended(address, settings, true)?)
            }
            Verb::Delete => self.judge_delete(address),
            Verb::Copy { from, tenant } => self.judge_copy(address, from, tenant),
        }
    }

    /// The effect of a judged operation.
    fn carry_out(&mut self, operation: &Operation, key: &str) {
        let address = &operation.address;
        match &operation.verb {
            Verb::Put { settings } => self.write(address, settings, key),
            Verb::Patch { settings } => {
                if let Ok(merged) = self.intended(address, settings, true) {
                    self.write(address, &merged, key);
                }
            }
            Verb::Delete => self.delete(address),
            Verb::Copy { from, tenant } => self.copy(address, from, tenant),
        }
    }

    /// How long the cloud takes for an operation that changes something.
    fn seconds_for(&self, operation: &Operation) -> u32 {
        let address = &operation.address;
        let entry = self.resources.get(address);
        let is_known = match &operation.verb {
            Verb::Delete => entry.is_none(),
            Verb::Copy { .. } => return self.latency.copy,
            Verb::Put { settings } | Verb::Patch { settings } => entry.is_some_and(|entry| {
                settings
                    .iter()
                    .all(|(name, value)| entry.settings.get(name) == Some(value))
            }),
        };
        if is_known {
            return 0;
        }
        if let (Kind::GroupQuota, Verb::Put { settings } | Verb::Patch { settings }) =
            (address.kind(), &operation.verb)
        {
            let more = int(settings, "limit") > self.group_limit(address);
            return if more {
                self.switches.group_increase_seconds
            } else {
                0
            };
        }
        self.latency.of(address.kind())
    }

    fn enqueue(&mut self, operation: &Operation, key: &str, due: i64, silent: bool) -> Ticket {
        let number = self.next_number();
        let wait = u32::try_from(due.saturating_sub(self.now)).unwrap_or(u32::MAX);
        let ticket = Ticket {
            id: format!("op-{number}"),
            address: operation.address.clone(),
            retry_after_seconds: wait.clamp(1, LONGEST_WAIT),
        };
        let running = Running {
            ticket: ticket.clone(),
            number,
            due,
            operation: operation.clone(),
            key: key.to_owned(),
            ended: None,
            silent,
        };
        if running.is_open() {
            self.index.due.insert((due, number, ticket.id.clone()));
        }
        if running.blocks() {
            let address = operation.address.clone();
            self.index.busy.insert(address, ticket.id.clone());
        }
        self.running.insert(ticket.id.clone(), running);
        ticket
    }

    /// Asks after an operation that was accepted.
    pub fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        let Some(running) = self.running.get(&ticket.id) else {
            let why = format!("no operation `{}`", ticket.id);
            return Err(permanent("OperationNotFound", why));
        };
        match &running.ended {
            None => Ok(Outcome::Accepted(running.ticket.clone())),
            Some(Ok(())) => Ok(Outcome::Done(self.read(&running.ticket.address))),
            Some(Err(fault)) => Err(fault.clone()),
        }
    }

    /// Operations that were accepted and have not ended, in the order of their start.
    pub fn in_progress(&self) -> Vec<Ticket> {
        let mut open: Vec<&Running> = self
            .running
            .values()
            .filter(|running| running.ended.is_none())
            .collect();
        open.sort_by_key(|running| running.number);
        open.into_iter()
            .map(|running| running.ticket.clone())
            .collect()
    }

    /// Lets time pass, up to the end of the year 9999; what falls due happens in order, each at
    /// its own time.
    pub(crate) fn advance(&mut self, seconds: u32) {
        let until = (self.now + i64::from(seconds)).min(Timestamp::MAX.as_second());
        while let Some(first) = self.index.due.first().cloned() {
            if first.0 > until {
                break;
            }
            self.index.due.remove(&first);
            let (due, _, id) = first;
            self.now = self.now.max(due);
            self.end(&id);
        }
        self.now = until;
        self.wakeups = self.wakeups.split_off(&(until + 1));
        let lag = i64::from(self.switches.observe_lag_seconds);
        while self
            .recent
            .front()
            .is_some_and(|past| past.at <= until - lag)
        {
            self.recent.pop_front();
        }
    }

    fn end(&mut self, id: &str) {
        let Some(running) = self.running.get(id) else {
            return;
        };
        let (operation, key) = (running.operation.clone(), running.key.clone());
        let address: &Address = &operation.address;
        if self.index.busy.get(address).is_some_and(|busy| busy == id) {
            self.index.busy.remove(address);
        }
        // The world may have changed since the operation was accepted.
        let ended = self.judge(&operation);
        if ended.is_ok() {
            self.carry_out(&operation, &key);
        }
        if let Some(running) = self.running.get_mut(id) {
            running.ended = Some(ended);
        }
    }
}

/// The answer that a successful call would have had.
fn pretended(operation: &Operation) -> Outcome {
    match &operation.verb {
        Verb::Put { settings } => Outcome::Done(Some(Resource {
            address: operation.address.clone(),
            settings: settings.clone(),
            etag: None,
        })),
        Verb::Patch { .. } | Verb::Delete | Verb::Copy { .. } => Outcome::Done(None),
    }
}
