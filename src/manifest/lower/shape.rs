//! What a stamp is made of, from what a stamp or a pool says and what it leaves to defaults. Pure.

use std::collections::BTreeMap;

use super::super::decode::Decoder;
use super::super::decode::Spanned;
use super::super::decode::short;
use super::super::document::CapacityDoc;
use super::super::document::ComputeDoc;
use super::super::document::DataDoc;
use super::super::document::IngressDoc;
use super::super::document::PoolDoc;
use super::super::document::StampDoc;
use super::super::scalar::Id;
use super::super::scalar::Region;
use super::super::scalar::Text;
use super::super::scalar::Whole;
use super::super::scalar::Word;
use super::Known;
use super::reference;
use super::text;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::CapacityReservation;
use crate::model::Load;
use crate::model::Policy;
use crate::model::QuotaGroup;
use crate::model::QuotaGroupName;
use crate::model::ReservationName;
use crate::model::StampKind;
use crate::model::SubscriptionName;
use crate::model::sku::Sku;
use crate::model::stamp::Compute;
use crate::model::stamp::Ingress;
use crate::model::stamp::Isolation;
use crate::model::stamp::Shape;

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

/// The shape keys of a stamp or a pool.
#[derive(Clone, Default)]
pub(super) struct ShapeDoc {
    pub(super) kind: Option<Spanned<Word<StampKind>>>,
    pub(super) region: Option<Spanned<Region>>,
    zones: Option<Spanned<Vec<Spanned<Text>>>>,
    subscription: Option<Spanned<Id<SubscriptionName>>>,
    quota_group: Option<Spanned<Id<QuotaGroupName>>>,
    reservation: Option<Spanned<Id<ReservationName>>>,
    compute: Option<Spanned<ComputeDoc>>,
    data: Option<Spanned<DataDoc>>,
    ingress: Option<Spanned<IngressDoc>>,
    capacity: Option<Spanned<CapacityDoc>>,
    /// Keys that are there and could not be read.
    broken: Vec<&'static str>,
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

fn ingress_over(own: &IngressDoc, like: &IngressDoc) -> IngressDoc {
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

/// The capacity of a stamp: its machines and policy, but for what it says itself.
fn capacity(doc: Option<&CapacityDoc>, compute: &Compute, policy: &Policy) -> Load {
    let mut load = policy
        .stamp_capacity
        .of(compute.sku.vcpus, compute.instances);
    if let Some(doc) = doc {
        if let Some(cpu) = &doc.cpu_millicores {
            load.cpu = cpu.value.0;
        }
        if let Some(memory) = &doc.memory_mib {
            load.memory = memory.value.0;
        }
        if let Some(storage) = &doc.storage_gib {
            load.storage = storage.value.0 * 1_024;
        }
        if let Some(dtu) = &doc.dtu {
            load.dtu = dtu.value.0;
        }
    }
    load
}

/// Zones, in order, each once; one zone where none is said.
pub(super) fn zones(
    written: Option<&Spanned<Vec<Spanned<Text>>>>,
    cx: &mut Decoder<'_>,
) -> Option<Vec<String>> {
    let Some(written) = written else {
        return Some(vec!["1".to_owned()]);
    };
    let mut zones: BTreeMap<String, Span> = BTreeMap::new();
    let mut good = true;
    for Spanned {
        value: Text(zone),
        span,
    } in &written.value
    {
        if !matches!(zone.as_str(), "1" | "2" | "3") {
            cx.push(
                Diagnostic::error(
                    codes::BAD_ZONE,
                    format!("`{}` is no availability zone", short(zone)),
                )
                .at(*span, "not a zone")
                .help("zones are \"1\", \"2\" and \"3\""),
            );
            good = false;
        } else if let Some(first) = zones.insert(zone.clone(), *span) {
            cx.push(
                Diagnostic::error(codes::TWICE, format!("the zone {zone} stands twice"))
                    .at(*span, "again here")
                    .at(first, "first here")
                    .help("name each zone once"),
            );
            good = false;
        }
    }
    if written.value.is_empty() {
        cx.push(
            Diagnostic::error(codes::BAD_ZONE, "there is no zone in the list")
                .at(written.span, "empty")
                .help("leave the key out for zone 1, or name zones as in `[\"1\", \"2\"]`"),
        );
        good = false;
    }
    good.then(|| zones.into_keys().collect())
}

/// A VM size: what its name says, but for what is said of it.
pub(super) fn sku(
    broken: &[&str],
    name: Option<&Spanned<Text>>,
    vcpus: Option<&Spanned<Whole<10_000>>>,
    family: Option<&Spanned<Text>>,
    of: &str,
    at: Span,
    cx: &mut Decoder<'_>,
) -> Option<Sku> {
    let Some(Spanned {
        value: Text(name),
        span,
    }) = name
    else {
        cx.missing(
            broken,
            of,
            "sku",
            at,
            "name the VM size, as in `sku: Standard_D8s_v5`",
        );
        return None;
    };
    let said = vcpus.map(|v| u32::try_from(v.value.0).unwrap_or(u32::MAX));
    if let (Some(0), Some(written)) = (said, vcpus) {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a machine has at least one vCPU")
                .at(written.span, "none")
                .help("write how many vCPUs one machine has"),
        );
        return None;
    }
    let read = Sku::from_name(name);
    match (read, said, family) {
        (Some(read), said, family) => Some(Sku {
            vcpus: said.unwrap_or(read.vcpus),
            family: family.map_or(read.family, |f| f.value.0.clone()),
            name: read.name,
        }),
        (None, Some(vcpus), Some(family)) => Some(Sku {
            name: name.clone(),
            family: family.value.0.clone(),
            vcpus,
        }),
        (None, _, _) => {
            cx.push(
                Diagnostic::error(
                    codes::BAD_SKU,
                    format!(
                        "`{}` does not have the form of a VM size's name",
                        short(name)
                    ),
                )
                .at(*span, "not a VM size")
                .help("write it as in `Standard_D8s_v5`, or say `vcpus` and `family` beside it"),
            );
            None
        }
    }
}

fn compute(doc: &ComputeDoc, of: &str, at: Span, cx: &mut Decoder<'_>) -> Option<Compute> {
    let sku = sku(
        &doc.broken,
        doc.sku.as_ref(),
        doc.vcpus.as_ref(),
        doc.family.as_ref(),
        &format!("{of}.compute"),
        at,
        cx,
    );
    let Some(instances) = &doc.instances else {
        cx.missing(
            &doc.broken,
            &format!("{of}.compute"),
            "instances",
            at,
            "say how many machines, all zones together",
        );
        return None;
    };
    if instances.value.0 == 0 {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a stamp has at least one machine")
                .at(instances.span, "none")
                .help("write 1 or more; `desired: standby` keeps a stamp idle, `desired: retired` ends it"),
        );
        return None;
    }
    Some(Compute {
        sku: sku?,
        instances: u32::try_from(instances.value.0).unwrap_or(u32::MAX),
    })
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

/// The outer `None`: it was reported. The inner: the stamp has no ingress.
#[expect(
    clippy::option_option,
    reason = "two questions: could it be read, and is there one"
)]
fn ingress(
    id: &str,
    doc: &ShapeDoc,
    of: &str,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) -> Option<Option<Ingress>> {
    let own = doc.ingress.as_ref();
    let empty = IngressDoc::default();
    let (merged, at) = match (own, around.ingress) {
        (None, None) => return Some(None),
        (Some(own), base) => (
            ingress_over(&own.value, base.unwrap_or(&empty)),
            Some(own.span),
        ),
        (None, Some(base)) => (base.clone(), None),
    };
    let at = at
        .or_else(|| merged.subscription.as_ref().map(|s| s.span))
        .or_else(|| doc.region.as_ref().map(|r| r.span))?;
    if let (Some(host), Some(origin)) = (&merged.host, &merged.origin) {
        cx.push(
            Diagnostic::error(
                codes::TWICE,
                "`host` and `origin` are two words for one thing",
            )
            .at(origin.span, "`origin`")
            .at(host.span, "`host`")
            .help("keep `host`"),
        );
    }
    let of = format!("{of}.ingress");
    let mut missing = false;
    for (key, there) in [
        ("subscription", merged.subscription.is_some()),
        ("resource_group", merged.resource_group.is_some()),
        ("profile", merged.profile.is_some()),
        ("group", merged.group.is_some()),
    ] {
        if !there {
            cx.missing(
                &merged.broken,
                &of,
                key,
                at,
                "say it here, or once for all stamps under `ingress` at the top of the manifest",
            );
            missing = true;
        }
    }
    if let Some(w) = &merged.subscription {
        reference(
            "subscription",
            w.value.0.as_str(),
            w.span,
            &around.known.subscriptions,
            cx,
        );
    }
    if let Some(weight) = merged.weight.as_ref().filter(|w| w.value.0 == 0) {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a weight is a number from 1 to 1000")
                .at(weight.span, "out of range")
                .help("a stamp that is to get no traffic is `desired: standby` or `isolated`"),
        );
    }
    if missing {
        return None;
    }
    let host = merged.host.or(merged.origin);
    let host = text(
        host.as_ref(),
        &format!("{{stamp}}.{}.example.com", around.fleet),
    );
    Some(Some(Ingress {
        subscription: merged.subscription?.value.0,
        resource_group: merged.resource_group?.value.0,
        profile: merged.profile?.value.0,
        group: merged.group?.value.0,
        host: host.replace("{stamp}", id),
        weight: merged
            .weight
            .map_or(500, |w| u32::try_from(w.value.0).unwrap_or(1_000)),
    }))
}

