//! The list of changes that a reader is told, and the decisions behind them.

use std::collections::BTreeMap;

use stampctl_contract::Value;

use super::Context;
use super::format::Action;
use super::format::Change;
use super::format::Decision;
use super::format::SettingChange;
use super::format::Subject;
use crate::diff::Goal;
use crate::diff::StampDifference;
use crate::diff::TenantDifference;
use crate::diff::stamp::RetireReason;
use crate::model::StampId;
use crate::model::TenantId;
use crate::place::home::Home;
use crate::place::placement::OpenReason;
use crate::place::placement::StampOrigin;
use crate::place::placement::Why;

/// All changes, those that lose something first. What a finding holds back is not among them.
pub(super) fn list(context: &Context<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (id, difference) in &context.differences.stamps {
        if !context.is_blocked(&Subject::Stamp(id.clone())) {
            stamp(context, id, difference, &mut changes);
        }
    }
    for (id, difference) in &context.differences.tenants {
        if !context.is_blocked(&Subject::Tenant(id.clone())) {
            changes.extend(tenant(context, id, difference));
        }
    }
    changes.sort_by(|a, b| (a.action, &a.subject).cmp(&(b.action, &b.subject)));
    changes
}

/// The decisions of tenants that are new or move.
pub(super) fn decisions(context: &Context<'_>) -> BTreeMap<TenantId, Decision> {
    let told = context
        .differences
        .tenants
        .iter()
        .filter(|(id, difference)| {
            matches!(
                difference,
                TenantDifference::Onboard { .. } | TenantDifference::Move { .. }
            ) && !context.is_blocked(&Subject::Tenant((*id).clone()))
        });
    let decision = |id| Some(context.home(id)?.decision()?.into_owned());
    told.filter_map(|(id, _)| Some((id.clone(), decision(id)?)))
        .collect()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a setting may have no value"
)]
fn text(value: impl Into<Value>) -> Option<Value> {
    Some(value.into())
}

fn setting(name: &str, before: Option<Value>, after: Option<Value>) -> SettingChange {
    SettingChange {
        name: name.to_owned(),
        before,
        after,
    }
}

fn stamp(
    context: &Context<'_>,
    id: &StampId,
    difference: &StampDifference,
    changes: &mut Vec<Change>,
) {
    let subject = Subject::Stamp(id.clone());
    let state = |after: &str| {
        let before = difference.from.map(|state| Value::text(state.word()));
        vec![setting("state", before, text(after))]
    };
    let mut add = |action, why: String, settings| {
        changes.push(Change {
            action,
            subject: subject.clone(),
            why,
            settings,
        });
    };
    match &difference.goal {
        Goal::Make => add(Action::Create, why_made(context, id), made(context, id)),
        Goal::Wake => add(
            Action::Activate,
            "the manifest wants it active".into(),
            state("active"),
        ),
        Goal::Readmit => add(
            Action::Activate,
            "its isolation ends".into(),
            state("active"),
        ),
        Goal::Rest => add(
            Action::Drain,
            "the manifest wants it on standby".into(),
            state("ready"),
        ),
        Goal::Isolate => add(
            Action::Isolate,
            "the manifest isolates it".into(),
            state("isolated"),
        ),
        Goal::Retire(reason) => {
            let why = match reason {
                RetireReason::Manifest => "the manifest retires it".to_owned(),
                RetireReason::LastTenant(tenant) => {
                    format!("it was dedicated to {tenant}, which leaves")
                }
            };
            add(Action::Retire, why, state("deleted"));
        }
        Goal::Stay => {
            let mut settings = difference.update.settings.clone();
            if let Some((now, wanted)) = difference.scale {
                settings.insert(0, setting("compute.instances", text(now), text(wanted)));
            }
            if let Some(accepting) = difference.accepting {
                settings.push(setting("accepting", text(!accepting), text(accepting)));
            }
            if let Some(protect) = difference.protect {
                settings.push(setting("protect", text(!protect), text(protect)));
            }
            if !settings.is_empty() {
                add(Action::Update, "the manifest changed".into(), settings);
            }
            if !difference.repair.settings.is_empty() {
                let why = "it was changed outside of the manifest".to_owned();
                add(Action::Repair, why, difference.repair.settings.clone());
            }
        }
        Goal::NoWay(_) | Goal::Replace(_) | Goal::Hidden(_) => {}
    }
}

