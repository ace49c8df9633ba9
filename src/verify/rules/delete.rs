//! What is looked at once more before a stamp is deleted, and after: O-7, O-17 to O-19, O-90 and
//! I-9, and the hold check of O-20. Pure.

use stampctl_contract::Kind;

use crate::model::Lookup;
use crate::model::StampState;
use crate::model::names;
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

/// Counted once more.
pub const O_7: Rule = Rule {
    id: "O-7",
    title: "Tenants are counted once more right before anything is deleted",
    level: Level::H,
    source: "S0-94; X-5",
    why: "Hours can lie between the first count and the delete.",
    help: "let every delete of the stamp wait for tenants.recheck, and that for the return",
    orders: &[
        Order {
            then: &[K::IngressDelete, K::DataDelete, K::StampDelete],
            first: &[K::TenantsRecheck],
            needed: always,
        },
        Order {
            then: &[K::TenantsRecheck],
            first: &[K::ComputeRelease],
            needed: if_there,
        },
        Order {
            then: &[K::TenantsRecheck],
            first: &[K::QuotaVerify],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// Data is decided on, then the group goes.
pub const O_17: Rule = Rule {
    id: "O-17",
    title: "The stamp's data is deleted on purpose before its resource group takes the rest",
    level: Level::H,
    source: "S2-22; X-38",
    why: "Deleting a group deletes everything in it, asked for or not.",
    help: "let stamp.delete wait for data.delete",
    orders: &[Order {
        then: &[K::StampDelete],
        first: &[K::DataDelete],
        needed: always,
    }],
    each: None,
    check: orders_only,
};

/// Nobody else's.
pub const O_18: Rule = Rule {
    id: "O-18",
    title: "The resource group is seen to hold nothing of anyone else before it is deleted",
    level: Level::H,
    source: "X-38",
    why: "A group that several stamps share takes all of them with it.",
    help: "let stamp.delete wait for ownership.verify",
    orders: &[
        Order {
            then: &[K::StampDelete],
            first: &[K::OwnershipVerify],
            needed: always,
        },
        Order {
            then: &[K::OwnershipVerify],
            first: &[K::StampReleased, K::ComputeRelease],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// Gone means seen to be gone.
pub const O_19: Rule = Rule {
    id: "O-19",
    title: "A stamp is called deleted only after nothing of it is found",
    level: Level::H,
    source: "S0-102; X-97; S2-34",
    why: "A register that says deleted hides what still runs and still costs.",
    help: "let stamp.tombstone wait for stamp.absence, and that for stamp.delete",
    orders: &[
        Order {
            then: &[K::StampTombstone],
            first: &[K::StampAbsence],
            needed: always,
        },
        Order {
            then: &[K::StampAbsence],
            first: &[K::StampDelete],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// A hold wins.
pub const O_20: Rule = Rule {
    id: "O-20",
    title: "No hold is seen right before data of a tenant or a stamp is deleted",
    level: Level::H,
    source: "S3-16, S3-89",
    why: "Data under a legal hold must not be deleted, by nobody, for no reason.",
    help: "release the hold, or let the delete wait for hold.check or stamp.holds",
    orders: &[
        Order {
            then: &[K::DataDelete, K::StampDelete],
            first: &[K::StampHolds],
            needed: always,
        },
        Order {
            then: &[K::StampHolds],
            first: &[K::ComputeRelease],
            needed: if_there,
        },
        Order {
            then: &[K::SourceDelete, K::TenantDelete, K::TenantLeave],
            first: &[K::HoldCheck],
            needed: always,
        },
        Order {
            then: &[K::HoldCheck],
            first: &[K::TenantSoak],
            needed: if_there,
        },
        Order {
            then: &[K::HoldCheck],
            first: &[K::TenantConfirm],
            needed: if_there,
        },
    ],
    each: None,
    check: held,
};

fn held(case: &Case<'_>, sink: &mut Sink<'_>) {
    for kind in [K::SourceDelete, K::TenantDelete] {
        for (at, step) in case.of_kind(kind) {
            let tenant = case.tenant(at);
            if tenant.is_some_and(|(_, tenant)| tenant.held == Some(true)) {
                sink.step(step, "its tenant is on hold");
            }
        }
    }
}

fn has_origin(case: &Case<'_>, at: usize) -> bool {
    let stamp = case.stamp(at).map(|(_, stamp)| stamp);
    stamp.is_some_and(|s| s.origin.is_some() && s.state != Some(StampState::Deleting))
}

/// No dangling names.
pub const O_90: Rule = Rule {
    id: "O-90",
    title: "What points at a stamp is deleted before the stamp",
    level: Level::H,
    source: "requirements G",
    why: "A name that points at a host which anybody can take is an invitation.",
    help: "let stamp.delete and stamp.absence wait for ingress.delete",
    orders: &[
        Order {
            then: &[K::StampDelete],
            first: &[K::IngressDelete],
            needed: has_origin,
        },
        Order {
            then: &[K::StampAbsence],
            first: &[K::IngressDelete],
            needed: if_there,
        },
    ],
    each: None,
    check: orders_only,
};

/// Only its own group.
pub const I_9: Rule = Rule {
    id: "I-9",
    title: "A resource group is deleted only by the stamp that it belongs to alone",
    level: Level::H,
    source: "X-38; requirements G",
    why: "The wrong group, or one that two stamps share, takes a serving stamp with it.",
    help: "delete the group that the stamp's id and generation name, and no other",
    orders: &[],
    each: None,
    check: own_group,
};

fn own_group(case: &Case<'_>, sink: &mut Sink<'_>) {
    let mut users: Lookup<&str, usize> = Lookup::default();
    for (_, stamp) in case.index.stamps() {
        *users.get_or_insert_with(stamp.resource_group.path(), || 0) += 1;
    }
    for &at in case.graph.order() {
        for call in case.calls(at) {
            if call.how != How::Delete || call.kind != Kind::ResourceGroup {
                continue;
            }
            let (step, address) = (case.graph.step(at), &call.operation.address);
            let Some((id, stamp)) = case.stamp(at) else {
                sink.step(step, "it deletes a resource group and is about no stamp");
                continue;
            };
            let named = case
                .physical(id)
                .map(|physical| names::resource_group(&physical));
            let own = stamp.resource_group == *address && named.as_deref() == Some(address.name());
            if !own {
                sink.step(
                    step,
                    format!("the group is not the one that {id} is named for"),
                );
            }
            if users.get(address.path()).is_some_and(|users| *users > 1) {
                sink.step(step, "two stamps of the opening world share the group");
            }
            if stamp.protected {
                sink.step(step, format!("{id} is protected"));
            }
        }
    }
}
