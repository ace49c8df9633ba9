//! Findings that hold nothing back: what a reader should know all the same.

use std::collections::BTreeMap;

use super::finding;
use super::is_alarming;
use super::removed;
use crate::diff::Goal;
use crate::diff::settings::SettingChange;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::policy::Band;
use crate::model::stamp::Shape;
use crate::observe::SeenStamp;
use crate::place::home::Other;
use crate::place::placement::Ineligible;
use crate::place::placement::PlacedStamp;
use crate::place::placement::PoolIneligible;
use crate::place::placement::Unplaceable;
use crate::plan::context::Context;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::Subject;

/// Stamps and tenants that exist and are not in the manifest.
pub(super) fn unmanaged(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let policy = context.policy().on_removed;
    for (id, seen) in &context.inventory.stamps {
        if seen.state == StampState::Deleted || context.placement.stamps.contains_key(id) {
            continue;
        }
        findings.push(finding(
            removed(policy, FindingCode::UnmanagedStamp),
            Subject::Stamp(id.clone()),
            format!(
                "is {} in {} and not in the manifest",
                seen.state.word(),
                seen.region
            ),
            Some("R7"),
            "write its block again, or retire it with `desired: retired`",
        ));
    }
    for Other { id, meant, seen } in &context.placement.others {
        if meant.is_some() || context.differences.tenants.contains_key(*id) {
            continue;
        }
        findings.push(finding(
            removed(policy, FindingCode::UnmanagedTenant),
            Subject::Tenant((*id).clone()),
            format!(
                "is {} on {} and not in the manifest",
                seen.state.word(),
                seen.stamp
            ),
            Some("R7"),
            "write its block again, or end its service with `desired: offboarded`",
        ));
    }
}

/// Bands, loads that are UNKNOWN, regions with few stamps, stamps long on standby.
pub(super) fn load(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut serving: BTreeMap<_, u32> = BTreeMap::new();
    for (id, placed) in &context.placement.stamps {
        let Some(shape) = &placed.stamp.shape else {
            continue;
        };
        let seen = context.inventory.stamps.get(id);
        let goal = context.differences.stamps.get(id).map(|d| &d.goal);
        let leaves = matches!(goal, Some(Goal::Retire(_) | Goal::Rest));
        if seen.is_some_and(|seen| seen.state == StampState::Active) || context.serves_anew(id) {
            *serving
                .entry((shape.region.clone(), shape.kind))
                .or_default() += u32::from(!leaves);
        }
        of_stamp(id, placed, shape, findings);
        if let Some(seen) = seen {
            standby(context, id, seen, findings);
        }
    }
    let fewest = context.policy().capacity.min_active_stamps;
    for ((region, kind), active) in serving {
        if kind == StampKind::Shared && active < fewest {
            findings.push(finding(
                FindingCode::FewStamps,
                Subject::Fleet,
                format!("{active} shared stamps serve {region}, the policy wants {fewest}"),
                Some("S2-62"),
                "declare another stamp, or raise the pool's minimum",
            ));
        }
    }
}

/// A load that is UNKNOWN, or so high that something is to be done.
fn of_stamp(id: &StampId, placed: &PlacedStamp, shape: &Shape, findings: &mut Vec<Finding>) {
    let subject = Subject::Stamp(id.clone());
    if let (Band::Unknown, Some(dimension)) = (placed.band, placed.load_before.first_unknown())
        && shape.kind == StampKind::Shared
    {
        findings.push(finding(
            FindingCode::LoadUnknown,
            subject.clone(),
            format!("{} is UNKNOWN, so it takes no tenant", dimension.word()),
            Some("X-7"),
            "see that its metrics are reported",
        ));
    }
    if is_alarming(placed.band)
        && let Some(load) = placed.load_before.known()
    {
        let (dimension, points) = load.fullest(&shape.capacity);
        findings.push(finding(
            FindingCode::Band,
            subject.clone(),
            format!(
                "{} at {}.{:02} %: band {}",
                dimension.word(),
                points / 100,
                points % 100,
                placed.band.word()
            ),
            Some("DT-2"),
            match placed.band {
                Band::Plan => "plan another stamp; it takes two weeks to have one",
                Band::Provision => "it takes no tenant by itself; provision another stamp",
                Band::Pause | Band::Deny | Band::Open | Band::Unknown => {
                    "it takes no tenant; provision another stamp now"
                }
            },
        ));
    }
}

