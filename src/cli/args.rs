//! What several commands take. The comments are the help.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use super::stop::Stop;

/// Which fleet, and which variant of it.
#[derive(Args, Clone, Debug)]
pub(super) struct FleetArgs {
    /// The fleet: a manifest, or a folder of manifests
    #[arg(default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub variant: VariantArgs,
}

/// Which variant of a fleet.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct VariantArgs {
    /// Lay the overlay of this environment, `env/NAME.yaml` or `.hcl`, over the manifest
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Set a variable of the manifest; may be given more than once
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,
}

impl VariantArgs {
    /// The variables by name. The same name twice is an error: one of them is not meant.
    pub(super) fn variables(&self) -> Result<BTreeMap<String, String>, Stop> {
        let mut variables = BTreeMap::new();
        for (name, value) in &self.vars {
            if variables.insert(name.clone(), value.clone()).is_some() {
                return Err(Stop::error(format!("variable `{name}` is given twice"))
                    .help("give every variable once"));
            }
        }
        Ok(variables)
    }

    /// The flags that give the same variant again, with a blank before each.
    pub(super) fn flags(&self) -> String {
        let env = self
            .env
            .iter()
            .map(|name| format!(" --env {}", quoted(name)));
        let vars = self.vars.iter();
        let vars =
            vars.map(|(name, value)| format!(" --var {}", quoted(&format!("{name}={value}"))));
        env.chain(vars).collect()
    }
}

/// How data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DataFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_a_shell_as_they_were() {
        assert_eq!(quoted("a/b-c.json"), "a/b-c.json");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(x)"), "'$(x)'");
    }

    #[test]
    fn a_variable_given_twice_is_refused() {
        let twice = VariantArgs {
            env: None,
            vars: vec![variable("a=1").expect("one"), variable("a=2").expect("two")],
        };
        assert!(twice.variables().is_err());
        assert!(variable("=1").is_err() && variable("a").is_err());
        assert_eq!(variable("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    }
}
