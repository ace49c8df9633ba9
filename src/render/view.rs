//! Everything that a reader of a plan is shown, as one serializable thing. All formats take it,
//! so that they cannot disagree. Pure.
//!
//! Texts are as the plan has them; the renderers escape them. What there is one of for each step,
//! change or decision is drawn from the plan when it is asked for; JSON asks for all of it.

pub(super) mod build;
pub(super) mod changes;
mod groups;
mod placement;
pub(super) mod steps;
mod whole;

use serde::Serialize;

use crate::plan::format::Hazard;
use crate::plan::format::Plan;
use crate::plan::format::RuleId;
use crate::plan::format::StepId;
use crate::plan::format::Subject;

pub use changes::ChangeView;
pub use groups::Group;
pub use groups::Groups;
pub use placement::PlacementView;
pub use steps::WaitView;
pub use whole::Blast;
pub use whole::Differs;
pub use whole::Fact;
pub use whole::Header;
pub use whole::Next;
pub use whole::Summary;

/// How deep a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What changes.
    Operation,
    /// And the steps.
    #[default]
    Resource,
    /// And every setting, call, condition and fact.
    Property,
}

/// A plan as it is shown.
#[derive(Serialize)]
pub struct View<'p> {
    /// How deep.
    pub level: Level,
    /// Which plan.
    pub header: Header,
    /// Whether a finding refuses it.
    pub refused: bool,
    /// What it reaches, counted from its steps.
    pub blast: Blast,
    /// Policy that differs from the defaults.
    pub policy: Vec<Differs>,
    /// What was found, refusals first.
    pub findings: Vec<FindingView>,
    /// What differs, deletes first.
    pub changes: Vec<ChangeView<'p>>,
    /// Tenants that move.
    pub moves: Vec<MoveView>,
    /// How many moves each cause needs, and at least needs.
    pub move_bounds: Vec<BoundView>,
    /// How many stamps each region and kind has, and at least needs.
    pub stamp_bounds: Vec<BoundView>,
    /// The steps by subject, subjects and steps in the plan's order. Empty at
    /// [`Level::Operation`].
    pub groups: Groups<'p>,
    /// The rules that edges cite.
    pub rules: Vec<RuleView>,
    /// The quota ledger.
    pub ledger: Vec<AccountView>,
    /// Where tenants go. Empty at [`Level::Operation`].
    pub placement: Vec<PlacementView<'p>>,
    /// What waits for a clock or a person.
    pub waits: Vec<WaitView<'p>>,
    /// The opening world and the policy as names and values. Only at [`Level::Property`].
    pub world: Vec<Fact>,
    /// The counts.
    pub summary: Summary,
    /// What to type next.
    pub next: Option<Next>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// Its code, as in `over_limit`.
    pub code: String,
    /// The code in words.
    pub word: String,
    /// Whether it refuses the plan.
    pub refuses: bool,
    /// Whom it is about.
    pub subject: Subject,
    /// What was found.
    pub what: String,
    /// The rule behind it.
    pub rule: Option<RuleId>,
    /// What would make it go away.
    pub help: String,
}

/// A setting before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingView {
    /// The setting.
    pub name: String,
    /// Its value now.
    pub before: Option<String>,
    /// Its value then.
    pub after: Option<String>,
    /// Line by line, where the values are long.
    pub diff: Vec<DiffLine>,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// `-`, `+` or a blank.
    pub sign: char,
    /// The line.
    pub text: String,
}

/// A tenant that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoveView {
    /// The tenant.
    pub tenant: String,
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
    /// Why.
    pub why: String,
}

/// What there is, and what there must be at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoundView {
    /// The cause of moves, or region and kind of stamps.
    pub what: String,
    /// In this plan.
    pub count: u32,
    /// In any plan.
    pub at_least: u32,
    /// Whether `at_least` is exact; absent where nobody says.
    pub exact: Option<bool>,
    /// What binds.
    pub binding: Option<String>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView<'p> {
    /// Its place in the plan, from 1.
    pub number: usize,
    /// Its sign: `X` cannot be undone, `*` changes the cloud, `:` may pause the run, `?` looks.
    pub symbol: &'static str,
    /// Its name.
    pub id: &'p StepId,
    /// What kind of step it is.
    pub kind: &'static str,
    /// What tells it from others of its kind and subject: the part of the id after `@`.
    pub which: Option<&'p str>,
    /// Why it is done.
    pub why: &'p str,
    /// What it may break.
    pub hazard: Hazard,
    /// Whether it is the first of its subject that cannot be undone.
    pub point_of_no_return: bool,
    /// Cores that the group gains by it, and what the group can then allocate.
    pub cores: Vec<(i64, i64)>,
    /// What it waits for.
    pub waits_for: Vec<Wait<'p>>,
    /// What it does and asks. Only at [`Level::Property`].
    pub details: Vec<Detail>,
}

/// A step waits for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait<'p> {
    /// The other's place in the plan; absent where the plan has no such step.
    pub number: Option<usize>,
    /// The other.
    pub step: &'p StepId,
    /// The rule that says so.
    pub rule: &'p RuleId,
}

/// A labelled line about a step, with lines beneath it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// What kind of line it is: `id`, `does`, `needs`, `asks`, `waits`, `undo`, `on`.
    pub label: String,
    /// The line.
    pub text: String,
    /// Settings beneath it.
    pub settings: Vec<Fact>,
}

/// A rule that edges cite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleView {
    /// The rule.
    pub rule: RuleId,
    /// Its reason; absent where the plan does not give it.
    pub reason: Option<String>,
    /// How many edges cite it.
    pub cited: u64,
}

/// An account of quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// The account.
    pub account: String,
    /// Cores that the group can allocate before.
    pub opening: i64,
    /// Every movement.
    pub entries: Vec<EntryView>,
    /// Cores that it can allocate afterwards.
    pub closing: i64,
    /// The least that it can allocate at any time.
    pub lowest: i64,
}

/// A movement of cores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// The step's place in the plan.
    pub number: Option<usize>,
    /// The step.
    pub step: StepId,
    /// The other side.
    pub subscription: Option<String>,
    /// The group's gain.
    pub group: i64,
    /// What the group can then allocate.
    pub balance: i64,
}

impl<'p> View<'p> {
    /// The plan as it is shown.
    pub fn of(plan: &'p Plan, level: Level, next: Option<Next>) -> Self {
        build::view(plan, level, next)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.summary.steps == 0
    }
}
