//! The quota ledger: I-3, O-22, O-30 and the order of an account's steps (P-6). Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl_contract::Kind;

use super::checks::headroom;
use crate::model::ReservationName;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::case::Case;
use crate::verify::ledger::Replay;
use crate::verify::ledger::signed;
use crate::verify::ledger::written;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// One after the other.
pub const P_6: Rule = Rule {
    id: "P-6",
    title: "The quota steps of one account run one after the other, as do those of a reservation",
    level: Level::H,
    source: "design §11.2",
    why: "Amounts are absolute. Two writers at once overwrite each other, and no balance exists \
          that could be checked.",
    help: "add an edge from each quota step of the account to the next",
    orders: &[],
    each: None,
    check: chains,
};

fn chains(case: &Case<'_>, sink: &mut Sink<'_>) {
    for replay in &case.replays {
        for pair in replay.moves.windows(2) {
            let (one, two) = (pair[0].at, pair[1].at);
            if one != two && !case.graph.is_before(one, two) {
                let (one, two) = (case.graph.step(one), case.graph.step(two));
                sink.step(two, format!("it does not wait for `{}`", one.id));
            }
        }
    }
    for steps in reservation_steps(case).values() {
        for pair in steps.windows(2) {
            if !case.graph.is_before(pair[0].0, pair[1].0) {
                let (one, two) = (case.graph.step(pair[0].0), case.graph.step(pair[1].0));
                sink.step(two, format!("it does not wait for `{}`", one.id));
            }
        }
    }
}

/// The steps that write each reservation, with the instances that they leave it.
fn reservation_steps<'p>(case: &Case<'p>) -> BTreeMap<&'p ReservationName, Vec<(usize, i64)>> {
    let places = case.body.opening.reservations.iter();
    let places: BTreeMap<_, _> = places.map(|(name, of)| (&of.address, name)).collect();
    let mut found: BTreeMap<&ReservationName, Vec<(usize, i64)>> = BTreeMap::new();
    for kind in [K::ReservationEnsure, K::ReservationReduce] {
        for (at, step) in case.of_kind(kind) {
            for call in step.act.operations() {
                if call.address.kind() == Kind::CapacityReservation
                    && let Some(name) = places.get(&call.address)
                    && let Some(instances) = written(call, "instances")
                {
                    found.entry(name).or_default().push((at, instances));
                }
            }
        }
    }
    let mut position = vec![0; case.graph.order().len()];
    for (place, &at) in case.graph.order().iter().enumerate() {
        position[at] = place;
    }
    for steps in found.values_mut() {
        steps.sort_by_key(|(at, _)| position[*at]);
    }
    found
}

/// Nothing is created or lost.
pub const I_3: Rule = Rule {
    id: "I-3",
    title: "The quota ledger is what the steps do, is conserved, and is never negative",
    level: Level::H,
    source: "S0-56; requirements G; design §11.2",
    why: "Every core is with the group or with one subscription. A ledger that differs from the \
          steps shows a reviewer something else than what will happen.",
    help: "plan again; amounts and ledger are not for editing",
    orders: &[],
    each: None,
    check: conserved,
};

fn conserved(case: &Case<'_>, sink: &mut Sink<'_>) {
    for replay in &case.replays {
        for moved in &replay.moves {
            let step = case.graph.step(moved.at);
            if moved.unknown {
                sink.step(
                    step,
                    "it moves cores of an account whose amounts are UNKNOWN",
                );
            }
            if moved.balance.is_some_and(|balance| balance < 0) {
                let short = moved.balance.unwrap_or(0).unsigned_abs();
                sink.step(step, format!("the group would be {short} cores short"));
            }
            if moved.allocated.is_some_and(|cores| cores < 0) {
                sink.step(step, "the subscription would have less than nothing");
            }
            let right = match step.kind {
                K::QuotaReturn => moved.gain > 0,
                K::QuotaAllocate => moved.gain < 0,
                _ => moved.gain >= 0,
            };
            if !right && !moved.unknown {
                sink.step(step, format!("the group gains {} cores by it", moved.gain));
            }
        }
        if let Some(difference) = difference(case, replay) {
            sink.plan(format!("account {}: {difference}", replay.opening.key));
        }
    }
    let known: BTreeSet<_> = case
        .replays
        .iter()
        .map(|replay| &replay.opening.key)
        .collect();
    let mut told = BTreeSet::new();
    for account in &case.body.ledger {
        if !known.contains(&account.key) || !told.insert(&account.key) {
            sink.plan(format!("account {} is told twice or unknown", account.key));
        }
    }
    if known.len() != case.replays.len() {
        sink.plan("an account opens twice");
    }
    reservations(case, sink);
}

/// Where the plan's ledger is not what the steps do.
fn difference(case: &Case<'_>, replay: &Replay<'_>) -> Option<String> {
    let key = &replay.opening.key;
    let told = case.body.ledger.iter().find(|account| account.key == *key);
    let Some(told) = told else {
        return (!replay.moves.is_empty()).then(|| "the ledger does not tell it".to_owned());
    };
    let opening = replay.opening.available.map(signed);
    if opening != Some(told.opening) {
        return Some("the ledger opens with another amount".to_owned());
    }
    if told.entries.len() != replay.moves.len() {
        let (told, done) = (told.entries.len(), replay.moves.len());
        return Some(format!(
            "the ledger has {told} entries, the steps move cores {done} times"
        ));
    }
    let mut balance = told.opening;
    for (entry, moved) in told.entries.iter().zip(&replay.moves) {
        let step = case.graph.step(moved.at);
        balance = balance.saturating_add(moved.gain);
        let subscription = entry
            .subscription
            .as_ref()
            .map(crate::model::id::SubscriptionName::as_str);
        // An increase is told by the step that asks or by the one that waits for it.
        let asks = moved.subscription.is_none()
            && case
                .graph
                .siblings(moved.at, &[K::QuotaIncrease])
                .any(|at| case.graph.step(at).id == entry.step);
        let same = (entry.step == step.id || asks)
            && subscription == moved.subscription
            && entry.group == moved.gain
            && entry.balance == balance;
        if !same {
            return Some(format!(
                "the ledger's entry for `{}` is not what it does",
                step.id
            ));
        }
    }
    (told.closing != balance).then(|| "the ledger closes with another amount".to_owned())
}

