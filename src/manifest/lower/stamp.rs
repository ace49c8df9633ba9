//! Stamps, and what must not be alike between two of them. Pure.

use std::collections::BTreeMap;

use super::super::decode::Decoder;
use super::super::decode::Spanned;
use super::super::decode::short;
use super::super::document::FleetDoc;
use super::super::document::StampDoc;
use super::super::node::Entry;
use super::super::places::Places;
use super::super::scalar::Text;
use super::quota::id;
use super::shape;
use super::shape_doc::ShapeDoc;
use super::surroundings::Surroundings;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::names;
use crate::model::stamp::DesiredStamp;

/// Azure's longest name of a scale set.
const SCALE_SET_NAME: usize = 64;
/// Azure's longest name of a SQL server.
const SQL_SERVER_NAME: usize = 63;
/// Names must still fit after this many replacements of a stamp.
const GENERATIONS: u32 = 99;

/// Stamps as meant, and their shapes as written for the pools that are like them.
pub(super) struct Stamps {
    pub(super) lowered: BTreeMap<StampId, Stamp>,
    pub(super) shapes: BTreeMap<String, ShapeDoc>,
}

pub(super) fn lower(
    doc: &FleetDoc,
    around: &Surroundings<'_>,
    places: &mut Places,
    cx: &mut Decoder<'_>,
) -> Stamps {
    let mut stamps = Stamps {
        lowered: BTreeMap::new(),
        shapes: BTreeMap::new(),
    };
    let mut spans: BTreeMap<StampId, Span> = BTreeMap::new();
    let Some(written) = &doc.stamps else {
        return stamps;
    };
    let pools = doc.pools.as_ref();
    // Shapes are kept only where a pool may ask for them: there can be 15,000 stamps.
    let keep = pools.is_some_and(|p| !p.value.entries().is_empty());
    written.value.each(cx, |entry, value, cx| {
        places.note("stamps", &entry.key, entry.key_span);
        let shape_doc = ShapeDoc::of_stamp(&value);
        let stamp = stamp(entry, &value, &shape_doc, around, cx);
        if keep {
            stamps.shapes.insert(entry.key.to_string(), shape_doc);
        }
        if let Some(stamp) = stamp {
            spans.insert(stamp.id.clone(), entry.key_span);
            stamps.lowered.insert(stamp.id.clone(), stamp);
        }
    });
    clashes(&stamps.lowered, &spans, cx);
    aliases(written.value.entries(), &stamps.lowered, &spans, cx);
    stamps
}

fn stamp(
    entry: &Entry,
    value: &StampDoc,
    shape_doc: &ShapeDoc,
    around: &Surroundings<'_>,
    cx: &mut Decoder<'_>,
) -> Option<Stamp> {
    let id: Option<StampId> = id(entry, "a stamp's id", cx);
    if let Some(id) = &id {
        check_names(id, entry.key_span, cx);
    }
    let desired = value
        .desired
        .as_ref()
        .map(|d| d.value.0)
        .unwrap_or_default();
    let shape = if shape_doc.is_empty() {
        if desired != DesiredStamp::Retired {
            cx.push(
                Diagnostic::error(codes::NO_SHAPE, format!("`{}` has no shape", short(&entry.key)))
                    .at(entry.key_span, "a stamp with nothing in it")
                    .help("say its region, subscription and compute; only a stamp with `desired: retired` may be an id alone"),
            );
            return None;
        }
        None
    } else {
        Some(shape::lower(
            &entry.key,
            &short(&entry.key),
            entry.key_span,
            shape_doc,
            around,
            cx,
        )?)
    };
    let id = id?;
    if let Some(shape) = &shape {
        region_in_name(&id, shape, entry.key_span, cx);
    }
    let said =
        |written: &Option<Spanned<bool>>, default| written.as_ref().map_or(default, |w| w.value);
    let mut tags = BTreeMap::new();
    if let Some(written) = &value.tags {
        for tag in written.value.entries() {
            if let Some(Text(text)) =
                <Text as super::super::decode::Decode>::decode(&tag.value, &tag.key, cx)
            {
                tags.insert(tag.key.to_string(), text);
            }
        }
    }
    Some(Stamp {
        id,
        shape,
        desired,
        accepting: said(&value.accepting, true),
        role: value.role.as_ref().map(|r| r.value.0).unwrap_or_default(),
        protect: said(&value.protect, false),
        keep_reservation: said(&value.keep_reservation, false),
        keep_empty: said(&value.keep_empty, false),
        aliases: value
            .aliases
            .iter()
            .flat_map(|a| &a.value)
            .map(|a| a.value.0.clone())
            .collect(),
        tags,
    })
}

