//! Whoever starts next removes what a dead run left (design.md §3.7). Only objects with taster's label are looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// What a look for remnants came to.
#[derive(Debug, Default)]
pub struct Reaped {
    /// What was removed.
    pub removed: Vec<Remnant>,
    /// What could not be removed, in words: no reason for the next run not to begin.
    pub failures: Vec<String>,
}

/// Removes what dead runs left on the engine and beside their locks.
///
/// # Errors
/// When the engine cannot list its containers, networks or volumes.
pub async fn reap(engine: &Docker) -> Result<Reaped, EngineError> {
    let mut reaped = Reaped::default();
    let found = find(engine).await?;
    let dead = dead_runs(&found);
    let begun = Instant::now();
    let all: Vec<Remnant> =
        found.into_iter().map(|found| found.remnant).filter(|remnant| dead.contains(&remnant.run)).collect();
    for remnant in all {
        match remove(engine, &remnant, LET_GO.saturating_sub(begun.elapsed())).await {
            Ok(()) => reaped.removed.push(remnant),
            Err(error) => reaped.failures.push(error.to_string()),
        }
    }
    // Locks go last: as long as one is there, its run can be judged.
    if let Err(error) = sweep() {
        reaped.failures.push(format!("cannot clean the lock folder: {error}"));
    }
    Ok(reaped)
}

/// The runs that nobody drives any more.
///
/// A run of another lock domain (another machine, or the same one before it was started again) cannot be asked. But its nodes, and its
/// agent on a swarm that was there before, stop by themselves when their driver is gone: when all that it has in containers has
/// stopped, it is dead for everybody. One that has no container at all may be about to make one.
fn dead_runs(found: &[Found]) -> BTreeSet<String> {
    let mut dead = BTreeSet::new();
    for run in found.iter().map(|found| &found.remnant.run) {
        let objects: Vec<&Found> = found.iter().filter(|found| found.remnant.run == *run).collect();
        let mut containers = objects.iter().filter(|found| found.remnant.kind == "container").peekable();
        let is_dead = match objects.first().map(|found| found.remnant.liveness()) {
            Some(Liveness::Dead) => true,
            Some(Liveness::Unknown) => containers.peek().is_some() && containers.all(|found| !found.running),
            Some(Liveness::Alive) | None => false,
        };
        if is_dead {
            dead.insert(run.clone());
        }
    }
    dead
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
    let mut pause = Duration::from_millis(10);
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
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
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

async fn find(engine: &Docker) -> Result<Vec<Found>, EngineError> {
    let refused = |what: &'static str| EngineError::refused(what);
    let filters = HashMap::from([("label", vec![RUN])]);
    let mut all = Vec::new();
    let mut add = |kind, name: String, labels: Option<&HashMap<String, String>>, running| {
        let label = |key: &str| labels.and_then(|labels| labels.get(key)).cloned().unwrap_or_default();
        all.push(Found { remnant: Remnant { kind, name, run: label(RUN), domain: label(DOMAIN) }, running });
    };
    // Services before their tasks' containers, which swarm would start again. A swarm that cannot be asked (it lost its quorum, say)
    // holds nothing that hinders a run on a node of its own.
    let _ = add_swarm_objects(engine, &mut add).await;
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
async fn remove(engine: &Docker, remnant: &Remnant, within: Duration) -> Result<(), EngineError> {
    let begun = Instant::now();
    loop {
        match remove_once(engine, remnant).await {
            Err(EngineError::Refused {
                source: Error::DockerResponseServerError { status_code: 400..=409, .. },
                ..
            }) if begun.elapsed() < within && !matches!(remnant.kind, "container" | "service") => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_another_machine_is_dead_when_all_its_containers_have_stopped() {
        let object = |run: &str, kind, running| {
            let remnant = Remnant { kind, name: kind.to_owned(), run: run.to_owned(), domain: "elsewhere".to_owned() };
            Found { remnant, running }
        };
        let found = [
            object("stopped", "container", false),
            object("stopped", "network", false),
            object("half", "container", false),
            object("half", "container", true),
            object("half", "volume", false),
            object("beginning", "network", false),
        ];
        assert_eq!(dead_runs(&found).into_iter().collect::<Vec<_>>(), ["stopped"]);
    }
}
