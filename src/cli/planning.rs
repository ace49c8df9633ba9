//! From a fleet to a judged plan: observe, place, plan, verify.

use std::future::Future;
use std::path::Path;

use super::cloud::Cloud;
use super::exit::Exit;
use super::outfile;
use super::stop::Stop;
use super::ui::Ui;
use crate::model::Fleet;
use crate::model::Seconds;
use crate::observe;
use crate::observe::Inventory;
use crate::place;
use crate::plan;
use crate::plan::Unsealed;
use crate::plan::format::Body;
use crate::plan::format::Digest;
use crate::plan::format::Forecast;
use crate::plan::format::Plan;
use crate::verify::Violation;

/// The program's name and version, as seals and journals carry it.
pub(super) const TOOL: &str = concat!("stampctl ", env!("CARGO_PKG_VERSION"));

/// Runs a future to its end on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| Stop::error(format!("the runtime cannot start: {fault}")))?;
    Ok(runtime.block_on(future))
}

/// Looks at the fleet's cloud.
pub(super) fn observe(fleet: &Fleet, cloud: &Cloud) -> Result<Inventory, Stop> {
    block_on(observe::observe(fleet, cloud.provider()))
}

/// Reads an inventory that `observe --out` wrote.
pub(super) fn read_inventory(path: &Path) -> Result<Inventory, Stop> {
    let bytes = outfile::read(path)?;
    let bad = |why: String| {
        Stop::error(format!("{} is no inventory: {why}", path.display()))
            .help("`stampctl observe --out FILE` writes one")
    };
    let inventory = Inventory::from_bytes(&bytes).map_err(|fault| bad(fault.to_string()))?;
    if inventory.format != Inventory::FORMAT {
        return Err(bad(format!(
            "its format is `{}`, this program reads `{}`",
            inventory.format,
            Inventory::FORMAT
        )));
    }
    Ok(inventory)
}

/// An inventory can only be planned from for the fleet that it is of.
pub(super) fn is_of(inventory: &Inventory, fleet: &Fleet, path: &Path) -> Result<(), Stop> {
    if inventory.fleet == fleet.name.as_str() {
        return Ok(());
    }
    Err(Stop::error(format!(
        "{} is an inventory of fleet {}, and this is fleet {}",
        path.display(),
        inventory.fleet,
        fleet.name,
    )))
}

/// Does one thing on another thread while this one does the other.
pub(super) fn beside<A: Send, B>(
    there: impl FnOnce() -> A + Send,
    here: impl FnOnce() -> B,
) -> (A, B) {
    std::thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        (joined(there.join()), here)
    })
}

/// What a thread gave; its panic is ours.
pub(super) fn joined<T>(result: std::thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Decides where tenants live and makes the sealed plan.
pub(super) fn plan(fleet: &Fleet, inventory: &Inventory) -> Result<Plan, Stop> {
    let (body, rest) = unsealed(fleet, inventory)?;
    Plan::seal(body, TOOL, inventory.observed_at, rest).map_err(|fault| unplanned(&fault))
}

/// Decides where tenants live and makes the plan; the digest is of what was observed.
pub(super) fn unsealed(fleet: &Fleet, inventory: &Inventory) -> Result<(Body, Digest), Stop> {
    let placement = place::place(fleet, inventory);
    let made = plan::unsealed(fleet, inventory, &placement).map_err(|fault| unplanned(&fault));
    let made = made.map(|Unsealed { body, rest, stages }| {
        // Something for each of 15,000 stamps: to take it apart would only take time.
        std::mem::forget(stages);
        (body, rest)
    });
    std::mem::forget(placement);
    made
}

fn unplanned(fault: &dyn std::error::Error) -> Stop {
    Stop::error(format!("no plan could be made: {fault}"))
        .help("this is a fault of stampctl itself; please report it with the manifest")
}

/// The same plan, with what it takes of this cloud in its seal.
pub(super) fn foreseen(plan: Plan, cloud: &Cloud) -> Result<Plan, Stop> {
    let forecast = cloud.provider().forecast(&plan.work());
    let forecast = forecast.map(|forecast| Forecast {
        calls: forecast.calls,
        at_least: Seconds(forecast.at_least_seconds),
    });
    plan.foreseen(forecast)
        .map_err(|fault| Stop::error(format!("the plan cannot be sealed: {fault}")))
}

/// Says every violation of a plan. The code with which it is refused, if it is.
pub(super) fn refusal(plan: &Plan, violations: &[Violation], ui: &Ui) -> Option<Stop> {
    if !violations.is_empty() {
        tell(violations, ui);
        return Some(Stop::new(
            Exit::Refused,
            "the plan breaks a safety rule and is not applied",
        ));
    }
    let refusals = plan.refusals().count();
    (refusals > 0).then(|| {
        let findings = if refusals == 1 { "finding" } else { "findings" };
        Stop::new(
            Exit::Refused,
            format!("the plan is refused by {refusals} {findings}; nothing of it is applied"),
        )
        .help("each finding says what would make it pass")
    })
}

/// Says in what a plan breaks the rules.
pub(super) fn tell(violations: &[Violation], ui: &Ui) {
    for violation in violations {
        ui.say(&format!("violation: {violation}"));
        ui.help(&violation.help);
    }
}
