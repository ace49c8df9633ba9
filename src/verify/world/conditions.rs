//! What a condition that holds tells about the abstract world. Pure.

use stampctl_contract::Kind;
use stampctl_contract::Value;

use super::Place;
use super::Resident;
use super::World;
use crate::model::StampId;
use crate::plan::format::Condition;
use crate::plan::format::Step;
use crate::verify::case::Case;
use crate::verify::ledger::signed;

impl World {
    /// Whether a condition may hold: no, where the world knows better.
    pub(super) fn may_hold(&self, case: &Case<'_>, condition: &Condition) -> bool {
        let Condition::FewerThan { matching, count } = condition else {
            return true;
        };
        let Some((setting, Value::Text(id))) = &matching.equals else {
            return true;
        };
        let stamp = id.parse().ok().and_then(|id: StampId| self.stamps.get(&id));
        let counts = setting == "stamp" && matching.beneath.starts_with(&case.body.registry);
        !counts || stamp.is_none_or(|place| place.tenants < i64::from(*count))
    }

    /// What a condition that holds tells.
    pub(super) fn learn(&mut self, case: &Case<'_>, step: &Step, condition: &Condition) {
        self.learn_of_limit(case, condition);
        let resident = case
            .tenant(step)
            .and_then(|(id, _)| self.tenants.get_mut(id));
        if let Some(resident) = resident {
            learn_of_tenant(case, resident, condition);
        }
        let stamp = case.stamp(step).and_then(|(id, _)| self.stamps.get_mut(id));
        let owned = condition.address().and_then(|address| case.owner(address));
        let about_itself = owned.is_none() || owned == case.stamp(step).map(|(id, _)| id);
        if let (Some(place), true) = (stamp, about_itself) {
            let cores = case
                .stamp(step)
                .map_or(0, |(id, _)| signed(case.cores_at_stake(id)));
            learn_of_stamp(case, step, place, cores, condition);
        }
    }

    /// A group's limit that is seen to be higher has its new cores to give.
    fn learn_of_limit(&mut self, case: &Case<'_>, condition: &Condition) {
        let Condition::AtLeast {
            address,
            setting,
            limit,
        } = condition
        else {
            return;
        };
        if address.kind() != Kind::GroupQuota || setting != "limit" {
            return;
        }
        let accounts = &case.body.opening.accounts;
        let of = |key| case.group_quota(key).as_ref() == Some(address);
        let Some(at) = accounts.iter().position(|account| of(&account.key)) else {
            return;
        };
        let ledger = &mut self.accounts[at];
        if *limit > ledger.limit {
            ledger.available += *limit - ledger.limit;
            ledger.limit = *limit;
        }
    }
}

fn learn_of_tenant(case: &Case<'_>, resident: &mut Resident, condition: &Condition) {
    match condition {
        Condition::Is {
            address, setting, ..
        } => match (address.kind(), setting.as_str()) {
            (Kind::Backup, "verified") => resident.saved = true,
            (Kind::RegistryItem, "held") => resident.unheld = true,
            _ => {}
        },
        Condition::AtMost {
            setting, limit: 0, ..
        } if setting == "active_requests" => {
            resident.quiet = true;
        }
        Condition::SameContent { .. } => resident.equal = resident.copied || resident.equal,
        Condition::Elapsed { seconds, .. } => {
            resident.soaked = *seconds >= case.body.policy.migration.soak;
        }
        Condition::Confirmed { .. } => resident.confirmed = true,
        _ => {}
    }
}

fn learn_of_stamp(
    case: &Case<'_>,
    step: &Step,
    place: &mut Place,
    cores: i64,
    condition: &Condition,
) {
    let stamp = case.stamp(step).map(|(id, _)| id);
    match condition {
        Condition::Is {
            address,
            setting,
            value,
        } => match (address.kind(), setting.as_str()) {
            (Kind::Health, "smoke") => place.healthy = *value == Value::Bool(true),
            (Kind::Backup, "verified") => place.saved = true,
            (Kind::RegistryItem, "held") => place.unheld = true,
            _ => {}
        },
        Condition::AtMost {
            setting, limit: 0, ..
        } if setting == "jobs" => place.idle = true,
        Condition::ChangedBy { address, by, .. } if address.kind() == Kind::GroupQuota => {
            place.returned = place.returned || *by >= cores;
        }
        Condition::FewerThan { matching, count: 1 } => match &matching.equals {
            Some((name, Value::Text(id))) if name == "stamp" => {
                place.empty_seen = stamp.is_some_and(|stamp| stamp.as_str() == &**id);
            }
            Some((_, Value::Text(id))) => {
                place.unheld = stamp.is_some_and(|stamp| stamp.as_str() == &**id);
            }
            Some((name, Value::Bool(true))) if name == "held" => place.unheld = true,
            _ => {}
        },
        Condition::OnlyOwned { group, .. } => place.owned = case.owner(group) == stamp,
        _ => {}
    }
}
