//! What the tests of this module and its neighbours are made of.

use crate::plan::format::Body;
use crate::plan::format::Digest;
use crate::plan::format::Opening;
use crate::plan::format::Step;

/// A plan's body with these steps.
pub(crate) fn body(steps: Vec<Step>) -> Body {
    Body {
        fleet: "contoso".parse().expect("a name"),
        environment: None,
        provider: "fake".to_owned(),
        registry: "registry".to_owned(),
        manifest: Digest::of(b"manifest"),
        policy: crate::model::Policy::default(),
        tenants: 0,
        opening: Opening::default(),
        changes: vec![],
        steps,
        rules: std::collections::BTreeMap::new(),
        ledger: vec![],
        decisions: std::collections::BTreeMap::new(),
        bounds: crate::plan::format::Bounds::default(),
        findings: vec![],
    }
}
