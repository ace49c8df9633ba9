//! From changes to an ordered plan: steps, edges with reasons, and the quota ledger. Pure.
//!
//! `docs/workflows.md` lists the steps of every kind of change; the files here build exactly
//! those. Nothing is left to choose when this stage is done.

pub mod format;
pub mod reasons;
mod capacity;
mod changes;
mod context;
mod draft;
mod findings;
mod graph;
mod identity;
mod opening;
mod quota;
mod stamp_change;
mod stamp_in;
mod stamp_out;
mod stamp_rest;
mod stamp_return;
mod tenant_in;
mod tenant_move;
mod tenant_out;
mod tenants;

use std::collections::BTreeMap;

use stampctl_contract::AddressError;

use crate::blueprint;
use crate::blueprint::Blueprint;
use crate::diff;
use crate::diff::Differences;
use crate::diff::Goal;
use crate::model::Fleet;
use crate::model::StampId;
use crate::observe::Inventory;
use crate::place::Placement;
use context::Context;
use draft::Draft;
use format::Body;
use format::Digest;
use format::Finding;
use format::Plan;
use format::PlanError;
use format::RuleId;
use format::Step;
use format::StepId;
use format::StepKind;
use format::Subject;
use quota::QuotaPlan;

pub use graph::Circle;

/// Why no plan could be made. Each would be a fault of this program or of a name in the
/// manifest that lowering let through; what the fleet or the world forbids is a finding instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanningError {
    /// A name that no address can hold.
    #[error(transparent)]
    Name(#[from] AddressError),
    /// Steps that wait for each other.
    #[error(transparent)]
    Circle(#[from] Circle),
    /// The plan cannot be written.
    #[error(transparent)]
    Format(#[from] PlanError),
}

/// Makes the sealed plan that turns the world into the fleet.
///
/// The same fleet, inventory and placement give the same bytes; `tool` names the program in the
/// seal.
pub fn plan(
    fleet: &Fleet,
    inventory: &Inventory,
    placement: &Placement<'_>,
    tool: &str,
) -> Result<Plan, PlanningError> {
    let Unsealed { body, rest, .. } = unsealed(fleet, inventory, placement)?;
    Ok(Plan::seal(body, tool, inventory.observed_at, rest)?)
}

/// A plan that has no seal yet.
#[derive(Debug)]
pub struct Unsealed<'a> {
    /// What the plan says.
    pub body: Body,
    /// The digest of what was observed, for the seal.
    pub rest: Digest,
    /// What the plan was made from: whoever ends soon need not take it apart.
    pub stages: (Blueprint<'a>, Differences),
}

/// Makes a plan without its seal: for who judges it while it is sealed.
pub fn unsealed<'a>(
    fleet: &'a Fleet,
    inventory: &Inventory,
    placement: &'a Placement<'a>,
) -> Result<Unsealed<'a>, PlanningError> {
    let plan = || -> Result<_, PlanningError> {
        let blueprint = blueprint::draw(fleet, inventory, placement)?;
        let differences = diff::diff(&blueprint, inventory);
        let body = body(inventory, &blueprint, &differences)?;
        Ok((body, (blueprint, differences)))
    };
    // To hash a million tenants takes as long as to plan for those that changed, and neither
    // needs the other.
    let (made, manifest, rest) = std::thread::scope(|scope| {
        let digests =
            scope.spawn(|| (identity::of_fleet(fleet), identity::of_inventory(inventory)));
        let made = plan();
        let (manifest, rest) = digests
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (made, manifest, rest)
    });
    let (body, stages) = made?;
    Ok(Unsealed {
        body: Body {
            manifest: manifest?,
            ..body
        },
        rest: rest?,
        stages,
    })
}

