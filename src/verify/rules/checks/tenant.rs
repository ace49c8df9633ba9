//! What checks about tenants must ask. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::asked::Asked;
use super::targets;
use crate::plan::format::Condition;
use crate::plan::format::StepKind as K;
use crate::verify::case::Case;

/// What makes something for a tenant that comes.
const MADE: &[K] = &[
    K::TenantData,
    K::TenantBlob,
    K::ApiUser,
    K::ApiSubscribe,
    K::ApiPolicy,
];

/// What a check about a tenant fails to ask.
pub(super) fn of_tenant(case: &Case<'_>, at: usize, asked: Asked<'_>) -> Option<String> {
    let (tenant, _) = case.tenant(at)?;
    let entry = |a: &Address| case.is_entry(a, "tenants", tenant.as_str());
    let unless = |asked: bool, what: &str| (!asked).then(|| what.to_owned());
    let yes = Value::Bool(true);
    match case.graph.kind(at) {
        K::TenantHealth => unless(
            targets(case, at, MADE).all(|a| asked.present(a)),
            "that everything made for the tenant is there",
        ),
        K::SnapshotVerify => unless(
            targets(case, at, &[K::TenantSnapshot]).all(|a| asked.is(a, "verified", &yes)),
            "that the snapshot is verified",
        ),
        K::ExportVerify => unless(
            targets(case, at, &[K::TenantExport]).all(|a| asked.is(a, "verified", &yes)),
            "that the export is verified",
        ),
        K::SourceAbsence => unless(
            targets(case, at, &[K::SourceDelete]).all(|a| asked.absent(a)),
            "that everything deleted on the source is gone",
        ),
        K::TenantAbsence => unless(
            targets(case, at, &[K::TenantDelete]).all(|a| asked.absent(a)),
            "that everything deleted is gone",
        ),
        K::TenantCompare => unless(
            compared(case, at, asked),
            "that every copy has the content of its source",
        ),
        K::TenantSoak => {
            let switch = case.graph.siblings(at, &[K::TenantSwitch]).next()?;
            let switch = &case.graph.step(switch).id;
            let least = case.body.policy.migration.soak;
            let soaked = asked.0.iter().any(|condition| {
                matches!(condition, Condition::Elapsed { since, seconds }
                    if since == switch && *seconds >= least)
            });
            (!soaked).then(|| format!("that {least} have passed since the switch"))
        }
        K::TenantConfirm => {
            let mut all = asked.0.iter();
            unless(
                all.any(|condition| matches!(condition, Condition::Confirmed { .. })),
                "a person to confirm",
            )
        }
        K::HoldCheck => {
            let held = asked.0.iter().any(|condition| {
                matches!(condition, Condition::Is { address, setting, value: Value::Bool(false) }
                    if entry(address) && setting == "held")
            });
            unless(held, "that the tenant is on no hold")
        }
        K::TenantDrain => {
            let own = |a: &Address| {
                a.kind() == Kind::TenantMetrics
                    && a.part("registry") == Some(case.body.registry.as_str())
                    && a.name() == tenant.as_str()
            };
            unless(
                asked.at_most(own, "active_requests", 0),
                "that no request of the tenant runs",
            )
        }
        _ => None,
    }
}

fn compared(case: &Case<'_>, at: usize, asked: Asked<'_>) -> bool {
    case.sibling_calls(at, &[K::TenantCopy]).all(|call| {
        let Verb::Copy { from, .. } = &call.operation.verb else {
            return true;
        };
        let to = &call.operation.address;
        asked.0.iter().any(|condition| {
            matches!(condition, Condition::SameContent { source, destination }
                if (source == from && destination == to) || (source == to && destination == from))
        })
    })
}
