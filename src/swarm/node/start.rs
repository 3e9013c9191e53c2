//! One node: its container, the link to its agent, its engine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, Ipam, IpamConfig, Mount, MountType, MountVolumeOptions,
    MountVolumeOptionsDriverConfig, NetworkCreateRequest, SwarmInitRequest, SwarmJoinRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt;
use tokio::sync::oneshot;

use super::image::{NodeImage, NodeImageError};
use super::rights::Rights;
use crate::agent::{Link, LinkError, NodeSetup};
use crate::swarm::engine::{EngineError, is_missing};
use crate::swarm::images::Ahead;
use crate::swarm::labels::Owner;

/// How long an engine may take to answer in a new node. It takes under a second on an idle machine.
const ENGINE_PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// There is no image for it.
    #[error(transparent)]
    Image(#[from] NodeImageError),
    /// An engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The agent cannot be reached.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The engine in the node did not come up.
    #[error("the engine in node {node} did not come up with {rights} rights: {reason}")]
    NotUp {
        /// The node's container.
        node: String,
        /// Rights it had.
        rights: &'static str,
        /// Why, with the engine's last words.
        reason: String,
    },
    /// The swarm that is there is not used.
    #[error(transparent)]
    Adopt(#[from] super::adopt::AdoptError),
    /// The node's socket could not be offered here.
    #[error("cannot offer the node's engine at {path}: {source}")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    /// The container's name.
    pub name: String,
    /// The node's identifier in the swarm.
    pub swarm_id: String,
    /// Its engine.
    pub engine: Docker,
    /// The stream to its agent.
    pub link: Link,
    /// How it was set up.
    pub setup: NodeSetup,
    /// The rights its container has.
    pub rights: Rights,
    /// The address of its container on the host's network.
    pub address: String,
    pub(super) socket: PathBuf,
    /// The task that offers the engine at the socket; it holds the link.
    pub(super) _offered: Option<Offered>,
    pub(super) host: Docker,
    /// Images that were sent while it started.
    pub(in crate::swarm) ahead: Ahead,
}

/// The task that offers a node's engine at a socket; both end with their owner.
#[derive(Debug)]
pub(super) struct Offered {
    task: tokio::task::JoinHandle<()>,
    socket: PathBuf,
}

impl Drop for Offered {
    fn drop(&mut self) {
        self.task.abort();
        // Nobody can do anything about one that stays; it lies in the run's scratch folder, which goes with the run.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Whether a node begins a swarm or joins one.
pub(super) enum Membership<'a> {
    Begin,
    Join { manager: &'a str, token: &'a str },
}

/// What a node is made of.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) index: usize,
    pub(super) owner: &'a Owner,
    pub(super) image: &'a NodeImage,
    pub(super) rights: Rights,
    pub(super) network: Option<&'a str>,
    pub(super) memory: Option<i64>,
    pub(super) disk: Option<i64>,
    /// Images to bring while its engine starts.
    pub(super) ahead: &'a BTreeSet<String>,
}

impl Node {
    /// Starts a node and makes it a member of a swarm. What was made is removed again when it fails.
    pub(super) async fn start(
        host: &Docker,
        wanted: &Wanted<'_>,
        membership: Membership<'_>,
    ) -> Result<Self, NodeError> {
        let container = create(host, wanted).await?;
        match bring_up(host, wanted, &container, membership).await {
            Ok(node) => Ok(node),
            Err(error) => {
                let error = with_last_words(host, wanted, error).await;
                // The reaper finds what cannot be removed now.
                let _ = remove(host, wanted.name).await;
                Err(error)
            }
        }
    }

    /// The node's engine as an address for `docker -H`.
    pub fn docker_host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Removes the node with all that is in it.
    ///
    /// # Errors
    /// When the host's engine refuses.
    pub async fn remove(self) -> Result<(), EngineError> {
        remove(&self.host, &self.name).await
    }
}

/// Removes a node's container and its volume.
pub(crate) async fn remove(host: &Docker, container: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match host.remove_container(container, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        // Somebody else removes it at this moment.
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
        Err(error) => Err(EngineError::refused(format!("remove the node {container}"))(error)),
    }
}

/// A volume in memory with room for so many bytes: the engine's local driver passes these to `mount`.
fn sized(bytes: i64) -> MountVolumeOptionsDriverConfig {
    let options = [("type", "tmpfs".to_owned()), ("device", "tmpfs".to_owned()), ("o", format!("size={bytes}"))];
    MountVolumeOptionsDriverConfig {
        name: Some("local".to_owned()),
        options: Some(options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
    }
}

async fn create(host: &Docker, wanted: &Wanted<'_>) -> Result<String, EngineError> {
    let data = Mount {
        target: Some("/var/lib/docker".to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(wanted.owner.labels("node-data")),
            driver_config: wanted.disk.map(sized),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut rights = HostConfig {
        init: Some(true),
        mounts: Some(vec![data]),
        // `/run` must be empty when an engine starts: a stale pid file would stop it.
        tmpfs: Some([("/run".to_owned(), String::new())].into()),
        network_mode: wanted.network.map(str::to_owned),
        memory: wanted.memory,
        ..Default::default()
    };
    wanted.rights.grant(&mut rights);
    let body = ContainerCreateBody {
        image: Some(wanted.image.reference.clone()),
        hostname: Some(wanted.name.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect()),
        cmd: Some(vec!["agent".to_owned(), "init".to_owned()]),
        labels: Some(wanted.owner.labels("node")),
        host_config: Some(rights),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(wanted.name).build();
    let created = host.create_container(Some(options), body).await.map_err(EngineError::refused("create a node"))?;
    if let Err(error) = host.start_container(wanted.name, None::<StartContainerOptions>).await {
        let _ = remove(host, wanted.name).await;
        return Err(EngineError::refused(format!("start a node with {} rights", wanted.rights.word()))(error));
    }
    Ok(created.id)
}

async fn bring_up(
    host: &Docker,
    wanted: &Wanted<'_>,
    container: &str,
    membership: Membership<'_>,
) -> Result<Node, NodeError> {
    let mut command = wanted.image.agent.entrypoint.clone();
    command.extend(["agent".to_owned(), "serve".to_owned()]);
    let link = Link::start(host, container, command).await?;
    // A path for a unix socket has at most 107 bytes, so it is not put into the run's folder.
    // Each try with more rights has its own: the one before may still be held.
    let socket = wanted.owner.scratch.join(format!("{}-{}.sock", wanted.index, wanted.rights.word()));
    let offered = link.offer_engine(&socket).map_err(|source| NodeError::Socket { path: socket.clone(), source })?;
    let offered = Offered { task: offered, socket: socket.clone() };
    let address = address_of(host, container).await?;
    // While something is unpacked into a container, the host's engine answers no question about it.
    let (up, is_up) = oneshot::channel();
    let ahead = Ahead::send(host, wanted.name, &link, wanted.ahead.clone(), is_up);
    let engine = wait_for_engine(wanted, &link, &socket).await?;
    // Whoever waits for it may have nothing to bring.
    let _ = up.send(());
    let setup = link.setup().await?;
    let swarm_id = join_swarm(&engine, &setup, &address, membership).await?;
    Ok(Node {
        name: wanted.name.to_owned(),
        swarm_id,
        engine,
        link,
        setup,
        rights: wanted.rights,
        address,
        socket,
        _offered: Some(offered),
        host: host.clone(),
        ahead,
    })
}

async fn wait_for_engine(wanted: &Wanted<'_>, link: &Link, socket: &Path) -> Result<Docker, NodeError> {
    let not_up =
        |reason: String| NodeError::NotUp { node: wanted.name.to_owned(), rights: wanted.rights.word(), reason };
    let address = format!("unix://{}", socket.display());
    let engine = Docker::connect_with_unix(&address, 600, bollard::API_DEFAULT_VERSION)
        .map_err(EngineError::refused("connect to the node's engine"))?;
    let begun = Instant::now();
    loop {
        // A connection is taken before the engine serves it.
        let left = ENGINE_PATIENCE.saturating_sub(begun.elapsed()).max(Duration::from_secs(1));
        if matches!(tokio::time::timeout(left, engine.ping()).await, Ok(Ok(_))) {
            let engine = engine.negotiate_version().await.map_err(EngineError::refused("tell its version"))?;
            return Ok(engine);
        }
        if begun.elapsed() > ENGINE_PATIENCE {
            return Err(not_up(format!("it does not answer after {} s", ENGINE_PATIENCE.as_secs())));
        }
        let pause = tokio::time::sleep(Duration::from_millis(20));
        tokio::select! {
            () = pause => {}
            () = link.ended() => return Err(not_up("the container ended".to_owned())),
        }
    }
}

/// Adds the last lines of the container's log: the engine's own words.
async fn with_last_words(host: &Docker, wanted: &Wanted<'_>, error: NodeError) -> NodeError {
    let NodeError::NotUp { node, rights, reason } = error else { return error };
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail("12").build();
    let lines: Vec<String> = host
        .logs(wanted.name, Some(options))
        .filter_map(|line| std::future::ready(line.ok().map(|line| line.to_string().trim().to_owned())))
        .collect()
        .await;
    NodeError::NotUp { node, rights, reason: format!("{reason}; its last words:\n  {}", lines.join("\n  ")) }
}

async fn address_of(host: &Docker, container: &str) -> Result<String, EngineError> {
    let inspected = host.inspect_container(container, None).await.map_err(EngineError::refused("inspect the node"))?;
    let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    Ok(networks.into_values().find_map(|network| network.ip_address.filter(|ip| !ip.is_empty())).unwrap_or_default())
}

async fn join_swarm(
    engine: &Docker,
    setup: &NodeSetup,
    address: &str,
    membership: Membership<'_>,
) -> Result<String, EngineError> {
    create_gateway(engine, setup).await?;
    match membership {
        Membership::Begin => {
            let request = SwarmInitRequest {
                listen_addr: Some("0.0.0.0:2377".to_owned()),
                advertise_addr: Some(address.to_owned()),
                default_addr_pool: Some(vec![setup.overlay_pool.clone()]),
                // Room for 500 tasks on a network (lesson 27), and for 64 networks in the pool.
                subnet_size: Some(23),
                ..Default::default()
            };
            engine.init_swarm(request).await.map_err(EngineError::refused("begin a swarm in the node"))
        }
        Membership::Join { manager, token } => {
            let request = SwarmJoinRequest {
                listen_addr: Some("0.0.0.0:2377".to_owned()),
                advertise_addr: Some(address.to_owned()),
                remote_addrs: Some(vec![format!("{manager}:2377")]),
                join_token: Some(token.to_owned()),
                ..Default::default()
            };
            engine.join_swarm(request).await.map_err(EngineError::refused("join the swarm"))?;
            let info = engine.info().await.map_err(EngineError::refused("tell about itself"))?;
            Ok(info.swarm.and_then(|swarm| swarm.node_id).unwrap_or_default())
        }
    }
}

/// Makes the bridge that leads out of overlay networks before swarm does, with addresses that collide with nothing.
async fn create_gateway(engine: &Docker, setup: &NodeSetup) -> Result<(), EngineError> {
    let options = [
        ("com.docker.network.bridge.name", "docker_gwbridge"),
        ("com.docker.network.bridge.enable_icc", "false"),
        ("com.docker.network.bridge.enable_ip_masquerade", "true"),
    ];
    let subnet = IpamConfig {
        subnet: Some(setup.gateway_subnet.clone()),
        gateway: Some(setup.gateway.to_string()),
        ..Default::default()
    };
    let request = NetworkCreateRequest {
        name: "docker_gwbridge".to_owned(),
        driver: Some("bridge".to_owned()),
        options: Some(options.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()),
        ipam: Some(Ipam { config: Some(vec![subnet]), ..Default::default() }),
        ..Default::default()
    };
    engine.create_network(request).await.map(drop).map_err(EngineError::refused("create docker_gwbridge in the node"))
}