/// Everything that the plan says, but for the digest of the fleet.
fn body(
    inventory: &Inventory,
    blueprint: &Blueprint<'_>,
    differences: &Differences,
) -> Result<Body, PlanningError> {
    let (fleet, placement) = (blueprint.fleet, blueprint.placement);
    let mut context = Context {
        blueprint,
        inventory,
        placement,
        differences,
        capacity: capacity::Capacity::default(),
        going: placement
            .homes
            .iter()
            .filter(|home| home.goes().is_some())
            .map(|home| (home.id, home))
            .collect(),
        blocked: BTreeMap::new(),
    };
    let mut findings = findings::before(&mut context);
    let (mut draft, quota) = quota(&mut context, &mut findings)?;
    stamps(&context, &mut draft, &quota)?;
    tenants::plan(&context, &mut draft)?;
    let (steps, waits) = draft.finish();
    let steps = graph::order(steps, &waits)?;
    findings.extend(findings::after(&context, &steps));
    findings.sort();
    findings.dedup();
    Ok(Body {
        fleet: fleet.name.clone(),
        environment: fleet.environment.clone(),
        provider: provider(fleet).to_owned(),
        registry: fleet.registry.clone(),
        manifest: Digest(String::new()),
        policy: fleet.policy.clone(),
        tenants: u64::try_from(placement.homes.len()).unwrap_or(u64::MAX),
        opening: opening::draw(&context, &quota, &steps),
        changes: changes::list(&context),
        rules: rules(&steps),
        ledger: quota.ledger,
        decisions: changes::decisions(&context),
        bounds: placement.bounds.clone(),
        findings,
        steps,
    })
}

/// Counts the capacity and writes the quota steps. An account that lacks cores blocks the stamps
/// that need them, and then everything is counted anew without these; each round blocks more, so
/// it ends.
fn quota(
    context: &mut Context<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(Draft, QuotaPlan), AddressError> {
    loop {
        context.capacity = capacity::count(context)?;
        let mut draft = Draft::default();
        let quota = quota::plan(context, &mut draft)?;
        findings.extend(quota.findings.iter().cloned());
        if !findings::block_lacking(context, &quota.lacking) {
            return Ok((draft, quota));
        }
    }
}

fn provider(fleet: &Fleet) -> &'static str {
    match fleet.provider {
        crate::model::ProviderRef::Sim { .. } => "sim",
        crate::model::ProviderRef::Azure { .. } => "azure",
    }
}

/// The steps of every stamp that differs and is not blocked.
fn stamps(context: &Context<'_>, draft: &mut Draft, quota: &QuotaPlan) -> Result<(), AddressError> {
    for (id, difference) in &context.differences.stamps {
        let Some(stamp) = context.blueprint.stamps.get(id) else {
            continue;
        };
        if context.is_blocked(&Subject::Stamp(id.clone())) {
            continue;
        }
        match &difference.goal {
            Goal::Make => stamp_in::make(context, draft, quota, stamp),
            Goal::Wake => stamp_in::wake(context, draft, stamp),
            Goal::Readmit => stamp_in::readmit(context, draft, stamp),
            Goal::Rest => stamp_rest::rest(context, draft, stamp),
            Goal::Isolate => stamp_rest::isolate(context, draft, stamp),
            Goal::Retire(_) => stamp_out::retire(context, draft, quota, stamp)?,
            Goal::Stay => stamp_change::settle(context, draft, quota, stamp, difference)?,
            Goal::NoWay(_) | Goal::Replace(_) | Goal::Hidden(_) => {}
        }
        if matches!(difference.goal, Goal::Retire(_) | Goal::Rest) {
            after_replacements(context, draft, id);
        }
    }
    Ok(())
}

/// New capacity of a region and kind serves before old capacity of it goes (O-28).
fn after_replacements(context: &Context<'_>, draft: &mut Draft, leaving: &StampId) {
    let drain = StepId::of(&Subject::Stamp(leaving.clone()), StepKind::StampDrain);
    let Some(scope) = context.scope(leaving) else {
        return;
    };
    for id in context.differences.stamps.keys() {
        if context.serves_anew(id) && context.scope(id) == Some(scope) {
            let serving = StepId::of(&Subject::Stamp(id.clone()), StepKind::StampActivate);
            draft.wait(&drain, &serving, "O-28");
        }
    }
}

/// The reasons of the rules that the plan's edges cite.
fn rules(steps: &[Step]) -> BTreeMap<RuleId, String> {
    let mut rules = BTreeMap::new();
    let mut last = None;
    for edge in steps.iter().flat_map(|step| &step.after) {
        let rule = Some(&edge.rule);
        if rule != last && !rules.contains_key(&edge.rule) {
            rules.insert(edge.rule.clone(), reasons::reason(&edge.rule).to_owned());
        }
        last = rule;
    }
    rules
}
