//! A swarm that was there before us (`--node engine`): guarded, and left as it was.

use std::path::PathBuf;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListServicesOptions, RemoveContainerOptionsBuilder, StartContainerOptions,
};

use super::cluster::NodeOptions;
use super::image::{NodeImage, ensure};
use super::rights::Rights;
use super::start::{Node, NodeError};
use crate::agent::{Link, NodeSetup};
use crate::swarm::engine::EngineError;
use crate::swarm::images::Ahead;
use crate::swarm::labels::{Owner, RUN};

/// Why a swarm that is there is not used.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is no manager.
    #[error(
        "the engine is not a swarm manager, so a recipe cannot be tried on it. Leave out `--node engine`: taster starts a node of its own"
    )]
    NotAManager,
    /// Somebody uses it.
    #[error(
        "the swarm runs services already ({}). A recipe under test could disturb them: use a swarm of its own, or say \
         `--shared-swarm` if you know that it cannot", .0.join(", ")
    )]
    InUse(Vec<String>),
}

/// Uses the swarm of `host`. A container with taster's agent runs on it for as long as the run lasts.
pub(super) async fn adopt(host: &Docker, owner: &Owner, options: &NodeOptions) -> Result<(Node, NodeImage), NodeError> {
    let info = host.info().await.map_err(EngineError::refused("tell about itself"))?;
    let kernel = info.kernel_version.clone().unwrap_or_default();
    let swarm = info.swarm.unwrap_or_default();
    if swarm.control_available != Some(true) {
        return Err(AdoptError::NotAManager.into());
    }
    let services =
        host.list_services(None::<ListServicesOptions>).await.map_err(EngineError::refused("list services"))?;
    let foreign: Vec<String> = services
        .into_iter()
        .filter_map(|service| service.spec)
        .filter_map(|spec| {
            // Another run that is alive may be disturbed as well; what dead ones left was removed before.
            let run = spec.labels.as_ref().and_then(|labels| labels.get(RUN));
            Some(match run {
                Some(run) => format!("{} of the run {run}", spec.name?),
                None => spec.name?,
            })
        })
        .collect();
    if !foreign.is_empty() && !options.shared {
        return Err(AdoptError::InUse(foreign).into());
    }
    let image = ensure(host, owner, options).await?;
    let name = format!("taster-{}-agent", owner.run);
    let body = ContainerCreateBody {
        image: Some(image.reference.clone()),
        cmd: Some(vec!["agent".to_owned(), "guest".to_owned()]),
        labels: Some(owner.labels("agent")),
        host_config: Some(HostConfig {
            init: Some(true),
            // The agent reaches tasks as the engine's host does; it needs no rights beyond that.
            network_mode: Some("host".to_owned()),
            binds: Some(vec!["/var/run/docker.sock:/var/run/docker.sock".to_owned()]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    host.create_container(Some(options), body).await.map_err(EngineError::refused("create the agent's container"))?;
    let started = async {
        host.start_container(&name, None::<StartContainerOptions>)
            .await
            .map_err(EngineError::refused("start the agent"))?;
        let mut command = image.agent.entrypoint.clone();
        command.extend(["agent".to_owned(), "serve".to_owned()]);
        Ok::<_, NodeError>(Link::start(host, &name, command).await?)
    };
    let link = match started.await {
        Ok(link) => link,
        Err(error) => {
            let options = RemoveContainerOptionsBuilder::default().force(true).build();
            // The reaper finds what cannot be removed now.
            let _ = host.remove_container(&name, Some(options)).await;
            return Err(error);
        }
    };
    let setup = NodeSetup::of_engine(kernel);
    let node = Node {
        name,
        swarm_id: swarm.node_id.unwrap_or_default(),
        engine: host.clone(),
        link,
        setup,
        rights: Rights::Least,
        address: swarm.node_addr.unwrap_or_default(),
        socket: PathBuf::new(),
        _offered: None,
        host: host.clone(),
        ahead: Ahead::nothing(),
    };
    Ok((node, image))
}
