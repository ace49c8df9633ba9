//! Policy: written values over the defaults of requirements C1, and numbers that contradict. Pure.

use super::super::decode::Decoder;
use super::super::decode::Spanned;
use super::super::document::PolicyDoc;
use super::super::document_policy::AutoscaleDoc;
use super::super::document_policy::BandsDoc;
use super::super::document_policy::PlacementPolicyDoc;
use super::super::document_policy::TriggerDoc;
use super::replaces::Replaces as _;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Policy;
use crate::model::Seconds;
use crate::model::policy::Bands;
use crate::model::policy::Consolidate;
use crate::model::policy::PlacementPolicy;
use crate::model::policy::Trigger;

/// Replaces defaults by what is written, key by key.
macro_rules! over {
    ($doc:expr => $($target:expr, $key:ident;)*) => {
        $(if let Some(written) = &$doc.$key { $target = written.value.give(); })*
    };
}

/// The policy that a document means.
pub(super) fn lower(doc: Option<&PolicyDoc>, cx: &mut Decoder<'_>) -> Policy {
    let mut policy = Policy::default();
    let Some(doc) = doc else {
        return policy;
    };
    over!(doc => policy.on_removed, on_removed;);
    if let Some(placement) = &doc.placement {
        policy.placement = self::placement(&placement.value, placement.span, cx);
    }
    sizes(doc, &mut policy);
    times(doc, &mut policy);
    if let Some(autoscale) = &doc.autoscale {
        self::autoscale(&autoscale.value, &mut policy, cx);
    }
    contradictions(doc, &policy, cx);
    policy
}

fn placement(doc: &PlacementPolicyDoc, span: Span, cx: &mut Decoder<'_>) -> PlacementPolicy {
    let mut placement = PlacementPolicy::default();
    over!(doc =>
        placement.dedicated_users_gt, dedicated_users_gt;
        placement.max_tenants_per_shared, max_tenants_per_shared;
        placement.class_rules, class_rules;
        placement.noisy_cpu, noisy_cpu;
        placement.noisy_requests_per_day, noisy_requests_per_day;
        placement.noisy_storage_gib, noisy_storage_gib;
        placement.min_samples_hours, min_samples_hours;
    );
    if let Some(bands) = &doc.bands {
        placement.bands = self::bands(&bands.value, bands.span, cx);
    }
    if let Some(consolidate) = &doc.consolidate {
        let mut budget = Consolidate {
            max_moves: 0,
            fill: placement.bands.plan,
        };
        over!(consolidate.value => budget.max_moves, max_moves; budget.fill, fill;);
        if consolidate.value.max_moves.is_none() {
            cx.missing(
                &consolidate.value.broken,
                "consolidate",
                "max_moves",
                consolidate.span,
                "say how many voluntary moves one plan may make",
            );
        }
        if budget.fill.0 > placement.bands.provision.0 {
            let at = consolidate.value.fill.as_ref().map_or(span, |f| f.span);
            cx.push(contradiction(
                "`consolidate.fill` is above the band `provision`, where placement ends",
                at,
                &format!("write at most {}", placement.bands.provision.0),
            ));
        }
        placement.consolidate = Some(budget);
    }
    placement
}

/// Rule X-4: plan < provision <= pause < deny.
fn bands(doc: &BandsDoc, span: Span, cx: &mut Decoder<'_>) -> Bands {
    let mut bands = Bands::default();
    over!(doc =>
        bands.plan, plan;
        bands.provision, provision;
        bands.pause, pause;
        bands.deny, deny;
    );
    let place = |written: &Option<Spanned<_>>| {
        written
            .as_ref()
            .map(|w: &Spanned<super::super::document_policy::PercentDoc>| w.span)
    };
    let pairs = [
        (
            "plan",
            bands.plan,
            &doc.plan,
            "provision",
            bands.provision,
            &doc.provision,
            false,
        ),
        (
            "provision",
            bands.provision,
            &doc.provision,
            "pause",
            bands.pause,
            &doc.pause,
            true,
        ),
        (
            "pause",
            bands.pause,
            &doc.pause,
            "deny",
            bands.deny,
            &doc.deny,
            false,
        ),
    ];
    for (low, low_is, low_doc, high, high_is, high_doc, may_equal) in pairs {
        if low_is < high_is || (may_equal && low_is == high_is) {
            continue;
        }
        let order = if may_equal { "at most" } else { "below" };
        let problem = format!(
            "the band `{low}` begins at {low_is} and must be {order} `{high}`, which begins at {high_is}"
        );
        let at = place(low_doc).or(place(high_doc)).unwrap_or(span);
        let mut problem =
            Diagnostic::error(codes::BANDS_ORDER, problem).at(at, "out of order (X-4)");
        if let (Some(_), Some(other)) = (place(low_doc), place(high_doc)) {
            problem = problem.at(other, format!("`{high}` begins here"));
        }
        cx.push(
            problem.help("keep plan < provision <= pause < deny; the defaults are 70, 85, 90, 95"),
        );
    }
    bands
}

