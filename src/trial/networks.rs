//! What an operator's swarm has before any recipe: the ingress, and the networks that recipes call external.

use std::collections::BTreeMap;

use bollard::models::NetworkCreateRequest;

use super::session::Session;
use super::trouble::Trouble;
use crate::swarm::engine::EngineError;
use crate::swarm::node;

impl Session {
    /// Starts the ingress and makes the networks that an operator's swarm has before any recipe: every external one, `proxy` usually.
    ///
    /// # Errors
    /// When the node refuses.
    pub(super) async fn prepare_node(&mut self) -> Result<(), Trouble> {
        self.route(BTreeMap::new()).await?;
        let external = self.subject.project.networks.iter().filter(|(_, network)| network.external);
        for (key, network) in external {
            let name = if network.name.is_empty() { key } else { &network.name };
            if matches!(name.as_str(), "host" | "bridge" | "none" | "ingress") {
                continue;
            }
            let engine = &self.cluster.manager().engine;
            if engine.inspect_network(name, None).await.is_ok() {
                continue;
            }
            let request = NetworkCreateRequest {
                name: name.clone(),
                driver: Some("overlay".to_owned()),
                attachable: Some(true),
                labels: Some(self.owner.labels("network")),
                ..Default::default()
            };
            engine.create_network(request).await.map_err(EngineError::refused(format!("create the network {name}")))?;
            self.stay_on(name);
        }
        Ok(())
    }

    /// Lets a member of ours stay on a network. Nothing rests on it, so nobody waits for it and a refusal is of no importance: without it each
    /// install takes a moment longer.
    fn stay_on(&self, network: &str) {
        if !self.cluster.is_ephemeral() {
            return;
        }
        let (engine, agent) = (self.cluster.manager().engine.clone(), self.cluster.image.agent.entrypoint.clone());
        let (network, owner) = (network.to_owned(), self.owner.clone());
        tokio::spawn(async move {
            let _ = node::join(&engine, &agent, &network, &owner).await;
        });
    }
}
