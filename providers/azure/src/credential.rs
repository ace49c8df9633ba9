//! Tokens: where they come from, and keeping each until shortly before it expires.
//!
//! Workload identity federation (a token file, or GitHub Actions' own), managed identity, client
//! certificate, client secret, the az CLI's login, and a fixed token for tests on loopback. Absent:
//! certificates under a password or in PKCS#12, and their authentication by subject and issuer.

mod certificate;
mod choose;
mod flows;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::endpoints::Endpoints;
use crate::secret::Secret;
use crate::wire::Transport;

/// A token is renewed so many seconds before it expires.
const MARGIN_SECONDS: i64 = 300;

/// Who the caller is.
#[derive(Clone)]
pub enum Credential {
    /// A file with a token of a trusted issuer: Kubernetes workload identity.
    FederatedFile {
        /// The directory's tenant.
        tenant: String,
        /// The application.
        client: String,
        /// The file, read anew for each token.
        path: PathBuf,
    },
    /// GitHub Actions' issuer, asked for a token of the running job.
    GitHubActions {
        /// The directory's tenant.
        tenant: String,
        /// The application.
        client: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        request_url: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        request_token: Secret,
    },
    /// The identity of the machine, from its metadata service.
    ManagedIdentity {
        /// Which, where the machine has several.
        client: Option<String>,
    },
    /// An application with a certificate: each token is asked for with an assertion that its key
    /// signs.
    ClientCertificate {
        /// The directory's tenant.
        tenant: String,
        /// The application.
        client: String,
        /// A PEM file with the certificate and its RSA private key, read anew for each token.
        path: PathBuf,
    },
    /// An application with a password.
    ClientSecret {
        /// The directory's tenant.
        tenant: String,
        /// The application.
        client: String,
        /// The password.
        secret: Secret,
    },
    /// Whoever is logged in to the az command line tool.
    AzureCli {
        /// The program, usually `az`.
        program: PathBuf,
    },
    /// A fixed token, for clouds on loopback only.
    Static {
        /// The token.
        token: Secret,
    },
}

impl Credential {
    /// The word for the kind of credential in messages.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::FederatedFile { .. } => "federated token file",
            Self::GitHubActions { .. } => "GitHub Actions",
            Self::ManagedIdentity { .. } => "managed identity",
            Self::ClientCertificate { .. } => "client certificate",
            Self::ClientSecret { .. } => "client secret",
            Self::AzureCli { .. } => "az CLI",
            Self::Static { .. } => "static token",
        }
    }
}

/// A token and when it ends.
struct Token {
    text: Secret,
    expires: Timestamp,
}

/// The tokens of one process, by scope.
pub struct Tokens {
    credential: Credential,
    endpoints: Endpoints,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<String, Token>>,
}

impl Tokens {
    /// No tokens yet.
    pub fn new(
        credential: Credential,
        endpoints: Endpoints,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            credential,
            endpoints,
            transport,
            clock,
            kept: Mutex::default(),
        }
    }

    /// A token for `scope`, kept or new. Callers that come at once wait for one request.
    pub async fn get(&self, scope: &str) -> Result<Secret, Fault> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.get(scope)
            && now.as_second() + MARGIN_SECONDS < token.expires.as_second()
        {
            return Ok(token.text.clone());
        }
        let token = self.fetch(scope).await?;
        let text = token.text.clone();
        kept.insert(scope.to_owned(), token);
        Ok(text)
    }

    /// Forgets a token that the cloud did not take.
    pub async fn forget(&self, scope: &str) {
        self.kept.lock().await.remove(scope);
    }
}

/// A credential that gives no token: why. The answer's own words are not shown beyond its code,
/// because they may quote the request.
fn denied(what: &str, why: impl std::fmt::Display) -> Fault {
    Fault::new(FaultClass::Denied, "NoToken", format!("{what}: {why}"))
}

#[cfg(test)]
mod tests;
