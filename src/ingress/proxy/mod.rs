//! The reverse proxy inside a node.
//!
//! It answers as the commons' Traefik would, and says on every response who gave it: [`HEADER_SERVICE`](super::HEADER_SERVICE),
//! [`HEADER_TASK`](super::HEADER_TASK) and [`HEADER_ROUTER`](super::HEADER_ROUTER) for the app's own answer,
//! [`HEADER_INGRESS`](super::HEADER_INGRESS) with a reason for an answer of the proxy's own. Headers of these names that come
//! from the app are removed, so no app can pass for another, nor the proxy's 404 for the app.

mod answer;
mod compiled;
mod connect;
mod edit;
mod forward;
mod handle;
mod headers;
mod state;
mod websocket;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use answer::Reason;
pub use state::{SharedState, StateError, Upstream, Upstreams};

use super::ca::{Ca, CaError};

/// How long the proxy waits, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a task to accept a connection.
    pub connect: Duration,
    /// For a task to send the head of its response, once the request went out.
    pub response: Duration,
    /// For a client to finish the TLS handshake, and to send a request's head.
    pub client: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), response: Duration::from_secs(60), client: Duration::from_secs(30) }
    }
}

/// The proxy.
#[derive(Clone)]
pub struct Ingress {
    state: SharedState,
    timeouts: Timeouts,
    tls: TlsAcceptor,
}

impl fmt::Debug for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingress").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    peer: SocketAddr,
    tls: bool,
}

impl Ingress {
    /// A proxy over a state that may be replaced at any time, with certificates from `ca`.
    ///
    /// # Errors
    /// When the certificates cannot be used for TLS.
    pub fn new(state: SharedState, ca: &Arc<Ca>, timeouts: Timeouts) -> Result<Self, CaError> {
        Ok(Self { state, timeouts, tls: TlsAcceptor::from(ca.server_config()?) })
    }

    /// Serves both listeners until the future is dropped. Connections that are open then go on to their end.
    pub async fn serve(self, http: TcpListener, https: TcpListener) {
        tokio::join!(self.listen(http, false), self.listen(https, true));
    }

    async fn listen(&self, listener: TcpListener, tls: bool) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let ingress = self.clone();
                    tokio::spawn(async move { ingress.connection(stream, Arrival { peer, tls }).await });
                }
                // Out of file descriptors, or the client went away: neither is a reason to stop, nor to spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn connection(&self, stream: tokio::net::TcpStream, arrival: Arrival) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        if !arrival.tls {
            return self.serve_stream(stream, arrival).await;
        }
        if let Ok(Ok(stream)) = tokio::time::timeout(self.timeouts.client, self.tls.accept(stream)).await {
            self.serve_stream(stream, arrival).await;
        }
    }

    async fn serve_stream<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S, arrival: Arrival) {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.timeouts.client);
        builder.http2().timer(TokioTimer::new());
        let service = service_fn(|request| handle::handle(self.state.current(), self.timeouts, arrival, request));
        // A client that breaks off mid-way is its own affair; it sees the broken connection itself.
        drop(builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await);
    }
}
