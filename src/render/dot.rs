//! The steps of a plan as a graph in the DOT language: a cluster for each subject, an edge for
//! each wait, labelled with its rule. Pure.

use std::fmt::Write as _;

use super::escape::dot;
use super::view::StepView;
use super::view::View;
use super::words;
use crate::plan::format::Hazard;

/// The graph. The view must have its steps: [`super::Level::Resource`] or deeper.
pub fn graph(view: &View<'_>) -> String {
    let mut out = String::from("digraph plan {\n");
    let title = super::text::title(view);
    let _ = writeln!(out, "  label={};", dot(&title));
    out.push_str("  rankdir=LR;\n  node [shape=box, fontname=\"monospace\"];\n");
    for (at, group) in view.groups.all().iter().enumerate() {
        let label = dot(&words::subject(group.subject));
        let _ = write!(out, "  subgraph cluster_{at} {{\n    label={label};\n");
        for step in view.groups.steps(group) {
            out.push_str(&node(&step));
        }
        out.push_str("  }\n");
    }
    let groups = view.groups.all().iter();
    for step in groups.flat_map(|group| view.groups.steps(group)) {
        for wait in &step.waits_for {
            let from = match wait.number {
                Some(number) => format!("s{number}"),
                None => dot(&format!("missing {}", wait.step)),
            };
            let rule = dot(&wait.rule.0);
            let _ = writeln!(out, "  {from} -> s{} [label={rule}];", step.number);
        }
    }
    out.push_str("}\n");
    out
}

fn node(step: &StepView<'_>) -> String {
    let which = step
        .which
        .map(|which| format!("@{which}"))
        .unwrap_or_default();
    let label = dot(&format!(
        "{} {} {}{which}",
        step.number, step.symbol, step.kind
    ));
    // Shape and words, not colour alone.
    let style = match step.hazard {
        Hazard::Safe if step.symbol == "*" => "",
        Hazard::Safe => ", style=rounded",
        Hazard::Disruptive => ", style=bold, color=orange",
        Hazard::Irreversible => ", shape=octagon, style=bold, color=red",
    };
    let tooltip = dot(step.why);
    format!(
        "    s{} [label={label}, tooltip={tooltip}{style}];\n",
        step.number
    )
}
