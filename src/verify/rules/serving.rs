//! I-4: enough stamps serve, in every interleaving. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::plan::format::StepKind as K;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// Enough stamps serve.
pub const I_4: Rule = Rule {
    id: "I-4",
    title: "No step takes a region's active shared stamps below the minimum",
    level: Level::H,
    source: "S2-48, S2-62; O-29; design §11.6",
    why: "The stamps that are left must carry the region when one of them fails.",
    help: "make the new stamps active first, or retire fewer in one plan",
    orders: &[],
    each: None,
    check,
};

const LEAVES: &[K] = &[
    K::StampDrain,
    K::IngressRemove,
    K::StampIsolate,
    K::StampStandby,
    K::ComputeRelease,
];

/// What a plan does to one region's shared stamps.
#[derive(Default)]
struct Scope {
    /// Steps that take a stamp out of service: one for each stamp.
    out: Vec<usize>,
    /// Steps that bring one in.
    into: BTreeSet<usize>,
    /// Active stamps that the opening world lists.
    listed: u32,
}

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    let mut scopes: BTreeMap<&RegionName, Scope> = BTreeMap::new();
    for (id, stamp) in &case.body.opening.stamps {
        if stamp.kind != StampKind::Shared {
            continue;
        }
        let scope = scopes.entry(&stamp.region).or_default();
        let active = stamp.state == Some(StampState::Active);
        if active {
            scope.listed += 1;
            scope.out.extend(first_out(case, id));
        } else {
            scope
                .into
                .extend(case.graph.stamp_step(id, K::StampActivate));
        }
    }
    for (region, scope) in scopes {
        let mut told = case.body.opening.serving.iter();
        let told = told.find(|s| s.region == *region && s.kind == StampKind::Shared);
        let active = told.map_or(scope.listed, |serving| serving.active);
        if active < scope.listed {
            sink.plan(format!(
                "{region}: the opening world counts fewer stamps than it lists"
            ));
        }
        let least = case.body.policy.capacity.min_active_stamps.min(active);
        lowest(
            case,
            region,
            &scope,
            i64::from(active),
            i64::from(least),
            sink,
        );
    }
}

/// The first step after which an active stamp serves no longer. Others of them wait for it, or
/// the rules on draining refuse the plan.
fn first_out(case: &Case<'_>, stamp: &StampId) -> Option<usize> {
    let subject = crate::plan::format::Subject::Stamp(stamp.clone());
    let steps = case.graph.of_subject(&subject).iter().copied();
    let mut out = steps.filter(|&at| LEAVES.contains(&case.graph.kind(at)));
    out.next()
}

/// Refuses the steps out of service that may run while too few others serve.
///
/// Any set of them may have run together with no more of the steps into service than they wait
/// for. Sorted by how many they wait for, the first k of them wait for at least as many as the
/// k-th does; so `active + waited(k) - k` bounds from below how few may serve, and it is exact
/// where those who wait for more also wait for all that the others wait for.
fn lowest(
    case: &Case<'_>,
    region: &RegionName,
    scope: &Scope,
    active: i64,
    least: i64,
    sink: &mut Sink<'_>,
) {
    let mut out: Vec<(i64, usize)> = scope
        .out
        .iter()
        .map(|&at| {
            let direct: BTreeSet<usize> = case.graph.crossings(at).collect();
            let waited = scope
                .into
                .iter()
                .filter(|into| direct.contains(into) || case.graph.is_before(**into, at));
            (i64::try_from(waited.count()).unwrap_or(i64::MAX), at)
        })
        .collect();
    out.sort_unstable();
    let mut left = active;
    for (waited, at) in out {
        left -= 1;
        let serving = left.saturating_add(waited);
        if serving < least {
            let message =
                format!("{serving} shared stamps of {region} could be left, the least is {least}");
            sink.step(case.graph.step(at), message);
        }
    }
}
