//! A simulated cloud behind HTTP on loopback, and the Azure provider that speaks to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_contract::Provider as _;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

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

/// A simulated cloud that is served on loopback for as long as this lives.
pub(crate) struct Served {
    pub(crate) sim: Arc<Sim>,
    pub(crate) azure: Azure,
    pub(crate) base: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(spec: &WorldSpec, places: Places) -> Self {
        Self::with(spec, places, arm::Options::default())
    }

    pub(crate) fn with(spec: &WorldSpec, places: Places, options: arm::Options) -> Self {
        let sim = Arc::new(Sim::in_memory(spec).expect("a world"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
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
        let transport = Arc::new(Http::new().expect("a client"));
        let clock = Arc::new(Virtual(Arc::clone(&sim)));
        let azure = Azure::new(config, transport, clock).expect("loopback");
        Self {
            sim,
            azure,
            base,
            stop: Some(stop),
            server: Some(server),
        }
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
