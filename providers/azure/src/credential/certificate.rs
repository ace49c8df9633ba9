//! The proof of an application that has a certificate: a short assertion that its private key
//! signs, as Entra ID's "certificate credentials for application authentication" describes it.
//!
//! The key is read for one signature, what was read of the file is wiped after it, and nothing that
//! the file holds is in any message, because a path may lead to another secret by mistake.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::SignatureScheme;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs1KeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::pem::SectionKind;
use rustls::sign::CertifiedKey;
use rustls::sign::SigningKey;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use stampctl_contract::Fault;
use zeroize::Zeroizing;

use super::denied;
use crate::secret::Secret;
use crate::text::hex;

/// How long an assertion holds, in seconds; Entra asks for five to ten minutes at most.
const LIFE_SECONDS: i64 = 300;
/// A certificate with its chain and its key is a few thousand bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// The assertion that `client` shows to `endpoint` at `now`, signed by the key in the file.
pub(super) fn assertion(
    path: &Path,
    client: &str,
    endpoint: &str,
    now: Timestamp,
) -> Result<Secret, Fault> {
    let refuse = |why: String| denied("client certificate", format!("{}: {why}", path.display()));
    let pem = read(path).map_err(refuse)?;
    let pair = Pair::of(&pem).map_err(refuse)?;
    let id = unique().ok_or_else(|| refuse("there is no randomness for an id".to_owned()))?;
    pair.sign(client, endpoint, now.as_second(), &id)
        .map(Secret::new)
        .ok_or_else(|| refuse("its key cannot sign with PS256".to_owned()))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let whole = || {
        // Opening a pipe would wait for its other end.
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("it is no regular file"));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        let file = std::fs::File::open(path)?;
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match whole() {
        Ok(bytes) if bytes.len() as u64 > LARGEST_FILE => {
            Err(format!("it is larger than {LARGEST_FILE} bytes"))
        }
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

/// A certificate and the key that it is about.
struct Pair {
    certificate: Vec<u8>,
    key: std::sync::Arc<dyn SigningKey>,
}

impl Pair {
    /// The pair in a PEM file; a chain beside it is passed over.
    fn of(pem: &[u8]) -> Result<Self, String> {
        if is_under_a_password(pem) {
            return Err(
                "its private key is under a password, which is not asked for; \
                 use a file that only its owner can read"
                    .to_owned(),
            );
        }
        let (certificates, keys) = sections(pem)?;
        let key = match keys.as_slice() {
            [] => return Err("it has no private key; PEM with PKCS#8 or PKCS#1 is read".to_owned()),
            [key] => signer(key)?,
            _ => return Err("it has several private keys".to_owned()),
        };
        if certificates.is_empty() {
            return Err("it has no certificate; PEM is read".to_owned());
        }
        let its = |certificate: &Vec<u8>| {
            let chain = vec![CertificateDer::from(certificate.clone())];
            CertifiedKey::new(chain, key.clone()).keys_match().is_ok()
        };
        let certificate = certificates.into_iter().find(its);
        let certificate = certificate.ok_or_else(|| {
            "its private key is of no certificate in it; put the two of one pair into it".to_owned()
        })?;
        Ok(Self { certificate, key })
    }

    fn sign(&self, client: &str, endpoint: &str, now: i64, id: &str) -> Option<String> {
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.certificate));
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let claims = json!({
            "aud": endpoint,
            "iss": client,
            "sub": client,
            "jti": id,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(LIFE_SECONDS),
        });
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = signer.sign(message.as_bytes()).ok()?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Whether the file says that a key is encrypted, in PKCS#8's way or in the older one.
fn is_under_a_password(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    let text = Zeroizing::new(text.into_owned());
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// A private key as it stands in a file.
type Key = (SectionKind, Zeroizing<Vec<u8>>);

/// Certificates and private keys, in the file's order.
fn sections(pem: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<Key>), String> {
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        // The reader's own words may quote the file.
        let (kind, der) = section.map_err(|_| "it is no well-formed PEM".to_owned())?;
        match kind {
            SectionKind::Certificate => certificates.push(der),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                keys.push((kind, Zeroizing::new(der)));
            }
            _ => {}
        }
    }
    Ok((certificates, keys))
}

fn signer((kind, der): &Key) -> Result<std::sync::Arc<dyn SigningKey>, String> {
    let key = match kind {
        SectionKind::PrivateKey => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.as_slice())),
        SectionKind::RsaPrivateKey => {
            PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der.as_slice()))
        }
        _ => return Err("its private key is not RSA".to_owned()),
    };
    match ring::sign::RsaSigningKey::new(&key) {
        Ok(key) => Ok(std::sync::Arc::new(key)),
        Err(_) => Err("its private key is not RSA of 2,048 to 4,096 bits".to_owned()),
    }
}

/// A random UUID.
fn unique() -> Option<String> {
    let mut bytes = [0; 16];
    let random = ring::default_provider().secure_random;
    random.fill(&mut bytes).ok()?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let all = hex(&bytes, 16);
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
    Some(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    ))
}

#[cfg(test)]
mod tests;
