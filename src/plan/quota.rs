//! The steps that move quota and reservations, and what each stamp's own steps must know of them.
//!
//! Steps of one account run one after the other (P-6, design §11.2): allocations that fit what
//! the group has, then returns in order of stamp, then, if need be, allocations out of what was
//! returned (O-30).

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Context;
use super::capacity;
use super::capacity::Held;
use super::draft::Draft;
use super::draft::StepDraft;
use super::draft::is;
use super::draft::put;
use super::format::Account;
use super::format::Condition;
use super::format::Entry;
use super::format::Finding;
use super::format::FindingCode;
use super::format::Patience;
use super::format::RuleId;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use crate::diff::Goal;
use crate::model::Increase;
use crate::model::QuotaGroupName;
use crate::model::QuotaKey;
use crate::model::ReservationName;
use crate::model::Seconds;
use crate::model::StampId;
use crate::model::SubscriptionName;

/// What a stamp that goes or shrinks gives back.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) key: QuotaKey,
    pub(super) subscription: SubscriptionName,
    pub(super) management_group: String,
    /// Cores that are attributable to what the stamp gives up.
    pub(super) cores: u64,
    /// Cores that it returns: what is attributable less what a floor or others keep.
    pub(super) returned: u64,
    /// The allocation before and after.
    pub(super) allocation: (u64, u64),
    /// The subscription's limit afterwards.
    pub(super) limit_after: u64,
    /// The quota step of the account that comes before.
    pub(super) previous: Option<StepId>,
}

/// What a stamp that goes or shrinks takes off its reservation.
#[derive(Clone, Debug)]
pub(super) struct Reduce {
    pub(super) address: Address,
    /// Instances before and after.
    pub(super) instances: (u32, u32),
    /// The step of the reservation that comes before.
    pub(super) previous: Option<StepId>,
}

/// What the stamps' steps must know.
#[derive(Clone, Debug, Default)]
pub(super) struct QuotaPlan {
    pub(super) returns: BTreeMap<StampId, Return>,
    pub(super) reduces: BTreeMap<StampId, Reduce>,
    /// The steps after which a reservation's machines are there.
    pub(super) guaranteed: BTreeMap<ReservationName, StepId>,
    /// The steps after which a subscription has the cores that it needs.
    pub(super) allocated: BTreeMap<(QuotaKey, SubscriptionName), StepId>,
    pub(super) ledger: Vec<Account>,
    pub(super) findings: Vec<Finding>,
    /// Accounts that lack cores or were not seen: nothing of them may grow or shrink.
    pub(super) lacking: Vec<QuotaKey>,
}

/// Adds the quota and reservation steps and works out what each stamp gives back.
pub(super) fn plan(context: &Context<'_>, draft: &mut Draft) -> Result<QuotaPlan, AddressError> {
    let mut plan = QuotaPlan::default();
    let groups = groups(context, draft)?;
    for (key, held) in &context.capacity.accounts {
        account(context, draft, &mut plan, &groups, key, held)?;
    }
    for name in context.capacity.reservations.keys() {
        reservation(context, draft, &mut plan, name)?;
    }
    Ok(plan)
}

/// Groups that do not exist, or lack a member, are put (design §11.3).
fn groups(
    context: &Context<'_>,
    draft: &mut Draft,
) -> Result<BTreeMap<QuotaGroupName, StepId>, AddressError> {
    let mut steps = BTreeMap::new();
    for (name, group) in &context.blueprint.fleet.quota_groups {
        let address = Address::new(Kind::QuotaGroup, &[&group.management_group, name.as_str()])?;
        let Ok(seen) = context.inventory.look(&address) else {
            continue;
        };
        let members = seen.and_then(|seen| seen.settings.get("subscriptions"));
        let members = members.and_then(Value::as_list).unwrap_or_default();
        let missing = group.subscriptions.iter().map(|s| Value::text(s.shared()));
        let missing: Vec<Value> = missing.filter(|s| !members.contains(s)).collect();
        if missing.is_empty() {
            continue;
        }
        let mut all = members.to_vec();
        all.extend(missing);
        all.sort();
        let settings = Settings::from([("subscriptions".to_owned(), Value::List(all))]);
        let step = StepDraft::call(
            &Subject::Fleet,
            StepKind::QuotaGroupCreate,
            vec![put(&address, settings)],
        )
        .which(name.as_str())
        .why(match seen {
            None => format!("quota group {name} does not exist"),
            Some(_) => format!("quota group {name} lacks subscriptions of the fleet"),
        });
        let step = match seen {
            None => step.fact(Condition::Absent { address }),
            Some(_) => step.fact(is(&address, "subscriptions", Value::List(members.to_vec()))),
        };
        steps.insert(name.clone(), draft.add(step));
    }
    Ok(steps)
}

