//! The ingress of a node, as the agent runs it: the proxy, its authority and the DNS server, on the address at which every
//! container reaches the node.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::protocol::{IngressStarted, IngressUpdate, Reply};
use super::serve::setup;
use crate::ingress::ca::Ca;
use crate::ingress::dns::{self, Hosts};
use crate::ingress::proxy::{Ingress, SharedState, Timeouts};

/// The ingress, once the driver asked for it.
#[derive(Default)]
pub(super) struct IngressHost {
    running: Mutex<Option<Running>>,
}

struct Running {
    started: IngressStarted,
    state: SharedState,
    hosts: Hosts,
    ca: Arc<Ca>,
    taken: BTreeSet<u16>,
    serving: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

impl IngressHost {
    /// Starts the ingress at the first call; gives it new routes, tasks and hosts. It listens elsewhere when the recipe publishes the
    /// usual ports itself, which another recipe on the same node may not have done.
    pub(super) async fn update(&self, update: IngressUpdate) -> Reply<IngressStarted> {
        let mut running = self.running.lock().await;
        let current = match running.take() {
            Some(current) if current.taken == update.taken => current,
            other => {
                let ca = match &other {
                    Some(before) => before.ca.clone(),
                    None => Arc::new(Ca::generate().map_err(|error| error.to_string())?),
                };
                // What listened is closed before its ports are taken again.
                if let Some(mut before) = other {
                    for task in before.serving.drain(..) {
                        task.abort();
                        // It was aborted: that is how it ends.
                        let _ = task.await;
                    }
                }
                start(update.taken, ca).await?
            }
        };
        let current = running.insert(current);
        current.state.set_routes(update.routes).map_err(|error| error.to_string())?;
        current.state.set_upstreams(update.upstreams);
        if let IpAddr::V4(address) = current.started.https.ip() {
            current.hosts.set(update.hosts.into_iter().map(|host| (host, address)));
        }
        Ok(current.started.clone())
    }
}

async fn start(taken: BTreeSet<u16>, ca: Arc<Ca>) -> Reply<Running> {
    // On an engine that was there before us there is no set-up: listen where only the agent's own link reaches.
    let address = setup().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |setup| setup.gateway);
    let said = |what: &str| {
        let what = format!("{what} on {address}");
        move |error: io::Error| format!("cannot listen for {what}: {error}")
    };
    let usual = !address.is_loopback() && !taken.contains(&80) && !taken.contains(&443);
    let ports = if usual { (80, 443) } else { (0, 0) };
    let http = TcpListener::bind(SocketAddr::new(address, ports.0)).await.map_err(said("HTTP"))?;
    let https = TcpListener::bind(SocketAddr::new(address, ports.1)).await.map_err(said("HTTPS"))?;
    let addresses = (|| Ok::<_, io::Error>((http.local_addr()?, https.local_addr()?)))();
    let (http_at, https_at) = addresses.map_err(said("HTTP"))?;
    let hosts = Hosts::new();
    let mut serving = Vec::new();
    // A recipe that is a name server itself has the port; names of the outer world are not found by its peers then.
    if !address.is_loopback() && !taken.contains(&53) {
        let name_server = SocketAddr::new(address, 53);
        let udp = UdpSocket::bind(name_server).await.map_err(said("DNS"))?;
        let tcp = TcpListener::bind(name_server).await.map_err(said("DNS"))?;
        serving.push(tokio::spawn(dns::serve(udp, tcp, hosts.clone(), name_servers())));
    }
    let state = SharedState::new();
    let ingress = Ingress::new(state.clone(), &ca, Timeouts::default()).map_err(|error| error.to_string())?;
    serving.push(tokio::spawn(ingress.serve(http, https)));
    let started = IngressStarted { http: http_at, https: https_at, ca: ca.pem().to_owned(), key_pin: ca.key_pin() };
    Ok(Running { started, state, hosts, ca, taken, serving })
}

/// The name servers that the node's container was given.
fn name_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|address| address.trim().parse::<IpAddr>().ok())
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}
