//! I-5 and O-87: who may work on a stamp or a tenant at the same time. Pure.
//!
//! Apply gives a step about a stamp the stamp to itself, and lets steps of tenants that name it
//! share it. That holds only if every step names the stamps that it touches; and the lock says
//! nothing about the order, so two steps that write the same thing need an edge.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

use crate::model::Lookup;
use crate::model::StampState;
use crate::plan::format::Step;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::verify::calls::Call;
use crate::verify::calls::How;
use crate::verify::case::Case;
use crate::verify::rows::Rows;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// One at a time.
pub const I_5: Rule = Rule {
    id: "I-5",
    title: "Every step names the stamps that it touches; what two steps write, they write in order",
    level: Level::H,
    source: "S2-15; requirements G; design §11.11",
    why: "Two hands on one stamp undo each other's work, and the last one to finish wins by \
          chance.",
    help: "name the stamp in `stamps`; add an edge between the two steps",
    orders: &[],
    each: Some(each),
    check: in_order,
};

fn each(case: &Case<'_>, at: usize, sink: &mut Sink<'_>) {
    let step = case.graph.step(at);
    match &step.subject {
        Subject::Stamp(id) => {
            if step.stamps.as_slice() != std::slice::from_ref(id) {
                sink.step(step, format!("it is about {id} and does not lock it alone"));
            }
        }
        Subject::Tenant(_) => tenant_locks(case, at, step, sink),
        Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) => {}
    }
}

fn tenant_locks(case: &Case<'_>, at: usize, step: &Step, sink: &mut Sink<'_>) {
    for stamp in &step.stamps {
        if case.known(stamp).is_none() {
            sink.step(step, format!("{stamp} is not in the opening world"));
        }
    }
    let done = case.calls(at).iter().map(|call| case.reached(call));
    let undone = step.undo.iter().map(|call| case.owner(&call.address));
    for on in done.chain(undone) {
        if let Some(stamp) = on.filter(|stamp| !step.stamps.contains(stamp)) {
            sink.step(step, format!("it works on {stamp} and does not lock it"));
        }
    }
}

/// One write of one resource.
struct Write<'p> {
    at: usize,
    call: Call<'p>,
}

impl<'p> Write<'p> {
    fn address(&self) -> &'p Address {
        &self.call.operation.address
    }

    /// What is set; absent where everything is.
    fn settings(&self) -> Option<&'p Settings> {
        match &self.call.operation.verb {
            Verb::Patch { settings } => Some(settings),
            Verb::Put { .. } | Verb::Delete | Verb::Copy { .. } => None,
        }
    }
}

/// Two steps that write the same and have no order.
type Unordered<'p> = (&'p Address, usize, usize);

/// Two writes of one setting must be ordered; a put, a copy or a delete writes all of them. Each
/// write is held against the last one of each setting: order carries over along the chain.
fn in_order(case: &Case<'_>, sink: &mut Sink<'_>) {
    let mut groups: Lookup<&str, usize> = Lookup::default();
    let mut writes: Vec<Write<'_>> = Vec::new();
    for &at in case.graph.order() {
        for call in case.calls(at) {
            if call.how == How::Delete && call.kind == Kind::ResourceGroup {
                let path = call.operation.address.path();
                *groups.get_or_insert_with(path, || at) = at;
            }
            writes.push(Write { at, call: *call });
        }
    }
    let resources = writes.iter().map(|write| write.call.resource).zip(0..);
    let of_address = Rows::of(case.resources(), resources);
    let mut found: Vec<Unordered<'_>> = Vec::new();
    for of_one in of_address.iter() {
        if of_one.len() > 1 {
            among_themselves(case, &writes, of_one, &mut found);
        }
        if !groups.is_empty() {
            with_group(case, &writes, of_one, &groups, &mut found);
        }
    }
    // Told by address; what is found of one address stays as it was found.
    found.sort_by_key(|(address, ..)| *address);
    for (address, one, two) in found {
        unordered(case, one, two, address, sink);
    }
}

