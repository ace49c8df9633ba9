//! What a stamp is made of, from what a stamp or a pool says and what it leaves to defaults. Pure.

use super::super::decode::Decoder;
use super::agreement::agreement;
use super::agreement::spread;
use super::ingress::ingress;
use super::machines::capacity;
use super::machines::compute;
use super::machines::zones;
use super::reference;
use super::shape_doc::ShapeDoc;
use super::surroundings::Surroundings;
use super::text;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::StampKind;
use crate::model::stamp::Isolation;
use crate::model::stamp::Shape;

/// Fills in and checks a shape. `id` is the stamp's, or `{stamp}` for a pool.
pub(super) fn lower(
    id: &str,
    of: &str,
    at: Span,
    doc: &ShapeDoc,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) -> Option<Shape> {
    let kind = doc.kind();
    let mut need = |written: bool, key: &str, help: &str| {
        if !written {
            cx.missing(&doc.broken, of, key, at, help);
        }
    };
    need(
        doc.region.is_some(),
        "region",
        "name its region, as in `region: eastus2`",
    );
    need(
        doc.subscription.is_some(),
        "subscription",
        "name the subscription that it lives in",
    );
    need(
        doc.compute.is_some(),
        "compute",
        "say its machines, as in `compute: { sku: Standard_D8s_v5, instances: 8 }`",
    );
    let zones = zones(doc.zones.as_ref(), cx);
    let compute = doc
        .compute
        .as_ref()
        .and_then(|c| compute(&c.value, of, c.span, cx));
    let referred = references(doc, around, cx);
    let isolation = isolation(doc, kind, around, at, cx);
    let ingress = ingress(id, doc, of, around, cx);
    let data = doc.data.as_ref().map(|d| &d.value);
    let shape = Shape {
        kind,
        region: doc.region.as_ref()?.value.0.clone(),
        zones: zones?,
        subscription: doc.subscription.as_ref()?.value.0.clone(),
        quota_group: doc.quota_group.as_ref().map(|g| g.value.0.clone()),
        capacity_reservation: doc.reservation.as_ref().map(|r| r.value.0.clone()),
        isolation,
        sql_sku: text(data.and_then(|d| d.sql_sku.as_ref()), "S2"),
        storage_sku: text(data.and_then(|d| d.storage_sku.as_ref()), "Standard_LRS"),
        ingress: ingress?,
        capacity: capacity(
            doc.capacity.as_ref().map(|c| &c.value),
            compute.as_ref()?,
            around.policy,
        ),
        compute: compute?,
    };
    if referred {
        agreement(&shape, doc, of, at, around, cx);
    }
    spread(&shape, doc, of, at, cx);
    Some(shape)
}

fn references(doc: &ShapeDoc, around: &Surroundings<'_>, cx: &mut Decoder<'_>) -> bool {
    let known = around.known;
    let mut all = true;
    if let Some(w) = &doc.subscription {
        all &= reference(
            "subscription",
            w.value.0.as_str(),
            w.span,
            &known.subscriptions,
            cx,
        );
    }
    if let Some(w) = &doc.quota_group {
        all &= reference("quota group", w.value.0.as_str(), w.span, &known.groups, cx);
    }
    if let Some(w) = &doc.reservation {
        all &= reference(
            "capacity reservation",
            w.value.0.as_str(),
            w.span,
            &known.reservations,
            cx,
        );
    }
    all
}

fn isolation(
    doc: &ShapeDoc,
    kind: StampKind,
    around: &Surroundings<'_>,
    at: Span,
    cx: &mut Decoder<'_>,
) -> Isolation {
    let written = doc.data.as_ref().and_then(|d| d.value.isolation.as_ref());
    let default = match (kind, around.azure) {
        (StampKind::Shared, false) => Isolation::Schema,
        (StampKind::Dedicated, _) | (_, true) => Isolation::Database,
    };
    let isolation = written.map_or(default, |w| w.value.0);
    if around.azure && isolation != Isolation::Database {
        cx.push(
            Diagnostic::error(codes::ISOLATION, "on Azure, a tenant's data can only be kept apart in a database of its own yet")
                .at(written.map_or(at, |w| w.span), "not there yet")
                .help("write `isolation: database`; moving schemas and rows needs a data provider that does not exist yet (design §11.28)"),
        );
    }
    isolation
}
