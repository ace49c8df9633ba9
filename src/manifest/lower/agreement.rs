//! A stamp, its capacity reservation and its quota group must agree. Pure.

use super::super::decode::Decoder;
use super::super::decode::short;
use super::shape_doc::ShapeDoc;
use super::surroundings::Surroundings;
use crate::diagnostic::Code;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::CapacityReservation;
use crate::model::stamp::Shape;

/// A shape and what it refers to must agree.
pub(super) fn agreement(
    shape: &Shape,
    doc: &ShapeDoc,
    of: &str,
    at: Span,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) {
    if let Some(name) = &shape.capacity_reservation
        && let Some(reservation) = around.reservations.get(name)
    {
        for difference in differences(shape, doc, reservation) {
            let Difference {
                code,
                what,
                own,
                theirs,
                written,
            } = difference;
            let problem = format!(
                "`{of}` has the {what} {own} and its capacity reservation `{name}` has {theirs}"
            );
            let mut problem =
                Diagnostic::error(code, problem).at(written.unwrap_or(at), format!("{own} here"));
            if let Some(declared) = around.known.reservations.get(name.as_str()) {
                problem = problem.at(*declared, format!("{theirs} here"));
            }
            cx.push(problem.help(format!(
                "a reservation guarantees machines of its own {what} only: make both the same, or name another reservation"
            )));
        }
    }
    quota(shape, doc, of, at, around, cx);
}

/// Where a shape and its reservation differ.
struct Difference {
    code: Code,
    what: &'static str,
    own: String,
    theirs: String,
    written: Option<Span>,
}

fn differences(
    shape: &Shape,
    doc: &ShapeDoc,
    reservation: &CapacityReservation,
) -> Vec<Difference> {
    let sku = doc.compute.as_ref().and_then(|c| c.value.sku.as_ref());
    let mut found = Vec::new();
    let mut compare = |code, what, own: &str, theirs: &str, written| {
        if own != theirs {
            let (own, theirs) = (short(own), short(theirs));
            found.push(Difference {
                code,
                what,
                own,
                theirs,
                written,
            });
        }
    };
    compare(
        codes::RESERVATION_SKU,
        "VM size",
        &shape.compute.sku.name,
        &reservation.sku.name,
        sku.map(|s| s.span),
    );
    compare(
        codes::RESERVATION_REGION,
        "region",
        shape.region.as_str(),
        reservation.region.as_str(),
        doc.region.as_ref().map(|r| r.span),
    );
    compare(
        codes::RESERVATION_SUBSCRIPTION,
        "subscription",
        shape.subscription.as_str(),
        reservation.subscription.as_str(),
        doc.subscription.as_ref().map(|s| s.span),
    );
    if !shape
        .zones
        .iter()
        .all(|zone| reservation.zones.contains(zone))
    {
        let written = doc.zones.as_ref().map(|z| z.span);
        compare(
            codes::RESERVATION_ZONES,
            "zones",
            &shape.zones.join(", "),
            &reservation.zones.join(", "),
            written.or(doc.reservation_span()),
        );
    }
    found
}

fn quota(
    shape: &Shape,
    doc: &ShapeDoc,
    of: &str,
    at: Span,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) {
    let (Some(name), Some(written)) = (&shape.quota_group, &doc.quota_group) else {
        return;
    };
    let Some(group) = around.groups.get(name) else {
        return;
    };
    if !group.subscriptions.contains(&shape.subscription) {
        let at = doc.subscription.as_ref().map_or(at, |s| s.span);
        let mut problem = Diagnostic::error(
            codes::QUOTA_SUBSCRIPTION,
            format!(
                "`{of}` takes quota from `{name}`, and its subscription `{}` is not in that group",
                shape.subscription
            ),
        )
        .at(at, "not in the group");
        if let Some(declared) = around.known.groups.get(name.as_str()) {
            problem = problem.at(*declared, "the group");
        }
        cx.push(problem.help(format!(
            "add `{}` to the group's `subscriptions`",
            shape.subscription
        )));
    }
    let family = &shape.compute.sku.family;
    let limited = group
        .limits
        .iter()
        .any(|l| l.region == shape.region && &l.family == family);
    if !limited {
        let problem = format!(
            "the quota group `{name}` has no limit for {family} in {}, which `{of}` needs",
            shape.region
        );
        cx.push(
            Diagnostic::warning(codes::NO_LIMIT, problem)
                .at(written.span, "this group")
                .help(format!(
                    "add `{{ region: {}, family: {family}, cores: … }}` to its `limits`",
                    shape.region
                )),
        );
    }
}

/// More zones than machines leave a zone empty.
pub(super) fn spread(shape: &Shape, doc: &ShapeDoc, of: &str, at: Span, cx: &mut Decoder<'_>) {
    if (shape.compute.instances as usize) < shape.zones.len() {
        let instances = doc
            .compute
            .as_ref()
            .and_then(|c| c.value.instances.as_ref());
        let problem = format!(
            "`{of}` has {} zones and fewer machines: {}",
            shape.zones.len(),
            shape.compute.instances
        );
        cx.push(
            Diagnostic::warning(codes::EMPTY_ZONE, problem)
                .at(instances.map_or(at, |i| i.span), "too few for every zone")
                .help("use as many machines as zones, or fewer zones"),
        );
    }
}
