//! Which credential the variables of a process speak of. The caller reads them; this only looks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Credential;
use crate::secret::Secret;

impl Credential {
    /// The credential that the variables name, by the names that Azure's own tools use: a token
    /// file, else GitHub Actions, else a client certificate, else a client secret, else whoever is
    /// logged in to `az`. `AZURE_USE_MSI=true` goes before all of them.
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| variables.get(name).filter(|it| !it.is_empty()).cloned();
        let client = get("AZURE_CLIENT_ID");
        if get("AZURE_USE_MSI").as_deref() == Some("true") {
            return Self::ManagedIdentity { client };
        }
        let application = get("AZURE_TENANT_ID").zip(client);
        let chosen = application.and_then(|(tenant, client)| {
            if let Some(path) = get("AZURE_FEDERATED_TOKEN_FILE") {
                let path = PathBuf::from(path);
                return Some(Self::FederatedFile {
                    tenant,
                    client,
                    path,
                });
            }
            let github =
                get("ACTIONS_ID_TOKEN_REQUEST_URL").zip(get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
            if let Some((request_url, token)) = github {
                return Some(Self::GitHubActions {
                    tenant,
                    client,
                    request_url,
                    request_token: Secret::new(token),
                });
            }
            if let Some(path) = get("AZURE_CLIENT_CERTIFICATE_PATH") {
                let path = PathBuf::from(path);
                return Some(Self::ClientCertificate {
                    tenant,
                    client,
                    path,
                });
            }
            get("AZURE_CLIENT_SECRET").map(|secret| Self::ClientSecret {
                tenant,
                client,
                secret: Secret::new(secret),
            })
        });
        chosen.unwrap_or_else(|| Self::AzureCli {
            program: PathBuf::from("az"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_azures_own_tools() {
        let all = [
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("AZURE_CLIENT_CERTIFICATE_PATH", "/c"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/f"),
            ("AZURE_USE_MSI", "true"),
        ];
        let words: Vec<&str> = (0..=all.len())
            .map(|some| {
                let variables = all[..some].iter();
                let variables = variables.map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
                Credential::from_variables(&variables.collect()).word()
            })
            .collect();
        let expected = [
            "az CLI",
            "az CLI",
            "az CLI",
            "client secret",
            "client certificate",
            "client certificate",
            "GitHub Actions",
            "federated token file",
            "managed identity",
        ];
        assert_eq!(words, expected);
    }
}
