//! A tenant as placement works on it: what it needs, which class it is of, where it lives. Pure.

use crate::model::Dimension;
use crate::model::Load;
use crate::model::Policy;
use crate::model::StampId;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::policy::ClassRules;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Tier;
use crate::observe::SeenTenant;

use super::exact::Fine;
use super::placement::ClassRule;
use super::placement::LeaveReason;
use super::placement::PoolRefusal;
use super::placement::Why;

/// MiB in a GiB.
const MIB: u64 = 1_024;

/// A tenant of the manifest, of the registry, or of both.
#[derive(Clone, Debug)]
pub(super) struct Resident<'a> {
    /// Its id.
    pub(super) id: &'a TenantId,
    /// What the manifest says; `None`: it is unmanaged.
    pub(super) meant: Option<&'a Tenant>,
    /// What it needs; `None`: nobody says (an unmanaged tenant that nothing measures).
    pub(super) demand: Option<Load>,
    /// Its region's index.
    pub(super) region: usize,
    /// The class rule that forces a stamp of its own.
    pub(super) class: Option<ClassRule>,
    /// Its anti-affinity group's index.
    pub(super) group: Option<u32>,
    /// What the registry says of it, unless it is gone for good.
    pub(super) seen: Option<&'a SeenTenant>,
    /// That stamp's index, where it is one of the fleet's and not a tombstone.
    pub(super) home: Option<usize>,
    /// Whether another stamp still holds data of it.
    pub(super) in_flight: bool,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// What becomes of a tenant.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// Nothing is decided: it is unmanaged, or its service ends.
    Undecided,
    /// It stays (row 1).
    Stays,
    /// It needs a place; why, if it has a home that it must leave.
    Pending(Option<LeaveReason>),
    /// It has a place: the stamp's index, the row and the reason.
    Placed(usize, u8, Why),
    /// Nothing takes it.
    Refused(Option<LeaveReason>, Vec<PoolRefusal>),
}

impl<'a> Resident<'a> {
    /// The stamp that it lives on, as the registry names it.
    pub(super) fn was(&self) -> Option<&'a StampId> {
        self.seen.map(|seen| &seen.stamp)
    }

    /// What it needs in parts; what nobody knows counts as nothing here, and makes the stamp
    /// UNKNOWN where it matters.
    pub(super) fn fine(&self) -> Fine {
        self.demand.as_ref().map(Fine::of).unwrap_or_default()
    }

    /// Whether the manifest wants it served.
    pub(super) fn is_served(&self) -> bool {
        self.meant
            .is_some_and(|tenant| tenant.desired == DesiredTenant::Active)
    }
}

/// What a tenant needs: measured, else as the manifest says.
pub(super) fn demand(
    policy: &Policy,
    meant: Option<&Tenant>,
    seen: Option<&SeenTenant>,
) -> Option<Load> {
    seen.and_then(|seen| seen.measured)
        .or_else(|| meant.map(|tenant| declared_demand(policy, tenant)))
}

/// What the manifest says that a tenant needs: its own figures, else users × policy.
pub(super) fn declared_demand(policy: &Policy, tenant: &Tenant) -> Load {
    tenant.demand.unwrap_or_else(|| {
        let mut load = policy.demand_per_user.load;
        for dimension in Dimension::ALL {
            load[dimension] = load[dimension].saturating_mul(tenant.users);
        }
        load
    })
}

/// The first class rule that forces a dedicated stamp. `largest` are the capacities of the
/// region's shared stamps that no other one exceeds in every dimension.
pub(super) fn class(
    policy: &Policy,
    tenant: &Tenant,
    seen: Option<&SeenTenant>,
    demand: &Load,
    largest: &[Load],
) -> Option<ClassRule> {
    let rules = &policy.placement;
    if tenant.tier == Tier::Enterprise {
        return Some(ClassRule::Tier);
    }
    if tenant.enterprise_contract {
        return Some(ClassRule::Contract);
    }
    if tenant.users > rules.dedicated_users_gt {
        return Some(ClassRule::Users);
    }
    if rules.class_rules == ClassRules::Enforce
        && let Some(noisy) = noisy(policy, tenant, seen, demand, largest)
    {
        return Some(noisy);
    }
    let fits = |capacity: &Load| demand.is_below(capacity, rules.bands.provision.0);
    let too_large = !largest.is_empty() && !largest.iter().any(fits);
    too_large.then_some(ClassRule::Size)
}

/// R3 to R5.
fn noisy(
    policy: &Policy,
    tenant: &Tenant,
    seen: Option<&SeenTenant>,
    demand: &Load,
    largest: &[Load],
) -> Option<ClassRule> {
    let rules = &policy.placement;
    let cpu = largest.iter().map(|capacity| capacity.cpu).max();
    let over =
        |cpu: u64| u128::from(demand.cpu) * 100 > u128::from(cpu) * u128::from(rules.noisy_cpu.0);
    if cpu.is_some_and(over) {
        return Some(ClassRule::Cpu);
    }
    let requests = seen
        .and_then(|seen| seen.requests_per_day)
        .or(tenant.requests_per_day)
        .unwrap_or_else(|| {
            tenant
                .users
                .saturating_mul(policy.demand_per_user.requests_per_day)
        });
    if requests > rules.noisy_requests_per_day {
        return Some(ClassRule::Requests);
    }
    (demand.storage > rules.noisy_storage_gib.saturating_mul(MIB)).then_some(ClassRule::Storage)
}
