//! What the conditions of one check ask. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Value;

use crate::model::StampId;
use crate::plan::format::Condition;
use crate::plan::format::Step;
use crate::verify::case::Case;

/// The conditions of one check.
#[derive(Clone, Copy)]
pub(super) struct Asked<'c>(pub(super) &'c [Condition]);

impl Asked<'_> {
    pub(super) fn is(self, of: &Address, name: &str, wanted: &Value) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::Is { address, setting, value }
                if address == of && setting == name && value == wanted)
        })
    }

    pub(super) fn is_on(self, kind: Kind, within: impl Fn(&Address) -> bool, name: &str) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::Is { address, setting, value: Value::Bool(true) }
                if address.kind() == kind && within(address) && setting == name)
        })
    }

    pub(super) fn at_most(self, within: impl Fn(&Address) -> bool, name: &str, most: i64) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::AtMost {
                address,
                setting,
                limit,
            } => within(address) && setting == name && *limit <= most,
            Condition::Is {
                address,
                setting,
                value: Value::Int(value),
            } => within(address) && setting == name && *value <= most,
            _ => false,
        })
    }

    pub(super) fn at_least(self, of: &Address, name: &str, least: i64) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::AtLeast {
                address,
                setting,
                limit,
            } => address == of && setting == name && *limit >= least,
            Condition::Is {
                address,
                setting,
                value: Value::Int(value),
            } => address == of && setting == name && *value >= least,
            _ => false,
        })
    }

    pub(super) fn changed(self, of: &Address, name: &str, step: &Step, difference: i64) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::ChangedBy { address, setting, since, by }
                if address == of && setting == name && *since == step.id && *by == difference)
        })
    }

    pub(super) fn absent(self, of: &Address) -> bool {
        let mut all = self.0.iter();
        all.any(|condition| matches!(condition, Condition::Absent { address } if address == of))
    }

    pub(super) fn present(self, of: &Address) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::Present { address } | Condition::Is { address, .. } => address == of,
            _ => false,
        })
    }

    pub(super) fn fewer(self, kind: Kind, beneath: &str, most: u32) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::FewerThan { matching, count } => {
                matching.kind.is_none_or(|of| of == kind)
                    && matching.equals.is_none()
                    && matching.except_states.is_empty()
                    && matching.beneath == beneath
                    && *count <= most
            }
            _ => false,
        })
    }

    /// Fewer than so many tenants of the registry with this stamp in this setting. Only those
    /// gone for good may be left out.
    pub(super) fn fewer_tenants(
        self,
        case: &Case<'_>,
        setting: &str,
        stamp: &StampId,
        most: u32,
    ) -> bool {
        let beneath = format!("{}/tenants", case.body.registry);
        self.0.iter().any(|condition| match condition {
            Condition::FewerThan { matching, count } => {
                let gone = |state: &String| matches!(state.as_str(), "offboarded" | "erased");
                let of = matching.equals.as_ref();
                matching.kind.is_none_or(|kind| kind == Kind::RegistryItem)
                    && matching.beneath == beneath
                    && of.is_some_and(|(name, value)| {
                        name == setting && value.as_str() == Some(stamp.as_str())
                    })
                    && matching.except_states.iter().all(gone)
                    && *count <= most
            }
            _ => false,
        })
    }
}
