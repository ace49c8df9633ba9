//! The quota ledger: every core that the plan moves between a group and its subscriptions.

use serde::Deserialize;
use serde::Serialize;

use super::StepId;
use crate::model::QuotaKey;
use crate::model::SubscriptionName;

/// One account, from its opening balance through every entry to its closing balance. The steps
/// of one account are serialised, so that a balance after each entry exists (design §11.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Account {
    /// Which account.
    pub key: QuotaKey,
    /// Cores that the group can allocate before the plan.
    pub opening: i64,
    /// What the plan does, in its order.
    pub entries: Vec<Entry>,
    /// Cores that the group can allocate after the plan.
    pub closing: i64,
}

/// One movement of cores. What the group loses the subscription gains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Entry {
    /// The step that moves them.
    pub step: StepId,
    /// The subscription on the other side; absent where the group's own limit changes.
    pub subscription: Option<SubscriptionName>,
    /// The group's gain in cores; negative for an allocation.
    pub group: i64,
    /// What the group can allocate afterwards.
    pub balance: i64,
}