/// The running balances of one account.
struct Books {
    key: QuotaKey,
    subject: Subject,
    side: Address,
    available: i64,
    allocated: BTreeMap<SubscriptionName, (u64, u64)>,
    last: Option<StepId>,
    entries: Vec<Entry>,
}

impl Books {
    fn enter(&mut self, step: &StepId, subscription: Option<&SubscriptionName>, group: i64) {
        self.available += group;
        self.entries.push(Entry {
            step: step.clone(),
            subscription: subscription.cloned(),
            group,
            balance: self.available,
        });
    }
}

fn account(
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
    let side = capacity::group_quota(&held.management_group, key)?;
    let mut books = Books {
        key: key.clone(),
        subject: Subject::Quota(key.clone()),
        side,
        available: signed(held.available.unwrap_or(0)),
        allocated: held
            .shares
            .iter()
            .map(|(s, share)| {
                (
                    s.clone(),
                    (share.allocated.unwrap_or(0), share.limit.unwrap_or(0)),
                )
            })
            .collect(),
        last: groups.get(&key.group).cloned(),
        entries: Vec::new(),
    };
    let opening = books.available;
    increase(context, draft, plan, &mut books, held);
    if (grows || !leavers.is_empty()) && !known(plan, key, held) {
        plan.lacking.push(key.clone());
        return Ok(());
    }
    let missing = |now: bool| -> i64 {
        let need = |share: &capacity::Share| {
            let cores = if now { share.peak } else { share.end };
            share
                .allocation_for(cores)
                .saturating_sub(share.allocated.unwrap_or(0))
        };
        held.shares.values().map(|share| signed(need(share))).sum()
    };
    let returned_first = missing(true) > books.available;
    if !returned_first {
        allocate(draft, plan, &mut books, held, true)?;
    }
    for stamp in &leavers {
        give_back(context, plan, &mut books, held, stamp);
    }
    if returned_first {
        if missing(false) > books.available || replaces(context, &leavers, key) {
            plan.findings.push(lacking(key, missing(true), opening));
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

fn signed(cores: u64) -> i64 {
    i64::try_from(cores).unwrap_or(i64::MAX)
}

/// Stamps of the account that give machines up, in order.
fn leavers(context: &Context<'_>, key: &QuotaKey) -> Vec<StampId> {
    let gives = |id: &StampId| {
        context
            .capacity
            .machines
            .get(id)
            .is_some_and(|machines| machines.given_up > 0)
    };
    let stamps = context.blueprint.stamps.values();
    stamps
        .filter(|s| s.account.as_ref() == Some(key) && gives(&s.id))
        .map(|s| s.id.clone())
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
    let moves = context.placement.decisions.values().any(|decision| {
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

fn known(plan: &mut QuotaPlan, key: &QuotaKey, held: &Held) -> bool {
    let hidden = held.shares.iter().find(|(_, share)| !share.is_known());
    let what = match hidden {
        Some((subscription, _)) => format!("quota of subscription {subscription} is UNKNOWN"),
        None if held.available.is_none() => "what the group can allocate is UNKNOWN".to_owned(),
        None => return true,
    };
    plan.findings.push(Finding {
        code: FindingCode::Unseen,
        subject: Subject::Quota(key.clone()),
        what,
        rule: Some(RuleId::known("I-6")),
        help: "observe again, or give the reader the right to see quotas".to_owned(),
    });
    false
}

/// What the manifest expects of the group and it does not have.
fn increase(
    context: &Context<'_>,
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    books: &mut Books,
    held: &Held,
) {
    let Some(group) = context.blueprint.fleet.quota_groups.get(&books.key.group) else {
        return;
    };
    let expected = group
        .limits
        .iter()
        .find(|limit| limit.region == books.key.region && limit.family == books.key.family)
        .map(|limit| limit.cores.0);
    let (Some(expected), Some(limit)) = (expected, held.limit) else {
        return;
    };
    if limit >= expected {
        return;
    }
    let missing = expected - limit;
    if group.increase == Increase::Refuse {
        plan.findings.push(Finding {
            code: FindingCode::QuotaBelowExpected,
            subject: books.subject.clone(),
            what: format!("has {limit} cores, the manifest expects {expected}: {missing} missing"),
            rule: None,
            help: "ask for an increase (`increase: request`), or lower `limits`".to_owned(),
        });
        return;
    }
    let cores = signed(expected);
    let settings = Settings::from([("limit".to_owned(), Value::Int(cores))]);
    let mut ask = StepDraft::call(
        &books.subject,
        StepKind::QuotaIncrease,
        vec![put(&books.side, settings)],
    )
    .why(format!(
        "{missing} cores are missing of the {expected} that the manifest expects"
    ));
    if let Some(last) = &books.last {
        ask = ask.after(last, "P-6");
    }
    let ask = draft.add(ask);
    let granted = StepDraft::wait_for(
        &books.subject,
        StepKind::QuotaGranted,
        vec![Condition::AtLeast {
            address: books.side.clone(),
            setting: "limit".to_owned(),
            limit: cores,
        }],
        Patience::PAUSE,
    )
    .why("an increase is granted when the cloud says so")
    .after(&ask, "P-3");
    books.last = Some(draft.add(granted));
    books.enter(&ask, None, signed(missing));
}

/// Allocations for the peak, or, out of what was returned, for the end.
fn allocate(
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    books: &mut Books,
    held: &Held,
    peak: bool,
) -> Result<(), AddressError> {
    for (subscription, share) in &held.shares {
        let wanted = share.allocation_for(if peak { share.peak } else { share.end });
        let Some(&(from, limit)) = books.allocated.get(subscription) else {
            continue;
        };
        if wanted <= from {
            continue;
        }
        let cores = wanted - from;
        let allocation = capacity::allocation(&held.management_group, &books.key, subscription)?;
        let mut headroom = StepDraft::check(
            &books.subject,
            StepKind::QuotaHeadroom,
            vec![Condition::AtLeast {
                address: books.side.clone(),
                setting: "available".to_owned(),
                limit: signed(cores),
            }],
        )
        .which(subscription.as_str())
        .why(format!(
            "{cores} cores are wanted, {} are free",
            books.available
        ));
        let rule = if peak { "O-22" } else { "O-30" };
        if let Some(last) = &books.last {
            headroom = headroom.after(last, rule);
        }
        let headroom = draft.add(headroom);
        let settings = Settings::from([("cores".to_owned(), Value::Int(signed(wanted)))]);
        let mut step = StepDraft::call(
            &books.subject,
            StepKind::QuotaAllocate,
            vec![put(&allocation, settings)],
        )
        .which(subscription.as_str())
        .why(format!("{subscription} needs {cores} more cores"))
        .after(&headroom, "O-22");
        if let Some(last) = &books.last {
            step = step.after(last, "P-6");
        }
        let before = if from == 0 { None } else { Some(from) };
        let step = match before {
            Some(from) if peak => step.fact(is(&allocation, "cores", signed(from))),
            Some(from) => step.expect(is(&allocation, "cores", signed(from))),
            None => step,
        };
        let id = draft.add(step);
        books.enter(&id, Some(subscription), -signed(cores));
        books
            .allocated
            .insert(subscription.clone(), (wanted, limit + cores));
        books.last = Some(id.clone());
        plan.allocated
            .insert((books.key.clone(), subscription.clone()), id);
    }
    Ok(())
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

fn lacking(key: &QuotaKey, wanted: i64, available: i64) -> Finding {
    Finding {
        code: FindingCode::QuotaMissing,
        subject: Subject::Quota(key.clone()),
        what: format!(
            "the plan needs {wanted} more cores, {available} are free: {} missing",
            wanted - available
        ),
        rule: Some(RuleId::known("O-22")),
        help: "raise the group's limit (`increase: request`), or make fewer or smaller stamps"
            .to_owned(),
    }
}

/// Cores that stay allocated and that nothing needs.
fn stranded(plan: &mut QuotaPlan, books: &Books, held: &Held) {
    for (subscription, share) in &held.shares {
        let Some(&(allocated, _)) = books.allocated.get(subscription) else {
            continue;
        };
        let needed = share.allocation_for(share.end);
        if share.is_known() && allocated > needed {
            plan.findings.push(Finding {
                code: FindingCode::StrandedQuota,
                subject: books.subject.clone(),
                what: format!(
                    "{subscription} holds {allocated} cores of the group and needs {needed}: {} stranded",
                    allocated - needed
                ),
                rule: None,
                help: "something was deleted before its quota was returned, or holds cores outside the fleet; return them by hand".to_owned(),
            });
        }
    }
}

fn reservation(
    context: &Context<'_>,
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    name: &ReservationName,
) -> Result<(), AddressError> {
    let (Some(reserved), Some(meant)) = (
        context.capacity.reservations.get(name),
        context.blueprint.fleet.capacity_reservations.get(name),
    ) else {
        return Ok(());
    };
    let subject = Subject::Reservation(name.clone());
    let mut last = None;
    if reserved.peak > reserved.now.unwrap_or(0) {
        let settings = Settings::from([
            ("region".to_owned(), Value::text(meant.region.shared())),
            ("zones".to_owned(), Value::from(meant.zones.clone())),
            ("sku".to_owned(), Value::text(meant.sku.name.as_str())),
            ("family".to_owned(), Value::text(meant.sku.family.as_str())),
            ("vcpus".to_owned(), meant.sku.vcpus.into()),
            ("instances".to_owned(), reserved.peak.into()),
        ]);
        let home = [meant.subscription.as_str(), meant.resource_group.as_str()];
        let home = Address::new(Kind::ResourceGroup, &home)?;
        let mut operations = Vec::new();
        if !context.inventory.resources.contains_key(&home) {
            let region = ("region".to_owned(), Value::text(meant.region.shared()));
            operations.push(put(&home, Settings::from([region])));
        }
        operations.push(put(&reserved.address, settings));
        let step = StepDraft::call(&subject, StepKind::ReservationEnsure, operations)
            .why(format!("its stamps need {} machines", reserved.peak));
        let step = match reserved.now {
            None => step.fact(Condition::Absent {
                address: reserved.address.clone(),
            }),
            Some(now) => step.fact(is(&reserved.address, "instances", now)),
        };
        let allocated = reserved
            .account
            .as_ref()
            .and_then(|key| plan.allocated.get(key));
        let step = draft.add(step.after_all(allocated, "O-23"));
        let verify = StepDraft::wait_for(
            &subject,
            StepKind::ReservationVerify,
            vec![is(&reserved.address, "instances", reserved.peak)],
            Patience::fail_after(Seconds(10), context.policy().timeouts.quota),
        )
        .why("a reservation is a guarantee only when it stands")
        .after(&step, "P-3");
        let verify = draft.add(verify);
        plan.guaranteed.insert(name.clone(), verify.clone());
        last = Some(verify);
    }
    let mut instances = reserved.peak;
    for (id, drawn) in &context.blueprint.stamps {
        let gives = context
            .capacity
            .machines
            .get(id)
            .map_or(0, |machines| machines.given_up);
        if gives == 0 || drawn.shape.capacity_reservation.as_ref() != Some(name) {
            continue;
        }
        let after = instances
            .saturating_sub(gives)
            .max(reserved.end)
            .min(instances);
        plan.reduces.insert(
            id.clone(),
            Reduce {
                address: reserved.address.clone(),
                instances: (instances, after),
                previous: last.clone(),
            },
        );
        instances = after;
        last = Some(StepId::of(
            &Subject::Stamp(id.clone()),
            StepKind::ReservationReduce,
        ));
    }
    Ok(())
}
