//! The shape keys of a stamp or a pool as written, and those of a pool over what it is like. Pure.

use super::super::decode::Spanned;
use super::super::document::CapacityDoc;
use super::super::document::ComputeDoc;
use super::super::document::DataDoc;
use super::super::document::IngressDoc;
use super::super::document::PoolDoc;
use super::super::document::StampDoc;
use super::super::scalar::Id;
use super::super::scalar::Region;
use super::super::scalar::Text;
use super::super::scalar::Word;
use crate::diagnostic::Span;
use crate::model::QuotaGroupName;
use crate::model::ReservationName;
use crate::model::StampKind;
use crate::model::SubscriptionName;

/// The shape keys of a stamp or a pool.
#[derive(Clone, Default)]
pub(super) struct ShapeDoc {
    pub(super) kind: Option<Spanned<Word<StampKind>>>,
    pub(super) region: Option<Spanned<Region>>,
    pub(super) zones: Option<Spanned<Vec<Spanned<Text>>>>,
    pub(super) subscription: Option<Spanned<Id<SubscriptionName>>>,
    pub(super) quota_group: Option<Spanned<Id<QuotaGroupName>>>,
    pub(super) reservation: Option<Spanned<Id<ReservationName>>>,
    pub(super) compute: Option<Spanned<ComputeDoc>>,
    pub(super) data: Option<Spanned<DataDoc>>,
    pub(super) ingress: Option<Spanned<IngressDoc>>,
    pub(super) capacity: Option<Spanned<CapacityDoc>>,
    /// Keys that are there and could not be read.
    pub(super) broken: Vec<&'static str>,
}

impl ShapeDoc {
    pub(super) fn of_stamp(doc: &StampDoc) -> Self {
        Self {
            kind: doc.kind.clone(),
            region: doc.region.clone(),
            zones: doc.zones.clone(),
            subscription: doc.subscription.clone(),
            quota_group: doc.quota_group.clone(),
            reservation: doc.capacity_reservation.clone(),
            compute: doc.compute.clone(),
            data: doc.data.clone(),
            ingress: doc.ingress.clone(),
            capacity: doc.capacity.clone(),
            broken: doc.broken.clone(),
        }
    }

    /// A pool's own keys over those of what it is like.
    pub(super) fn of_pool(doc: &PoolDoc, like: &Self) -> Self {
        let capacity = match (&doc.capacity, &doc.compute) {
            (Some(own), _) => Some(own.clone()),
            // Other machines carry another load than was said of these.
            (None, Some(_)) => None,
            (None, None) => like.capacity.clone(),
        };
        Self {
            kind: doc.kind.clone().or_else(|| like.kind.clone()),
            region: doc.region.clone().or_else(|| like.region.clone()),
            zones: doc.zones.clone().or_else(|| like.zones.clone()),
            subscription: doc
                .subscription
                .clone()
                .or_else(|| like.subscription.clone()),
            quota_group: doc.quota_group.clone().or_else(|| like.quota_group.clone()),
            reservation: doc
                .capacity_reservation
                .clone()
                .or_else(|| like.reservation.clone()),
            compute: over(doc.compute.as_ref(), like.compute.as_ref(), compute_over),
            data: over(doc.data.as_ref(), like.data.as_ref(), data_over),
            ingress: over(doc.ingress.as_ref(), like.ingress.as_ref(), ingress_over),
            capacity,
            broken: both(&doc.broken, &like.broken),
        }
    }

    /// Whether nothing of a shape is said.
    pub(super) fn is_empty(&self) -> bool {
        self.kind.is_none()
            && self.region.is_none()
            && self.zones.is_none()
            && self.subscription.is_none()
            && self.quota_group.is_none()
            && self.reservation.is_none()
            && self.compute.is_none()
            && self.data.is_none()
            && self.ingress.is_none()
            && self.capacity.is_none()
            && self.broken.is_empty()
    }

    pub(super) fn kind(&self) -> StampKind {
        self.kind
            .as_ref()
            .map_or(StampKind::Shared, |kind| kind.value.0)
    }

    /// Where the key stands that names the reservation.
    pub(super) fn reservation_span(&self) -> Option<Span> {
        self.reservation.as_ref().map(|r| r.span)
    }

    /// Makes the host of a stamp into the rule for the hosts of stamps like it.
    pub(super) fn generalise_host(&mut self, stamp: &str) {
        let Some(ingress) = &mut self.ingress else {
            return;
        };
        for host in [&mut ingress.value.host, &mut ingress.value.origin] {
            if let Some(written) = host {
                let general = written.value.0.replace(stamp, "{stamp}");
                *host = general.contains("{stamp}").then_some(Spanned {
                    value: Text(general),
                    span: written.span,
                });
            }
        }
    }
}

/// What is said here over what is said there, where both say something.
fn over<T: Clone>(
    own: Option<&Spanned<T>>,
    like: Option<&Spanned<T>>,
    both: fn(&T, &T) -> T,
) -> Option<Spanned<T>> {
    match (own, like) {
        (Some(own), Some(like)) => Some(Spanned {
            value: both(&own.value, &like.value),
            span: own.span,
        }),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

fn both(own: &[&'static str], like: &[&'static str]) -> Vec<&'static str> {
    own.iter().chain(like).copied().collect()
}

fn compute_over(own: &ComputeDoc, like: &ComputeDoc) -> ComputeDoc {
    let other_sku = own.sku.is_some();
    ComputeDoc {
        sku: own.sku.clone().or_else(|| like.sku.clone()),
        instances: own.instances.clone().or_else(|| like.instances.clone()),
        // What was said of another size does not hold for this one.
        vcpus: own
            .vcpus
            .clone()
            .or_else(|| like.vcpus.clone().filter(|_| !other_sku)),
        family: own
            .family
            .clone()
            .or_else(|| like.family.clone().filter(|_| !other_sku)),
        broken: both(&own.broken, &like.broken),
    }
}

fn data_over(own: &DataDoc, like: &DataDoc) -> DataDoc {
    DataDoc {
        isolation: own.isolation.clone().or_else(|| like.isolation.clone()),
        sql_sku: own.sql_sku.clone().or_else(|| like.sql_sku.clone()),
        storage_sku: own.storage_sku.clone().or_else(|| like.storage_sku.clone()),
        broken: Vec::new(),
    }
}

pub(super) fn ingress_over(own: &IngressDoc, like: &IngressDoc) -> IngressDoc {
    let host = own.host.is_some() || own.origin.is_some();
    IngressDoc {
        subscription: own
            .subscription
            .clone()
            .or_else(|| like.subscription.clone()),
        resource_group: own
            .resource_group
            .clone()
            .or_else(|| like.resource_group.clone()),
        profile: own.profile.clone().or_else(|| like.profile.clone()),
        group: own.group.clone().or_else(|| like.group.clone()),
        host: own
            .host
            .clone()
            .or_else(|| like.host.clone().filter(|_| !host)),
        origin: own
            .origin
            .clone()
            .or_else(|| like.origin.clone().filter(|_| !host)),
        weight: own.weight.clone().or_else(|| like.weight.clone()),
        broken: both(&own.broken, &like.broken),
    }
}
