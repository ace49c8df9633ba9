//! The blob data plane: what is in a container, and copies from one container to another.
//!
//! A container's content is one blob, `content`: its length is the number of records, its MD5
//! stands for the digest. An empty container has none.

use std::fmt::Write as _;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Verb;

use super::auth;
use super::face::Face;
use super::face::address;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// The name of the one blob.
const BLOB: &str = "content";

/// Answers a call at `/blob/{account}` or at the account's own host; `None` for all other calls.
pub(crate) fn answer(face: &Face, request: &Request) -> Option<Answer> {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let host = request.header("host").unwrap_or_default();
    let (account, rest) = match parts.as_slice() {
        ["blob", account, rest @ ..] => (*account, rest),
        rest => (host.split_once(".blob.")?.0, rest),
    };
    Some(in_account(face, request, account, rest))
}

fn in_account(face: &Face, request: &Request, account: &str, rest: &[&str]) -> Answer {
    auth::check(face, request)?;
    if request.header("x-ms-version").is_none() {
        return Err(Refusal::bad("MissingRequiredHeader", "x-ms-version"));
    }
    let at = container(face, account, rest.first().copied().unwrap_or_default())?;
    let found = face.read(&at)?.ok_or_else(no_container)?;
    match (request.method.as_str(), rest) {
        ("GET", [_]) if request.asked("comp") == Some("list") => Ok(listed(&found)),
        ("PUT", [_, BLOB]) => copy(face, request, &at, &found),
        ("DELETE", [_, BLOB]) if found.int("records") == Some(0) => Err(Refusal::new(
            404,
            "BlobNotFound",
            "The specified blob does not exist.",
        )),
        _ => {
            let why = "this cloud lists blobs and copies them, and nothing else";
            Err(Refusal::new(405, "UnsupportedHttpVerb", why))
        }
    }
}

fn no_container() -> Refusal {
    Refusal::new(
        404,
        "ContainerNotFound",
        "The specified container does not exist.",
    )
}

/// The container's address: names of accounts are the cloud's, not a group's.
fn container(face: &Face, account: &str, name: &str) -> Result<Address, Refusal> {
    let home = face.look(|world| {
        let mut all = world.beneath(Kind::StorageAccount, "");
        let found = all.find(|(at, _)| at.name() == account);
        found.map(|(at, _)| at.clone())
    })?;
    let home = home.ok_or_else(no_container)?;
    let part = |name| home.part(name).unwrap_or_default();
    let parts = [part("subscription"), part("resource_group"), account, name];
    address(Kind::BlobContainer, &parts)
}

fn listed(container: &Resource) -> Reply {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>");
    let records = container.int("records").unwrap_or(0);
    if records > 0 {
        let digest = container.text("digest").unwrap_or_default();
        let _ = write!(
            text,
            "<Blob><Name>{BLOB}</Name><Properties><Content-Length>{records}</Content-Length>\
             <Content-MD5>{}</Content-MD5><BlobType>BlockBlob</BlobType></Properties></Blob>",
            digest.get(..32).unwrap_or(digest)
        );
    }
    text.push_str("</Blobs><NextMarker/></EnumerationResults>");
    Reply::text(200, "application/xml", text)
}

fn copy(face: &Face, request: &Request, to: &Address, found: &Resource) -> Answer {
    let source = request.header("x-ms-copy-source").unwrap_or_default();
    let rest = source.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let parts: Vec<&str> = path
        .split('?')
        .next()
        .unwrap_or_default()
        .split('/')
        .collect();
    let (account, name) = match (host.split_once(".blob."), parts.as_slice()) {
        (Some((account, _)), [name, BLOB]) => (account, *name),
        (None, ["blob", account, name, BLOB]) => (*account, *name),
        _ => return Err(Refusal::bad("InvalidHeaderValue", "x-ms-copy-source")),
    };
    let from = container(face, account, name)?;
    face.read(&from)?
        .ok_or_else(|| Refusal::new(404, "CannotVerifyCopySource", "the source does not exist"))?;
    let tenant = found.text("tenant").unwrap_or_default().to_owned();
    let verb = Verb::Copy { from, tenant };
    let outcome = face.perform(to, verb, Precondition::Any, request)?;
    let (status, word) = match outcome {
        Outcome::Done(_) => (201, "success"),
        Outcome::Accepted(_) => (202, "pending"),
    };
    Ok(Reply::empty(status).with("x-ms-copy-status", word))
}
