//! A stamp as placement works on it: what it carries, who may still come, and why not. Pure.

use std::collections::BTreeSet;

use crate::model::Dimension;
use crate::model::Load;
use crate::model::Percent;
use crate::model::Policy;
use crate::model::Stamp;
use crate::model::StampKind;
use crate::model::policy::Band;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;

use super::exact::Fine;
use super::placement::Ineligible;
use super::placement::SeenLoad;
use super::placement::StampOrigin;

/// The region of a stamp that has no shape and was never seen.
pub(super) const NOWHERE: usize = usize::MAX;

/// Where a stamp stands, as far as placement cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Not there: declared or opened, and yet to be built.
    Absent,
    /// Being built.
    Creating,
    /// Serving.
    Active,
    /// There, and neither of the two: draining, standing by, isolated, failed.
    Aside,
    /// Its compute is released, or it is being deleted.
    Ending,
    /// A tombstone.
    Deleted,
}

/// A stamp with its running totals.
///
/// The totals are peaks: what leaves is counted until the plan is done, because a tenant's data
/// stays on its source through the soak and nothing orders an arrival after a departure.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// What it should be.
    pub(super) stamp: Stamp,
    /// Where it comes from.
    pub(super) origin: StampOrigin,
    /// Shared or dedicated.
    pub(super) kind: StampKind,
    /// Its region's index, or [`NOWHERE`].
    pub(super) region: usize,
    /// Where it stands.
    pub(super) life: Life,
    /// Whether its registry entry lets tenants in.
    pub(super) admits: bool,
    /// What it can carry.
    pub(super) capacity: Load,
    /// Its load in the world; `None`: UNKNOWN.
    pub(super) before: [Option<u64>; 4],
    /// Whether the load is a sum because there are too few samples.
    pub(super) young: bool,
    /// Load in the world and everything that arrives. Counts what is known.
    pub(super) load: Fine,
    /// What leaves.
    pub(super) leaving: Fine,
    /// Tenants in the world, those that only leave data behind included.
    pub(super) tenants_before: u32,
    /// Those and everyone who arrives.
    pub(super) tenants: u32,
    /// How many leave.
    pub(super) left: u32,
    /// Anti-affinity groups that have a tenant here.
    pub(super) groups: BTreeSet<u32>,
}

/// What a tenant asks of a stamp.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Its region's index.
    pub(super) region: usize,
    /// What it needs.
    pub(super) demand: Fine,
    /// Its anti-affinity group.
    pub(super) group: Option<u32>,
    /// How it comes.
    pub(super) entry: Entry,
}

/// By which rule a tenant comes to a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// To any shared stamp: rows 4 and 5.
    Shared,
    /// To the dedicated stamp that bears its name: row 3.
    Own,
    /// To the stamp that the manifest names, row 2; `true`: it must be a dedicated one.
    Pinned(bool),
}

impl Site {
    /// A stamp without tenants.
    pub(super) fn empty(stamp: Stamp, origin: StampOrigin, life: Life, region: usize) -> Self {
        let shape = stamp.shape.as_ref();
        Self {
            kind: shape.map_or(StampKind::Shared, |shape| shape.kind),
            capacity: shape.map_or_else(Load::default, |shape| shape.capacity),
            stamp,
            origin,
            region,
            life,
            admits: true,
            before: [Some(0); 4],
            young: true,
            load: Fine::default(),
            leaving: Fine::default(),
            tenants_before: 0,
            tenants: 0,
            left: 0,
            groups: BTreeSet::new(),
        }
    }

    /// Whether it is there: it has an entry that is no tombstone.
    pub(super) fn exists(&self) -> bool {
        !matches!(self.life, Life::Absent | Life::Deleted)
    }

    /// Whether it will be part of the fleet when the plan is done.
    pub(super) fn remains(&self) -> bool {
        self.stamp.desired != DesiredStamp::Retired
    }

    /// The first dimension that is UNKNOWN.
    pub(super) fn unknown(&self) -> Option<Dimension> {
        let at = self.before.iter().position(Option::is_none)?;
        Some(Dimension::ALL[at])
    }

    /// Its load in the world, what is UNKNOWN counted as zero.
    pub(super) fn seen(&self) -> Fine {
        Fine(self.before.map(Option::unwrap_or_default))
    }

