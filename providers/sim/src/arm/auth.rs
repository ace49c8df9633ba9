//! Whether a call may be answered: its token.

use super::face::Face;
use super::identity;
use super::wire::Refusal;
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
