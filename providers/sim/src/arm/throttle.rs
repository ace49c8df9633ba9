//! Throttling as Resource Manager does it: token buckets per subscription and class of call, on
//! the world's clock, and the headers that tell what is left. Pure but for the meter's place.

use std::collections::BTreeMap;

use super::face::Face;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Sizes and refill rates of the buckets of one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Calls that a bucket of reads holds.
    pub reads: u32,
    /// Reads that come back a second.
    pub reads_per_second: u32,
    /// Calls that a bucket of writes, or of deletes, holds.
    pub writes: u32,
    /// Writes, or deletes, that come back a second.
    pub writes_per_second: u32,
}

impl Default for Buckets {
    /// Azure's numbers.
    fn default() -> Self {
        Self {
            reads: 250,
            reads_per_second: 25,
            writes: 200,
            writes_per_second: 10,
        }
    }
}

/// The buckets by `subscription/class`: what is left, and when that was so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    left: BTreeMap<String, (i64, i64)>,
    /// Calls that were refused.
    pub(crate) refused: u64,
}

/// The class of a call.
fn class(request: &Request) -> &'static str {
    match request.method.as_str() {
        "GET" | "HEAD" => "reads",
        "DELETE" => "deletes",
        _ => "writes",
    }
}

/// The bucket of a call: its subscription's, else the tenant's.
fn place(request: &Request) -> (&'static str, &str) {
    let first = request.parts.first().map_or("", String::as_str);
    match request.parts.get(1) {
        Some(id) if first.eq_ignore_ascii_case("subscriptions") => ("subscription", id),
        _ => ("tenant", ""),
    }
}

/// Takes a token; the refusal where there is none.
pub(crate) fn refused(face: &Face, request: &Request, now: i64) -> Option<Refusal> {
    let buckets = face.options.buckets?;
    let class = class(request);
    let (size, rate) = size(&buckets, class);
    let key = format!("{}/{class}", place(request).1.to_ascii_lowercase());
    let mut beside = face.beside();
    let (left, since) = beside.meter.left.get(&key).copied().unwrap_or((size, now));
    let left = (left + (now - since).saturating_mul(rate)).min(size);
    if left > 0 {
        beside.meter.left.insert(key, (left - 1, now));
        return None;
    }
    beside.meter.left.insert(key, (left, now));
    beside.meter.refused += 1;
    let why = "The server rejected the request because too many requests have been received for this subscription.";
    let mut refusal = Refusal::new(429, "TooManyRequests", why);
    refusal.retry_after = Some(1);
    Some(refusal)
}

fn size(buckets: &Buckets, class: &str) -> (i64, i64) {
    if class == "reads" {
        (buckets.reads.into(), buckets.reads_per_second.into())
    } else {
        (buckets.writes.into(), buckets.writes_per_second.into())
    }
}

/// Tells what is left.
pub(crate) fn remaining(face: &Face, request: &Request, reply: Reply) -> Reply {
    let class = class(request);
    let (scope, id) = place(request);
    let name = match (scope, class) {
        ("subscription", "reads") => "x-ms-ratelimit-remaining-subscription-reads",
        ("subscription", "deletes") => "x-ms-ratelimit-remaining-subscription-deletes",
        ("subscription", _) => "x-ms-ratelimit-remaining-subscription-writes",
        (_, "reads") => "x-ms-ratelimit-remaining-tenant-reads",
        (_, "deletes") => "x-ms-ratelimit-remaining-tenant-deletes",
        _ => "x-ms-ratelimit-remaining-tenant-writes",
    };
    let buckets = face.options.buckets.unwrap_or_default();
    let key = format!("{}/{class}", id.to_ascii_lowercase());
    let left = face.beside().meter.left.get(&key).map(|(left, _)| *left);
    let left = left.unwrap_or(size(&buckets, class).0 - 1);
    reply.with(name, left.to_string())
}
