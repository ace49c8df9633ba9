//! `explain`: what a code or a rule means; why a step, a tenant or a stamp is as it is in the plan.

use std::path::PathBuf;

use clap::Args;

use super::args::DataFormat;
use super::args::FleetArgs;
use super::cloud;
use super::exit::Exit;
use super::load;
use super::plan_file;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic::Code;
use crate::diagnostic::explanations;
use crate::plan::format::FindingCode;
use crate::plan::format::Plan;
use crate::plan::format::StepId;
use crate::render::explain;
use crate::render::explain::Explanation;
use crate::render::explain::Part;
use crate::render::explain::RuleDoc;
use crate::verify::Rule;
use crate::verify::rules;

/// What `explain` takes.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A stamp, a tenant, a step's id, a rule as in O-1, or a code as in E0107
    #[arg(value_name = "STAMP|TENANT|STEP|RULE|CODE")]
    what: String,
    #[command(flatten)]
    fleet: FleetArgs,
    /// Explain it in this saved plan instead of planning the fleet
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: DataFormat,
}

/// Explains one thing.
pub(super) fn run(args: &ExplainArgs, ui: &Ui) -> Result<Exit, Stop> {
    let told = match known(&args.what) {
        Some(told) => told,
        None => in_plan(args, ui)?,
    };
    match args.format {
        DataFormat::Json => ui.json(&told)?,
        DataFormat::Text => ui.data(&explain::text(&told, ui.setting())),
    }
    Ok(Exit::Done)
}

/// What can be explained without a fleet.
fn known(what: &str) -> Option<Explanation> {
    if let Some(code) = Code::find(what) {
        return Some(Explanation {
            title: format!("{code}: {}", code.title()),
            parts: vec![part("what it means", explanations::explain(code).lines())],
        });
    }
    let upper = what.to_ascii_uppercase();
    if let Some(rule) = rules::rule(&upper) {
        return Some(of_rule(rule));
    }
    let code = FindingCode::ALL.iter().find(|code| code.word() == what)?;
    let refuses = if code.refuses() {
        "A plan with this finding is refused: exit code 3."
    } else {
        "This finding refuses nothing."
    };
    Some(Explanation {
        title: format!("finding: {}", code.word()),
        parts: vec![part("what it means", [refuses])],
    })
}

fn of_rule(rule: &Rule) -> Explanation {
    let doc = RuleDoc {
        rule: rule.id.to_owned(),
        level: rule.level.to_string(),
        text: rule.title.to_owned(),
    };
    let told = explain::rule(None, &rule.rule_id(), Some(&doc));
    let mut told = told.unwrap_or_else(|| Explanation {
        title: format!("rule {}", rule.id),
        parts: Vec::new(),
    });
    told.parts.push(part("where it comes from", [rule.source]));
    told.parts.push(part("what happens without it", [rule.why]));
    told.parts.push(part("what would pass", [rule.help]));
    told
}

fn part<'a>(heading: &str, lines: impl IntoIterator<Item = &'a str>) -> Part {
    Part {
        heading: heading.to_owned(),
        lines: lines.into_iter().map(str::to_owned).collect(),
    }
}

fn in_plan(args: &ExplainArgs, ui: &Ui) -> Result<Explanation, Stop> {
    let plan = plan_of(args, ui)?;
    let what = args.what.as_str();
    let step = || explain::step(&plan, &StepId(what.into()));
    let stamp = || explain::stamp(&plan, &what.parse().ok()?);
    let tenant = || explain::tenant(&plan, &what.parse().ok()?);
    step().or_else(stamp).or_else(tenant).ok_or_else(|| {
        Stop::error(format!("the plan says nothing of `{what}`")).help(
            "what the plan does not touch is as the manifest says; \
             `stampctl plan --level property` shows ids",
        )
    })
}

fn plan_of(args: &ExplainArgs, ui: &Ui) -> Result<Plan, Stop> {
    if let Some(path) = &args.plan {
        let file = plan_file::read(path)?;
        return match file.broken(path) {
            Some(broken) => Err(broken),
            None => Ok(file.plan),
        };
    }
    let loaded = load::load(&args.fleet, ui)?;
    let inventory = planning::observe(&loaded.fleet, &cloud::open(&loaded)?)?;
    planning::plan(&loaded.fleet, &inventory)
}
