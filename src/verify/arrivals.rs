//! Which tenants come to live on which stamp, read from the registry entries that steps write. Pure.

use super::calls::Calls;
use super::graph::Graph;
use super::index::Index;
use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::StepKind as K;
use crate::plan::format::opening::OpeningTenant;

/// A tenant that gets a new home.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'p> {
    /// The stamp.
    pub stamp: &'p StampId,
    /// The step that routes it there.
    pub at: usize,
    /// The tenant.
    pub id: &'p TenantId,
    /// The tenant as it was.
    pub tenant: &'p OpeningTenant,
}

/// Arrivals, those of one stamp after the other, stamps ascending. A switch that writes the home
/// which a tenant already has is none.
pub fn arrivals<'p>(graph: &Graph<'p>, index: &Index<'p>, calls: &Calls<'p>) -> Vec<Arrival<'p>> {
    let mut found: Vec<Arrival<'_>> = Vec::new();
    for kind in [K::RouteRegister, K::TenantSwitch] {
        for &at in graph.of_kind(kind) {
            let number = index.tenant_of(graph.family_of(at));
            let (Some(number), Some(home)) = (number, calls.home(at)) else {
                continue;
            };
            let (id, tenant) = index.tenants()[number];
            let mut stamps = graph.step(at).stamps.iter();
            let stamp = stamps.find(|stamp| stamp.as_str() == home);
            let lives_there = tenant
                .stamp
                .as_ref()
                .is_some_and(|now| now.as_str() == home);
            if let (Some(stamp), false) = (stamp, lives_there) {
                found.push(Arrival {
                    stamp,
                    at,
                    id,
                    tenant,
                });
            }
        }
    }
    found.sort_by_key(|arrival| arrival.stamp);
    found
}
