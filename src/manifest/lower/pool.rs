//! Pools: shapes and bounds of stamps that the planner may make. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::decode::Decoder;
use super::super::decode::short;
use super::super::document::FleetDoc;
use super::super::document::PoolDoc;
use super::super::node::Entry;
use super::super::places::Places;
use super::quota::id;
use super::shape;
use super::shape_doc::ShapeDoc;
use super::stamp::Stamps;
use super::surroundings::Surroundings;
use super::unknown_reference;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Pool;
use crate::model::PoolName;
use crate::model::RegionName;
use crate::model::StampKind;
use crate::model::stamp::DesiredStamp;

pub(super) fn lower(
    doc: &FleetDoc,
    around: &Surroundings<'_>,
    stamps: &Stamps,
    places: &mut Places,
    cx: &mut Decoder<'_>,
) -> BTreeMap<PoolName, Pool> {
    let mut lowered: BTreeMap<PoolName, Pool> = BTreeMap::new();
    let Some(written) = &doc.pools else {
        return lowered;
    };
    let mut docs: BTreeMap<String, (PoolDoc, Entry)> = BTreeMap::new();
    written.value.each(cx, |entry, value, _| {
        places.note("pools", &entry.key, entry.key_span);
        docs.insert(entry.key.to_string(), (value, entry.clone()));
    });
    let counts = Counts::of(stamps);
    let mut taken: BTreeMap<(RegionName, StampKind), (String, Span)> = BTreeMap::new();
    // In the order of the text, so that "again here" is the later one.
    for entry in written.value.entries() {
        let Some((doc, _)) = docs.get(&*entry.key) else {
            continue;
        };
        let name: Option<PoolName> = id(entry, "a pool's name", cx);
        if doc.broken.contains(&"like") {
            continue;
        }
        let Some(like) = like(&entry.key, &docs, stamps, cx) else {
            continue;
        };
        let whole = ShapeDoc::of_pool(doc, &like);
        let of = short(&entry.key);
        let Some(shape) = shape::lower("{stamp}", &of, entry.key_span, &whole, around, cx) else {
            continue;
        };
        let key = (shape.region.clone(), shape.kind);
        if let Some((first, at)) = taken.insert(key, (of.clone(), entry.key_span)) {
            let problem = format!(
                "`{first}` and `{of}` are both for {} stamps in {}",
                shape.kind.word(),
                shape.region
            );
            cx.push(
                Diagnostic::error(codes::POOL_TWICE, problem)
                    .at(entry.key_span, "again here")
                    .at(at, "first here")
                    .help("keep one pool for each region and kind, so that it is clear which one makes a stamp"),
            );
        }
        let (min, max) = bounds(entry, doc, around, cx);
        check(entry, doc, &shape, (min, max), &counts, cx);
        if let Some(name) = name {
            lowered.insert(
                name.clone(),
                Pool {
                    name,
                    shape,
                    min,
                    max,
                },
            );
        }
    }
    lowered
}

/// The shape of the stamp or pool that a pool is like, over any number of steps.
fn like(
    name: &str,
    docs: &BTreeMap<String, (PoolDoc, Entry)>,
    stamps: &Stamps,
    cx: &mut Decoder<'_>,
) -> Option<ShapeDoc> {
    let mut chain: Vec<&PoolDoc> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::from([name]);
    let mut at = name;
    loop {
        let (doc, _) = docs.get(at)?;
        if !std::ptr::eq(doc, &raw const docs.get(name)?.0) {
            chain.push(doc);
        }
        let Some(written) = &doc.like else {
            return Some(fold(&chain, ShapeDoc::default()));
        };
        let next = written.value.0.as_str();
        if let Some(shape) = stamps.shapes.get(next) {
            let mut shape = shape.clone();
            shape.generalise_host(next);
            return Some(fold(&chain, shape));
        }
        if !docs.contains_key(next) {
            // The pool that says it reports it, not every pool that is like that one.
            if at == name {
                let known = stamps.shapes.keys().chain(docs.keys()).map(String::as_str);
                cx.push(unknown_reference(
                    "stamp or pool",
                    next,
                    written.span,
                    known,
                ));
            }
            return None;
        }
        let (next, _) = docs.get_key_value(next)?;
        if !seen.insert(next) {
            if next == name {
                cx.push(
                    Diagnostic::error(
                        codes::LIKE_CYCLE,
                        format!("`{}` is like itself, by way of its own `like`", short(name)),
                    )
                    .at(docs.get(name)?.0.like.as_ref()?.span, "leads back here")
                    .help("let the chain end at a stamp, or at a pool that says its whole shape"),
                );
            }
            return None;
        }
        at = next;
    }
}

