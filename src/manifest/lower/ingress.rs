//! A stamp's ingress: its own keys over those at the top of the manifest. Pure.

use super::super::decode::Decoder;
use super::super::document::IngressDoc;
use super::reference;
use super::shape_doc::ShapeDoc;
use super::shape_doc::ingress_over;
use super::surroundings::Surroundings;
use super::text;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::stamp::Ingress;

/// The outer `None`: it was reported. The inner: the stamp has no ingress.
#[expect(
    clippy::option_option,
    reason = "two questions: could it be read, and is there one"
)]
pub(super) fn ingress(
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
    // What is missing at the top is one mistake, not one for every stamp.
    let of = own.map_or_else(|| "ingress".to_owned(), |_| format!("{of}.ingress"));
    let missing = !is_whole(&merged, &of, at, cx);
    if let Some(w) = &merged.subscription {
        let known = &around.known.subscriptions;
        reference("subscription", w.value.0.as_str(), w.span, known, cx);
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

/// Reports what an ingress lacks and what it says twice; whether it lacks nothing.
fn is_whole(merged: &IngressDoc, of: &str, at: Span, cx: &mut Decoder<'_>) -> bool {
    if let (Some(host), Some(origin)) = (&merged.host, &merged.origin) {
        let problem = "`host` and `origin` are two words for one thing";
        cx.push(
            Diagnostic::error(codes::TWICE, problem)
                .at(origin.span, "`origin`")
                .at(host.span, "`host`")
                .help("keep `host`"),
        );
    }
    if let Some(weight) = merged.weight.as_ref().filter(|w| w.value.0 == 0) {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a weight is a number from 1 to 1000")
                .at(weight.span, "out of range")
                .help("a stamp that is to get no traffic is `desired: standby` or `isolated`"),
        );
    }
    let mut whole = true;
    for (key, there) in [
        ("subscription", merged.subscription.is_some()),
        ("resource_group", merged.resource_group.is_some()),
        ("profile", merged.profile.is_some()),
        ("group", merged.group.is_some()),
    ] {
        if !there {
            let help =
                "say it here, or once for all stamps under `ingress` at the top of the manifest";
            cx.missing(&merged.broken, of, key, at, help);
            whole = false;
        }
    }
    whole
}
