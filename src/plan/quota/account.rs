//! The quota steps of one account, in the order that its cores allow.

use std::collections::BTreeMap;

use stampctl_contract::AddressError;

use super::QuotaPlan;
use super::Return;
use super::allocate::allocate;
use super::books::Books;
use super::books::signed;
use super::group::increase;
use super::told::known;
use super::told::lacking;
use super::told::stranded;
use crate::diff::Goal;
use crate::model::QuotaGroupName;
use crate::model::QuotaKey;
use crate::model::StampId;
use crate::plan::Context;
use crate::plan::capacity::Held;
use crate::plan::capacity::Share;
use crate::plan::draft::Draft;
use crate::plan::format::Account;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::RuleId;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// Adds the quota steps of one account and works out what each of its stamps gives back.
pub(super) fn account(
    context: &Context<'_>,
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    groups: &BTreeMap<QuotaGroupName, StepId>,
    key: &QuotaKey,
    held: &Held,
) -> Result<(), AddressError> {
    let leavers = leavers(context, key);
    let grows = held
        .shares
        .values()
        .any(|share| share.allocation_for(share.peak) > share.allocated.unwrap_or(0));
    let mut books = Books::open(key, held, groups.get(&key.group))?;
    let opening = books.available;
    increase(context, draft, plan, &mut books, held);
    if (grows || !leavers.is_empty()) && !known(plan, key, held) {
        plan.lacking.push(key.clone());
        return Ok(());
    }
    let at_peak = missing(held, |share| share.peak);
    let at_end = missing(held, |share| share.end);
    let returned_first = at_peak > books.available;
    if !returned_first {
        allocate(draft, plan, &mut books, held, true)?;
    }
    for stamp in &leavers {
        give_back(context, plan, &mut books, held, stamp);
    }
    if returned_first {
        if at_end > books.available || replaces(context, &leavers, key) {
            plan.findings.push(lacking(key, at_peak, opening));
            plan.lacking.push(key.clone());
            return Ok(());
        }
        allocate(draft, plan, &mut books, held, false)?;
    }
    stranded(plan, &books, held);
    if !books.entries.is_empty() {
        plan.ledger.push(Account {
            key: key.clone(),
            opening,
            closing: books.available,
            entries: books.entries,
        });
    }
    Ok(())
}

/// Cores that the subscriptions need beyond what they have.
fn missing(held: &Held, cores: impl Fn(&Share) -> u64) -> i64 {
    let need = |share: &Share| {
        let wanted = share.allocation_for(cores(share));
        wanted.saturating_sub(share.allocated.unwrap_or(0))
    };
    held.shares.values().map(|share| signed(need(share))).sum()
}

/// Stamps of the account that give machines up, in order.
fn leavers(context: &Context<'_>, key: &QuotaKey) -> Vec<StampId> {
    let givers = context.givers(|stamp| stamp.account.as_ref() == Some(key));
    givers
        .into_iter()
        .map(|(stamp, _)| stamp.id.clone())
        .collect()
}

/// Whether a stamp of the account is made where another of the same region and kind goes: it
/// would have to serve before the other goes (O-28), and cannot be paid with what that returns.
fn replaces(context: &Context<'_>, leavers: &[StampId], key: &QuotaKey) -> bool {
    let scope = |id: &StampId| {
        context
            .blueprint
            .stamps
            .get(id)
            .map(|s| (s.shape.region.clone(), s.shape.kind))
    };
    let made = context
        .differences
        .stamps
        .iter()
        .filter(|(_, d)| d.goal == Goal::Make);
    let made = made.filter(|(id, _)| {
        context
            .blueprint
            .stamps
            .get(*id)
            .is_some_and(|s| s.account.as_ref() == Some(key))
    });
    let made: Vec<&StampId> = made.map(|(id, _)| id).collect();
    let moves = context.placement.changes().any(|(_, decision)| {
        decision.is_move()
            && made.contains(&&decision.stamp)
            && decision
                .was
                .as_ref()
                .is_some_and(|was| leavers.contains(was))
    });
    moves
        || made
            .iter()
            .any(|m| leavers.iter().any(|l| scope(m) == scope(l)))
}

/// What one stamp returns, given what the others still need.
fn give_back(
    context: &Context<'_>,
    plan: &mut QuotaPlan,
    books: &mut Books,
    held: &Held,
    stamp: &StampId,
) {
    let (Some(drawn), Some(machines)) = (
        context.blueprint.stamps.get(stamp),
        context.capacity.machines.get(stamp),
    ) else {
        return;
    };
    let subscription = &drawn.shape.subscription;
    let (Some(share), Some(&(from, limit))) = (
        held.shares.get(subscription),
        books.allocated.get(subscription),
    ) else {
        return;
    };
    let cores = u64::from(machines.given_up) * u64::from(machines.vcpus);
    let surplus = from.saturating_sub(share.allocation_for(share.end));
    let returned = cores.min(surplus).min(from);
    let previous = books.last.clone();
    if returned > 0 {
        let subject = Subject::Stamp(stamp.clone());
        let step = StepId::of(&subject, StepKind::QuotaReturn);
        books.enter(&step, Some(subscription), signed(returned));
        books.last = Some(StepId::of(&subject, StepKind::QuotaVerify));
    }
    books.allocated.insert(
        subscription.clone(),
        (from - returned, limit.saturating_sub(returned)),
    );
    if returned < cores {
        plan.findings.push(Finding {
            code: FindingCode::CoresRetained,
            subject: Subject::Stamp(stamp.clone()),
            what: format!(
                "returns {returned} of its {cores} cores; a reservation or others keep the rest"
            ),
            rule: Some(RuleId::known("O-5")),
            help: "lower the reservation's floor, or drop `keep_reservation`".to_owned(),
        });
    }
    plan.returns.insert(
        stamp.clone(),
        Return {
            key: books.key.clone(),
            subscription: subscription.clone(),
            management_group: held.management_group.clone(),
            cores,
            returned,
            allocation: (from, from - returned),
            limit_after: limit.saturating_sub(returned),
            previous,
        },
    );
}