fn sizes(doc: &PolicyDoc, policy: &mut Policy) {
    if let Some(capacity) = &doc.capacity {
        over!(capacity.value =>
            policy.capacity.min_active_stamps, min_active_stamps;
            policy.capacity.max_stamps, max_stamps;
        );
    }
    if let Some(limits) = &doc.limits {
        over!(limits.value =>
            policy.limits.stamps_retired, stamps_retired;
            policy.limits.tenants_moved, tenants_moved;
            policy.limits.tenants_offboarded, tenants_offboarded;
        );
    }
    if let Some(demand) = &doc.demand_per_user {
        let per_user = &mut policy.demand_per_user;
        over!(demand.value =>
            per_user.load.cpu, cpu_millicores;
            per_user.load.memory, memory_mib;
            per_user.load.storage, storage_mib;
            per_user.load.dtu, dtu;
            per_user.requests_per_day, requests_per_day;
        );
    }
    if let Some(stamp) = &doc.stamp_capacity {
        over!(stamp.value =>
            policy.stamp_capacity.memory_gib_per_vm, memory_gib_per_vm;
            policy.stamp_capacity.storage_gib, storage_gib;
            policy.stamp_capacity.dtu, dtu;
        );
    }
    if let Some(approvals) = &doc.approvals {
        over!(approvals.value =>
            policy.approvals.minimum, minimum;
            policy.approvals.minimum_irreversible, minimum_irreversible;
        );
    }
}

fn times(doc: &PolicyDoc, policy: &mut Policy) {
    if let Some(timeouts) = &doc.timeouts {
        let target = &mut policy.timeouts;
        over!(timeouts.value =>
            target.creating, creating;
            target.retries, retries;
            target.drain_connections, drain_connections;
            target.drain_jobs, drain_jobs;
            target.activate, activate;
            target.release, release;
            target.quota, quota;
            target.traffic, traffic;
            target.absence, absence;
            target.copy, copy;
        );
    }
    if let Some(migration) = &doc.migration {
        over!(migration.value => policy.migration.soak, soak; policy.migration.confirm, confirm;);
    }
    if let Some(standby) = &doc.standby {
        over!(standby.value =>
            policy.standby.max_age, max_age;
            policy.standby.instances, instances;
            policy.standby.max_ready, max_ready;
        );
    }
    if let Some(health) = &doc.health {
        over!(health.value =>
            policy.health.interval, interval;
            policy.health.healthy, healthy;
            policy.health.unhealthy, unhealthy;
            policy.health.max_retries, max_retries;
        );
    }
    if let Some(plan) = &doc.plan {
        over!(plan.value =>
            policy.plan.expires_after, expires_after;
            policy.plan.resume_within, resume_within;
        );
    }
}

fn autoscale(doc: &AutoscaleDoc, policy: &mut Policy, cx: &mut Decoder<'_>) {
    let target = &mut policy.autoscale;
    over!(doc =>
        target.scale_out_cooldown, scale_out_cooldown;
        target.scale_in_cooldown, scale_in_cooldown;
    );
    if let Some(written) = &doc.scale_out {
        target.scale_out = triggers(&written.value, cx);
    }
    if let Some(written) = &doc.scale_in {
        target.scale_in = triggers(&written.value, cx);
    }
}

fn triggers(written: &[Spanned<TriggerDoc>], cx: &mut Decoder<'_>) -> Vec<Trigger> {
    let mut triggers = Vec::with_capacity(written.len());
    for Spanned { value, span } in written {
        for (key, there) in [
            ("metric", value.metric.is_some()),
            ("threshold", value.threshold.is_some()),
            ("duration", value.duration.is_some()),
        ] {
            if !there {
                cx.missing(
                    &value.broken,
                    "the trigger",
                    key,
                    *span,
                    "a trigger is `{ metric, threshold, duration }`",
                );
            }
        }
        if let (Some(metric), Some(threshold), Some(duration)) =
            (&value.metric, &value.threshold, &value.duration)
        {
            triggers.push(Trigger {
                metric: metric.value.0.clone(),
                threshold: threshold.value.0,
                duration: Seconds(duration.value.0),
            });
        }
    }
    triggers
}

/// Numbers that cannot hold together, reported where one of them is written.
fn contradictions(doc: &PolicyDoc, policy: &Policy, cx: &mut Decoder<'_>) {
    if let Some(capacity) = &doc.capacity
        && policy.capacity.min_active_stamps > policy.capacity.max_stamps
    {
        let written = capacity
            .value
            .min_active_stamps
            .as_ref()
            .or(capacity.value.max_stamps.as_ref());
        let at = written.map_or(capacity.span, |w| w.span);
        let problem = format!(
            "at least {} stamps must be active where there may be {}",
            policy.capacity.min_active_stamps, policy.capacity.max_stamps
        );
        cx.push(contradiction(
            &problem,
            at,
            "keep min_active_stamps <= max_stamps (I-4)",
        ));
    }
    if let Some(plan) = &doc.plan
        && policy.plan.resume_within < policy.plan.expires_after
    {
        let written = plan
            .value
            .resume_within
            .as_ref()
            .or(plan.value.expires_after.as_ref());
        let at = written.map_or(plan.span, |w| w.span);
        cx.push(contradiction(
            "a plan could be begun when it may no longer be resumed",
            at,
            "keep expires_after <= resume_within",
        ));
    }
    if let Some(instances) = doc
        .standby
        .as_ref()
        .and_then(|s| s.value.instances.as_ref())
        && instances.value.0 == 0
    {
        cx.push(contradiction(
            "a stamp on standby keeps at least one machine, or it is not warm",
            instances.span,
            "write 1 or more",
        ));
    }
    if let Some(most) = doc
        .placement
        .as_ref()
        .and_then(|p| p.value.max_tenants_per_shared.as_ref())
        && most.value.0 == 0
    {
        cx.push(contradiction(
            "a shared stamp that may have no tenant can hold none",
            most.span,
            "write 1 or more",
        ));
    }
}

fn contradiction(problem: &str, at: Span, help: &str) -> Diagnostic {
    Diagnostic::error(codes::POLICY_CONTRADICTION, problem)
        .at(at, "cannot hold")
        .help(help)
}
