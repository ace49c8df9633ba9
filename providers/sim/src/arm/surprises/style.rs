//! How refusals look: resource providers do not agree on it. Pure.

use serde_json::json;

use super::super::wire::Refusal;
use super::super::wire::Reply;

/// A spelling of refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorStyle {
    /// `{"error":{"code","message"}}`, as Resource Manager wants it.
    #[default]
    Plain,
    /// `{"Code","Message"}`.
    Capitals,
    /// `{"code","message"}`.
    Bare,
    /// The error as a JSON text in the message of another.
    Nested,
    /// In the details of another.
    Details,
    /// A page for people.
    Html,
    /// Nothing.
    Empty,
}

/// A refusal in a style.
pub(crate) fn styled(style: ErrorStyle, refused: &Refusal) -> Reply {
    let (code, message) = (&refused.code, &refused.message);
    let body = match style {
        ErrorStyle::Plain => return refused.reply(),
        ErrorStyle::Capitals => json!({ "Code": code, "Message": message }),
        ErrorStyle::Bare => json!({ "code": code, "message": message }),
        ErrorStyle::Nested => {
            let inner = json!({ "error": refused.error() }).to_string();
            json!({ "error": { "code": "ResourceOperationFailure", "message": inner } })
        }
        ErrorStyle::Details => json!({ "error": {
            "code": "ResourceOperationFailure",
            "message": "See the details.",
            "details": [refused.error()],
        } }),
        ErrorStyle::Html => {
            let page = "<html><body><h1>It did not work</h1></body></html>".to_owned();
            return rewrapped(refused, Reply::text(refused.status, "text/html", page));
        }
        ErrorStyle::Empty => return rewrapped(refused, Reply::empty(refused.status)),
    };
    rewrapped(refused, Reply::json(refused.status, body))
}

fn rewrapped(refused: &Refusal, mut reply: Reply) -> Reply {
    reply.headers = refused.reply().headers;
    reply
}
