//! What the authority looks at in a client's own assertion: its claims, its times by the world's
//! clock, and its signature where the client's certificate is registered. Pure.
//!
//! A token of a foreign issuer is another thing, and is taken by its shape. So is an assertion of
//! a client without a certificate here, as to its signature: the answer says that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use sha2::Digest as _;
use sha2::Sha256;
use webpki::EndEntityCert;

/// How far the two clocks may be apart, in seconds.
const SKEW: i64 = 300;

/// What an assertion is held against.
pub(crate) struct Against<'a> {
    /// The client that the request names.
    pub(crate) client: &'a str,
    /// The address of the token endpoint.
    pub(crate) endpoint: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
    /// The client's certificate, where it has one here.
    pub(crate) certificate: Option<&'a [u8]>,
}

/// What came of looking.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// It is not an assertion of the client itself.
    Foreign,
    /// Claims, times and signature are right.
    Signed,
    /// Claims and times are right; nobody registered what the signature could be held against.
    Unchecked,
}

/// Looks at an assertion. The refusal is in the words of Entra's codes.
pub(crate) fn look(jwt: &str, against: &Against<'_>) -> Result<Looked, String> {
    let parts: Vec<&str> = jwt.split('.').collect();
    let [first, second, third] = parts.as_slice() else {
        return Err("AADSTS50027: the assertion is no JWT".to_owned());
    };
    let json = |part: &str| -> Option<Json> {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let (Some(header), Some(claims)) = (json(first), json(second)) else {
        return Ok(Looked::Foreign);
    };
    let thumbprint = |name: &str| header.get(name).and_then(Json::as_str);
    let (newer, older) = (thumbprint("x5t#S256"), thumbprint("x5t"));
    let issuer = claims.get("iss").and_then(Json::as_str);
    if newer.or(older).is_none() && issuer != Some(against.client) {
        return Ok(Looked::Foreign);
    }
    if newer.or(older).is_none() {
        return Err("AADSTS700027: x5t#S256 or x5t is missing".to_owned());
    }
    claimed(&claims, against)?;
    let algorithm = match header.get("alg").and_then(Json::as_str) {
        Some("PS256") => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        Some("RS256") => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        _ => return Err("AADSTS700027: alg is PS256 or RS256".to_owned()),
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(third) else {
        return Err("AADSTS700027: the signature is not base64url".to_owned());
    };
    let Some(certificate) = against.certificate else {
        return Ok(Looked::Unchecked);
    };
    let registered = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate));
    if newer.is_some_and(|newer| newer != registered) {
        return Err("AADSTS700027: the certificate is not registered".to_owned());
    }
    let message = format!("{first}.{second}");
    let der = certificate.into();
    let verified = EndEntityCert::try_from(&der)
        .and_then(|it| it.verify_signature(algorithm, message.as_bytes(), &signature));
    match verified {
        Ok(()) => Ok(Looked::Signed),
        Err(_) => Err("AADSTS700027: the signature is invalid".to_owned()),
    }
}

fn claimed(claims: &Json, against: &Against<'_>) -> Result<(), String> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default();
    let time = |name: &str| claims.get(name).and_then(Json::as_i64);
    if text("iss") != against.client || text("sub") != against.client {
        return Err("AADSTS700021: iss and sub are not the client's id".to_owned());
    }
    if text("aud") != against.endpoint {
        return Err("AADSTS700023: aud is not this token endpoint".to_owned());
    }
    if text("jti").is_empty() {
        return Err("AADSTS50027: jti is missing".to_owned());
    }
    let (Some(from), Some(until)) = (time("nbf"), time("exp")) else {
        return Err("AADSTS50027: nbf and exp are needed".to_owned());
    };
    let early = from > against.now.saturating_add(SKEW);
    let late = until.saturating_add(SKEW) <= against.now;
    if early || late || until <= from {
        return Err("AADSTS700024: the assertion is not within its time".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn claims() -> Json {
        json!({ "aud": "E", "iss": "C", "sub": "C", "jti": "1", "nbf": NOW, "exp": NOW + 300 })
    }

    fn header() -> Json {
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "t" })
    }

    fn looked(header: &Json, claims: &Json, now: i64) -> Result<Looked, String> {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let against = Against {
            client: "C",
            endpoint: "E",
            now,
            certificate: None,
        };
        look(&format!("{}.{}.c2ln", part(header), part(claims)), &against)
    }

    #[track_caller]
    fn refused(header: &Json, claims: &Json, now: i64, code: &str) {
        let why = looked(header, claims, now).expect_err("refused");
        assert!(why.starts_with(code), "{why}");
    }

    #[test]
    fn every_claim_counts() {
        assert_eq!(looked(&header(), &claims(), NOW), Ok(Looked::Unchecked));
        for (name, code) in [
            ("iss", "AADSTS700021"),
            ("sub", "AADSTS700021"),
            ("aud", "AADSTS700023"),
            ("jti", "AADSTS50027"),
            ("nbf", "AADSTS50027"),
            ("exp", "AADSTS50027"),
        ] {
            let mut less = claims();
            less.as_object_mut().expect("claims").remove(name);
            refused(&header(), &less, NOW, code);
        }
        let mut other = claims();
        other["aud"] = json!("F");
        refused(&header(), &other, NOW, "AADSTS700023");
        let mut none = header();
        none["alg"] = json!("none");
        refused(&none, &claims(), NOW, "AADSTS700027");
    }

    #[test]
    fn an_assertion_has_its_time() {
        for (at, code) in [(599, ""), (600, "AADSTS700024"), (-301, "AADSTS700024")] {
            match code {
                "" => assert!(looked(&header(), &claims(), NOW + at).is_ok()),
                code => refused(&header(), &claims(), NOW + at, code),
            }
        }
    }

    #[test]
    fn a_foreign_issuers_token_is_another_thing() {
        let mut foreign = claims();
        foreign["iss"] = json!("https://issuer.example");
        let plain = json!({ "alg": "RS256", "kid": "k" });
        assert_eq!(looked(&plain, &foreign, NOW), Ok(Looked::Foreign));
        refused(&plain, &claims(), NOW, "AADSTS700027");
    }
}
