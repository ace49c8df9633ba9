//! Which container of blobs is a store, and how it is reached. All of it comes from the operator:
//! a manifest that could say where the lock is could say where nobody else looks (design §11.27).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::Once;
use std::time::Duration;

use object_store::BackoffConfig;
use object_store::ClientOptions;
use object_store::ObjectStore;
use object_store::RetryConfig;
use object_store::azure::AzureConfigKey;
use object_store::azure::AzureCredentialProvider;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::path::Path;
use reqwest::Url;

const SCHEME: &str = "azblob://";

/// Where the blobs of an account are, after `{account}.blob.`.
const CLOUDS: &[&str] = &[
    "core.windows.net",
    "core.usgovcloudapi.net",
    "core.chinacloudapi.cn",
];

/// How long one request may take. With its repetitions it ends within a lease.
const REQUEST: Duration = Duration::from_secs(10);
const WITH_REPETITIONS: Duration = Duration::from_secs(20);
const REPETITIONS: usize = 4;

/// The settings that are read from the environment, under `object_store`'s names for them.
pub const SETTINGS: &[&str] = &[
    ENDPOINT,
    ACCESS_KEY,
    "AZURE_STORAGE_ACCESS_KEY",
    AUTHORITY,
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USE_AZURE_CLI",
    "AZURE_OBJECT_ID",
    "AZURE_MSI_RESOURCE_ID",
    IDENTITY,
];

const ENDPOINT: &str = "AZURE_STORAGE_ENDPOINT";
const ACCESS_KEY: &str = "AZURE_STORAGE_ACCOUNT_KEY";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const IDENTITY: &str = "IDENTITY_ENDPOINT";

/// What the environment says, by name. Shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings(pub BTreeMap<String, String>);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A container, and a folder in it: `azblob://ACCOUNT/CONTAINER[/PREFIX]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    account: String,
    container: String,
    prefix: Vec<String>,
}

/// A place that cannot be a store's, or cannot be reached so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPlace(String);

