//! Every core that the steps move, read from their calls and not from the plan's own ledger. Pure.
//!
//! The steps of one account are totally ordered (P-6 refuses others), so one order of them is
//! every order, and the balance after each is the balance in every interleaving.

use std::collections::BTreeMap;

use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;

use super::calls::Calls;
use super::graph::Graph;
use crate::model::QuotaKey;
use crate::plan::format::Body;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::plan::format::opening::OpeningAccount;

/// One movement of cores.
#[derive(Clone, Copy, Debug)]
pub struct Move<'p> {
    /// The step's place in the plan.
    pub at: usize,
    /// The subscription; absent where the group's own limit changes.
    pub subscription: Option<&'p str>,
    /// What the group gains.
    pub gain: i64,
    /// What the group can allocate afterwards; absent: UNKNOWN.
    pub balance: Option<i64>,
    /// What the subscription has afterwards; absent: UNKNOWN.
    pub allocated: Option<i64>,
    /// The subscription's limit before; absent: UNKNOWN.
    pub limit_before: Option<i64>,
    /// Whether an amount that the movement rests on is UNKNOWN.
    pub unknown: bool,
}

/// One account, replayed.
#[derive(Debug)]
pub struct Replay<'p> {
    /// The account as it was.
    pub opening: &'p OpeningAccount,
    /// The movements in the plan's order.
    pub moves: Vec<Move<'p>>,
}

struct Balance<'p> {
    available: Option<i64>,
    limit: Option<i64>,
    asked: Option<i64>,
    allocated: BTreeMap<&'p str, Option<i64>>,
    limits: BTreeMap<&'p str, Option<i64>>,
}

/// Cores as a signed number.
pub fn signed(cores: u64) -> i64 {
    i64::try_from(cores).unwrap_or(i64::MAX)
}

/// Replays every account of the opening world.
pub fn replay<'p>(body: &'p Body, graph: &Graph<'p>, calls: &Calls<'p>) -> Vec<Replay<'p>> {
    let mut replays: Vec<Replay<'p>> = Vec::new();
    let mut places: BTreeMap<(&str, &str, &str, &str), usize> = BTreeMap::new();
    let mut keys: BTreeMap<&QuotaKey, usize> = BTreeMap::new();
    let mut balances = Vec::new();
    for opening in &body.opening.accounts {
        let key = &opening.key;
        let path = (
            opening.management_group.as_str(),
            key.group.as_str(),
            key.region.as_str(),
            key.family.as_str(),
        );
        places.insert(path, replays.len());
        keys.insert(key, replays.len());
        balances.push(Balance::of(opening));
        let moves = Vec::new();
        replays.push(Replay { opening, moves });
    }
    for &at in graph.order() {
        for call in calls.step(at) {
            if !matches!(call.kind, Kind::QuotaAllocation | Kind::GroupQuota) {
                continue;
            }
            if let Some(&account) = place(call.operation).and_then(|path| places.get(&path)) {
                let found = balances[account].call(at, call.operation);
                replays[account].moves.extend(found);
            }
        }
        if graph.kind(at) == StepKind::QuotaGranted
            && let Subject::Quota(key) = &graph.step(at).subject
            && let Some(&account) = keys.get(key)
        {
            replays[account].moves.extend(balances[account].granted(at));
        }
    }
    replays
}

/// The account that a call to a quota is about, as its address says.
fn place(operation: &Operation) -> Option<(&str, &str, &str, &str)> {
    let address = &operation.address;
    Some((
        address.part("management_group")?,
        address.part("group")?,
        address.part("region")?,
        address.part("family")?,
    ))
}

/// The number that a call writes.
pub fn written(operation: &Operation, setting: &str) -> Option<i64> {
    match &operation.verb {
        Verb::Put { settings } | Verb::Patch { settings } => settings.get(setting)?.as_int(),
        Verb::Delete | Verb::Copy { .. } => None,
    }
}

impl<'p> Balance<'p> {
    fn of(opening: &'p OpeningAccount) -> Self {
        let each = opening.subscriptions.iter();
        let allocated = each.map(|(name, seen)| (name.as_str(), seen.allocated.map(signed)));
        let each = opening.subscriptions.iter();
        let limits = each.map(|(name, seen)| (name.as_str(), seen.limit.map(signed)));
        Self {
            available: opening.available.map(signed),
            limit: opening.limit.map(signed),
            asked: None,
            allocated: allocated.collect(),
            limits: limits.collect(),
        }
    }

    fn call(&mut self, at: usize, operation: &'p Operation) -> Option<Move<'p>> {
        if operation.address.kind() == Kind::GroupQuota {
            self.asked = written(operation, "limit");
            return None;
        }
        let subscription = operation.address.part("subscription")?;
        let after = written(operation, "cores").unwrap_or(0);
        let before = self.allocated.get(subscription).copied().flatten();
        let limit_before = self.limits.get(subscription).copied().flatten();
        let gain = before.map_or(0, |before| before.saturating_sub(after));
        self.available = match before {
            Some(_) => self.available.map(|sum| sum.saturating_add(gain)),
            None => None,
        };
        self.allocated.insert(subscription, Some(after));
        let limit = limit_before.map(|limit| limit.saturating_sub(gain));
        self.limits.insert(subscription, limit);
        Some(Move {
            at,
            subscription: Some(subscription),
            gain,
            balance: self.available,
            allocated: Some(after),
            limit_before,
            unknown: before.is_none() || self.available.is_none(),
        })
    }

    fn granted(&mut self, at: usize) -> Option<Move<'p>> {
        let asked = self.asked.take()?;
        let gain = self.limit.map(|limit| asked.saturating_sub(limit));
        self.limit = Some(asked);
        self.available = match (self.available, gain) {
            (Some(sum), Some(gain)) => Some(sum.saturating_add(gain)),
            _ => None,
        };
        Some(Move {
            at,
            subscription: None,
            gain: gain.unwrap_or(0),
            balance: self.available,
            allocated: None,
            limit_before: None,
            unknown: self.available.is_none(),
        })
    }
}
