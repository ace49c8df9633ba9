//! Where tokens come from: the authority's token endpoint, the machine's metadata service, and
//! the OIDC endpoint of a GitHub Actions run. Tokens are opaque test tokens, and say so. Of a
//! foreign issuer's token only the shape counts; a client's own assertion is looked at.

use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::assertion;
use super::assertion::Against;
use super::assertion::Looked;
use super::face::Face;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;
use super::wire::pairs;
use crate::hex::hex;

/// The tenant of all subscriptions.
pub(crate) const TENANT: &str = "72f988bf-0000-4000-8000-000000000000";

/// How long a token says it lives, in seconds.
const LIFE: u32 = 3600;

/// Answers a call for a token; `None` for all other calls.
pub(crate) fn answer(face: &Face, request: &Request) -> Option<Answer> {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", [_, "oauth2", "v2.0", "token"]) => Some(granted(face, request)),
        ("GET", ["metadata", "identity", "oauth2", "token"]) => Some(metadata(face, request)),
        ("GET", ["_github", "oidc"]) => Some(github(request)),
        _ => None,
    }
}

fn granted(face: &Face, request: &Request) -> Answer {
    let form = pairs(&String::from_utf8_lossy(&request.raw), true);
    let asked = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refuse = |code: &str, why: &str| {
        let body = json!({ "error": code, "error_description": format!("AADSTS: {why}") });
        Ok(Reply::json(401, body))
    };
    if asked("grant_type") != "client_credentials" {
        return refuse("unsupported_grant_type", "client_credentials is the grant");
    }
    if asked("client_id").is_empty() || asked("scope").is_empty() {
        return refuse("invalid_request", "client_id and scope are needed");
    }
    let secret = asked("client_secret");
    let assertion = asked("client_assertion");
    let federated = asked("client_assertion_type")
        == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        && assertion.split('.').count() == 3;
    if secret == "wrong" || (secret.is_empty() && !federated) {
        return refuse(
            "invalid_client",
            "the client's secret or assertion is invalid",
        );
    }
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": LIFE,
        "ext_expires_in": LIFE,
        "access_token": issue(asked("scope")),
    });
    if secret.is_empty() {
        match looked_at(face, request, asked("client_id"), assertion)? {
            Ok(Looked::Unchecked) => {
                let said = "no certificate is registered for this client; \
                            the assertion's signature was not checked";
                body["simulated"] = json!(said);
            }
            Ok(Looked::Signed | Looked::Foreign) => {}
            Err(why) => {
                let body = json!({ "error": "invalid_client", "error_description": why });
                return Ok(Reply::json(401, body));
            }
        }
    }
    Ok(Reply::json(200, body))
}

fn looked_at(
    face: &Face,
    request: &Request,
    client: &str,
    jwt: &str,
) -> Result<Result<Looked, String>, Refusal> {
    let certificate = face.options.certificates.get(client);
    let against = Against {
        client,
        endpoint: &format!("{}{}", request.base, request.path),
        now: face.now()?,
        certificate: certificate.map(Vec::as_slice),
    };
    Ok(assertion::look(jwt, &against))
}

fn metadata(face: &Face, request: &Request) -> Answer {
    if request.header("metadata") != Some("true") {
        return Err(Refusal::bad(
            "invalid_request",
            "the header Metadata: true is missing",
        ));
    }
    let Some(resource) = request.asked("resource") else {
        return Err(Refusal::bad("invalid_request", "resource is missing"));
    };
    let until = face.now()? + i64::from(LIFE);
    let body = json!({
        "access_token": issue(resource),
        "token_type": "Bearer",
        "resource": resource,
        "expires_in": LIFE.to_string(),
        "expires_on": until.to_string(),
        "not_before": (until - i64::from(LIFE)).to_string(),
        "client_id": request.asked("client_id").unwrap_or("00000000-0000-4000-8000-00000000c11e"),
    });
    Ok(Reply::json(200, body))
}

/// A token that says whom a workflow run is: three parts, and no signature that anybody trusts.
fn github(request: &Request) -> Answer {
    let header = request.header("authorization").unwrap_or_default();
    if !header.to_ascii_lowercase().starts_with("bearer ") {
        return Err(Refusal::new(
            401,
            "Unauthorized",
            "the request token is missing",
        ));
    }
    let audience = request
        .asked("audience")
        .unwrap_or("api://AzureADTokenExchange");
    let sum = hex(&Sha256::digest(audience), 32);
    Ok(Reply::json(
        200,
        json!({ "count": 1, "value": format!("sim.{sum}.oidc") }),
    ))
}

fn issue(audience: &str) -> String {
    let audience = hex(audience.as_bytes(), audience.len());
    let sum = hex(&Sha256::digest(format!("sim-token/{audience}")), 32);
    format!("sim-test-token.{audience}.{sum}")
}

/// Whether a token came from here.
pub(crate) fn is_issued(token: &str) -> bool {
    let mut parts = token.split('.');
    let (Some("sim-test-token"), Some(audience), Some(sum), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    sum == hex(&Sha256::digest(format!("sim-token/{audience}")), 32)
}
