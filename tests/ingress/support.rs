//! A node's ingress on loopback, apps behind it, and projects as recipes write them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use taster::compose::project::{Deploy, Network, Project, Service};
use taster::ingress::ca::Ca;
use taster::ingress::client::{self, ClientError, Entry, Exchange, Limits};
use taster::ingress::proxy::{Ingress, SharedState, Timeouts, Upstream, Upstreams};
use taster::ingress::routes::{Options, RouteTable};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The container port that every test app claims to have; the tests reach it elsewhere.
pub(crate) const PORT: u16 = 8080;

/// A service on the network `proxy` with these deploy labels.
pub(crate) fn service(labels: &[(&str, &str)]) -> Service {
    Service {
        deploy: Deploy {
            labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Deploy::default()
        },
        networks: BTreeMap::from([("proxy".to_owned(), None)]),
        ..Service::default()
    }
}

/// A project with the external network `proxy`.
pub(crate) fn project(services: impl IntoIterator<Item = (&'static str, Service)>) -> Project {
    Project {
        services: services.into_iter().map(|(name, service)| (name.to_owned(), service)).collect(),
        networks: BTreeMap::from([("proxy".to_owned(), Network { external: true, ..Network::default() })]),
        ..Project::default()
    }
}

pub(crate) fn table(project: &Project) -> RouteTable {
    RouteTable::from_project(project, &Options::for_stack("blog_example_com"))
}

/// The labels of a usual recipe, with more of them.
pub(crate) fn usual<'l>(more: &[(&'l str, &'l str)]) -> Vec<(&'l str, &'l str)> {
    let mut labels = vec![
        ("traefik.enable", "true"),
        ("traefik.http.routers.blog.rule", "Host(`blog.example.com`)"),
        ("traefik.http.routers.blog.entrypoints", "web-secure"),
        ("traefik.http.routers.blog.tls.certresolver", ""),
        ("traefik.http.services.blog.loadbalancer.server.port", "8080"),
    ];
    labels.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    labels.extend_from_slice(more);
    labels
}

/// The table of one service `app` with the usual labels and more.
pub(crate) fn usual_table(more: &[(&str, &str)]) -> RouteTable {
    table(&project([("app", service(&usual(more)))]))
}

/// An ingress that listens; it ends when dropped.
pub(crate) struct Node {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) ca: Arc<Ca>,
    pub(crate) state: SharedState,
    task: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Node {
    pub(crate) async fn start(table: RouteTable, upstreams: Upstreams) -> Self {
        Self::with_timeouts(table, upstreams, Timeouts::default()).await
    }

    pub(crate) async fn with_timeouts(table: RouteTable, upstreams: Upstreams, timeouts: Timeouts) -> Self {
        let ca = Arc::new(Ca::generate().unwrap());
        let state = SharedState::new();
        state.set_routes(table).unwrap();
        state.set_upstreams(upstreams);
        let http = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let https = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let (http_at, https_at) = (http.local_addr().unwrap(), https.local_addr().unwrap());
        let ingress = Ingress::new(state.clone(), &ca, timeouts).unwrap();
        let task = tokio::spawn(ingress.serve(http, https));
        Self { http: http_at, https: https_at, ca, state, task }
    }

    /// One app `app` behind the usual labels and more.
    pub(crate) async fn with_app(more: &[(&str, &str)], app: SocketAddr) -> Self {
        Self::start(usual_table(more), upstreams(&[("app", &[("task1", app)])])).await
    }

    pub(crate) fn connect(
        &self,
    ) -> impl Fn(Entry) -> std::pin::Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>> + use<> {
        let (http, https) = (self.http, self.https);
        move |entry| {
            let at = if entry == Entry::Http { http } else { https };
            Box::pin(TcpStream::connect(at))
        }
    }

    pub(crate) async fn try_get(&self, host: &str, path: &str, limits: Limits) -> Result<Exchange, ClientError> {
        client::get(self.connect(), host, path, self.ca.pem(), limits).await
    }

    pub(crate) async fn get(&self, host: &str, path: &str) -> Exchange {
        self.try_get(host, path, Limits::default()).await.unwrap()
    }
}

/// Tasks by service, each reached at an address of its own.
pub(crate) fn upstreams(services: &[(&str, &[(&str, SocketAddr)])]) -> Upstreams {
    services
        .iter()
        .map(|(service, tasks)| {
            let tasks = tasks
                .iter()
                .map(|(task, at)| {
                    let mut upstream = Upstream::new(*task, LOOPBACK);
                    upstream.ports.insert(PORT, *at);
                    upstream
                })
                .collect();
            ((*service).to_owned(), tasks)
        })
        .collect()
}

/// An HTTP app on loopback.
pub(crate) async fn app<H>(handler: H) -> SocketAddr
where
    H: Fn(Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + 'static,
{
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let response = handler(request);
                    async move { Ok::<_, Infallible>(response) }
                });
                drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    at
}

/// An app that answers with what it was asked: the target in the first line, then the headers.
pub(crate) async fn mirror() -> SocketAddr {
    app(|request| {
        let mut lines = vec![format!("{} {}", request.method(), request.uri())];
        lines.extend(request.headers().iter().map(|(k, v)| format!("{k}: {}", String::from_utf8_lossy(v.as_bytes()))));
        text(&lines.join("\n"))
    })
    .await
}

pub(crate) fn text(body: &str) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from(body.to_owned())))
}

/// An address where nothing listens.
pub(crate) async fn nowhere() -> SocketAddr {
    TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap()
}

pub(crate) fn body(exchange: &Exchange) -> String {
    String::from_utf8_lossy(&exchange.body).into_owned()
}

/// A TLS connection that verifies the node's certificate.
pub(crate) async fn tls(
    ca: &Ca,
    at: SocketAddr,
    host: &str,
    alpn: &[&[u8]],
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let stream = TcpStream::connect(at).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// One request without TLS, the whole response as text.
pub(crate) async fn plain(at: SocketAddr, method: &str, host: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}
