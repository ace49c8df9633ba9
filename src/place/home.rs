//! Where every tenant lives when the plan is done: the whole answer of placement. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::Load;
use crate::model::StampId;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::observe::SeenTenant;

use super::placement::Bounds;
use super::placement::Decision;
use super::placement::PlacedStamp;
use super::placement::Unplaceable;
use super::placement::Why;

/// The answer of [`super::place`]: where every tenant lives when the plan is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement<'a> {
    /// Every tenant that is to be served and has a place, in order of id.
    pub homes: Vec<Home<'a>>,
    /// Every tenant of the registry for which nothing was decided, in order of id: it is
    /// unmanaged, or its service ends.
    pub others: Vec<Other<'a>>,
    /// Tenants that no stamp and no pool can take, with every reason.
    pub unplaceable: BTreeMap<TenantId, Unplaceable>,
    /// Every stamp of the fleet when the plan is done: declared ones, pool-made ones that exist,
    /// and those to be opened.
    pub stamps: BTreeMap<StampId, PlacedStamp>,
    /// The lower bounds that come with the answer.
    pub bounds: Bounds,
}

/// Where a tenant lives when the plan is done. Almost all of a million tenants stay, and of those
/// there is nothing to say that the world does not say already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home<'a> {
    /// The tenant.
    pub id: &'a TenantId,
    /// What the manifest says of it.
    pub meant: Option<&'a Tenant>,
    /// What the registry says of it, unless it is gone for good.
    pub seen: Option<&'a SeenTenant>,
    /// Whether it stays.
    pub settled: Settled,
}

/// Whether a tenant stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It lives where the registry says; what it needs.
    Stays(Load),
    /// It is new, or moves.
    Goes(Box<Decision>),
}

/// A tenant of the registry for which nothing was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other<'a> {
    /// The tenant.
    pub id: &'a TenantId,
    /// What the manifest says of it.
    pub meant: Option<&'a Tenant>,
    /// What the registry says of it.
    pub seen: &'a SeenTenant,
}

impl Home<'_> {
    /// The decision, if the tenant is new or moves.
    pub fn goes(&self) -> Option<&Decision> {
        match &self.settled {
            Settled::Stays(_) => None,
            Settled::Goes(decision) => Some(decision),
        }
    }

    /// The stamp.
    pub fn stamp(&self) -> Option<&StampId> {
        match &self.settled {
            Settled::Stays(_) => self.seen.map(|seen| &seen.stamp),
            Settled::Goes(decision) => Some(&decision.stamp),
        }
    }

    /// What the tenant needs, as placement counted it.
    pub fn demand(&self) -> Load {
        match &self.settled {
            Settled::Stays(demand) => *demand,
            Settled::Goes(decision) => decision.demand,
        }
    }

    /// The decision in full.
    pub fn decision(&self) -> Option<Cow<'_, Decision>> {
        match &self.settled {
            Settled::Goes(decision) => Some(Cow::Borrowed(decision)),
            Settled::Stays(demand) => {
                let stamp = self.stamp()?;
                Some(Cow::Owned(Decision {
                    stamp: stamp.clone(),
                    was: Some(stamp.clone()),
                    row: 1,
                    why: Why::Stays,
                    demand: *demand,
                    passed_over: Vec::new(),
                }))
            }
        }
    }
}

impl<'a> Placement<'a> {
    /// Where a tenant lives when the plan is done.
    pub fn home(&self, tenant: &TenantId) -> Option<&Home<'a>> {
        let found = self.homes.binary_search_by(|home| home.id.cmp(tenant));
        found.ok().map(|at| &self.homes[at])
    }

    /// The decisions for tenants that are new or move, in order of id.
    pub fn changes(&self) -> impl Iterator<Item = (&'a TenantId, &Decision)> {
        let homes = self.homes.iter();
        homes.filter_map(|home| Some((home.id, home.goes()?)))
    }
}
