//! The demo app's own HTTP client: asks the running app about its health, and fetches the app's public URL as browsers would.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Fetches a URL. `ca_file` names the trusted authorities, for `https`.
pub(super) async fn get(url: &str, ca_file: &Path, timeout: Duration) -> anyhow::Result<Answer> {
    request(url, "GET", String::new(), ca_file, timeout).await
}

/// Posts plain text to a URL.
pub(super) async fn post(url: &str, text: &str, ca_file: &Path, timeout: Duration) -> anyhow::Result<Answer> {
    request(url, "POST", text.to_owned(), ca_file, timeout).await
}

async fn request(url: &str, method: &str, body: String, ca_file: &Path, timeout: Duration) -> anyhow::Result<Answer> {
    let uri: Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
    let work = async {
        let host = uri.host().ok_or_else(|| anyhow!("{url:?} has no host"))?.to_owned();
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => bail!("{url:?} is neither http nor https"),
        };
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let name = host.trim_matches(['[', ']']);
        let mut found =
            tokio::net::lookup_host((name, port)).await.with_context(|| format!("cannot find the host {name}"))?;
        let address = found.next().ok_or_else(|| anyhow!("the host {name} has no address"))?;
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {name} at {address}"))?;
        let request = Request::builder()
            .method(method)
            .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header("host", if uri.port().is_some() { format!("{host}:{port}") } else { host.clone() })
            .header("content-type", "text/plain; charset=utf-8")
            .body(Full::new(Bytes::from(body)))?;
        if tls {
            let server =
                ServerName::try_from(name.to_owned()).with_context(|| format!("{name} cannot be a TLS name"))?;
            let stream = trusting(ca_file)?.connect(server, stream).await.with_context(|| {
                format!("no TLS connection to {name} with the authorities of {}", ca_file.display())
            })?;
            exchange(stream, request).await
        } else {
            exchange(stream, request).await
        }
    };
    match tokio::time::timeout(timeout, work).await {
        Ok(answer) => answer,
        Err(_) => bail!("no answer from {url} within {} s", timeout.as_secs_f64()),
    }
}

fn trusting(ca_file: &Path) -> anyhow::Result<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    let read = || format!("cannot read the authorities in {}", ca_file.display());
    for certificate in CertificateDer::pem_file_iter(ca_file).with_context(read)? {
        roots.add(certificate.with_context(read)?).with_context(read)?;
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> anyhow::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.context("the connection broke")?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
    connection.abort();
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}
