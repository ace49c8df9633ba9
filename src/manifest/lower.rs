//! The manifest as written into the fleet as meant: defaults filled in, references followed.
//!
//! Reads no file. Order matters: what is referred to is lowered before what refers to it. Pure.

mod agreement;
mod ingress;
mod machines;
mod policy;
mod pool;
mod quota;
mod replaces;
mod shape;
mod shape_doc;
mod stamp;
mod surroundings;
mod tenant;
mod tenant_checks;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::decode::Decoder;
use super::decode::Labelled;
use super::decode::Spanned;
use super::decode::nearest;
use super::decode::short;
use super::document::FleetDoc;
use super::document::ProviderDoc;
use super::places::Places;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Fleet;
use crate::model::SubscriptionName;
use crate::model::fleet::ApiGateway;
use crate::model::fleet::ProviderRef;
pub(crate) use tenant::Tenants;

/// Tenants from files: called once with everything that tenants are checked against.
pub(crate) trait MoreTenants {
    /// Reads every further tenant into `tenants`.
    fn read(
        &mut self,
        files: &[Spanned<super::scalar::Text>],
        tenants: &mut Tenants,
        cx: &mut Decoder<'_>,
    );
}

/// The fleet that a document means; `None` where a part of it is missing or broken.
pub(crate) fn lower(
    doc: &FleetDoc,
    whole: Span,
    places: &mut Places,
    more: &mut dyn MoreTenants,
    cx: &mut Decoder<'_>,
) -> Option<Fleet> {
    check_version(doc, whole, cx);
    let policy = policy::lower(doc.policy.as_ref().map(|p| &p.value), cx);
    let provider = provider(doc, whole, cx);
    let name = doc.fleet.as_ref().map(|f| f.value.0.clone());
    if name.is_none() {
        cx.missing(
            &doc.broken,
            "the manifest",
            "fleet",
            whole,
            "give the fleet a name, as in `fleet: contoso`",
        );
    }
    let known = Known::of(doc);
    let subscriptions = quota::subscriptions(doc, places, cx);
    let quota_groups = quota::groups(doc, &known, places, cx);
    let reservations = quota::reservations(doc, &known, places, cx);
    let shapes = surroundings::Surroundings {
        fleet: name.as_ref().map_or("fleet", |n| n.as_str()),
        policy: &policy,
        azure: matches!(provider, Some(ProviderRef::Azure { .. })),
        ingress: doc.ingress.as_ref().map(|i| &i.value),
        known: &known,
        groups: &quota_groups,
        reservations: &reservations,
    };
    let stamps = stamp::lower(doc, &shapes, places, cx);
    let pools = pool::lower(doc, &shapes, &stamps, places, cx);
    let mut tenants = Tenants::new(&policy, &stamps.lowered, &pools, known.stamps.clone());
    if let Some(declared) = &doc.tenants {
        tenants.reserve(declared.value.entries().len());
        declared.value.each(cx, |entry, doc, cx| {
            tenants.add(&entry.key, entry.key_span, &doc, cx);
        });
    }
    if let Some(files) = &doc.tenants_from {
        more.read(&files.value.0, &mut tenants, cx);
    }
    let tenants = tenants.finish(places, cx);
    Some(Fleet {
        name: name?,
        environment: doc.environment.as_ref().map(|e| e.value.0.clone()),
        provider: provider?,
        registry: text(doc.registry.as_ref(), "registry"),
        vault: text(doc.vault.as_ref(), "rsv-stamps-backup"),
        api: api(doc, &known, cx),
        policy,
        subscriptions,
        quota_groups,
        capacity_reservations: reservations,
        stamps: stamps.lowered,
        pools,
        tenants,
    })
}

/// What is declared, by key, whether it could be read or not: a broken stamp is not an unknown one.
pub(super) struct Known {
    pub(super) subscriptions: BTreeMap<String, Span>,
    pub(super) groups: BTreeMap<String, Span>,
    pub(super) reservations: BTreeMap<String, Span>,
    pub(super) stamps: BTreeSet<String>,
}

impl Known {
    fn of(doc: &FleetDoc) -> Self {
        fn keys<T>(of: Option<&Spanned<Labelled<T>>>) -> BTreeMap<String, Span> {
            of.map(|labelled| labelled.value.entries())
                .unwrap_or_default()
                .iter()
                .map(|entry| (entry.key.to_string(), entry.key_span))
                .collect()
        }
        Self {
            subscriptions: keys(doc.subscriptions.as_ref()),
            groups: keys(doc.quota_groups.as_ref()),
            reservations: keys(doc.capacity_reservations.as_ref()),
            stamps: keys(doc.stamps.as_ref()).into_keys().collect(),
        }
    }
}

