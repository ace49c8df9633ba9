//! A plan before its judge: the plan, its graph, and who owns which resource. Pure.
//!
//! Ownership follows from the opening world and from the rules for names, never from what a step
//! says of itself.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::graph::Graph;
use super::ledger;
use super::ledger::Move;
use super::ledger::Replay;
use crate::model::QuotaKey;
use crate::model::StampId;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::names;
use crate::plan::format::Body;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::plan::format::opening::OpeningAccount;
use crate::plan::format::opening::OpeningStamp;
use crate::plan::format::opening::OpeningTenant;

/// A plan with everything that rules look things up in.
pub struct Case<'p> {
    /// What the plan says.
    pub body: &'p Body,
    /// Its steps as a graph.
    pub graph: Graph<'p>,
    /// The stamp of each resource group, by the group's path.
    groups: BTreeMap<&'p str, &'p StampId>,
    /// The stamp of each origin.
    origins: BTreeMap<&'p Address, &'p StampId>,
    /// Accounts by key.
    accounts: BTreeMap<&'p QuotaKey, &'p OpeningAccount>,
    /// Every account, replayed.
    pub replays: Vec<Replay<'p>>,
    /// Where in the replays a step moves cores: account and movement.
    moves: BTreeMap<usize, (usize, usize)>,
}

impl<'p> Case<'p> {
    /// The case of a body whose steps form this graph.
    pub fn new(body: &'p Body, graph: Graph<'p>) -> Self {
        let groups = body.opening.stamps.iter();
        let groups = groups.map(|(id, stamp)| (stamp.resource_group.path(), id));
        let origins = body.opening.stamps.iter();
        let origins = origins.filter_map(|(id, stamp)| Some((stamp.origin.as_ref()?, id)));
        let accounts = body.opening.accounts.iter();
        let replays = ledger::replay(body, &graph);
        let mut moves = BTreeMap::new();
        for (account, replay) in replays.iter().enumerate() {
            for (place, moved) in replay.moves.iter().enumerate() {
                moves.insert(moved.at, (account, place));
            }
        }
        Self {
            body,
            graph,
            groups: groups.collect(),
            origins: origins.collect(),
            accounts: accounts.map(|account| (&account.key, account)).collect(),
            replays,
            moves,
        }
    }

    /// All steps with their places, in an order that the edges allow.
    pub fn steps(&self) -> impl Iterator<Item = (usize, &'p Step)> {
        let order = self.graph.order().iter();
        order.map(|&at| (at, self.graph.step(at)))
    }

    /// All steps of a kind with their places.
    pub fn of_kind(&self, kind: StepKind) -> impl Iterator<Item = (usize, &'p Step)> {
        let steps = self.graph.of_kind(kind).iter();
        steps.map(|&at| (at, self.graph.step(at)))
    }

