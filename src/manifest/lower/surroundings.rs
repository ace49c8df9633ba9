//! What a stamp's shape is filled in from and checked against. Pure.

use std::collections::BTreeMap;

use super::super::document::IngressDoc;
use super::Known;
use crate::model::CapacityReservation;
use crate::model::Policy;
use crate::model::QuotaGroup;
use crate::model::QuotaGroupName;
use crate::model::ReservationName;

/// What shapes are filled in from and checked against.
pub(super) struct Surroundings<'a> {
    pub(super) fleet: &'a str,
    pub(super) policy: &'a Policy,
    pub(super) azure: bool,
    pub(super) ingress: Option<&'a IngressDoc>,
    pub(super) known: &'a Known,
    pub(super) groups: &'a BTreeMap<QuotaGroupName, QuotaGroup>,
    pub(super) reservations: &'a BTreeMap<ReservationName, CapacityReservation>,
}
