//! What an example's `script.txt` does, as far as a cloud can tell: plans, applies, answers and
//! time that passes. Commands that only read are left out.

use std::collections::BTreeMap;
use std::path::Path;

use stampctl::plan::format::StepId;

/// Commands that change nothing and plan nothing.
const READ_ONLY: &[&str] = &[
    "diff", "explain", "graph", "list", "observe", "show", "status", "validate", "verify",
];

/// What a command says of the fleet: the environment and the variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variant {
    pub(crate) environment: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// One command.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Plan(Variant),
    Apply(Variant),
    Confirm(StepId),
    /// Seconds pass.
    Advance(u32),
}

/// The commands of an example, with the line that each is from.
pub(crate) fn of(example: &Path) -> Vec<(String, Command)> {
    let path = example.join("script.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
    lines
        .filter_map(|line| Some((line.to_owned(), command(line)?)))
        .collect()
}

fn command(line: &str) -> Option<Command> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["stampctl", "plan", rest @ ..] => Some(Command::Plan(variant(rest))),
        ["stampctl", "apply", rest @ ..] => Some(Command::Apply(variant(rest))),
        ["stampctl", "confirm", step, ..] => Some(Command::Confirm(StepId((*step).into()))),
        ["stampctl", "sim", "advance", time, ..] => Some(Command::Advance(seconds(time))),
        ["stampctl", "sim", "show", ..] => None,
        ["stampctl", word, ..] if READ_ONLY.contains(word) => None,
        _ => panic!("what does `{line}` do to a cloud?"),
    }
}

fn variant(words: &[&str]) -> Variant {
    let mut variant = Variant::default();
    for pair in words.windows(2) {
        match *pair {
            ["--env", name] => variant.environment = Some(name.to_owned()),
            ["--var", given] => {
                let (name, value) = given.split_once('=').expect("NAME=VALUE");
                variant.variables.insert(name.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    variant
}

fn seconds(time: &str) -> u32 {
    let (number, unit) = time.split_at(time.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("`{other}` is no unit of time"),
    };
    number.parse::<u32>().expect("a number") * unit
}
