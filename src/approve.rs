//! Approvals: who may say yes to a plan, and how that is proved.
//!
//! An approval is a signature as `ssh-keygen -Y sign` makes it, over a statement that a person
//! can read. Who may approve is the operator's decision, in a file of allowed signers as
//! `ssh-keygen` reads it; what is being approved has no say in it, and can only ask for more.
//! An ssh-agent is not asked: `ssh-keygen -Y sign` can do that with the printed statement, and
//! its signature is as good. Pure: files and passphrases are read by the caller.

pub mod statement;
pub mod sign;
pub mod trust;
pub mod check;

pub use check::Approvals;
pub use check::Rejected;
pub use check::Unapproved;
pub use check::check;
pub use check::required;
pub use sign::SignError;
pub use sign::sign;
pub use statement::statement;
pub use trust::Trust;
pub use trust::TrustError;

use crate::plan::format::Digest;

/// What the signatures are for; a signature for anything else is not taken.
pub const NAMESPACE: &str = "stampctl-approval@v1";

/// The name of an approval's file: `{digest}.{principal}.sig`.
pub fn file_name(digest: &Digest, principal: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '_' | '+' | '-');
    let principal: String = principal
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    format!("{digest}.{principal}.sig")
}

/// Whether a file's name is that of an approval of this plan.
pub fn is_for(name: &str, digest: &Digest) -> bool {
    name.strip_prefix(digest.0.as_str())
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(".sig"))
        .is_some_and(|principal| !principal.is_empty())
}

#[cfg(test)]
mod tests;