fn why_made(context: &Context<'_>, id: &StampId) -> String {
    match context
        .placement
        .stamps
        .get(id)
        .map(|placed| &placed.origin)
    {
        Some(StampOrigin::Opened { pool, why }) => match why {
            OpenReason::Minimum => format!("pool {pool} has fewer stamps than its minimum"),
            OpenReason::Demand(tenant) => {
                format!("no open stamp can take {tenant}; pool {pool} opens one")
            }
            OpenReason::Dedicated(tenant) => {
                format!("{tenant} needs a stamp of its own; pool {pool} opens it")
            }
            OpenReason::Band(stamp) => {
                format!("{stamp} is too full for more tenants; pool {pool} opens another")
            }
        },
        Some(StampOrigin::Declared | StampOrigin::Pool(_)) | None => {
            "the manifest names it and it does not exist".to_owned()
        }
    }
}

fn made(context: &Context<'_>, id: &StampId) -> Vec<SettingChange> {
    let Some(stamp) = context.blueprint.stamps.get(id) else {
        return Vec::new();
    };
    let shape = &stamp.shape;
    vec![
        setting("kind", None, text(shape.kind.word())),
        setting("region", None, text(shape.region.shared())),
        setting("zones", None, text(shape.zones.clone())),
        setting("compute.sku", None, text(shape.compute.sku.name.as_str())),
        setting("compute.instances", None, text(shape.compute.instances)),
    ]
}

fn tenant(context: &Context<'_>, id: &TenantId, difference: &TenantDifference) -> Option<Change> {
    let (action, why, settings) = match difference {
        TenantDifference::Onboard { to } => {
            let to = text(to.shared());
            (
                Action::Onboard,
                why_placed(context, id),
                vec![setting("stamp", None, to)],
            )
        }
        TenantDifference::Move { from, to } => {
            let change = setting("stamp", text(from.shared()), text(to.shared()));
            (Action::Move, why_placed(context, id), vec![change])
        }
        TenantDifference::Settle { from, to } => {
            let why = format!("its move to {to} is not settled: {from} still has its data");
            let change = setting("moved_from", text(from.shared()), None);
            (Action::Move, why, vec![change])
        }
        TenantDifference::Offboard { from, .. } => {
            let change = setting("stamp", text(from.shared()), None);
            (
                Action::Offboard,
                "the manifest ends its service".to_owned(),
                vec![change],
            )
        }
        TenantDifference::Entry(_) => {
            let why = "its registry entry says something else".to_owned();
            (Action::Repair, why, Vec::new())
        }
        TenantDifference::Erase => return None,
    };
    Some(Change {
        action,
        subject: Subject::Tenant(id.clone()),
        why,
        settings,
    })
}

/// Why a tenant goes where it goes, in the words of decision table DT-1.
fn why_placed(context: &Context<'_>, id: &TenantId) -> String {
    use crate::place::placement::ClassRule;
    use crate::place::placement::LeaveReason;
    let decision = context.home(id).and_then(Home::decision);
    let Some(decision) = decision else {
        return String::new();
    };
    let rule = |rule: &ClassRule| match rule {
        ClassRule::Tier => "tier enterprise",
        ClassRule::Contract => "an enterprise contract",
        ClassRule::Users => "its number of users",
        ClassRule::Cpu => "its share of CPU",
        ClassRule::Requests => "its requests a day",
        ClassRule::Storage => "the size of its data",
        ClassRule::Size => "its size",
    };
    let why = match &decision.why {
        Why::Stays => "it lives there".to_owned(),
        Why::Pinned => "the manifest pins it there".to_owned(),
        Why::Dedicated(by) => format!("{} needs a stamp of its own", rule(by)),
        Why::BestFit => "the best shared stamp with room".to_owned(),
        Why::OpenedStamp => "a stamp that this plan opens".to_owned(),
        Why::Consolidated(stamp) => format!("{stamp} is being emptied"),
        Why::Left(reason) => match reason {
            LeaveReason::StampRetired => "its stamp is retired".to_owned(),
            LeaveReason::StampMissing => "its stamp is none of the fleet's".to_owned(),
            LeaveReason::Region => "its region is another now".to_owned(),
            LeaveReason::Dedicated(by) => format!("{} needs a stamp of its own now", rule(by)),
            LeaveReason::Pinned => "the manifest pins it elsewhere".to_owned(),
            LeaveReason::Overload(dimension) => {
                format!("its stamp has too little {}", dimension.word())
            }
            LeaveReason::AntiAffinity(group) => {
                format!("its stamp has another tenant of group {group}")
            }
        },
    };
    format!("{why} (row {} of DT-1)", decision.row)
}
