//! What would stop the plan's own steps, told apart by its cause: a size that is not offered, cores
//! that the subscription does not have, a service that it is not registered for, a permission that
//! is missing, a lock. That a region has no machines left, only the allocation itself tells.
//!
//! What stands in nobody's way is not told.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Obstacle;
use stampctl_contract::Operation;
use stampctl_contract::Settings;
use stampctl_contract::Verb;
use stampctl_contract::preflight::Cause;
use stampctl_contract::preflight::Stops;

use super::finding;
use crate::observe::Inventory;
use crate::plan::context::Context;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::Step;
use crate::plan::format::Subject;

/// Finds everything that the steps would run into.
pub(super) fn find(context: &Context<'_>, steps: &[Step], findings: &mut Vec<Finding>) {
    said(context.inventory, steps, findings);
    locks(context.inventory, steps, findings);
    cores(context, findings);
}

/// What the cloud said beforehand.
fn said(inventory: &Inventory, steps: &[Step], findings: &mut Vec<Finding>) {
    if inventory.obstacles.is_empty() {
        return;
    }
    let mut beneath: BTreeMap<(&str, Kind), Vec<&Obstacle>> = BTreeMap::new();
    for obstacle in &inventory.obstacles {
        for kind in &obstacle.kinds {
            let place = (obstacle.subscription.as_str(), *kind);
            beneath.entry(place).or_default().push(obstacle);
        }
    }
    // Each is told once, however many run into it.
    let mut met: BTreeMap<(Cause, &str, &str), BTreeSet<&Subject>> = BTreeMap::new();
    for (step, operation) in calls(steps) {
        let address = &operation.address;
        let subscription = address.part("subscription").unwrap_or_default();
        let here = beneath.get(&(subscription, address.kind()));
        for obstacle in here.into_iter().flatten() {
            if is_stopped(inventory, operation, obstacle) {
                let what = (obstacle.cause, &*obstacle.why, &*obstacle.help);
                met.entry(what).or_default().insert(&step.subject);
            }
        }
    }
    for ((cause, why, help), subjects) in met {
        let (code, rule) = match cause {
            Cause::NotOffered => (FindingCode::SkuNotOffered, None),
            Cause::NotRegistered => (FindingCode::NotRegistered, None),
            Cause::NotPermitted => (FindingCode::NotPermitted, None),
            Cause::Unseen => (FindingCode::Unchecked, Some("I-6")),
        };
        let (subject, what) = among(&subjects, why);
        findings.push(finding(code, subject, what, rule, help));
    }
}

/// Whom something concerns, and what it is: the fleet and a number where there are several.
fn among(subjects: &BTreeSet<&Subject>, what: &str) -> (Subject, String) {
    match subjects.first() {
        Some(subject) if subjects.len() == 1 => ((*subject).clone(), what.to_owned()),
        _ => {
            let count = subjects.len();
            (Subject::Fleet, format!("{what}; {count} subjects need it"))
        }
    }
}

fn calls(steps: &[Step]) -> impl Iterator<Item = (&Step, &Operation)> {
    steps
        .iter()
        .flat_map(|step| step.act.operations().iter().map(move |it| (step, it)))
}

/// Whether the call is one that the obstacle stops.
fn is_stopped(inventory: &Inventory, operation: &Operation, obstacle: &Obstacle) -> bool {
    let deletes = matches!(operation.verb, Verb::Delete);
    let (region, zone, sku) = match &obstacle.stops {
        Stops::Writes => return !deletes,
        Stops::Deletes => return deletes,
        Stops::Machines { region, zone, sku } => (region, zone, sku),
    };
    let (Verb::Put { settings } | Verb::Patch { settings }) = &operation.verb else {
        return false;
    };
    let seen = inventory.resources.get(&operation.address);
    let seen = seen.map(|seen| &seen.settings);
    let value = |name: &str| settings.get(name).or_else(|| seen?.get(name));
    let text = |name: &str| value(name).and_then(stampctl_contract::Value::as_str);
    let zones = value("zones").and_then(stampctl_contract::Value::as_list);
    let in_zones = zones.is_some_and(|zones| zones.iter().any(|it| it.as_str() == Some(zone)));
    let here = text("zone") == Some(zone) || in_zones;
    let grows = instances(settings) > seen.and_then(instances);
    here && grows && text("region") == Some(region) && text("sku") == Some(sku)
}

