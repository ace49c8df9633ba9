//! A plan on standard output, in every format.

use std::path::Path;

use clap::Args;
use clap::ValueEnum;

use super::stop::Stop;
use super::ui::Ui;
use crate::plan::format::Plan;
use crate::render;
use crate::render::Level;
use crate::render::View;
use crate::render::page::Setting;
use crate::render::view::Next;

/// How a plan is shown.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ViewArgs {
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// How deep it is shown
    #[arg(long, value_enum, default_value_t)]
    level: Depth,
    /// List every tenant, however many there are
    #[arg(long)]
    full: bool,
}

/// The formats of plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people at a terminal
    #[default]
    Text,
    /// The plan file itself: it can be verified and applied
    Json,
    /// For a comment on a pull request
    Markdown,
    /// Annotations of a GitHub workflow
    Github,
    /// Findings for code scanning
    Sarif,
    /// The graph of the steps, for Graphviz
    Dot,
    /// A page
    Html,
}

/// How deep a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Depth {
    /// What changes
    Operation,
    /// And the steps
    #[default]
    Resource,
    /// And every setting, call and condition
    Property,
}

impl Depth {
    const fn level(self) -> Level {
        match self {
            Self::Operation => Level::Operation,
            Self::Resource => Level::Resource,
            Self::Property => Level::Property,
        }
    }
}

/// Writes a plan to standard output. `manifest` is the file that findings point at.
pub(super) fn show(
    plan: &Plan,
    args: &ViewArgs,
    next: Option<Next>,
    manifest: &Path,
    ui: &Ui,
) -> Result<(), Stop> {
    let cannot = |why: String| Stop::error(format!("the plan cannot be shown: {why}"));
    if args.format == PlanFormat::Json {
        // Exactly the bytes of a plan file: piped into a file it has its seal.
        let json = render::json::plan(plan).map_err(|fault| cannot(fault.to_string()))?;
        ui.data(&json);
        return Ok(());
    }
    let view = View::of(plan, args.level.level(), next);
    let file = manifest.display().to_string();
    let text = match args.format {
        PlanFormat::Text | PlanFormat::Json => {
            let setting = Setting {
                full: args.full,
                ..ui.setting()
            };
            render::text(&view, setting)
        }
        PlanFormat::Markdown => render::markdown::comment(&view),
        PlanFormat::Github => render::github::annotations(&view, Some(&file)),
        PlanFormat::Sarif => {
            render::sarif::log(&view, &file).map_err(|fault| cannot(fault.to_string()))?
        }
        PlanFormat::Dot => render::dot::graph(&view),
        PlanFormat::Html => render::html::page(&view),
    };
    ui.data(&text);
    Ok(())
}
