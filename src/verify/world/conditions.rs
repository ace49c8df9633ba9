//! What a condition that holds tells about the abstract world. Pure.

use stampctl_contract::Kind;
use stampctl_contract::Value;

use super::Place;
use super::Resident;
use super::World;
use super::may_be_of;
use crate::plan::format::Condition;
use crate::verify::case::Case;
use crate::verify::case::at_stake;
use crate::verify::ledger::signed;

impl<'p> World<'p> {
    /// Whether a condition may hold: no, where the world knows better.
    pub(super) fn may_hold(&self, case: &Case<'_>, condition: &Condition) -> bool {
        let Condition::FewerThan { matching, count } = condition else {
            return true;
        };
        let Some((setting, Value::Text(id))) = &matching.equals else {
            return true;
        };
        let stamp = case.index.stamp(id).map(|number| &self.stamps[number]);
        let counts = setting == "stamp" && matching.beneath.starts_with(&case.body.registry);
        !counts || stamp.is_none_or(|place| place.tenants < i64::from(*count))
    }

    /// What a condition that holds tells.
    pub(super) fn learn(&mut self, case: &Case<'p>, at: usize, condition: &Condition) {
        self.learn_of_limit(case, condition);
        let family = case.graph.family_of(at);
        if let Some(tenant) = case.index.tenant_of(family) {
            learn_of_tenant(case, &mut self.tenants[tenant], condition);
        }
        let Some(stamp) = case.index.stamp_of(family) else {
            return;
        };
        let address = condition.address();
        let owned = address.and_then(|address| case.index.owner(address));
        if owned.is_none_or(|owned| owned == stamp) {
            learn_of_stamp(case, stamp, &mut self.stamps[stamp], condition);
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
        let of = |key| may_be_of(key, address) && case.group_quota(key).as_ref() == Some(address);
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

fn learn_of_tenant(case: &Case<'_>, resident: &mut Resident<'_>, condition: &Condition) {
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

fn learn_of_stamp(case: &Case<'_>, stamp: usize, place: &mut Place, condition: &Condition) {
    let (id, opening) = case.index.stamps()[stamp];
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
            place.returned = place.returned || *by >= signed(at_stake(opening));
        }
        Condition::FewerThan { matching, count: 1 } => match &matching.equals {
            Some((name, Value::Text(named))) if name == "stamp" => {
                place.empty_seen = id.as_str() == &**named;
            }
            Some((_, Value::Text(named))) => place.unheld = id.as_str() == &**named,
            Some((name, Value::Bool(true))) if name == "held" => place.unheld = true,
            _ => {}
        },
        Condition::OnlyOwned { group, .. } => {
            place.owned = case.index.owner(group) == Some(stamp);
        }
        _ => {}
    }
}
