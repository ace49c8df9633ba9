//! The running balances of one account of quota.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;

use crate::model::QuotaKey;
use crate::model::SubscriptionName;
use crate::plan::capacity;
use crate::plan::capacity::Held;
use crate::plan::format::Entry;
use crate::plan::format::StepId;
use crate::plan::format::Subject;

/// The running balances of one account.
pub(super) struct Books {
    pub(super) key: QuotaKey,
    pub(super) subject: Subject,
    pub(super) side: Address,
    pub(super) available: i64,
    pub(super) allocated: BTreeMap<SubscriptionName, (u64, u64)>,
    pub(super) last: Option<StepId>,
    pub(super) entries: Vec<Entry>,
}

impl Books {
    /// The books as they stand before the first step; `group` is the step that makes the group.
    pub(super) fn open(
        key: &QuotaKey,
        held: &Held,
        group: Option<&StepId>,
    ) -> Result<Self, AddressError> {
        let shares = held.shares.iter();
        let allocated = shares.map(|(subscription, share)| {
            let seen = (share.allocated.unwrap_or(0), share.limit.unwrap_or(0));
            (subscription.clone(), seen)
        });
        Ok(Self {
            key: key.clone(),
            subject: Subject::Quota(key.clone()),
            side: capacity::group_quota(&held.management_group, key)?,
            available: signed(held.available.unwrap_or(0)),
            allocated: allocated.collect(),
            last: group.cloned(),
            entries: Vec::new(),
        })
    }

    /// Enters what a step does to what the group can allocate.
    pub(super) fn enter(
        &mut self,
        step: &StepId,
        subscription: Option<&SubscriptionName>,
        group: i64,
    ) {
        self.available += group;
        self.entries.push(Entry {
            step: step.clone(),
            subscription: subscription.cloned(),
            group,
            balance: self.available,
        });
    }
}

/// Cores, as a change of a balance.
pub(super) fn signed(cores: u64) -> i64 {
    i64::try_from(cores).unwrap_or(i64::MAX)
}
