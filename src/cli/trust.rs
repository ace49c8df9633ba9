//! The operator's trust: who may approve, and how many must. Never from the manifest.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::context;
use super::context::Context;
use super::outfile;
use super::stop::Stop;
use crate::approve::Trust;

/// Where the trust comes from.
#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// Who may approve, as `ssh-keygen -Y verify` reads it; or the variable `STAMPCTL_TRUST`
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// How many must approve at least; or the variable `STAMPCTL_MIN_APPROVALS`
    #[arg(long, value_name = "N")]
    min_approvals: Option<u32>,
}

impl TrustArgs {
    /// The file that was typed.
    pub(super) fn file(&self) -> Option<&Path> {
        self.trust.as_deref()
    }
}

/// Reads the operator's trust. Without a file nobody may approve, which matters only where
/// somebody must. Flag and variable can each only ask for more.
pub(super) fn read(args: &TrustArgs, context: &Context) -> Result<Trust, Stop> {
    let trust = match args.trust.as_ref().or(context.trust.as_ref()) {
        None => Trust::default(),
        Some(path) => {
            let bytes = outfile::read(path)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Stop::error(format!("{} is not UTF-8", path.display())))?;
            Trust::parse(&text)
                .map_err(|fault| Stop::error(format!("{}: {fault}", path.display())))?
        }
    };
    let variable = match &context.min_approvals {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            Stop::error(format!(
                "`{}` is `{text}`, and that is no number of approvals",
                context::MIN_APPROVALS
            ))
        })?,
    };
    Ok(trust
        .at_least(args.min_approvals.unwrap_or(0))
        .at_least(variable))
}
