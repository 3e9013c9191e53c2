//! One exchange.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{ClientError, Entry, Exchange, Limits};
use crate::ingress::{HEADER_INGRESS, HEADER_ROUTER, HEADER_SERVICE, HEADER_TASK, chain};

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Fetches `https://host/path`; `connect` gives a stream to a listener of the ingress.
///
/// # Errors
/// When no response came, and how far it got. A response of the proxy's own is not an error, see [`Exchange::ingress`].
pub async fn get<S, C, F>(
    connect: C,
    host: &str,
    path: &str,
    ca_pem: &str,
    limits: Limits,
) -> Result<Exchange, ClientError>
where
    C: Fn(Entry) -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let trust = trust(ca_pem)?;
    fetch(&connect, &Target { entry: Entry::Https, host, path, authorised: false }, None, &trust, limits).await
}

/// What to fetch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub entry: Entry,
    pub host: &'t str,
    /// The path with its query.
    pub path: &'t str,
    /// With a password, whichever.
    pub authorised: bool,
}

impl Target<'_> {
    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", self.entry.scheme(), self.host, self.path)
    }
}

/// The TLS settings that trust one CA and nothing else.
pub(super) fn trust(ca_pem: &str) -> Result<Arc<ClientConfig>, ClientError> {
    let refuse = |e: &dyn std::error::Error| ClientError::Ca(e.to_string());
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(ca_pem.as_bytes()).map_err(|e| refuse(&e))?;
    roots.add(certificate).map_err(|e| refuse(&e))?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| refuse(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Fetches one target, within the limits.
pub(super) async fn fetch<S, C, F>(
    connect: &C,
    target: &Target<'_>,
    cookies: Option<String>,
    trust: &Arc<ClientConfig>,
    limits: Limits,
) -> Result<Exchange, ClientError>
where
    C: Fn(Entry) -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let url = target.url();
    let begun = Instant::now();
    let deadline = tokio::time::Instant::now() + limits.total;
    let late = |phase| ClientError::Timeout { url: url.clone(), within: limits.total, phase };
    let stream = tokio::time::timeout_at(deadline, open(connect, target, trust, &url))
        .await
        .map_err(|_| late("connecting"))??;
    let broken = |e: hyper::Error| ClientError::Http { url: url.clone(), reason: chain(&e) };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Its errors reach us through the sender and the body; it ends when the sender and the body are dropped.
    tokio::spawn(async move { drop(connection.await) });
    let request = request(target, cookies)?;
    let response = tokio::time::timeout_at(deadline, sender.send_request(request))
        .await
        .map_err(|_| late("waiting for the response"))?
        .map_err(broken)?;
    let (head, body) = response.into_parts();
    let (body, truncated) = tokio::time::timeout_at(deadline, read(body, limits.body))
        .await
        .map_err(|_| late("reading the body"))?
        .map_err(broken)?;
    Ok(exchange(url, &Response::from_parts(head, ()), body, truncated, begun))
}

async fn open<S, C, F>(
    connect: &C,
    target: &Target<'_>,
    trust: &Arc<ClientConfig>,
    url: &str,
) -> Result<Box<dyn Stream>, ClientError>
where
    C: Fn(Entry) -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = connect(target.entry).await.map_err(|source| ClientError::Connect { url: url.to_owned(), source })?;
    if target.entry == Entry::Http {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(target.host.to_owned())
        .map_err(|e| ClientError::Target(target.host.to_owned(), e.to_string()))?;
    let stream = TlsConnector::from(Arc::clone(trust))
        .connect(name, stream)
        .await
        .map_err(|source| ClientError::Tls { url: url.to_owned(), source })?;
    Ok(Box::new(stream))
}

fn request(target: &Target<'_>, cookies: Option<String>) -> Result<Request<Empty<Bytes>>, ClientError> {
    let mut builder = Request::get(target.path)
        .header(HOST, target.host)
        .header(USER_AGENT, concat!("taster/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
        .header(ACCEPT_ENCODING, "identity");
    if target.authorised {
        builder = builder.header(AUTHORIZATION, "Basic dGFzdGVyOnRhc3Rlcg==");
    }
    if let Some(cookies) = cookies {
        builder = builder.header(COOKIE, cookies);
    }
    builder
        .body(Empty::new())
        .map_err(|e| ClientError::Target(format!("{}{}", target.host, target.path), e.to_string()))
}

/// Reads at most `most` bytes, and says whether there were more.
async fn read(mut body: hyper::body::Incoming, most: usize) -> Result<(Vec<u8>, bool), hyper::Error> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = most - kept.len();
        kept.extend_from_slice(data.get(..room).unwrap_or(&data));
        if data.len() > room {
            return Ok((kept, true));
        }
    }
    Ok((kept, false))
}

fn exchange(url: String, head: &Response<()>, body: Vec<u8>, truncated: bool, begun: Instant) -> Exchange {
    let headers: Vec<(String, String)> = head
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let named = |name: &str| headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.clone());
    Exchange {
        status: head.status().as_u16(),
        service: named(HEADER_SERVICE),
        task: named(HEADER_TASK),
        router: named(HEADER_ROUTER),
        ingress: named(HEADER_INGRESS),
        url,
        headers,
        body,
        truncated,
        elapsed: begun.elapsed(),
    }
}