/// A stamp that has stood by for long.
fn standby(context: &Context<'_>, id: &StampId, seen: &SeenStamp, findings: &mut Vec<Finding>) {
    if let (StampState::Ready, Some(since)) = (seen.state, seen.since) {
        let age = context
            .inventory
            .observed_at
            .duration_since(since)
            .as_secs();
        let limit = context.policy().standby.max_age;
        if u64::try_from(age).unwrap_or(0) > limit.0 {
            findings.push(finding(
                FindingCode::StandbyOld,
                Subject::Stamp(id.clone()),
                format!("has been on standby for more than {limit}"),
                Some("S2-19"),
                "activate it, or retire it",
            ));
        }
    }
}

/// What could not be looked at.
pub(super) fn gaps(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for gap in &context.inventory.gaps {
        let kind = gap.kind.map_or("everything", stampctl_contract::Kind::word);
        findings.push(finding(
            FindingCode::Gap,
            Subject::Fleet,
            format!(
                "{kind} beneath `{}` is UNKNOWN: {}",
                gap.beneath, gap.reason
            ),
            Some("I-6"),
            "observe again, or give the reader the right to see it",
        ));
    }
}

/// Settings that cannot change in place.
pub(super) fn settings(settings: &[SettingChange]) -> String {
    let shown = settings.iter().take(4).map(|setting| {
        let value = |value: &Option<stampctl_contract::Value>| {
            value
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        format!(
            "{} {} -> {}",
            setting.name,
            value(&setting.before),
            value(&setting.after)
        )
    });
    let shown: Vec<String> = shown.collect();
    format!("cannot change in place: {}", shown.join(", "))
}

/// Why nothing takes a tenant: stamps by reason, then pools.
pub(super) fn passed_over(why: &Unplaceable) -> String {
    let mut parts: Vec<String> = Vec::new();
    for passed in &why.passed_over {
        let reason = match passed.why {
            Ineligible::Region => "in another region".to_owned(),
            Ineligible::Kind => "of the other kind".to_owned(),
            Ineligible::State => "not active".to_owned(),
            Ineligible::Closed => "closed for tenants".to_owned(),
            Ineligible::Dr => "for disasters only".to_owned(),
            Ineligible::Unknown(dimension) => format!("{} UNKNOWN", dimension.word()),
            Ineligible::Band(dimension) => format!("too full in {}", dimension.word()),
            Ineligible::WouldReach(dimension) => {
                format!("would be too full in {}", dimension.word())
            }
            Ineligible::Full => "full of tenants".to_owned(),
            Ineligible::AntiAffinity => "with a tenant of its group".to_owned(),
        };
        let first: Vec<&str> = passed.first.iter().map(StampId::as_str).collect();
        parts.push(format!("{} {reason} ({})", passed.count, first.join(", ")));
    }
    for pool in &why.pools {
        let reason = match &pool.why {
            PoolIneligible::Maximum(most) => format!("has its most stamps ({most})"),
            PoolIneligible::Quota { needed, free } => {
                format!("needs {needed} cores, {free} are free")
            }
            PoolIneligible::QuotaUnknown => "cannot see its quota".to_owned(),
            PoolIneligible::TooLarge(dimension) => {
                format!("has no stamp with so much {}", dimension.word())
            }
        };
        parts.push(format!("pool {} {reason}", pool.pool));
    }
    if why.pools.is_empty() {
        parts.push("no pool fits".to_owned());
    }
    parts.join("; ")
}