fn instances(settings: &Settings) -> Option<i64> {
    settings
        .get("instances")
        .and_then(stampctl_contract::Value::as_int)
}

/// Locks on resource groups that no step of this plan takes away.
fn locks(inventory: &Inventory, steps: &[Step], findings: &mut Vec<Finding>) {
    let mut locked: BTreeMap<(&str, &str), Vec<(&Address, bool)>> = BTreeMap::new();
    for (address, lock) in inventory.of_kind(Kind::Lock) {
        let reads_only = lock.text("level") == Some("ReadOnly");
        if let Some(group) = group_of(address) {
            locked.entry(group).or_default().push((address, reads_only));
        }
    }
    if locked.is_empty() {
        return;
    }
    let lifted: BTreeSet<&Address> = calls(steps)
        .map(|(_, operation)| operation)
        .filter(|it| it.address.kind() == Kind::Lock && it.verb == Verb::Delete)
        .map(|operation| &operation.address)
        .collect();
    for (step, operation) in calls(steps) {
        if !is_locked_kind(operation.address.kind()) {
            continue;
        }
        let group = group_of(&operation.address);
        let here = group.and_then(|group| locked.get(&group));
        for (lock, reads_only) in here.into_iter().flatten() {
            let hinders = *reads_only || operation.verb == Verb::Delete;
            if !hinders || lifted.contains(lock) {
                continue;
            }
            let (code, subject) = (FindingCode::Locked, step.subject.clone());
            let what = format!("{lock} is in the way of {}", operation.address);
            let help = "who put the lock there may take it away; stampctl removes only its own";
            findings.push(finding(code, subject, what, Some("R7"), help));
        }
    }
}

/// What a lock on a resource group holds: what Resource Manager keeps in it.
fn is_locked_kind(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ResourceGroup
            | Kind::CapacityReservation
            | Kind::ScaleSet
            | Kind::SqlServer
            | Kind::SqlDatabase
            | Kind::StorageAccount
            | Kind::BlobContainer
            | Kind::Origin
            | Kind::Alert
    )
}

fn group_of(address: &Address) -> Option<(&str, &str)> {
    Some((
        address.part("subscription")?,
        address.part("resource_group")?,
    ))
}

/// Cores of stamps that live on their subscription's own quota. What is deployed already is in
/// the usage and is not asked for again; groups' accounts have their ledger.
fn cores(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut more: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for (id, machines) in &context.capacity.machines {
        let Some(stamp) = context.blueprint.stamps.get(id) else {
            continue;
        };
        if stamp.account.is_some() || stamp.shape.capacity_reservation.is_some() {
            continue;
        }
        let grown = u64::from(machines.peak.saturating_sub(machines.now));
        let shape = &stamp.shape;
        let place = (
            shape.subscription.as_str(),
            shape.region.as_str(),
            shape.compute.sku.family.as_str(),
        );
        *more.entry(place).or_default() += grown * u64::from(machines.vcpus);
    }
    for ((subscription, region, family), cores) in more {
        let Ok(address) = Address::new(Kind::Quota, &[subscription, region, family]) else {
            continue;
        };
        let Ok(Some(seen)) = context.inventory.look(&address) else {
            continue;
        };
        let number = |name| seen.int(name).and_then(|it| u64::try_from(it).ok());
        let (Some(limit), Some(usage)) = (number("limit"), number("usage")) else {
            continue;
        };
        let free = limit.saturating_sub(usage);
        if cores > free {
            findings.push(finding(
                FindingCode::QuotaExceeded,
                Subject::Fleet,
                format!(
                    "{family} in {region} of {subscription}: {cores} cores more are needed, \
                     {free} of {limit} are free"
                ),
                Some("O-22"),
                "ask for a higher limit, give the stamp a quota group, or use fewer machines",
            ));
        }
    }
}