/// Nearer pools over farther ones over the stamp at the end.
fn fold(chain: &[&PoolDoc], end: ShapeDoc) -> ShapeDoc {
    chain
        .iter()
        .rev()
        .fold(end, |like, doc| ShapeDoc::of_pool(doc, &like))
}

fn bounds(
    entry: &Entry,
    doc: &PoolDoc,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) -> (u32, u32) {
    let stamps = doc.stamps.as_ref().map(|s| &s.value);
    let number = |written: Option<u64>, default| {
        written.map_or(default, |n| u32::try_from(n).unwrap_or(u32::MAX))
    };
    let min = stamps.and_then(|s| s.min.as_ref());
    let max = stamps.and_then(|s| s.max.as_ref());
    let bounds = (
        number(min.map(|m| m.value.0), 0),
        number(max.map(|m| m.value.0), around.policy.capacity.max_stamps),
    );
    if bounds.0 > bounds.1 {
        let problem = format!(
            "`{}` has at least {} stamps and at most {}",
            short(&entry.key),
            bounds.0,
            bounds.1
        );
        let at = min.or(max).map_or(entry.key_span, |m| m.span);
        let mut problem =
            Diagnostic::error(codes::POOL_BOUNDS, problem).at(at, "more than the most");
        if let (Some(_), Some(max)) = (min, max) {
            problem = problem.at(max.span, "the most");
        }
        cx.push(problem.help("keep min <= max"));
    }
    bounds
}

/// Explicit stamps by region and kind (design §11.17).
struct Counts {
    serving: BTreeMap<(RegionName, StampKind), u32>,
    /// Ids that are retired without a shape: stamps that a pool made.
    retired: BTreeSet<String>,
}

impl Counts {
    fn of(stamps: &Stamps) -> Self {
        let mut serving = BTreeMap::new();
        let mut retired = BTreeSet::new();
        for stamp in stamps.lowered.values() {
            match (&stamp.shape, stamp.desired) {
                (None, _) => {
                    retired.insert(stamp.id.to_string());
                }
                (Some(_), DesiredStamp::Retired) => {}
                (Some(shape), _) => {
                    *serving
                        .entry((shape.region.clone(), shape.kind))
                        .or_insert(0) += 1;
                }
            }
        }
        Self { serving, retired }
    }
}

fn check(
    entry: &Entry,
    doc: &PoolDoc,
    shape: &crate::model::stamp::Shape,
    bounds: (u32, u32),
    counts: &Counts,
    cx: &mut Decoder<'_>,
) {
    let (min, max) = bounds;
    let written = doc.stamps.as_ref();
    let explicit = counts
        .serving
        .get(&(shape.region.clone(), shape.kind))
        .copied()
        .unwrap_or(0);
    if explicit > max && min <= max {
        let at = written
            .and_then(|s| s.value.max.as_ref())
            .map_or(entry.key_span, |m| m.span);
        let problem = format!(
            "`{}` allows {max} {} stamps in {}, and the manifest declares {explicit} of them itself",
            short(&entry.key),
            shape.kind.word(),
            shape.region
        );
        cx.push(
            Diagnostic::error(codes::POOL_BOUNDS, problem)
                .at(at, "fewer than are declared")
                .help(format!("raise `max` to {explicit} or more: declared stamps count in a pool's bounds (design §11.17)")),
        );
    }
    let prefix = format!("{}-{}-", shape.kind.word(), shape.region);
    let retired = counts
        .retired
        .iter()
        .filter(|id| id.starts_with(&prefix))
        .count();
    if retired > 0
        && min > explicit
        && max.saturating_sub(u32::try_from(retired).unwrap_or(u32::MAX)) < min
    {
        let at = written
            .and_then(|s| s.value.min.as_ref())
            .map_or(entry.key_span, |m| m.span);
        let problem = format!(
            "`{}` keeps at least {min} stamps and would make a retired one again",
            short(&entry.key)
        );
        cx.push(
            Diagnostic::error(codes::POOL_MINIMUM, problem)
                .at(at, "the minimum")
                .help("lower `min` in the same change that retires the stamp (design §11.17)"),
        );
    }
}
