//! Every resource and every setting that the fleet means, with no choice left. Pure.

pub mod stamp;
pub mod binding;

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;

use crate::model::Fleet;
use crate::model::ReservationName;
use crate::model::StampId;
use crate::model::TenantId;
use crate::observe::Inventory;
use crate::place::Placement;

pub use binding::Binding;
pub use stamp::StampBlueprint;

/// The whole intent: what each stamp is made of, where each tenant lives.
#[derive(Clone, Debug)]
pub struct Blueprint<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Where tenants live.
    pub placement: &'a Placement<'a>,
    /// Every stamp that the fleet has or had and that the manifest or a pool names.
    pub stamps: BTreeMap<StampId, StampBlueprint>,
}

/// Draws the blueprint of every stamp. The tenants' resources follow from
/// [`Blueprint::binding`] one by one, so that a million tenants need no million drawings.
///
/// Fails only where a name from the manifest is none that an address can hold, which lowering
/// has excluded.
pub fn draw<'a>(
    fleet: &'a Fleet,
    inventory: &Inventory,
    placement: &'a Placement<'a>,
) -> Result<Blueprint<'a>, AddressError> {
    let mut stamps = BTreeMap::new();
    for (id, placed) in &placement.stamps {
        if let Some(shape) = &placed.stamp.shape {
            stamps.insert(
                id.clone(),
                stamp::draw(fleet, inventory, &placed.stamp, shape)?,
            );
        }
    }
    Ok(Blueprint {
        fleet,
        placement,
        stamps,
    })
}

impl Blueprint<'_> {
    /// The resources of one tenant on one stamp; `None` where the stamp is none of the fleet's.
    pub fn binding(
        &self,
        tenant: &TenantId,
        stamp: &StampId,
    ) -> Result<Option<Binding>, AddressError> {
        self.stamps
            .get(stamp)
            .map(|on| binding::bind(self.fleet, on, tenant))
            .transpose()
    }

    /// The address of a stamp's registry entry.
    pub fn stamp_item(&self, stamp: &StampId) -> Result<Address, AddressError> {
        Address::new(
            Kind::RegistryItem,
            &[&self.fleet.registry, "stamps", stamp.as_str()],
        )
    }

    /// The address of a tenant's registry entry.
    pub fn tenant_item(&self, tenant: &TenantId) -> Result<Address, AddressError> {
        Address::new(
            Kind::RegistryItem,
            &[&self.fleet.registry, "tenants", tenant.as_str()],
        )
    }

    /// The address of a capacity reservation group.
    pub fn reservation(&self, name: &ReservationName) -> Result<Option<Address>, AddressError> {
        let Some(reservation) = self.fleet.capacity_reservations.get(name) else {
            return Ok(None);
        };
        let parts = [
            reservation.subscription.as_str(),
            &reservation.resource_group,
            name.as_str(),
        ];
        Address::new(Kind::CapacityReservation, &parts).map(Some)
    }
}
