//! How a tenant's service ends: O-38 to O-40. Pure.

use crate::model::tenant::Export;
use crate::plan::format::StepKind as K;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;

/// Unrouted, then deleted.
pub const O_38: Rule = Rule {
    id: "O-38",
    title: "A tenant is no longer routed and its access revoked before its data is deleted",
    level: Level::H,
    source: "X-11",
    why: "Users would meet missing data, and could write more of it.",
    help: "let tenant.delete wait for route.remove and api.revoke",
    orders: &[
        Order {
            then: &[K::TenantDelete],
            first: &[K::RouteRemove],
            needed: always,
        },
        Order {
            then: &[K::TenantDelete],
            first: &[K::ApiRevoke],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// Quiet, then deleted.
pub const O_39: Rule = Rule {
    id: "O-39",
    title: "A tenant's last requests have ended before its data is deleted",
    level: Level::H,
    source: "X-11",
    why: "A request that runs may still write.",
    help: "let tenant.drain wait for route.remove and api.revoke, and tenant.delete for it",
    orders: &[
        Order {
            then: &[K::TenantDelete],
            first: &[K::TenantDrain],
            needed: always,
        },
        Order {
            then: &[K::TenantDrain],
            first: &[K::RouteRemove],
            needed: always,
        },
        Order {
            then: &[K::TenantDrain],
            first: &[K::ApiRevoke],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

fn is_exported(case: &Case<'_>, at: usize) -> bool {
    let tenant = case.tenant(at);
    tenant.is_none_or(|(_, tenant)| tenant.export == Export::Required)
}

/// Exported, then deleted.
pub const O_40: Rule = Rule {
    id: "O-40",
    title: "A tenant's data is exported, and the export verified, before it is deleted",
    level: Level::H,
    source: "S0-62",
    why: "Contracts and laws ask for the data after the service has ended.",
    help: "let tenant.delete wait for export.verify, or state the waiver in the manifest",
    orders: &[
        Order {
            then: &[K::TenantDelete],
            first: &[K::ExportVerify],
            needed: is_exported,
        },
        Order {
            then: &[K::TenantExport],
            first: &[K::TenantDrain],
            needed: always,
        },
    ],
    each: None,
    check: orders_only,
};
