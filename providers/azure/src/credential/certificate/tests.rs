//! Assertions, held against the certificate by other means than those that made them.

#![expect(clippy::disallowed_methods, reason = "a test's own files")]

use std::path::PathBuf;

use serde_json::Value as Json;

use super::*;
use stampctl_contract::FaultClass;

const ENDPOINT: &str = "https://login.example/T/oauth2/v2.0/token";
const NOW: i64 = 1_800_000_000;

fn made(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// A file with these of the test's pieces in it.
fn file(folder: &tempfile::TempDir, pieces: &[&str]) -> PathBuf {
    let path = folder.path().join("client.pem");
    let text: Vec<String> = pieces.iter().map(|piece| made(piece)).collect();
    std::fs::write(&path, text.concat()).unwrap();
    path
}

fn asserted(path: &Path) -> Result<String, Fault> {
    let now = Timestamp::from_second(NOW).unwrap();
    assertion(path, "C", ENDPOINT, now).map(|jwt| jwt.expose().to_owned())
}

fn der(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(made(name).as_bytes()).unwrap()
}

fn json(part: &str) -> Json {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Whether a certificate's key made the signature, as the reader of certificates has it.
fn is_of(jwt: &str, certificate: &str) -> bool {
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let der = der(certificate);
    let certificate = webpki::EndEntityCert::try_from(&der).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let algorithm = webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
    let verified = certificate.verify_signature(algorithm, message.as_bytes(), &signature);
    verified.is_ok()
}

#[track_caller]
fn refused(path: &Path, why: &str) {
    let fault = asserted(path).err().unwrap();
    assert_eq!(fault.class, FaultClass::Denied);
    assert!(fault.message.contains(why), "{}", fault.message);
    let shown = format!("{fault:?}");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for line in text.lines().filter(|line| line.len() > 8) {
        assert!(!shown.contains(line), "{shown}");
    }
}

#[test]
fn an_assertion_says_what_microsoft_documents() {
    let folder = tempfile::tempdir().unwrap();
    for key in ["one.pkcs8", "one.pkcs1"] {
        let jwt = asserted(&file(&folder, &[key, "one.crt"])).unwrap();
        let parts: Vec<&str> = jwt.split('.').collect();
        assert_eq!(parts.len(), 3);
        let (header, claims) = (json(parts[0]), json(parts[1]));
        assert_eq!(header["alg"], "PS256");
        assert_eq!(header["typ"], "JWT");
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(der("one.crt")));
        assert_eq!(header["x5t#S256"], thumbprint);
        assert_eq!(claims["aud"], ENDPOINT);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("C"), &json!("C")));
        assert_eq!((&claims["nbf"], &claims["iat"]), (&json!(NOW), &json!(NOW)));
        assert_eq!(claims["exp"], NOW + 300);
        let again = asserted(&file(&folder, &[key, "one.crt"])).unwrap();
        let again = json(again.split('.').nth(1).unwrap());
        assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
        assert_ne!(claims["jti"], again["jti"], "each is used once");
        assert!(is_of(&jwt, "one.crt"));
        assert!(!is_of(&jwt, "other.crt"));
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        assert!(!is_of(&format!("{message}x.{signature}"), "one.crt"));
    }
}

/// The same by a program that shares no code with this one, where it is there.
#[test]
fn openssl_takes_the_signature() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let jwt = asserted(&file(&folder, &["one.crt", "one.pkcs8"])).unwrap();
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("message"), message).unwrap();
    std::fs::write(at("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    for (certificate, expected) in [("one.crt", true), ("other.crt", false)] {
        std::fs::write(at("crt"), made(certificate)).unwrap();
        let openssl = |args: &[&str]| {
            Command::new("openssl")
                .args(args)
                .current_dir(&folder)
                .output()
        };
        let Ok(key) = openssl(&["x509", "-in", "crt", "-pubkey", "-noout"]) else {
            return;
        };
        std::fs::write(at("key"), key.stdout).unwrap();
        let verify = ["dgst", "-sha256", "-verify", "key", "-signature"];
        let how = ["-sigopt", "rsa_padding_mode:pss"];
        let args = [&verify[..], &["signature"], &how, &["message"]].concat();
        let done = openssl(&args).unwrap();
        assert_eq!(done.status.success(), expected, "{certificate}: {done:?}");
    }
}

#[test]
fn the_certificate_is_the_keys_own_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let jwt = asserted(&file(&folder, &["other.crt", "one.pkcs8", "one.crt"])).unwrap();
    assert!(is_of(&jwt, "one.crt"));
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(der("one.crt")));
    assert_eq!(json(jwt.split('.').next().unwrap())["x5t#S256"], thumbprint);
    refused(
        &file(&folder, &["other.crt", "one.pkcs8"]),
        "of no certificate in it",
    );
}

#[test]
fn a_file_that_will_not_do_is_refused_without_a_word_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let only = |pieces: &[&str]| file(&folder, pieces);
    refused(&only(&["one.crt"]), "no private key");
    refused(&only(&["one.pkcs8"]), "no certificate");
    refused(&only(&["one.crt", "one.pkcs8-password"]), "password");
    refused(&only(&["one.crt", "one.pkcs1-password"]), "password");
    refused(&only(&["one.crt", "ec.pkcs8"]), "not RSA");
    refused(&only(&["one.crt", "one.pkcs8", "other.pkcs8"]), "several");
    refused(&only(&[]), "no private key");
    let path = folder.path().join("client.pem");
    let broken = made("one.pkcs8").replace("-----END PRIVATE KEY-----", "-----END");
    std::fs::write(&path, broken).unwrap();
    refused(&path, "no well-formed PEM");
    let cut: String = made("one.pkcs8").replacen("\nMII", "\nAAA", 1);
    std::fs::write(&path, cut + &made("one.crt")).unwrap();
    refused(&path, "not RSA");
    std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    refused(&path, "no private key");
    std::fs::write(&path, vec![b'x'; 2 << 20]).unwrap();
    refused(&path, "larger");
    refused(folder.path(), "no regular file");
    refused(&folder.path().join("none"), "cannot be read");
}
