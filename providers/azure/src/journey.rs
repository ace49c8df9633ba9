//! A change under way: what runs, what comes after it, and what must hold at its end.
//!
//! The whole state is in the ticket, so another process can go on (S03). Every step states
//! absolute values; a change that stopped half way is begun again from its start.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Ticket;
use stampctl_contract::Value;

use crate::azure::Azure;
use crate::fault;
use crate::lro;
use crate::lro::Begun;
use crate::lro::Progress;
use crate::lro::Running;
use crate::map::path;
use crate::step::Step;
use crate::wire::Body;
use crate::wire::Method;

/// Seconds between looks at a resource that is not yet what was written (S27).
const LOOK_SECONDS: u32 = 5;
/// How often it is looked at.
const LOOKS: u32 = 12;
/// Seconds between tries at a step that a dependant's end holds up (S15).
const SETTLE_SECONDS: u32 = 10;
/// How often it is tried: the documents and recordings know of a minute.
const SETTLES: u32 = 18;

/// A change that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journey {
    /// The idempotency key.
    key: String,
    /// What is changed.
    address: Address,
    /// Whether it is to be gone at the end.
    removes: bool,
    /// Settings that it must have at the end.
    expects: Settings,
    /// What runs.
    running: Option<Running>,
    /// What comes after it.
    rest: VecDeque<Step>,
    settled: u32,
    looked: u32,
}

impl Journey {
    /// A change that makes the resource be there, with these settings among its own.
    pub(crate) fn to(address: &Address, key: &str, steps: Vec<Step>, expects: Settings) -> Self {
        Self {
            key: key.to_owned(),
            address: address.clone(),
            removes: false,
            expects,
            running: None,
            rest: steps.into(),
            settled: 0,
            looked: 0,
        }
    }

    /// A change that makes it be gone.
    pub(crate) fn away(address: &Address, key: &str, steps: Vec<Step>) -> Self {
        Self {
            removes: true,
            ..Self::to(address, key, steps, Settings::new())
        }
    }

    fn wait(&self, seconds: u32) -> Result<Outcome, Fault> {
        let id = serde_json::to_string(self)
            .map_err(|error| fault::permanent("Ticket", error.to_string()))?;
        Ok(Outcome::Accepted(Ticket {
            id,
            address: self.address.clone(),
            retry_after_seconds: seconds,
        }))
    }
}

impl Azure {
    /// Goes on with a ticket.
    pub(crate) async fn resume(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        let read = serde_json::from_str::<Journey>(&ticket.id);
        let mut journey = read
            .ok()
            .filter(|journey| journey.address == ticket.address)
            .ok_or_else(|| fault::permanent("Ticket", "this is no ticket of this provider"))?;
        let Some(running) = &mut journey.running else {
            return self.travel(journey).await;
        };
        let ask = self
            .client
            .manager(Method::Get, running.url(), &journey.key);
        let answer = self.client.send(&ask).await?;
        match running.advance(&answer) {
            Progress::Running(wait) => journey.wait(wait),
            Progress::Failed(fault) => Err(fault),
            Progress::Done(_) => {
                journey.running = None;
                self.travel(journey).await
            }
        }
    }

    /// Takes step after step until one takes time, or all are done.
    pub(crate) async fn travel(&self, mut journey: Journey) -> Result<Outcome, Fault> {
        while let Some(step) = journey.rest.front() {
            let url = step.url(&self.client.endpoints().manager);
            let mut request = self.client.manager(step.method, &url, &journey.key);
            for (condition, value) in &step.conditions {
                request.headers.push((condition.header(), value.clone()));
            }
            request.body = step.body.clone().map_or(Body::None, Body::Json);
            let answer = self.client.send(&request).await?;
            if step.method == Method::Delete && answer.status == 404 {
                journey.rest.pop_front();
                continue;
            }
            match lro::begin(step.method, &url, &answer) {
                Begun::Done(_) => {
                    journey.rest.pop_front();
                }
                Begun::Running(running) => {
                    journey.rest.pop_front();
                    let wait = running.wait();
                    journey.running = Some(running);
                    return journey.wait(wait);
                }
                Begun::Failed(fault) => {
                    let settles = step.settles.as_deref();
                    let named = settles.is_some_and(|code| code.eq_ignore_ascii_case(&fault.code));
                    let passes = named || self.lags(&journey.address, &fault).await;
                    if passes && journey.settled < SETTLES {
                        journey.settled += 1;
                        return journey.wait(fault.retry_after_seconds.unwrap_or(SETTLE_SECONDS));
                    }
                    return Err(fault);
                }
            }
        }
        self.arrive(journey).await
    }

    /// Whether a refusal is of a world that is gone: a group that is there and is not found yet
    /// (S28), or a lock that is not there and still locks (S26).
    async fn lags(&self, address: &Address, fault: &Fault) -> bool {
        let parts: Vec<&str> = address.parts().take(2).collect();
        let Ok(group) = Address::new(Kind::ResourceGroup, &parts) else {
            return false;
        };
        match fault.code.as_str() {
            "ResourceGroupNotFound" => matches!(self.raw(&group).await, Ok(Some(_))),
            "ScopeLocked" => {
                let Ok((id, _)) = path::id(&group, &self.places) else {
                    return false;
                };
                let locks = format!("{id}/providers/Microsoft.Authorization/locks");
                let locks = self.client.list(&self.url(&locks, path::LOCKS)).await;
                locks.is_ok_and(|locks| locks.is_empty())
            }
            _ => false,
        }
    }

    /// Looks whether the world is what the steps were to make of it, because an operation that
    /// succeeded says neither that it can be read yet nor that it was granted (S12, S27, S28).
    async fn arrive(&self, mut journey: Journey) -> Result<Outcome, Fault> {
        let found = self.glance(&journey.address).await?;
        let arrived = match &found {
            None => journey.removes,
            Some(resource) => !journey.removes && holds(resource, &journey.expects),
        };
        if arrived {
            return Ok(Outcome::Done(found));
        }
        journey.looked += 1;
        if journey.looked < LOOKS {
            return journey.wait(LOOK_SECONDS);
        }
        let address = &journey.address;
        if matches!(
            address.kind(),
            Kind::Quota | Kind::QuotaAllocation | Kind::GroupQuota
        ) {
            let why = self.refusal(address).await;
            let code = why.unwrap_or_else(|| "NotGranted".to_owned());
            let message = "the request ended, and the limit is not the one that was asked for";
            return Err(Fault::new(FaultClass::Quota, code, message));
        }
        let is = if found.is_some() {
            "is not as written"
        } else {
            "is not there"
        };
        let what = if journey.removes {
            "is still there"
        } else {
            is
        };
        Err(Fault::new(
            FaultClass::Transient,
            "NotAsWritten",
            format!("{address} {what} after the operation ended"),
        ))
    }
}

fn holds(resource: &Resource, expects: &Settings) -> bool {
    expects
        .iter()
        .all(|(name, value)| match (value, resource.get(name)) {
            // The owner's policies may add tags to those that were written.
            (Value::Map(wanted), Some(Value::Map(is))) => wanted
                .iter()
                .all(|(name, value)| is.get(name) == Some(value)),
            (wanted, is) => is == Some(wanted),
        })
}

#[cfg(test)]
mod tests;
