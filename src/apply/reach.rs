//! What a call changes, so that a condition that the run itself has changed is not taken for a
//! world that moved. Pure.

use std::collections::BTreeSet;

use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;

use crate::plan::format::Condition;

/// The addresses that some calls have changed or may have.
#[derive(Debug, Default)]
pub(super) struct Reach {
    written: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Reach {
    /// What these calls reach.
    pub(super) fn of<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Self {
        let mut reach = Self::default();
        for operation in operations {
            reach.add(operation);
        }
        reach
    }

    /// Adds what a call reaches.
    pub(super) fn add(&mut self, operation: &Operation) {
        let path = operation.address.path().to_owned();
        if operation.verb == Verb::Delete {
            self.deleted.insert(path.clone());
        }
        self.written.insert(path);
    }

    /// Whether it is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether a condition speaks of what the calls reach.
    pub(super) fn touches(&self, condition: &Condition) -> bool {
        match condition {
            Condition::FewerThan { matching, .. } => self.beneath(&matching.beneath),
            Condition::OnlyOwned { group, .. } => self.beneath(group.path()),
            Condition::SameContent {
                source,
                destination,
            } => self.at(source.path()) || self.at(destination.path()),
            Condition::Elapsed { .. } | Condition::Confirmed { .. } => false,
            _ => condition
                .address()
                .is_some_and(|address| self.at(address.path())),
        }
    }

    /// Whether a condition speaks of what the cloud derives from other things: what is measured,
    /// what is used, what is left. Calls on those others change it.
    pub(super) fn is_derived(condition: &Condition) -> bool {
        let derived = |kind: Kind| {
            matches!(
                kind,
                Kind::Quota
                    | Kind::GroupQuota
                    | Kind::CapacityReservation
                    | Kind::StampMetrics
                    | Kind::TenantMetrics
                    | Kind::Health
            )
        };
        condition.address().is_some_and(|a| derived(a.kind()))
    }

    /// Whether the path was written, or something above it deleted.
    fn at(&self, path: &str) -> bool {
        if self.written.contains(path) || self.deleted.contains(path) {
            return true;
        }
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('/') {
            if self.deleted.contains(parent) {
                return true;
            }
            above = parent;
        }
        false
    }

    /// Whether anything at or beneath the path was written, or something above it deleted.
    fn beneath(&self, path: &str) -> bool {
        if path.is_empty() {
            return !self.is_empty();
        }
        let inside = format!("{path}/");
        let next = self.written.range(inside.clone()..).next();
        self.at(path) || next.is_some_and(|written| written.starts_with(&inside))
    }
}
