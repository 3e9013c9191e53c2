//! The swarm of a run: a manager and, on request, workers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bollard::Docker;
use bollard::models::NetworkCreateRequest;

use super::adopt::adopt;
use super::image::{NodeImage, ensure};
use super::rights::Rights;
use super::start::{Membership, Node, NodeError, Wanted};
use super::virtual_ip::{self, Memory};
use crate::record::NodeFacts;
use crate::swarm::engine::{EngineError, is_missing};
use crate::swarm::labels::Owner;

/// What a cluster shall be like.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    /// Workers beside the manager.
    pub workers: usize,
    /// The executable whose agent runs in the nodes; this one, when `None`.
    pub executable: Option<PathBuf>,
    /// An image with an engine to build on, instead of `docker:dind` or this machine's.
    pub base: Option<String>,
    /// Pull no image to build on: what is not there is not used.
    pub offline: bool,
    /// The rights to begin with; the least, when `None`.
    pub rights: Option<Rights>,
    /// Memory for each node in bytes; no limit, when `None`.
    pub memory: Option<i64>,
    /// Disk for each node in bytes, which is then held in memory; as much as the host's engine has, when `None`.
    pub disk: Option<i64>,
    /// Images to bring while the engines start, as far as the host has them; none with `engine`, which has its own.
    pub ahead: BTreeSet<String>,
    /// Use the swarm of the engine itself instead of nodes of our own.
    pub engine: bool,
    /// With `engine`: also when others use that swarm.
    pub shared: bool,
}

/// The nodes of a run.
#[derive(Debug)]
pub struct Cluster {
    /// The manager first.
    pub nodes: Vec<Node>,
    /// The image they were made from.
    pub image: NodeImage,
    host: Docker,
    network: Option<String>,
    ephemeral: bool,
}

impl Cluster {
    /// The engines of the nodes, the manager's first.
    pub fn engines(&self) -> Vec<&Docker> {
        self.nodes.iter().map(|node| &node.engine).collect()
    }

    /// Starts the nodes.
    ///
    /// # Errors
    /// When there is no image, or a node does not come up with any rights; nothing is left behind then.
    pub async fn start(host: &Docker, owner: &Owner, options: &NodeOptions) -> Result<Self, NodeError> {
        if options.engine {
            let (node, image) = adopt(host, owner, options).await?;
            return Ok(Self { nodes: vec![node], image, host: host.clone(), network: None, ephemeral: false });
        }
        let image = ensure(host, owner, options).await?;
        let network = if options.workers > 0 { Some(create_network(host, owner).await?) } else { None };
        let mut cluster = Self { nodes: Vec::new(), image, host: host.clone(), network, ephemeral: true };
        match cluster.add_nodes(owner, options).await {
            Ok(()) => Ok(cluster),
            Err(error) => {
                // The error that is told is why there is no node; the reaper finds what is left.
                let _ = cluster.remove().await;
                Err(error)
            }
        }
    }

    async fn add_nodes(&mut self, owner: &Owner, options: &NodeOptions) -> Result<(), NodeError> {
        let manager = self.start_manager(owner, options).await?;
        let rights = manager.rights;
        let (address, engine) = (manager.address.clone(), manager.engine.clone());
        self.nodes.push(manager);
        if options.workers == 0 {
            return Ok(());
        }
        let swarm = engine.inspect_swarm().await.map_err(EngineError::refused("tell its join token"))?;
        let token = swarm.join_tokens.and_then(|tokens| tokens.worker).unwrap_or_default();
        for index in 1..=options.workers {
            let name = format!("taster-{}-{index}", owner.run);
            let wanted = self.wanted((&name, index), owner, options, rights);
            let membership = Membership::Join { manager: &address, token: &token };
            let worker = Node::start(&self.host, &wanted, membership).await?;
            self.nodes.push(worker);
        }
        Ok(())
    }

