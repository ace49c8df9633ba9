//! How a tenant moves: O-45 to O-57, and I-7 and I-10. Pure.

use stampctl_contract::Verb;

use crate::model::tenant::Export;
use crate::plan::format::StepKind as K;
use crate::verify::calls::How;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use crate::verify::rule::orders_only;

/// The tenant moved in an earlier plan; only its source is left.
fn has_moved(case: &Case<'_>, at: usize) -> bool {
    let tenant = case.tenant(at);
    tenant.is_some_and(|(_, tenant)| tenant.moved_from.is_some())
}

fn moves(case: &Case<'_>, at: usize) -> bool {
    !has_moved(case, at)
}

/// A destination first.
pub const O_45: Rule = Rule {
    id: "O-45",
    title: "The destination has room for the tenant's data before anything is frozen or copied",
    level: Level::H,
    source: "S0-92",
    why: "A frozen tenant waits; nothing may be left to prepare by then.",
    help: "let tenant.freeze and tenant.copy wait for tenant.data and tenant.blob",
    orders: &[
        Order {
            then: &[K::TenantCopy, K::TenantFreeze],
            first: &[K::TenantData],
            needed: always,
        },
        Order {
            then: &[K::TenantCopy, K::TenantFreeze],
            first: &[K::TenantBlob],
            needed: always,
        },
    ],
    each: None,
    check: orders_only,
};

