//! What a rule is, and what breaking one is. Pure.

use std::collections::BTreeMap;
use std::fmt;

use super::case::Case;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;

/// The most violations of one rule that are told one by one; the rest is counted.
pub const TOLD: usize = 25;

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing lifts it.
    H,
    /// The order that is right unless policy says otherwise.
    P,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::H => "H",
            Self::P => "P",
        })
    }
}

/// One rule: what it is called, why it stands, and how it is checked.
pub struct Rule {
    /// Its id, as in `O-1`.
    pub id: &'static str,
    /// What it asks, in one line.
    pub title: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Where it comes from.
    pub source: &'static str,
    /// What happens where it is broken.
    pub why: &'static str,
    /// What would make a plan pass.
    pub help: &'static str,
    /// Orders of steps of one subject that it asks for.
    pub orders: &'static [Order],
    /// What it asks of each step by itself. All rules ask one step before they go on to the next:
    /// a plan is larger than a processor's cache.
    pub each: Option<fn(&Case<'_>, usize, &mut Sink<'_>)>,
    /// What it asks for beyond that.
    pub check: fn(&Case<'_>, &mut Sink<'_>),
}

impl Rule {
    /// The rule's id as plans carry it.
    pub fn rule_id(&self) -> RuleId {
        RuleId::known(self.id)
    }
}

/// A step of one kind waits for one of another kind of the same subject.
pub struct Order {
    /// The later kinds.
    pub then: &'static [StepKind],
    /// The earlier kinds, any one of them.
    pub first: &'static [StepKind],
    /// When the plan must have the earlier step; otherwise only an order is asked for, where
    /// it has it.
    pub needed: fn(&Case<'_>, usize) -> bool,
}

/// A plan breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule.
    pub rule: RuleId,
    /// How binding the rule is.
    pub level: Level,
    /// The step that breaks it; absent where the plan as a whole does.
    pub step: Option<StepId>,
    /// What breaks it.
    pub message: String,
    /// What would make the plan pass.
    pub help: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.rule, self.level)?;
        if let Some(step) = &self.step {
            write!(f, "{}: ", step.0.escape_debug())?;
        }
        f.write_str(&self.message)
    }
}

/// Collects what breaks rules, a bounded number for each.
#[derive(Default)]
pub struct Findings {
    found: BTreeMap<Key, Violation>,
    counts: BTreeMap<&'static str, usize>,
}

/// Rule and step: one step breaks one rule once, however many checks see it.
type Key = (&'static str, Option<StepId>, String);

impl Findings {
    /// Where one rule puts what breaks it.
    pub fn sink(&mut self, rule: &'static Rule) -> Sink<'_> {
        Sink {
            findings: self,
            rule,
        }
    }

    /// Everything found, in order of rule and step, with a count where not all is told.
    pub fn into_violations(self) -> Vec<Violation> {
        let mut all: Vec<Violation> = self.found.into_values().collect();
        for (rule, count) in self.counts {
            let Some(first) = all.iter().find(|found| found.rule.0 == rule).cloned() else {
                continue;
            };
            if count > TOLD {
                all.push(Violation {
                    step: None,
                    message: format!("{} more steps break this rule", count - TOLD),
                    ..first
                });
            }
        }
        all.sort();
        all.dedup();
        all
    }
}

/// Where one rule puts what breaks it.
pub struct Sink<'f> {
    findings: &'f mut Findings,
    rule: &'static Rule,
}

impl Sink<'_> {
    /// A step breaks the rule.
    pub fn step(&mut self, step: &Step, message: impl Into<String>) {
        self.add(Some(step.id.clone()), message.into());
    }

    /// The plan as a whole breaks it.
    pub fn plan(&mut self, message: impl Into<String>) {
        self.add(None, message.into());
    }

    fn add(&mut self, step: Option<StepId>, message: String) {
        let count = self.findings.counts.entry(self.rule.id).or_default();
        *count += 1;
        if *count > TOLD {
            return;
        }
        let violation = Violation {
            rule: self.rule.rule_id(),
            level: self.rule.level,
            step: step.clone(),
            message: message.clone(),
            help: self.rule.help.to_owned(),
        };
        self.findings
            .found
            .insert((self.rule.id, step, message), violation);
    }
}

/// The check of a rule that asks for orders only, or of each step by itself.
pub fn orders_only(_: &Case<'_>, _: &mut Sink<'_>) {}

/// The earlier step must be in the plan.
pub fn always(_: &Case<'_>, _: usize) -> bool {
    true
}

/// Only the order counts, where both are in the plan.
pub fn if_there(_: &Case<'_>, _: usize) -> bool {
    false
}
