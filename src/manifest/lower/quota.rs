//! Subscriptions, quota groups and capacity reservations. Pure.

use std::collections::BTreeMap;

use super::super::decode::Decoder;
use super::super::decode::Spanned;
use super::super::decode::short;
use super::super::document::FleetDoc;
use super::super::document::QuotaGroupDoc;
use super::super::document::ReservationDoc;
use super::super::node::Entry;
use super::super::places::Places;
use super::super::scalar::Text;
use super::super::scalar::bad_id;
use super::super::written::InstancesDoc;
use super::Known;
use super::machines::sku;
use super::machines::zones;
use super::reference;
use super::required;
use super::text;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::CapacityReservation;
use crate::model::Cores;
use crate::model::GroupLimit;
use crate::model::QuotaGroup;
use crate::model::QuotaGroupName;
use crate::model::ReservationName;
use crate::model::Subscription;
use crate::model::SubscriptionName;
use crate::model::id::BadId;

/// Reads the key of a labelled value as an id.
pub(super) fn id<T: std::str::FromStr<Err = BadId>>(
    entry: &Entry,
    what: &str,
    cx: &mut Decoder<'_>,
) -> Option<T> {
    match entry.key.parse() {
        Ok(id) => Some(id),
        Err(why) => {
            cx.push(bad_id(what, &entry.key, &why, entry.key_span));
            None
        }
    }
}

