//! The requests that get a token, one flow each.

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value as Json;
use stampctl_contract::Fault;

use super::Credential;
use super::Token;
use super::Tokens;
use super::certificate;
use super::denied;
use crate::endpoints::may_carry_a_token;
use crate::fault;
use crate::secret::Secret;
use crate::text::encode;
use crate::wire::Body;
use crate::wire::Method;
use crate::wire::Request;
use crate::wire::Response;

/// The audience that Entra takes foreign tokens for.
const EXCHANGE: &str = "api://AzureADTokenExchange";
/// The kind of assertion that a foreign token is.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Tries at one token; authorities and the metadata service are briefly busy at times.
const TRIES: u32 = 3;

impl Tokens {
    pub(super) async fn fetch(&self, scope: &str) -> Result<Token, Fault> {
        match &self.credential {
            Credential::Static { token } => self.fixed(token),
            Credential::ManagedIdentity { client } => self.managed(client.as_deref(), scope).await,
            Credential::ClientSecret {
                tenant,
                client,
                secret,
            } => {
                let proof = [("client_secret", secret.expose())];
                self.exchange(tenant, client, scope, &proof).await
            }
            Credential::ClientCertificate {
                tenant,
                client,
                path,
            } => {
                let endpoint = self.token_endpoint(tenant);
                let jwt = certificate::assertion(path, client, &endpoint, self.clock.now())?;
                self.assert(tenant, client, scope, jwt.expose()).await
            }
            Credential::FederatedFile {
                tenant,
                client,
                path,
            } => {
                let read = std::fs::read_to_string(path);
                let jwt = read.map_err(|error| denied("federated token file", error))?;
                self.assert(tenant, client, scope, jwt.trim()).await
            }
            Credential::GitHubActions {
                tenant,
                client,
                request_url,
                request_token,
            } => {
                let jwt = self.github(request_url, request_token).await?;
                self.assert(tenant, client, scope, jwt.expose()).await
            }
            Credential::AzureCli { program } => self.cli(program.clone(), scope).await,
        }
    }

    fn fixed(&self, token: &Secret) -> Result<Token, Fault> {
        if !self.endpoints.loopback_only() {
            return Err(denied("static token", "it is for clouds on loopback only"));
        }
        Ok(Token {
            text: token.clone(),
            expires: Timestamp::MAX,
        })
    }

    async fn assert(
        &self,
        tenant: &str,
        client: &str,
        scope: &str,
        jwt: &str,
    ) -> Result<Token, Fault> {
        let proof = [
            ("client_assertion_type", ASSERTION),
            ("client_assertion", jwt),
        ];
        self.exchange(tenant, client, scope, &proof).await
    }

    async fn exchange(
        &self,
        tenant: &str,
        client: &str,
        scope: &str,
        proof: &[(&str, &str)],
    ) -> Result<Token, Fault> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("scope", scope),
        ];
        form.extend(proof);
        let fields = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let request = Request {
            method: Method::Post,
            url: self.token_endpoint(tenant),
            headers: Vec::new(),
            body: Body::Form(fields.collect::<Vec<_>>().join("&")),
        };
        self.parse("token", &self.ask(request).await?)
    }

    /// Where a directory gives tokens.
    fn token_endpoint(&self, tenant: &str) -> String {
        let authority = &self.endpoints.authority;
        format!("{authority}/{}/oauth2/v2.0/token", encode(tenant))
    }

    async fn managed(&self, client: Option<&str>, scope: &str) -> Result<Token, Fault> {
        let resource = scope.trim_end_matches("/.default");
        let which = client.map(|client| format!("&client_id={}", encode(client)));
        let request = Request {
            method: Method::Get,
            url: format!(
                "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}{}",
                self.endpoints.metadata,
                encode(resource),
                which.unwrap_or_default()
            ),
            headers: vec![("metadata", "true".to_owned())],
            body: Body::None,
        };
        self.parse("managed identity", &self.ask(request).await?)
    }

    async fn github(&self, url: &str, token: &Secret) -> Result<Secret, Fault> {
        if !may_carry_a_token(url) {
            return Err(denied("GitHub Actions", "the request URL is not https"));
        }
        let joint = if url.contains('?') { '&' } else { '?' };
        let request = Request {
            method: Method::Get,
            url: format!("{url}{joint}audience={}", encode(EXCHANGE)),
            headers: vec![("authorization", format!("Bearer {}", token.expose()))],
            body: Body::None,
        };
        let answer = self.ask(request).await?;
        let json = answer.json().unwrap_or(Json::Null);
        let value = json.get("value").and_then(Json::as_str);
        let value = value.ok_or_else(|| {
            let why = "no identity token; the job needs `permissions: id-token: write`";
            denied("GitHub Actions", why)
        })?;
        Ok(Secret::new(value))
    }

    async fn cli(&self, program: std::path::PathBuf, scope: &str) -> Result<Token, Fault> {
        let scope = scope.to_owned();
        let run = tokio::task::spawn_blocking(move || {
            std::process::Command::new(program)
                .args(["account", "get-access-token", "--output", "json", "--scope"])
                .arg(scope)
                .stdin(std::process::Stdio::null())
                .output()
        });
        let output = run
            .await
            .map_err(|error| denied("az CLI", error))?
            .map_err(|error| denied("az CLI", error))?;
        if !output.status.success() {
            return Err(denied("az CLI", "not logged in; run `az login`"));
        }
        let answer = Response {
            status: 200,
            headers: Vec::new(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
        };
        self.parse("az CLI", &answer)
    }

    async fn ask(&self, request: Request) -> Result<Response, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.transport.send(request.clone()).await;
            let busy = match &sent {
                Ok(answer) => answer.status == 429 || answer.status >= 500,
                Err(lost) => !lost.lasting,
            };
            if !busy || tries == TRIES {
                return sent.map_err(|lost| fault::of_lost(Method::Get, &lost));
            }
            let asked = sent.ok().and_then(|answer| answer.retry_after());
            let wait = u64::from(asked.unwrap_or(tries).min(60));
            self.clock.sleep(std::time::Duration::from_secs(wait)).await;
        }
    }

    fn parse(&self, what: &str, answer: &Response) -> Result<Token, Fault> {
        let json = answer.json().unwrap_or(Json::Null);
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| json.get(name)?.as_str());
            found.map(str::to_owned)
        };
        let Some(token) = text(&["access_token", "accessToken"]).filter(|_| answer.ok()) else {
            let code = text(&["error"]).unwrap_or_else(|| format!("HTTP {}", answer.status));
            return Err(denied(what, code));
        };
        let number = |name: &str| {
            let found = json.get(name)?;
            found.as_i64().or_else(|| found.as_str()?.parse().ok())
        };
        let now = self.clock.now();
        let at = number("expires_on").and_then(|at| Timestamp::from_second(at).ok());
        let seconds = number("expires_in").unwrap_or(600);
        Ok(Token {
            text: Secret::new(token),
            expires: at.unwrap_or_else(|| now + SignedDuration::from_secs(seconds)),
        })
    }
}
