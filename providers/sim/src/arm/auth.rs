//! Whether a call may be answered: its token. And what the caller's role says of itself.

use serde_json::json;

use super::face::Face;
use super::identity;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Refuses a call whose token this server did not issue, where the options say so.
pub(crate) fn check(face: &Face, request: &Request) -> Result<(), Refusal> {
    if !face.options.require_tokens {
        return Ok(());
    }
    let header = request.header("authorization").unwrap_or_default();
    let Some(token) = header.strip_prefix("Bearer ") else {
        let why = "Authentication failed. The 'Authorization' header is missing.";
        return Err(Refusal::new(401, "AuthenticationFailed", why));
    };
    if identity::is_issued(token) {
        return Ok(());
    }
    let why = "The access token is invalid.";
    Err(Refusal::new(401, "InvalidAuthenticationToken", why))
}

/// What the caller may do.
pub(crate) fn permissions(face: &Face) -> Reply {
    let all = vec!["*".to_owned()];
    let own = &face.options.actions;
    let actions = if own.is_empty() { &all } else { own };
    Reply::collection(vec![json!({
        "actions": actions,
        "notActions": face.options.not_actions,
        "dataActions": [],
        "notDataActions": [],
    })])
}