    /// Its band in the world.
    pub(super) fn band(&self, policy: &Policy) -> Band {
        if self.unknown().is_some() {
            return Band::Unknown;
        }
        // By the thresholds themselves: basis points are rounded, and a sum of demands may lie
        // between two of them.
        let bands = &policy.placement.bands;
        let steps = [
            (bands.deny, Band::Deny),
            (bands.pause, Band::Pause),
            (bands.provision, Band::Provision),
            (bands.plan, Band::Plan),
        ];
        let reached = |percent: Percent| {
            let limit = Fine::ceiling(&self.capacity, percent.0);
            self.seen().has_reached(limit).is_some()
        };
        let step = steps.into_iter().find(|(percent, _)| reached(*percent));
        step.map_or(Band::Open, |(_, band)| band)
    }

    /// Its load in the world in whole units.
    pub(super) fn load_before(&self) -> SeenLoad {
        self.masked(self.seen())
    }

    /// Its load when the plan is done, in whole units.
    pub(super) fn load_after(&self) -> SeenLoad {
        self.masked(self.load.minus(self.leaving))
    }

    /// Tenants when the plan is done.
    pub(super) fn tenants_after(&self) -> u32 {
        self.tenants.saturating_sub(self.left)
    }

    /// A tenant arrives.
    pub(super) fn admit(&mut self, demand: Fine, group: Option<u32>) {
        self.load = self.load.plus(demand);
        self.tenants = self.tenants.saturating_add(1);
        self.groups.extend(group);
    }

    /// A tenant leaves.
    pub(super) fn release(&mut self, demand: Fine) {
        self.leaving = self.leaving.plus(demand);
        self.left = self.left.saturating_add(1);
    }

    /// The first hard reason why the stamp cannot take the tenant; `None`: it can. Filters stand
    /// from the most lasting to the most passing; each stamp is counted under the first.
    pub(super) fn refuses(&self, ask: &Ask, policy: &Policy) -> Option<Ineligible> {
        if ask.region != self.region {
            return Some(Ineligible::Region);
        }
        self.refuses_entry(ask.entry, policy)
            .or_else(|| self.refuses_now(ask, policy))
    }

    /// The part of [`Site::refuses`] that no arrival changes.
    pub(super) fn refuses_entry(&self, entry: Entry, policy: &Policy) -> Option<Ineligible> {
        let right_kind = match entry {
            Entry::Shared => self.kind == StampKind::Shared,
            Entry::Own => self.kind == StampKind::Dedicated,
            Entry::Pinned(dedicated) => !dedicated || self.kind == StampKind::Dedicated,
        };
        if !right_kind {
            return Some(Ineligible::Kind);
        }
        if !self.remains() {
            return Some(Ineligible::Closed);
        }
        let may_come = match self.life {
            Life::Absent | Life::Creating | Life::Active => true,
            // A dedicated stamp is built again under its id (design §11.7), a shared one never.
            Life::Deleted => self.kind == StampKind::Dedicated,
            Life::Aside | Life::Ending => false,
        };
        if !may_come || self.stamp.desired != DesiredStamp::Active {
            return Some(Ineligible::State);
        }
        if !self.stamp.accepting || (self.life == Life::Active && !self.admits) {
            return Some(Ineligible::Closed);
        }
        if self.stamp.role == Role::Dr {
            return Some(Ineligible::Dr);
        }
        if let Some(dimension) = self.unknown() {
            return Some(Ineligible::Unknown(dimension));
        }
        let limit = Fine::ceiling(&self.capacity, entry.percent(policy));
        self.seen().has_reached(limit).map(Ineligible::Band)
    }

    /// The part of [`Site::refuses`] that depends on who has come so far.
    pub(super) fn refuses_now(&self, ask: &Ask, policy: &Policy) -> Option<Ineligible> {
        if self.kind == StampKind::Dedicated {
            if self.tenants > 0 {
                return Some(Ineligible::Kind);
            }
        } else if self.tenants >= policy.placement.max_tenants_per_shared {
            return Some(Ineligible::Full);
        }
        if ask.group.is_some_and(|group| self.groups.contains(&group)) {
            return Some(Ineligible::AntiAffinity);
        }
        let limit = Fine::ceiling(&self.capacity, ask.entry.percent(policy));
        let after = self.load.plus(ask.demand);
        after.reaches(limit).map(Ineligible::WouldReach)
    }

    fn masked(&self, load: Fine) -> SeenLoad {
        let load = load.load();
        let at = |k: usize| self.before[k].map(|_| load[Dimension::ALL[k]]);
        SeenLoad {
            cpu: at(0),
            memory: at(1),
            storage: at(2),
            dtu: at(3),
        }
    }
}

impl Entry {
    /// The band that such a tenant may not reach: the provision band, and the pause band where
    /// the manifest names the stamp.
    pub(super) fn percent(self, policy: &Policy) -> u32 {
        let bands = &policy.placement.bands;
        match self {
            Self::Shared | Self::Own => bands.provision.0,
            Self::Pinned(_) => bands.pause.0,
        }
    }
}
