//! Taking a stack away, and waiting until it is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{KillContainerOptions, RemoveContainerOptions, RemoveVolumeOptions};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::leftovers::{Leftover, LeftoverKind, list};
use super::{DeployError, raw};

/// How long the engine is left alone before the first look again: most of a stack goes at once.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// How long it is left alone between two looks at most; each pause is twice the one before.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The label that swarm's agent gives to the container of a task.
const LABEL_TASK: &str = "com.docker.swarm.task.id";

/// How long swarm may take to see that a container has died, before it is left to stop the container itself.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// What a removal leaves in place, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Leave secrets.
    pub secrets: bool,
    /// Leave configs.
    pub configs: bool,
    /// Leave volumes.
    pub volumes: bool,
    /// How long to wait for swarm, which removes asynchronously.
    pub within: Duration,
}

impl Keep {
    /// As an operator's undeploy: volumes, secrets and configs stay (recipe-format.md §5).
    pub const UNDEPLOY: Self = Self { secrets: true, configs: true, volumes: true, within: Duration::from_secs(120) };
    /// Everything goes, data too.
    pub const NOTHING: Self = Self { secrets: false, configs: false, volumes: false, within: Duration::from_secs(120) };

    fn keeps(self, kind: LeftoverKind) -> bool {
        match kind {
            LeftoverKind::Secret => self.secrets,
            LeftoverKind::Config => self.configs,
            LeftoverKind::Volume => self.volumes,
            _ => false,
        }
    }
}

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Everything that was there and is gone, in the order of removal.
    pub objects: Vec<Leftover>,
    /// How long it took.
    pub took: Duration,
}

