//! Whoever starts next removes what a dead run left (design.md §3.7). Only objects with taster's label are looked at.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{
    ListConfigsOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListSecretsOptionsBuilder,
    ListServicesOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder,
};

use super::engine::{EngineError, is_missing};
use super::labels::{DOMAIN, RUN};
use super::node;
use crate::run::{Liveness, liveness, sweep};

/// An object of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remnant {
    /// `container`, `service`, `secret`, `config`, `network` or `volume`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The run that made it.
    pub run: String,
    /// The lock domain of that run.
    pub domain: String,
}

impl Remnant {
    /// Whether its run still has a process, as far as this machine can tell.
    pub fn liveness(&self) -> Liveness {
        liveness(&self.run, &self.domain).unwrap_or(Liveness::Unknown)
    }
}

/// An object with its labels and whether it still runs.
struct Found {
    remnant: Remnant,
    running: bool,
}

/// Removes what dead runs left on the engine and beside their locks; tells what was removed.
///
/// # Errors
/// When the engine cannot list its objects or refuses to remove one; what could be removed is removed.
pub async fn reap(engine: &Docker) -> Result<Vec<Remnant>, EngineError> {
    let mut removed = Vec::new();
    let mut failure = None;
    for found in find(engine).await? {
        if !is_dead(&found) {
            continue;
        }
        match remove(engine, &found.remnant).await {
            Ok(()) => removed.push(found.remnant),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    // Locks go last: as long as one is there, its run can be judged.
    sweep()
        .map_err(|source| EngineError::Refused { what: "clean its lock folder".to_owned(), source: source.into() })?;
    failure.map_or(Ok(removed), Err)
}

/// Every object that carries the label of the run `run`.
///
/// # Errors
/// When the engine cannot list its objects.
pub async fn left_by(engine: &Docker, run: &str) -> Result<Vec<Remnant>, EngineError> {
    Ok(find(engine).await?.into_iter().map(|found| found.remnant).filter(|remnant| remnant.run == run).collect())
}

/// Removes everything that carries the label of the run `run`; tells what could not be removed.
///
/// # Errors
/// When the engine cannot list its objects.
pub async fn remove_run(engine: &Docker, run: &str) -> Result<Vec<Remnant>, EngineError> {
    let begun = Instant::now();
    loop {
        let left = left_by(engine, run).await?;
        if left.is_empty() || begun.elapsed() > LET_GO {
            return Ok(left);
        }
        // Services and containers hold networks and volumes: they come first in the list. What goes asynchronously, or is held at this
        // moment, is looked for again.
        for remnant in &left {
            let _ = remove_once(engine, remnant).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every run that has something on the engine, and what.
///
/// # Errors
/// When the engine cannot list its objects.
pub async fn runs(engine: &Docker) -> Result<BTreeMap<String, Vec<Remnant>>, EngineError> {
    let mut runs: BTreeMap<String, Vec<Remnant>> = BTreeMap::new();
    for found in find(engine).await? {
        runs.entry(found.remnant.run.clone()).or_default().push(found.remnant);
    }
    Ok(runs)
}

fn is_dead(found: &Found) -> bool {
    match found.remnant.liveness() {
        Liveness::Dead => true,
        // Another machine's run: its nodes stop by themselves when their driver is gone, and a stopped node is dead for everybody.
        Liveness::Unknown => found.remnant.kind == "container" && !found.running,
        Liveness::Alive => false,
    }
}

async fn find(engine: &Docker) -> Result<Vec<Found>, EngineError> {
    let refused = |what: &'static str| EngineError::refused(what);
    let filters = HashMap::from([("label", vec![RUN])]);
    let mut all = Vec::new();
    let mut add = |kind, name: String, labels: Option<&HashMap<String, String>>, running| {
        let label = |key: &str| labels.and_then(|labels| labels.get(key)).cloned().unwrap_or_default();
        all.push(Found { remnant: Remnant { kind, name, run: label(RUN), domain: label(DOMAIN) }, running });
    };
    // Services before their tasks' containers, which swarm would start again.
    add_swarm_objects(engine, &mut add).await?;
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    for container in engine.list_containers(Some(options)).await.map_err(refused("list containers"))? {
        // One that was made a moment ago and is about to be started is no remnant.
        let state = container.state.map(|state| state.to_string()).unwrap_or_default();
        let running = !matches!(state.as_str(), "exited" | "dead" | "removing");
        add("container", container.id.unwrap_or_default(), container.labels.as_ref(), running);
    }
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    for network in engine.list_networks(Some(options)).await.map_err(refused("list networks"))? {
        add("network", network.id.unwrap_or_default(), network.labels.as_ref(), false);
    }
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = engine.list_volumes(Some(options)).await.map_err(refused("list volumes"))?;
    for volume in volumes.volumes.unwrap_or_default() {
        add("volume", volume.name, Some(&volume.labels), false);
    }
    Ok(all)
}

/// What a run made on a swarm that was there before it; services come first, since they hold the others.
async fn add_swarm_objects(
    engine: &Docker,
    add: &mut impl FnMut(&'static str, String, Option<&HashMap<String, String>>, bool),
) -> Result<(), EngineError> {
    let refused = |what: &'static str| EngineError::refused(what);
    let info = engine.info().await.map_err(refused("tell about itself"))?;
    if info.swarm.and_then(|swarm| swarm.control_available) != Some(true) {
        return Ok(());
    }
    let filters = HashMap::from([("label", vec![RUN])]);
    let options = ListServicesOptionsBuilder::default().filters(&filters).build();
    for service in engine.list_services(Some(options)).await.map_err(refused("list services"))? {
        let labels = service.spec.as_ref().and_then(|spec| spec.labels.as_ref());
        add("service", service.id.clone().unwrap_or_default(), labels, true);
    }
    let options = ListSecretsOptionsBuilder::default().filters(&filters).build();
    for secret in engine.list_secrets(Some(options)).await.map_err(refused("list secrets"))? {
        add(
            "secret",
            secret.id.clone().unwrap_or_default(),
            secret.spec.as_ref().and_then(|spec| spec.labels.as_ref()),
            true,
        );
    }
    let options = ListConfigsOptionsBuilder::default().filters(&filters).build();
    for config in engine.list_configs(Some(options)).await.map_err(refused("list configs"))? {
        add(
            "config",
            config.id.clone().unwrap_or_default(),
            config.spec.as_ref().and_then(|spec| spec.labels.as_ref()),
            true,
        );
    }
    Ok(())
}

/// How long swarm may take to let go of a network or a volume after its service was removed: the tasks' grace period, and some.
const LET_GO: Duration = Duration::from_secs(30);

/// Removes an object, again and again while something that is going away still holds it.
async fn remove(engine: &Docker, remnant: &Remnant) -> Result<(), EngineError> {
    let begun = Instant::now();
    loop {
        match remove_once(engine, remnant).await {
            Err(EngineError::Refused {
                source: Error::DockerResponseServerError { status_code: 400..=409, .. },
                ..
            }) if begun.elapsed() < LET_GO && !matches!(remnant.kind, "container" | "service") => {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            result => return result,
        }
    }
}

async fn remove_once(engine: &Docker, remnant: &Remnant) -> Result<(), EngineError> {
    let result = match remnant.kind {
        "container" => return node::remove(engine, &remnant.name).await,
        "service" => engine.delete_service(&remnant.name).await,
        "secret" => engine.delete_secret(&remnant.name).await,
        "config" => engine.delete_config(&remnant.name).await,
        "network" => engine.remove_network(&remnant.name).await,
        _ => engine.remove_volume(&remnant.name, Some(RemoveVolumeOptionsBuilder::default().force(true).build())).await,
    };
    match result {
        Err(error) if !is_missing(&error) => {
            Err(EngineError::refused(format!("remove the {} {}", remnant.kind, remnant.name))(error))
        }
        _ => Ok(()),
    }
}
