//! Which request goes to which service: the routes that Traefik's swarm provider would make of a project's labels.

mod build;
mod entrypoints;
mod join;
mod labels;
pub mod matching;
mod middleware;
mod network;
mod note;
mod parser;
mod rule;
mod tcp;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use entrypoints::EntryPoints;
pub use join::of_stack;
pub use middleware::{HeaderEdits, Middleware};
pub use note::{Note, NoteCode, Severity};
pub use parser::{RuleError, parse_http, parse_tcp};
pub use rule::{Matcher, MatcherKind, Rule};

use crate::compose::project::Project;

/// What the labels alone do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The stack's name: networks and default rules are named after it.
    pub stack: String,
    /// The network on which Traefik reaches services, by its real name.
    pub network: String,
    /// The entry points and what they do.
    pub entrypoints: EntryPoints,
}

impl Options {
    /// The commons' own setting: network `proxy`, entry points `web` and `web-secure`.
    #[must_use]
    pub fn for_stack(stack: impl Into<String>) -> Self {
        Self { stack: stack.into(), network: "proxy".into(), entrypoints: EntryPoints::default() }
    }
}

/// Everything the proxy needs to know, and everything that is wrong with the labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// HTTP routers in the order in which they are tried: priority first, then name.
    pub routers: Vec<Router>,
    /// Middlewares by name.
    pub middlewares: BTreeMap<String, Middleware>,
    /// TCP routers by name; the proxy does not serve them.
    pub tcp_routers: Vec<TcpRouter>,
    /// The entry points.
    pub entrypoints: EntryPoints,
    /// What is wrong or not emulated.
    pub notes: Vec<Note>,
}

/// An HTTP router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// Its name.
    pub name: String,
    /// The compose service whose labels define it.
    pub service: String,
    /// The rule as written.
    pub text: String,
    /// The rule.
    pub rule: Rule,
    /// Names of its entry points; empty = every one.
    pub entrypoints: Vec<String>,
    /// It answers requests that came over TLS (and only those).
    pub tls: bool,
    /// Higher is tried first; the length of the rule unless a label says otherwise.
    pub priority: i64,
    /// Names of the middlewares, in order.
    pub middlewares: Vec<String>,
    /// The Traefik service it points to.
    pub target: String,
    /// The compose services behind that, usually one.
    pub backends: Vec<Backend>,
    /// Send the request's own `Host` to the app.
    pub pass_host_header: bool,
}

impl Router {
    /// The container port of the first backend.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.backends.first().map(|backend| backend.port)
    }
}

/// A compose service behind a router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// The compose service.
    pub service: String,
    /// The port in its containers.
    pub port: u16,
    /// How the app is spoken to.
    pub scheme: Scheme,
    /// It is attached to the network on which Traefik would look for it.
    pub attached: bool,
}

/// How an app is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP/1.1.
    #[default]
    Http,
    /// HTTP/1.1 in TLS, certificate not verified.
    Https,
    /// HTTP/2 without TLS.
    H2c,
}

/// A TCP router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpRouter {
    /// Its name.
    pub name: String,
    /// The compose service whose labels define it.
    pub service: String,
    /// The rule as written.
    pub text: String,
    /// The rule.
    pub rule: Rule,
    /// Names of its entry points; empty = every one.
    pub entrypoints: Vec<String>,
    /// It answers TLS connections.
    pub tls: bool,
    /// TLS goes through to the app.
    pub passthrough: bool,
    /// The compose services behind it, with the port that must accept a connection.
    pub backends: Vec<Backend>,
}

impl RouteTable {
    /// Reads the deploy labels of every service.
    #[must_use]
    pub fn from_project(project: &Project, options: &Options) -> Self {
        build::build(project, options)
    }

    /// The hosts that HTTP routers ask for by name: the app's own hosts.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        self.routers.iter().flat_map(|router| router.rule.hosts()).collect()
    }

    /// The notes that say why something is not routed.
    pub fn errors(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| note.severity == Severity::Error)
    }
}
