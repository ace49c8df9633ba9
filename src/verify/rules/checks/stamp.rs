//! What checks about accounts, reservations and stamps must ask. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Value;

use super::asked::Asked;
use super::targets;
use crate::model::Cores;
use crate::model::StampId;
use crate::model::StampKind;
use crate::plan::format::Condition;
use crate::plan::format::Step;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::plan::format::opening::OpeningStamp;
use crate::verify::case::Case;
use crate::verify::ledger::written;

/// What a check about an account or a reservation fails to ask.
pub(super) fn capacity(
    case: &Case<'_>,
    at: usize,
    step: &Step,
    asked: Asked<'_>,
) -> Option<String> {
    let opening = &case.body.opening;
    match (step.kind, &step.subject) {
        (K::QuotaGranted, Subject::Quota(key)) => {
            let quota = case.group_quota(key)?;
            let increase = case.graph.siblings(at, &[K::QuotaIncrease]).next()?;
            let wanted = case.graph.step(increase).act.operations().iter();
            let wanted = wanted.filter_map(|call| written(call, "limit")).max()?;
            (!asked.at_least(&quota, "limit", wanted))
                .then(|| format!("that the group's limit is at least {wanted}"))
        }
        (K::ReservationVerify, Subject::Reservation(name)) => {
            let address = &opening.reservations.get(name)?.address;
            let ensure = case.graph.siblings(at, &[K::ReservationEnsure]).next()?;
            let wanted = case.graph.step(ensure).act.operations().iter();
            let wanted = wanted.filter_map(|call| written(call, "instances")).max()?;
            (!asked.at_least(address, "instances", wanted))
                .then(|| format!("that the reservation has {wanted} instances"))
        }
        _ => None,
    }
}

/// What a check about a stamp fails to ask.
pub(super) fn of_stamp(
    case: &Case<'_>,
    at: usize,
    step: &Step,
    stamp: &StampId,
    asked: Asked<'_>,
) -> Option<String> {
    let opening = case.known(stamp)?;
    let own = |address: &Address| case.is_owned_by(address, stamp);
    let measured = |a: &Address| a.kind() == Kind::StampMetrics && own(a);
    let unless = |asked: bool, what: &str| (!asked).then(|| what.to_owned());
    match step.kind {
        K::StampHealth => unless(
            asked.is_on(Kind::Health, own, "live") && asked.is_on(Kind::Health, own, "ready"),
            "that the stamp is live and ready",
        ),
        K::StampSmoke => unless(
            asked.is_on(Kind::Health, own, "smoke"),
            "that the smoke test passes",
        ),
        K::IngressVerify => unless(
            asked.is_on(Kind::Health, own, "traffic"),
            "that traffic arrives",
        ),
        K::TenantsZero | K::TenantsRecheck => nobody(case, stamp, opening, asked),
        K::ConnectionsWait => unless(
            asked.at_most(measured, "connections", 0),
            "that no connection is open",
        ),
        K::JobsWait => unless(asked.at_most(measured, "jobs", 0), "that no job runs"),
        K::BackupVerify => {
            let mut made = targets(case, at, &[K::StampBackup]);
            let named = |a: &Address| a.kind() == Kind::Backup;
            let every = made.all(|address| asked.is(address, "verified", &Value::Bool(true)));
            unless(
                every && asked.is_on(Kind::Backup, named, "verified"),
                "that the backup made before it is verified",
            )
        }
        K::UsageVerify => usage(case, at, stamp, asked),
        K::QuotaVerify => returned(case, at, stamp, asked),
        K::StampHolds => unless(
            no_hold(case, stamp, asked),
            "that no hold refers to the stamp",
        ),
        K::OwnershipVerify => {
            let physical = case.physical(stamp)?;
            let owned = asked.0.iter().any(|condition| {
                matches!(condition, Condition::OnlyOwned { group, owner, .. }
                    if *group == opening.resource_group
                        && (owner == stamp.as_str() || *owner == physical))
            });
            unless(
                owned,
                "that the resource group holds nothing of anyone else",
            )
        }
        K::StampAbsence => {
            let origin = opening.origin.as_ref();
            unless(
                asked.absent(&opening.resource_group)
                    && origin.is_none_or(|origin| asked.absent(origin)),
                "that the resource group and the origin are gone",
            )
        }
        K::CapacityRecheck => room(case, at, stamp, asked),
        _ => None,
    }
}

