//! The transport that is a network: reqwest over rustls with the ring provider.

use std::sync::Once;
use std::time::Duration;

use async_trait::async_trait;

use crate::wire::Body;
use crate::wire::Lost;
use crate::wire::Method;
use crate::wire::Request;
use crate::wire::Response;
use crate::wire::Transport;

/// Longer than the 60 s after which Resource Manager itself gives up on a provider.
const LONGEST_CALL: Duration = Duration::from_secs(100);
/// An answer of Resource Manager is at most 8 MB; blob listings are pages.
const LONGEST_ANSWER: usize = 32 << 20;

/// HTTPS, and HTTP to loopback.
pub struct Http {
    client: reqwest::Client,
}

/// The network cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct HttpError(String);

impl Http {
    /// A client with the machine's own trust roots, or, except on macOS and Windows, those of the
    /// file that `SSL_CERT_FILE` names in their place. It follows no redirects, so that a token goes
    /// nowhere that was not asked.
    pub fn new() -> Result<Self, HttpError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // A provider that is already installed is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let client = reqwest::Client::builder()
            .timeout(LONGEST_CALL)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stampctl/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| {
            let roots = "the roots come from the machine, or from SSL_CERT_FILE and SSL_CERT_DIR";
            HttpError(format!("{}; {roots}", words(&error)))
        })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for Http {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.client.request(method, &request.url);
        let typed = request
            .headers
            .iter()
            .any(|(name, _)| *name == "content-type");
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder = match request.body {
            // Azure wants the length of a body that is not there.
            Body::None if request.method != Method::Get => builder.header("content-length", "0"),
            Body::None => builder,
            Body::Json(json) => {
                let builder = builder.body(json.to_string());
                if typed {
                    builder
                } else {
                    builder.header("content-type", "application/json")
                }
            }
            Body::Form(form) => builder
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
        };
        let answer = builder.send().await.map_err(|error| lost(&error))?;
        read(answer).await
    }
}

/// A request without an answer. Whether the other side may be trusted is asked before anything is
/// sent to it.
fn lost(error: &reqwest::Error) -> Lost {
    match distrust(error) {
        Some(why) => {
            let host = error.url().and_then(reqwest::Url::host_str);
            Lost {
                sent: false,
                lasting: true,
                reason: format!(
                    "{} is not trusted: {why}; a proxy's own root certificate goes into the file \
                     that SSL_CERT_FILE names",
                    host.unwrap_or("the other side")
                ),
            }
        }
        None => Lost {
            sent: !(error.is_connect() || error.is_builder()),
            lasting: false,
            reason: words(error),
        },
    }
}

/// What is wrong with the certificate that the other side showed.
fn distrust(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused @ rustls::Error::InvalidCertificate(_)) = of_handshake(error) {
            return Some(refused.to_string());
        }
        cause = error.source();
    }
    None
}

/// The handshake's own error. I/O errors around it pass over it when asked for their source.
fn of_handshake<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    while let Some(outer) = error.downcast_ref::<std::io::Error>() {
        error = outer.get_ref()?;
    }
    error.downcast_ref()
}

async fn read(mut answer: reqwest::Response) -> Result<Response, Lost> {
    let lost = |reason: String| Lost {
        sent: true,
        lasting: false,
        reason,
    };
    let status = answer.status().as_u16();
    let headers = answer.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| lost(words(&error)))? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(lost(format!(
                "the answer is longer than {LONGEST_ANSWER} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Response {
        status,
        headers,
        text: text.trim_start_matches('\u{feff}').to_owned(),
    })
}

/// The error and its causes, without the URL, which may carry a signature.
fn words(error: &reqwest::Error) -> String {
    let mut said = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&error.to_string());
        cause = error.source();
    }
    if said.is_empty() {
        let kind = if error.is_timeout() {
            "timed out"
        } else {
            "failed"
        };
        return format!("the request {kind}");
    }
    said
}
