//! A simulated cloud that is served on loopback, and a clock that moves when everybody waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value as Json;
use stampctl::apply;
use stampctl::apply::Apply;
use stampctl::apply::ApplyOutcome;
use stampctl::approve::Trust;
use stampctl::manifest;
use stampctl::model::Fleet;
use stampctl::plan::format::Plan;
use stampctl::store::LocalStore;
use stampctl::store::Who;
use stampctl_azure::Azure;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::wire::Lost;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Response;
use stampctl_azure::wire::Transport;
use stampctl_contract::Provider as _;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;
use tokio::sync::oneshot;

/// A simulated cloud that is served on loopback for as long as this lives.
pub(crate) struct Served {
    pub(crate) sim: Arc<Sim>,
    pub(crate) clock: Arc<Paced>,
    pub(crate) base: String,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(spec: &WorldSpec, options: arm::Options) -> Self {
        let sim = Arc::new(Sim::in_memory(spec).expect("a world"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let world = Arc::clone(&sim);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                let until = async move {
                    let _ = stopped.await;
                };
                arm::serve(world, listener, options, until)
                    .await
                    .expect("serves");
            });
        });
        // Chooses the cryptography that every client of this process needs.
        Http::new().expect("a client");
        Self {
            clock: Arc::new(Paced::new(Arc::clone(&sim))),
            sim,
            base,
            http: reqwest::Client::new(),
            stop: Some(stop),
            server: Some(server),
        }
    }

    /// The provider, whose waiting is this cloud's time.
    pub(crate) fn azure(&self, places: Places, rates: Rates) -> Azure {
        let mut endpoints = Endpoints::at(&self.base);
        endpoints.blobs = Some(format!("{}/blob/{{account}}", self.base));
        let config = Config {
            endpoints,
            credential: Credential::Static {
                token: Secret::new("test"),
            },
            rates,
            places,
        };
        let transport = Flying {
            http: Http::new().expect("a client"),
            clock: Arc::clone(&self.clock),
        };
        Azure::new(config, Arc::new(transport), self.clock.clone()).expect("loopback")
    }

    /// Applies a plan to its end while time passes and `others` do what they do.
    pub(crate) async fn apply(
        &self,
        plan: &Plan,
        azure: &Azure,
        concurrency: usize,
        others: impl Future<Output = ()>,
    ) {
        let bytes = plan.to_bytes().expect("bytes");
        let folder = tempfile::tempdir().expect("a folder");
        let store = LocalStore::open(folder.path()).expect("a store");
        let (_handle, stop) = apply::stop();
        let trust = Trust::default();
        let who = Who {
            pid: 1,
            host: "test".to_owned(),
            user: "test".to_owned(),
        };
        let run = apply::apply(Apply {
            bytes: &bytes,
            provider: azure,
            store: &store,
            clock: &*self.clock,
            verify: &|_| vec![],
            trust: &trust,
            approvals: &[],
            who: &who,
            tool: "test",
            concurrency,
            stop: &stop,
            events: &|_| {},
        });
        let others = async {
            others.await;
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = run => outcome,
            () = self.clock.pass() => unreachable!("it passes for ever"),
            () = others => unreachable!("they never end"),
        };
        assert!(matches!(outcome, ApplyOutcome::Done(_)), "{outcome:?}");
    }

    /// What `work` gives, while time passes.
    pub(crate) async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            () = self.clock.pass() => unreachable!("it passes for ever"),
        }
    }

    /// Forgets the calls so far.
    pub(crate) async fn forget(&self) {
        let url = format!("{}/_sim/calls", self.base);
        self.http.delete(url).send().await.expect("answers");
    }

    /// Every call that the server was sent, by the server.
    pub(crate) async fn log(&self) -> Log {
        let url = format!("{}/_sim/calls", self.base);
        let answer = self.http.get(url).send().await.expect("answers");
        let text = answer.text().await.expect("text");
        let body: Json = serde_json::from_str(&text).expect("JSON");
        Log(body)
    }

    /// A change by somebody else, who knows nothing of this program's budget: its status.
    pub(crate) async fn elsewhere(&self, path: &str, body: &Json) -> u16 {
        let flight = Flight::of(&self.clock);
        let put = self.http.put(format!("{}{path}", self.base));
        let put = put
            .header("authorization", "Bearer other")
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = put.send().await.expect("answers");
        drop(flight);
        answer.status().as_u16()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// What the server was sent.
pub(crate) struct Log(Json);

impl Log {
    /// How many calls satisfy a condition on method, path and status.
    pub(crate) fn count(&self, wanted: impl Fn(&str, &str, u64) -> bool) -> usize {
        self.all()
            .filter(|call| wanted(call.0, call.1, call.2))
            .count()
    }

    /// Method, path and status of each call.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let calls = self.0["calls"].as_array().expect("a list").iter();
        calls.map(|call| {
            let text = |name: &str| call[name].as_str().unwrap_or_default();
            let status = call["status"].as_u64().unwrap_or_default();
            (text("method"), text("path"), status)
        })
    }
}

