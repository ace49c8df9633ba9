//! P-3: a check asks what its kind is there to ask, of what was done before it. Pure.
//!
//! More conditions than these are welcome. One of these missing, or asked of another resource,
//! and the check would pass where it must not.

mod asked;
mod stamp;
mod tenant;

use stampctl_contract::Address;

use crate::model::StampId;
use crate::plan::format::Act;
use crate::plan::format::Condition;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::case::Case;
use crate::verify::ledger::signed;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;
use asked::Asked;

/// A check asks what it is there to ask.
pub const P_3: Rule = Rule {
    id: "P-3",
    title: "A check asks what its kind is there to ask, after the step that it judges",
    level: Level::H,
    source: "docs/workflows.md; X-36, X-37, X-70",
    why: "A check that asks less, or asks about something else, passes where it must not. A \
          missing tag once counted as zero tenants (X-36).",
    help: "plan again; the conditions of a check are not for editing",
    orders: &[
        Order {
            then: &[K::QuotaGranted],
            first: &[K::QuotaIncrease],
            needed: always,
        },
        Order {
            then: &[K::ReservationVerify],
            first: &[K::ReservationEnsure],
            needed: always,
        },
        Order {
            then: &[K::QuotaVerify],
            first: &[K::QuotaReturn],
            needed: always,
        },
        Order {
            then: &[K::IngressVerify],
            first: &[K::IngressAdd],
            needed: always,
        },
        Order {
            then: &[K::BackupVerify],
            first: &[K::StampBackup],
            needed: if_there,
        },
        Order {
            then: &[K::SnapshotVerify],
            first: &[K::TenantSnapshot],
            needed: always,
        },
        Order {
            then: &[K::ExportVerify],
            first: &[K::TenantExport],
            needed: always,
        },
        Order {
            then: &[K::SourceAbsence],
            first: &[K::SourceDelete],
            needed: always,
        },
        Order {
            then: &[K::TenantAbsence],
            first: &[K::TenantDelete],
            needed: always,
        },
    ],
    each: Some(each),
    check: orders_only,
};

fn each(case: &Case<'_>, at: usize, sink: &mut Sink<'_>) {
    let step = case.graph.step(at);
    let Act::Check {
        conditions,
        patience,
    } = &step.act
    else {
        return;
    };
    if conditions.is_empty() || patience.good == 0 {
        sink.step(step, "it asks nothing");
        return;
    }
    let conditions = Asked(conditions);
    let missing = match &step.subject {
        Subject::Quota(_) | Subject::Reservation(_) => stamp::capacity(case, at, step, conditions),
        Subject::Stamp(id) => stamp::of_stamp(case, at, step, id, conditions),
        Subject::Tenant(_) => tenant::of_tenant(case, at, conditions),
        Subject::Fleet => None,
    };
    if let Some(missing) = missing {
        sink.step(step, format!("it does not ask {missing}"));
    }
    if step.kind == K::StampHealth && patience.good < case.body.policy.health.healthy.min(2) {
        sink.step(step, "it does not ask twice in a row");
    }
}

/// The addresses that steps of these kinds and of the same subject call.
fn targets<'c>(
    case: &'c Case<'_>,
    at: usize,
    kinds: &'c [StepKind],
) -> impl Iterator<Item = &'c Address> {
    let calls = case.sibling_calls(at, kinds);
    calls.map(|call| &call.operation.address)
}

/// How many cores a headroom check makes sure of; `None` where it asks something else.
pub(super) fn headroom(case: &Case<'_>, step: &Step) -> Option<i64> {
    let Subject::Quota(key) = &step.subject else {
        return None;
    };
    let quota = case.group_quota(key)?;
    let conditions = step.act.conditions().iter();
    conditions
        .filter_map(|condition| match condition {
            Condition::AtLeast {
                address,
                setting,
                limit,
            } if *address == quota && setting == "available" => Some(*limit),
            _ => None,
        })
        .max()
}

/// The cores of a stamp, signed.
pub(super) fn at_stake(case: &Case<'_>, stamp: &StampId) -> i64 {
    signed(case.cores_at_stake(stamp))
}
