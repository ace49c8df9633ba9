//! One layout for manifests. Comments stay, and what a text means never changes: the result is
//! parsed and compared before it is handed out. Pure.

use hcl_edit::expr::Array;
use hcl_edit::expr::FuncArgs;
use hcl_edit::expr::Object;
use hcl_edit::structure::Body;
use hcl_edit::visit_mut;
use hcl_edit::visit_mut::VisitMut;

use super::hcl_layout;
use super::node::Node;
use super::source::Spelling;
use super::yaml;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// A stamp in one line stays in one line up to here.
const WIDTH: usize = 120;

/// A formatted text.
#[derive(Debug, Default)]
pub struct Formatted {
    /// The text; `None` where it cannot be read.
    pub text: Option<String>,
    /// Why not.
    pub diagnostics: Diagnostics,
    /// The text that was given.
    pub sources: SourceMap,
}

/// Formats a manifest's text. Formatting what is formatted changes nothing.
pub fn format(name: &str, text: &str, spelling: Spelling) -> Formatted {
    let mut formatted = Formatted::default();
    let Formatted {
        text: out,
        diagnostics,
        sources,
    } = &mut formatted;
    let id = sources.add(name, text);
    let laid = match spelling {
        Spelling::Yaml => {
            let before = yaml::parse(sources, id, diagnostics);
            // What a formatter cannot mend it would only spread: broken texts stay as they are.
            (!diagnostics.has_errors())
                .then(|| yaml_text(text, &before))
                .flatten()
        }
        Spelling::Hcl => {
            let before = super::hcl_syntax::parse(sources, id, diagnostics);
            before.and_then(|before| {
                let laid = hcl_layout::lay_out(text);
                let after = hcl_edit::parser::parse_body(&laid).ok()?;
                (bare(after) == bare(before.body)).then_some(laid)
            })
        }
    };
    if laid.is_none() && !diagnostics.has_errors() {
        diagnostics.push(
            Diagnostic::error(
                codes::NOT_FORMATTED,
                "the file cannot be formatted without changing what it means",
            )
            .at(Span::new(id, 0..0), "left as it is")
            .help("format it by hand"),
        );
    }
    *out = laid;
    formatted
}

/// A syntax tree without the space before closing brackets, which its comparison would count.
fn bare(mut body: Body) -> Body {
    Bare.visit_body_mut(&mut body);
    body
}

struct Bare;

impl VisitMut for Bare {
    fn visit_array_mut(&mut self, node: &mut Array) {
        node.set_trailing("");
        visit_mut::visit_array_mut(self, node);
    }

    fn visit_object_mut(&mut self, node: &mut Object) {
        node.set_trailing("");
        visit_mut::visit_object_mut(self, node);
    }

    fn visit_func_args_mut(&mut self, node: &mut FuncArgs) {
        node.set_trailing("");
        visit_mut::visit_func_args_mut(self, node);
    }
}

fn yaml_text(text: &str, before: &[Node]) -> Option<String> {
    let layout = pretty_yaml::config::LayoutOptions {
        print_width: WIDTH,
        ..Default::default()
    };
    let options = pretty_yaml::config::FormatOptions {
        layout,
        ..Default::default()
    };
    let mut laid = pretty_yaml::format_text(text, &options).ok()?;
    // A second pass settles comments that the first one moved.
    for _ in 0..3 {
        let again = pretty_yaml::format_text(&laid, &options).ok()?;
        if again == laid {
            return means(&laid, before).then_some(laid);
        }
        laid = again;
    }
    None
}

/// Whether a YAML text means what these documents mean.
fn means(text: &str, before: &[Node]) -> bool {
    let mut sources = SourceMap::default();
    let mut found = Diagnostics::default();
    let id = sources.add("", text);
    let after = yaml::parse(&sources, id, &mut found);
    !found.has_errors()
        && after.len() == before.len()
        && after
            .iter()
            .zip(before)
            .all(|(a, b)| super::operators::same(&a.value, &b.value))
}
