//! What every part of the planner looks things up in.

use std::collections::BTreeMap;

use stampctl_contract::Value;

use super::capacity::Capacity;
use super::format::StepId;
use super::format::StepKind;
use super::format::Subject;
use crate::blueprint::Blueprint;
use crate::blueprint::StampBlueprint;
use crate::diff::Differences;
use crate::diff::Goal;
use crate::model::Lookup;
use crate::model::Policy;
use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::tenant::Export;
use crate::observe::Inventory;
use crate::place::Placement;
use crate::place::home::Home;

/// The stages before this one, and what must not be touched.
pub(super) struct Context<'a> {
    pub(super) blueprint: &'a Blueprint<'a>,
    pub(super) inventory: &'a Inventory,
    pub(super) placement: &'a Placement<'a>,
    pub(super) differences: &'a Differences,
    pub(super) capacity: Capacity,
    /// The tenants that are new or move. There may be a million others to look through.
    pub(super) going: Lookup<&'a TenantId, &'a Home<'a>>,
    /// Subjects that a finding holds back, with the subject that causes it.
    pub(super) blocked: BTreeMap<Subject, Subject>,
}

impl<'a> Context<'a> {
    pub(super) fn policy(&self) -> &Policy {
        &self.blueprint.fleet.policy
    }

    /// Where a tenant lives when the plan is done.
    pub(super) fn home(&self, tenant: &TenantId) -> Option<&'a Home<'a>> {
        let going = self.going.get(&tenant).copied();
        going.or_else(|| self.placement.home(tenant))
    }

    pub(super) fn is_blocked(&self, subject: &Subject) -> bool {
        self.blocked.contains_key(subject)
    }

    /// The step that looks once more whether a stamp can take its new tenants.
    pub(super) fn recheck(stamp: &StampId) -> StepId {
        StepId::of(&Subject::Stamp(stamp.clone()), StepKind::CapacityRecheck)
    }

    /// Whether the stamp begins to serve in this plan.
    pub(super) fn serves_anew(&self, stamp: &StampId) -> bool {
        self.differences
            .stamps
            .get(stamp)
            .is_some_and(|d| matches!(d.goal, Goal::Make | Goal::Wake | Goal::Readmit))
            && !self.is_blocked(&Subject::Stamp(stamp.clone()))
    }

    /// Stamps that give machines up and of which `which` is true, in the order in which they do
    /// it: those that stay come first. They wait for nobody, while one that goes waits for its
    /// tenants, whom one that stays may take in when it is done.
    pub(super) fn givers(
        &self,
        which: impl Fn(&StampBlueprint) -> bool,
    ) -> Vec<(&StampBlueprint, u32)> {
        let stamps = self.blueprint.stamps.values().filter(|stamp| which(stamp));
        let mut givers: Vec<_> = stamps
            .filter_map(|stamp| Some((stamp, self.capacity.machines.get(&stamp.id)?.given_up)))
            .filter(|(_, machines)| *machines > 0)
            .collect();
        let goes = |stamp: &StampBlueprint| {
            let difference = self.differences.stamps.get(&stamp.id);
            difference.is_some_and(|d| matches!(d.goal, Goal::Retire(_) | Goal::Rest))
        };
        givers.sort_by_key(|(stamp, _)| goes(stamp));
        givers
    }

    /// Region and kind: the scope of the fewest active stamps.
    pub(super) fn scope(&self, stamp: &StampId) -> Option<(&RegionName, StampKind)> {
        self.blueprint
            .stamps
            .get(stamp)
            .map(|s| (&s.shape.region, s.shape.kind))
    }

    /// The tags of a stamp's group in a state, with the tenants that it has before the plan
    /// changes them.
    pub(super) fn tags(&self, stamp: &StampBlueprint, state: StampState) -> Value {
        let tenants = self
            .placement
            .stamps
            .get(&stamp.id)
            .map_or(0, |p| p.tenants_before);
        self.tags_with(stamp, state, tenants)
    }

    /// The tags of a stamp's group in a state with a number of tenants.
    pub(super) fn tags_with(
        &self,
        stamp: &StampBlueprint,
        state: StampState,
        tenants: u32,
    ) -> Value {
        let seen = self.inventory.resources.get(&stamp.group.0);
        stamp.group_tags(
            seen.and_then(|seen| seen.settings.get("tags")),
            state,
            tenants,
        )
    }

    /// A tenant's state in the registry; active where it has none.
    pub(super) fn tenant_state(&self, tenant: &TenantId) -> TenantState {
        self.inventory
            .tenants
            .get(tenant)
            .map_or(TenantState::Active, |seen| seen.state)
    }

    /// Whether a tenant's data is exported before it goes.
    pub(super) fn export(&self, tenant: &TenantId) -> Export {
        self.blueprint
            .fleet
            .tenants
            .get(tenant)
            .map_or(Export::Required, |t| t.export.clone())
    }
}