    /// The stamp that a step is about, as it was.
    pub fn stamp(&self, step: &'p Step) -> Option<(&'p StampId, &'p OpeningStamp)> {
        match &step.subject {
            Subject::Stamp(id) => Some((id, self.body.opening.stamps.get(id)?)),
            Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) | Subject::Tenant(_) => {
                None
            }
        }
    }

    /// The tenant that a step is about, as it was.
    pub fn tenant(&self, step: &'p Step) -> Option<(&'p TenantId, &'p OpeningTenant)> {
        match &step.subject {
            Subject::Tenant(id) => Some((id, self.body.opening.tenants.get(id)?)),
            Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) | Subject::Stamp(_) => {
                None
            }
        }
    }

    /// Where the stamp that a step is about was in its life.
    pub fn state(&self, step: &Step) -> Option<StampState> {
        match &step.subject {
            Subject::Stamp(id) => self.body.opening.stamps.get(id)?.state,
            Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) | Subject::Tenant(_) => {
                None
            }
        }
    }

    /// The account, as it was.
    pub fn account(&self, key: &QuotaKey) -> Option<&'p OpeningAccount> {
        self.accounts.get(key).copied()
    }

    /// The cores that a step moves, with the account.
    pub fn moved(&self, at: usize) -> Option<(&Replay<'p>, &Move<'p>)> {
        let &(account, place) = self.moves.get(&at)?;
        let replay = &self.replays[account];
        Some((replay, &replay.moves[place]))
    }

    /// The stamp whose resource group holds the address or is it.
    pub fn owner(&self, address: &Address) -> Option<&'p StampId> {
        address.part("resource_group")?;
        let path = address.path();
        let mut slashes = path.match_indices('/').map(|(at, _)| at).skip(1);
        let group = &path[..slashes.next().unwrap_or(path.len())];
        self.groups.get(group).copied()
    }

    /// Whether the address is in the stamp's resource group, or is it.
    pub fn is_owned_by(&self, address: &Address, stamp: &StampId) -> bool {
        self.owner(address) == Some(stamp)
    }

    /// The stamp that ingress reaches through this origin.
    pub fn behind(&self, origin: &Address) -> Option<&'p StampId> {
        self.origins.get(origin).copied()
    }

    /// The tenant of the opening world whose data the address holds, by kind and name.
    pub fn tenant_of(&self, address: &Address) -> Option<&'p TenantId> {
        let name = address.name();
        let id = match address.kind() {
            Kind::SqlDatabase => name.strip_prefix("db-")?,
            Kind::TenantSchema => name,
            Kind::BlobContainer => name.strip_prefix("tenant-")?,
            _ => return None,
        };
        let (id, _) = self.body.opening.tenants.get_key_value(&id.parse().ok()?)?;
        self.is_data_of(address, id).then_some(id)
    }

    /// Whether the address is one of the resources that a stamp is made of, by group and name.
    /// A stamp has one of each kind, and a scale set for each zone.
    pub fn is_part_of(&self, address: &Address, stamp: &StampId) -> bool {
        let Some(physical) = self.physical(stamp) else {
            return false;
        };
        let name = address.name();
        let named = match address.kind() {
            Kind::SqlServer => name == names::sql_server(&physical),
            Kind::SqlDatabase => {
                address.part("server") == Some(names::sql_server(&physical).as_str())
            }
            Kind::StorageAccount => name == names::storage_account(&physical),
            Kind::ScaleSet => {
                let zone = name.strip_prefix(&names::scale_set(&physical, ""));
                zone.is_some_and(|zone| zone.bytes().all(|b| b.is_ascii_alphanumeric()))
            }
            Kind::Alert => name == names::health_alert(&physical),
            Kind::Lock => name == names::lock(&physical),
            _ => false,
        };
        named && self.is_owned_by(address, stamp)
    }

    /// The cores that deleting the stamp would lose: what it holds of its account, less what is
    /// kept back on purpose.
    pub fn cores_at_stake(&self, stamp: &StampId) -> u64 {
        let held = self.body.opening.stamps.get(stamp);
        let held = held.and_then(|stamp| stamp.account.as_ref());
        held.map_or(0, |account| account.cores.saturating_sub(account.retained))
    }

    /// The physical name of the stamp's generation that the plan works on.
    pub fn physical(&self, stamp: &StampId) -> Option<String> {
        let opening = self.body.opening.stamps.get(stamp)?;
        Some(names::generation(stamp, opening.generation))
    }

    /// Whether the address is the registry entry of this collection and id.
    pub fn is_entry(&self, address: &Address, collection: &str, id: &str) -> bool {
        let mut parts = address.parts();
        address.kind() == Kind::RegistryItem
            && parts.next() == Some(self.body.registry.as_str())
            && parts.next() == Some(collection)
            && parts.next() == Some(id)
    }

    /// Whether the address holds data of this tenant and of no other, by its kind and name.
    pub fn is_data_of(&self, address: &Address, tenant: &TenantId) -> bool {
        match address.kind() {
            Kind::SqlDatabase => address.name() == names::tenant_database(tenant),
            Kind::TenantSchema => address.name() == tenant.as_str(),
            Kind::BlobContainer => address.name() == names::tenant_container(tenant),
            _ => false,
        }
    }

    /// The group's quota of an account, as conditions and calls address it.
    pub fn group_quota(&self, key: &QuotaKey) -> Option<Address> {
        let account = self.account(key)?;
        let group = key.group.as_str();
        let parts = [
            &account.management_group,
            group,
            key.region.as_str(),
            &key.family,
        ];
        Address::new(Kind::GroupQuota, &parts).ok()
    }

    /// What a group has allocated to a subscription, as conditions and calls address it.
    pub fn allocation(&self, key: &QuotaKey, subscription: &str) -> Option<Address> {
        let account = self.account(key)?;
        let group = key.group.as_str();
        let (region, family) = (key.region.as_str(), key.family.as_str());
        let parts = [
            &account.management_group,
            group,
            subscription,
            region,
            family,
        ];
        Address::new(Kind::QuotaAllocation, &parts).ok()
    }

    /// A subscription's quota, as conditions address it.
    pub fn subscription_quota(&self, key: &QuotaKey, subscription: &str) -> Option<Address> {
        let parts = [subscription, key.region.as_str(), &key.family];
        Address::new(Kind::Quota, &parts).ok()
    }
}
