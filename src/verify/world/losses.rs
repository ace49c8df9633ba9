//! What stopping and deleting does to the abstract world, and what must be known first. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::Breach;
use super::Home;
use super::Place;
use super::Resident;
use crate::model::TenantId;
use crate::verify::case::Case;

pub(super) fn stop(place: &mut Place, address: &Address, breaches: &mut Vec<Breach>) {
    if place.tenants > 0 {
        breaches.push(("O-6", format!("`{address}` is stopped under its tenants")));
    }
    if !place.idle {
        breaches.push(("O-11", format!("`{address}` is stopped while jobs may run")));
    }
    if !place.saved {
        breaches.push(("O-13", format!("`{address}` is stopped without a backup")));
    }
    place.running = false;
}

/// Something that a stamp is made of goes for good.
pub(super) fn remove(place: &mut Place, address: &Address, breaches: &mut Vec<Breach>) {
    let group = address.kind() == Kind::ResourceGroup;
    let asked = [
        (
            place.returned,
            "O-2",
            "before its cores are returned and seen",
        ),
        (!place.running, "O-4", "while its machines run"),
        (
            place.empty_seen && place.tenants <= 0,
            "O-7",
            "with tenants on it",
        ),
        (place.saved, "O-13", "without a backup"),
        (place.unheld, "O-20", "without a look at holds"),
        (
            !group || place.owned,
            "O-18",
            "without a look at whose it is",
        ),
        (!group || !place.data, "O-17", "with its data in it"),
    ];
    for (fine, rule, how) in asked {
        if !fine {
            breaches.push((rule, format!("`{address}` is deleted {how}")));
        }
    }
    if address.kind() == Kind::SqlServer {
        place.data = false;
    }
}

/// A tenant's data on one stamp goes for good.
pub(super) fn erase(
    case: &Case<'_>,
    id: &TenantId,
    resident: &mut Resident<'_>,
    on: Option<usize>,
    breaches: &mut Vec<Breach>,
) {
    let confirmed = resident.confirmed || !case.body.policy.migration.confirm;
    let home = on.map(Home::Known) == resident.home;
    let asked = [
        (resident.unheld, "O-20", "without a look at holds"),
        (
            !home || !resident.routed,
            "O-38",
            "while it is routed there",
        ),
        (!home || resident.quiet, "O-39", "while requests run"),
        (!home || resident.saved, "O-40", "without an export"),
        (home || resident.equal, "O-51", "before its copy is equal"),
        (
            home || (resident.soaked && confirmed),
            "O-54",
            "before the soak has ended",
        ),
    ];
    for (fine, rule, how) in asked {
        if !fine {
            breaches.push((rule, format!("data of {id} is deleted {how}")));
        }
    }
}
