//! Traefik labels → routes → an HTTPS reverse proxy that knows which service and task answered.
//!
//! [`routes`] reads the deploy labels of a project as Traefik's swarm provider reads them. [`proxy`] serves the routes inside a
//! node and says, on every answer, whether the app's own task gave it or the proxy did. [`ca`] issues the certificates, [`dns`]
//! points the app's own hosts at the node, and [`client`] fetches through it all and reports what came back. Nothing here speaks
//! to Docker: addresses of tasks are handed in.

use std::error::Error;

pub mod ca;
pub mod client;
pub mod dns;
pub mod proxy;
pub mod routes;

/// The response header that names the compose service whose task answered.
pub const HEADER_SERVICE: &str = "x-taster-service";
/// The response header that names the task that answered.
pub const HEADER_TASK: &str = "x-taster-task";
/// The response header that names the router which matched.
pub const HEADER_ROUTER: &str = "x-taster-router";
/// The response header that is there only when the proxy itself answered; its value is the reason.
pub const HEADER_INGRESS: &str = "x-taster-ingress";

/// An error with its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
