//! A plan before its judge: the plan, its graph, and who owns which resource. Pure.
//!
//! Ownership follows from the opening world and from the rules for names, never from what a step
//! says of itself.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::arrivals;
use super::arrivals::Arrival;
use super::calls::Call;
use super::calls::Calls;
use super::graph::Graph;
use super::index::Index;
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
use crate::plan::format::opening::OpeningAccount;
use crate::plan::format::opening::OpeningStamp;
use crate::plan::format::opening::OpeningTenant;

/// What stands before a tenant's id in the name of its database; see [`names::tenant_database`].
const DATABASE: &str = "db-";
/// What stands before it in the name of its container; see [`names::tenant_container`].
const CONTAINER: &str = "tenant-";

/// A plan with everything that rules look things up in.
pub struct Case<'p> {
    /// What the plan says.
    pub body: &'p Body,
    /// Its steps as a graph.
    pub graph: Graph<'p>,
    /// The opening world by number.
    pub index: Index<'p>,
    calls: Calls<'p>,
    arrivals: Vec<Arrival<'p>>,
    /// Accounts by key.
    accounts: BTreeMap<&'p QuotaKey, &'p OpeningAccount>,
    account_numbers: BTreeMap<&'p QuotaKey, usize>,
    /// Every account, replayed.
    pub replays: Vec<Replay<'p>>,
    /// Where in the replays a step moves cores: account and movement.
    moves: BTreeMap<usize, (usize, usize)>,
}

impl<'p> Case<'p> {
    /// The case of a body whose steps form this graph.
    pub fn new(body: &'p Body, graph: Graph<'p>) -> Self {
        let index = Index::of(&body.opening, &graph);
        let calls = Calls::of(&graph, &index);
        let accounts = body.opening.accounts.iter();
        let mut account_numbers = BTreeMap::new();
        for (at, account) in accounts.clone().enumerate() {
            account_numbers.entry(&account.key).or_insert(at);
        }
        let replays = ledger::replay(body, &graph, &calls);
        let mut moves = BTreeMap::new();
        for (account, replay) in replays.iter().enumerate() {
            for (place, moved) in replay.moves.iter().enumerate() {
                moves.insert(moved.at, (account, place));
            }
        }
        Self {
            body,
            arrivals: arrivals::arrivals(&graph, &index, &calls),
            graph,
            index,
            calls,
            accounts: accounts.map(|account| (&account.key, account)).collect(),
            account_numbers,
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

    /// The calls of a step.
    pub fn calls(&self, at: usize) -> &[Call<'p>] {
        self.calls.step(at)
    }

    /// How many resources the calls change; see [`Call::resource`].
    pub fn resources(&self) -> usize {
        self.calls.resources()
    }

    /// The stamp that a step which routes a tenant makes its home.
    pub fn new_home(&self, at: usize) -> Option<&'p str> {
        self.calls.home(at)
    }

    /// The calls of the steps of these kinds with the same subject as `at`.
    pub fn sibling_calls(&self, at: usize, kinds: &[StepKind]) -> impl Iterator<Item = &Call<'p>> {
        let siblings = self.graph.siblings(at, kinds);
        siblings.flat_map(|step| self.calls(step))
    }

    /// The tenants that get a new home, by stamp.
    pub fn arrivals(&self) -> impl Iterator<Item = &[Arrival<'p>]> {
        self.arrivals.chunk_by(|one, two| one.stamp == two.stamp)
    }

    /// The stamp that a step is about, as it was.
    pub fn stamp(&self, at: usize) -> Option<(&'p StampId, &'p OpeningStamp)> {
        let number = self.index.stamp_of(self.graph.family_of(at))?;
        Some(self.index.stamps()[number])
    }

    /// The tenant that a step is about, as it was.
    pub fn tenant(&self, at: usize) -> Option<(&'p TenantId, &'p OpeningTenant)> {
        let number = self.index.tenant_of(self.graph.family_of(at))?;
        Some(self.index.tenants()[number])
    }

    /// Where the stamp that a step is about was in its life.
    pub fn state(&self, at: usize) -> Option<StampState> {
        self.stamp(at)?.1.state
    }

    /// The stamp with this id, as it was.
    pub fn known(&self, id: &StampId) -> Option<&'p OpeningStamp> {
        Some(self.index.stamps()[self.index.stamp(id.as_str())?].1)
    }

    /// The stamp that a call reaches into.
    pub fn reached(&self, call: &Call<'_>) -> Option<&'p StampId> {
        Some(self.index.stamps()[call.owner?].0)
    }

    /// The place of an account in the opening world: the first of this key.
    pub fn account_number(&self, key: &QuotaKey) -> Option<usize> {
        self.account_numbers.get(key).copied()
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
        Some(self.index.stamps()[self.index.owner(address)?].0)
    }

    /// Whether the address is in the stamp's resource group, or is it.
    pub fn is_owned_by(&self, address: &Address, stamp: &StampId) -> bool {
        self.owner(address) == Some(stamp)
    }

    /// The number of the tenant of the opening world whose data the address holds, by kind and
    /// name.
    pub fn tenant_of(&self, address: &Address) -> Option<usize> {
        let name = address.name();
        let id = match address.kind() {
            Kind::SqlDatabase => name.strip_prefix(DATABASE)?,
            Kind::TenantSchema => name,
            Kind::BlobContainer => name.strip_prefix(CONTAINER)?,
            _ => return None,
        };
        self.index.tenant(id)
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
        self.known(stamp).map_or(0, at_stake)
    }

    /// The physical name of the stamp's generation that the plan works on.
    pub fn physical(&self, stamp: &StampId) -> Option<String> {
        let opening = self.known(stamp)?;
        Some(names::generation(stamp, opening.generation))
    }

    /// Whether the address is the registry entry of this collection and id.
    pub fn is_entry(&self, address: &Address, collection: &str, id: &str) -> bool {
        let rest = [self.body.registry.as_str(), collection]
            .iter()
            .try_fold(address.path(), |path, part| {
                path.strip_prefix(part)?.strip_prefix('/')
            });
        address.kind() == Kind::RegistryItem && rest == Some(id)
    }

    /// Whether the address holds data of this tenant and of no other, by its kind and name.
    pub fn is_data_of(&self, address: &Address, tenant: &TenantId) -> bool {
        let lead = match address.kind() {
            Kind::SqlDatabase => DATABASE,
            Kind::TenantSchema => "",
            Kind::BlobContainer => CONTAINER,
            _ => return false,
        };
        address.name().strip_prefix(lead) == Some(tenant.as_str())
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

/// The cores that deleting a stamp would lose.
pub fn at_stake(stamp: &OpeningStamp) -> u64 {
    let held = stamp.account.as_ref();
    held.map_or(0, |account| account.cores.saturating_sub(account.retained))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_data_is_found_by_the_names_that_are_given_to_it() {
        let tenant: TenantId = "contoso".parse().expect("an id");
        assert_eq!(
            format!("{DATABASE}{tenant}"),
            names::tenant_database(&tenant)
        );
        assert_eq!(
            format!("{CONTAINER}{tenant}"),
            names::tenant_container(&tenant)
        );
    }
}