/// A reservation grows only by `ensure` and shrinks only by what a leaving stamp had of it.
fn reservations(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (name, steps) in reservation_steps(case) {
        let opening = &case.body.opening.reservations[name];
        let mut now = i64::from(opening.instances.unwrap_or(0));
        for (at, instances) in steps {
            let step = case.graph.step(at);
            let least = match (&step.subject, step.kind) {
                (Subject::Stamp(stamp), K::ReservationReduce) => {
                    let stamp = case.body.opening.stamps.get(stamp);
                    let cores = stamp.and_then(|stamp| stamp.account.as_ref());
                    let share = cores.map_or(i64::MAX, |account| {
                        signed(account.cores / u64::from(opening.vcpus.max(1)))
                    });
                    now.saturating_sub(share).max(0)
                }
                _ => now,
            };
            let grows = instances > now && step.kind == K::ReservationReduce;
            if instances < least || grows {
                let message = format!("it takes reservation {name} from {now} to {instances}");
                sink.step(step, message);
            }
            now = instances;
        }
    }
}

/// The group has the cores.
pub const O_22: Rule = Rule {
    id: "O-22",
    title: "The group is seen to have the cores before they are allocated",
    level: Level::H,
    source: "S0-2, S0-76",
    why: "An allocation beyond the group's limit fails half way through a deployment.",
    help: "add quota.headroom for the whole amount before quota.allocate, or plan again",
    orders: &[],
    each: None,
    check: seen,
};

fn seen(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::QuotaAllocate) {
        let Some((_, moved)) = case.moved(at) else {
            continue;
        };
        // The headroom that counts is asked after the movement before this one.
        let mut checks = case.graph.siblings(at, &[K::QuotaHeadroom]);
        let enough = checks.any(|check| {
            let asked = headroom(case, case.graph.step(check));
            case.graph.is_before(check, at) && asked.is_some_and(|cores| cores >= -moved.gain)
        });
        if !enough {
            let cores = moved.gain.unsigned_abs();
            sink.step(
                step,
                format!("nothing checks that the group has {cores} cores for it"),
            );
        }
    }
    for (at, step) in case.of_kind(K::QuotaHeadroom) {
        if headroom(case, step).is_none() {
            sink.step(step, "it does not ask what the group has available");
        }
        for increase in case.graph.siblings(at, &[K::QuotaGranted]) {
            if !case.graph.is_before(increase, at) {
                sink.step(step, "it does not wait until the increase is granted");
            }
        }
    }
    created(case, sink);
}

/// A group that the plan creates is there before its cores are asked for.
fn created(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (create, step) in case.of_kind(K::QuotaGroupCreate) {
        let groups: Vec<&str> = step
            .act
            .operations()
            .iter()
            .map(|call| call.address.name())
            .collect();
        for kind in [K::QuotaIncrease, K::QuotaHeadroom] {
            for (at, later) in case.of_kind(kind) {
                let Subject::Quota(key) = &later.subject else {
                    continue;
                };
                if groups.contains(&key.group.as_str()) && !case.graph.is_before(create, at) {
                    sink.step(later, format!("it does not wait for `{}`", step.id));
                }
            }
        }
    }
}

/// No core is spent twice.
pub const O_30: Rule = Rule {
    id: "O-30",
    title: "Returned cores are allocated again only after their return is verified",
    level: Level::H,
    source: "S0-99; requirements G",
    why: "Until both sides show the return, the cores may still be where they were.",
    help: "let quota.headroom wait for the quota.verify whose cores it counts on",
    orders: &[],
    each: None,
    check: respent,
};

fn respent(case: &Case<'_>, sink: &mut Sink<'_>) {
    for replay in &case.replays {
        let Some(opening) = replay.opening.available else {
            continue;
        };
        let returns = replay.moves.iter().filter_map(|moved| {
            let step = case.graph.step(moved.at);
            (step.kind == K::QuotaReturn).then_some((moved.at, moved.gain))
        });
        let verified = |at: usize| {
            let mut all = case.graph.siblings(at, &[K::QuotaVerify]);
            all.find(|check| case.graph.is_before(at, *check))
        };
        let mut open: BTreeMap<usize, i64> = returns
            .filter_map(|(at, gain)| Some((verified(at)?, gain)))
            .collect();
        let mut sure = signed(opening);
        for moved in &replay.moves {
            let step = case.graph.step(moved.at);
            if step.kind == K::QuotaReturn {
                continue;
            }
            // Movements are totally ordered: what is verified before one is verified before the
            // next, so each return is looked for only until it is found.
            if sure.saturating_add(moved.gain) < 0 {
                open.retain(|&check, gain| {
                    let known = case.graph.is_before(check, moved.at);
                    sure = sure.saturating_add(if known { *gain } else { 0 });
                    !known
                });
            }
            sure = sure.saturating_add(moved.gain);
            if sure < 0 && moved.gain < 0 {
                let short = sure.unsigned_abs();
                let message = format!("{short} of its cores are returned and not yet verified");
                sink.step(step, message);
            }
        }
    }
}