/// Rule X-1: an id must leave room for the names that are derived from it.
fn check_names(id: &StampId, span: Span, cx: &mut Decoder<'_>) {
    let last = names::generation(id, GENERATIONS);
    let over = |name: &str, most: usize| name.len().saturating_sub(most);
    let excess = over(&names::scale_set(&last, "1"), SCALE_SET_NAME)
        .max(over(&names::sql_server(&last), SQL_SERVER_NAME));
    if excess > 0 {
        let problem = format!(
            "the stamp's id is {excess} characters too long for the names of its scale sets and its SQL server"
        );
        cx.push(
            Diagnostic::error(codes::NAME_TOO_LONG, problem)
                .at(span, format!("{} characters", id.as_str().len()))
                .help(format!(
                    "use at most {} characters (X-1)",
                    id.as_str().len() - excess
                )),
        );
    }
}

/// `shared-westeurope-001` in another region than `westeurope` misleads everyone who reads it.
fn region_in_name(
    id: &StampId,
    shape: &crate::model::stamp::Shape,
    span: Span,
    cx: &mut Decoder<'_>,
) {
    let Some(rest) = id.as_str().strip_prefix("shared-") else {
        return;
    };
    let Some((named, number)) = rest.rsplit_once('-') else {
        return;
    };
    if named != shape.region.as_str()
        && number.len() == 3
        && number.parse::<u32>().is_ok()
        && !named.contains('-')
    {
        let problem = format!("`{id}` is in {} and its id names {named}", shape.region);
        cx.push(
            Diagnostic::warning(codes::REGION_NAME, problem)
                .at(span, format!("names {named}"))
                .help(format!(
                    "call it `shared-{}-{number}`, or correct its region",
                    shape.region
                )),
        );
    }
}

/// Two stamps never share a number or the name of a storage account.
fn clashes(
    stamps: &BTreeMap<StampId, Stamp>,
    spans: &BTreeMap<StampId, Span>,
    cx: &mut Decoder<'_>,
) {
    let mut numbers: BTreeMap<(String, u64), &StampId> = BTreeMap::new();
    let mut accounts: BTreeMap<String, &StampId> = BTreeMap::new();
    for id in stamps.keys() {
        let numbered = id.as_str().rsplit_once('-').and_then(|(stem, number)| {
            let digits = number.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| number.parse().ok().map(|n: u64| (stem.to_owned(), n)))?
        });
        if let Some(key) = numbered
            && let Some(first) = numbers.insert(key, id)
        {
            cx.push(
                both(codes::NUMBER_TWICE, format!("`{first}` and `{id}` have the same number"), id, first, spans)
                    .help("numbers of stamps are never used twice: give one of them the next free number (design §11.7)"),
            );
        }
        if let Some(first) = accounts.insert(names::storage_account(id.as_str()), id) {
            cx.push(
                both(
                    codes::NAME_CLASH,
                    format!("`{first}` and `{id}` would get the same storage account"),
                    id,
                    first,
                    spans,
                )
                .help("rename one of them"),
            );
        }
    }
}

/// A name leads to one stamp only, as its id or as an alias.
fn aliases(
    entries: &[Entry],
    stamps: &BTreeMap<StampId, Stamp>,
    spans: &BTreeMap<StampId, Span>,
    cx: &mut Decoder<'_>,
) {
    let mut owners: BTreeMap<&str, &StampId> = BTreeMap::new();
    for stamp in stamps.values().filter(|s| !s.aliases.is_empty()) {
        for alias in &stamp.aliases {
            let own = alias
                .parse()
                .ok()
                .and_then(|id: StampId| spans.get_key_value(&id).map(|(id, _)| id));
            let other = owners.insert(alias, &stamp.id).or(own);
            if let Some(other) = other {
                let entry = entries.iter().find(|e| *e.key == *stamp.id.as_str());
                let at = entry.map_or_else(
                    || spans.get(&stamp.id).copied(),
                    |e| Some(alias_span(e, alias).unwrap_or(e.key_span)),
                );
                let problem = format!("the alias `{}` already names `{other}`", short(alias));
                let mut problem = Diagnostic::error(codes::TWICE, problem);
                if let Some(at) = at {
                    problem = problem.at(at, "taken");
                }
                if let Some(first) = spans.get(other) {
                    problem = problem.at(*first, "this stamp");
                }
                cx.push(problem.help("give it another alias"));
            }
        }
    }
}

fn alias_span(entry: &Entry, alias: &str) -> Option<Span> {
    let list = entry.value.as_map()?.value("aliases")?;
    match &list.value {
        super::super::node::Value::List(items) => items
            .iter()
            .rev()
            .find(|i| i.as_text() == Some(alias))
            .map(|i| i.span),
        _ => None,
    }
}

fn both(
    code: crate::diagnostic::Code,
    problem: String,
    id: &StampId,
    first: &StampId,
    spans: &BTreeMap<StampId, Span>,
) -> Diagnostic {
    let mut places: Vec<Span> = [id, first]
        .iter()
        .filter_map(|id| spans.get(*id).copied())
        .collect();
    places.sort();
    let mut problem = Diagnostic::error(code, problem);
    if let Some(last) = places.pop() {
        problem = problem.at(last, "this one");
    }
    if let Some(first) = places.pop() {
        problem = problem.at(first, "and this one");
    }
    problem
}