/// The writes of one resource that are not ordered.
fn among_themselves<'p>(
    case: &Case<'_>,
    all: &[Write<'p>],
    of_one: &[usize],
    found: &mut Vec<Unordered<'p>>,
) {
    let mut whole: Option<usize> = None;
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for write in of_one.iter().map(|&write| &all[write]) {
        let mut earlier: Vec<usize> = match write.settings() {
            None => last.values().copied().chain(whole).collect(),
            Some(settings) => {
                let known = settings.keys().map(|name| last.get(name.as_str()));
                known.filter_map(|known| known.copied().or(whole)).collect()
            }
        };
        earlier.sort_unstable();
        earlier.dedup();
        for one in earlier {
            if one != write.at && !case.graph.is_before(one, write.at) {
                found.push((write.address(), one, write.at));
            }
        }
        match write.settings() {
            None => {
                whole = Some(write.at);
                last.clear();
            }
            Some(settings) => {
                last.extend(settings.keys().map(|name| (name.as_str(), write.at)));
            }
        }
    }
}

/// What lies in a group that is deleted is written before it or not at all.
fn with_group<'p>(
    case: &Case<'_>,
    all: &[Write<'p>],
    of_one: &[usize],
    groups: &Lookup<&str, usize>,
    found: &mut Vec<Unordered<'p>>,
) {
    let first = &all[of_one[0]];
    let stamp = first.call.owner.map(|stamp| case.index.stamps()[stamp].1);
    let group = stamp.and_then(|stamp| groups.get(stamp.resource_group.path()));
    let Some(&delete) = group else {
        return;
    };
    for &write in of_one {
        let at = all[write].at;
        if at != delete && !case.graph.is_before(at, delete) {
            found.push((first.address(), at, delete));
        }
    }
}

fn unordered(case: &Case<'_>, one: usize, two: usize, address: &Address, sink: &mut Sink<'_>) {
    let (one, two) = (case.graph.step(one), case.graph.step(two));
    let address = address.to_string();
    let address = address.escape_debug();
    sink.step(
        two,
        format!("`{}` writes `{address}` too, and no order is given", one.id),
    );
}

/// Hands off a stamp that goes.
pub const O_87: Rule = Rule {
    id: "O-87",
    title: "Nothing is started on a stamp that is leaving, and a tenant moves once at a time",
    level: Level::H,
    source: "S2-15; S3-88",
    why: "Work that begins on a stamp that is being emptied is lost with it.",
    help: "end the stamp's retirement first, or leave the stamp alone in this plan",
    orders: &[],
    each: None,
    check: leaving,
};

fn leaving(case: &Case<'_>, sink: &mut Sink<'_>) {
    use StampState as S;
    for &at in case.graph.order() {
        let step = case.graph.step(at);
        match case.graph.kind(at) {
            K::StampUpdate | K::ProjectionSync | K::DriftRepair => {
                let drain = case.graph.siblings(at, &[K::StampDrain, K::ComputeRelease]);
                for drain in drain {
                    if !case.graph.is_before(at, drain) {
                        let drain = &case.graph.step(drain).id;
                        sink.step(step, format!("it does not come before `{drain}`"));
                    }
                }
            }
            K::TenantData | K::TenantBlob => {
                for call in case.calls(at) {
                    let stamps = case.index.stamps();
                    let state = call.owner.and_then(|stamp| stamps[stamp].1.state);
                    let goes = matches!(
                        state,
                        Some(
                            S::Draining
                                | S::Releasing
                                | S::QuotaReturned
                                | S::Deleting
                                | S::Deleted
                        )
                    );
                    if goes {
                        sink.step(step, "it builds on a stamp that is leaving");
                    }
                }
            }
            K::TenantLeave => {
                let busy = case.graph.siblings(at, &[K::TenantFreeze, K::TenantSwitch]);
                if busy.count() > 0 {
                    sink.step(step, "the tenant moves and leaves in one plan");
                }
            }
            _ => {}
        }
    }
}
