//! Azure, opened: endpoints, credentials and places come from the operator's environment and
//! file, the fleet's own names from its manifest, and never the other way round (design §11.27).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use object_store::azure::AzureCredentialProvider;
use stampctl_azure::Audience;
use stampctl_azure::Azure;
use stampctl_azure::Cloud;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::credential::Tokens;

use super::context;
use super::outfile;
use super::stop::Stop;
use crate::apply;
use crate::model::Fleet;
use crate::model::stamp::Ingress;
use crate::store::shared::place::Place;

/// The environment variable that names the operator's file of places.
const CONFIG: &str = "STAMPCTL_AZURE_CONFIG";
/// The environment variable with an address on loopback that answers for all of Azure.
const ENDPOINT: &str = "STAMPCTL_AZURE_ENDPOINT";
/// The environment variable with a token for that address.
const TOKEN: &str = "STAMPCTL_AZURE_TOKEN";
/// The environment variable that names one of Microsoft's clouds.
const CLOUD: &str = "AZURE_CLOUD";

/// All variables that are asked for; those of credentials are Azure's own tools'.
const VARIABLES: &[&str] = &[
    CONFIG,
    ENDPOINT,
    TOKEN,
    CLOUD,
    "AZURE_USE_MSI",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// Opens Azure for a fleet. Nothing is sent yet.
pub(super) fn open(fleet: &Fleet) -> Result<Azure, Stop> {
    let variables = context::variables(VARIABLES);
    let (endpoints, credential) = reach(&variables)?;
    let config = Config {
        endpoints,
        credential,
        rates: Rates::default(),
        places: places(fleet, variables.get(CONFIG))?,
    };
    let transport = Http::new().map_err(|fault| Stop::error(fault.to_string()))?;
    Azure::new(config, Arc::new(transport), Arc::new(WallClock)).map_err(|fault| {
        Stop::error(fault.to_string())
            .help("endpoints are the operator's: https, or http on loopback with a test token")
    })
}

/// The operator's identity, for a container of blobs.
pub(super) fn blob_tokens(place: &Place) -> Result<AzureCredentialProvider, Stop> {
    let (endpoints, credential) = reach(&context::variables(VARIABLES))?;
    let transport = Http::new().map_err(|fault| Stop::error(fault.to_string()))?;
    let scope = endpoints.scope(Audience::Blobs, place.account());
    let clock = Arc::new(WallClock);
    let tokens = Tokens::new(credential, endpoints, Arc::new(transport), clock);
    Ok(Arc::new(BlobTokens { tokens, scope }))
}

/// Tokens for blobs, as the store's client asks for them.
struct BlobTokens {
    tokens: Tokens,
    scope: String,
}

impl fmt::Debug for BlobTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobTokens")
    }
}

#[async_trait]
impl CredentialProvider for BlobTokens {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let token = self.tokens.get(&self.scope).await;
        let token = token.map_err(|fault| object_store::Error::Generic {
            store: "azblob",
            source: Box::new(fault),
        })?;
        Ok(Arc::new(AzureCredential::BearerToken(
            token.expose().to_owned(),
        )))
    }
}

/// Where Azure is, and who asks.
fn reach(variables: &BTreeMap<String, String>) -> Result<(Endpoints, Credential), Stop> {
    if let Some(base) = variables.get(ENDPOINT) {
        let mut endpoints = Endpoints::at(base);
        endpoints.blobs = Some(format!("{}/blob/{{account}}", base.trim_end_matches('/')));
        let token = variables.get(TOKEN).map_or("loopback", String::as_str);
        return Ok((
            endpoints,
            Credential::Static {
                token: Secret::new(token),
            },
        ));
    }
    let word = variables.get(CLOUD).map_or("public", String::as_str);
    let cloud = Cloud::from_word(word).ok_or_else(|| {
        Stop::error(format!("there is no cloud `{word}`"))
            .help(format!("`{CLOUD}` is one of: public, usgov, china"))
    })?;
    Ok((Endpoints::of(cloud), Credential::from_variables(variables)))
}

/// The operator's places, with what the manifest knows laid beneath them.
fn places(fleet: &Fleet, file: Option<&String>) -> Result<Places, Stop> {
    let mut places = match file {
        None => Places::default(),
        Some(file) => {
            let bytes = outfile::read(std::path::Path::new(file))?;
            serde_yaml::from_slice(&bytes).map_err(|fault| {
                Stop::error(format!("{file}: {fault}"))
                    .help("docs/azure.md lists what the file may say")
            })?
        }
    };
    for subscription in fleet.subscriptions.values() {
        let name = subscription.name.to_string();
        places
            .subscriptions
            .entry(name)
            .or_insert_with(|| subscription.id.clone());
    }
    let shapes = || {
        let stamps = fleet
            .stamps
            .values()
            .filter_map(|stamp| stamp.shape.as_ref());
        stamps.chain(fleet.pools.values().map(|pool| &pool.shape))
    };
    let mut regions: BTreeSet<String> = places.regions.iter().cloned().collect();
    regions.extend(shapes().map(|shape| shape.region.to_string()));
    places.regions = regions.into_iter().collect();
    let group = |ingress: &Ingress| {
        [
            ingress.subscription.to_string(),
            ingress.resource_group.clone(),
            ingress.profile.clone(),
            ingress.group.clone(),
        ]
    };
    let mut groups: BTreeSet<[String; 4]> = places.origin_groups.iter().cloned().collect();
    groups.extend(
        shapes()
            .filter_map(|shape| shape.ingress.as_ref())
            .map(group),
    );
    places.origin_groups = groups.into_iter().collect();
    if let Some(api) = &fleet.api {
        let gateway = [
            api.subscription.to_string(),
            api.resource_group.clone(),
            api.service.clone(),
        ];
        if !places.gateways.contains(&gateway) {
            places.gateways.push(gateway);
        }
    }
    Ok(places)
}

/// This machine's clock, which is Azure's too.
pub(super) struct WallClock;

#[async_trait]
impl stampctl_azure::Clock for WallClock {
    fn now(&self) -> Timestamp {
        context::wall_time()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[async_trait]
impl apply::Clock for WallClock {
    fn now(&self) -> Timestamp {
        context::wall_time()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let rest = at.duration_since(context::wall_time());
        tokio::time::sleep(rest.try_into().unwrap_or(Duration::ZERO)).await;
    }

    fn flows(&self) -> bool {
        true
    }
}
