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
            self.to_join.push(name.clone());
        }
        Ok(())
    }

    /// Lets a member of ours stay on each network that is there since the last time, once the app is up: before that it would only be in the app's
    /// way. Nothing rests on it, so nobody waits for it and a refusal is of no importance: without it each further install takes a moment longer.
    pub(super) fn stay_on_networks(&mut self) {
        let mut networks = std::mem::take(&mut self.to_join);
        // What is named after a stack goes with the stack, and a member would hold it.
        let stacks = self.beside.iter().map(|beside| &beside.stack).chain([&self.subject.stack]);
        let prefixes: Vec<String> = stacks.map(|stack| format!("{stack}_")).collect();
        networks.retain(|network| !prefixes.iter().any(|prefix| network.starts_with(prefix)));
        if networks.is_empty() || !self.cluster.is_ephemeral() {
            return;
        }
        let (engine, agent) = (self.cluster.manager().engine.clone(), self.cluster.image.agent.entrypoint.clone());
        let owner = self.owner.clone();
        tokio::spawn(async move {
            for network in networks {
                let _ = node::join(&engine, &agent, &network, &owner).await;
            }
        });
    }
}
