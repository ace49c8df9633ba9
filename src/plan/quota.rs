//! The steps that move quota and reservations, and what each stamp's own steps must know of them.
//!
//! Steps of one account run one after the other (P-6, design §11.2): allocations that fit what
//! the group has, then returns in order of stamp, then, if need be, allocations out of what was
//! returned (O-30).

mod account;
mod allocate;
mod books;
mod group;
mod reservation;
mod told;

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;

use super::Context;
use super::draft::Draft;
use super::format::Account;
use super::format::Finding;
use super::format::StepId;
use crate::model::QuotaKey;
use crate::model::ReservationName;
use crate::model::StampId;
use crate::model::SubscriptionName;

/// What a stamp that goes or shrinks gives back.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) key: QuotaKey,
    pub(super) subscription: SubscriptionName,
    pub(super) management_group: String,
    /// Cores that are attributable to what the stamp gives up.
    pub(super) cores: u64,
    /// Cores that it returns: what is attributable less what a floor or others keep.
    pub(super) returned: u64,
    /// The allocation before and after.
    pub(super) allocation: (u64, u64),
    /// The subscription's limit afterwards.
    pub(super) limit_after: u64,
    /// The quota step of the account that comes before.
    pub(super) previous: Option<StepId>,
}

/// What a stamp that goes or shrinks takes off its reservation.
#[derive(Clone, Debug)]
pub(super) struct Reduce {
    pub(super) address: Address,
    /// Instances before and after.
    pub(super) instances: (u32, u32),
    /// The step of the reservation that comes before.
    pub(super) previous: Option<StepId>,
}

/// What the stamps' steps must know.
#[derive(Clone, Debug, Default)]
pub(super) struct QuotaPlan {
    pub(super) returns: BTreeMap<StampId, Return>,
    pub(super) reduces: BTreeMap<StampId, Reduce>,
    /// The steps after which a reservation's machines are there.
    pub(super) guaranteed: BTreeMap<ReservationName, StepId>,
    /// The steps after which a subscription has the cores that it needs.
    pub(super) allocated: BTreeMap<(QuotaKey, SubscriptionName), StepId>,
    pub(super) ledger: Vec<Account>,
    pub(super) findings: Vec<Finding>,
    /// Accounts that lack cores or were not seen: nothing of them may grow or shrink.
    pub(super) lacking: Vec<QuotaKey>,
}

/// Adds the quota and reservation steps and works out what each stamp gives back.
pub(super) fn plan(context: &Context<'_>, draft: &mut Draft) -> Result<QuotaPlan, AddressError> {
    let mut plan = QuotaPlan::default();
    let groups = group::groups(context, draft)?;
    for (key, held) in &context.capacity.accounts {
        account::account(context, draft, &mut plan, &groups, key, held)?;
    }
    for name in context.capacity.reservations.keys() {
        reservation::reservation(context, draft, &mut plan, name)?;
    }
    Ok(plan)
}