/// The cloud's time, in whole seconds. It stands still while a request is under way and moves to
/// the next time that somebody waits for when nobody has anything else to do.
pub(crate) struct Paced {
    sim: Arc<Sim>,
    flying: AtomicUsize,
    waiting: Mutex<BTreeMap<(Timestamp, u64), oneshot::Sender<()>>>,
    count: Mutex<u64>,
}

/// How often nothing may be seen to happen before time passes.
const QUIET: u32 = 8;

impl Paced {
    fn new(sim: Arc<Sim>) -> Self {
        Self {
            sim,
            flying: AtomicUsize::new(0),
            waiting: Mutex::default(),
            count: Mutex::default(),
        }
    }

    /// Waits until that time.
    pub(crate) async fn until(&self, at: Timestamp) {
        if at <= self.sim.now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let number = {
            let mut count = self.count.lock().expect("whole");
            *count += 1;
            *count
        };
        self.waiting
            .lock()
            .expect("whole")
            .insert((at, number), wake);
        let _ = woken.await;
    }

    /// Lets time pass for as long as it is polled.
    pub(crate) async fn pass(&self) {
        let mut quiet = 0;
        loop {
            tokio::task::yield_now().await;
            quiet = match self.flying.load(Ordering::SeqCst) {
                0 => quiet + 1,
                _ => 0,
            };
            if quiet < QUIET {
                continue;
            }
            quiet = 0;
            let next = {
                let waiting = self.waiting.lock().expect("whole");
                waiting.first_key_value().map(|((at, _), _)| *at)
            };
            let Some(next) = next else { continue };
            let rest = next.as_second() - self.sim.now().as_second();
            let rest = u32::try_from(rest).unwrap_or(0);
            self.sim.advance(rest).expect("time passes");
            let now = self.sim.now();
            let mut waiting = self.waiting.lock().expect("whole");
            while let Some(first) = waiting.first_entry() {
                if first.key().0 > now {
                    break;
                }
                // Who has gone meanwhile need not be woken.
                let _ = first.remove().send(());
            }
        }
    }
}

/// That time, or the next whole second.
fn whole(at: Timestamp) -> Timestamp {
    let up = i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(at.as_second() + up).expect("early")
}

#[async_trait]
impl stampctl_azure::Clock for Paced {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    async fn sleep(&self, time: Duration) {
        let time = SignedDuration::try_from(time).expect("short");
        self.until(whole(self.sim.now() + time)).await;
    }
}

#[async_trait]
impl apply::Clock for Paced {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.until(whole(at)).await;
    }

    fn flows(&self) -> bool {
        true
    }
}

/// A request under way.
struct Flight<'a>(&'a Paced);

impl<'a> Flight<'a> {
    fn of(clock: &'a Paced) -> Self {
        clock.flying.fetch_add(1, Ordering::SeqCst);
        Self(clock)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.flying.fetch_sub(1, Ordering::SeqCst);
    }
}

/// HTTP that tells the clock of its requests.
struct Flying {
    http: Http,
    clock: Arc<Paced>,
}

#[async_trait]
impl Transport for Flying {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let _flight = Flight::of(&self.clock);
        self.http.send(request).await
    }
}

/// A manifest, loaded.
pub(crate) fn fleet(text: &str) -> Fleet {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fleet.yaml");
    std::fs::write(&path, text).expect("written");
    let request = manifest::LoadRequest {
        path,
        environment: None,
        variables: BTreeMap::default(),
    };
    let loaded = manifest::load(&request);
    assert!(loaded.fleet.is_some(), "{:?}", loaded.diagnostics);
    loaded.fleet.expect("checked")
}