/// Reports a reference to something that is not declared.
pub(super) fn reference(
    what: &str,
    name: &str,
    span: Span,
    known: &BTreeMap<String, Span>,
    cx: &mut Decoder<'_>,
) -> bool {
    if known.contains_key(name) {
        return true;
    }
    cx.push(unknown_reference(
        what,
        name,
        span,
        known.keys().map(String::as_str),
    ));
    false
}

/// The finding for a reference that leads nowhere.
pub(super) fn unknown_reference<'k>(
    what: &str,
    name: &str,
    span: Span,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Diagnostic {
    let help = if let Some(near) = nearest(name, known.clone()) {
        format!("did you mean `{near}`?")
    } else {
        let some: Vec<&str> = known.take(8).collect();
        if some.is_empty() {
            format!("declare it: the manifest has no {what} at all")
        } else {
            format!("declare it, or name one of: {}", some.join(", "))
        }
    };
    Diagnostic::error(
        codes::UNKNOWN_REFERENCE,
        format!("there is no {what} `{}`", short(name)),
    )
    .at(span, "not declared")
    .help(help)
}

/// The text of a key, or its default.
pub(super) fn text(written: Option<&Spanned<super::scalar::Text>>, default: &str) -> String {
    written.map_or_else(|| default.to_owned(), |text| text.value.0.clone())
}

/// A text that must be there.
pub(super) fn required<T: Clone>(
    broken: &[&str],
    written: Option<&Spanned<T>>,
    of: &str,
    key: &str,
    span: Span,
    help: &str,
    cx: &mut Decoder<'_>,
) -> Option<T> {
    if written.is_none() {
        cx.missing(broken, of, key, span, help);
    }
    written.map(|w| w.value.clone())
}

fn check_version(doc: &FleetDoc, whole: Span, cx: &mut Decoder<'_>) {
    match &doc.version {
        None => cx.missing(
            &doc.broken,
            "the manifest",
            "version",
            whole,
            "begin the manifest with `version: 1`",
        ),
        Some(version) if version.value.0 != 1 => {
            let problem = format!(
                "this is version {} of the format; this program knows version 1",
                version.value.0
            );
            cx.push(
                Diagnostic::error(codes::BAD_VERSION, problem)
                    .at(version.span, "not known")
                    .help("write `version: 1`"),
            );
        }
        Some(_) => {}
    }
}

fn provider(doc: &FleetDoc, whole: Span, cx: &mut Decoder<'_>) -> Option<ProviderRef> {
    let Some(Spanned { value, span }) = &doc.provider else {
        cx.missing(
            &doc.broken,
            "the manifest",
            "provider",
            whole,
            "say where the fleet lives, as in `provider: { sim: {} }`",
        );
        return None;
    };
    let ProviderDoc { sim, azure, .. } = value;
    match (sim, azure) {
        (Some(sim), None) => Some(ProviderRef::Sim {
            world: sim.value.world.as_ref().map(|w| w.value.0.clone()),
        }),
        (None, Some(azure)) => {
            let group = required(
                &azure.value.broken,
                azure.value.management_group.as_ref(),
                "azure",
                "management_group",
                azure.span,
                "name the management group above the fleet's subscriptions",
                cx,
            )?;
            Some(ProviderRef::Azure {
                management_group: group.0,
            })
        }
        (Some(_), Some(azure)) => {
            cx.push(
                Diagnostic::error(codes::TWICE, "a fleet has one provider, not two")
                    .at(azure.span, "the second")
                    .help("keep `sim` or `azure`; an overlay in `env/` that names another provider replaces the base's"),
            );
            None
        }
        (None, None) => {
            cx.missing(
                &value.broken,
                "provider",
                "sim",
                *span,
                "write `provider: { sim: {} }` or `provider: { azure: { management_group: … } }`",
            );
            None
        }
    }
}

fn api(doc: &FleetDoc, known: &Known, cx: &mut Decoder<'_>) -> Option<ApiGateway> {
    let Spanned { value, span } = doc.api_management.as_ref()?;
    let of = "api_management";
    let subscription: Option<SubscriptionName> = required(
        &value.broken,
        value.subscription.as_ref(),
        of,
        "subscription",
        *span,
        "name the subscription that it lives in",
        cx,
    )
    .map(|s| s.0);
    let resource_group = required(
        &value.broken,
        value.resource_group.as_ref(),
        of,
        "resource_group",
        *span,
        "name its resource group",
        cx,
    );
    let service = required(
        &value.broken,
        value.service.as_ref(),
        of,
        "service",
        *span,
        "give its name",
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
    Some(ApiGateway {
        subscription: subscription?,
        resource_group: resource_group?.0,
        service: service?.0,
    })
}
