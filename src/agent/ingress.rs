//! The ingress of a node, as the agent runs it: the proxy, its authority and the DNS server, on the address at which every
//! container reaches the node.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Mutex;

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
}

impl IngressHost {
    /// Starts the ingress at the first call; gives it new routes, tasks and hosts.
    pub(super) async fn update(&self, update: IngressUpdate) -> Reply<IngressStarted> {
        let mut running = self.running.lock().await;
        let current = match running.take() {
            Some(current) => current,
            None => start(update.usual_ports).await?,
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

async fn start(usual_ports: bool) -> Reply<Running> {
    // On an engine that was there before us there is no set-up: listen where only the agent's own link reaches.
    let address = setup().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |setup| setup.gateway);
    let said = |what: &str| {
        let what = format!("{what} on {address}");
        move |error: io::Error| format!("cannot listen for {what}: {error}")
    };
    let ports = if usual_ports && !address.is_loopback() { (80, 443) } else { (0, 0) };
    let http = TcpListener::bind(SocketAddr::new(address, ports.0)).await.map_err(said("HTTP"))?;
    let https = TcpListener::bind(SocketAddr::new(address, ports.1)).await.map_err(said("HTTPS"))?;
    let addresses = (|| Ok::<_, io::Error>((http.local_addr()?, https.local_addr()?)))();
    let (http_at, https_at) = addresses.map_err(said("HTTP"))?;
    let hosts = Hosts::new();
    if !address.is_loopback() {
        let name_server = SocketAddr::new(address, 53);
        let udp = UdpSocket::bind(name_server).await.map_err(said("DNS"))?;
        let tcp = TcpListener::bind(name_server).await.map_err(said("DNS"))?;
        tokio::spawn(dns::serve(udp, tcp, hosts.clone(), name_servers()));
    }
    let state = SharedState::new();
    let ca = Arc::new(Ca::generate().map_err(|error| error.to_string())?);
    let ingress = Ingress::new(state.clone(), &ca, Timeouts::default()).map_err(|error| error.to_string())?;
    tokio::spawn(ingress.serve(http, https));
    let started = IngressStarted { http: http_at, https: https_at, ca: ca.pem().to_owned() };
    Ok(Running { started, state, hosts })
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
