//! P-4: a plan stays within the limits of its policy. Pure.

use std::collections::BTreeSet;

use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::StepKind as K;
use crate::verify::case::Case;
use crate::verify::rule::Level;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;

/// Not too much at once.
pub const P_4: Rule = Rule {
    id: "P-4",
    title: "A plan stays within the limits of its policy, and carries no refusal",
    level: Level::H,
    source: "requirements R7; design §11.16",
    why: "A half-merged file must not be able to empty a fleet. What the planner refused is not \
          applied around its back.",
    help: "raise the limit in the manifest, by number, or take the finding's own advice",
    orders: &[],
    each: None,
    check,
};

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    let limits = &case.body.policy.limits;
    let fleet = usize::try_from(case.body.tenants).unwrap_or(usize::MAX);
    let retired: BTreeSet<&StampId> = [K::ComputeRelease, K::DataDelete, K::StampDelete]
        .into_iter()
        .flat_map(|kind| case.of_kind(kind))
        .filter_map(|(at, _)| case.stamp(at).map(|(id, _)| id))
        .collect();
    over(
        retired.len(),
        limits.stamps_retired,
        "retires",
        "stamps",
        sink,
    );
    let moved: BTreeSet<&TenantId> = case
        .of_kind(K::TenantSwitch)
        .filter_map(|(at, _)| {
            let (id, tenant) = case.tenant(at)?;
            let now = tenant.stamp.as_ref().map(crate::model::id::StampId::as_str);
            (now != case.new_home(at)).then_some(id)
        })
        .collect();
    over(moved.len(), limits.moves(fleet), "moves", "tenants", sink);
    let mut left: Vec<usize> = case
        .of_kind(K::TenantDelete)
        .map(|(at, _)| case.graph.family_of(at))
        .collect();
    left.sort_unstable();
    left.dedup();
    over(
        left.len(),
        limits.offboardings(fleet),
        "offboards",
        "tenants",
        sink,
    );
    if case.body.steps.is_empty() {
        return;
    }
    for finding in case
        .body
        .findings
        .iter()
        .filter(|finding| finding.code.refuses())
    {
        let code = finding.code.word();
        let subject = &finding.subject;
        sink.plan(format!("{subject} {code}: {}", finding.what.escape_debug()));
    }
}

fn over(count: usize, limit: u32, does: &str, what: &str, sink: &mut Sink<'_>) {
    if count > usize::try_from(limit).unwrap_or(usize::MAX) {
        sink.plan(format!("it {does} {count} {what}, the limit is {limit}"));
    }
}