/// Zero tenants, in the registry and in the data plane.
fn nobody(
    case: &Case<'_>,
    stamp: &StampId,
    opening: &OpeningStamp,
    asked: Asked<'_>,
) -> Option<String> {
    let beneath = opening.resource_group.path();
    if !asked.fewer_tenants(case, "stamp", stamp, 1) {
        return Some("that no tenant of the registry lives on the stamp".to_owned());
    }
    if !asked.fewer_tenants(case, "moved_from", stamp, 1) {
        return Some("that no tenant has left data on the stamp".to_owned());
    }
    // A shared stamp has one database that is no tenant's.
    let bare = asked.fewer(Kind::TenantSchema, beneath, 1)
        && asked.fewer(Kind::BlobContainer, beneath, 1)
        && asked.fewer(Kind::SqlDatabase, beneath, 2);
    (!bare).then(|| "that the stamp holds no schema, database or container".to_owned())
}

/// Usage has fallen by what is returned (O-4, X-70).
fn usage(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let account = case.known(stamp)?.account.as_ref()?;
    let quota = case.subscription_quota(&account.key, account.subscription.as_str())?;
    let put = case.graph.siblings(at, &[K::QuotaReturn]).next()?;
    let (_, moved) = case.moved(put)?;
    let most = moved.limit_before?.saturating_sub(moved.gain);
    let within = |address: &Address| *address == quota;
    (!asked.at_most(within, "usage", most))
        .then(|| format!("that the subscription uses at most {most} cores"))
}

/// The return is seen on both sides, and in full (O-2, X-37).
fn returned(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let account = case.known(stamp)?.account.as_ref()?;
    let put = case.graph.siblings(at, &[K::QuotaReturn]).next()?;
    let step = case.graph.step(put);
    let (_, moved) = case.moved(put)?;
    let name = account.subscription.as_str();
    let quota = case.subscription_quota(&account.key, name)?;
    let allocation = case.allocation(&account.key, name)?;
    let group = case.group_quota(&account.key)?;
    let all = asked.changed(&quota, "limit", step, -moved.gain)
        && asked.changed(&allocation, "cores", step, -moved.gain)
        && asked.changed(&group, "available", step, moved.gain);
    let cores = Cores(moved.gain.unsigned_abs());
    (!all).then(|| format!("that limit, allocation and group all changed by {cores}"))
}

fn no_hold(case: &Case<'_>, stamp: &StampId, asked: Asked<'_>) -> bool {
    let collection = format!("{}/", case.body.registry);
    asked.0.iter().any(|condition| match condition {
        Condition::Is {
            address,
            setting,
            value: Value::Bool(false),
        } => case.is_entry(address, "stamps", stamp.as_str()) && setting == "held",
        Condition::FewerThan {
            matching,
            count: 0 | 1,
        } => {
            let of = matching.equals.as_ref().map(|(_, value)| value);
            matching.kind.is_none_or(|kind| kind == Kind::RegistryItem)
                && matching.beneath.starts_with(&collection)
                && (of.and_then(Value::as_str) == Some(stamp.as_str())
                    || of == Some(&Value::Bool(true)))
        }
        _ => false,
    })
}

/// A stamp can take the tenants that the plan brings (O-31): fewer tenants than leave room, and
/// where load is measured every dimension below the band in which nobody comes. A cloud that
/// reports no last hour of a dimension has only the policy's statistic of it.
fn room(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let _ = at;
    let opening = case.known(stamp)?;
    let placement = &case.body.policy.placement;
    let most = match opening.kind {
        StampKind::Shared => placement.max_tenants_per_shared,
        StampKind::Dedicated => 1,
    };
    if !asked.fewer_tenants(case, "stamp", stamp, most) {
        return Some(format!("that the stamp has fewer than {most} tenants"));
    }
    let below = i64::from(placement.bands.provision.0) * 100 - 1;
    let own = |address: &Address| {
        address.kind() == Kind::StampMetrics && case.is_owned_by(address, stamp)
    };
    let fits = |name: &str| asked.at_most(own, name, below);
    let loads = [
        ("cpu", "latest_cpu"),
        ("memory", "latest_memory"),
        ("storage", "latest_storage"),
        ("dtu", "latest_dtu"),
    ];
    let all = loads
        .iter()
        .all(|(statistic, latest)| fits(latest) || fits(statistic));
    let mentions = asked
        .0
        .iter()
        .any(|condition| condition.address().is_some_and(own));
    (mentions && !all).then(|| format!("that every load is at most {below} basis points"))
}
