//! Where the cloud is: public, US government, China, or what the operator says. Pure.
//!
//! A manifest never names an endpoint (design §11.27): who controls the endpoint gets the token.

use std::fmt;

/// The services that a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Azure Resource Manager.
    Manager,
    /// Cosmos DB, data plane.
    Registry,
    /// Blob storage, data plane.
    Blobs,
    /// Log Analytics queries.
    Logs,
}

/// The addresses of one cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Resource Manager, without a trailing slash.
    pub manager: String,
    /// The token authority.
    pub authority: String,
    /// Log Analytics, up to and including the version.
    pub logs: String,
    /// Cosmos DB accounts; `{account}` stands for the account's name.
    pub registry: String,
    /// Blob storage; `{account}` stands for the account's name. `None`: blobs are not looked into.
    pub blobs: Option<String>,
    /// The resource whose tokens Resource Manager takes.
    pub manager_scope: String,
    /// The resource whose tokens Log Analytics takes.
    pub logs_scope: String,
    /// The metadata service of the machine.
    pub metadata: String,
}

/// An endpoint that must not be used: why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint `{endpoint}`: {why}")]
pub struct EndpointError {
    endpoint: String,
    why: &'static str,
}

/// A cloud of Microsoft's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Public,
    /// The cloud of the US government.
    UsGov,
    /// The cloud in China.
    China,
}

/// Manager, authority, logs, Cosmos suffix, blob suffix.
type Row = [&'static str; 5];

const PUBLIC: Row = [
    "https://management.azure.com",
    "https://login.microsoftonline.com",
    "https://api.loganalytics.azure.com",
    "documents.azure.com",
    "blob.core.windows.net",
];
const US_GOV: Row = [
    "https://management.usgovcloudapi.net",
    "https://login.microsoftonline.us",
    "https://api.loganalytics.us",
    "documents.azure.us",
    "blob.core.usgovcloudapi.net",
];
const CHINA: Row = [
    "https://management.chinacloudapi.cn",
    "https://login.chinacloudapi.cn",
    "https://api.loganalytics.azure.cn",
    "documents.azure.cn",
    "blob.core.chinacloudapi.cn",
];

impl Cloud {
    /// The cloud of this name: `public`, `usgov` or `china`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "public" => Some(Self::Public),
            "usgov" => Some(Self::UsGov),
            "china" => Some(Self::China),
            _ => None,
        }
    }
}

impl Endpoints {
    /// The endpoints of a cloud of Microsoft's.
    pub fn of(cloud: Cloud) -> Self {
        let [manager, authority, logs, registry, blobs] = match cloud {
            Cloud::Public => PUBLIC,
            Cloud::UsGov => US_GOV,
            Cloud::China => CHINA,
        };
        Self {
            manager: manager.to_owned(),
            authority: authority.to_owned(),
            logs: format!("{logs}/v1"),
            registry: format!("https://{{account}}.{registry}"),
            blobs: Some(format!("https://{{account}}.{blobs}")),
            manager_scope: manager.to_owned(),
            logs_scope: logs.to_owned(),
            metadata: "http://169.254.169.254".to_owned(),
        }
    }

    /// Everything at one address: the simulated cloud on loopback. Cosmos accounts are beneath
    /// `/cosmos/{account}`, logs beneath `/logs/v1`; blobs are not there.
    pub fn at(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        let public = Self::of(Cloud::Public);
        Self {
            manager: base.to_owned(),
            authority: base.to_owned(),
            logs: format!("{base}/logs/v1"),
            registry: format!("{base}/cosmos/{{account}}"),
            blobs: None,
            metadata: base.to_owned(),
            ..public
        }
    }

    /// Refuses endpoints over which a token would go in the clear.
    pub fn check(&self) -> Result<(), EndpointError> {
        let all = [&self.manager, &self.authority, &self.logs, &self.registry];
        for endpoint in all.into_iter().chain(&self.blobs) {
            if !may_carry_a_token(endpoint) {
                return Err(EndpointError {
                    endpoint: endpoint.clone(),
                    why: "must be https; plain http is for loopback only (design §11.27)",
                });
            }
        }
        Ok(())
    }

    /// Whether everything is on this machine, which is what a static test token needs.
    pub fn loopback_only(&self) -> bool {
        let all = [&self.manager, &self.authority, &self.logs, &self.registry];
        let mut all = all.into_iter().chain(&self.blobs);
        all.all(|endpoint| loopback(host(endpoint)))
    }

    /// The scope of a token for `audience`; `account` is the registry's or storage's.
    pub fn scope(&self, audience: Audience, account: &str) -> String {
        match audience {
            Audience::Manager => format!("{}/.default", self.manager_scope),
            Audience::Logs => format!("{}/.default", self.logs_scope),
            Audience::Registry => {
                let origin = self.registry.replace("{account}", account);
                if loopback(host(&origin)) {
                    format!("https://{account}.documents.azure.com/.default")
                } else {
                    format!("{origin}/.default")
                }
            }
            Audience::Blobs => "https://storage.azure.com/.default".to_owned(),
        }
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.manager)
    }
}

/// Whether a token may be sent there.
pub(crate) fn may_carry_a_token(url: &str) -> bool {
    let plain = !url.contains('@') && !host(url).is_empty();
    plain && (url.starts_with("https://") || (url.starts_with("http://") && loopback(host(url))))
}

/// Whether `url` is of the same service as `endpoint`: the same scheme and host, or a regional
/// name beneath it (`westus.management.azure.com`).
pub(crate) fn same_service(url: &str, endpoint: &str) -> bool {
    let scheme = |url: &str| url.split("://").next().unwrap_or_default().to_owned();
    let (one, other) = (authority(url), authority(endpoint));
    may_carry_a_token(url)
        && scheme(url) == scheme(endpoint)
        && (one.eq_ignore_ascii_case(other)
            || one
                .to_ascii_lowercase()
                .ends_with(&format!(".{}", other.to_ascii_lowercase())))
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

fn host(url: &str) -> &str {
    let authority = authority(url);
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

fn loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_is_https() {
        for cloud in [Cloud::Public, Cloud::UsGov, Cloud::China] {
            let endpoints = Endpoints::of(cloud);
            assert_eq!(endpoints.check(), Ok(()));
            assert!(!endpoints.loopback_only());
        }
        assert_eq!(Cloud::from_word("usgov"), Some(Cloud::UsGov));
        assert_eq!(Cloud::from_word("mars"), None);
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(Endpoints::at("http://127.0.0.1:4000/").check().is_ok());
        assert!(Endpoints::at("http://[::1]:4000").loopback_only());
        for bad in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "https://",
            "ftp://127.0.0.1",
        ] {
            assert!(Endpoints::at(bad).check().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_goes_to_its_own_service_only() {
        let at = "https://management.azure.com";
        assert!(same_service("https://management.azure.com/x?y", at));
        assert!(same_service("https://westus.Management.azure.com/x", at));
        for bad in [
            "http://management.azure.com/x",
            "https://evil.example/management.azure.com",
            "https://evilmanagement.azure.com/",
            "https://management.azure.com.evil.example/",
            "https://management.azure.com@evil.example/",
            "https://evil.example\\.management.azure.com/",
            "/relative",
        ] {
            assert!(!same_service(bad, at), "{bad}");
        }
        assert!(same_service("http://127.0.0.1:9/x", "http://127.0.0.1:9"));
        assert!(!same_service("http://127.0.0.1:8/x", "http://127.0.0.1:9"));
    }
}
