//! Marks a plan as used, where every store that shares the cloud can see it: in the fleet's own
//! registry entry.
//!
//! The entry `registry_item/{registry}/fleets/{fleet}` gets `last_plan` (the digest) and `run`.
//! It is one conditional write at the start of a run, the only call that is no step of the plan.
//! A plan whose digest stands there under another run's name was applied from elsewhere, so its
//! approvals are used up; a plan whose mark was overwritten was followed by another plan, so the
//! world has moved on.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Provider;
use stampctl_contract::Resource;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::clock::Clock;
use super::clock::after;
use super::retry;
use super::retry::Next;
use crate::journal::RunId;
use crate::plan::format::Plan;

/// The setting that names the plan that was applied last.
pub const LAST_PLAN: &str = "last_plan";

/// The setting that names the run that applied it.
pub const RUN: &str = "run";

/// What the fleet's registry entry says of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing: it names another plan, or none.
    None,
    /// This run applies it.
    Ours,
    /// Another run applied it.
    Theirs(String),
}

/// Why a plan was not marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmarked {
    /// Another run has marked it.
    Used(String),
    /// The entry cannot be read or written.
    Fault(Fault),
}

/// The fleet's registry entry.
pub(super) fn address(plan: &Plan) -> Result<Address, Fault> {
    let parts = [
        plan.body.registry.as_str(),
        "fleets",
        plan.body.fleet.as_str(),
    ];
    Address::new(Kind::RegistryItem, &parts).map_err(|e| {
        let class = stampctl_contract::FaultClass::Permanent;
        Fault::new(class, "BadRegistryName", e.to_string())
    })
}

/// What the entry says of the plan now.
pub(super) async fn mark(
    plan: &Plan,
    run: &RunId,
    provider: &dyn Provider,
    clock: &dyn Clock,
) -> Result<Mark, Fault> {
    let address = address(plan)?;
    let mut tries = 0;
    loop {
        match provider.read(&address).await {
            Ok(entry) => return Ok(judge(entry.as_ref(), plan, run)),
            Err(fault) => wait(fault, &mut tries, clock).await?,
        }
    }
}

/// Marks the plan as used by this run.
pub(super) async fn burn(
    plan: &Plan,
    run: &RunId,
    provider: &dyn Provider,
    clock: &dyn Clock,
) -> Result<(), Unmarked> {
    let address = address(plan).map_err(Unmarked::Fault)?;
    let key = format!("{run}/burn");
    let mut tries = 0;
    loop {
        // Read before every attempt: an answer that was lost is found here, and so is a run that
        // was faster.
        let fault = match provider.read(&address).await {
            Err(fault) => fault,
            Ok(entry) => match judge(entry.as_ref(), plan, run) {
                Mark::Ours => return Ok(()),
                Mark::Theirs(run) => return Err(Unmarked::Used(run)),
                Mark::None => {
                    let operation = operation(&address, entry.as_ref(), plan, run);
                    match provider.perform(&operation, &key).await {
                        Ok(_) => return Ok(()),
                        Err(fault) => fault,
                    }
                }
            },
        };
        wait(fault, &mut tries, clock)
            .await
            .map_err(Unmarked::Fault)?;
    }
}

fn judge(entry: Option<&Resource>, plan: &Plan, run: &RunId) -> Mark {
    let text = |setting| entry.and_then(|entry| entry.text(setting));
    if text(LAST_PLAN) != Some(plan.seal.digest.0.as_str()) {
        return Mark::None;
    }
    match text(RUN) {
        Some(name) if name == run.as_str() => Mark::Ours,
        other => Mark::Theirs(other.unwrap_or("unknown").to_owned()),
    }
}

fn operation(address: &Address, entry: Option<&Resource>, plan: &Plan, run: &RunId) -> Operation {
    let settings = BTreeMap::from([
        (
            LAST_PLAN.to_owned(),
            Value::text(plan.seal.digest.0.as_str()),
        ),
        (RUN.to_owned(), Value::text(run.as_str())),
    ]);
    let (verb, precondition) = match entry {
        None => (Verb::Put { settings }, Precondition::Absent),
        Some(entry) => {
            let version = entry.etag.clone();
            let precondition = version.map_or(Precondition::Any, Precondition::Version);
            (Verb::Patch { settings }, precondition)
        }
    };
    Operation {
        address: address.clone(),
        verb,
        precondition,
    }
}

async fn wait(fault: Fault, tries: &mut u32, clock: &dyn Clock) -> Result<(), Fault> {
    match retry::next(&fault, *tries, "burn") {
        Next::GiveUp => Err(fault),
        Next::After(wait) => {
            *tries += 1;
            clock.sleep_until(after(clock.now(), wait)).await;
            Ok(())
        }
    }
}
