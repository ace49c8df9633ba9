//! Approvals: who may say yes to a plan, and how that is proved.

use crate::plan::format::Digest;

/// The name of an approval's file.
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
        .is_some_and(|rest| rest.starts_with('.') && rest.len() > ".sig".len())
        && name.strip_suffix(".sig").is_some()
}