pub(super) fn subscriptions(
    doc: &FleetDoc,
    places: &mut Places,
    cx: &mut Decoder<'_>,
) -> BTreeMap<SubscriptionName, Subscription> {
    let mut lowered = BTreeMap::new();
    let mut ids: BTreeMap<String, Span> = BTreeMap::new();
    let Some(written) = &doc.subscriptions else {
        return lowered;
    };
    written.value.each(cx, |entry, value, cx| {
        let name: Option<SubscriptionName> = id(entry, "a subscription's name", cx);
        places.note("subscriptions", &entry.key, entry.key_span);
        let Some(Spanned { value: Text(text), span }) = value.id else {
            cx.missing(&value.broken, &entry.key, "id", entry.key_span, "give the subscription's id, a UUID");
            return;
        };
        let uuid = text.to_ascii_lowercase();
        if !is_uuid(&uuid) {
            let problem = format!("`{}` is no UUID", short(&text));
            cx.push(
                Diagnostic::error(codes::BAD_UUID, problem)
                    .at(span, "not a UUID")
                    .help("a subscription's id is 32 hexadecimal digits as in `11111111-1111-1111-1111-111111111111`"),
            );
            return;
        }
        if let Some(first) = ids.insert(uuid.clone(), span) {
            cx.push(
                Diagnostic::error(codes::TWICE, "two subscriptions have the same id")
                    .at(span, "again here")
                    .at(first, "first here")
                    .help("name each subscription once"),
            );
        }
        if let Some(name) = name {
            lowered.insert(name.clone(), Subscription { name, id: uuid });
        }
    });
    lowered
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

pub(super) fn groups(
    doc: &FleetDoc,
    known: &Known,
    places: &mut Places,
    cx: &mut Decoder<'_>,
) -> BTreeMap<QuotaGroupName, QuotaGroup> {
    let mut lowered = BTreeMap::new();
    if let Some(written) = &doc.quota_groups {
        written.value.each(cx, |entry, value, cx| {
            places.note("quota_groups", &entry.key, entry.key_span);
            let name: Option<QuotaGroupName> = id(entry, "a quota group's name", cx);
            if let Some(group) = group(entry, name, &value, known, cx) {
                lowered.insert(group.name.clone(), group);
            }
        });
    }
    lowered
}

fn group(
    entry: &Entry,
    name: Option<QuotaGroupName>,
    value: &QuotaGroupDoc,
    known: &Known,
    cx: &mut Decoder<'_>,
) -> Option<QuotaGroup> {
    let management_group = required(
        &value.broken,
        value.management_group.as_ref(),
        &entry.key,
        "management_group",
        entry.key_span,
        "name the management group that the quota group belongs to",
        cx,
    );
    let mut subscriptions: BTreeMap<SubscriptionName, Span> = BTreeMap::new();
    for member in value.subscriptions.iter().flat_map(|s| &s.value) {
        let name = &member.value.0;
        reference(
            "subscription",
            name.as_str(),
            member.span,
            &known.subscriptions,
            cx,
        );
        if let Some(first) = subscriptions.insert(name.clone(), member.span) {
            cx.push(
                Diagnostic::error(
                    codes::TWICE,
                    format!("the quota group has the subscription `{name}` twice"),
                )
                .at(member.span, "again here")
                .at(first, "first here")
                .help("name it once"),
            );
        }
    }
    let limits = limits(value, cx);
    Some(QuotaGroup {
        name: name?,
        management_group: management_group?.0,
        subscriptions: subscriptions.into_keys().collect(),
        limits,
        increase: value
            .increase
            .as_ref()
            .map(|i| i.value.0)
            .unwrap_or_default(),
    })
}

fn limits(value: &QuotaGroupDoc, cx: &mut Decoder<'_>) -> Vec<GroupLimit> {
    let mut lowered: BTreeMap<(crate::model::RegionName, String), (Cores, Span)> = BTreeMap::new();
    for Spanned { value: limit, span } in value.limits.iter().flat_map(|l| &l.value).map(flat) {
        let of = "the limit";
        let region = required(
            &limit.broken,
            limit.region.as_ref(),
            of,
            "region",
            span,
            "a limit is `{ region, family, cores }`",
            cx,
        );
        let family = required(
            &limit.broken,
            limit.family.as_ref(),
            of,
            "family",
            span,
            "a limit is `{ region, family, cores }`",
            cx,
        );
        let cores = required(
            &limit.broken,
            limit.cores.as_ref(),
            of,
            "cores",
            span,
            "a limit is `{ region, family, cores }`",
            cx,
        );
        if let (Some(region), Some(family), Some(cores)) = (region, family, cores) {
            let key = (region.0, family.0);
            if let Some((_, first)) = lowered.get(&key) {
                cx.push(
                    Diagnostic::error(
                        codes::LIMIT_TWICE,
                        format!("there are two limits for {} in {}", short(&key.1), key.0),
                    )
                    .at(span, "again here")
                    .at(*first, "first here")
                    .help("keep one of them"),
                );
                continue;
            }
            lowered.insert(key, (Cores(cores.0), span));
        }
    }
    lowered
        .into_iter()
        .map(|((region, family), (cores, _))| GroupLimit {
            region,
            family,
            cores,
        })
        .collect()
}

/// An item of a list with its place.
fn flat<T>(item: &Spanned<T>) -> Spanned<&T> {
    Spanned {
        value: &item.value,
        span: item.span,
    }
}

pub(super) fn reservations(
    doc: &FleetDoc,
    known: &Known,
    places: &mut Places,
    cx: &mut Decoder<'_>,
) -> BTreeMap<ReservationName, CapacityReservation> {
    let mut lowered = BTreeMap::new();
    if let Some(written) = &doc.capacity_reservations {
        written.value.each(cx, |entry, value, cx| {
            places.note("capacity_reservations", &entry.key, entry.key_span);
            let name: Option<ReservationName> = id(entry, "a capacity reservation's name", cx);
            if let Some(reservation) = reservation(entry, name, &value, known, cx) {
                lowered.insert(reservation.name.clone(), reservation);
            }
        });
    }
    lowered
}

fn reservation(
    entry: &Entry,
    name: Option<ReservationName>,
    value: &ReservationDoc,
    known: &Known,
    cx: &mut Decoder<'_>,
) -> Option<CapacityReservation> {
    let at = entry.key_span;
    let subscription = required(
        &value.broken,
        value.subscription.as_ref(),
        &entry.key,
        "subscription",
        at,
        "name the subscription that it lives in",
        cx,
    );
    if let Some(written) = &value.subscription {
        reference(
            "subscription",
            written.value.0.as_str(),
            written.span,
            &known.subscriptions,
            cx,
        );
    }
    let region = required(
        &value.broken,
        value.region.as_ref(),
        &entry.key,
        "region",
        at,
        "name its region, as in `eastus2`",
        cx,
    );
    let sku = sku(
        &value.broken,
        value.sku.as_ref(),
        value.vcpus.as_ref(),
        value.family.as_ref(),
        &entry.key,
        at,
        cx,
    );
    let zones = zones(value.zones.as_ref(), cx);
    let floor = match value.instances.as_ref().map(|i| i.value) {
        Some(InstancesDoc::Floor(floor)) => u32::try_from(floor).unwrap_or(u32::MAX),
        Some(InstancesDoc::Auto) | None => 0,
    };
    Some(CapacityReservation {
        resource_group: text(
            value.resource_group.as_ref(),
            &format!("rg-capacity-{}", entry.key),
        ),
        name: name?,
        subscription: subscription?.0,
        region: region?.0,
        zones: zones?,
        sku: sku?,
        floor,
    })
}
