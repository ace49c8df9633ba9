//! The simulated cloud behind Resource Manager's face on loopback, the Azure provider before it,
//! and between them the place where one request of one operation goes wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::wire::Body;
use stampctl_azure::wire::Lost;
use stampctl_azure::wire::Method;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Response;
use stampctl_azure::wire::Transport;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Observation;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Scope;
use stampctl_contract::Ticket;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::fault::Column;
use crate::laws::Laws;

tokio::task_local! {
    /// The key of the operation that the requests of this task are made for.
    static KEY: String;
}

/// A clock that is the simulated cloud's: waiting moves it.
struct Virtual(Arc<Sim>);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, time: Duration) {
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        self.0
            .advance(u32::try_from(seconds).unwrap_or(u32::MAX))
            .expect("time passes");
    }
}

/// Where faults strike: a request that changes something, counted from 0, of an operation.
pub(crate) type Aim = (String, usize);

/// A request that changes something, as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) key: String,
    pub(crate) method: &'static str,
}

/// What goes over the wire, and what is to go wrong there.
#[derive(Default)]
pub(crate) struct Wire {
    /// What goes wrong with the requests that are aimed at.
    pub(crate) column: Option<Column>,
    /// The requests that are aimed at, and how often each was struck.
    pub(crate) aims: BTreeMap<Aim, usize>,
    /// The changes of each operation's present attempt.
    counts: BTreeMap<String, usize>,
    pub(crate) sent: Vec<Sent>,
}

/// Loopback HTTP, at one request of which the cloud is told to go wrong.
struct Tapped {
    http: Arc<Http>,
    base: String,
    wire: Arc<Mutex<Wire>>,
    /// Held from when a fault is planned until it has struck. A question that is asked by POST
    /// waits for that, because it may go where a change goes.
    turn: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Transport for Tapped {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let key = KEY.try_with(Clone::clone).ok();
        let Some(key) = key.filter(|_| changes(&request)) else {
            if request.method == Method::Post {
                drop(self.turn.lock().await);
            }
            return self.http.send(request).await;
        };
        let _turn = self.turn.lock().await;
        let path = path_of(&request.url);
        if let Some(rule) = self.rule(&key, &request, &path) {
            self.control(Method::Post, Some(json!({ "rules": [rule] })))
                .await;
        }
        let method = request.method.word();
        let answer = self.http.send(request).await;
        lock(&self.wire).sent.push(Sent { key, method });
        answer
    }
}

impl Tapped {
    /// The fault for this request, if it is the one.
    fn rule(&self, key: &str, request: &Request, path: &str) -> Option<Json> {
        let mut wire = lock(&self.wire);
        let number = wire.counts.get(key).copied().unwrap_or_default();
        wire.counts.insert(key.to_owned(), number + 1);
        let column = wire.column?;
        // After an undo a call is another call: its key ends with the round.
        let base = key.rsplit_once('/').map_or(key, |(base, _)| base);
        let aim = [key, base].map(|key| (key.to_owned(), number));
        let aim = aim.into_iter().find(|aim| wire.aims.contains_key(aim))?;
        let struck = wire.aims.get_mut(&aim)?;
        if *struck > 0 && !column.lasts {
            return None;
        }
        *struck += 1;
        Some(column.rule(request.method.word(), path))
    }

    async fn control(&self, method: Method, body: Option<Json>) {
        let request = Request {
            method,
            url: format!("{}/_sim/faults", self.base),
            headers: Vec::new(),
            body: body.map_or(Body::None, Body::Json),
        };
        let answer = self.http.send(request).await.expect("the server answers");
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
}

/// Whether a request changes something: some questions are asked by POST.
fn changes(request: &Request) -> bool {
    let is = |part: &str| request.url.contains(part);
    let asks = request
        .headers
        .iter()
        .any(|(_, value)| value == "application/query+json");
    match request.method {
        Method::Get => false,
        Method::Post => !asks && !is("Microsoft.ResourceGraph") && !is("/v1/workspaces/"),
        _ => true,
    }
}

fn path_of(url: &str) -> String {
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    format!("/{path}")
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics with the lock")
}

/// A simulated cloud that is served on loopback for as long as this lives.
pub(crate) struct Served {
    pub(crate) sim: Arc<Sim>,
    azure: Azure,
    tapped: Arc<Tapped>,
    wire: Arc<Mutex<Wire>>,
    server: tokio::task::JoinHandle<()>,
    laws: Arc<Mutex<Laws>>,
}

impl Served {
    /// Serves a world, in which these laws are watched.
    pub(crate) fn start(
        spec: &WorldSpec,
        places: Places,
        http: &Arc<Http>,
        laws: Arc<Mutex<Laws>>,
    ) -> Self {
        let sim = Arc::new(Sim::in_memory(spec).expect("a world"));
        let (listener, at) = listener();
        let base = format!("http://{at}");
        let world = Arc::clone(&sim);
        let server = tokio::spawn(async move {
            let options = arm::Options::default();
            arm::serve(world, listener, options, std::future::pending())
                .await
                .expect("serves");
        });
        let mut endpoints = Endpoints::at(&base);
        endpoints.blobs = Some(format!("{base}/blob/{{account}}"));
        let config = Config {
            endpoints,
            credential: Credential::Static {
                token: Secret::new("test"),
            },
            rates: Rates::default(),
            places,
        };
        let wire: Arc<Mutex<Wire>> = Arc::default();
        let tapped = Arc::new(Tapped {
            http: Arc::clone(http),
            base,
            wire: Arc::clone(&wire),
            turn: tokio::sync::Mutex::new(()),
        });
        let clock = Arc::new(Virtual(Arc::clone(&sim)));
        let transport: Arc<dyn Transport> = Arc::clone(&tapped) as Arc<dyn Transport>;
        let azure = Azure::new(config, transport, clock).expect("loopback");
        Self {
            sim,
            azure,
            tapped,
            wire,
            server,
            laws,
        }
    }

    pub(crate) fn wire(&self) -> MutexGuard<'_, Wire> {
        lock(&self.wire)
    }

    /// What has struck so far strikes no more.
    pub(crate) async fn lift(&self) {
        self.wire().aims.retain(|_, struck| *struck == 0);
        self.tapped.control(Method::Delete, None).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn listener() -> (tokio::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let at = listener.local_addr().expect("an address");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
    (listener, at)
}

/// The key in a ticket: the provider's tickets are its journeys as JSON.
fn key_of(ticket: &Ticket) -> String {
    let journey: Json = serde_json::from_str(&ticket.id).unwrap_or_default();
    let key = journey.get("key").and_then(Json::as_str);
    key.unwrap_or_default().to_owned()
}

#[async_trait]
impl Provider for Served {
    fn name(&self) -> &'static str {
        self.azure.name()
    }

    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    async fn observe(&self, scope: &Scope) -> Observation {
        self.azure.observe(scope).await
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        self.azure.read(address).await
    }

    async fn list(&self, query: &Query) -> Result<Vec<Resource>, Fault> {
        self.azure.list(query).await
    }

    async fn perform(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        lock(&self.laws).begins(&self.sim, operation, key);
        self.wire().counts.remove(key);
        let made = self.azure.perform(operation, key);
        let made = KEY.scope(key.to_owned(), made).await;
        lock(&self.laws).look(&self.sim);
        made
    }

    async fn poll(&self, ticket: &Ticket) -> Result<Outcome, Fault> {
        let polled = KEY.scope(key_of(ticket), self.azure.poll(ticket)).await;
        if !matches!(polled, Ok(Outcome::Accepted(_))) {
            lock(&self.laws).look(&self.sim);
        }
        polled
    }
}
