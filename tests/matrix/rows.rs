//! The rows of the matrix, derived from plans: every kind of step with every verb and kind of
//! resource that it calls, and every request that such a call makes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use stampctl::plan::format::Plan;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl_azure::Http;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

use crate::bench::Bench;
use crate::scenario::Scenario;
use crate::served::Aim;

/// What an operation is: what kind of step makes it, of what verb, on what kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    /// None: the mark that a run leaves in the fleet's registry entry before its first step.
    pub(crate) step: Option<StepKind>,
    pub(crate) verb: &'static str,
    pub(crate) kind: Kind,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.step.map_or("run.mark", StepKind::word);
        write!(f, "{step} {} {}", self.verb, self.kind)
    }
}

/// A request of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) shape: Shape,
    /// Its number among the requests of the operation that change something, from 0.
    pub(crate) change: usize,
    /// How many there are.
    pub(crate) of: usize,
    pub(crate) method: &'static str,
    pub(crate) key: String,
    /// The step that makes it.
    pub(crate) step: Option<StepId>,
}

impl Row {
    /// The request, for the wire.
    pub(crate) fn aim(&self) -> Aim {
        (self.key.clone(), self.change)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}/{} {}",
            self.shape,
            self.change + 1,
            self.of,
            self.method
        )
    }
}

/// A scenario as it goes when nothing goes wrong.
pub(crate) struct Calm {
    pub(crate) scenario: Scenario,
    pub(crate) plan: Plan,
    pub(crate) picture: Vec<(String, Settings)>,
    pub(crate) rows: Vec<Row>,
    /// All requests that change something.
    pub(crate) requests: usize,
}

impl Calm {
    /// Runs a scenario to its end.
    pub(crate) async fn of(scenario: Scenario, http: &Arc<Http>) -> Self {
        let bench = Bench::new(&scenario, http, None).await;
        let code = bench.until_it_ends().await;
        let name = &scenario.name;
        assert_eq!(code, 0, "{name}: {:#?}", bench.outcomes.borrow().last());
        let picture = bench.picture();
        bench.assert_rest(name).await;
        let (plan, picture) = (bench.plan.borrow().clone(), picture);
        let rows = rows(&bench);
        let requests = bench.served.wire().sent.len();
        drop(bench);
        Self {
            scenario,
            plan,
            picture,
            rows,
            requests,
        }
    }
}

fn rows(bench: &Bench<'_>) -> Vec<Row> {
    let wire = bench.served.wire();
    let mut sent: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    for one in &wire.sent {
        sent.entry(&one.key).or_default().push(one.method);
    }
    let mut rows = Vec::new();
    let mut add = |shape: Shape, key: &str, step: Option<&StepId>| {
        let methods = sent.get(key).map_or(&[][..], Vec::as_slice);
        for (change, method) in methods.iter().enumerate() {
            rows.push(Row {
                shape,
                change,
                of: methods.len(),
                method,
                key: key.to_owned(),
                step: step.cloned(),
            });
        }
    };
    let mark = sent.keys().find(|key| key.ends_with("/burn"));
    let shape = Shape {
        step: None,
        verb: "put",
        kind: Kind::RegistryItem,
    };
    add(shape, mark.expect("a run leaves its mark"), None);
    let plan = bench.plan.borrow();
    for step in &plan.body.steps {
        for (at, operation) in step.act.operations().iter().enumerate() {
            let shape = Shape {
                step: Some(step.kind),
                verb: word(&operation.verb),
                kind: operation.address.kind(),
            };
            add(shape, &plan.key(&step.id, at), Some(&step.id));
        }
    }
    rows
}

fn word(verb: &Verb) -> &'static str {
    match verb {
        Verb::Put { .. } => "put",
        Verb::Patch { .. } => "patch",
        Verb::Delete => "delete",
        Verb::Copy { .. } => "copy",
    }
}
