//! Traefik's entry points, as the commons' own Traefik recipe sets them.

use serde::{Deserialize, Serialize};

/// The names by which routers ask for the plain and the TLS listener, and what the plain one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoints {
    /// Names of the plain HTTP listener.
    pub http: Vec<String>,
    /// Names of the TLS listener.
    pub https: Vec<String>,
    /// The plain listener redirects every request to `https` before any router is asked, as the commons' Traefik does.
    pub redirect_to_https: bool,
    /// Every router of the TLS listener answers TLS, also without a `tls` label (Traefik's `entryPoints.<name>.http.tls`).
    pub tls_by_default: bool,
}

impl Default for EntryPoints {
    fn default() -> Self {
        Self {
            http: vec!["web".into()],
            https: vec!["web-secure".into(), "websecure".into()],
            redirect_to_https: true,
            tls_by_default: false,
        }
    }
}

impl EntryPoints {
    /// A router with these entry points (none = every one) is asked on the plain (`false`) or TLS (`true`) listener.
    #[must_use]
    pub fn serves(&self, asked: &[String], tls: bool) -> bool {
        let names = if tls { &self.https } else { &self.http };
        asked.is_empty() || asked.iter().any(|name| names.contains(name))
    }

    /// The proxy has an entry point of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.http.iter().chain(&self.https).any(|known| known == name)
    }
}