fn bad<T>(why: impl Into<String>) -> Result<T, BadPlace> {
    Err(BadPlace(why.into()))
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut parts = match text.strip_prefix(SCHEME) {
            Some(rest) => rest.trim_end_matches('/').split('/'),
            None => return bad("write it as azblob://ACCOUNT/CONTAINER or with /PREFIX behind"),
        };
        let account = parts.next().unwrap_or_default();
        if !(3..=24).contains(&account.len()) || !account.chars().all(lower) {
            return bad("a storage account's name has 3 to 24 of a-z and 0-9");
        }
        let container = parts.next().unwrap_or_default();
        let plain = |c: char| lower(c) || c == '-';
        if !(3..=63).contains(&container.len()) || !container.chars().all(plain) {
            return bad("a container's name has 3 to 63 of a-z, 0-9 and -");
        }
        let mut prefix = Vec::new();
        for part in parts {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if part.is_empty() || part.starts_with('.') || !part.chars().all(plain) {
                return bad("each part of a prefix has only letters, digits, -, _ and .");
            }
            prefix.push(part.to_owned());
        }
        Ok(Self {
            account: account.to_owned(),
            container: container.to_owned(),
            prefix,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.account, self.container)?;
        self.prefix.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl Place {
    /// The storage account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The folder of a fleet's store in the container.
    pub fn folder(&self, fleet: &str) -> Path {
        let parts = self.prefix.iter().map(String::as_str);
        parts.chain([fleet]).collect()
    }

    /// The container, reached as the settings say. Nothing is asked of it yet.
    ///
    /// Anything but an emulator on this machine is asked with `tokens`, where there are some: who
    /// applies to the cloud also keeps its journal.
    ///
    /// Fails on a setting that would send a credential somewhere else, and on an account key for
    /// anything but an emulator on this machine: whoever has it can do everything to the account.
    pub fn open(
        &self,
        settings: &Settings,
        tokens: Option<AzureCredentialProvider>,
    ) -> Result<Arc<dyn ObjectStore>, BadPlace> {
        static CRYPTOGRAPHY: Once = Once::new();
        CRYPTOGRAPHY.call_once(|| {
            // One that is installed already is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut builder = MicrosoftAzureBuilder::new()
            .with_account(&self.account)
            .with_container_name(&self.container)
            .with_retry(RetryConfig {
                max_retries: REPETITIONS,
                retry_timeout: WITH_REPETITIONS,
                backoff: BackoffConfig::default(),
            });
        let said = |name: &str| settings.0.get(name).filter(|value| !value.is_empty());
        let endpoint = said(ENDPOINT).map(|text| self.endpoint(text)).transpose()?;
        let emulated = endpoint.as_ref().is_some_and(|endpoint| endpoint.loopback);
        if let Some(authority) = said(AUTHORITY) {
            // The client would take plain HTTP for a token, too.
            match Url::parse(authority) {
                Ok(url) if url.scheme() == "https" || (emulated && is_loopback(&url)) => {}
                _ => return bad(format!("{AUTHORITY} is no https:// address")),
            }
        }
        for name in SETTINGS.iter().filter(|name| **name != ENDPOINT) {
            let Some(value) = said(name) else { continue };
            let key = if *name == IDENTITY {
                AzureConfigKey::MsiEndpoint
            } else {
                let key = name.to_ascii_lowercase().parse();
                key.map_err(|_| BadPlace(format!("{name} is no setting of the client")))?
            };
            if matches!(key, AzureConfigKey::AccessKey) && !emulated {
                return bad(format!(
                    "{name} is set, and an account key is taken for an emulator on this machine only; \
                     unset it, and let an identity have the role Storage Blob Data Contributor"
                ));
            }
            builder = builder.with_config(key, value);
        }
        let options = ClientOptions::new()
            .with_timeout(REQUEST)
            .with_connect_timeout(REQUEST / 2)
            .with_allow_http(emulated);
        builder = builder.with_client_options(options);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.url);
        }
        if let Some(tokens) = tokens.filter(|_| !emulated) {
            builder = builder.with_credentials(tokens);
        }
        let opened = builder.build();
        let opened = opened.map_err(|fault| BadPlace(format!("{self} cannot be used: {fault}")))?;
        Ok(Arc::new(opened))
    }

    fn endpoint(&self, text: &str) -> Result<Endpoint, BadPlace> {
        let Ok(url) = Url::parse(text) else {
            return bad(format!("{ENDPOINT} is no address"));
        };
        let loopback = is_loopback(&url);
        let of_account = |cloud: &&str| {
            let host = format!("{}.blob.{cloud}", self.account);
            url.host_str() == Some(host.as_str()) && url.port().is_none()
        };
        let of_cloud = url.scheme() == "https" && CLOUDS.iter().any(of_account);
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return bad(format!("{ENDPOINT} has more in it than an address"));
        }
        if !loopback && !of_cloud {
            return bad(format!(
                "{ENDPOINT} is neither the account's own in one of Microsoft's clouds \
                 (https://{}.blob.{}) nor on this machine",
                self.account,
                CLOUDS.join(" or ")
            ));
        }
        Ok(Endpoint {
            url: text.trim_end_matches('/').to_owned(),
            loopback,
        })
    }
}

struct Endpoint {
    url: String,
    loopback: bool,
}

/// Whether an address stays on this machine, whatever a name server says.
fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && matches!(url.host_str(), Some("127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs.iter();
        Settings(
            pairs
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
        )
    }

    fn place() -> Place {
        "azblob://contoso/state/a/b".parse().expect("a place")
    }

    #[test]
    fn a_place_is_read_and_nonsense_is_not() {
        assert_eq!(place().to_string(), "azblob://contoso/state/a/b");
        assert_eq!(place().folder("shop").as_ref(), "a/b/shop");
        for text in [
            "",
            "contoso/state",
            "s3://contoso/state",
            "azblob://contoso",
            "azblob://contoso/st",
            "azblob://Contoso/state",
            "azblob://contoso.blob.evil.example/state",
            "azblob://contoso/state/../x",
            "azblob://contoso/state//x",
            "azblob://contoso/state/a%2fb",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_for_the_emulator_only() {
        const KEY: (&str, &str) = (ACCESS_KEY, "c2VjcmV0");
        let local = (ENDPOINT, "http://127.0.0.1:10000/contoso");
        assert!(place().open(&settings(&[KEY, local]), None).is_ok());
        let refused = place().open(&settings(&[KEY]), None).expect_err("no key");
        assert!(
            refused
                .to_string()
                .contains("Storage Blob Data Contributor")
        );
        assert!(!refused.to_string().contains(KEY.1));
        assert!(!format!("{:?}", settings(&[KEY])).contains(KEY.1));
    }

    #[test]
    fn credentials_go_to_the_account_and_nowhere_else() {
        for endpoint in [
            "http://contoso.blob.core.windows.net",
            "https://contoso.blob.core.windows.net:8443",
            "https://other.blob.core.windows.net",
            "https://contoso.blob.core.windows.net.evil.example",
            "https://u:p@contoso.blob.core.windows.net",
            "http://localhost:10000/contoso",
            "http://127.0.0.1.evil.example",
            "ftp://127.0.0.1",
            "127.0.0.1:10000",
        ] {
            let opened = place().open(&settings(&[(ENDPOINT, endpoint)]), None);
            assert!(opened.is_err(), "{endpoint}");
        }
        let cloud = (ENDPOINT, "https://contoso.blob.core.usgovcloudapi.net");
        assert!(place().open(&settings(&[cloud]), None).is_ok());
        let plain = (AUTHORITY, "http://login.example");
        assert!(place().open(&settings(&[plain]), None).is_err());
    }
}
