//! Whether virtual IPs work on this kernel: found out by trying one (environment.md), once for each engine and kernel.

use std::path::PathBuf;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, NetworkAttachmentConfig, NetworkCreateRequest, ServiceSpec, TaskSpec,
    TaskSpecContainerSpec,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptions,
    StartContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt;

use crate::agent::executable::Packed;
use crate::agent::probe::PATIENCE;
use crate::swarm::engine::EngineError;
use crate::swarm::labels::Owner;

/// Network, service, container and image of the probe.
const PROBE: &str = "taster-probe";

/// For so long it counts what was found out: a module that is loaded into the kernel meanwhile changes it.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);

/// Whether what was found out earlier counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// For a day.
    Used,
    /// No: it is tried out again. For whoever has just changed the machine and asks the doctor.
    Ignored,
}

/// What was found out earlier about the engine `key`.
fn remembered(key: &str) -> Option<bool> {
    let path = memory(key)?;
    let age = std::fs::metadata(&path).ok()?.modified().ok()?.elapsed().ok()?;
    std::fs::read_to_string(path).ok().filter(|_| age < REMEMBERED_FOR)?.trim().parse().ok()
}

fn memory(key: &str) -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    let key: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Some(base.join("taster").join(format!("virtual-ip-{key}")))
}

/// Whether virtual IPs work in the node; remembered for `key`, which names the host's engine and kernel.
///
/// # Errors
/// When the node's engine refuses a part of the probe.
pub(super) async fn works(
    node: &Docker,
    packed: &Packed,
    (key, memory_is): (&str, Memory),
    owner: &Owner,
) -> Result<bool, EngineError> {
    if let Some(works) = remembered(key).filter(|_| memory_is == Memory::Used) {
        return Ok(works);
    }
    let result = probe(node, packed, owner).await;
    clean(node).await;
    let Some(works) = result? else { return Ok(false) };
    if let Some(path) = memory(key) {
        // A cache that cannot be written costs a few seconds in every run, no more.
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(path, works.to_string());
    }
    Ok(works)
}

/// Whether an address was reached; `None` when that was not to be found out, as on a machine that is starved.
async fn probe(node: &Docker, packed: &Packed, owner: &Owner) -> Result<Option<bool>, EngineError> {
    let refused = |what: &'static str| EngineError::refused(what);
    let options = CreateImageOptionsBuilder::default().from_src("-").repo(PROBE).tag("1").build();
    let mut import =
        std::pin::pin!(node.create_image(Some(options), Some(bollard::body_full(packed.tar.clone())), None));
    while let Some(progress) = import.next().await {
        progress.map_err(refused("import the probe of virtual IPs"))?;
    }
    let network = NetworkCreateRequest {
        name: PROBE.to_owned(),
        driver: Some("overlay".to_owned()),
        attachable: Some(true),
        labels: Some(owner.labels("probe")),
        ..Default::default()
    };
    node.create_network(network).await.map_err(refused("create the probe's network"))?;
    let mut listen = packed.entrypoint.clone();
    listen.extend(["agent".to_owned(), "probe-listen".to_owned()]);
    let spec = ServiceSpec {
        name: Some(PROBE.to_owned()),
        labels: Some(owner.labels("probe")),
        task_template: Some(TaskSpec {
            container_spec: Some(TaskSpecContainerSpec {
                image: Some(format!("{PROBE}:1")),
                command: Some(listen),
                // The first process of a container does not hear SIGTERM, and nothing is to be finished.
                stop_grace_period: Some(0),
                ..Default::default()
            }),
            networks: Some(vec![NetworkAttachmentConfig { target: Some(PROBE.to_owned()), ..Default::default() }]),
            ..Default::default()
        }),
        ..Default::default()
    };
    node.create_service(spec, None).await.map_err(refused("create the probe's service"))?;
    let Some(address) = virtual_address(node).await? else { return Ok(None) };
    let mut connect = packed.entrypoint.clone();
    connect.extend(["agent".to_owned(), "probe-connect".to_owned(), address]);
    let body = ContainerCreateBody {
        image: Some(format!("{PROBE}:1")),
        entrypoint: Some(connect),
        labels: Some(owner.labels("probe")),
        host_config: Some(HostConfig { network_mode: Some(PROBE.to_owned()), ..Default::default() }),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(PROBE).build();
    node.create_container(Some(options), body).await.map_err(refused("create the probe's container"))?;
    node.start_container(PROBE, None::<StartContainerOptions>).await.map_err(refused("start the probe's container"))?;
    let mut wait = std::pin::pin!(node.wait_container(PROBE, None::<WaitContainerOptions>));
    match tokio::time::timeout(PATIENCE * 2, wait.next()).await {
        Ok(Some(Ok(ended))) => Ok(Some(ended.status_code == 0)),
        // bollard reports an exit code other than zero as an error: nobody was reached for as long as the prober tried.
        Ok(Some(Err(bollard::errors::Error::DockerContainerWaitError { .. }))) => Ok(Some(false)),
        _ => Ok(None),
    }
}

/// The service's virtual IP without its prefix length.
async fn virtual_address(node: &Docker) -> Result<Option<String>, EngineError> {
    for _ in 0..50 {
        let service =
            node.inspect_service(PROBE, None).await.map_err(EngineError::refused("inspect the probe's service"))?;
        let addresses = service.endpoint.and_then(|endpoint| endpoint.virtual_ips).unwrap_or_default();
        if let Some(address) = addresses.into_iter().find_map(|virtual_ip| virtual_ip.addr) {
            return Ok(Some(address.split('/').next().unwrap_or_default().to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(None)
}

/// Removes the probe; the node is the run's own, so what should stay goes with it.
async fn clean(node: &Docker) {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let _ = node.remove_container(PROBE, Some(options)).await;
    let _ = node.delete_service(PROBE).await;
    for _ in 0..40 {
        if node.remove_network(PROBE).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = node.remove_image(&format!("{PROBE}:1"), None::<RemoveImageOptions>, None).await;
}
