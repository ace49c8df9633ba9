//! What the operator tells the provider: which subscriptions, registries, workspaces and shapes.
//! Endpoints and credentials come from the operator too, never from a manifest (design §11.27).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use crate::credential::Credential;
use crate::endpoints::EndpointError;
use crate::endpoints::Endpoints;
use crate::throttle::Rates;

/// Everything that `Azure` needs to know.
pub struct Config {
    /// Where the cloud is.
    pub endpoints: Endpoints,
    /// Who the caller is.
    pub credential: Credential,
    /// How many calls may go out.
    pub rates: Rates,
    /// What is where.
    pub places: Places,
}

/// What an operator's configuration may not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that a token must not go to.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A shape that holds a password: bodies are journalled with the operations that send them.
    #[error("shapes: `{0}` would be a secret in the journal; use an identity or a key vault")]
    Secret(String),
}

impl Config {
    /// Refuses what would send or keep a secret where it must not be.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.endpoints.check()?;
        let shapes = &self.places.shapes;
        let all = [
            &shapes.scale_set,
            &shapes.sql_server,
            &shapes.storage_account,
            &shapes.alert,
            &shapes.origin,
        ];
        match all.into_iter().find_map(secret) {
            Some(key) => Err(ConfigError::Secret(key)),
            None => Ok(()),
        }
    }
}

/// A key whose value is a secret by its name, if there is one.
fn secret(shape: &Json) -> Option<String> {
    match shape {
        Json::Object(fields) => fields.iter().find_map(|(key, value)| {
            let low = key.to_ascii_lowercase();
            let named = ["loginpassword", "adminpassword", "protectedsettings"]
                .iter()
                .any(|word| low.ends_with(word));
            if named && !value.is_null() {
                return Some(key.clone());
            }
            secret(value)
        }),
        Json::Array(items) => items.iter().find_map(secret),
        _ => None,
    }
}

/// The names of a fleet and what they are called in Azure. Read from a file of the operator's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Places {
    /// The subscription's id (a GUID) for each name that addresses use. A name that is not listed
    /// is taken for an id.
    pub subscriptions: BTreeMap<String, String>,
    /// The Cosmos DB account for each registry. A registry that is not listed is taken for an
    /// account.
    pub registries: BTreeMap<String, String>,
    /// Log Analytics workspaces (their customer ids), each with the function of
    /// [`crate::map::measures::FUNCTION`].
    pub workspaces: Vec<String>,
    /// Regions whose quota is looked at even where nothing was found in them.
    pub regions: Vec<String>,
    /// Front Door origin groups: subscription, resource group, profile, group.
    pub origin_groups: Vec<[String; 4]>,
    /// API Management services: subscription, resource group, service.
    pub gateways: Vec<[String; 3]>,
    /// The homes of backups, by the vault's name in addresses.
    pub vaults: BTreeMap<String, Vault>,
    /// What new resources have that the fleet does not speak of.
    pub shapes: Shapes,
}

/// A home of backups: a SQL server and a storage account that outlive every stamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The subscription's name or id.
    pub subscription: String,
    /// The resource group of both.
    pub resource_group: String,
    /// The SQL server that takes copies of databases.
    pub server: String,
    /// The storage account that takes copies of containers, and a container for each backup.
    pub account: String,
    /// The region of the server.
    pub region: String,
}

/// Parts of request bodies that the fleet does not speak of: images, networks, administrators.
/// Each is JSON that is laid beneath what the fleet says, which wins. In its texts `{region}`,
/// `{zone}`, `{subscription}`, `{resource_group}` and `{name}` stand for the resource's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shapes {
    /// VM scale sets: image, disk, login, network.
    pub scale_set: Json,
    /// Kubernetes clusters: the first pool of nodes, identity, version, network.
    pub cluster: Json,
    /// Further pools of nodes: system, disks, network.
    pub node_pool: Json,
    /// SQL servers: the administrator.
    pub sql_server: Json,
    /// Storage accounts.
    pub storage_account: Json,
    /// Alert rules: criteria and actions.
    pub alert: Json,
    /// Origin groups: how health is judged, session affinity.
    pub origin_group: Json,
    /// Origins: ports, priority.
    pub origin: Json,
}

impl Places {
    /// The id of a subscription.
    pub fn subscription<'a>(&'a self, name: &'a str) -> &'a str {
        self.subscriptions.get(name).map_or(name, String::as_str)
    }

    /// The name of the subscription with this id.
    pub fn subscription_name<'a>(&'a self, id: &'a str) -> &'a str {
        let found = self
            .subscriptions
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(id));
        found.map_or(id, |(name, _)| name.as_str())
    }

    /// The Cosmos DB account of a registry.
    pub fn account<'a>(&'a self, registry: &'a str) -> &'a str {
        self.registries
            .get(registry)
            .map_or(registry, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_shape_holds_no_password() {
        let with = |scale_set: Json| Config {
            endpoints: Endpoints::at("http://127.0.0.1:1"),
            credential: Credential::Static {
                token: Secret::new("t"),
            },
            rates: Rates::default(),
            places: Places {
                shapes: Shapes {
                    scale_set,
                    ..Shapes::default()
                },
                ..Places::default()
            },
        };
        let bad = json!({"a": [{"osProfile": {"adminPassword": "x"}}]});
        let refused = with(bad).check();
        assert_eq!(
            refused,
            Err(ConfigError::Secret("adminPassword".to_owned()))
        );
        let good = json!({"linuxConfiguration": {"disablePasswordAuthentication": true}});
        assert_eq!(with(good).check(), Ok(()));
    }
}
