//! What differs between the blueprint and the world. Pure.
//!
//! It says what is different and towards which goal; in what order it is made right is the
//! plan's matter, and whether that is allowed is the verifier's.

pub mod stamp;
pub mod settings;
pub mod tenant;

use std::collections::BTreeMap;

use crate::blueprint::Blueprint;
use crate::model::StampId;
use crate::model::TenantId;
use crate::observe::Inventory;

pub use stamp::Goal;
pub use stamp::StampDifference;
pub use tenant::TenantDifference;

/// Everything that differs. What is as it should be is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Stamps by id.
    pub stamps: BTreeMap<StampId, StampDifference>,
    /// Tenants by id.
    pub tenants: BTreeMap<TenantId, TenantDifference>,
}

/// Compares the blueprint with the world.
pub fn diff(blueprint: &Blueprint<'_>, inventory: &Inventory) -> Differences {
    let tenants = tenant::diff(blueprint);
    let stamps = stamp::diff(blueprint, inventory, &tenants);
    Differences { stamps, tenants }
}
