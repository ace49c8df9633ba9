//! Quota groups: the steps that make them, fill them with members and ask for more.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::QuotaPlan;
use super::books::Books;
use super::books::signed;
use crate::model::Increase;
use crate::model::QuotaGroupName;
use crate::plan::Context;
use crate::plan::capacity::Held;
use crate::plan::draft::Draft;
use crate::plan::draft::StepDraft;
use crate::plan::draft::is;
use crate::plan::draft::put;
use crate::plan::format::Condition;
use crate::plan::format::Finding;
use crate::plan::format::FindingCode;
use crate::plan::format::Patience;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// Groups that do not exist, or lack a member, are put (design §11.3).
pub(super) fn groups(
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

/// What the manifest expects of the group and it does not have.
pub(super) fn increase(
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