/// Removes a stack and waits until the engine no longer has any of what was to go.
///
/// Services first; then their tasks and containers are waited for, because networks, secrets, configs and volumes stay in use until
/// those are gone. What is in use is tried again until [`Keep::within`] is over. A stack that does not exist is no error. `engines` are
/// those of the swarm's nodes, a manager's first: containers, networks and volumes are known to their own engine alone.
///
/// # Errors
/// The engine refused for another reason than use, or something was still there in the end ([`DeployError::NotGone`]).
pub async fn remove(engines: &[&Docker], stack: &str, keep: Keep) -> Result<Removed, DeployError> {
    let started = Instant::now();
    let deadline = started + keep.within;
    let mut objects = Vec::new();
    for kind in LeftoverKind::ALL.into_iter().filter(|kind| !keep.keeps(*kind)) {
        let mut seen: Vec<Leftover> = Vec::new();
        let mut pause = FIRST_PAUSE;
        loop {
            let there = everywhere(engines, kind, stack).await?;
            if there.is_empty() {
                break;
            }
            for (engine, object) in &there {
                take_away(engine, object).await?;
                if !seen.contains(object) {
                    seen.push(object.clone());
                }
            }
            if Instant::now() >= deadline {
                let left = everywhere(engines, kind, stack).await?;
                let left: Vec<String> = left.iter().map(|(_, object)| object.to_string()).collect();
                if left.is_empty() {
                    break;
                }
                return Err(DeployError::NotGone {
                    stack: stack.to_owned(),
                    seconds: keep.within.as_secs(),
                    left: left.join(", "),
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        objects.append(&mut seen);
    }
    Ok(Removed { objects, took: started.elapsed() })
}

/// Loses a stack as in an accident: the containers of its tasks are killed, and then everything is removed, data too.
///
/// Swarm's agent sleeps for two seconds before it stops a container (`controller.Shutdown` of moby, for news of the change to spread), and
/// the app then takes its time to end. Neither is of use where nothing of it is kept; a task that has failed already needs no stopping. What
/// is not killed, because none of `engines` has it, is stopped as in [`remove`].
///
/// # Errors
/// As [`remove`].
pub async fn lose(engines: &[&Docker], stack: &str, within: Duration) -> Result<Removed, DeployError> {
    let mut killed = BTreeSet::new();
    for (engine, container) in everywhere(engines, LeftoverKind::Container, stack).await? {
        // Somebody else's, which only has such a name, is left alone; one that does not run any more has nothing to lose.
        if is_task(engine, &container.id).await.unwrap_or(false)
            && engine.kill_container(&container.id, None::<KillContainerOptions>).await.is_ok()
        {
            killed.insert(container.id);
        }
    }
    let told = Instant::now() + TOLD_WITHIN;
    while Instant::now() < told && believed_alive(engines, &killed).await? {
        sleep(FIRST_PAUSE * 2).await;
    }
    remove(engines, stack, Keep { within, ..Keep::NOTHING }).await
}

/// Whether swarm still believes that one of these containers is up.
async fn believed_alive(engines: &[&Docker], killed: &BTreeSet<String>) -> Result<bool, DeployError> {
    let Some(manager) = engines.first().filter(|_| !killed.is_empty()) else { return Ok(false) };
    let kind = LeftoverKind::Task;
    let tasks =
        raw::get(manager, kind.path()).await.map_err(DeployError::engine("list", kind.as_str(), "what was killed"))?;
    Ok(tasks.as_array().into_iter().flatten().any(|task| {
        let text = |pointer: &str| task.pointer(pointer).and_then(Value::as_str);
        matches!(text("/Status/State"), Some("starting" | "running"))
            && text("/Status/ContainerStatus/ContainerID").is_some_and(|id| killed.contains(id))
    }))
}

/// The stack's things of one kind, each with an engine that knows it.
async fn everywhere<'a>(
    engines: &[&'a Docker],
    kind: LeftoverKind,
    stack: &str,
) -> Result<Vec<(&'a Docker, Leftover)>, DeployError> {
    let mut there = Vec::new();
    let asked = if kind.is_local() { engines } else { &engines[..1.min(engines.len())] };
    for engine in asked {
        there.extend(list(engine, kind, stack).await?.into_iter().map(|object| (*engine, object)));
    }
    Ok(there)
}

/// Asks once. Tasks are swarm's own to remove, and so are containers as long as they run. One that has stopped, whose service is gone, swarm
/// removes too, with its anonymous volumes, but only some seconds later; that nobody has to wait for.
async fn take_away(docker: &Docker, object: &Leftover) -> Result<(), DeployError> {
    let id = &object.id;
    let answer = match object.kind {
        LeftoverKind::Service => docker.delete_service(id).await,
        LeftoverKind::Task => Ok(()),
        LeftoverKind::Container => take_stopped(docker, id).await,
        LeftoverKind::Network => docker.remove_network(id).await,
        LeftoverKind::Secret => docker.delete_secret(id).await,
        LeftoverKind::Config => docker.delete_config(id).await,
        LeftoverKind::Volume => docker.remove_volume(id, None::<RemoveVolumeOptions>).await,
    };
    match answer {
        Err(error) if !passes(&error) => Err(DeployError::engine("remove", object.kind.as_str(), &object.name)(error)),
        _ => Ok(()),
    }
}

/// Takes a container of swarm's away if it has stopped. One that only has such a name is somebody else's, and so are its volumes.
async fn take_stopped(docker: &Docker, id: &str) -> Result<(), Error> {
    if !is_task(docker, id).await? {
        return Ok(());
    }
    docker.remove_container(id, Some(RemoveContainerOptions { v: true, force: false, link: false })).await
}

/// Whether a container is a task's.
async fn is_task(docker: &Docker, id: &str) -> Result<bool, Error> {
    let config = docker.inspect_container(id, None).await?.config;
    Ok(config.and_then(|config| config.labels).is_some_and(|labels| labels.contains_key(LABEL_TASK)))
}

/// Whether an answer means "gone already" or "still in use": both end by themselves.
fn passes(error: &Error) -> bool {
    match error {
        Error::DockerResponseServerError { status_code: 404 | 409, .. } => true,
        Error::DockerResponseServerError { message, .. } => {
            ["in use", "active endpoints", "not found"].iter().any(|sign| message.contains(sign))
        }
        _ => false,
    }
}