/// A way back first.
pub const O_46: Rule = Rule {
    id: "O-46",
    title: "A verified snapshot is there before a tenant is frozen or copied",
    level: Level::H,
    source: "S3-55",
    why: "Without it a copy that goes wrong has no way back.",
    help: "let tenant.freeze and tenant.copy wait for snapshot.verify",
    orders: &[Order {
        then: &[K::TenantFreeze, K::TenantCopy],
        first: &[K::SnapshotVerify],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Frozen, then copied.
pub const O_47: Rule = Rule {
    id: "O-47",
    title: "A tenant's writes are stopped before its data is copied",
    level: Level::H,
    source: "X-81",
    why: "What is written to the source during the copy would be lost at the switch.",
    help: "let tenant.copy wait for tenant.freeze",
    orders: &[Order {
        then: &[K::TenantCopy],
        first: &[K::TenantFreeze],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Copied, then compared.
pub const O_50: Rule = Rule {
    id: "O-50",
    title: "Source and destination are compared after the copy",
    level: Level::H,
    source: "S3-54; X-28",
    why: "A comparison before the last byte has come says nothing.",
    help: "let tenant.compare wait for tenant.copy",
    orders: &[Order {
        then: &[K::TenantCompare],
        first: &[K::TenantCopy],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Equal, then switched.
pub const O_51: Rule = Rule {
    id: "O-51",
    title: "A tenant is routed to its new stamp only after its data is equal there",
    level: Level::H,
    source: "S3-54",
    why: "Users must not find less than they left.",
    help: "let tenant.switch wait for tenant.compare",
    orders: &[Order {
        then: &[K::TenantSwitch],
        first: &[K::TenantCompare],
        needed: moves,
    }],
    each: None,
    check: orders_only,
};

fn confirms(case: &Case<'_>, _: usize) -> bool {
    case.body.policy.migration.confirm
}

/// A day to think again.
pub const O_54: Rule = Rule {
    id: "O-54",
    title: "The source is kept for the soak time, and until a person confirms if policy asks",
    level: Level::H,
    source: "S3-12; X-33",
    why: "For as long as the source is there a bad move can be taken back at once.",
    help: "let source.delete wait for tenant.soak, and for tenant.confirm where policy asks",
    orders: &[
        Order {
            then: &[K::SourceDelete],
            first: &[K::TenantSoak],
            needed: always,
        },
        Order {
            then: &[K::SourceDelete],
            first: &[K::TenantConfirm],
            needed: confirms,
        },
        Order {
            then: &[K::TenantConfirm],
            first: &[K::TenantSoak],
            needed: always,
        },
        Order {
            then: &[K::TenantSoak],
            first: &[K::TenantSwitch],
            needed: always,
        },
    ],
    each: None,
    check: orders_only,
};

/// Switched, then deleted.
pub const O_55: Rule = Rule {
    id: "O-55",
    title: "Nothing is deleted on the source before the tenant lives elsewhere",
    level: Level::H,
    source: "S0-88, S0-89; X-27",
    why: "The source is the tenant's only data until the switch.",
    help: "let source.delete wait for tenant.switch",
    orders: &[Order {
        then: &[K::SourceDelete],
        first: &[K::TenantSwitch],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Absent, then settled.
pub const O_57: Rule = Rule {
    id: "O-57",
    title: "A move is called settled after nothing is left on the source",
    level: Level::P,
    source: "S0-90",
    why: "Counts that say a stamp is empty must be true.",
    help: "let tenant.settle wait for source.absence",
    orders: &[Order {
        then: &[K::TenantSettle],
        first: &[K::SourceAbsence],
        needed: if_there,
    }],
    each: None,
    check: orders_only,
};

/// One tenant's data only.
pub const I_7: Rule = Rule {
    id: "I-7",
    title: "A copy carries the data of its own tenant, from its home to its new stamp",
    level: Level::H,
    source: "X-26; requirements G",
    why: "A copy of the whole database would carry every other tenant along.",
    help: "copy from and to resources that are named for the tenant, with its id as the filter",
    orders: &[],
    each: None,
    check: own_data,
};

fn own_data(case: &Case<'_>, sink: &mut Sink<'_>) {
    for &at in case.graph.order() {
        for call in case.calls(at).iter().filter(|call| call.how == How::Copy) {
            let Verb::Copy {
                from,
                tenant: named,
            } = &call.operation.verb
            else {
                continue;
            };
            let (step, address) = (case.graph.step(at), &call.operation.address);
            let Some((id, tenant)) = case.tenant(at) else {
                sink.step(step, "it copies data and is about no tenant");
                continue;
            };
            let (source, destination) = (case.owner(from), case.reached(call));
            let home = tenant.stamp.as_ref();
            let own = named == id.as_str()
                && from.kind() == call.kind
                && case.is_data_of(from, id)
                && case.is_data_of(address, id);
            let way =
                home.is_some() && source == home && destination.is_some() && destination != home;
            let locked = source.is_some_and(|stamp| step.stamps.contains(stamp));
            if !own || !way || !locked {
                let address = address.to_string();
                let message = format!(
                    "the copy to `{}` is not {id}'s data from its home to another stamp",
                    address.escape_debug()
                );
                sink.step(step, message);
            }
        }
    }
}

/// A way back for each delete.
pub const I_10: Rule = Rule {
    id: "I-10",
    title: "Every delete of data has a verified snapshot, backup or export, or a stated waiver",
    level: Level::H,
    source: "requirements G; design §11.8",
    why: "Somebody will ask for it back.",
    help: "add the step that saves the data and the one that verifies it, or state the waiver",
    orders: &[],
    each: None,
    check: saved,
};

fn saved(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.of_kind(K::TenantDelete) {
        let Some((id, tenant)) = case.tenant(at) else {
            continue;
        };
        if let Export::Waived(reason) = &tenant.export {
            if reason.trim().is_empty() {
                sink.step(step, format!("the waiver for {id} states no reason"));
            }
            continue;
        }
        let mut checks = case.graph.siblings(at, &[K::ExportVerify]);
        if !checks.any(|check| case.graph.is_before(check, at)) {
            sink.step(step, format!("{id} has no verified export"));
        }
    }
    for (at, step) in case.of_kind(K::SourceDelete) {
        let mut checks = case.graph.siblings(at, &[K::SnapshotVerify]);
        if moves(case, at) && !checks.any(|check| case.graph.is_before(check, at)) {
            sink.step(step, "the tenant has no verified snapshot");
        }
    }
}
