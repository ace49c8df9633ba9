//! Which tenants come to live on which stamp, read from the registry entries that steps write. Pure.

use std::collections::BTreeMap;

use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::case::Case;
use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::StepKind as K;
use crate::plan::format::opening::OpeningTenant;

/// A tenant that gets a new home.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'p> {
    /// The step that routes it there.
    pub at: usize,
    /// The tenant.
    pub id: &'p TenantId,
    /// The tenant as it was.
    pub tenant: &'p OpeningTenant,
}

/// The stamp that a step makes a tenant's home, if it does.
pub fn new_home<'p>(case: &Case<'p>, at: usize) -> Option<&'p str> {
    let mut calls = case.graph.step(at).act.operations().iter();
    calls.find_map(|call| match &call.verb {
        Verb::Put { settings } | Verb::Patch { settings } => {
            settings.get("stamp").and_then(Value::as_str)
        }
        Verb::Delete | Verb::Copy { .. } => None,
    })
}

/// Arrivals by stamp. A switch that writes the home which a tenant already has is none.
pub fn arrivals<'p>(case: &Case<'p>) -> BTreeMap<&'p StampId, Vec<Arrival<'p>>> {
    let mut found: BTreeMap<&StampId, Vec<Arrival<'_>>> = BTreeMap::new();
    for kind in [K::RouteRegister, K::TenantSwitch] {
        for (at, step) in case.of_kind(kind) {
            let (Some((id, tenant)), Some(home)) = (case.tenant(step), new_home(case, at)) else {
                continue;
            };
            let stamp = step.stamps.iter().find(|stamp| stamp.as_str() == home);
            let lives_there = tenant
                .stamp
                .as_ref()
                .is_some_and(|now| now.as_str() == home);
            if let (Some(stamp), false) = (stamp, lives_there) {
                found
                    .entry(stamp)
                    .or_default()
                    .push(Arrival { at, id, tenant });
            }
        }
    }
    found
}