    /// Tries the rights from the least to the most; the first with which the engine comes up is used.
    async fn start_manager(&self, owner: &Owner, options: &NodeOptions) -> Result<Node, NodeError> {
        let name = format!("taster-{}-0", owner.run);
        let first = options.rights.unwrap_or(Rights::Least);
        let ladder = Rights::LADDER.into_iter().skip_while(|rights| *rights != first);
        let mut failure = None;
        for rights in ladder {
            let wanted = self.wanted((&name, 0), owner, options, rights);
            match Node::start(&self.host, &wanted, Membership::Begin).await {
                Ok(node) => return Ok(node),
                // The first failure tells most: those with more rights may fail for having too many.
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| NodeError::NotUp {
            node: name,
            rights: first.word(),
            reason: "no rights to try".to_owned(),
        }))
    }

    fn wanted<'a>(
        &'a self,
        (name, index): (&'a str, usize),
        owner: &'a Owner,
        options: &'a NodeOptions,
        rights: Rights,
    ) -> Wanted<'a> {
        Wanted {
            name,
            index,
            owner,
            image: &self.image,
            rights,
            network: self.network.as_deref(),
            memory: options.memory,
            disk: options.disk,
            ahead: &options.ahead,
        }
    }

    /// The nodes are the run's own: they go with all that is on them.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// The manager.
    ///
    /// # Panics
    /// Never: a cluster that was started has a manager.
    #[expect(clippy::indexing_slicing, reason = "a cluster that was started has a manager; remove() consumes it")]
    pub fn manager(&self) -> &Node {
        &self.nodes[0]
    }

    /// What is known about the nodes. Whether virtual IPs work is tried out, unless `memory` has it.
    ///
    /// # Errors
    /// When the manager's engine does not answer.
    pub async fn facts(&self, owner: &Owner, memory: Memory) -> Result<NodeFacts, EngineError> {
        let manager = self.manager();
        let info = manager.engine.info().await.map_err(EngineError::refused("tell about itself"))?;
        let version = manager.engine.version().await.map_err(EngineError::refused("tell its version"))?;
        let host = self.host.info().await.map_err(EngineError::refused("tell about itself"))?;
        let key = format!("{} {}", host.id.unwrap_or_default(), manager.setup.kernel);
        let virtual_ips = virtual_ip::works(&manager.engine, &self.image.agent, (&key, memory), owner).await?;
        Ok(NodeFacts {
            kind: if self.ephemeral { "ephemeral" } else { "engine" }.to_owned(),
            engine: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            kernel: manager.setup.kernel.clone(),
            architecture: version.arch.unwrap_or_default(),
            storage: info.driver.unwrap_or_default(),
            cgroup: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            endpoint_mode: if virtual_ips { "vip" } else { "dnsrr" }.to_owned(),
            rights: if self.ephemeral { manager.rights.word() } else { "host" }.to_owned(),
            image: self.image.origin.clone(),
            cpus: info.ncpu.unwrap_or_default(),
            memory: info.mem_total.unwrap_or_default(),
            swarm_nodes: self.nodes.len(),
        })
    }

    /// Removes all nodes, at once.
    ///
    /// # Errors
    /// The first refusal of the host's engine; the other nodes are removed all the same.
    pub async fn remove(self) -> Result<(), EngineError> {
        let removals = futures_util::future::join_all(self.nodes.into_iter().map(Node::remove)).await;
        let network = match &self.network {
            Some(network) => match self.host.remove_network(network).await {
                Err(error) if !is_missing(&error) => Err(EngineError::refused("remove the nodes' network")(error)),
                _ => Ok(()),
            },
            None => Ok(()),
        };
        removals.into_iter().chain([network]).collect()
    }
}

async fn create_network(host: &Docker, owner: &Owner) -> Result<String, EngineError> {
    let name = format!("taster-{}", owner.run);
    let request =
        NetworkCreateRequest { name: name.clone(), labels: Some(owner.labels("network")), ..Default::default() };
    host.create_network(request).await.map_err(EngineError::refused("create a network for the nodes"))?;
    Ok(name)
}
