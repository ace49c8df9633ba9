//! The provider: what a caller sees of Azure.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Forecast;
use stampctl_contract::Needs;
use stampctl_contract::Observation;
use stampctl_contract::Obstacle;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Ticket;
use stampctl_contract::Work;

use crate::client::Client;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::ConfigError;
use crate::config::Places;
use crate::credential::Tokens;
use crate::forecast;
use crate::map::sku::Catalogue;
use crate::throttle::Rates;
use crate::throttle::Throttle;
use crate::wire::Transport;

/// Azure.
pub struct Azure {
    pub(crate) client: Client,
    pub(crate) places: Places,
    rates: Rates,
    /// Sizes by region, each region asked once.
    pub(crate) sizes: tokio::sync::Mutex<std::collections::BTreeMap<String, Arc<Catalogue>>>,
}

impl Azure {
    /// A provider that has sent nothing yet. Refuses endpoints that a token must not go to, and
    /// secrets that would be journalled.
    pub fn new(
        config: Config,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let tokens = Tokens::new(
            config.credential,
            config.endpoints.clone(),
            transport.clone(),
            clock.clone(),
        );
        let throttle = Throttle::new(config.rates.clone());
        let client = Client::new(config.endpoints, transport, clock, tokens, throttle);
        Ok(Self {
            client,
            places: config.places,
            rates: config.rates,
            sizes: tokio::sync::Mutex::default(),
        })
    }

    /// The client, for its counts of calls.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The rates that calls keep to, from which a plan tells how long they take.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }
}

#[async_trait]
impl Provider for Azure {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn now(&self) -> Timestamp {
        self.client.now()
    }

    async fn observe(&self, scope: &Scope) -> Observation {
        self.look(scope).await
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.fetch(address).await
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        self.find(query).await
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        self.start(operation, key).await
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        self.resume(ticket).await
    }

    async fn preflight(&self, needs: &Needs) -> Vec<Obstacle> {
        self.look_ahead(needs).await
    }

    fn forecast(&self, work: &Work<'_>) -> Option<Forecast> {
        Some(forecast::forecast(work, &self.places, &self.rates))
    }
}
