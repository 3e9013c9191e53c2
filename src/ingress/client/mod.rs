//! An HTTPS client for the ingress: it fetches over a stream that the caller gives, verifies TLS against the node's own CA,
//! and reports what came back and who gave it. It judges nothing.

mod cookies;
mod fetch;
mod follow;
mod location;
mod text;

use std::time::Duration;

pub use fetch::get;
pub use follow::{End, Followed, follow};
pub use text::BodyText;

/// Which listener of the ingress a connection is wanted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The plain one.
    Http,
    /// The TLS one; the client does the handshake itself.
    Https,
}

impl Entry {
    /// The scheme of its URLs.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for everything, from connecting to the last byte.
    pub total: Duration,
    /// Bytes of the body that are kept; the rest is not read.
    pub body: usize,
    /// Redirects that are followed.
    pub hops: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: Duration::from_secs(30), body: 1 << 20, hops: 10 }
    }
}

/// A response, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// Headers in order, names in lower case; values that are no text are shown with replacement characters.
    pub headers: Vec<(String, String)>,
    /// The body's first bytes, as many as the limits allow.
    pub body: Vec<u8>,
    /// The body was longer than that.
    pub truncated: bool,
    /// The compose service whose task answered.
    pub service: Option<String>,
    /// The task that answered.
    pub task: Option<String>,
    /// The router that matched.
    pub router: Option<String>,
    /// Why the proxy answered itself; `None` when the app answered.
    pub ingress: Option<String>,
    /// From the beginning of the connection to the last byte that was read.
    pub elapsed: Duration,
}

impl Exchange {
    /// The first header of a name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The app's own task gave this answer, not the proxy.
    #[must_use]
    pub fn is_from_app(&self) -> bool {
        self.ingress.is_none() && self.service.is_some() && self.task.is_some()
    }

    /// What a reader would find in the body.
    #[must_use]
    pub fn text(&self) -> BodyText {
        BodyText::of(self.header("content-type").unwrap_or_default(), &self.body)
    }
}

/// Why there is no exchange.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The CA's certificate cannot be used.
    #[error("cannot trust the node's certificate authority: {0}")]
    Ca(String),
    /// The host is no name that TLS or HTTP can carry.
    #[error("'{0}' is no usable host or path: {1}")]
    Target(String, String),
    /// The caller gave no stream.
    #[error("{url}: cannot connect to the ingress: {source}")]
    Connect {
        /// What was asked for.
        url: String,
        /// Why.
        source: std::io::Error,
    },
    /// The handshake failed, or the certificate is not the node's.
    #[error("{url}: TLS: {source}")]
    Tls {
        /// What was asked for.
        url: String,
        /// Why.
        source: std::io::Error,
    },
    /// The connection broke, or what came is not HTTP.
    #[error("{url}: {reason}")]
    Http {
        /// What was asked for.
        url: String,
        /// Why.
        reason: String,
    },
    /// Too slow.
    #[error("{url}: not done within {within:?}, while {phase}")]
    Timeout {
        /// What was asked for.
        url: String,
        /// The bound.
        within: Duration,
        /// What it was waiting for.
        phase: &'static str,
    },
}
