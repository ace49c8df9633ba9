//! Where things of the manifest stand, for findings of later stages. Pure.

use std::collections::BTreeMap;

use crate::diagnostic::Span;
use crate::model::TenantId;

/// Places by path, as in `stamps/shared-eastus2-001` or `tenants/contoso`.
#[derive(Clone, Debug, Default)]
pub struct Places {
    named: BTreeMap<String, Span>,
    /// In the order of the ids: a million of these must stay cheap.
    tenants: Vec<(TenantId, Span)>,
}

impl Places {
    /// Where `path` stands: `stamps/ID`, `pools/NAME`, `tenants/ID`, `subscriptions/NAME`,
    /// `quota_groups/NAME`, `capacity_reservations/NAME`, or a top-level key.
    pub fn place_of(&self, path: &str) -> Option<Span> {
        if let Some(id) = path.strip_prefix("tenants/") {
            let at = self
                .tenants
                .binary_search_by(|(tenant, _)| tenant.as_str().cmp(id));
            return at.ok().map(|at| self.tenants[at].1);
        }
        self.named.get(path).copied()
    }

    pub(crate) fn note(&mut self, kind: &str, name: &str, span: Span) {
        let path = if kind.is_empty() {
            name.to_owned()
        } else {
            format!("{kind}/{name}")
        };
        self.named.insert(path, span);
    }

    /// Takes the tenants' places, which must be in the order of their ids.
    pub(crate) fn note_tenants(&mut self, tenants: Vec<(TenantId, Span)>) {
        self.tenants = tenants;
    }
}
