//! Where running tasks are reached, and whether they take connections where the recipe says that they do.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::answer;
use super::session::Session;
use super::trouble::Trouble;
use crate::ingress::proxy::Upstream;
use crate::ingress::routes::RouteTable;
use crate::swarm::engine::EngineError;
use crate::swarm::node::Node;
use crate::swarm::observe::{StackView, TaskState};

/// A running task and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    task: String,
    /// The number of its node; the manager is 0.
    node: usize,
    /// Its address on the bridge that leads out of overlay networks, which only its own node reaches.
    address: IpAddr,
}

/// Where the running tasks of each service are. Their addresses are told by the bridge alone.
pub(super) async fn locate(session: &Session, view: &StackView) -> Result<BTreeMap<String, Vec<Place>>, Trouble> {
    let mut addresses: BTreeMap<String, (usize, IpAddr)> = BTreeMap::new();
    for (number, node) in session.cluster.nodes.iter().enumerate() {
        let bridge = node.engine.inspect_network("docker_gwbridge", None).await;
        let bridge = bridge.map_err(EngineError::refused("inspect docker_gwbridge"))?;
        for (container, endpoint) in bridge.containers.unwrap_or_default() {
            let address = endpoint.ipv4_address.unwrap_or_default();
            if let Some(address) = address.split('/').next().and_then(|address| address.parse().ok()) {
                addresses.insert(container, (number, address));
            }
        }
    }
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for service in &view.services {
        for task in service.tasks.iter().filter(|task| task.state == TaskState::Running) {
            let found = task.container_id.as_ref().and_then(|container| addresses.get(container));
            if let Some((node, address)) = found {
                let place = Place { task: task.id.clone(), node: *node, address: *address };
                places.entry(service.short_name.clone()).or_default().push(place);
            }
        }
    }
    Ok(places)
}

/// The same for the ingress, which runs on the manager: tasks of other nodes are reached through their agents, at the ports that the routes
/// name.
pub(super) async fn upstreams(
    session: &Session,
    places: &BTreeMap<String, Vec<Place>>,
    routes: &RouteTable,
) -> Result<BTreeMap<String, Vec<Upstream>>, Trouble> {
    let mut upstreams: BTreeMap<String, Vec<Upstream>> = BTreeMap::new();
    for (service, places) in places {
        for place in places {
            let mut upstream = Upstream::new(place.task.clone(), place.address);
            if let Some(node) = session.cluster.nodes.get(place.node).filter(|_| place.node > 0) {
                upstream.ports = forwarded((node, place.address), service, routes).await?;
            }
            upstreams.entry(service.clone()).or_default().push(upstream);
        }
    }
    Ok(upstreams)
}

async fn forwarded(
    (node, address): (&Node, IpAddr),
    service: &str,
    routes: &RouteTable,
) -> Result<BTreeMap<u16, SocketAddr>, Trouble> {
    let at = node
        .address
        .parse()
        .map_err(|_| Trouble::errored("node", format!("the node {} has no address: `{}`", node.name, node.address)))?;
    let routers = routes.routers.iter().flat_map(|router| &router.backends);
    let mut ports = BTreeMap::new();
    for backend in routers.filter(|backend| backend.service == service) {
        let socket = node.link.forward(at, SocketAddr::new(address, backend.port)).await?;
        ports.insert(backend.port, socket);
    }
    Ok(ports)
}

/// Ports in containers that must take a connection (design.md §3.3, *Answering*): those of TCP routers, and those that are published.
fn promised(session: &Session) -> BTreeSet<(String, u16)> {
    let routers = session.subject.routes.tcp_routers.iter().flat_map(|router| &router.backends);
    let mut promised: BTreeSet<(String, u16)> =
        routers.map(|backend| (backend.service.clone(), backend.port)).collect();
    for (name, service) in session.subject.project.services() {
        let tcp = service.ports.iter().filter(|port| matches!(port.protocol.as_str(), "" | "tcp"));
        promised.extend(tcp.filter_map(|port| Some((name.to_owned(), u16::try_from(port.target).ok()?))));
    }
    promised
}

/// Waits until every running task takes connections where the recipe says that it does.
///
/// # Errors
/// The first port at which nothing listens when patience ends.
pub(super) async fn accepting(session: &mut Session, step: &str, patience: Duration) -> Result<(), Trouble> {
    let begun = Instant::now();
    for (service, port) in promised(session) {
        if session.located.get(&service).is_none_or(Vec::is_empty) {
            // On the host's network, or on internal networks alone.
            session.log.note(format!(
                "{service}: whether its port {port} takes connections cannot be seen from outside its networks"
            ));
            continue;
        }
        while let Some(deaf) = deaf(session, &service, port).await {
            if begun.elapsed() > patience {
                let reason = format!("{service}: nothing takes connections at its port {port}");
                return Err(Trouble::failed("port-refused", reason)
                    .with("address", format!("task {} at {}", deaf.task, SocketAddr::new(deaf.address, port)))
                    .with("log", super::evidence::log_tail(session, &service).await)
                    .advise("See that the app listens at the port that is published or routed, on all addresses."));
            }
            session.log.progress(step, format!("{service}: nothing takes connections at its port {port} yet"));
            tokio::time::sleep(Duration::from_millis(250)).await;
            session.look_on().await?;
        }
    }
    Ok(())
}

/// A running task that does not take a connection at this port.
async fn deaf(session: &Session, service: &str, port: u16) -> Option<Place> {
    for place in session.located.get(service).into_iter().flatten() {
        let node = session.cluster.nodes.get(place.node)?;
        if !answer::accepts(&node.link, SocketAddr::new(place.address, port)).await {
            return Some(place.clone());
        }
    }
    None
}
