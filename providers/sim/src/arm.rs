//! The simulated cloud over HTTP: it answers as Azure Resource Manager and the data planes around
//! it do, over the same world as the in-process provider. Loopback only, plain HTTP.
//!
//! Every namespace is a table of resource types and pure functions between ARM's JSON and the
//! world's settings; what a caller puts beyond that is kept beside the world and echoed. What is
//! kept beside lives as long as the server; the world is as durable as its [`Sim`].
//!
//! Absent: TLS, real identities (tokens are opaque test tokens), role assignments, deployments.

mod apim;
mod assertion;
mod auth;
mod beside;
mod cdn;
mod compute;
mod control;
mod cosmos;
mod engine;
mod error;
mod face;
mod graph;
mod groups;
mod identity;
mod ids;
mod insights;
mod json;
mod kubernetes;
mod locks;
mod logs;
mod network;
mod operations;
mod path;
mod quota;
mod quota_group;
mod reservation;
mod scale_set;
mod sku;
mod sql;
mod storage;
mod blob;
mod strike;
mod subscriptions;
mod surprises;
mod throttle;
mod types;
mod versions;
mod wire;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Sim;
use face::Face;

pub use surprises::ErrorStyle;
pub use surprises::Surprises;
pub use throttle::Buckets;

/// What the server does beyond the world's own switches.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Token buckets per subscription; without them nothing is throttled.
    pub buckets: Option<Buckets>,
    /// Whether calls without a token that this server issued are refused.
    pub require_tokens: bool,
    /// Namespaces that subscriptions begin without; all others are registered.
    pub unregistered: Vec<String>,
    /// Sizes that no subscription is offered, as `region/zone/size`.
    pub not_offered: Vec<String>,
    /// What the caller's role says of itself; all actions where nothing is said. It is told, not
    /// enforced.
    pub actions: Vec<String>,
    /// Actions that the role leaves out.
    pub not_actions: Vec<String>,
    /// The certificates of applications, as DER by client id. The signature of an assertion is
    /// checked for these only; claims and times are for all.
    pub certificates: BTreeMap<String, Vec<u8>>,
    /// What Azure does that a caller does not expect; nothing of it where nothing is said.
    pub surprises: Surprises,
}

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It was asked to listen where others could reach it.
    #[error("{0} is no loopback address: the simulated cloud listens on loopback only")]
    NotLoopback(SocketAddr),
    /// The socket failed.
    #[error("the simulated cloud's socket: {0}")]
    Io(#[from] io::Error),
}

/// Serves `sim` on `listener` until `shutdown` is done. Fails where the listener is not bound to
/// loopback, before the first connection is taken.
pub async fn serve(
    sim: Arc<Sim>,
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let local = listener.local_addr()?;
    if !local.ip().is_loopback() {
        return Err(ServeError::NotLoopback(local));
    }
    let face = Arc::new(Face::new(sim, options, local));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(converse(Arc::clone(&face), stream));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
    Ok(())
}

/// One connection. A caller that goes away, and a fault that drops the connection, end it.
async fn converse(face: Arc<Face>, stream: TcpStream) {
    // Small answers must not wait for the next segment.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let face = Arc::clone(&face);
        async move { face.serve(request).await }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
