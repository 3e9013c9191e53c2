//! A member of a network that stays for as long as the node.
//!
//! Operators' proxies stand on the network `proxy` before any recipe does, so their nodes always have it. The ingress here is no member of it, and
//! an engine makes an overlay network when its first task comes and takes it away with the last: without a member each install of a recipe
//! would wait for that, some 0.65 s (docs/benchmarks.md). It stands on the manager alone: workers still wait.

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, CreateImageOptionsBuilder, StartContainerOptions};
use futures_util::StreamExt;

use crate::agent::executable::HOME;
use crate::swarm::engine::EngineError;
use crate::swarm::labels::Owner;

/// The image of a member: an empty file system, into which the node's agent is mounted.
const IMAGE: &str = "taster-member";

/// Lets a container of ours stay on the network `name` of a node of ours, in which `agent` runs the agent.
///
/// # Errors
/// When the node's engine refuses.
pub async fn join(engine: &Docker, agent: &[String], name: &str, owner: &Owner) -> Result<(), EngineError> {
    import(engine).await?;
    let idle = [agent, &["agent".to_owned(), "idle".to_owned()]].concat();
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        entrypoint: Some(idle),
        labels: Some(owner.labels("member")),
        host_config: Some(HostConfig {
            network_mode: Some(name.to_owned()),
            binds: Some(vec![format!("{HOME}:{HOME}:ro")]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let container = format!("{IMAGE}-{name}");
    let options = CreateContainerOptionsBuilder::default().name(&container).build();
    let refused = |what: &str| EngineError::refused(format!("{what} a member of the network {name}"));
    engine.create_container(Some(options), body).await.map_err(refused("create"))?;
    engine.start_container(&container, None::<StartContainerOptions>).await.map_err(refused("start"))
}

/// The same name for what is there already does no harm.
async fn import(engine: &Docker) -> Result<(), EngineError> {
    // Writing to memory cannot fail.
    let empty = tar::Builder::new(Vec::new()).into_inner().unwrap_or_default();
    let options = CreateImageOptionsBuilder::default().from_src("-").repo(IMAGE).tag("latest").build();
    let mut import = std::pin::pin!(engine.create_image(Some(options), Some(bollard::body_full(empty.into())), None));
    while let Some(progress) = import.next().await {
        progress.map_err(EngineError::refused("import the image of the members of networks"))?;
    }
    Ok(())
}
