//! Signing a plan's statement with an OpenSSH private key.

use ssh_key::HashAlg;
use ssh_key::LineEnding;
use ssh_key::PrivateKey;

use super::NAMESPACE;
use super::statement;
use crate::plan::format::Plan;

/// Why a plan was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The file is no private key in OpenSSH's format.
    #[error("this is not a private key in OpenSSH's format: {0}")]
    Unreadable(String),
    /// The key is encrypted and no passphrase was given.
    #[error("the key is encrypted, and no passphrase was given")]
    NeedsPassphrase,
    /// The passphrase is not the key's.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// RSA keys are verified and not signed with: the library's signing is broken for them.
    #[error(
        "an RSA key does not sign here; use an Ed25519 or ECDSA key, or `ssh-keygen -Y sign -n \
         {NAMESPACE}` over the statement"
    )]
    Rsa,
    /// The key cannot sign.
    #[error("the key cannot sign: {0}")]
    Unusable(String),
}

/// Signs a plan. `key` is the content of an OpenSSH private key file. Gives the content of a
/// signature file, as `ssh-keygen -Y sign -n stampctl-approval@v1` would.
pub fn sign(plan: &Plan, key: &[u8], passphrase: Option<&[u8]>) -> Result<String, SignError> {
    let key = PrivateKey::from_openssh(key).map_err(|e| SignError::Unreadable(e.to_string()))?;
    if key.algorithm().is_rsa() {
        return Err(SignError::Rsa);
    }
    let key = if key.is_encrypted() {
        let passphrase = passphrase.ok_or(SignError::NeedsPassphrase)?;
        key.decrypt(passphrase)
            .map_err(|_| SignError::WrongPassphrase)?
    } else {
        key
    };
    let unusable = |e: ssh_key::Error| SignError::Unusable(e.to_string());
    let signature = key
        .sign(NAMESPACE, HashAlg::Sha512, statement(plan).as_bytes())
        .map_err(unusable)?;
    signature.to_pem(LineEnding::LF).map_err(unusable)
}
