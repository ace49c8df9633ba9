//! Where tenants go, as it is shown. Pure.

use serde::Serialize;
use serde::Serializer;

use crate::model::Load;
use crate::model::TenantId;
use crate::plan::format::Body;
use crate::plan::format::Decision;
use crate::render::words;

/// Where a tenant goes.
#[derive(Clone, Copy, Debug)]
pub struct PlacementView<'p> {
    /// The tenant.
    pub tenant: &'p TenantId,
    /// What was decided for it.
    pub decision: &'p Decision,
}

impl PlacementView<'_> {
    /// Why.
    pub fn why(&self) -> std::borrow::Cow<'static, str> {
        words::why(&self.decision.why)
    }

    /// What it needs.
    pub fn demand(&self) -> String {
        demand(&self.decision.demand)
    }

    /// The stamps passed over, by reason.
    pub fn passed_over(&self) -> Vec<String> {
        let passed = self.decision.passed_over.iter();
        passed.map(words::passed_over).collect()
    }
}

pub(super) fn placement(body: &Body) -> Vec<PlacementView<'_>> {
    let decisions = body.decisions.iter();
    decisions
        .map(|(tenant, decision)| PlacementView { tenant, decision })
        .collect()
}

fn demand(load: &Load) -> String {
    let Load {
        cpu,
        memory,
        storage,
        dtu,
    } = *load;
    format!(
        "cpu {cpu} m, memory {memory} MiB, storage {storage} MiB, dtu {}.{:02}",
        dtu / 100,
        dtu % 100
    )
}

/// A decision as JSON has it.
#[derive(Serialize)]
struct Whole<'p> {
    tenant: &'p str,
    stamp: &'p str,
    was: Option<&'p str>,
    row: u8,
    why: &'p str,
    demand: String,
    passed_over: Vec<String>,
}

impl Serialize for PlacementView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decision = self.decision;
        let whole = Whole {
            tenant: self.tenant.as_str(),
            stamp: decision.stamp.as_str(),
            was: decision.was.as_ref().map(AsRef::as_ref),
            row: decision.row,
            why: &self.why(),
            demand: self.demand(),
            passed_over: self.passed_over(),
        };
        whole.serialize(serializer)
    }
}
