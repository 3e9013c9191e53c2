//! A connection to a task. One for each request: a harness must not mistake a stale connection for a broken app.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::forward::Counted;
use crate::ingress::routes::Scheme;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}: no connection within {1:?}")]
    Timeout(SocketAddr, Duration),
    #[error("{0}: {1}")]
    Refused(SocketAddr, std::io::Error),
    #[error("{0}: TLS: {1}")]
    Tls(SocketAddr, String),
    #[error("{0}: HTTP: {1}")]
    Http(SocketAddr, hyper::Error),
}

/// A connection that is ready for one request.
pub(super) enum Sender {
    Http1(http1::SendRequest<Counted>),
    Http2(http2::SendRequest<Counted>),
}

impl Sender {
    pub(super) async fn send(&mut self, request: Request<Counted>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}

/// Connects within a time.
pub(super) async fn open(socket: SocketAddr, scheme: Scheme, within: Duration) -> Result<Sender, ConnectError> {
    tokio::time::timeout(within, connect(socket, scheme)).await.unwrap_or(Err(ConnectError::Timeout(socket, within)))
}

async fn connect(socket: SocketAddr, scheme: Scheme) -> Result<Sender, ConnectError> {
    let stream = TcpStream::connect(socket).await.map_err(|e| ConnectError::Refused(socket, e))?;
    stream.set_nodelay(true).map_err(|e| ConnectError::Refused(socket, e))?;
    match scheme {
        Scheme::Http => http1_over(stream, socket).await,
        Scheme::Https => {
            let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|e| ConnectError::Tls(socket, e.to_string()))?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(ring::default_provider())))
                .with_no_client_auth();
            let name = ServerName::IpAddress(socket.ip().into());
            let stream = TlsConnector::from(Arc::new(tls))
                .connect(name, stream)
                .await
                .map_err(|e| ConnectError::Tls(socket, e.to_string()))?;
            http1_over(stream, socket).await
        }
        Scheme::H2c => {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .map_err(|e| ConnectError::Http(socket, e))?;
            // Its errors reach the request through the sender.
            tokio::spawn(async move { drop(connection.await) });
            Ok(Sender::Http2(sender))
        }
    }
}

async fn http1_over<S>(stream: S, socket: SocketAddr) -> Result<Sender, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| ConnectError::Http(socket, e))?;
    // Its errors reach the request through the sender and the body.
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    Ok(Sender::Http1(sender))
}

/// Accepts any certificate: apps behind `scheme=https` have self-signed ones, and a note in the route table says so.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
