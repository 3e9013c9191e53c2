//! A certificate authority of the node's own, which issues a certificate for whatever name a client asks for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_ecdsa_type};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use sha2::{Digest as _, Sha256};

/// More names than any app has; beyond it the cache starts anew, so that a client cannot fill the memory with names.
const MAX_CACHED: usize = 512;
/// The name on the certificate for clients that send none.
const NO_NAME: &str = "unnamed.taster.invalid";

/// Why there is no certificate authority.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// Keys or certificates could not be made.
    #[error("cannot make the node's certificate authority: {0}")]
    Generate(#[from] rcgen::Error),
    /// The TLS library refuses what was made.
    #[error("cannot use the node's certificates for TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A certificate authority that lives as long as its node. Its key never leaves the process.
pub struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    leaf_signer: Arc<dyn SigningKey>,
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").finish_non_exhaustive()
    }
}

impl Ca {
    /// Makes a new authority with a key of its own (ECDSA P-256).
    ///
    /// # Errors
    /// When no key or certificate can be made.
    pub fn generate() -> Result<Self, CaError> {
        let mut params = dated(CertificateParams::default());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = named("taster node CA");
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        let leaf_key = KeyPair::generate()?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let leaf_signer = any_ecdsa_type(&private)?;
        Ok(Self { pem, issuer: Issuer::new(params, key), leaf_key, leaf_signer, issued: Mutex::default() })
    }

    /// The authority's certificate in PEM, for clients that shall trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The pin of the key that every issued certificate has, as browsers take it: SHA-256 of its SubjectPublicKeyInfo, in base64
    /// (RFC 7469 §2.4).
    #[must_use]
    pub fn key_pin(&self) -> String {
        let digest = Sha256::digest(self.leaf_key.subject_public_key_info());
        base64::engine::general_purpose::STANDARD.encode(digest)
    }

    /// A TLS configuration for a server: the certificate follows the name asked for, HTTP/2 and HTTP/1.1 are offered.
    ///
    /// # Errors
    /// When the TLS library refuses the configuration.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, CaError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(Arc::clone(self))));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The certificate for one name, from the cache or newly issued; they all share one key.
    fn certificate(&self, name: &str) -> Result<Arc<CertifiedKey>, CaError> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = issued.get(&name) {
            return Ok(Arc::clone(known));
        }
        let mut params = dated(CertificateParams::new(vec![name.clone()])?);
        params.distinguished_name = named("taster node");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&self.leaf_key, &self.issuer)?;
        let certified = Arc::new(CertifiedKey::new(vec![certificate.der().clone()], Arc::clone(&self.leaf_signer)));
        if issued.len() >= MAX_CACHED {
            issued.clear();
        }
        issued.insert(name, Arc::clone(&certified));
        Ok(certified)
    }
}

/// Wide dates, so that no clock skew of a node matters, and within what every ASN.1 reader takes as a short date.
fn dated(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

#[derive(Debug)]
struct Resolver(Arc<Ca>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.certificate(hello.server_name().unwrap_or(NO_NAME)).ok()
    }
}
