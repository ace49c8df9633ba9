//! The page that tells every rule, written from the rules themselves. Pure.

use std::fmt::Write as _;

use super::rule::Level;
use super::rules::RULES;

/// `docs/rules.md`.
pub fn rules_page() -> String {
    let mut page = String::from(HEAD);
    for rule in RULES {
        let level = match rule.level {
            Level::H => "H: nothing lifts it",
            Level::P => "P: the right order",
        };
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n{}.\n\n- Level {level}.\n- Source: {}.\n- Why: {}\n- What to do: {}.\n",
            rule.id, rule.title, rule.source, rule.why, rule.help
        );
    }
    page
}

const HEAD: &str = "\
# Rules

Written from `src/verify/rules` by `verify::rules_page`; change the rules, not this page.

The verifier judges every plan by these rules, before it is approved and again before it is
applied. A plan is refused if any state that its edges allow breaks one of them. Rules O and I are
those of the requirements; rules P are the plan's own (`docs/workflows.md`).
";