/// A shape and what it refers to must agree.
fn agreement(
    shape: &Shape,
    doc: &ShapeDoc,
    of: &str,
    at: Span,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) {
    let here = |span: Option<Span>| span.unwrap_or(at);
    if let Some(name) = &shape.capacity_reservation
        && let Some(reservation) = around.reservations.get(name)
    {
        let declared = around.known.reservations.get(name.as_str()).copied();
        let mut differ = |code, what: &str, own: &str, theirs: &str, span: Option<Span>| {
            let problem = format!(
                "`{of}` has the {what} {} and its capacity reservation `{name}` has {}",
                short(own),
                short(theirs)
            );
            let mut problem =
                Diagnostic::error(code, problem).at(here(span), format!("{} here", short(own)));
            if let Some(declared) = declared {
                problem = problem.at(declared, format!("{} here", short(theirs)));
            }
            cx.push(problem.help(format!("a reservation guarantees machines of one {what} only: make both the same, or name another reservation")));
        };
        let written = doc
            .compute
            .as_ref()
            .and_then(|c| c.value.sku.as_ref())
            .map(|s| s.span);
        if reservation.sku.name != shape.compute.sku.name {
            differ(
                codes::RESERVATION_SKU,
                "VM size",
                &shape.compute.sku.name,
                &reservation.sku.name,
                written,
            );
        }
        if reservation.region != shape.region {
            let written = doc.region.as_ref().map(|r| r.span);
            differ(
                codes::RESERVATION_REGION,
                "region",
                shape.region.as_str(),
                reservation.region.as_str(),
                written,
            );
        }
        if reservation.subscription != shape.subscription {
            let written = doc.subscription.as_ref().map(|s| s.span);
            differ(
                codes::RESERVATION_SUBSCRIPTION,
                "subscription",
                shape.subscription.as_str(),
                reservation.subscription.as_str(),
                written,
            );
        }
        let lacks: Vec<&str> = shape
            .zones
            .iter()
            .filter(|z| !reservation.zones.contains(z))
            .map(String::as_str)
            .collect();
        if !lacks.is_empty() {
            let written = doc.zones.as_ref().map(|z| z.span);
            differ(
                codes::RESERVATION_ZONES,
                "zones",
                &shape.zones.join(", "),
                &reservation.zones.join(", "),
                written.or(doc.reservation_span()),
            );
        }
    }
    quota(shape, doc, of, at, around, cx);
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
fn spread(shape: &Shape, doc: &ShapeDoc, of: &str, at: Span, cx: &mut Decoder<'_>) {
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
